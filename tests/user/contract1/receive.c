/* SPDX-License-Identifier: BSD-2-Clause */
/* Section 6: codes of a receive, and every byte of the receiver's buffer. */
#include <libmach/string.h>
#include <libmach/thread.h>
#include <mach.h>
#include <mach/vm_param.h>

#include "../common/messages.h"
#include "../common/ports.h"
#include "../common/snapshot.h"
#include "../common/subject.h"
#include "../common/tap.h"
#include "../common/worker.h"
#include "tests.h"

#define SELF	mach_task_self()
#define BLANK	0xee

static struct worker worker, other;

/* --- bytes ----------------------------------------------------------------------------------- */

static const mach_msg_size_t sizes[] = { 24, 28, 64 };

/* A message with a right and words up to a size; its reply is made send-once. */
static void make_sized(struct message *message, mach_port_t port, mach_port_t reply,
	mach_msg_size_t size)
{
	message_init(message, port, MACH_MSG_TYPE_COPY_SEND, reply, MACH_MSG_TYPE_MAKE_SEND_ONCE);
	message->header.msgh_id = 4444;
	if (size >= 64) {
		message_right(message, port, MACH_MSG_TYPE_COPY_SEND);
		message_type(message, MACH_MSG_TYPE_INTEGER_32, 32, (size - 36) / 4, TYPE_INLINE);
	}
	while (message->header.msgh_size < size)
		message_word(message, 0x11111111 + message->header.msgh_size);
}

static void send_sized(mach_port_t port, mach_port_t reply, mach_msg_size_t size)
{
	struct message message;

	make_sized(&message, port, reply, size);
	EXPECT(message_send(&message), MACH_MSG_SUCCESS);
}

/* The same in a round trip, whose answer is that there will be none. */
static void call_sized(mach_port_t port, mach_port_t reply, mach_msg_size_t size)
{
	struct message message;

	make_sized(&message, port, reply, size);
	EXPECT(mach_msg_trap(&message.header, MACH_SEND_MSG | MACH_RCV_MSG, size, sizeof message,
		reply, 0, 0), MACH_MSG_SUCCESS);
	EXPECT(message.header.msgh_id, MACH_NOTIFY_SEND_ONCE);
}

/* What a bare header must be; a trailer makes no difference. */
static mach_msg_header_t bare(mach_port_t port, mach_msg_size_t size, mach_port_seqno_t seqno)
{
	return (mach_msg_header_t) {
		.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_PORT_SEND_ONCE, MACH_MSG_TYPE_PORT_SEND)
			| (size >= 64 ? MACH_MSGH_BITS_COMPLEX : 0),
		.msgh_size = size,
		.msgh_remote_port = MACH_PORT_NULL,
		.msgh_local_port = port,
		.msgh_seqno = seqno,
		.msgh_id = 4444,
	};
}

static boolean_t is_blank(const unsigned char *bytes, unsigned int from, unsigned int to)
{
	for (unsigned int i = from; i < to; i++)
		if (bytes[i] != BLANK)
			return FALSE;
	return TRUE;
}

static unsigned char buffer[256] __attribute__((aligned(4)));

/* What the call has left in the buffer, by its result; the notify name is bad. */
static void check_bytes(mach_port_t port, mach_msg_size_t size, mach_msg_size_t trailer,
	mach_msg_size_t room, mach_msg_option_t option, mach_msg_return_t result,
	mach_port_seqno_t seqno)
{
	mach_msg_header_t header = bare(port, size, seqno);
	const mach_msg_header_t *got = (const mach_msg_header_t *) buffer;
	boolean_t fits = size + trailer <= room;

	if (fits && !(option & MACH_RCV_NOTIFY)) {
		EXPECT(result, MACH_MSG_SUCCESS);
		EXPECT(got->msgh_bits, header.msgh_bits);
		EXPECT(got->msgh_size, size);
		EXPECT(got->msgh_seqno, seqno);
		EXPECT(got->msgh_local_port, port);
		EXPECT_TRUE(is_blank(buffer, size + trailer, sizeof buffer));
		EXPECT(mach_port_deallocate(SELF, got->msgh_remote_port), KERN_SUCCESS);
		if (size >= 64)
			EXPECT(mach_port_deallocate(SELF, port), KERN_SUCCESS);
	} else if (!fits && (option & MACH_RCV_LARGE)) {
		EXPECT(result, MACH_RCV_TOO_LARGE);
		EXPECT_TRUE(is_blank(buffer, 0, 4));
		EXPECT(got->msgh_size, size + trailer);
		EXPECT_TRUE(is_blank(buffer, 8, sizeof buffer));
	} else {
		mach_msg_size_t written = room < sizeof header ? room : sizeof header;

		EXPECT(result, fits ? MACH_RCV_INVALID_NOTIFY : MACH_RCV_TOO_LARGE);
		EXPECT(memcmp(buffer, &header, written), 0);
		EXPECT_TRUE(is_blank(buffer, written, sizeof buffer));
	}
}

/* Sizes of trailers, by their elements. */
static const mach_msg_size_t trailers[] = { 0, 12, 20, 28 };

static void try_bytes(mach_port_t port, mach_port_t reply, mach_msg_size_t size,
	mach_msg_size_t room, mach_msg_option_t option, unsigned int elements)
{
	mach_msg_size_t whole = size + trailers[elements];
	mach_port_seqno_t seqno = port_status(port).mps_seqno;
	mach_msg_return_t result;
	boolean_t kept = whole > room && (option & MACH_RCV_LARGE);

	tap_about("%u bytes, trailer %u, room for %u, options 0x%x", size, elements, room, option);
	send_sized(port, reply, size);
	memset(buffer, BLANK, sizeof buffer);
	result = mach_msg_trap((mach_msg_header_t *) buffer, MACH_RCV_MSG | MACH_RCV_TIMEOUT
		| option | MACH_RCV_TRAILER_ELEMENTS(elements), 0, room, port, 0, MACH_PORT_DEAD);
	check_bytes(port, size, trailers[elements], room, option, result, seqno);
	EXPECT(port_status(port).mps_msgcount, kept);
	EXPECT(port_status(port).mps_seqno, seqno + !kept);
	if (kept)
		EXPECT(mach_msg_trap((mach_msg_header_t *) buffer, MACH_RCV_MSG | MACH_RCV_TIMEOUT,
			0, 0, port, 0, 0), MACH_RCV_TOO_LARGE);
	EXPECT_TRUE(notification_is(reply, MACH_NOTIFY_SEND_ONCE, 0));
	EXPECT(port_refs(port, MACH_PORT_RIGHT_SEND), 1);
}

/* Every size of buffer around every edge, with the options that change what is written. */
void test_written_bytes(void)
{
	static const mach_msg_size_t rooms[] = {
		0, 1, 3, 4, 7, 8, 9, 12, 20, 23, 24, 25, 26, 27, 28, 29, 31, 35, 36, 37, 39, 40, 44,
		48, 51, 52, 55, 56, 63, 64, 65, 75, 76, 77, 84, 91, 92, 93, 120,
	};
	mach_port_t port = port_new_with_send(1), reply = port_new();

	for (unsigned int size = 0; size < COUNT_OF(sizes); size++)
		for (unsigned int room = 0; room < COUNT_OF(rooms); room++)
			for (unsigned int i = 0; i < 16; i++)
				try_bytes(port, reply, sizes[size], rooms[room],
					(i & 4 ? MACH_RCV_LARGE : 0) | (i & 8 ? MACH_RCV_NOTIFY : 0),
					i & 3);
	port_destroy(port);
	port_destroy(reply);
}

static struct {
	mach_port_t		port, from;
	mach_msg_size_t		size, room;
	mach_msg_option_t	option;
	mach_port_seqno_t	seqno;
} waiting;

/* The same for a thread that waits when the message comes. */
static void wait_for_one(void *argument)
{
	mach_msg_size_t trailer = trailers[waiting.option >> 24 & 3];
	boolean_t kept = waiting.size + trailer > waiting.room
		&& (waiting.option & MACH_RCV_LARGE);
	mach_msg_return_t result;

	(void) argument;
	memset(buffer, BLANK, sizeof buffer);
	result = mach_msg_trap((mach_msg_header_t *) buffer, MACH_RCV_MSG | waiting.option, 0,
		waiting.room, waiting.from, 0, MACH_PORT_DEAD);
	EXPECT(port_status(waiting.port).mps_msgcount, kept);
	EXPECT(port_status(waiting.port).mps_seqno, waiting.seqno + !kept);
	check_bytes(waiting.port, waiting.size, trailer, waiting.room, waiting.option, result,
		waiting.seqno);
	if (kept)
		EXPECT(mach_msg_trap((mach_msg_header_t *) buffer, MACH_RCV_MSG | MACH_RCV_TIMEOUT,
			0, 0, waiting.from, 0, 0), MACH_RCV_TOO_LARGE);
}

static void try_waiting(mach_port_t port, mach_port_t from, mach_port_t reply,
	mach_msg_size_t size, mach_msg_size_t room, mach_msg_option_t option)
{
	for (unsigned int calls = 0; calls < 2; calls++) {
		mach_port_t thread;

		tap_about("waiting %s, %u bytes, room for %u, options 0x%x, %s", from == port
			? "on the port" : "on its set", size, room, option,
			calls ? "a call" : "a send");
		waiting.port = port;
		waiting.from = from;
		waiting.size = size;
		waiting.room = room;
		waiting.option = option;
		waiting.seqno = port_status(port).mps_seqno;
		EXPECT(mach_thread_start(wait_for_one, NULL, &thread), KERN_SUCCESS);
		sleep_for(1);
		(calls ? call_sized : send_sized)(port, reply, size);
		mach_thread_join(thread);
		if (!calls)
			EXPECT_TRUE(notification_is(reply, MACH_NOTIFY_SEND_ONCE, 0));
	}
}

void test_waiting_written_bytes(void)
{
	static const mach_msg_size_t rooms[] = { 0, 5, 20, 23, 24, 27, 28, 39, 40, 63, 64, 65, 91,
		92 };
	mach_port_t port = port_new_with_send(1), reply = port_new(), set = port_new_set();

	for (unsigned int i = 0; i < 16; i++) {
		if (i == 8)
			EXPECT(mach_port_move_member(SELF, port, set), KERN_SUCCESS);
		for (unsigned int size = 0; size < COUNT_OF(sizes); size++)
			for (unsigned int room = 0; room < COUNT_OF(rooms); room++)
				try_waiting(port, i < 8 ? port : set, reply, sizes[size],
					rooms[room], (i & 1 ? MACH_RCV_LARGE : 0)
					| (i & 2 ? MACH_RCV_NOTIFY : 0)
					| MACH_RCV_TRAILER_ELEMENTS(i & 4 ? i % 3 + 1 : 0));
	}
	port_destroy(port);
	port_destroy(reply);
	port_destroy(set);
}

/* --- names and options ----------------------------------------------------------------------- */

/* A call that also sends: the send counts first, then the name, of every kind. */
void test_source_names(void)
{
	mach_port_t port = port_new_with_send(1), member = port_new(), set = port_new_set();
	struct message message;

	EXPECT(mach_port_move_member(SELF, member, set), KERN_SUCCESS);
	for (enum kind kind = 0; kind <= KIND_COUNT; kind++) {
		struct subject subject = { .kind = kind, .name = member };
		mach_msg_return_t answer = MACH_RCV_IN_SET;
		boolean_t fails = FALSE;

		if (kind < KIND_COUNT) {
			subject = subject_make(kind);
			answer = kind_has_receive(kind) || kind == KIND_SET ? MACH_RCV_TIMED_OUT
				: MACH_RCV_INVALID_NAME;
		}
		tap_about("receive from %s", kind < KIND_COUNT ? kind_text(kind) : "a member");
		do {
			message_init(&message, fails ? MACH_PORT_NULL : port,
				MACH_MSG_TYPE_COPY_SEND, MACH_PORT_NULL, 0);
			EXPECT(mach_msg_trap(&message.header, MACH_SEND_MSG | MACH_RCV_MSG
				| MACH_RCV_TIMEOUT, 24, sizeof message, subject.name, 0, 0),
				fails ? MACH_SEND_INVALID_DEST : answer);
			EXPECT(message.header.msgh_bits, MACH_MSG_TYPE_COPY_SEND);
			if (!fails)
				EXPECT(message_receive(&message, port), MACH_MSG_SUCCESS);
			EXPECT_TRUE(queue_is_empty(port));
			fails = !fails;
		} while (fails);
		if (answer != MACH_RCV_TIMED_OUT) {	/* without a timeout it is the same */
			message_init(&message, port, MACH_MSG_TYPE_COPY_SEND, member,
				MACH_MSG_TYPE_MAKE_SEND_ONCE);
			EXPECT(mach_msg_trap(&message.header, MACH_SEND_MSG | MACH_RCV_MSG, 24,
				sizeof message, subject.name, 0, 0), answer);
			EXPECT(message_receive(&message, port), MACH_MSG_SUCCESS);
			EXPECT(mach_port_deallocate(SELF, message.header.msgh_remote_port),
				KERN_SUCCESS);
			EXPECT(message_receive(&message, set), MACH_MSG_SUCCESS);
			EXPECT(message.header.msgh_local_port, member);
		}
		if (kind < KIND_COUNT)
			subject_destroy(&subject);
	}
	port_destroy(port);
	port_destroy(member);
	port_destroy(set);
}

/* Bits without a meaning, and bits for the half that is not asked for, change nothing. */
void test_options(void)
{
	static const mach_msg_option_t strange = 0xff0000 | 0xf000 | 0xc
		| MACH_SEND_INTERRUPT | MACH_RCV_INTERRUPT;
	mach_port_t port = port_new_with_send(1), notify = port_new();
	struct message message;

	for (unsigned int bit = 0; bit < 32; bit++) {
		mach_msg_option_t option = 1u << bit;

		tap_about("option 0x%x", option);
		memset(&message, BLANK, sizeof message);
		if ((option & (MACH_SEND_MSG | MACH_RCV_MSG)) == 0)
			EXPECT(mach_msg_trap(&message.header, option, 24, sizeof message, port, 0,
				0), MACH_MSG_SUCCESS);
		EXPECT_TRUE(is_blank((unsigned char *) &message, 0, sizeof message));
		if (option & (MACH_RCV_MSG | MACH_SEND_CANCEL))
			continue;
		message_init(&message, port, MACH_MSG_TYPE_COPY_SEND, MACH_PORT_NULL, 0);
		EXPECT(mach_msg_trap(&message.header, MACH_SEND_MSG | option, 24, 0, 0, 0, 0),
			MACH_MSG_SUCCESS);
		if ((option & MACH_RCV_TRAILER_MASK) || option == MACH_SEND_MSG
				|| option == MACH_RCV_NOTIFY)
			option = 0;
		EXPECT(mach_msg_trap(&message.header, MACH_RCV_MSG | option, 0, sizeof message,
			port, 0, 0), MACH_MSG_SUCCESS);
	}
	tap_about("all strange bits");
	message_init(&message, port, MACH_MSG_TYPE_COPY_SEND, MACH_PORT_NULL, 0);
	EXPECT(mach_msg_trap(&message.header, MACH_SEND_MSG | MACH_RCV_MSG | strange, 24,
		sizeof message, port, 0, 0), MACH_MSG_SUCCESS);
	tap_about("MACH_SEND_ALWAYS is not the user's");
	EXPECT(mach_port_set_qlimit(SELF, port, 0), KERN_SUCCESS);
	message_init(&message, port, MACH_MSG_TYPE_MAKE_SEND, MACH_PORT_NULL, 0);
	EXPECT(mach_msg_trap(&message.header, MACH_SEND_MSG | MACH_SEND_TIMEOUT | MACH_SEND_ALWAYS,
		24, 0, 0, 0, 0), MACH_SEND_TIMED_OUT);
	EXPECT(port_refs(port, MACH_PORT_RIGHT_SEND), 2);
	tap_about("cancel and notify share the name");
	message_init(&message, port, MACH_MSG_TYPE_COPY_SEND, MACH_PORT_NULL, 0);
	EXPECT(mach_msg_trap(&message.header, MACH_SEND_MSG | MACH_SEND_CANCEL | MACH_SEND_NOTIFY,
		24, 0, 0, 0, notify), MACH_SEND_WILL_NOTIFY);
	EXPECT(message_receive(&message, port), MACH_MSG_SUCCESS);
	EXPECT_TRUE(notification_is(notify, MACH_NOTIFY_MSG_ACCEPTED, port));
	port_destroy(port);
	port_destroy(notify);
}

/* --- waiting --------------------------------------------------------------------------------- */

/* A new name for the port; the message comes under it. */
void test_waiters_survive(void)
{
	mach_port_t port = port_new_with_send(1), set = port_new_set(), member = port_new();
	const mach_port_t name = 0x6543210, set_name = 0x6543211;

	worker_receive(&worker, port);
	EXPECT(mach_port_rename(SELF, port, name), KERN_SUCCESS);
	EXPECT(worker_is_done(&worker), FALSE);
	EXPECT(send_simple(name, 3), MACH_MSG_SUCCESS);
	EXPECT(worker_end(&worker), MACH_MSG_SUCCESS);
	EXPECT(worker.message.header.msgh_local_port, name);
	tap_about("on a set: a member leaves, one dies, the set is renamed");
	EXPECT(mach_port_move_member(SELF, name, set), KERN_SUCCESS);
	EXPECT(mach_port_move_member(SELF, member, set), KERN_SUCCESS);
	worker_receive(&worker, set);
	EXPECT(mach_port_move_member(SELF, name, MACH_PORT_NULL), KERN_SUCCESS);
	port_destroy(member);
	EXPECT(mach_port_rename(SELF, set, set_name), KERN_SUCCESS);
	EXPECT(worker_is_done(&worker), FALSE);
	EXPECT(send_simple(name, 4), MACH_MSG_SUCCESS);
	EXPECT(worker_is_done(&worker), FALSE);
	EXPECT(mach_port_move_member(SELF, name, set_name), KERN_SUCCESS);
	EXPECT(worker_end(&worker), MACH_MSG_SUCCESS);
	EXPECT(worker.message.header.msgh_id, 4);
	EXPECT(worker.message.header.msgh_seqno, 1);
	port_destroy(name);
	port_destroy(set_name);
}

/* What ends a wait, on the port and on a set. */
void test_set_waiters(void)
{
	mach_port_t port = port_new_with_send(1), set = port_new_set(), second = port_new_set();
	struct message message;

	worker_receive(&worker, port);
	worker_receive(&other, set);
	EXPECT(mach_port_move_member(SELF, port, set), KERN_SUCCESS);
	EXPECT(worker_end(&worker), MACH_RCV_PORT_CHANGED);
	EXPECT(mach_port_move_member(SELF, port, set), KERN_SUCCESS);
	EXPECT(worker_is_done(&other), FALSE);
	tap_about("to oneself, in a set");
	message_init(&message, port, MACH_MSG_TYPE_COPY_SEND, MACH_PORT_NULL, 0);
	EXPECT(mach_msg_trap(&message.header, MACH_SEND_MSG | MACH_RCV_MSG, 24, sizeof message,
		port, 0, 0), MACH_RCV_IN_SET);
	EXPECT(worker_end(&other), MACH_MSG_SUCCESS);
	message_init(&message, port, MACH_MSG_TYPE_COPY_SEND, port, MACH_MSG_TYPE_MAKE_SEND_ONCE);
	EXPECT(mach_msg_trap(&message.header, MACH_SEND_MSG | MACH_RCV_MSG, 24, sizeof message,
		set, 0, 0), MACH_MSG_SUCCESS);
	EXPECT(message.header.msgh_local_port, port);
	EXPECT(message.header.msgh_seqno, 1);
	message_init(&message, message.header.msgh_remote_port, MACH_MSG_TYPE_MOVE_SEND_ONCE, 0,
		0);
	EXPECT(mach_msg_trap(&message.header, MACH_SEND_MSG | MACH_RCV_MSG, 24, sizeof message,
		set, 0, 0), MACH_MSG_SUCCESS);
	EXPECT(message.header.msgh_bits, MACH_MSGH_BITS(0, MACH_MSG_TYPE_PORT_SEND_ONCE));
	EXPECT(message.header.msgh_seqno, 2);
	tap_about("the port changes its set, and who waits on the old one stays");
	worker_receive(&worker, set);
	worker_receive(&other, second);
	EXPECT(mach_port_move_member(SELF, port, second), KERN_SUCCESS);
	EXPECT(send_simple(port, 5), MACH_MSG_SUCCESS);
	EXPECT(worker_end(&other), MACH_MSG_SUCCESS);
	EXPECT(other.message.header.msgh_seqno, 3);
	EXPECT(worker_is_done(&worker), FALSE);
	port_destroy(set);
	EXPECT(worker_end(&worker), MACH_RCV_PORT_DIED);
	EXPECT(mach_port_mod_refs(SELF, second, MACH_PORT_RIGHT_PORT_SET, -1), KERN_SUCCESS);
	EXPECT(message_receive(&message, port), MACH_RCV_TIMED_OUT);
	port_destroy(port);
}

/* --- MACH_RCV_NOTIFY ------------------------------------------------------------------------- */

static mach_msg_return_t receive_notify(struct message *message, mach_msg_size_t room,
	mach_port_t port, mach_port_t notify)
{
	return mach_msg_trap(&message->header, MACH_RCV_MSG | MACH_RCV_NOTIFY | MACH_RCV_TIMEOUT, 0,
		room, port, 0, notify);
}

/* The notify name of every kind: looked at when a message has been taken, and not before. */
void test_notify_kinds(void)
{
	mach_port_t port = port_new_with_send(1), reply = port_new();
	struct message message;

	for (enum kind kind = 0; kind < KIND_COUNT; kind++) {
		struct subject subject = subject_make(kind);

		tap_about("notify name %s", kind_text(kind));
		EXPECT(receive_notify(&message, sizeof message, port, subject.name),
			MACH_RCV_TIMED_OUT);
		EXPECT(receive_notify(&message, sizeof message, MACH_PORT_NULL, subject.name),
			MACH_RCV_INVALID_NAME);
		send_sized(port, reply, 64);
		memset(&message, BLANK, sizeof message);
		if (kind_has_receive(kind)) {
			EXPECT(receive_notify(&message, 64, port, subject.name), MACH_MSG_SUCCESS);
			EXPECT(port_type(message.header.msgh_remote_port),
				MACH_PORT_TYPE_SEND_ONCE | MACH_PORT_TYPE_DNREQUEST);
			EXPECT(port_status(subject.name).mps_sorights, 1);
			EXPECT(mach_port_deallocate(SELF, port), KERN_SUCCESS);
			EXPECT(mach_port_deallocate(SELF, message.header.msgh_remote_port),
				KERN_SUCCESS);
			EXPECT_TRUE(notification_is(subject.name, MACH_NOTIFY_PORT_DELETED,
				message.header.msgh_remote_port));
		} else {
			EXPECT(receive_notify(&message, 64, port, subject.name),
				MACH_RCV_INVALID_NOTIFY);
			EXPECT(message.header.msgh_bits, MACH_MSGH_BITS_COMPLEX | MACH_MSGH_BITS(
				MACH_MSG_TYPE_PORT_SEND_ONCE, MACH_MSG_TYPE_PORT_SEND));
			EXPECT(message.header.msgh_size, 64);
			EXPECT(message.header.msgh_remote_port, MACH_PORT_NULL);
			EXPECT(message.header.msgh_local_port, port);
			EXPECT_TRUE(is_blank((unsigned char *) &message, 24, sizeof message));
		}
		EXPECT_TRUE(notification_is(reply, MACH_NOTIFY_SEND_ONCE, 0));
		EXPECT_TRUE(queue_is_empty(port));
		EXPECT(port_refs(port, MACH_PORT_RIGHT_SEND), 1);
		tap_about("too large, notify name %s", kind_text(kind));
		send_sized(port, reply, 64);
		EXPECT(receive_notify(&message, 63, port, subject.name), MACH_RCV_TOO_LARGE);
		EXPECT_TRUE(notification_is(reply, MACH_NOTIFY_SEND_ONCE, 0));
		subject_destroy(&subject);
	}
	port_destroy(port);
	port_destroy(reply);
}

/* What gets a request: a new entry for the header's reply right, and nothing else. */
void test_notify_replies(void)
{
	mach_port_t port = port_new_with_send(1), notify = port_new();
	struct subject subject = subject_make(KIND_SEND_2);
	struct message message;
	mach_port_t name;

	tap_about("a send right known");
	message_init(&message, port, MACH_MSG_TYPE_COPY_SEND, subject.name,
		MACH_MSG_TYPE_COPY_SEND);
	EXPECT(message_send(&message), MACH_MSG_SUCCESS);
	EXPECT(receive_notify(&message, sizeof message, port, notify), MACH_MSG_SUCCESS);
	EXPECT(message.header.msgh_remote_port, subject.name);
	EXPECT(port_type(subject.name), MACH_PORT_TYPE_SEND);
	EXPECT(mach_port_mod_refs(SELF, subject.name, MACH_PORT_RIGHT_SEND, -2), KERN_SUCCESS);

	tap_about("a send right whose name has gone, and a right in the body");
	message_init(&message, port, MACH_MSG_TYPE_COPY_SEND, subject.name,
		MACH_MSG_TYPE_MOVE_SEND);
	message_right(&message, notify, MACH_MSG_TYPE_MAKE_SEND_ONCE);
	EXPECT(message_send(&message), MACH_MSG_SUCCESS);
	EXPECT(port_type(subject.name), 0);
	EXPECT(receive_notify(&message, sizeof message, port, notify), MACH_MSG_SUCCESS);
	name = message.header.msgh_remote_port;
	EXPECT(port_type(name), MACH_PORT_TYPE_SEND | MACH_PORT_TYPE_DNREQUEST);
	EXPECT(port_type(message.body[1]), MACH_PORT_TYPE_SEND_ONCE);
	port_destroy(message.body[1]);
	EXPECT_TRUE(notification_is(notify, MACH_NOTIFY_SEND_ONCE, 0));
	subject_destroy(&subject);
	EXPECT_TRUE(notification_is(notify, MACH_NOTIFY_DEAD_NAME, name));
	EXPECT(port_refs(name, MACH_PORT_RIGHT_DEAD_NAME), 2);
	port_destroy(name);

	tap_about("a dead reply, and none");
	subject = subject_make(KIND_DEAD_NAME);
	message_init(&message, port, MACH_MSG_TYPE_COPY_SEND, subject.name,
		MACH_MSG_TYPE_MOVE_SEND);
	EXPECT(message_send(&message), MACH_MSG_SUCCESS);
	EXPECT(send_simple(port, 1), MACH_MSG_SUCCESS);
	EXPECT(receive_notify(&message, sizeof message, port, notify), MACH_MSG_SUCCESS);
	EXPECT(message.header.msgh_remote_port, MACH_PORT_DEAD);
	EXPECT(receive_notify(&message, sizeof message, port, notify), MACH_MSG_SUCCESS);
	EXPECT(message.header.msgh_remote_port, MACH_PORT_NULL);
	EXPECT(port_status(notify).mps_sorights, 0);

	tap_about("the port itself is told");
	send_sized(port, port, 24);
	EXPECT(receive_notify(&message, sizeof message, port, port), MACH_MSG_SUCCESS);
	name = message.header.msgh_remote_port;
	EXPECT(port_status(port).mps_sorights, 2);
	port_destroy(port);
	EXPECT(port_type(name), MACH_PORT_TYPE_DEAD_NAME);
	EXPECT(port_refs(name, MACH_PORT_RIGHT_DEAD_NAME), 2);
	port_destroy(name);
	port_destroy(notify);
	subject_destroy(&subject);
}

/* --- sequence numbers ------------------------------------------------------------------------ */

static void expect_seqno(mach_port_t port, mach_port_seqno_t seqno)
{
	EXPECT(port_status(port).mps_seqno, seqno);
}

/* Every way in which a message leaves a port counts; those that stay do not. */
void test_seqno(void)
{
	mach_port_t port = port_new_with_send(1), reply = port_new(), set = port_new_set();
	struct message message;

	tap_about("too large, kept and not");
	send_sized(port, reply, 28);
	EXPECT(mach_msg_trap(&message.header, MACH_RCV_MSG | MACH_RCV_LARGE, 0, 27, port, 0, 0),
		MACH_RCV_TOO_LARGE);
	expect_seqno(port, 0);
	EXPECT(mach_msg_trap(&message.header, MACH_RCV_MSG, 0, 27, port, 0, 0),
		MACH_RCV_TOO_LARGE);
	EXPECT(message.header.msgh_seqno, 0);
	expect_seqno(port, 1);
	tap_about("a buffer that is not there");
	send_sized(port, reply, 28);
	EXPECT(mach_msg_trap((mach_msg_header_t *) VM_MAX_ADDRESS, MACH_RCV_MSG, 0, 28, port, 0,
		0), MACH_RCV_INVALID_DATA);
	expect_seqno(port, 2);
	send_sized(port, reply, 28);
	EXPECT(mach_msg_trap((mach_msg_header_t *) VM_MAX_ADDRESS, MACH_RCV_MSG, 0, 27, port, 0,
		0), MACH_RCV_TOO_LARGE);
	expect_seqno(port, 3);
	tap_about("a bad notify name");
	send_sized(port, reply, 28);
	EXPECT(receive_notify(&message, sizeof message, port, set), MACH_RCV_INVALID_NOTIFY);
	EXPECT(message.header.msgh_seqno, 3);
	tap_about("in and out of a set");
	EXPECT(mach_port_move_member(SELF, port, set), KERN_SUCCESS);
	expect_seqno(port, 4);
	EXPECT(send_simple(port, 1), MACH_MSG_SUCCESS);
	EXPECT(message_receive(&message, set), MACH_MSG_SUCCESS);
	EXPECT(message.header.msgh_seqno, 4);
	EXPECT(mach_port_move_member(SELF, port, MACH_PORT_NULL), KERN_SUCCESS);
	expect_seqno(port, 5);
	tap_about("the kernel's own messages");
	EXPECT(mach_port_deallocate(SELF, port_make_send_once(port)), KERN_SUCCESS);
	EXPECT(message_receive(&message, port), MACH_MSG_SUCCESS);
	EXPECT(message.header.msgh_seqno, 5);
	tap_about("the last number");
	EXPECT(mach_port_set_seqno(SELF, port, 0xffffffff), KERN_SUCCESS);
	EXPECT(send_simple(port, 1), MACH_MSG_SUCCESS);
	EXPECT(message_receive(&message, port), MACH_MSG_SUCCESS);
	EXPECT(message.header.msgh_seqno, 0xffffffff);
	expect_seqno(port, 0);
	for (unsigned int i = 0; i < 4; i++)
		EXPECT_TRUE(notification_is(reply, MACH_NOTIFY_SEND_ONCE, 0));
	port_destroy(port);
	port_destroy(reply);
	port_destroy(set);
}
