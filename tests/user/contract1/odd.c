/* SPDX-License-Identifier: BSD-2-Clause */
/* Sections 2 to 9: odd addresses and sizes, and rights whose order in a message matters. */
#include <libmach/string.h>
#include <mach.h>
#include <mach/vm_param.h>

#include "../common/messages.h"
#include "../common/ports.h"
#include "../common/snapshot.h"
#include "../common/subject.h"
#include "../common/tap.h"
#include "tests.h"

#define SELF	mach_task_self()

/* --- addresses and sizes --------------------------------------------------------------------- */

/* A buffer may lie anywhere, and may be said to be larger than the address space. */
void test_odd_buffers(void)
{
	static const mach_msg_size_t rooms[] = { 36, 0x7fffffff, 0x80000000, 0xffffffff };
	mach_port_t port = port_new_with_send(1);
	static unsigned char bytes[128];
	struct message message;

	for (unsigned int at = 0; at < 8; at++)
		for (unsigned int i = 0; i < COUNT_OF(rooms); i++) {
			mach_msg_header_t *odd = (void *) (bytes + at);

			tap_about("address %u, room 0x%x", at, rooms[i]);
			message_init(&message, port, MACH_MSG_TYPE_COPY_SEND, 0, 0);
			message_word(&message, 1);
			message_word(&message, 2);
			message_word(&message, 0x12345678);
			memcpy(odd, &message, 36);
			EXPECT(mach_msg_trap(odd, MACH_SEND_MSG, 36, 0, 0, 0, 0),
				MACH_MSG_SUCCESS);
			memset(bytes, 0xee, sizeof bytes);
			EXPECT(mach_msg_trap(odd, MACH_RCV_MSG | MACH_RCV_LARGE, 0, 35, port, 0,
				0), MACH_RCV_TOO_LARGE);
			memset(&message, 0xee, sizeof message);
			message.header.msgh_size = 36;
			EXPECT(memcmp(odd, &message, 60), 0);
			EXPECT(mach_msg_trap(odd, MACH_RCV_MSG, 0, rooms[i], port, 0, 0),
				MACH_MSG_SUCCESS);
			memcpy(&message, odd, 60);
			EXPECT(message.header.msgh_size, 36);
			EXPECT(message.header.msgh_local_port, port);
			EXPECT(message.body[2], 0x12345678);
			EXPECT(message.body[3], 0xeeeeeeee);
			EXPECT(at == 0 ? 0xee : bytes[at - 1], 0xee);
		}
	port_destroy(port);
}

/* Arguments of the half that is not asked for are not looked at. */
void test_unused_arguments(void)
{
	mach_port_t port = port_new_with_send(1);
	struct message message;

	message_init(&message, port, MACH_MSG_TYPE_COPY_SEND, 0, 0);
	EXPECT(mach_msg_trap(&message.header, MACH_SEND_MSG, 24, 3, 0x7777777, 0xffffffff,
		0x7777777), MACH_MSG_SUCCESS);
	EXPECT(mach_msg_trap(&message.header, MACH_RCV_MSG, 0xffffffff, sizeof message, port, 1,
		0x7777777), MACH_MSG_SUCCESS);
	EXPECT(mach_msg_trap((mach_msg_header_t *) VM_MAX_ADDRESS, MACH_RCV_TIMEOUT, 3, 3, 3, 3, 3),
		MACH_MSG_SUCCESS);
	port_destroy(port);
}

/* --- order of rights ------------------------------------------------------------------------- */

static mach_msg_return_t send_two(mach_port_t port, mach_port_t first, unsigned int first_how,
	mach_port_t second, unsigned int second_how)
{
	struct message message;

	message_init(&message, port, MACH_MSG_TYPE_COPY_SEND, 0, 0);
	message_right(&message, first, first_how);
	message_right(&message, second, second_how);
	return message_send(&message);
}

/* One name twice: what the first item leaves is what the second finds. */
void test_one_name_twice(void)
{
	static const struct { unsigned int first, second, references; boolean_t works; } pairs[] = {
		{ MACH_MSG_TYPE_MOVE_RECEIVE, MACH_MSG_TYPE_MAKE_SEND, 1, FALSE },
		{ MACH_MSG_TYPE_MOVE_RECEIVE, MACH_MSG_TYPE_MAKE_SEND_ONCE, 1, FALSE },
		{ MACH_MSG_TYPE_MOVE_RECEIVE, MACH_MSG_TYPE_MOVE_SEND, 1, TRUE },
		{ MACH_MSG_TYPE_MOVE_RECEIVE, MACH_MSG_TYPE_COPY_SEND, 2, TRUE },
		{ MACH_MSG_TYPE_MAKE_SEND, MACH_MSG_TYPE_MOVE_RECEIVE, 2, TRUE },
		{ MACH_MSG_TYPE_COPY_SEND, MACH_MSG_TYPE_MOVE_RECEIVE, 2, TRUE },
		{ MACH_MSG_TYPE_MOVE_SEND, MACH_MSG_TYPE_MOVE_RECEIVE, 1, TRUE },
		{ MACH_MSG_TYPE_MOVE_SEND, MACH_MSG_TYPE_COPY_SEND, 1, FALSE },
		{ MACH_MSG_TYPE_MOVE_SEND, MACH_MSG_TYPE_MAKE_SEND, 2, TRUE },
		{ MACH_MSG_TYPE_COPY_SEND, MACH_MSG_TYPE_MOVE_SEND, 2, TRUE },
	};
	mach_port_t port = port_new_with_send(1);
	struct message message;

	for (unsigned int i = 0; i < COUNT_OF(pairs); i++) {
		mach_port_t passed = port_new_with_send(1), name;
		mach_msg_return_t result = send_two(port, passed, pairs[i].first, passed,
			pairs[i].second);

		tap_about("dispositions %u and %u", pairs[i].first, pairs[i].second);
		EXPECT(result, pairs[i].works ? MACH_MSG_SUCCESS : MACH_SEND_INVALID_RIGHT);
		name = passed;
		if (result == MACH_MSG_SUCCESS) {
			EXPECT(message_receive(&message, port), MACH_MSG_SUCCESS);
			name = message.body[1];
			EXPECT(message.body[3], name);
			EXPECT(port_type(name), MACH_PORT_TYPE_SEND_RECEIVE);
			EXPECT(port_refs(name, MACH_PORT_RIGHT_SEND), pairs[i].references);
			EXPECT(snapshot_send_rights(name), 1);
		} else if (pairs[i].first == MACH_MSG_TYPE_MOVE_RECEIVE) {
			EXPECT(port_type(name), MACH_PORT_TYPE_DEAD_NAME);
		} else {
			EXPECT(port_type(name), MACH_PORT_TYPE_RECEIVE);
		}
		port_destroy(name);
	}
	port_destroy(port);
}

/* The header is taken before the body. */
void test_header_then_body(void)
{
	mach_port_t port = port_new_with_send(1), reply = port_new_with_send(1);
	struct message message;

	message_init(&message, port, MACH_MSG_TYPE_MOVE_SEND, 0, 0);
	message_right(&message, port, MACH_MSG_TYPE_COPY_SEND);
	EXPECT(message_send(&message), MACH_SEND_INVALID_RIGHT);
	EXPECT(port_type(port), MACH_PORT_TYPE_RECEIVE);
	message_init(&message, port, MACH_MSG_TYPE_MAKE_SEND, reply, MACH_MSG_TYPE_MOVE_SEND);
	message_right(&message, reply, MACH_MSG_TYPE_COPY_SEND);
	EXPECT(message_send(&message), MACH_SEND_INVALID_RIGHT);
	EXPECT(port_type(reply), MACH_PORT_TYPE_RECEIVE);
	EXPECT(snapshot_send_rights(reply), 0);
	EXPECT(snapshot_send_rights(port), 0);
	tap_about("the receive right of the reply port, too");
	message_init(&message, port, MACH_MSG_TYPE_MAKE_SEND, reply, MACH_MSG_TYPE_MAKE_SEND);
	message_right(&message, reply, MACH_MSG_TYPE_MOVE_RECEIVE);
	EXPECT(message_send(&message), MACH_MSG_SUCCESS);
	EXPECT(port_type(reply), 0);
	EXPECT(message_receive(&message, port), MACH_MSG_SUCCESS);
	EXPECT(message.header.msgh_remote_port, message.body[1]);
	EXPECT(port_type(message.body[1]), MACH_PORT_TYPE_SEND_RECEIVE);
	EXPECT(port_status(message.body[1]).mps_mscount, 0);
	port_destroy(message.body[1]);
	port_destroy(port);
}

/* --- circles --------------------------------------------------------------------------------- */

/* A port of a circle that has asked for port-destroyed lives on, with what is in its queue. */
void test_rescued_circle(void)
{
	mach_port_t first = port_new_with_send(1), second = port_new_with_send(1);
	mach_port_t notify = port_new(), other = port_new(), name;
	struct message message;

	tap_about("in its own queue");
	EXPECT(send_simple(first, 8), MACH_MSG_SUCCESS);
	EXPECT(port_request(first, MACH_NOTIFY_PORT_DESTROYED, 0, notify), KERN_SUCCESS);
	EXPECT(send_two(first, other, MACH_MSG_TYPE_MAKE_SEND_ONCE, first,
		MACH_MSG_TYPE_MOVE_RECEIVE), MACH_MSG_SUCCESS);
	EXPECT_TRUE(notification_is(other, MACH_NOTIFY_SEND_ONCE, 0));
	EXPECT(message_receive(&message, notify), MACH_MSG_SUCCESS);
	EXPECT(message.header.msgh_id, MACH_NOTIFY_PORT_DESTROYED);
	EXPECT(message.body[1], first);
	EXPECT(port_type(first), MACH_PORT_TYPE_SEND_RECEIVE);
	EXPECT(port_status(first).mps_pdrequest, FALSE);
	EXPECT(message_receive(&message, first), MACH_MSG_SUCCESS);
	EXPECT(message.header.msgh_id, 8);
	EXPECT_TRUE(queue_is_empty(first));

	tap_about("by way of another");
	EXPECT(port_request(first, MACH_NOTIFY_PORT_DESTROYED, 0, notify), KERN_SUCCESS);
	EXPECT(send_two(second, 0, MACH_MSG_TYPE_COPY_SEND, first, MACH_MSG_TYPE_MOVE_RECEIVE),
		MACH_MSG_SUCCESS);
	EXPECT(send_two(first, other, MACH_MSG_TYPE_MAKE_SEND_ONCE, second,
		MACH_MSG_TYPE_MOVE_RECEIVE), MACH_MSG_SUCCESS);
	EXPECT_TRUE(notification_is(other, MACH_NOTIFY_SEND_ONCE, 0));
	EXPECT(port_type(second), MACH_PORT_TYPE_DEAD_NAME);
	EXPECT(message_receive(&message, notify), MACH_MSG_SUCCESS);
	EXPECT(message.body[1], first);
	EXPECT_TRUE(queue_is_empty(first));

	tap_about("two rights, one of which closes a circle");
	name = port_new_with_send(1);
	EXPECT(send_two(first, name, MACH_MSG_TYPE_MOVE_RECEIVE, first,
		MACH_MSG_TYPE_MOVE_RECEIVE), MACH_MSG_SUCCESS);
	EXPECT(port_type(first), MACH_PORT_TYPE_DEAD_NAME);
	EXPECT(port_type(name), MACH_PORT_TYPE_DEAD_NAME);
	port_destroy(first);
	port_destroy(second);
	port_destroy(name);
	port_destroy(notify);
	port_destroy(other);
}

/* A port in transit takes messages up to its limit, and keeps them when it arrives. */
void test_in_transit(void)
{
	mach_port_t port = port_new_with_send(1), passed = port_new_with_send(1), name;
	struct message message;

	EXPECT(send_two(port, 0, MACH_MSG_TYPE_COPY_SEND, passed, MACH_MSG_TYPE_MOVE_RECEIVE),
		MACH_MSG_SUCCESS);
	for (unsigned int i = 0; i < MACH_PORT_QLIMIT_DEFAULT; i++)
		EXPECT(send_simple(passed, i), MACH_MSG_SUCCESS);
	EXPECT(send_simple(passed, 99), MACH_SEND_TIMED_OUT);
	EXPECT(message_receive(&message, passed), MACH_RCV_INVALID_NAME);
	tap_about("with no name left, it comes under a new one");
	EXPECT(mach_port_deallocate(SELF, passed), KERN_SUCCESS);
	EXPECT(message_receive(&message, port), MACH_MSG_SUCCESS);
	name = message.body[3];
	EXPECT(port_type(name), MACH_PORT_TYPE_RECEIVE);
	EXPECT(port_status(name).mps_srights, TRUE);
	for (unsigned int i = 0; i < MACH_PORT_QLIMIT_DEFAULT; i++) {
		EXPECT(message_receive(&message, name), MACH_MSG_SUCCESS);
		EXPECT(message.header.msgh_local_port, name);
		EXPECT(message.header.msgh_id, i);
		EXPECT(message.header.msgh_seqno, i);
	}
	EXPECT(port_status(name).mps_srights, FALSE);
	port_destroy(name);
	port_destroy(port);
}

/* --- what goes with a message ---------------------------------------------------------------- */

/* msg-accepted goes out in every way in which the message leaves the queue. */
void test_accepted_ways(void)
{
	mach_port_t notify = port_new(), set = port_new_set();
	struct message message;

	for (unsigned int way = 0; way < 5; way++) {
		mach_port_t port = port_new_with_send(1);

		tap_about("way %u", way);
		EXPECT(mach_port_set_qlimit(SELF, port, 0), KERN_SUCCESS);
		message_init(&message, port, MACH_MSG_TYPE_COPY_SEND, 0, 0);
		EXPECT(mach_msg_trap(&message.header, MACH_SEND_MSG | MACH_SEND_NOTIFY, 24, 0, 0,
			0, notify), MACH_SEND_WILL_NOTIFY);
		if (way == 0)
			EXPECT(mach_msg_trap(&message.header, MACH_RCV_MSG, 0, 20, port, 0, 0),
				MACH_RCV_TOO_LARGE);
		if (way == 1)
			EXPECT(mach_msg_trap(&message.header, MACH_RCV_MSG | MACH_RCV_NOTIFY, 0,
				24, port, 0, 0), MACH_RCV_INVALID_NOTIFY);
		if (way == 2)
			EXPECT(mach_msg_trap((void *) VM_MAX_ADDRESS, MACH_RCV_MSG, 0, 24, port, 0,
				0), MACH_RCV_INVALID_DATA);
		if (way == 3) {
			EXPECT(mach_port_move_member(SELF, port, set), KERN_SUCCESS);
			EXPECT(mach_msg_trap(&message.header, MACH_RCV_MSG | MACH_RCV_LARGE, 0, 20,
				set, 0, 0), MACH_RCV_TOO_LARGE);
			EXPECT_TRUE(queue_is_empty(notify));
			EXPECT(message_receive(&message, set), MACH_MSG_SUCCESS);
		}
		if (way == 4)
			EXPECT(mach_port_mod_refs(SELF, port, MACH_PORT_RIGHT_RECEIVE, -1),
				KERN_SUCCESS);
		EXPECT_TRUE(notification_is(notify, MACH_NOTIFY_MSG_ACCEPTED, port));
		EXPECT_TRUE(queue_is_empty(notify));
		port_destroy(port);
	}
	port_destroy(notify);
	port_destroy(set);
}

/* Nothing with `deallocate' leaves the memory where it is. */
void test_empty_deallocate(void)
{
	mach_port_t port = port_new_with_send(1);
	vm_offset_t memory = 0;
	struct message message;

	EXPECT(vm_allocate(SELF, &memory, PAGE_SIZE, TRUE), KERN_SUCCESS);
	*(int *) memory = 5;
	message_init(&message, port, MACH_MSG_TYPE_COPY_SEND, 0, 0);
	message_memory(&message, MACH_MSG_TYPE_BYTE, 8, 0, (void *) memory, TYPE_DEALLOCATE);
	message_memory(&message, MACH_MSG_TYPE_COPY_SEND, 32, 0, (void *) memory, TYPE_DEALLOCATE);
	message_memory(&message, MACH_MSG_TYPE_BYTE, 0, 9, (void *) memory, TYPE_DEALLOCATE);
	EXPECT(message_send(&message), MACH_MSG_SUCCESS);
	EXPECT(*(volatile int *) memory, 5);
	EXPECT(message_receive(&message, port), MACH_MSG_SUCCESS);
	EXPECT(message.body[3] | message.body[7] | message.body[11], 0);
	vm_deallocate(SELF, memory, PAGE_SIZE);
	port_destroy(port);
}

/* The last send right is in the message; how the message ends makes no difference. */
void test_last_send_right(void)
{
	mach_port_t notify = port_new(), other = port_new();
	struct message message;

	for (unsigned int way = 0; way < 4; way++) {
		mach_port_t port = port_new_with_send(1);

		tap_about("way %u", way);
		EXPECT(port_request(port, MACH_NOTIFY_NO_SENDERS, 0, notify), KERN_SUCCESS);
		message_init(&message, port, MACH_MSG_TYPE_MOVE_SEND, way == 3 ? port : other,
			way == 3 ? MACH_MSG_TYPE_COPY_SEND : MACH_MSG_TYPE_MAKE_SEND_ONCE);
		if (way == 2)
			message_right(&message, MACH_PORT_NULL ^ 0x6666666,
				MACH_MSG_TYPE_COPY_SEND);
		EXPECT(message_send(&message), way == 2 ? MACH_SEND_INVALID_RIGHT
			: MACH_MSG_SUCCESS);
		EXPECT(port_type(port), MACH_PORT_TYPE_RECEIVE);
		if (way != 2) {
			EXPECT_TRUE(queue_is_empty(notify));
			EXPECT(mach_msg_trap(&message.header, MACH_RCV_MSG, 0, way == 1 ? 23
				: sizeof message, port, 0, 0), way == 1 ? MACH_RCV_TOO_LARGE
				: MACH_MSG_SUCCESS);
		}
		if (way == 0)
			EXPECT(mach_port_deallocate(SELF, message.header.msgh_remote_port),
				KERN_SUCCESS);
		if (way == 3) {	/* the reply is a send right too, and has the port's name */
			EXPECT(message.header.msgh_remote_port, port);
			EXPECT_TRUE(queue_is_empty(notify));
			EXPECT(mach_port_deallocate(SELF, port), KERN_SUCCESS);
		} else {
			EXPECT_TRUE(notification_is(other, MACH_NOTIFY_SEND_ONCE, 0));
		}
		EXPECT_TRUE(notification_is(notify, MACH_NOTIFY_NO_SENDERS, 1));
		port_destroy(port);
	}
	port_destroy(notify);
	port_destroy(other);
}
