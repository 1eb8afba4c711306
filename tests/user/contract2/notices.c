/* SPDX-License-Identifier: BSD-2-Clause */
/* Section 11: requests for notifications, and each kind of notification byte for byte. */
#include <libmach/string.h>
#include <libmach/thread.h>
#include <mach.h>
#include <mach/notify.h>

#include "../common/messages.h"
#include "../common/ports.h"
#include "../common/subject.h"
#include "../common/tap.h"
#include "tests.h"

#define SELF		mach_task_self()
#define SEND_MAX	65534
#define DEAD_MAX	65535
#define ONCE		MACH_MSG_TYPE_MAKE_SEND_ONCE

static mach_port_t previous;

static kern_return_t ask(mach_port_t name, mach_msg_id_t id, mach_port_mscount_t sync,
	mach_port_t notify, mach_msg_type_name_t how)
{
	previous = 0x7e7e7e7e;
	return mach_port_request_notification(SELF, name, id, sync, notify, how, &previous);
}

static mach_port_t missing_name(void)
{
	mach_port_t name = port_new();

	port_destroy(name);
	return name;
}

/* --- codes -------------------------------- */

/* What is wrong with a request, from the check that comes first to the one that comes last. */
void test_request_order(void)
{
	mach_port_t notify = port_new(), set = port_new_set(), port = port_new();
	mach_port_t missing = missing_name(), dead, host = mach_host_self();
	static const mach_msg_id_t unknown[] = { 0, 64, 65, 66, 67, 68, 71, 73, 12345, -1 };

	for (unsigned int i = 0; i < 2; i++) {
		tap_about("dead notify right, %s", i ? "by name" : "by value");
		dead = i ? port_new_dead() : MACH_PORT_DEAD;
		EXPECT(ask(missing, 69, 1, dead, MACH_MSG_TYPE_MOVE_SEND_ONCE),
			KERN_INVALID_CAPABILITY);
		dead = i ? port_new_dead() : MACH_PORT_DEAD;
		EXPECT(ask(set, 12345, 1, dead, MACH_MSG_TYPE_MOVE_SEND_ONCE),
			KERN_INVALID_CAPABILITY);
		dead = i ? port_new_dead() : MACH_PORT_DEAD;
		EXPECT(mach_port_request_notification(host, missing, 69, 1, dead,
			MACH_MSG_TYPE_MOVE_SEND_ONCE, &previous), KERN_INVALID_TASK);
	}
	tap_about("sync, then the name, then the right, then the id");
	EXPECT(ask(missing, 69, 1, notify, ONCE), KERN_INVALID_VALUE);
	EXPECT(ask(set, 69, 0x80000000, notify, ONCE), KERN_INVALID_VALUE);
	EXPECT(ask(missing, 69, 0, notify, ONCE), KERN_INVALID_NAME);
	EXPECT(ask(set, 69, 0, notify, ONCE), KERN_INVALID_RIGHT);
	EXPECT(ask(missing, 70, 1, notify, ONCE), KERN_INVALID_NAME);
	EXPECT(ask(missing, 72, 1, notify, ONCE), KERN_INVALID_NAME);
	for (int i = 0; i < 6; i++)
		EXPECT_TRUE(notification_is(notify, MACH_NOTIFY_SEND_ONCE, 0));
	for (unsigned int i = 0; i < COUNT_OF(unknown); i++) {
		tap_about("id %d", unknown[i]);
		EXPECT(ask(missing, unknown[i], 1, notify, ONCE), KERN_INVALID_NAME);
		EXPECT(ask(set, unknown[i], 1, notify, ONCE), KERN_INVALID_VALUE);
		EXPECT(ask(port, unknown[i], 0, notify, ONCE), KERN_INVALID_VALUE);
		EXPECT(ask(port, unknown[i], 0, MACH_PORT_NULL, ONCE), KERN_INVALID_VALUE);
		for (int j = 0; j < 3; j++)
			EXPECT_TRUE(notification_is(notify, MACH_NOTIFY_SEND_ONCE, 0));
	}
	tap_about("%s", "");
	EXPECT(previous, 0x7e7e7e7e);
	EXPECT_TRUE(queue_is_empty(notify));
	EXPECT(mach_port_deallocate(SELF, host), KERN_SUCCESS);
	port_destroy(set);
	port_destroy(port);
	port_destroy(notify);
}

static kern_return_t expected_code(enum kind kind, mach_msg_id_t id, mach_port_mscount_t sync,
	boolean_t cancel)
{
	if (kind < KIND_RECEIVE)
		return KERN_INVALID_NAME;
	if (id != MACH_NOTIFY_DEAD_NAME)
		return kind_has_receive(kind) ? KERN_SUCCESS : KERN_INVALID_RIGHT;
	if (kind == KIND_SET)
		return KERN_INVALID_RIGHT;
	if (kind == KIND_DEAD_NAME && (sync == 0 || cancel))
		return KERN_INVALID_ARGUMENT;
	return KERN_SUCCESS;
}

/* Each request on each kind of name, with and without a notify right. */
void test_request_kinds(void)
{
	static const mach_msg_id_t ids[] = { 69, 70, 72 };

	for (enum kind kind = 0; kind < KIND_COUNT; kind++)
		for (unsigned int i = 0; i < 3 * 4; i++) {
			mach_port_t notify = port_new();
			mach_port_mscount_t sync = i / 3 & 1 && ids[i % 3] != 69 ? 5 : 0;
			boolean_t cancel = i / 6;
			struct subject subject = subject_make(kind);
			kern_return_t code = expected_code(kind, ids[i % 3], sync, cancel);

			tap_about("%s, id %d, sync %u, %s", kind_text(kind), ids[i % 3], sync,
				cancel ? "cancelled" : "new");
			EXPECT(ask(subject.name, ids[i % 3], sync,
				cancel ? MACH_PORT_NULL : notify, ONCE), code);
			if (code == KERN_SUCCESS)
				EXPECT(previous, MACH_PORT_NULL);
			else if (!cancel)
				EXPECT_TRUE(notification_is(notify, MACH_NOTIFY_SEND_ONCE, 0));
			if (kind == KIND_DEAD_NAME && code == KERN_SUCCESS) {
				EXPECT(port_refs(subject.name, MACH_PORT_RIGHT_DEAD_NAME), 2);
				EXPECT(port_type(subject.name), MACH_PORT_TYPE_DEAD_NAME);
			}
			port_destroy(notify);
			subject_destroy(&subject);
		}
}

/* Only a send-once right can be notified; others are given back. */
void test_notify_dispositions(void)
{
	static const mach_msg_type_name_t hows[] = { MACH_MSG_TYPE_MAKE_SEND,
		MACH_MSG_TYPE_COPY_SEND, MACH_MSG_TYPE_MOVE_SEND };
	mach_port_t port = port_new(), notify = port_new_with_send(2);

	for (unsigned int i = 0; i < COUNT_OF(hows); i++) {
		tap_about("disposition %u", hows[i]);
		EXPECT(ask(port, 72, 0, notify, hows[i]), (unsigned int) MIG_BAD_ARGUMENTS);
		EXPECT(ask(0, 12345, 0, notify, hows[i]), (unsigned int) MIG_BAD_ARGUMENTS);
		EXPECT(port_type(port), MACH_PORT_TYPE_RECEIVE);
	}
	EXPECT(port_type(notify), MACH_PORT_TYPE_RECEIVE);
	EXPECT(port_status(notify).mps_srights, FALSE);
	EXPECT_TRUE(queue_is_empty(notify));
	port_destroy(port);
	port_destroy(notify);
}

/* --- replaced and cancelled -------------------------------- */

/* Uses up the send-once right that came back, and says whether it led there. */
static void expect_right_to(mach_port_t right, mach_port_t port)
{
	struct message message;

	EXPECT(port_type(right), MACH_PORT_TYPE_SEND_ONCE);
	message_init(&message, right, MACH_MSG_TYPE_MOVE_SEND_ONCE, MACH_PORT_NULL, 0);
	EXPECT(message_send(&message), MACH_MSG_SUCCESS);
	EXPECT(message_receive(&message, port), MACH_MSG_SUCCESS);
	EXPECT(message.header.msgh_id, 1234);
}

void test_replaced(void)
{
	for (mach_msg_id_t id = 69; id <= 72; id += id == 70 ? 2 : 1) {
		mach_port_t port = port_new_with_send(1), a = port_new(), b = port_new();

		tap_about("id %d", id);
		EXPECT(ask(port, id, 0, a, ONCE), KERN_SUCCESS);
		EXPECT(previous, MACH_PORT_NULL);
		EXPECT(ask(port, id, 0, b, ONCE), KERN_SUCCESS);
		expect_right_to(previous, a);
		EXPECT(ask(port, id, 0, MACH_PORT_NULL, ONCE), KERN_SUCCESS);
		expect_right_to(previous, b);
		EXPECT(ask(port, id, 0, MACH_PORT_NULL, ONCE), KERN_SUCCESS);
		EXPECT(previous, MACH_PORT_NULL);
		EXPECT(port_type(port), MACH_PORT_TYPE_SEND_RECEIVE);
		EXPECT(port_status(port).mps_nsrequest + port_status(port).mps_pdrequest, 0);
		tap_about("id %d, the first one's port dead", id);
		EXPECT(ask(port, id, 0, a, ONCE), KERN_SUCCESS);
		port_destroy(a);
		EXPECT(ask(port, id, 0, b, ONCE), KERN_SUCCESS);
		EXPECT(previous, MACH_PORT_DEAD);
		tap_about("id %d, an error keeps the request", id);
		EXPECT(ask(port, id == 69 ? 12345 : 69, 1, b, ONCE), KERN_INVALID_VALUE);
		EXPECT_TRUE(notification_is(b, MACH_NOTIFY_SEND_ONCE, 0));
		EXPECT(ask(port, id, 0, MACH_PORT_NULL, ONCE), KERN_SUCCESS);
		expect_right_to(previous, b);
		port_destroy(port);
		EXPECT_TRUE(queue_is_empty(b));
		port_destroy(b);
	}
}

/* --- layouts -------------------------------- */

static void expect_notice(mach_port_t port, mach_msg_id_t id, mach_port_seqno_t seqno,
	mach_msg_bits_t high, uint32_t type, uint32_t value)
{
	mach_msg_size_t size = type == 0 ? 24 : 32;
	struct message message;

	tap_about("id %d", id);
	memset(&message, 0xee, sizeof message);
	EXPECT(message_receive(&message, port), MACH_MSG_SUCCESS);
	EXPECT(message.header.msgh_bits, high | 0x1200);
	EXPECT(message.header.msgh_size, size);
	EXPECT(message.header.msgh_remote_port, MACH_PORT_NULL);
	EXPECT(message.header.msgh_local_port, port);
	EXPECT(message.header.msgh_seqno, seqno);
	EXPECT(message.header.msgh_id, id);
	EXPECT(message.body[0], type == 0 ? 0xeeeeeeee : type);
	if (id != MACH_NOTIFY_PORT_DESTROYED)
		EXPECT(message.body[1], type == 0 ? 0xeeeeeeee : value);
	else
		port_destroy(message.body[1]);
	EXPECT(message.body[2], 0xeeeeeeee);
}

void test_layouts(void)
{
	mach_port_t notify = port_new(), port = port_new_with_send(1);
	struct message message;

	EXPECT(ask(port, 72, 0, notify, ONCE), KERN_SUCCESS);
	port_destroy(port);
	expect_notice(notify, MACH_NOTIFY_PORT_DELETED, 0, 0, 0x1001200f, port);
	port = port_new_with_send(1);
	EXPECT(mach_port_set_qlimit(SELF, port, 1), KERN_SUCCESS);
	EXPECT(send_simple(port, 1), MACH_MSG_SUCCESS);
	message_init(&message, port, MACH_MSG_TYPE_COPY_SEND, MACH_PORT_NULL, 0);
	EXPECT(mach_msg_trap(&message.header, MACH_SEND_MSG | MACH_SEND_NOTIFY, 24, 0, 0, 0,
		notify), MACH_SEND_WILL_NOTIFY);
	EXPECT(message_receive(&message, port), MACH_MSG_SUCCESS);
	EXPECT_TRUE(queue_is_empty(notify));
	EXPECT(message_receive(&message, port), MACH_MSG_SUCCESS);
	expect_notice(notify, MACH_NOTIFY_MSG_ACCEPTED, 1, 0, 0x1001200f, port);
	EXPECT(ask(port, 70, 0, notify, ONCE), KERN_SUCCESS);
	EXPECT(mach_port_set_mscount(SELF, port, 0x87654321), KERN_SUCCESS);
	EXPECT(mach_port_deallocate(SELF, port), KERN_SUCCESS);
	expect_notice(notify, MACH_NOTIFY_NO_SENDERS, 2, 0, 0x10012002, 0x87654321);
	EXPECT(ask(port, 69, 0, notify, ONCE), KERN_SUCCESS);
	port_destroy(port);
	expect_notice(notify, MACH_NOTIFY_PORT_DESTROYED, 3, MACH_MSGH_BITS_COMPLEX, 0x10012010, 0);
	EXPECT(mach_port_deallocate(SELF, port_make_send_once(notify)), KERN_SUCCESS);
	expect_notice(notify, MACH_NOTIFY_SEND_ONCE, 4, 0, 0, 0);
	port = port_new_with_send(1);
	EXPECT(ask(port, 72, 7, notify, ONCE), KERN_SUCCESS);
	EXPECT(mach_port_mod_refs(SELF, port, MACH_PORT_RIGHT_RECEIVE, -1), KERN_SUCCESS);
	expect_notice(notify, MACH_NOTIFY_DEAD_NAME, 5, 0, 0x1001200f, port);
	tap_about("each fires once");
	EXPECT_TRUE(queue_is_empty(notify));
	port_destroy(port);
	port_destroy(notify);
}

/* --- names that change -------------------------------- */

#define NEW_NAME	0x8765432fu

void test_renamed(void)
{
	mach_port_t notify = port_new(), port = port_new_with_send(2), once;

	EXPECT(ask(port, 72, 0, notify, ONCE), KERN_SUCCESS);
	EXPECT(mach_port_rename(SELF, port, NEW_NAME), KERN_SUCCESS);
	EXPECT_TRUE(queue_is_empty(notify));
	EXPECT(port_type(NEW_NAME), MACH_PORT_TYPE_SEND_RECEIVE | MACH_PORT_TYPE_DNREQUEST);
	EXPECT(mach_port_mod_refs(SELF, NEW_NAME, MACH_PORT_RIGHT_RECEIVE, -1), KERN_SUCCESS);
	EXPECT_TRUE(notification_is(notify, MACH_NOTIFY_DEAD_NAME, NEW_NAME));
	EXPECT(port_refs(NEW_NAME, MACH_PORT_RIGHT_DEAD_NAME), 3);
	port_destroy(NEW_NAME);
	EXPECT_TRUE(queue_is_empty(notify));
	port = port_new();
	once = port_make_send_once(port);
	EXPECT(ask(once, 72, 0, notify, ONCE), KERN_SUCCESS);
	EXPECT(mach_port_rename(SELF, once, NEW_NAME), KERN_SUCCESS);
	EXPECT(mach_port_deallocate(SELF, NEW_NAME), KERN_SUCCESS);
	EXPECT_TRUE(notification_is(notify, MACH_NOTIFY_PORT_DELETED, NEW_NAME));
	EXPECT_TRUE(notification_is(port, MACH_NOTIFY_SEND_ONCE, 0));
	tap_about("the other requests");
	EXPECT(ask(port, 69, 0, notify, ONCE), KERN_SUCCESS);
	EXPECT(ask(port, 70, 1, notify, ONCE), KERN_SUCCESS);
	EXPECT(mach_port_rename(SELF, port, NEW_NAME), KERN_SUCCESS);
	EXPECT(port_status(NEW_NAME).mps_nsrequest + port_status(NEW_NAME).mps_pdrequest, 2);
	EXPECT_TRUE(queue_is_empty(notify));
	EXPECT(ask(NEW_NAME, 69, 0, MACH_PORT_NULL, ONCE), KERN_SUCCESS);
	EXPECT(mach_port_deallocate(SELF, previous), KERN_SUCCESS);
	EXPECT_TRUE(notification_is(notify, MACH_NOTIFY_SEND_ONCE, 0));
	port_destroy(NEW_NAME);
	EXPECT_TRUE(notification_is(notify, MACH_NOTIFY_SEND_ONCE, 0));
	port_destroy(notify);
}

/* The ways in which a name goes that has a request. */
static void let_go(struct subject *subject, unsigned int way, mach_port_t carrier)
{
	unsigned int move = subject->kind == KIND_SEND_ONCE ? MACH_MSG_TYPE_MOVE_SEND_ONCE
		: subject->kind == KIND_RECEIVE ? MACH_MSG_TYPE_MOVE_RECEIVE
		: MACH_MSG_TYPE_MOVE_SEND;
	mach_port_right_t right = subject->kind == KIND_SEND_ONCE ? MACH_PORT_RIGHT_SEND_ONCE
		: subject->kind == KIND_RECEIVE ? MACH_PORT_RIGHT_RECEIVE : MACH_PORT_RIGHT_SEND;
	struct message message;

	message_init(&message, carrier, MACH_MSG_TYPE_MAKE_SEND_ONCE, MACH_PORT_NULL, 0);
	switch (way) {
	case 0:
		EXPECT(mach_port_mod_refs(SELF, subject->name, right, -1), KERN_SUCCESS);
		break;
	case 1:
		EXPECT(mach_port_destroy(SELF, subject->name), KERN_SUCCESS);
		break;
	case 2:
		message_right(&message, subject->name, move);
		EXPECT(message_send(&message), MACH_MSG_SUCCESS);
		break;
	case 3:
		if (subject->kind == KIND_RECEIVE)
			message_right(&message, subject->name, move);
		else
			message_init(&message, carrier, MACH_MSG_TYPE_MAKE_SEND_ONCE,
				subject->name, move);
		EXPECT(message_send(&message), MACH_MSG_SUCCESS);
		break;
	default:
		message_init(&message, subject->name, move, MACH_PORT_NULL, 0);
		EXPECT(message_send(&message), subject->kind == KIND_RECEIVE
			? MACH_SEND_INVALID_HEADER : MACH_MSG_SUCCESS);
		if (subject->kind == KIND_RECEIVE)
			port_destroy(subject->name);
	}
}

void test_deleted(void)
{
	static const enum kind kinds[] = { KIND_SEND, KIND_SEND_ONCE, KIND_RECEIVE };

	for (unsigned int i = 0; i < COUNT_OF(kinds) * 5; i++) {
		struct subject subject = subject_make(kinds[i % 3]);
		mach_port_t notify = port_new(), carrier = port_new();

		tap_about("%s, way %u", kind_text(kinds[i % 3]), i / 3);
		EXPECT(ask(subject.name, 72, 0, notify, ONCE), KERN_SUCCESS);
		let_go(&subject, i / 3, carrier);
		EXPECT(port_type(subject.name), 0);
		EXPECT_TRUE(notification_is(notify, MACH_NOTIFY_PORT_DELETED, subject.name));
		port_destroy(carrier);
		EXPECT_TRUE(queue_is_empty(notify));
		port_destroy(notify);
		subject_destroy(&subject);
	}
}

/* --- references at their limits -------------------------------- */

void test_request_limits(void)
{
	mach_port_t notify = port_new(), name = port_new_dead();

	EXPECT(mach_port_mod_refs(SELF, name, MACH_PORT_RIGHT_DEAD_NAME, DEAD_MAX - 2),
		KERN_SUCCESS);
	EXPECT(ask(name, 72, 1, notify, ONCE), KERN_SUCCESS);
	EXPECT_TRUE(notification_is(notify, MACH_NOTIFY_DEAD_NAME, name));
	EXPECT(port_refs(name, MACH_PORT_RIGHT_DEAD_NAME), DEAD_MAX);
	EXPECT(ask(name, 72, 1, notify, ONCE), KERN_UREFS_OVERFLOW);
	EXPECT_TRUE(notification_is(notify, MACH_NOTIFY_SEND_ONCE, 0));
	EXPECT(ask(name, 72, 0, notify, ONCE), KERN_INVALID_ARGUMENT);
	EXPECT_TRUE(notification_is(notify, MACH_NOTIFY_SEND_ONCE, 0));
	EXPECT(ask(name, 72, 1, MACH_PORT_NULL, ONCE), KERN_INVALID_ARGUMENT);
	EXPECT(mach_port_mod_refs(SELF, name, MACH_PORT_RIGHT_DEAD_NAME, 1), KERN_UREFS_OVERFLOW);
	EXPECT(mach_port_deallocate(SELF, name), KERN_SUCCESS);
	EXPECT(port_refs(name, MACH_PORT_RIGHT_DEAD_NAME), DEAD_MAX);
	port_destroy(name);
	for (unsigned int refs = SEND_MAX - 2; refs <= SEND_MAX; refs++) {
		unsigned int dead = refs == SEND_MAX ? DEAD_MAX : refs + 1;
		mach_port_t port = port_new_with_send(1);

		tap_about("%u references", refs);
		EXPECT(mach_port_mod_refs(SELF, port, MACH_PORT_RIGHT_SEND, refs - 1),
			KERN_SUCCESS);
		EXPECT(ask(port, 72, 0, notify, ONCE), KERN_SUCCESS);
		EXPECT(mach_port_mod_refs(SELF, port, MACH_PORT_RIGHT_RECEIVE, -1), KERN_SUCCESS);
		EXPECT_TRUE(notification_is(notify, MACH_NOTIFY_DEAD_NAME, port));
		EXPECT(port_refs(port, MACH_PORT_RIGHT_DEAD_NAME), dead);
		EXPECT(mach_port_deallocate(SELF, port), KERN_SUCCESS);
		EXPECT(port_refs(port, MACH_PORT_RIGHT_DEAD_NAME), dead - (dead != DEAD_MAX));
		EXPECT(mach_port_mod_refs(SELF, port, MACH_PORT_RIGHT_DEAD_NAME,
			-port_refs(port, MACH_PORT_RIGHT_DEAD_NAME)), KERN_SUCCESS);
		EXPECT(port_type(port), 0);
	}
	EXPECT_TRUE(queue_is_empty(notify));
	port_destroy(notify);
}

/* --- no senders -------------------------------- */

static void try_sync(unsigned int made, mach_port_mscount_t sync)
{
	mach_port_t port = port_new_with_send(made), notify = port_new();

	tap_about("sync %u, %u made", sync, made);
	if (made > 0)
		EXPECT(mach_port_mod_refs(SELF, port, MACH_PORT_RIGHT_SEND, -made), KERN_SUCCESS);
	EXPECT(ask(port, 70, sync, notify, ONCE), KERN_SUCCESS);
	EXPECT(previous, MACH_PORT_NULL);
	EXPECT(port_status(port).mps_nsrequest, sync > made);
	if (sync <= made) {
		EXPECT_TRUE(notification_is(notify, MACH_NOTIFY_NO_SENDERS, made));
	} else {
		EXPECT_TRUE(queue_is_empty(notify));
		EXPECT(mach_port_set_mscount(SELF, port, sync), KERN_SUCCESS);
		EXPECT(mach_port_set_mscount(SELF, port, 0xffffffff), KERN_SUCCESS);
		EXPECT(mach_port_set_mscount(SELF, port, 0), KERN_SUCCESS);
		EXPECT_TRUE(queue_is_empty(notify));
		port_make_send(port);
		EXPECT(mach_port_deallocate(SELF, port), KERN_SUCCESS);
		EXPECT_TRUE(notification_is(notify, MACH_NOTIFY_NO_SENDERS, 1));
	}
	EXPECT(port_status(port).mps_nsrequest, FALSE);
	port_make_send(port);
	EXPECT(mach_port_deallocate(SELF, port), KERN_SUCCESS);
	EXPECT_TRUE(queue_is_empty(notify));
	port_destroy(port);
	port_destroy(notify);
}

void test_no_senders_sync(void)
{
	static const mach_port_mscount_t syncs[] = { 0, 1, 2, 3, 4, 0x7fffffff, 0x80000000,
		0xffffffff };

	for (unsigned int made = 0; made < 4; made++)
		for (unsigned int i = 0; i < COUNT_OF(syncs); i++)
			try_sync(made, syncs[i]);
}

/* The request stays with the port, and fires in transit too, with the count that it has then. */
void test_no_senders_moved(void)
{
	for (unsigned int when = 0; when < 3; when++) {
		mach_port_t port = port_new_with_send(3), notify = port_new(), carrier = port_new();
		struct message message;

		tap_about("the last send right goes %s", when == 0 ? "before" : when == 1
			? "in transit" : "after");
		EXPECT(ask(port, 70, 0, notify, ONCE), KERN_SUCCESS);
		if (when == 0)
			EXPECT(mach_port_mod_refs(SELF, port, MACH_PORT_RIGHT_SEND, -3),
				KERN_SUCCESS);
		message_init(&message, carrier, MACH_MSG_TYPE_MAKE_SEND_ONCE, MACH_PORT_NULL, 0);
		message_right(&message, port, MACH_MSG_TYPE_MOVE_RECEIVE);
		EXPECT(message_send(&message), MACH_MSG_SUCCESS);
		if (when == 1)
			EXPECT(mach_port_mod_refs(SELF, port, MACH_PORT_RIGHT_SEND, -3),
				KERN_SUCCESS);
		EXPECT(message_receive(&message, carrier), MACH_MSG_SUCCESS);
		port = message.body[1];
		EXPECT(port_status(port).mps_mscount, 0);
		EXPECT(port_status(port).mps_nsrequest, when == 2);
		if (when == 2) {
			EXPECT_TRUE(queue_is_empty(notify));
			EXPECT(mach_port_mod_refs(SELF, port, MACH_PORT_RIGHT_SEND, -3),
				KERN_SUCCESS);
		}
		EXPECT_TRUE(notification_is(notify, MACH_NOTIFY_NO_SENDERS, when == 0 ? 3 : 0));
		EXPECT_TRUE(queue_is_empty(notify));
		port_destroy(port);
		port_destroy(notify);
		port_destroy(carrier);
	}
}

/* --- calls that use up the last send right -------------------------------- */

/* Answers until the port goes. */
static void serve(void *argument)
{
	mach_port_t service = *(mach_port_t *) argument;
	struct message message;
	mach_msg_return_t mr;

	mr = mach_msg_trap(&message.header, MACH_RCV_MSG, 0, sizeof message, service, 0, 0);
	while (mr == MACH_MSG_SUCCESS) {
		message.header.msgh_bits = MACH_MSG_TYPE_MOVE_SEND_ONCE;
		message.header.msgh_local_port = MACH_PORT_NULL;
		mr = mach_msg_trap(&message.header, MACH_SEND_MSG | MACH_RCV_MSG, 24,
			sizeof message, service, 0, 0);
	}
}

/* The server is waiting: the request goes straight to it, and takes the last right with it. */
void test_no_senders_calls(void)
{
	mach_port_t service = port_new(), reply = port_new(), notify = port_new(), thread;
	struct message message;

	EXPECT(mach_thread_start(serve, &service, &thread), KERN_SUCCESS);
	sleep_for(30);
	for (unsigned int i = 0; i < 12; i++) {
		unsigned int how = i % 3 == 0 ? MACH_MSG_TYPE_MAKE_SEND
			: i % 3 == 1 ? MACH_MSG_TYPE_MOVE_SEND : MACH_MSG_TYPE_COPY_SEND;

		tap_about("call %u", i);
		if (how != MACH_MSG_TYPE_MAKE_SEND)
			port_make_send(service);
		EXPECT(ask(service, 70, 0xffffffff, notify, ONCE), KERN_SUCCESS);
		message_init(&message, service, how, reply, ONCE);
		EXPECT(mach_msg_trap(&message.header, MACH_SEND_MSG | MACH_RCV_MSG, 24,
			sizeof message, reply, 0, 0), MACH_MSG_SUCCESS);
		if (how == MACH_MSG_TYPE_COPY_SEND) {
			EXPECT_TRUE(queue_is_empty(notify));
			EXPECT(mach_port_deallocate(SELF, service), KERN_SUCCESS);
		}
		EXPECT_TRUE(notification_is(notify, MACH_NOTIFY_NO_SENDERS, i + 1));
		EXPECT_TRUE(queue_is_empty(notify));
	}
	port_destroy(service);
	mach_thread_join(thread);
	port_destroy(reply);
	port_destroy(notify);
}

/* --- requests to the port itself -------------------------------- */

void test_own_requests(void)
{
	mach_port_t port = port_new_with_send(1), once;
	struct message message;

	EXPECT(ask(port, 70, 0, port, ONCE), KERN_SUCCESS);
	EXPECT(mach_port_deallocate(SELF, port), KERN_SUCCESS);
	EXPECT_TRUE(notification_is(port, MACH_NOTIFY_NO_SENDERS, 1));
	port_make_send(port);
	EXPECT(mach_port_set_qlimit(SELF, port, 0), KERN_SUCCESS);
	message_init(&message, port, MACH_MSG_TYPE_COPY_SEND, MACH_PORT_NULL, 0);
	EXPECT(mach_msg_trap(&message.header, MACH_SEND_MSG | MACH_SEND_NOTIFY, 24, 0, 0, 0, port),
		MACH_SEND_WILL_NOTIFY);
	EXPECT(message_receive(&message, port), MACH_MSG_SUCCESS);
	EXPECT(message.header.msgh_id, 1234);
	EXPECT_TRUE(notification_is(port, MACH_NOTIFY_MSG_ACCEPTED, port));
	once = port_make_send_once(port);
	EXPECT(ask(once, 72, 0, port, ONCE), KERN_SUCCESS);
	EXPECT(ask(port, 72, 0, port, ONCE), KERN_SUCCESS);
	EXPECT(ask(port, 70, 0, port, ONCE), KERN_SUCCESS);
	message_init(&message, port, MACH_MSG_TYPE_COPY_SEND, MACH_PORT_NULL, 0);
	EXPECT(mach_msg_trap(&message.header, MACH_SEND_MSG | MACH_SEND_NOTIFY, 24, 0, 0, 0, port),
		MACH_SEND_WILL_NOTIFY);
	EXPECT(mach_port_mod_refs(SELF, port, MACH_PORT_RIGHT_RECEIVE, -1), KERN_SUCCESS);
	EXPECT(port_refs(port, MACH_PORT_RIGHT_DEAD_NAME), 2);
	EXPECT(port_refs(once, MACH_PORT_RIGHT_DEAD_NAME), 2);
	EXPECT(port_type(port), MACH_PORT_TYPE_DEAD_NAME);
	port_destroy(port);
	port_destroy(once);
}

/* --- requests on names whose port has died ------------------------------------------------- */

/* With and without a request before; nobody has looked at the name since. */
void test_requests_after_death(void)
{
	for (unsigned int way = 0; way < 8; way++) {
		mach_port_t port = port_new_with_send(1), name = port, holder = port_new();
		mach_port_t notify = port_new();
		boolean_t first = way & 1, replaced = way & 4;
		struct message message;

		tap_about("way %u", way);
		if (way & 2)
			name = port_make_send_once(port);
		if (first)
			EXPECT(ask(name, 72, 0, notify, ONCE), KERN_SUCCESS);
		message_init(&message, holder, ONCE, MACH_PORT_NULL, 0);
		message_right(&message, port, MACH_MSG_TYPE_MOVE_RECEIVE);
		EXPECT(message_send(&message), MACH_MSG_SUCCESS);
		port_destroy(holder);
		if (first)
			EXPECT_TRUE(notification_is(notify, MACH_NOTIFY_DEAD_NAME, name));
		if (replaced) {
			EXPECT(ask(name, 72, 0, notify, ONCE), KERN_INVALID_ARGUMENT);
			EXPECT_TRUE(notification_is(notify, MACH_NOTIFY_SEND_ONCE, 0));
			EXPECT(ask(name, 70, 0, notify, ONCE), KERN_INVALID_RIGHT);
			EXPECT_TRUE(notification_is(notify, MACH_NOTIFY_SEND_ONCE, 0));
		}
		EXPECT(ask(name, 72, 1, notify, ONCE), KERN_SUCCESS);
		EXPECT(previous, MACH_PORT_NULL);
		EXPECT_TRUE(notification_is(notify, MACH_NOTIFY_DEAD_NAME, name));
		EXPECT(port_type(name), MACH_PORT_TYPE_DEAD_NAME);
		EXPECT(port_refs(name, MACH_PORT_RIGHT_DEAD_NAME), 2 + first);
		EXPECT_TRUE(queue_is_empty(notify));
		if (name != port)
			port_destroy(port);
		port_destroy(name);
		EXPECT_TRUE(queue_is_empty(notify));
		port_destroy(notify);
	}
}
