/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A program that was not made for this kernel.  Its headers and interface definitions are those of
 * Debian's gnumach-dev, its stubs MIG's, its start-up, traps and the little that MIG's run-time is
 * are its own: it includes no header of ours, and nothing of our library is in it.  What it asks
 * of the kernel is what such programs ask, each routine of the package at least once.
 */
#ifndef FOREIGN_H
#define FOREIGN_H

#include <mach/boolean.h>
#include <mach/kern_return.h>
#include <mach/mach_types.h>
#include <mach/message.h>
#include <mach/mig_errors.h>
#include <mach/mig_support.h>
#include <mach/port.h>
#include <mach/std_types.h>
#include <mach/vm_param.h>

#include "mach.h"
#include "mach_host.h"
#include "mach_port.h"

#define PAGE 4096

extern mach_port_t host_priv, device_master;

/* Traps, from start.S. */
mach_port_t mach_reply_port(void);
mach_port_t mach_thread_self(void);
mach_port_t mach_task_self(void);
mach_port_t mach_host_self(void);
void mach_print(const char *text);

/* One line of TAP each.  answer: a call gave this code. */
void check(boolean_t good, const char *what);
void answer(const char *what, kern_return_t result, kern_return_t expected);
void note(const char *what, unsigned int number);

/* Another thread of ours, until the function returns. */
mach_port_t start_thread(void (*function)(void));
void end_thread(void);

/* Wait, without a processor. */
void sleep_for(unsigned int milliseconds);

/* A page of ours. */
vm_address_t new_page(void);
mach_port_t new_port(void);
void drop(mach_port_t name);

/*
 * Receive one message on a port or a set and have it served.  False when none came in time, or when
 * no server knows it.
 */
typedef boolean_t server_function(mach_msg_header_t *request, mach_msg_header_t *reply);
boolean_t serve(mach_port_t port, server_function *server, unsigned int milliseconds);

void test_raw(void);
void test_ports(void);
void test_debug(void);
void test_tasks(void);
void test_threads(void);
void test_scheduling(void);
void test_samples(void);
void test_memory(void);
void test_pager(void);
void test_exceptions(void);
void test_notices(void);
void test_devices(void);
void test_machine(void);
void test_host(void);
void test_rpc(void);
void test_gsync(void);
void test_not_served(void);

#endif /* FOREIGN_H */
