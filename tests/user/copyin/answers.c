/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel's own replies with memory and rights in them (CI-9): for a map without room, and
 * for a reply port that nobody receives from.  What they hold is released.
 */
#include <mach.h>
#include <mach/gnumach.h>

#include "../common/messages.h"
#include "../common/ports.h"
#include "../common/snapshot.h"
#include "../common/tap.h"
#include "tests.h"

#define SELF	mach_task_self()

/* Requests whose replies have memory or rights; all but the last are without arguments. */
enum request {
	TASK_THREADS = 2011,		/* rights out of line */
	MACH_PORTS_LOOKUP = 2034,
	MACH_PORT_NAMES = 3200,		/* memory, twice */
	MACH_PORT_EXTRACT_RIGHT = 3216,	/* one right */
};

#define PORT_NAME	0x44	/* a receive right in the task that is asked about */

static const mach_msg_id_t without_arguments[] = {
	TASK_THREADS, MACH_PORTS_LOOKUP, MACH_PORT_NAMES,
};

static mach_port_t reply_port, task;

/* --- no room --------------------------------------------------------------------------------- */

static void ask_without_room(void)
{
	for (unsigned int i = 0; i < COUNT_OF(without_arguments); i++) {
		struct message message;

		message_init(&message, task, MACH_MSG_TYPE_COPY_SEND, reply_port,
			MACH_MSG_TYPE_MAKE_SEND_ONCE);
		message.header.msgh_id = without_arguments[i];
		tap_about("request %u", without_arguments[i]);
		EXPECT(mach_msg_trap(&message.header, MACH_SEND_MSG | MACH_RCV_MSG, 24,
			sizeof message, reply_port, 0, MACH_PORT_NULL),
			MACH_RCV_BODY_ERROR | MACH_MSG_VM_SPACE);
		EXPECT(message.header.msgh_id, without_arguments[i] + 100);
		EXPECT(message.body[1], KERN_SUCCESS);
		EXPECT(message.body[3] >> 16, 0);
		EXPECT(message.body[5], 0);
	}
}

static void make_task(void)
{
	mach_port_t thread;

	reply_port = port_new();
	EXPECT(task_create(SELF, FALSE, &task), KERN_SUCCESS);
	EXPECT(thread_create(task, &thread), KERN_SUCCESS);
	EXPECT(mach_port_deallocate(SELF, thread), KERN_SUCCESS);
	EXPECT(mach_port_allocate_name(task, MACH_PORT_RIGHT_RECEIVE, PORT_NAME), KERN_SUCCESS);
}

static void end_task(void)
{
	EXPECT(task_terminate(task), KERN_SUCCESS);
	EXPECT(mach_port_deallocate(SELF, task), KERN_SUCCESS);
	port_destroy(reply_port);
}

void test_answers_without_room(void)
{
	static struct snapshot before, after;
	vm_size_t limit, max;

	make_task();
	EXPECT(vm_get_size_limit(SELF, &limit, &max), KERN_SUCCESS);
	snapshot_take(SELF, &before);
	EXPECT(vm_set_size_limit(tap_host_priv, SELF, 4096, max), KERN_SUCCESS);
	snapshot_conserved(ask_without_room, tap_rounds(300, 10000));
	EXPECT(vm_set_size_limit(tap_host_priv, SELF, limit, max), KERN_SUCCESS);
	snapshot_take(SELF, &after);
	EXPECT_TRUE(snapshot_same(&before, &after));
	end_task();
}

/* --- nobody ---------------------------------------------------------------------------------- */

static void ask(mach_msg_id_t id, mach_port_t reply, unsigned int type)
{
	struct message message;

	tap_about("request %d, reply by %u", id, type);
	message_init(&message, task, MACH_MSG_TYPE_COPY_SEND, reply, type);
	message.header.msgh_id = id;
	if (id == MACH_PORT_EXTRACT_RIGHT) {
		message_type(&message, MACH_MSG_TYPE_PORT_NAME, 32, 1, TYPE_INLINE);
		message_word(&message, PORT_NAME);
		message_type(&message, MACH_MSG_TYPE_INTEGER_32, 32, 1, TYPE_INLINE);
		message_word(&message, MACH_MSG_TYPE_MAKE_SEND);
	}
	EXPECT(message_send(&message), MACH_MSG_SUCCESS);
}

static void ask_all(mach_port_t reply, unsigned int type)
{
	for (unsigned int i = 0; i < COUNT_OF(without_arguments); i++)
		ask(without_arguments[i], reply, type);
	ask(MACH_PORT_EXTRACT_RIGHT, reply, type);
}

/* No reply right, a dead one, a kernel port, and a port that dies with the replies in its queue. */
static void ask_for_nobody(void)
{
	mach_port_t port = port_new_with_send(1), dead = port_new_dead();

	ask_all(MACH_PORT_NULL, 0);
	ask_all(MACH_PORT_NULL, MACH_MSG_TYPE_MOVE_SEND_ONCE);
	ask_all(MACH_PORT_DEAD, MACH_MSG_TYPE_MOVE_SEND_ONCE);
	ask_all(dead, MACH_MSG_TYPE_COPY_SEND);
	ask_all(task, MACH_MSG_TYPE_COPY_SEND);
	ask_all(port, MACH_MSG_TYPE_MAKE_SEND_ONCE);
	ask_all(port, MACH_MSG_TYPE_COPY_SEND);
	ask_all(port, MACH_MSG_TYPE_MAKE_SEND);
	EXPECT(port_status(port).mps_msgcount, 12);
	port_destroy(port);
	port_destroy(dead);
}

void test_answers_for_nobody(void)
{
	mach_port_status_t status;

	make_task();
	snapshot_conserved(ask_for_nobody, tap_rounds(60, 3000));
	EXPECT(mach_port_get_receive_status(task, PORT_NAME, &status), KERN_SUCCESS);
	EXPECT(status.mps_srights, FALSE);
	EXPECT_TRUE(status.mps_mscount >= 60 * 8);
	end_task();
}
