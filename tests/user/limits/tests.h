/* SPDX-License-Identifier: BSD-2-Clause */
/* Limits of a task: what the tests share. */
#ifndef _LIMITS_TESTS_H_
#define _LIMITS_TESTS_H_

#include <mach/ipc_limits.h>
#include <mach/mach_types.h>

/* --- use.c --------------------------------------------------------------------------------- */

/* A task without threads, whose names are ours to make; and its end. */
mach_port_t room_new(void);
void room_end(mach_port_t task);

struct ipc_usage usage_of(mach_port_t task);
struct ipc_limits limits_of(mach_port_t task);
void set_limits(mach_port_t task, struct ipc_limits limits);
void set_memory(mach_port_t task, natural_t bytes);
void set_names(mach_port_t task, natural_t names);
unsigned int free_pages(void);

/* --- tests --------------------------------------------------------------------------------- */

void test_arguments(void);
void test_inheritance(void);
void test_message_size(void);
void test_names(void);
void test_names_in_messages(void);
void test_memory(void);
void test_lowered(void);
void test_moved_port(void);
void test_body(void);

void test_entries(void);
void test_proxies_paid(void);
void test_objects_paid(void);
void test_memory_sent(void);

void test_estate_codes(void);
void test_estate_threads(void);
void test_estate_orphans(void);
void test_estate_tables(void);

void test_answers(void);
void test_kernel_answers(void);
void test_notifications(void);

void test_messages_flood(void);
void test_objects_flood(void);
void test_tasks_flood(void);
void test_send_once_flood(void);
void test_send_once_names(void);
void test_notification_flood(void);
void test_notifications_lost(void);
void test_exception_without_memory(void);

#endif
