/* SPDX-License-Identifier: BSD-2-Clause */
/* A space that is full in the middle of a message. */
#include <libmach/thread.h>
#include <mach.h>
#include <mach/ipc_limits.h>
#include <mach/porter.h>

#include "../common/ports.h"
#include "../common/tap.h"
#include "tests.h"

#define RIGHTS	40
#define ROOM	11

static mach_port_t port, sent[RIGHTS];

static void limit_names(natural_t more)
{
	struct ipc_limits limits;
	struct ipc_usage usage;

	EXPECT(task_get_ipc_limits(tap_host_priv, SELF, &limits), KERN_SUCCESS);
	EXPECT(task_ipc_usage(tap_host_priv, SELF, &usage), KERN_SUCCESS);
	limits.il_names = more == 0 ? IPC_LIMIT_NAMES_DEFAULT : usage.iu_names + more;
	EXPECT(task_set_ipc_limits(tap_host_priv, SELF, limits), KERN_SUCCESS);
}

/* Receive rights, half of them inline, half out of line; each port's send right stays here. */
static void send_rights(void)
{
	static struct message message;

	message_init(&message, port, MACH_MSG_TYPE_MAKE_SEND, MACH_PORT_NULL, 0);
	message.header.msgh_bits |= MACH_MSGH_BITS_COMPLEX;
	message_type(&message, MACH_MSG_TYPE_MOVE_RECEIVE, 32, RIGHTS / 2, TYPE_INLINE);
	for (unsigned int i = 0; i < RIGHTS; i++) {
		sent[i] = port_new();
		if (i < RIGHTS / 2)
			message_word(&message, sent[i]);
	}
	message_memory(&message, MACH_MSG_TYPE_MOVE_RECEIVE, 32, RIGHTS / 2, &sent[RIGHTS / 2], 0);
	message_type(&message, MACH_MSG_TYPE_BYTE, 8, 400, TYPE_INLINE);
	message.header.msgh_size += 400;
	EXPECT(message_send(&message), MACH_MSG_SUCCESS);
}

void test_limit_in_copyout(void)
{
	static struct message message;
	mach_port_t *array;

	for (unsigned int room = ROOM; room < RIGHTS; room += RIGHTS / 2) {
		unsigned int named = 0;

		tap_about("room for %u", room);
		port = port_new();
		send_rights();
		limit_names(room);
		EXPECT(message_receive(&message, port), MACH_RCV_BODY_ERROR | MACH_MSG_IPC_SPACE);
		limit_names(0);
		array = (mach_port_t *) message.body[RIGHTS / 2 + 4];
		for (unsigned int i = 0; i < RIGHTS; i++) {
			mach_port_t name = i < RIGHTS / 2 ? message.body[1 + i]
				: array[i - RIGHTS / 2];

			if (name == MACH_PORT_NULL)
				continue;
			named++;
			EXPECT(port_type(name), MACH_PORT_TYPE_RECEIVE);
			port_destroy(name);
		}
		EXPECT(named, room);
		vm_deallocate(SELF, (vm_offset_t) array, PAGE_SIZE);
		port_destroy(port);
		check_rights();
	}
	tap_about("%s", "");
}

/* --- And what was named is taken back ---- */

static struct edge edge;
static volatile mach_msg_return_t result;

static void receive(void *argument)
{
	(void) argument;
	result = mach_msg_trap((mach_msg_header_t *) (edge.at - 300), MACH_RCV_MSG, 0, 4000, port,
		0, MACH_PORT_NULL);
}

void test_limit_and_bad_buffer(void)
{
	struct ipc_usage before, after;
	mach_port_t thread;

	port = port_new();
	edge_new(&edge);
	EXPECT(mach_thread_prepare(receive, NULL, &thread), KERN_SUCCESS);
	EXPECT(task_ipc_usage(tap_host_priv, SELF, &before), KERN_SUCCESS);
	send_rights();
	limit_names(ROOM + 1);
	EXPECT(thread_resume(thread), KERN_SUCCESS);
	EXPECT_TRUE(edge_is_asked(&edge));
	limit_names(0);
	edge_dies(&edge);
	mach_thread_join(thread);
	EXPECT(result, MACH_RCV_INVALID_DATA);
	EXPECT(task_ipc_usage(tap_host_priv, SELF, &after), KERN_SUCCESS);
	EXPECT_TRUE(after.iu_names <= before.iu_names);
	edge_end(&edge);
	port_destroy(port);
	check_rights();
}
