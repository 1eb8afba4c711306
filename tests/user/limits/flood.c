/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tasks that take what they can get.  They meet their limit, others do not notice, and when they
 * have died all is free again.
 */
#include <libmach/thread.h>
#include <mach.h>
#include <mach/mach_traps.h>
#include <mach/notify.h>
#include <mach/thread_switch.h>
#include <mach/vm_param.h>

#include "../common/fault.h"
#include "../common/messages.h"
#include "../common/ports.h"
#include "../common/tap.h"
#include "tests.h"

#define BIG		0x100000u
#define SLACK		160		/* pages that caches keep */
#define SMALL_LIMIT	(4u << 20)

/* What a child tells, in memory that is shared. */
struct report {
	volatile boolean_t	done;
	unsigned int		count, more;
	kern_return_t		result;
};

static struct report *report;

static void start_report(void)
{
	vm_offset_t address = 0;

	if (report == NULL) {
		vm_allocate(mach_task_self(), &address, sizeof *report, TRUE);
		vm_inherit(mach_task_self(), address, sizeof *report, VM_INHERIT_SHARE);
		report = (struct report *) address;
	}
	*report = (struct report) { .count = 0 };
}

static void say_done(void)
{
	report->done = TRUE;
	for (;;)
		thread_switch(MACH_PORT_NULL, SWITCH_OPTION_WAIT, 1000);
}

static void write_to_null(void *argument)
{
	*(volatile int *) argument = 1;
}

/* Others work: calls, large messages, exceptions, new tasks. */
static void check_others(void)
{
	static mach_msg_header_t message[0x8000 / sizeof(mach_msg_header_t)];
	mach_port_t port = port_new(), task = room_new();
	struct fault fault;

	message[0] = (mach_msg_header_t) {
		.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_MAKE_SEND, 0),
		.msgh_remote_port = port,
	};
	EXPECT(mach_msg_trap(message, MACH_SEND_MSG, sizeof message, 0, 0, 0, 0), MACH_MSG_SUCCESS);
	EXPECT(port_status(port).mps_msgcount, 1);
	fault_run(write_to_null, NULL, &fault);
	EXPECT_TRUE(fault.happened);
	room_end(task);
	port_destroy(port);
}

static void check_pages(unsigned int before)
{
	unsigned int after = 0;

	for (unsigned int i = 0; i < 100; i++) {
		after = free_pages();
		if (after + SLACK >= before)
			return;
		sleep_for(20);
	}
	tap_fail("%u pages were free before, %u are now", before, after);
}

/* Run a child with a limit on memory (0: its parent's) until it is done; then see what it uses. */
static struct ipc_usage run_child(void (*function)(void *), natural_t limit, boolean_t others)
{
	unsigned int before = free_pages();
	struct ipc_usage usage;
	mach_port_t task, thread;

	start_report();
	EXPECT(mach_task_prepare(function, NULL, &task, &thread), KERN_SUCCESS);
	if (limit != 0)
		set_memory(task, limit);
	EXPECT(thread_resume(thread), KERN_SUCCESS);
	while (!report->done)
		sleep_for(10);
	usage = usage_of(task);
	EXPECT_TRUE(usage.iu_memory_highest <= limits_of(task).il_memory);
	if (others)
		check_others();
	room_end(task);
	port_destroy(thread);
	check_pages(before);
	check_others();
	return usage;
}

/* --- KM-1 ---------------------------------------------------------------------------------- */

static kern_return_t send_to_new(mach_msg_header_t *message, mach_msg_size_t size)
{
	*message = (mach_msg_header_t) {
		.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_MAKE_SEND, 0),
		.msgh_remote_port = mach_reply_port(),
	};
	if (message->msgh_remote_port == MACH_PORT_NULL)
		return KERN_RESOURCE_SHORTAGE;
	return mach_msg_trap(message, MACH_SEND_MSG | MACH_SEND_TIMEOUT, size, 0, MACH_PORT_NULL, 0,
		MACH_PORT_NULL);
}

static void fill_with_messages(void *argument)
{
	static mach_msg_header_t message[BIG / sizeof(mach_msg_header_t) + 1];

	(void) argument;
	while ((report->result = send_to_new(message, BIG)) == MACH_MSG_SUCCESS)
		report->count++;
	say_done();
}

void test_messages_flood(void)
{
	natural_t limit = limits_of(mach_task_self()).il_memory;
	struct ipc_usage usage = run_child(fill_with_messages, 0, TRUE);

	EXPECT(report->result, MACH_SEND_NO_BUFFER);
	EXPECT_TRUE(usage.iu_refused_memory > 0 || limit > 180u << 20);
	EXPECT_TRUE(report->count >= 8);
	usage = run_child(fill_with_messages, SMALL_LIMIT, TRUE);
	EXPECT(report->result, MACH_SEND_NO_BUFFER);
	EXPECT(report->count, 3);
	EXPECT(usage.iu_refused_memory, 1);
}

/* --- KM-3 ---------------------------------------------------------------------------------- */

static void take_objects(void *argument)
{
	mach_port_t name, notify = mach_reply_port(), previous;

	(void) argument;
	for (;; report->count++) {
		if (mach_reply_port() == MACH_PORT_NULL)
			break;
		report->result = syscall_mach_port_allocate(mach_task_self(),
			MACH_PORT_RIGHT_RECEIVE, &name);
		if (report->result != KERN_SUCCESS)
			break;
		report->result = mach_port_request_notification(mach_task_self(), name,
			MACH_NOTIFY_DEAD_NAME, 0, notify, MACH_MSG_TYPE_MAKE_SEND_ONCE, &previous);
		if (report->result != KERN_SUCCESS)
			break;
	}
	/* What has failed may have needed more than a port. */
	do
		report->result = syscall_mach_port_allocate(mach_task_self(),
			MACH_PORT_RIGHT_RECEIVE, &name);
	while (report->result == KERN_SUCCESS);
	say_done();
}

void test_objects_flood(void)
{
	struct ipc_usage usage = run_child(take_objects, tap_rounds(SMALL_LIMIT, 0), TRUE);

	EXPECT(report->result, KERN_RESOURCE_SHORTAGE);
	EXPECT_TRUE(report->count > 1000);
	EXPECT_TRUE(usage.iu_refused_memory > 0);
}

/* These are no matter of messages and ports: in full, they take all memory there is. */
static void take_tasks(void *argument)
{
	static mach_port_t tasks[0x10000];
	unsigned int most = tap_rounds(200, COUNT_OF(tasks));
	mach_port_t thread;

	(void) argument;
	for (; report->count < most; report->count++)
		if (syscall_task_create(mach_task_self(), FALSE, &tasks[report->count]) !=
		    KERN_SUCCESS || thread_create(tasks[report->count], &thread) != KERN_SUCCESS)
			break;
	/* They would live on without us. */
	for (unsigned int i = 0; i < COUNT_OF(tasks) && tasks[i] != MACH_PORT_NULL; i++)
		syscall_task_terminate(tasks[i]);
	say_done();
}

static void take_entries(void *argument)
{
	unsigned int most = tap_rounds(5000, ~0u);
	vm_offset_t address;

	(void) argument;
	for (; report->count < most; report->count++) {
		address = 0;
		if (syscall_vm_allocate(mach_task_self(), &address, 2 * PAGE_SIZE, TRUE) !=
		    KERN_SUCCESS ||
		    vm_protect(mach_task_self(), address, PAGE_SIZE, FALSE, VM_PROT_READ) !=
		    KERN_SUCCESS)
			break;
	}
	say_done();
}

void test_tasks_flood(void)
{
	run_child(take_tasks, 0, FALSE);
	EXPECT_TRUE(report->count >= 50);
	run_child(take_entries, 0, FALSE);
	EXPECT_TRUE(report->count >= 1000);
}

/* --- KM-4 ---------------------------------------------------------------------------------- */

/* Made and sent at once, past the queue's limit. */
static void send_once_without_end(void *argument)
{
	mach_port_t port = mach_reply_port();

	(void) argument;
	for (;; report->count++) {
		mach_msg_header_t message = {
			.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_MAKE_SEND_ONCE, 0),
			.msgh_remote_port = port,
		};

		report->result = mach_msg_trap(&message, MACH_SEND_MSG, sizeof message, 0,
			MACH_PORT_NULL, 0, MACH_PORT_NULL);
		if (report->result != MACH_MSG_SUCCESS)
			break;
	}
	say_done();
}

void test_send_once_flood(void)
{
	struct ipc_usage usage = run_child(send_once_without_end, tap_rounds(SMALL_LIMIT, 0), TRUE);

	EXPECT(report->result, MACH_SEND_NO_BUFFER);
	EXPECT(usage.iu_refused_memory, 1);
	EXPECT_TRUE(report->count > usage.iu_memory / 512);
}

static void use_rights(void *argument)
{
	unsigned int most = tap_rounds(5000, 100000);
	mach_port_t port = mach_reply_port(), first = MACH_PORT_NULL, once;
	mach_msg_type_name_t type;

	(void) argument;
	/* By names that follow each other: the space is new. */
	for (; report->count < most; report->count++) {
		if (mach_port_extract_right(mach_task_self(), port, MACH_MSG_TYPE_MAKE_SEND_ONCE,
				&once, &type) != KERN_SUCCESS)
			break;
		if (first == MACH_PORT_NULL)
			first = once;
	}
	for (once = first; report->more < report->count; once++) {
		mach_msg_header_t message = {
			.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_MOVE_SEND_ONCE, 0),
			.msgh_remote_port = once,
		};

		if (mach_msg_trap(&message, MACH_SEND_MSG, sizeof message, 0, MACH_PORT_NULL, 0,
				MACH_PORT_NULL) != MACH_MSG_SUCCESS)
			break;
		report->more++;
	}
	report->result = port_status(port).mps_msgcount;
	say_done();
}

void test_send_once_names(void)
{
	run_child(use_rights, 0, TRUE);
	EXPECT(report->count, tap_rounds(5000, 100000));
	EXPECT(report->more, report->count);
	EXPECT(report->result, (kern_return_t) report->count);
}

/* --- KM-8 ---------------------------------------------------------------------------------- */

static void die_by_the_thousand(void *argument)
{
	unsigned int most = tap_rounds(4000, 100000);
	mach_port_t target, notify = mach_reply_port(), name, right, previous;
	mach_msg_type_name_t type;

	(void) argument;
	task_create(mach_task_self(), FALSE, &target);
	for (; report->count < most; report->count++)
		if (mach_port_allocate(target, MACH_PORT_RIGHT_RECEIVE, &name) != KERN_SUCCESS ||
		    mach_port_extract_right(target, name, MACH_MSG_TYPE_MAKE_SEND, &right, &type) !=
		    KERN_SUCCESS ||
		    mach_port_request_notification(mach_task_self(), right, MACH_NOTIFY_DEAD_NAME,
			0, notify, MACH_MSG_TYPE_MAKE_SEND_ONCE, &previous) != KERN_SUCCESS)
			break;
	task_terminate(target);
	/* The last one is dead when all are told. */
	while (port_type(right) != MACH_PORT_TYPE_DEAD_NAME)
		sleep_for(10);
	report->more = port_status(notify).mps_msgcount;
	say_done();
}

void test_notification_flood(void)
{
	run_child(die_by_the_thousand, 0, TRUE);
	EXPECT(report->count, tap_rounds(4000, 100000));
	EXPECT(report->more, report->count);
}

/* There is memory for the requests, and not for all notifications. */
void test_notifications_lost(void)
{
	natural_t limit = tap_rounds(800, 22000) * 1024;
	struct ipc_usage usage = run_child(die_by_the_thousand, limit, TRUE);

	EXPECT(report->count, tap_rounds(4000, 100000));
	EXPECT_TRUE(report->more > 0 && report->more < report->count);
	EXPECT(usage.iu_refused_memory, report->count - report->more);
}

/* --- a fault with no memory left ------------------------------------------------------------ */

/* Takes what its limit allows, down to the last small message, port and name; and faults. */
static void fill_and_fault(void *argument)
{
	static mach_msg_header_t big[0x4000 / sizeof(mach_msg_header_t)];

	for (mach_msg_size_t size = sizeof big; size >= sizeof *big; size /= 4) {
		mach_port_t port = MACH_PORT_NULL;
		mach_msg_return_t mr = MACH_MSG_SUCCESS;

		while (mr == MACH_MSG_SUCCESS && mach_port_allocate(mach_task_self(),
				MACH_PORT_RIGHT_RECEIVE, &port) == KERN_SUCCESS)
			for (int i = 0; i < 5 && mr == MACH_MSG_SUCCESS; i++) {
				big->msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_MAKE_SEND, 0);
				big->msgh_remote_port = port;
				big->msgh_local_port = MACH_PORT_NULL;
				mr = mach_msg_trap(big, MACH_SEND_MSG | MACH_SEND_TIMEOUT, size, 0,
					MACH_PORT_NULL, 0, MACH_PORT_NULL);
			}
	}
	while (mach_reply_port() != MACH_PORT_NULL)
		continue;
	write_to_null(argument);
}

/* Its handler is told, or it ends; the kernel goes on in both cases, and all comes back. */
void test_exception_without_memory(void)
{
	for (int told = 0; told < 2; told++) {
		mach_port_t port = port_new_with_send(1), task, thread;
		unsigned int before = free_pages();
		struct message message;

		EXPECT(mach_task_prepare(fill_and_fault, NULL, &task, &thread), KERN_SUCCESS);
		set_memory(task, SMALL_LIMIT);
		if (told)
			EXPECT(task_set_exception_port(task, port), KERN_SUCCESS);
		EXPECT(port_request(task, MACH_NOTIFY_DEAD_NAME, 0, port), KERN_SUCCESS);
		EXPECT(thread_resume(thread), KERN_SUCCESS);
		EXPECT(message_receive_wait(&message, port, 60000), MACH_MSG_SUCCESS);
		if (message.header.msgh_id != MACH_NOTIFY_DEAD_NAME) {
			EXPECT(message.header.msgh_id, 2400);
			mach_msg_destroy(&message.header);	/* which means no */
			EXPECT(message_receive_wait(&message, port, 60000), MACH_MSG_SUCCESS);
		}
		EXPECT(message.header.msgh_id, MACH_NOTIFY_DEAD_NAME);
		port_destroy(task);
		port_destroy(thread);
		port_destroy(port);
		EXPECT_TRUE(free_pages() + SLACK >= before);
		check_others();
	}
}
