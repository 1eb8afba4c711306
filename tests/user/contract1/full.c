/* SPDX-License-Identifier: BSD-2-Clause */
/* Section 5: full queues, what comes back from them, and messages that lead into themselves. */
#include <libmach/string.h>
#include <mach.h>

#include "../common/messages.h"
#include "../common/ports.h"
#include "../common/snapshot.h"
#include "../common/subject.h"
#include "../common/tap.h"
#include "../common/worker.h"
#include "tests.h"

#define SELF	mach_task_self()
#define FOREVER	0xffffffff

static struct worker worker, others[3];

static mach_port_t full_port(void)
{
	mach_port_t port = port_new_with_send(1);

	EXPECT(mach_port_set_qlimit(SELF, port, 1), KERN_SUCCESS);
	EXPECT(send_simple(port, 1), MACH_MSG_SUCCESS);
	return port;
}

static void expect_id(mach_port_t port, mach_msg_id_t id, mach_port_seqno_t seqno)
{
	struct message message;

	EXPECT(message_receive_wait(&message, port, 500), MACH_MSG_SUCCESS);
	EXPECT(message.header.msgh_id, id);
	EXPECT(message.header.msgh_seqno, seqno);
}

/* --- what comes back ------------------------------------------------------------------------- */

/* The right that a disposition gives, and by how many user references it changes the name's. */
static unsigned int type_after(unsigned int how)
{
	switch (how) {
	case MACH_MSG_TYPE_MOVE_RECEIVE:
		return MACH_MSG_TYPE_PORT_RECEIVE;
	case MACH_MSG_TYPE_MOVE_SEND_ONCE:
	case MACH_MSG_TYPE_MAKE_SEND_ONCE:
		return MACH_MSG_TYPE_PORT_SEND_ONCE;
	default:
		return MACH_MSG_TYPE_PORT_SEND;
	}
}

/* A right in the body or as reply, by all dispositions; `sender' makes the call that fails. */
static void try_given_back(unsigned int how, boolean_t reply, boolean_t out_of_line,
	mach_msg_option_t option, mach_msg_return_t answer)
{
	mach_port_t port = full_port(), names[1];
	struct subject subject = subject_make(how == MACH_MSG_TYPE_MOVE_SEND_ONCE ? KIND_SEND_ONCE
		: KIND_SEND_RECEIVE);
	boolean_t adds = how == MACH_MSG_TYPE_COPY_SEND || how == MACH_MSG_TYPE_MAKE_SEND;
	struct message message;
	mach_port_t got;

	tap_about("disposition %u as %s, options 0x%x", how, reply ? "reply" : "a right", option);
	EXPECT(send_simple(subject.kind == KIND_SEND_ONCE ? port : subject.name, 5),
		subject.kind == KIND_SEND_ONCE ? MACH_SEND_TIMED_OUT : MACH_MSG_SUCCESS);
	message_init(&message, port, MACH_MSG_TYPE_COPY_SEND, reply ? subject.name
		: MACH_PORT_NULL, reply ? how : 0);
	message.header.msgh_seqno = 77;
	names[0] = subject.name;
	if (!reply && out_of_line)
		message_memory(&message, how, 32, 1, names, 0);
	else if (!reply)
		message_right(&message, subject.name, how);
	mach_msg_size_t size = message.header.msgh_size;

	message.header.msgh_size = 3;
	message.body[9] = 0xeeeeeeee;
	EXPECT(message_send_size(&message, size, option, 0), answer);
	EXPECT(message.header.msgh_size, size);
	EXPECT(message.header.msgh_seqno, 0);
	EXPECT(message.header.msgh_id, 1234);
	EXPECT(message.header.msgh_remote_port, port);
	EXPECT(message.header.msgh_bits, MACH_MSGH_BITS(MACH_MSG_TYPE_MOVE_SEND,
		reply ? type_after(how) : 0) | (reply ? 0 : MACH_MSGH_BITS_COMPLEX));
	EXPECT(port_refs(port, MACH_PORT_RIGHT_SEND), 2);
	EXPECT(message.body[9], 0xeeeeeeee);
	if (reply) {
		got = message.header.msgh_local_port;
	} else if (out_of_line) {
		EXPECT(message.body[0], TYPE_LONG | TYPE_DEALLOCATE);
		EXPECT(message.body[1], type_after(how) | 32 << 16);
		EXPECT_TRUE(message.body[3] != (uintptr_t) names);
		got = *(mach_port_t *) (uintptr_t) message.body[3];
		vm_deallocate(SELF, message.body[3], 4);
	} else {
		EXPECT(message.body[0], TYPE_INLINE | 1 << 16 | 32 << 8 | type_after(how));
		got = message.body[1];
	}
	if (type_after(how) == MACH_MSG_TYPE_PORT_SEND_ONCE) {
		EXPECT_TRUE(got != subject.name || how == MACH_MSG_TYPE_MOVE_SEND_ONCE);
		EXPECT(port_type(got), MACH_PORT_TYPE_SEND_ONCE);
		EXPECT(mach_port_deallocate(SELF, got), KERN_SUCCESS);
	} else {
		EXPECT(got, subject.name);
		EXPECT(port_refs(got, MACH_PORT_RIGHT_SEND), 1 + adds);
		EXPECT(port_type(got), MACH_PORT_TYPE_SEND_RECEIVE);
		EXPECT(port_status(got).mps_msgcount, 1);
		EXPECT(port_status(got).mps_mscount, how == MACH_MSG_TYPE_MOVE_RECEIVE ? 0
			: how == MACH_MSG_TYPE_MAKE_SEND ? 2 : 1);
	}
	port_destroy(port);
	subject_destroy(&subject);
}

/* Sends that come back: they timed out, or MACH_SEND_NOTIFY had no notify name. */
void test_given_back(void)
{
	for (unsigned int how = MACH_MSG_TYPE_MOVE_RECEIVE; how <= MACH_MSG_TYPE_MAKE_SEND_ONCE;
			how++)
		for (unsigned int i = 0; i < 2; i++) {
			mach_msg_option_t option = i ? MACH_SEND_NOTIFY : MACH_SEND_TIMEOUT;
			mach_msg_return_t answer = i ? MACH_SEND_INVALID_NOTIFY
				: MACH_SEND_TIMED_OUT;

			try_given_back(how, FALSE, FALSE, option, answer);
			try_given_back(how, FALSE, TRUE, option, answer);
			if (how != MACH_MSG_TYPE_MOVE_RECEIVE)
				try_given_back(how, TRUE, FALSE, option, answer);
		}
}

/* --- the limit ------------------------------------------------------------------------------- */

/* With a limit of 0 even a waiting receiver gets nothing by a send right. */
void test_zero_limit(void)
{
	mach_port_t port = port_new_with_send(1), once = port_make_send_once(port), reply;
	struct message message;

	EXPECT(mach_port_set_qlimit(SELF, port, 0), KERN_SUCCESS);
	worker_receive(&worker, port);
	EXPECT(send_simple(port, 1), MACH_SEND_TIMED_OUT);
	EXPECT(worker_is_done(&worker), FALSE);
	message_init(&message, once, MACH_MSG_TYPE_MOVE_SEND_ONCE, MACH_PORT_NULL, 0);
	EXPECT(message_send(&message), MACH_MSG_SUCCESS);
	EXPECT(worker_end(&worker), MACH_MSG_SUCCESS);
	EXPECT(worker.message.header.msgh_id, 1234);

	tap_about("a round trip blocks");
	reply = port_new();
	worker_receive(&worker, port);
	others[0] = (struct worker) { .option = MACH_SEND_MSG | MACH_RCV_MSG, .receive = reply };
	message_init(&others[0].message, port, MACH_MSG_TYPE_COPY_SEND, reply,
		MACH_MSG_TYPE_MAKE_SEND_ONCE);
	worker_start(&others[0]);
	EXPECT(worker_is_done(&worker), FALSE);
	EXPECT(mach_port_set_qlimit(SELF, port, 1), KERN_SUCCESS);
	EXPECT(worker_end(&worker), MACH_MSG_SUCCESS);
	EXPECT(mach_port_deallocate(SELF, worker.message.header.msgh_remote_port), KERN_SUCCESS);
	EXPECT(worker_end(&others[0]), MACH_MSG_SUCCESS);
	EXPECT(others[0].message.header.msgh_id, MACH_NOTIFY_SEND_ONCE);
	port_destroy(port);
	port_destroy(reply);
}

/* --- MACH_SEND_NOTIFY ------------------------------------------------------------------------ */

static mach_msg_return_t send_notify(mach_port_t port, unsigned int how, mach_port_t notify,
	mach_msg_option_t option, mach_msg_timeout_t timeout)
{
	struct message message;
	mach_msg_return_t result;

	message_init(&message, port, how, MACH_PORT_NULL, 0);
	message.header.msgh_id = 55;
	result = mach_msg_trap(&message.header, MACH_SEND_MSG | MACH_SEND_NOTIFY | option, 24, 0, 0,
		timeout, notify);
	if (result != MACH_MSG_SUCCESS && result != MACH_SEND_WILL_NOTIFY)
		EXPECT(mach_port_deallocate(SELF, message.header.msgh_remote_port), KERN_SUCCESS);
	return result;
}

/* Null, then the pending request, then what the name is; nobody looks when there is room. */
void test_notify_order(void)
{
	mach_port_t port = full_port(), notify = port_new();

	for (enum kind kind = 0; kind < KIND_COUNT; kind++) {
		struct subject subject = subject_make(kind);

		tap_about("notify name %s", kind_text(kind));
		if (!kind_has_receive(kind))
			EXPECT(send_notify(port, MACH_MSG_TYPE_COPY_SEND, subject.name, 0, 0),
				MACH_SEND_INVALID_NOTIFY);
		EXPECT(port_status(port).mps_msgcount, 1);
		EXPECT(port_refs(port, MACH_PORT_RIGHT_SEND), 1);
		subject_destroy(&subject);
	}
	EXPECT(send_notify(port, MACH_MSG_TYPE_COPY_SEND, notify, 0, 0), MACH_SEND_WILL_NOTIFY);
	for (enum kind kind = 0; kind < KIND_COUNT; kind++) {
		struct subject subject = subject_make(kind);

		tap_about("one pending, notify name %s", kind_text(kind));
		EXPECT(send_notify(port, MACH_MSG_TYPE_COPY_SEND, subject.name, 0, 0),
			kind == KIND_NULL ? MACH_SEND_INVALID_NOTIFY
			: MACH_SEND_NOTIFY_IN_PROGRESS);
		subject_destroy(&subject);
	}
	EXPECT(port_refs(port, MACH_PORT_RIGHT_SEND), 1);
	expect_id(port, 1, 0);
	expect_id(port, 55, 1);
	EXPECT_TRUE(notification_is(notify, MACH_NOTIFY_MSG_ACCEPTED, port));
	tap_about("room");
	EXPECT(send_notify(port, MACH_MSG_TYPE_COPY_SEND, MACH_PORT_DEAD, 0, 0), MACH_MSG_SUCCESS);
	EXPECT_TRUE(queue_is_empty(notify));
	port_destroy(port);
	port_destroy(notify);
}

/* One request for each entry: a send right that moved away leaves nothing behind. */
void test_notify_entries(void)
{
	mach_port_t port = full_port(), notify = port_new(), once = port_make_send_once(port);
	struct subject subject = subject_make(KIND_SEND);
	struct message message;

	tap_about("a send-once right passes");
	EXPECT(send_notify(once, MACH_MSG_TYPE_MOVE_SEND_ONCE, notify, 0, 0), MACH_MSG_SUCCESS);
	tap_about("the entry's right moves");
	EXPECT(mach_port_set_qlimit(SELF, subject.other, 1), KERN_SUCCESS);
	EXPECT(message_receive(&message, subject.other), MACH_MSG_SUCCESS);
	EXPECT(mach_port_set_qlimit(SELF, subject.name, 0), KERN_SUCCESS);
	message_init(&message, subject.other, MACH_MSG_TYPE_COPY_SEND, MACH_PORT_NULL, 0);
	message_right(&message, subject.name, MACH_MSG_TYPE_MOVE_RECEIVE);
	EXPECT(message_send(&message), MACH_MSG_SUCCESS);
	EXPECT(port_type(subject.name), MACH_PORT_TYPE_SEND);
	EXPECT(send_notify(subject.name, MACH_MSG_TYPE_MOVE_SEND, notify, 0, 0),
		MACH_SEND_WILL_NOTIFY);
	EXPECT(port_type(subject.name), 0);
	EXPECT_TRUE(queue_is_empty(notify));
	subject_destroy(&subject);
	EXPECT_TRUE(notification_is(notify, MACH_NOTIFY_MSG_ACCEPTED, MACH_PORT_NULL));
	tap_about("the message is destroyed, the entry a dead name");
	EXPECT(send_notify(port, MACH_MSG_TYPE_MAKE_SEND, notify, 0, 0), MACH_SEND_WILL_NOTIFY);
	EXPECT(port_type(port), MACH_PORT_TYPE_SEND_RECEIVE | MACH_PORT_TYPE_MAREQUEST);
	EXPECT(mach_port_mod_refs(SELF, port, MACH_PORT_RIGHT_RECEIVE, -1), KERN_SUCCESS);
	EXPECT_TRUE(notification_is(notify, MACH_NOTIFY_MSG_ACCEPTED, port));
	EXPECT(port_type(port), MACH_PORT_TYPE_DEAD_NAME);
	EXPECT_TRUE(queue_is_empty(notify));
	port_destroy(port);
	port_destroy(notify);
}

/* With a timeout it waits so long first; a wait that is aborted gives the message back. */
void test_notify_waits(void)
{
	mach_port_t port = full_port(), notify = port_new();

	EXPECT(send_notify(port, MACH_MSG_TYPE_COPY_SEND, notify, MACH_SEND_TIMEOUT, 20),
		MACH_SEND_WILL_NOTIFY);
	EXPECT(port_status(port).mps_msgcount, 2);
	EXPECT(send_notify(port, MACH_MSG_TYPE_COPY_SEND, notify, MACH_SEND_TIMEOUT, 1),
		MACH_SEND_NOTIFY_IN_PROGRESS);
	expect_id(port, 1, 0);
	expect_id(port, 55, 1);
	EXPECT_TRUE(notification_is(notify, MACH_NOTIFY_MSG_ACCEPTED, port));
	EXPECT(send_simple(port, 3), MACH_MSG_SUCCESS);
	worker = (struct worker) {
		.option = MACH_SEND_MSG | MACH_SEND_NOTIFY | MACH_SEND_TIMEOUT, .timeout = FOREVER,
	};
	message_init(&worker.message, port, MACH_MSG_TYPE_COPY_SEND, MACH_PORT_NULL, 0);
	worker_start(&worker);
	EXPECT(worker_is_done(&worker), FALSE);
	EXPECT(thread_abort(worker.thread), KERN_SUCCESS);
	EXPECT(worker_end(&worker), MACH_SEND_INTERRUPTED);
	EXPECT(worker.message.header.msgh_bits, MACH_MSG_TYPE_MOVE_SEND);
	EXPECT(port_refs(port, MACH_PORT_RIGHT_SEND), 2);
	tap_about("room comes in time");
	worker_start(&worker);
	expect_id(port, 3, 2);
	EXPECT(worker_end(&worker), MACH_MSG_SUCCESS);
	expect_id(port, 1234, 3);
	EXPECT_TRUE(queue_is_empty(notify));
	port_destroy(port);
	port_destroy(notify);
}

/* --- waiting --------------------------------------------------------------------------------- */

/* 2^32-1 milliseconds are long; a timeout without its option is none; both have their own. */
void test_long_timeouts(void)
{
	mach_port_t port = full_port(), empty = port_new();
	struct message message;

	worker = (struct worker) {
		.option = MACH_SEND_MSG | MACH_SEND_TIMEOUT, .timeout = FOREVER,
	};
	message_init(&worker.message, port, MACH_MSG_TYPE_COPY_SEND, MACH_PORT_NULL, 0);
	worker_start(&worker);
	others[0] = (struct worker) {
		.option = MACH_RCV_MSG | MACH_RCV_TIMEOUT, .timeout = FOREVER, .receive = empty,
	};
	worker_start(&others[0]);
	others[1] = (struct worker) { .option = MACH_RCV_MSG, .timeout = 1, .receive = empty };
	worker_start(&others[1]);
	sleep_for(50);
	EXPECT(worker_is_done(&worker) || worker_is_done(&others[0]) || worker_is_done(&others[1]),
		FALSE);
	EXPECT(thread_abort(others[0].thread), KERN_SUCCESS);
	EXPECT(thread_abort(others[1].thread), KERN_SUCCESS);
	EXPECT(worker_end(&others[0]), MACH_RCV_INTERRUPTED);
	EXPECT(worker_end(&others[1]), MACH_RCV_INTERRUPTED);
	expect_id(port, 1, 0);
	EXPECT(worker_end(&worker), MACH_MSG_SUCCESS);
	tap_about("a send's timeout is not the receive's");
	message_init(&message, port, MACH_MSG_TYPE_COPY_SEND, MACH_PORT_NULL, 0);
	EXPECT(mach_msg_trap(&message.header, MACH_SEND_MSG | MACH_RCV_MSG | MACH_RCV_TIMEOUT
		| MACH_SEND_TIMEOUT, 24, sizeof message, empty, 20, 0), MACH_SEND_TIMED_OUT);
	EXPECT(mach_port_deallocate(SELF, port), KERN_SUCCESS);
	message_init(&message, empty, MACH_MSG_TYPE_MAKE_SEND, MACH_PORT_NULL, 0);
	EXPECT(mach_msg_trap(&message.header, MACH_SEND_MSG | MACH_RCV_MSG | MACH_RCV_TIMEOUT, 24,
		sizeof message, empty, 1, 0), MACH_MSG_SUCCESS);
	EXPECT(mach_msg_trap(&message.header, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, sizeof message,
		empty, 1, 0), MACH_RCV_TIMED_OUT);
	port_destroy(port);
	port_destroy(empty);
}

/* The first that came goes first; one that gave up is passed over, and its place is closed. */
void test_senders_in_order(void)
{
	mach_port_t port = full_port();

	for (unsigned int i = 0; i < 3; i++)
		worker_send(&others[i], port, 10 + i);
	EXPECT(thread_abort(others[1].thread), KERN_SUCCESS);
	EXPECT(worker_end(&others[1]), MACH_SEND_INTERRUPTED);
	worker_send(&others[1], port, 20);
	tap_about("a raised limit lets in the first two of three");
	EXPECT(mach_port_set_qlimit(SELF, port, 3), KERN_SUCCESS);
	EXPECT(worker_end(&others[0]), MACH_MSG_SUCCESS);
	EXPECT(worker_end(&others[2]), MACH_MSG_SUCCESS);
	EXPECT(worker_is_done(&others[1]), FALSE);
	tap_about("nobody overtakes who waits");
	EXPECT(mach_port_set_qlimit(SELF, port, 1), KERN_SUCCESS);
	expect_id(port, 1, 0);
	EXPECT(worker_is_done(&others[1]), FALSE);
	expect_id(port, 10, 1);
	EXPECT(worker_is_done(&others[1]), FALSE);
	expect_id(port, 12, 2);
	EXPECT(send_simple(port, 99), MACH_SEND_TIMED_OUT);
	EXPECT(worker_end(&others[1]), MACH_MSG_SUCCESS);
	expect_id(port, 20, 3);
	EXPECT_TRUE(queue_is_empty(port));
	/* The aborted sender's right has come back. */
	EXPECT(port_refs(port, MACH_PORT_RIGHT_SEND), 2);
	port_destroy(port);
}

/* --- circles --------------------------------------------------------------------------------- */

enum circle { BY_RIGHT, BY_ARRAY, BY_LATER_RIGHT, BY_NOTIFY_OPTION, CIRCLES };

static mach_msg_return_t send_right(mach_port_t to, unsigned int how, mach_port_t right,
	enum circle form, mach_port_t reply)
{
	struct message message;
	mach_port_t names[2] = { MACH_PORT_NULL, right };

	message_init(&message, to, how, reply, MACH_MSG_TYPE_MAKE_SEND_ONCE);
	if (form == BY_ARRAY)
		message_memory(&message, MACH_MSG_TYPE_MOVE_RECEIVE, 32, 2, names, 0);
	if (form == BY_LATER_RIGHT)
		message_right(&message, reply, MACH_MSG_TYPE_MAKE_SEND_ONCE);
	if (form != BY_ARRAY)
		message_right(&message, right, MACH_MSG_TYPE_MOVE_RECEIVE);
	return message_send_size(&message, message.header.msgh_size, form == BY_NOTIFY_OPTION
		? MACH_SEND_NOTIFY : MACH_SEND_TIMEOUT, 0);
}

/*
 * A chain of so many ports, each one's receive right in the next one's queue, and the last one's
 * on its way into the first.  The send succeeds, and all of them die.
 */
static void try_circle(unsigned int length, enum circle form, boolean_t once)
{
	mach_port_t ports[4], reply = port_new();

	tap_about("%u ports, form %u, %s", length, form, once ? "by a send-once right" : "");
	for (unsigned int i = 0; i < length; i++)
		ports[i] = port_new_with_send(1);
	mach_port_t right = once ? port_make_send_once(ports[0]) : ports[0];

	for (unsigned int i = 0; i + 1 < length; i++)
		EXPECT(send_right(ports[i + 1], MACH_MSG_TYPE_COPY_SEND, ports[i], BY_RIGHT, reply),
			MACH_MSG_SUCCESS);
	EXPECT(send_right(right, once ? MACH_MSG_TYPE_MOVE_SEND_ONCE : MACH_MSG_TYPE_COPY_SEND,
		ports[length - 1], form, reply), MACH_MSG_SUCCESS);
	for (unsigned int i = 0; i < length; i++) {
		EXPECT(port_type(ports[i]), MACH_PORT_TYPE_DEAD_NAME);
		EXPECT(port_refs(ports[i], MACH_PORT_RIGHT_DEAD_NAME), 1);
		port_destroy(ports[i]);
	}
	for (unsigned int i = 0; i < length + (form == BY_LATER_RIGHT); i++)
		EXPECT_TRUE(notification_is(reply, MACH_NOTIFY_SEND_ONCE, 0));
	EXPECT_TRUE(queue_is_empty(reply));
	if (once)
		EXPECT(port_type(right), 0);
	port_destroy(reply);
}

void test_circles(void)
{
	for (unsigned int length = 1; length <= 4; length++)
		for (enum circle form = 0; form < CIRCLES; form++) {
			try_circle(length, form, FALSE);
			try_circle(length, form, TRUE);
		}
}

/* A full queue is noticed first: the right comes back, and the port is as it was. */
void test_full_circle(void)
{
	mach_port_t port = full_port(), reply = port_new(), notify = port_new();
	struct message message;

	message_init(&message, port, MACH_MSG_TYPE_COPY_SEND, MACH_PORT_NULL, 0);
	message_right(&message, port, MACH_MSG_TYPE_MOVE_RECEIVE);
	EXPECT(message_send(&message), MACH_SEND_TIMED_OUT);
	EXPECT(message.header.msgh_bits, MACH_MSGH_BITS_COMPLEX | MACH_MSG_TYPE_MOVE_SEND);
	EXPECT(message.body[1], port);
	EXPECT(port_type(port), MACH_PORT_TYPE_SEND_RECEIVE);
	EXPECT(port_status(port).mps_msgcount, 1);
	expect_id(port, 1, 0);
	tap_about("a blocked sender's circle, let in");
	EXPECT(send_simple(port, 1), MACH_MSG_SUCCESS);
	worker = (struct worker) { .option = MACH_SEND_MSG };
	message_init(&worker.message, port, MACH_MSG_TYPE_COPY_SEND, MACH_PORT_NULL, 0);
	message_right(&worker.message, port, MACH_MSG_TYPE_MOVE_RECEIVE);
	worker_start(&worker);
	EXPECT(worker_is_done(&worker), FALSE);
	EXPECT(port_type(port), MACH_PORT_TYPE_SEND);
	EXPECT(thread_abort(worker.thread), KERN_SUCCESS);
	EXPECT(worker_end(&worker), MACH_SEND_INTERRUPTED);
	EXPECT(port_type(port), MACH_PORT_TYPE_SEND_RECEIVE);
	expect_id(port, 1, 0);
	tap_about("past the limit, with a notification");
	EXPECT(send_simple(port, 1), MACH_MSG_SUCCESS);
	message_init(&message, port, MACH_MSG_TYPE_COPY_SEND, reply, MACH_MSG_TYPE_MAKE_SEND_ONCE);
	message_right(&message, port, MACH_MSG_TYPE_MOVE_RECEIVE);
	EXPECT(mach_msg_trap(&message.header, MACH_SEND_MSG | MACH_SEND_NOTIFY, 32, 0, 0, 0,
		notify), MACH_SEND_WILL_NOTIFY);
	EXPECT_TRUE(notification_is(notify, MACH_NOTIFY_MSG_ACCEPTED, port));
	EXPECT_TRUE(notification_is(reply, MACH_NOTIFY_SEND_ONCE, 0));
	EXPECT(port_type(port), MACH_PORT_TYPE_DEAD_NAME);
	/* One reference, and one from each of the two messages that came back. */
	EXPECT(port_refs(port, MACH_PORT_RIGHT_DEAD_NAME), 3);
	port_destroy(port);
	port_destroy(reply);
	port_destroy(notify);
}
