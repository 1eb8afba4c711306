/* SPDX-License-Identifier: BSD-2-Clause */
/* What the tests of devices share. */
#ifndef _TESTS_H_
#define _TESTS_H_

#include <device/device.h>
#include <device/device_types.h>
#include <mach.h>

#include "../common/messages.h"
#include "../common/ports.h"
#include "../common/tap.h"

#define SELF	mach_task_self()
#define MASTER	tap_device_master

/* Open for reading and writing; it must work. */
mach_port_t open_device(const char *name);
void close_device(mach_port_t device);

void test_names(void);
void test_wrong_ports(void);
void test_open_and_close(void);
void test_forged_notifications(void);

void test_write(void);
void test_read(void);
void test_line_status(void);
void test_modem_status(void);
void test_trap_write(void);
void test_trap_gather(void);

void test_interrupt_codes(void);
void test_interrupts(void);
void test_registrations(void);

void test_ramdisk_contents(void);
void test_ramdisk_status(void);
void test_ramdisk_limits(void);
void test_ramdisk_write(void);
void test_ramdisk_read_only(void);

void test_requests(void);
void test_typed(void);
void test_typed_flushed(void);
void test_close_answers(void);
void test_late_answers_clean(void);
void test_many_readers(void);
void test_readers_conserved(void);

void test_map_disk(void);
void test_map_limits(void);
void test_map_access(void);
void test_map_hidden(void);
void test_map_copies(void);
void test_map_uses(void);
void test_map_proxy(void);
void test_map_nothing(void);
void test_map_conserved(void);

void test_time_runs(void);
void test_time_set(void);
void test_time_limits(void);
void test_mem(void);
void test_mem_limits(void);

#endif
