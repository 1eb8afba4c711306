/* SPDX-License-Identifier: BSD-2-Clause */
/* Notify ports that leave in the message which they are for, or whose tasks have died. */
#include <libmach/thread.h>
#include <mach.h>
#include <mach/notify.h>

#include "../common/ports.h"
#include "../common/tap.h"
#include "tests.h"

static void fill(mach_port_t port)
{
	for (unsigned int i = 0; i < 5; i++)
		EXPECT(send_simple(port, i), MACH_MSG_SUCCESS);
}

static mach_msg_return_t send_notify(struct message *message, mach_port_t notify)
{
	return mach_msg_trap(&message->header, MACH_SEND_MSG | MACH_SEND_NOTIFY,
		message->header.msgh_size, 0, MACH_PORT_NULL, 0, notify);
}

/* By the time the queue is found full the name is no receive right any more; it comes back. */
void test_notify_port_leaves(void)
{
	mach_port_t port = port_new_with_send(1), notify = port_new();
	struct message message;

	fill(port);
	message_init(&message, port, MACH_MSG_TYPE_COPY_SEND, notify, MACH_MSG_TYPE_MAKE_SEND_ONCE);
	message_right(&message, notify, MACH_MSG_TYPE_MOVE_RECEIVE);
	EXPECT(send_notify(&message, notify), MACH_SEND_INVALID_NOTIFY);
	EXPECT(port_type(message.body[1]), MACH_PORT_TYPE_RECEIVE);
	EXPECT(port_refs(port, MACH_PORT_RIGHT_SEND), 2);
	EXPECT(mach_port_deallocate(SELF, message.header.msgh_local_port), KERN_SUCCESS);
	notify = message.body[1];
	EXPECT_TRUE(notification_is(notify, MACH_NOTIFY_SEND_ONCE, 0));
	check_rights();
	/* To be told by a port that is in the queue behind it. */
	message_init(&message, port, MACH_MSG_TYPE_COPY_SEND, MACH_PORT_NULL, 0);
	EXPECT(send_notify(&message, notify), MACH_SEND_WILL_NOTIFY);
	message_init(&message, port, MACH_MSG_TYPE_MAKE_SEND_ONCE, MACH_PORT_NULL, 0);
	message_right(&message, notify, MACH_MSG_TYPE_MOVE_RECEIVE);
	EXPECT(message_send(&message), MACH_MSG_SUCCESS);
	check_rights();
	port_destroy(port);
	check_rights();
}

/* The destination's own receive right, past the limit of its queue: all of it dies. */
void test_circle_by_force(void)
{
	for (unsigned int i = 0; i < 2; i++) {
		mach_port_t port = port_new_with_send(2), notify = port_new();
		struct message message;

		fill(port);
		message_init(&message, port, MACH_MSG_TYPE_COPY_SEND, MACH_PORT_NULL, 0);
		message_right(&message, port, MACH_MSG_TYPE_MOVE_RECEIVE);
		if (i == 0) {
			EXPECT(send_notify(&message, notify), MACH_SEND_WILL_NOTIFY);
			EXPECT(port_type(port), MACH_PORT_TYPE_DEAD_NAME);
			EXPECT(message_receive(&message, notify), MACH_MSG_SUCCESS);
			EXPECT(message.header.msgh_id, MACH_NOTIFY_MSG_ACCEPTED);
		} else {	/* it is noticed last */
			EXPECT(send_notify(&message, MACH_PORT_NULL), MACH_SEND_INVALID_NOTIFY);
			EXPECT(port_type(port),
				MACH_PORT_TYPE_SEND | MACH_PORT_TYPE_RECEIVE);
			EXPECT(port_status(port).mps_msgcount, 5);
		}
		port_destroy(port);
		EXPECT_TRUE(queue_is_empty(notify));
		port_destroy(notify);
		check_rights();
	}
}

/* --- Tasks that have died ---- */

/* A suspended child with a port of its own: its name here, as a send-once right. */
static mach_port_t child_new(mach_port_t *name)
{
	mach_port_t child;

	EXPECT(task_create(SELF, FALSE, &child), KERN_SUCCESS);
	EXPECT(mach_port_allocate(child, MACH_PORT_RIGHT_RECEIVE, name), KERN_SUCCESS);
	return child;
}

static mach_port_t once_of(mach_port_t child, mach_port_t name)
{
	mach_port_t once;
	mach_msg_type_name_t type;

	EXPECT(mach_port_extract_right(child, name, MACH_MSG_TYPE_MAKE_SEND_ONCE, &once, &type),
		KERN_SUCCESS);
	return once;
}

static void request(mach_port_t port, mach_msg_id_t kind, mach_port_t child, mach_port_t name)
{
	mach_port_t previous;

	EXPECT(mach_port_request_notification(SELF, port, kind, 0, once_of(child, name),
		MACH_MSG_TYPE_MOVE_SEND_ONCE, &previous), KERN_SUCCESS);
	EXPECT(previous, MACH_PORT_NULL);
}

void test_notices_for_the_dead(void)
{
	mach_port_t port, other, child, name, previous;
	struct message message;

	for (unsigned int i = 0; i < 4; i++) {
		tap_about("pass %u", i);
		port = port_new_with_send(1);
		other = port_new();
		child = child_new(&name);
		request(port, MACH_NOTIFY_DEAD_NAME, child, name);
		request(port, MACH_NOTIFY_NO_SENDERS, child, name);
		request(port, MACH_NOTIFY_PORT_DESTROYED, child, name);
		/* The receive right waits in the queue of the port that is to be told. */
		if (i == 1) {
			mach_port_t send;
			mach_msg_type_name_t type;

			EXPECT(mach_port_extract_right(child, name, MACH_MSG_TYPE_MAKE_SEND, &send,
				&type), KERN_SUCCESS);
			message_init(&message, send, MACH_MSG_TYPE_MOVE_SEND, other,
				MACH_MSG_TYPE_MAKE_SEND_ONCE);
			message_right(&message, port, MACH_MSG_TYPE_MOVE_RECEIVE);
			EXPECT(message_send(&message), MACH_MSG_SUCCESS);
		}
		EXPECT(task_terminate(child), KERN_SUCCESS);
		port_destroy(child);
		sleep_for(20);
		check_rights();
		if (i == 2)	/* the registered right has died */
			EXPECT(mach_port_request_notification(SELF, port,
				MACH_NOTIFY_PORT_DESTROYED, 0, MACH_PORT_NULL,
				MACH_MSG_TYPE_MOVE_SEND_ONCE, &previous), KERN_SUCCESS);
		if (i == 2)
			EXPECT(previous, MACH_PORT_DEAD);
		if (i == 1)
			EXPECT_TRUE(notification_is(other, MACH_NOTIFY_SEND_ONCE, 0));
		if (i == 3)
			EXPECT(mach_port_deallocate(SELF, port), KERN_SUCCESS);
		port_destroy(port);
		port_destroy(other);
		check_rights();
	}
	tap_about("%s", "");
}

static mach_port_t crowded;

static void send_past_limit(void *argument)
{
	struct message message;
	mach_port_t port = crowded, notify;
	mach_msg_type_name_t type;

	(void) argument;
	/* The parent has put the send right here under its own name. */
	(void) type;
	mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE, &notify);
	message_init(&message, port, MACH_MSG_TYPE_COPY_SEND, notify, MACH_MSG_TYPE_MAKE_SEND_ONCE);
	while (mach_port_type(mach_task_self(), port, &type) != KERN_SUCCESS)
		swtch_pri(0);
	send_notify(&message, notify);
	for (;;)
		mach_msg_trap(&message.header, MACH_RCV_MSG, 0, 24, notify, 0, MACH_PORT_NULL);
}

void test_accepted_for_the_dead(void)
{
	struct message message;
	mach_port_t child;

	for (unsigned int i = 0; i < 2; i++) {
		crowded = port_new_with_send(1);
		fill(crowded);
		EXPECT(mach_task_start(send_past_limit, NULL, &child), KERN_SUCCESS);
		EXPECT(mach_port_insert_right(child, crowded, crowded, MACH_MSG_TYPE_COPY_SEND),
			KERN_SUCCESS);
		for (unsigned int k = 0; k < 100 && port_status(crowded).mps_msgcount < 6; k++)
			sleep_for(5);
		EXPECT(port_status(crowded).mps_msgcount, 6);
		EXPECT(task_terminate(child), KERN_SUCCESS);
		port_destroy(child);
		sleep_for(20);
		check_rights();
		if (i == 0) {
			for (unsigned int k = 0; k < 6; k++)
				EXPECT(message_receive(&message, crowded), MACH_MSG_SUCCESS);
			EXPECT(message.header.msgh_remote_port, MACH_PORT_DEAD);
		}
		port_destroy(crowded);
		check_rights();
	}
}
