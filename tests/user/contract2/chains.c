/* SPDX-License-Identifier: BSD-2-Clause */
/* Sections 11 and 12: receive rights that are sent instead of destroyed; the order of a death. */
#include <mach.h>
#include <mach/notify.h>

#include "../common/messages.h"
#include "../common/ports.h"
#include "../common/tap.h"
#include "../common/worker.h"
#include "tests.h"

#define SELF	mach_task_self()

static void request(mach_port_t name, mach_msg_id_t id, mach_port_t notify)
{
	EXPECT(port_request(name, id, 0, notify), KERN_SUCCESS);
}

/* The right that a port-destroyed notification brings; 0 if there is none. */
static mach_port_t destroyed_right(mach_port_t notify)
{
	struct message message;

	EXPECT(message_receive(&message, notify), MACH_MSG_SUCCESS);
	if (!EXPECT(message.header.msgh_id, MACH_NOTIFY_PORT_DESTROYED))
		return MACH_PORT_NULL;
	return message.body[1];
}

/* Put a receive right into the queue of another port. */
static void enqueue_receive(mach_port_t port, mach_port_t into)
{
	struct message message;

	message_init(&message, into, MACH_MSG_TYPE_MAKE_SEND_ONCE, MACH_PORT_NULL, 0);
	message_right(&message, port, MACH_MSG_TYPE_MOVE_RECEIVE);
	EXPECT(message_send(&message), MACH_MSG_SUCCESS);
}

/* --- what the port is afterwards -------------------------------- */

void test_destroyed_state(void)
{
	mach_port_t port = port_new(), notify = port_new(), senders = port_new();
	mach_port_t set = port_new_set();
	struct message message;
	mach_port_status_t status;

	EXPECT(mach_port_set_qlimit(SELF, port, 3), KERN_SUCCESS);
	EXPECT(mach_port_set_mscount(SELF, port, 9), KERN_SUCCESS);
	EXPECT(mach_port_set_seqno(SELF, port, 5), KERN_SUCCESS);
	EXPECT(mach_port_set_protected_payload(SELF, port, 0x99), KERN_SUCCESS);
	EXPECT(mach_port_move_member(SELF, port, set), KERN_SUCCESS);
	message_init(&message, port, MACH_MSG_TYPE_MAKE_SEND, MACH_PORT_NULL, 0);
	EXPECT(message_send(&message), MACH_MSG_SUCCESS);
	request(port, MACH_NOTIFY_PORT_DESTROYED, notify);
	EXPECT(port_request(port, MACH_NOTIFY_NO_SENDERS, 100, senders), KERN_SUCCESS);
	EXPECT(mach_port_mod_refs(SELF, port, MACH_PORT_RIGHT_RECEIVE, -1), KERN_SUCCESS);
	EXPECT(port_type(port), 0);
	EXPECT_TRUE(queue_is_empty(set));
	port = destroyed_right(notify);
	status = port_status(port);
	EXPECT(status.mps_mscount, 0);
	EXPECT(status.mps_seqno, 0);
	EXPECT(status.mps_pset, MACH_PORT_NULL);
	EXPECT(status.mps_qlimit, 3);
	EXPECT(status.mps_msgcount, 1);
	EXPECT(status.mps_srights, TRUE);
	EXPECT(status.mps_nsrequest, TRUE);
	EXPECT(status.mps_pdrequest, FALSE);	/* it has fired */
	EXPECT_TRUE(queue_is_empty(senders));
	EXPECT(message_receive(&message, port), MACH_MSG_SUCCESS);
	EXPECT(message.header.msgh_local_port, port);
	EXPECT(message.header.msgh_seqno, 0);
	EXPECT_TRUE(notification_is(senders, MACH_NOTIFY_NO_SENDERS, 0));
	port_destroy(port);
	EXPECT_TRUE(queue_is_empty(notify));
	port_destroy(notify);
	port_destroy(senders);
	port_destroy(set);
}

/* Send rights of the owner: by the end of the receive right alone, and of the name. */
void test_destroyed_senders(void)
{
	mach_port_t port = port_new_with_send(3), notify = port_new(), other = port_new(), again;

	request(port, MACH_NOTIFY_PORT_DESTROYED, notify);
	request(port, MACH_NOTIFY_NO_SENDERS, other);
	EXPECT(mach_port_mod_refs(SELF, port, MACH_PORT_RIGHT_RECEIVE, -1), KERN_SUCCESS);
	EXPECT(port_type(port), MACH_PORT_TYPE_DEAD_NAME);
	EXPECT(port_refs(port, MACH_PORT_RIGHT_DEAD_NAME), 3);
	EXPECT_TRUE(notification_is(other, MACH_NOTIFY_NO_SENDERS, 0));
	again = destroyed_right(notify);
	EXPECT_TRUE(again != port);
	EXPECT(port_type(again), MACH_PORT_TYPE_RECEIVE);
	EXPECT(port_status(again).mps_srights, FALSE);
	port_destroy(port);
	tap_about("with a dead-name request");
	port = again;
	port_make_send(port);
	request(port, MACH_NOTIFY_PORT_DESTROYED, notify);
	request(port, MACH_NOTIFY_DEAD_NAME, other);
	EXPECT(mach_port_mod_refs(SELF, port, MACH_PORT_RIGHT_RECEIVE, -1), KERN_SUCCESS);
	EXPECT_TRUE(notification_is(other, MACH_NOTIFY_DEAD_NAME, port));
	EXPECT(port_refs(port, MACH_PORT_RIGHT_DEAD_NAME), 2);
	port_destroy(port);
	port = destroyed_right(notify);
	tap_about("the name destroyed as a whole");
	port_make_send(port);
	EXPECT(mach_port_set_mscount(SELF, port, 7), KERN_SUCCESS);
	request(port, MACH_NOTIFY_PORT_DESTROYED, notify);
	request(port, MACH_NOTIFY_DEAD_NAME, other);
	request(port, MACH_NOTIFY_NO_SENDERS, other);
	port_destroy(port);
	EXPECT(port_type(port), 0);
	EXPECT_TRUE(notification_is(other, MACH_NOTIFY_NO_SENDERS, 7));
	EXPECT_TRUE(notification_is(other, MACH_NOTIFY_PORT_DELETED, port));
	port = destroyed_right(notify);
	port_destroy(port);
	EXPECT_TRUE(queue_is_empty(notify));
	EXPECT_TRUE(queue_is_empty(other));
	port_destroy(notify);
	port_destroy(other);
}

/* --- chains -------------------------------- */

/* A port whose death is told to `watch' by its name, for which there is a send right. */
static mach_port_t watched_port(mach_port_t watch)
{
	mach_port_t port = port_new(), name = 0;
	mach_msg_type_name_t type;

	EXPECT(mach_port_extract_right(SELF, port, MACH_MSG_TYPE_MAKE_SEND_ONCE, &name, &type),
		KERN_SUCCESS);
	request(name, MACH_NOTIFY_DEAD_NAME, watch);
	return port;
}

/* So many deaths were told; their names are cleaned up. */
static void expect_deaths(mach_port_t watch, unsigned int count)
{
	struct message message;

	while (count-- > 0) {
		EXPECT(message_receive(&message, watch), MACH_MSG_SUCCESS);
		EXPECT(message.header.msgh_id, MACH_NOTIFY_DEAD_NAME);
		EXPECT(port_refs(message.body[1], MACH_PORT_RIGHT_DEAD_NAME), 2);
		port_destroy(message.body[1]);
	}
	EXPECT_TRUE(queue_is_empty(watch));
}

void test_destroyed_chains(void)
{
	mach_port_t watch = port_new(), a = watched_port(watch), b, c;

	tap_about("the port itself");
	request(a, MACH_NOTIFY_PORT_DESTROYED, a);
	port_destroy(a);
	expect_deaths(watch, 1);
	tap_about("two that name each other");
	a = watched_port(watch);
	b = watched_port(watch);
	request(a, MACH_NOTIFY_PORT_DESTROYED, b);
	request(b, MACH_NOTIFY_PORT_DESTROYED, a);
	port_destroy(a);
	EXPECT_TRUE(queue_is_empty(watch));
	EXPECT(port_status(b).mps_msgcount, 1);
	port_destroy(b);
	expect_deaths(watch, 2);
	tap_about("a ring of three");
	a = watched_port(watch);
	b = watched_port(watch);
	c = watched_port(watch);
	request(a, MACH_NOTIFY_PORT_DESTROYED, b);
	request(b, MACH_NOTIFY_PORT_DESTROYED, c);
	request(c, MACH_NOTIFY_PORT_DESTROYED, a);
	port_destroy(b);
	port_destroy(a);
	EXPECT_TRUE(queue_is_empty(watch));
	port_destroy(c);
	expect_deaths(watch, 3);
	tap_about("the notify port is in the queue");
	a = watched_port(watch);
	b = watched_port(watch);
	request(a, MACH_NOTIFY_PORT_DESTROYED, b);
	enqueue_receive(b, a);
	port_destroy(a);
	expect_deaths(watch, 2);
	tap_about("two queues down");
	a = watched_port(watch);
	b = watched_port(watch);
	c = watched_port(watch);
	request(a, MACH_NOTIFY_PORT_DESTROYED, c);
	enqueue_receive(c, b);
	enqueue_receive(b, a);
	port_destroy(a);
	expect_deaths(watch, 3);
	port_destroy(watch);
}

/* The notification itself is lost: before it is sent, and in its queue. */
void test_destroyed_lost(void)
{
	mach_port_t watch = port_new(), port = watched_port(watch), notify = port_new(), last;

	tap_about("a dead notify port");
	request(port, MACH_NOTIFY_PORT_DESTROYED, notify);
	port_destroy(notify);
	port_destroy(port);
	expect_deaths(watch, 1);
	tap_about("a notify port that dies then");
	port = watched_port(watch);
	notify = port_new();
	request(port, MACH_NOTIFY_PORT_DESTROYED, notify);
	port_destroy(port);
	EXPECT_TRUE(queue_is_empty(watch));
	port_destroy(notify);
	expect_deaths(watch, 1);
	tap_about("a right in a message that is destroyed");
	port = watched_port(watch);
	notify = port_new();
	last = port_new();
	request(port, MACH_NOTIFY_PORT_DESTROYED, last);
	enqueue_receive(port, notify);
	port_destroy(notify);
	EXPECT_TRUE(queue_is_empty(watch));
	port = destroyed_right(last);
	tap_about("the port dies with the request: its right is given back");
	request(port, MACH_NOTIFY_PORT_DESTROYED, port);
	EXPECT(port_status(port).mps_sorights, 2);
	port_destroy(port);
	expect_deaths(watch, 1);
	port_destroy(last);
	port_destroy(watch);
}

/* --- the order of a death -------------------------------- */

static struct worker receiver, sender;

/*
 * Messages on one port tell of it: the no-senders request goes, then the messages, of which the
 * first carries a port that is sent on, then the dead-name requests.
 */
void test_order_of_death(void)
{
	for (unsigned int way = 0; way < 3; way++) {
		mach_port_t port = port_new_with_send(1), watch = port_new(), inner = port_new();
		mach_port_t once = port_make_send_once(port), holder = port_new(), right;
		struct message message;

		tap_about("way %u", way);
		EXPECT(mach_port_set_qlimit(SELF, port, 1), KERN_SUCCESS);
		request(inner, MACH_NOTIFY_PORT_DESTROYED, watch);
		message_init(&message, port, MACH_MSG_TYPE_COPY_SEND, MACH_PORT_NULL, 0);
		message_right(&message, inner, MACH_MSG_TYPE_MOVE_RECEIVE);
		EXPECT(message_send(&message), MACH_MSG_SUCCESS);
		request(once, MACH_NOTIFY_DEAD_NAME, watch);
		request(port, MACH_NOTIFY_NO_SENDERS, watch);
		worker_send(&sender, port, 3);
		EXPECT(worker_is_done(&sender), FALSE);
		if (way == 0)
			EXPECT(mach_port_mod_refs(SELF, port, MACH_PORT_RIGHT_RECEIVE, -1),
				KERN_SUCCESS);
		else if (way == 1)
			port_destroy(port);
		else
			enqueue_receive(port, holder);
		if (way == 2)
			port_destroy(holder);
		EXPECT(worker_end(&sender), MACH_MSG_SUCCESS);
		EXPECT_TRUE(notification_is(watch, MACH_NOTIFY_SEND_ONCE, 0));
		/* A port that dies in a message has its own messages destroyed a little later. */
		if (way == 2)
			EXPECT_TRUE(notification_is(watch, MACH_NOTIFY_DEAD_NAME, once));
		right = destroyed_right(watch);
		port_destroy(right);
		if (way < 2)
			EXPECT_TRUE(notification_is(watch, MACH_NOTIFY_DEAD_NAME, once));
		EXPECT_TRUE(queue_is_empty(watch));
		if (port_type(port) != 0)
			port_destroy(port);
		port_destroy(once);
		if (way < 2)
			port_destroy(holder);
		port_destroy(watch);
	}
	tap_about("a receiver");
	mach_port_t port = port_new();

	worker_receive(&receiver, port);
	port_destroy(port);
	EXPECT(worker_end(&receiver), MACH_RCV_PORT_DIED);
}

/* --- a task's death -------------------------------- */

#define NAME	0x4300u

static void insert(mach_port_t task, mach_port_t name, mach_port_t right, unsigned int how)
{
	EXPECT(mach_port_insert_right(task, name, right, how), KERN_SUCCESS);
}

static void child_request(mach_port_t task, mach_port_t name, mach_msg_id_t id, mach_port_t notify)
{
	mach_port_t previous;

	EXPECT(mach_port_request_notification(task, name, id, 0, notify,
		MACH_MSG_TYPE_MAKE_SEND_ONCE, &previous), KERN_SUCCESS);
}

/* Whoever has to do with a name of the task hears of it as if the name had been destroyed. */
void test_task_death(void)
{
	mach_port_t task = 0, port[8], notify = port_new(), watch = port_new(), right, once;

	EXPECT(task_create(SELF, FALSE, &task), KERN_SUCCESS);
	for (int i = 0; i < 8; i++)
		port[i] = port_new();
	insert(task, NAME, port[0], MACH_MSG_TYPE_MAKE_SEND);
	request(port[0], MACH_NOTIFY_NO_SENDERS, port[0]);
	child_request(task, NAME, MACH_NOTIFY_DEAD_NAME, port[6]);
	insert(task, NAME + 1, port[1], MACH_MSG_TYPE_MAKE_SEND_ONCE);
	port_make_send(port[2]);
	request(port[2], MACH_NOTIFY_DEAD_NAME, watch);
	request(port[2], MACH_NOTIFY_NO_SENDERS, port[7]);
	right = port[2];
	insert(task, NAME + 2, port[2], MACH_MSG_TYPE_MOVE_RECEIVE);
	request(port[3], MACH_NOTIFY_PORT_DESTROYED, notify);
	EXPECT(mach_port_set_qlimit(SELF, port[3], 2), KERN_SUCCESS);
	insert(task, NAME + 3, port[3], MACH_MSG_TYPE_MOVE_RECEIVE);
	EXPECT(mach_port_allocate_name(task, MACH_PORT_RIGHT_PORT_SET, NAME + 4), KERN_SUCCESS);
	EXPECT(mach_port_allocate_name(task, MACH_PORT_RIGHT_DEAD_NAME, NAME + 5), KERN_SUCCESS);
	EXPECT(mach_port_move_member(task, NAME + 3, NAME + 4), KERN_SUCCESS);
	once = port_make_send_once(port[4]);
	insert(task, NAME + 6, once, MACH_MSG_TYPE_MOVE_SEND_ONCE);
	port_destroy(port[4]);		/* a dead name there, which nobody has looked at */
	EXPECT(task_terminate(task), KERN_SUCCESS);
	EXPECT_TRUE(notification_is(port[0], MACH_NOTIFY_NO_SENDERS, 1));
	EXPECT_TRUE(notification_is(port[6], MACH_NOTIFY_PORT_DELETED, NAME));
	EXPECT_TRUE(notification_is(port[1], MACH_NOTIFY_SEND_ONCE, 0));
	EXPECT_TRUE(notification_is(watch, MACH_NOTIFY_DEAD_NAME, right));
	EXPECT(port_refs(right, MACH_PORT_RIGHT_DEAD_NAME), 2);
	EXPECT_TRUE(notification_is(port[7], MACH_NOTIFY_SEND_ONCE, 0));
	port[3] = destroyed_right(notify);
	EXPECT(port_status(port[3]).mps_pset, MACH_PORT_NULL);
	EXPECT(port_status(port[3]).mps_qlimit, 2);
	for (int i = 0; i < 8; i++)
		if (i != 4) {
			if (i != 2)
				EXPECT_TRUE(queue_is_empty(port[i]));
			port_destroy(port[i]);
		}
	EXPECT_TRUE(queue_is_empty(watch));
	port_destroy(task);
	port_destroy(notify);
	port_destroy(watch);
}
