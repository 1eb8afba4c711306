/* SPDX-License-Identifier: BSD-2-Clause */
/* Death of ports and tasks: dead names, dead-name, port-deleted, no-senders notifications. */
#include <libmach/thread.h>
#include <mach.h>

#include "../common/messages.h"
#include "../common/ports.h"
#include "../common/subject.h"
#include "../common/tap.h"

static kern_return_t mod_refs(mach_port_t name, mach_port_right_t right, mach_port_delta_t delta)
{
	return mach_port_mod_refs(mach_task_self(), name, right, delta);
}

/* --- dead names ------------------------------------------------------------------------------ */

static void test_send_right_becomes_dead(void)
{
	mach_port_t port = port_new_with_send(3);

	EXPECT(mod_refs(port, MACH_PORT_RIGHT_RECEIVE, -1), KERN_SUCCESS);
	EXPECT(port_type(port), MACH_PORT_TYPE_DEAD_NAME);
	EXPECT(port_refs(port, MACH_PORT_RIGHT_DEAD_NAME), 3);
	EXPECT(port_refs(port, MACH_PORT_RIGHT_SEND), 0);
	EXPECT(send_simple(port, 1), MACH_SEND_INVALID_DEST);
	EXPECT(mach_port_deallocate(mach_task_self(), port), KERN_SUCCESS);
	EXPECT(port_refs(port, MACH_PORT_RIGHT_DEAD_NAME), 2);
	EXPECT(mod_refs(port, MACH_PORT_RIGHT_DEAD_NAME, 5), KERN_SUCCESS);
	EXPECT(mod_refs(port, MACH_PORT_RIGHT_DEAD_NAME, -7), KERN_SUCCESS);
	EXPECT(port_type(port), 0);
}

static void test_send_once_becomes_dead(void)
{
	mach_port_t port = port_new(), once = port_make_send_once(port);

	port_destroy(port);
	EXPECT(port_type(once), MACH_PORT_TYPE_DEAD_NAME);
	EXPECT(port_refs(once, MACH_PORT_RIGHT_DEAD_NAME), 1);
	EXPECT(mach_port_deallocate(mach_task_self(), once), KERN_SUCCESS);
}

/* A right whose port dies on the way arrives as the dead value. */
static void test_dies_on_the_way(void)
{
	mach_port_t port = port_new_with_send(1), passed = port_new();
	struct message message;

	message_init(&message, port, MACH_MSG_TYPE_COPY_SEND, MACH_PORT_NULL, 0);
	message_right(&message, passed, MACH_MSG_TYPE_MAKE_SEND);
	message_right(&message, passed, MACH_MSG_TYPE_MAKE_SEND_ONCE);
	EXPECT(message_send(&message), MACH_MSG_SUCCESS);
	port_destroy(passed);
	EXPECT(message_receive(&message, port), MACH_MSG_SUCCESS);
	EXPECT(message.body[1], MACH_PORT_DEAD);
	EXPECT(message.body[3], MACH_PORT_DEAD);
	port_destroy(port);
}

/* --- dead-name and port-deleted -------------------------------------------------------------- */

static void test_dead_name_notification(void)
{
	mach_port_t port = port_new_with_send(1), notify = port_new();

	EXPECT(port_request(port, MACH_NOTIFY_DEAD_NAME, 0, notify), KERN_SUCCESS);
	EXPECT(port_type(port), MACH_PORT_TYPE_SEND_RECEIVE | MACH_PORT_TYPE_DNREQUEST);
	EXPECT(mod_refs(port, MACH_PORT_RIGHT_RECEIVE, -1), KERN_SUCCESS);
	EXPECT_TRUE(notification_is(notify, MACH_NOTIFY_DEAD_NAME, port));
	EXPECT(port_type(port), MACH_PORT_TYPE_DEAD_NAME);
	EXPECT(port_refs(port, MACH_PORT_RIGHT_DEAD_NAME), 2);
	EXPECT_TRUE(queue_is_empty(notify));
	port_destroy(port);
	port_destroy(notify);
}

static void test_layout(void)
{
	mach_port_t port = port_new_with_send(1), notify = port_new();
	struct message message;

	EXPECT(port_request(port, MACH_NOTIFY_DEAD_NAME, 0, notify), KERN_SUCCESS);
	EXPECT(mod_refs(port, MACH_PORT_RIGHT_RECEIVE, -1), KERN_SUCCESS);
	EXPECT(message_receive(&message, notify), MACH_MSG_SUCCESS);
	EXPECT(message.header.msgh_bits, MACH_MSGH_BITS(0, MACH_MSG_TYPE_PORT_SEND_ONCE));
	EXPECT(message.header.msgh_size, 32);
	EXPECT(message.header.msgh_remote_port, MACH_PORT_NULL);
	EXPECT(message.header.msgh_local_port, notify);
	EXPECT(message.body[0], 0x1001200f);
	port_destroy(port);
	port_destroy(notify);
}

static void test_request_on_dead_name(void)
{
	mach_port_t name = port_new_dead(), notify = port_new();

	EXPECT(port_request(name, MACH_NOTIFY_DEAD_NAME, 0, notify), KERN_INVALID_ARGUMENT);
	EXPECT_TRUE(notification_is(notify, MACH_NOTIFY_SEND_ONCE, 0));
	EXPECT(port_request(name, MACH_NOTIFY_DEAD_NAME, 1, notify), KERN_SUCCESS);
	EXPECT_TRUE(notification_is(notify, MACH_NOTIFY_DEAD_NAME, name));
	EXPECT(port_refs(name, MACH_PORT_RIGHT_DEAD_NAME), 2);
	port_destroy(name);
	port_destroy(notify);
}

static void test_request_replaced(void)
{
	mach_port_t port = port_new_with_send(1), first = port_new(), second = port_new();
	mach_port_t previous = MACH_PORT_NULL;

	EXPECT(port_request(port, MACH_NOTIFY_DEAD_NAME, 0, first), KERN_SUCCESS);
	EXPECT(mach_port_request_notification(mach_task_self(), port, MACH_NOTIFY_DEAD_NAME, 0,
		second, MACH_MSG_TYPE_MAKE_SEND_ONCE, &previous), KERN_SUCCESS);
	EXPECT(port_type(previous), MACH_PORT_TYPE_SEND_ONCE);
	EXPECT(mach_port_deallocate(mach_task_self(), previous), KERN_SUCCESS);
	EXPECT_TRUE(notification_is(first, MACH_NOTIFY_SEND_ONCE, 0));
	EXPECT(mach_port_request_notification(mach_task_self(), port, MACH_NOTIFY_DEAD_NAME, 0,
		MACH_PORT_NULL, MACH_MSG_TYPE_MAKE_SEND_ONCE, &previous), KERN_SUCCESS);
	EXPECT(mach_port_deallocate(mach_task_self(), previous), KERN_SUCCESS);
	EXPECT_TRUE(notification_is(second, MACH_NOTIFY_SEND_ONCE, 0));
	EXPECT(port_type(port), MACH_PORT_TYPE_SEND_RECEIVE);
	port_destroy(port);
	EXPECT_TRUE(queue_is_empty(first));
	port_destroy(first);
	port_destroy(second);
}

/* The name goes away in another way than by the port's death. */
static void test_port_deleted(void)
{
	struct subject subject = subject_make(KIND_SEND);
	mach_port_t notify = port_new();
	struct message message;

	EXPECT(port_request(subject.name, MACH_NOTIFY_DEAD_NAME, 0, notify), KERN_SUCCESS);
	EXPECT(mach_port_deallocate(mach_task_self(), subject.name), KERN_SUCCESS);
	EXPECT_TRUE(notification_is(notify, MACH_NOTIFY_PORT_DELETED, subject.name));
	subject_destroy(&subject);
	subject = subject_make(KIND_SEND);
	EXPECT(port_request(subject.name, MACH_NOTIFY_DEAD_NAME, 0, notify), KERN_SUCCESS);
	message_init(&message, subject.name, MACH_MSG_TYPE_MOVE_SEND, MACH_PORT_NULL, 0);
	EXPECT(message_send(&message), MACH_MSG_SUCCESS);
	EXPECT_TRUE(notification_is(notify, MACH_NOTIFY_PORT_DELETED, subject.name));
	subject_destroy(&subject);
	port_destroy(notify);
}

static void test_receive_right_only(void)
{
	mach_port_t port = port_new(), notify = port_new();

	EXPECT(port_request(port, MACH_NOTIFY_DEAD_NAME, 0, notify), KERN_SUCCESS);
	port_destroy(port);
	EXPECT_TRUE(notification_is(notify, MACH_NOTIFY_PORT_DELETED, port));
	EXPECT(port_type(port), 0);
	port_destroy(notify);
}

static void test_request_codes(void)
{
	mach_port_t port = port_new(), set = port_new_set(), notify = port_new();
	mach_port_t previous = MACH_PORT_NULL;

	EXPECT(port_request(0x7ffff123, MACH_NOTIFY_DEAD_NAME, 0, notify), KERN_INVALID_NAME);
	EXPECT(port_request(set, MACH_NOTIFY_DEAD_NAME, 0, notify), KERN_INVALID_RIGHT);
	EXPECT(port_request(set, MACH_NOTIFY_NO_SENDERS, 0, notify), KERN_INVALID_RIGHT);
	EXPECT(port_request(port, 12345, 0, notify), KERN_INVALID_VALUE);
	EXPECT(port_request(port, MACH_NOTIFY_PORT_DESTROYED, 1, notify), KERN_INVALID_VALUE);
	for (int i = 0; i < 5; i++)
		EXPECT_TRUE(notification_is(notify, MACH_NOTIFY_SEND_ONCE, 0));
	EXPECT(mach_port_request_notification(mach_task_self(), port, MACH_NOTIFY_DEAD_NAME, 0,
		MACH_PORT_DEAD, MACH_MSG_TYPE_MOVE_SEND_ONCE, &previous),
		KERN_INVALID_CAPABILITY);
	EXPECT_TRUE(queue_is_empty(notify));
	port_destroy(port);
	port_destroy(set);
	port_destroy(notify);
}

/* --- no senders ------------------------------------------------------------------------------ */

static void test_no_senders(void)
{
	mach_port_t port = port_new_with_send(2), notify = port_new();

	EXPECT(port_request(port, MACH_NOTIFY_NO_SENDERS, 1, notify), KERN_SUCCESS);
	EXPECT_TRUE(port_status(port).mps_nsrequest);
	EXPECT_TRUE(port_status(port).mps_srights);
	EXPECT(mach_port_deallocate(mach_task_self(), port), KERN_SUCCESS);
	EXPECT_TRUE(queue_is_empty(notify));
	EXPECT(mach_port_deallocate(mach_task_self(), port), KERN_SUCCESS);
	EXPECT_TRUE(notification_is(notify, MACH_NOTIFY_NO_SENDERS, 2));
	EXPECT(port_status(port).mps_nsrequest, FALSE);
	EXPECT(port_status(port).mps_srights, FALSE);
	port_make_send(port);
	EXPECT(mach_port_deallocate(mach_task_self(), port), KERN_SUCCESS);
	EXPECT_TRUE(queue_is_empty(notify));
	port_destroy(port);
	port_destroy(notify);
}

static void test_no_senders_at_once(void)
{
	mach_port_t port = port_new(), notify = port_new();

	EXPECT(port_request(port, MACH_NOTIFY_NO_SENDERS, 1, notify), KERN_SUCCESS);
	EXPECT_TRUE(queue_is_empty(notify));
	EXPECT(port_request(port, MACH_NOTIFY_NO_SENDERS, 0, notify), KERN_SUCCESS);
	EXPECT_TRUE(notification_is(notify, MACH_NOTIFY_NO_SENDERS, 0));
	EXPECT_TRUE(notification_is(notify, MACH_NOTIFY_SEND_ONCE, 0));
	port_destroy(port);
	port_destroy(notify);
}

/* The last send right is in a message, and goes when that is received. */
static void test_last_right_in_message(void)
{
	mach_port_t port = port_new(), notify = port_new();
	struct message message;

	EXPECT(port_request(port, MACH_NOTIFY_NO_SENDERS, 1, notify), KERN_SUCCESS);
	message_init(&message, port, MACH_MSG_TYPE_MAKE_SEND, MACH_PORT_NULL, 0);
	EXPECT(message_send(&message), MACH_MSG_SUCCESS);
	EXPECT_TRUE(port_status(port).mps_srights);
	EXPECT_TRUE(queue_is_empty(notify));
	EXPECT(message_receive(&message, port), MACH_MSG_SUCCESS);
	EXPECT_TRUE(notification_is(notify, MACH_NOTIFY_NO_SENDERS, 1));
	port_destroy(port);
	port_destroy(notify);
}

static void test_port_dies_with_requests(void)
{
	mach_port_t port = port_new_with_send(1), notify = port_new();

	EXPECT(port_request(port, MACH_NOTIFY_NO_SENDERS, 1, notify), KERN_SUCCESS);
	EXPECT(mod_refs(port, MACH_PORT_RIGHT_RECEIVE, -1), KERN_SUCCESS);
	EXPECT_TRUE(notification_is(notify, MACH_NOTIFY_SEND_ONCE, 0));
	EXPECT_TRUE(queue_is_empty(notify));
	port_destroy(port);
	port_destroy(notify);
}

/* --- port-destroyed -------------------------------------------------------------------------- */

static void test_port_destroyed(void)
{
	mach_port_t port = port_new(), notify = port_new();
	struct message message;

	EXPECT(port_request(port, MACH_NOTIFY_PORT_DESTROYED, 0, notify), KERN_SUCCESS);
	EXPECT_TRUE(port_status(port).mps_pdrequest);
	port_destroy(port);
	EXPECT(message_receive(&message, notify), MACH_MSG_SUCCESS);
	EXPECT(message.header.msgh_id, MACH_NOTIFY_PORT_DESTROYED);
	EXPECT_TRUE(message.header.msgh_bits & MACH_MSGH_BITS_COMPLEX);
	EXPECT(message.body[0], 0x10012010);
	EXPECT(port_type(message.body[1]), MACH_PORT_TYPE_RECEIVE);
	port_destroy(message.body[1]);
	port_destroy(notify);
}

/* --- tasks ----------------------------------------------------------------------------------- */

/* A task dies: its port, and the ports whose receive rights it held. */
static void test_task_dies(void)
{
	mach_port_t port = port_new_with_send(1), reply = port_new(), notify = port_new(), task;
	struct message message;

	EXPECT(task_create(mach_task_self(), FALSE, &task), KERN_SUCCESS);
	message_init(&message, port, MACH_MSG_TYPE_COPY_SEND, reply,
		MACH_MSG_TYPE_MAKE_SEND_ONCE);
	EXPECT(message_send(&message), MACH_MSG_SUCCESS);
	EXPECT(mach_port_insert_right(task, 0x100, port, MACH_MSG_TYPE_MOVE_RECEIVE),
		KERN_SUCCESS);
	EXPECT(port_request(port, MACH_NOTIFY_DEAD_NAME, 0, notify), KERN_SUCCESS);
	EXPECT(port_request(task, MACH_NOTIFY_DEAD_NAME, 0, notify), KERN_SUCCESS);
	EXPECT(port_type(port), MACH_PORT_TYPE_SEND | MACH_PORT_TYPE_DNREQUEST);
	EXPECT(task_terminate(task), KERN_SUCCESS);
	EXPECT_TRUE(notification_is(reply, MACH_NOTIFY_SEND_ONCE, 0));
	EXPECT(message_receive_wait(&message, notify, 100), MACH_MSG_SUCCESS);
	EXPECT(message.header.msgh_id, MACH_NOTIFY_DEAD_NAME);
	EXPECT(message_receive_wait(&message, notify, 100), MACH_MSG_SUCCESS);
	EXPECT(message.header.msgh_id, MACH_NOTIFY_DEAD_NAME);
	EXPECT(port_type(task), MACH_PORT_TYPE_DEAD_NAME);
	EXPECT(port_type(port), MACH_PORT_TYPE_DEAD_NAME);
	port_destroy(task);
	port_destroy(port);
	port_destroy(reply);
	port_destroy(notify);
}

/* A long chain: each port's receive right is queued in the next one.  All die at once. */
static void test_chain(void)
{
	enum { LENGTH = 3000 };
	mach_port_t last = port_new_with_send(1), port = last, next;
	struct message message;

	for (int i = 0; i < LENGTH; i++) {
		next = port_new_with_send(1);
		message_init(&message, next, MACH_MSG_TYPE_COPY_SEND, MACH_PORT_NULL, 0);
		message_right(&message, port, MACH_MSG_TYPE_MOVE_RECEIVE);
		EXPECT(message_send(&message), MACH_MSG_SUCCESS);
		if (i > 0)
			EXPECT(mach_port_deallocate(mach_task_self(), port), KERN_SUCCESS);
		port = next;
	}
	EXPECT(port_type(last), MACH_PORT_TYPE_SEND);
	port_destroy(port);
	EXPECT(port_type(last), MACH_PORT_TYPE_DEAD_NAME);
	port_destroy(last);
}

static const struct test tests[] = {
	{ .name = "send rights become a dead name", .run = test_send_right_becomes_dead },
	{ .name = "a send-once right becomes a dead name", .run = test_send_once_becomes_dead },
	{ .name = "rights die on the way", .run = test_dies_on_the_way },
	{ .name = "dead-name notification", .run = test_dead_name_notification },
	{ .name = "layout of a notification", .run = test_layout },
	{ .name = "a request on a dead name", .run = test_request_on_dead_name },
	{ .name = "a request is replaced and cancelled", .run = test_request_replaced },
	{ .name = "port-deleted notification", .run = test_port_deleted },
	{ .name = "a name with only the receive right", .run = test_receive_right_only },
	{ .name = "codes of mach_port_request_notification", .run = test_request_codes },
	{ .name = "no-senders notification", .run = test_no_senders },
	{ .name = "no senders from the beginning", .run = test_no_senders_at_once },
	{ .name = "the last send right is in a message", .run = test_last_right_in_message },
	{ .name = "the port dies before its senders", .run = test_port_dies_with_requests },
	{ .name = "port-destroyed notification", .run = test_port_destroyed },
	{ .name = "a task dies", .run = test_task_dies },
	{ .name = "a chain of 3000 ports dies", .run = test_chain },
};

int main(int argc, char **argv)
{
	return tap_main(argc, argv, tests, COUNT_OF(tests));
}
