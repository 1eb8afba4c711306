/* SPDX-License-Identifier: BSD-2-Clause */
/* Counts of user references: at their limit, and one by one. */
#include <libmach/thread.h>
#include <mach.h>

#include "../common/messages.h"
#include "../common/ports.h"
#include "../common/snapshot.h"
#include "../common/tap.h"
#include "tests.h"

#define SELF		mach_task_self()
#define UREFS_MAX	65534
#define REPORT_NAME	0x2222	/* in the task of the exceptions: where it reports to */
#define EXCEPTION_ID	2400

/* What it reports, each word with a descriptor before it. */
enum report { REPORT_CAUGHT, REPORT_TASK_REFS, REPORT_THREAD_REFS, REPORT_ADD_TASK,
	REPORT_ADD_THREAD, REPORT_TRAPS, REPORT_REFS_AFTER, REPORT_COUNT };

static unsigned int exception_count;
static mach_port_t handler;

static void raise_for_ever(void *argument)
{
	(void) argument;
	for (;;)
		asm volatile("int3");
}

/* Take an exception and let the thread go on; its two rights are kept, as everyone forgets. */
static boolean_t handle(struct message *message)
{
	mach_port_t reply;

	if (message_receive_wait(message, handler, 1000) != MACH_MSG_SUCCESS
			|| message->header.msgh_id != EXCEPTION_ID)
		return FALSE;
	reply = message->header.msgh_remote_port;
	message_init(message, reply, MACH_MSG_TYPE_MOVE_SEND_ONCE, MACH_PORT_NULL, 0);
	message->header.msgh_id = EXCEPTION_ID + 100;
	message_type(message, MACH_MSG_TYPE_INTEGER_32, 32, 1, TYPE_INLINE);
	message_word(message, KERN_SUCCESS);
	return message_send(message) == MACH_MSG_SUCCESS;
}

/* Bring a count near the limit in one step, so that few exceptions do the rest. */
static void come_near(mach_port_t name)
{
	mach_port_mod_refs(SELF, name, MACH_PORT_RIGHT_SEND,
		UREFS_MAX - 3 - (int) port_refs(name, MACH_PORT_RIGHT_SEND));
}

/* The traps give the name all the same.  Returns: how many of them. */
static unsigned int try_traps(void)
{
	mach_port_t self = mach_thread_self(), host = mach_host_self();
	unsigned int good = 0;

	mach_port_mod_refs(SELF, self, MACH_PORT_RIGHT_SEND, UREFS_MAX - 2);
	mach_port_mod_refs(SELF, host, MACH_PORT_RIGHT_SEND, UREFS_MAX - 2);
	for (int i = 0; i < 5; i++) {
		good += mach_thread_self() == self;
		good += mach_host_self() == host;
		good += (mach_task_self)() == SELF;
	}
	good += port_refs(self, MACH_PORT_RIGHT_SEND) == UREFS_MAX;
	good += port_refs(host, MACH_PORT_RIGHT_SEND) == UREFS_MAX;
	return good;
}

static void report(const unsigned int *words)
{
	struct message message;

	message_init(&message, REPORT_NAME, MACH_MSG_TYPE_COPY_SEND, MACH_PORT_NULL, 0);
	for (unsigned int i = 0; i < REPORT_COUNT; i++)
		message_word(&message, words[i]);
	message_send(&message);
}

/* In a task of its own, whose names may stay at their limit. */
static void catch_exceptions(void *argument)
{
	unsigned int words[REPORT_COUNT] = { 0 };
	struct message message;
	mach_port_t thread;

	(void) argument;
	handler = port_new_with_send(1);
	mach_thread_prepare(raise_for_ever, NULL, &thread);
	thread_set_exception_port(thread, handler);
	if (tap_rounds(TRUE, FALSE)) {
		come_near(SELF);
		come_near(thread);
	}
	thread_resume(thread);
	while (words[REPORT_CAUGHT] < exception_count && handle(&message))
		words[REPORT_CAUGHT]++;
	words[REPORT_TASK_REFS] = port_refs(SELF, MACH_PORT_RIGHT_SEND);
	words[REPORT_THREAD_REFS] = port_refs(thread, MACH_PORT_RIGHT_SEND);
	words[REPORT_ADD_TASK] = mach_port_mod_refs(SELF, SELF, MACH_PORT_RIGHT_SEND, 1);
	words[REPORT_ADD_THREAD] = mach_port_mod_refs(SELF, thread, MACH_PORT_RIGHT_SEND, 1);
	words[REPORT_TRAPS] = try_traps();
	words[REPORT_REFS_AFTER] = port_refs(SELF, MACH_PORT_RIGHT_SEND);
	report(words);
}

/*
 * Each exception brings a reference to the task and to the thread.  At the limit they are still
 * delivered, and the counts stay where they are.
 */
void test_exceptions_at_limit(void)
{
	mach_port_t port = port_new(), task, thread;
	struct message message;

	exception_count = tap_rounds(20, UREFS_MAX + 10);
	EXPECT(mach_task_prepare(catch_exceptions, NULL, &task, &thread), KERN_SUCCESS);
	EXPECT(mach_port_insert_right(task, REPORT_NAME, port, MACH_MSG_TYPE_MAKE_SEND),
		KERN_SUCCESS);
	EXPECT(thread_resume(thread), KERN_SUCCESS);
	if (EXPECT(message_receive_wait(&message, port, 100000), MACH_MSG_SUCCESS)) {
		EXPECT(message.body[REPORT_CAUGHT], exception_count);
		EXPECT(message.body[REPORT_TASK_REFS], UREFS_MAX);
		EXPECT(message.body[REPORT_THREAD_REFS], UREFS_MAX);
		EXPECT(message.body[REPORT_ADD_TASK], KERN_UREFS_OVERFLOW);
		EXPECT(message.body[REPORT_ADD_THREAD], KERN_UREFS_OVERFLOW);
		EXPECT(message.body[REPORT_TRAPS], 17);
		EXPECT(message.body[REPORT_REFS_AFTER], UREFS_MAX);
	}
	task_terminate(task);
	port_destroy(task);
	port_destroy(thread);
	port_destroy(port);
}

void test_one_reference(void)
{
	mach_port_t task, port = port_new(), name = MACH_PORT_NULL;
	mach_msg_type_name_t type;

	EXPECT(task_create(SELF, FALSE, &task), KERN_SUCCESS);
	EXPECT(mach_port_insert_right(task, 0x10, port, MACH_MSG_TYPE_MAKE_SEND), KERN_SUCCESS);
	EXPECT(snapshot_send_rights(port), 1);
	EXPECT(mach_port_deallocate(task, 0x10), KERN_SUCCESS);
	EXPECT(mach_port_deallocate(task, 0x10), KERN_INVALID_NAME);
	EXPECT(snapshot_send_rights(port), 0);
	EXPECT(mach_port_allocate_name(task, MACH_PORT_RIGHT_RECEIVE, 0x11), KERN_SUCCESS);
	EXPECT(mach_port_extract_right(task, 0x11, MACH_MSG_TYPE_MAKE_SEND, &name, &type),
		KERN_SUCCESS);
	EXPECT(port_refs(name, MACH_PORT_RIGHT_SEND), 1);
	EXPECT(mach_port_deallocate(SELF, name), KERN_SUCCESS);
	EXPECT(port_type(name), 0);
	port_make_send(port);
	EXPECT(mach_port_deallocate(SELF, port), KERN_SUCCESS);
	EXPECT(port_type(port), MACH_PORT_TYPE_RECEIVE);
	EXPECT(snapshot_send_rights(port), 0);
	EXPECT(task_terminate(task), KERN_SUCCESS);
	EXPECT(mach_port_deallocate(SELF, task), KERN_SUCCESS);
	port_destroy(port);
}
