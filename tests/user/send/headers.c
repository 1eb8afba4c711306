/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tests of the header.  Each goes through all kinds of names and all dispositions, with a
 * function that says what the answer must be.
 */
#include "headers.h"

#include <mach.h>

#include "../common/messages.h"
#include "../common/ports.h"
#include "../common/subject.h"
#include "../common/tap.h"

static boolean_t is_disposition(unsigned int type)
{
	return type >= MACH_MSG_TYPE_MOVE_SEND && type <= MACH_MSG_TYPE_MAKE_SEND_ONCE;
}

/* Can a name of this kind be taken like this, alive? */
static boolean_t can_take(enum kind kind, unsigned int type)
{
	switch (type) {
	case MACH_MSG_TYPE_MOVE_SEND:
	case MACH_MSG_TYPE_COPY_SEND:
		return kind_has_send(kind);
	case MACH_MSG_TYPE_MOVE_SEND_ONCE:
		return kind == KIND_SEND_ONCE;
	default:
		return kind_has_receive(kind);
	}
}

/* --- the destination ------------------------------------------------------------------------- */

static mach_msg_return_t expected_for_destination(enum kind kind, unsigned int type)
{
	if (!is_disposition(type))
		return MACH_SEND_INVALID_HEADER;
	return can_take(kind, type) ? MACH_MSG_SUCCESS : MACH_SEND_INVALID_DEST;
}

static void try_destination(enum kind kind, unsigned int type)
{
	struct subject subject = subject_make(kind);
	mach_port_type_t before = port_type(subject.name), after;
	mach_port_urefs_t refs = port_refs(subject.name, MACH_PORT_RIGHT_SEND);
	mach_msg_return_t expected = expected_for_destination(kind, type);
	struct message message;

	tap_about("destination %s, disposition %u", kind_text(kind), type);
	message_init(&message, subject.name, type, MACH_PORT_NULL, 0);
	EXPECT(message_send(&message), expected);
	after = port_type(subject.name);
	if (expected != MACH_MSG_SUCCESS) {
		EXPECT(after, before);
		EXPECT(message.header.msgh_remote_port, subject.name);
		EXPECT(message.header.msgh_bits, type);
	} else if (type == MACH_MSG_TYPE_MOVE_SEND_ONCE) {
		EXPECT(after, 0);
	} else if (type == MACH_MSG_TYPE_MOVE_SEND) {
		EXPECT(port_refs(subject.name, MACH_PORT_RIGHT_SEND), refs - 1);
	} else {
		EXPECT(port_refs(subject.name, MACH_PORT_RIGHT_SEND), refs);
	}
	subject_destroy(&subject);
}

void test_destinations(void)
{
	for (enum kind kind = 0; kind < KIND_COUNT; kind++) {
		for (unsigned int type = 0; type <= 24; type++)
			try_destination(kind, type);
		try_destination(kind, 255);
	}
}

/* --- the reply ------------------------------------------------------------------------------- */

static boolean_t is_move(unsigned int type)
{
	return type == MACH_MSG_TYPE_MOVE_SEND || type == MACH_MSG_TYPE_MOVE_SEND_ONCE;
}

static mach_msg_return_t expected_for_reply(enum kind kind, unsigned int type)
{
	if (type == 0)
		return kind == KIND_NULL ? MACH_MSG_SUCCESS : MACH_SEND_INVALID_HEADER;
	if (!is_disposition(type))
		return MACH_SEND_INVALID_HEADER;
	if (kind == KIND_NULL || kind == KIND_DEAD_VALUE)
		return MACH_MSG_SUCCESS;
	if (kind == KIND_DEAD_NAME && (is_move(type) || type == MACH_MSG_TYPE_COPY_SEND))
		return MACH_MSG_SUCCESS;
	return can_take(kind, type) ? MACH_MSG_SUCCESS : MACH_SEND_INVALID_REPLY;
}

/* What the receiver gets for it. */
static void check_received_reply(struct message *message, const struct subject *subject,
	unsigned int type)
{
	mach_port_t got = message->header.msgh_remote_port;
	unsigned int got_type = MACH_MSGH_BITS_REMOTE(message->header.msgh_bits);
	boolean_t once = type == MACH_MSG_TYPE_MOVE_SEND_ONCE
		|| type == MACH_MSG_TYPE_MAKE_SEND_ONCE;

	EXPECT(got_type, type == 0 ? 0 : once ? MACH_MSG_TYPE_PORT_SEND_ONCE
		: MACH_MSG_TYPE_PORT_SEND);
	if (subject->kind == KIND_NULL) {
		EXPECT(got, MACH_PORT_NULL);
		return;
	}
	if (subject->kind == KIND_DEAD_VALUE || subject->kind == KIND_DEAD_NAME) {
		EXPECT(got, MACH_PORT_DEAD);
		return;
	}
	if (once) {
		EXPECT(port_type(got), MACH_PORT_TYPE_SEND_ONCE);
	} else {
		EXPECT_TRUE(port_type(got) & MACH_PORT_TYPE_SEND);
		if (type == MACH_MSG_TYPE_MAKE_SEND || type == MACH_MSG_TYPE_COPY_SEND)
			EXPECT(got, subject->name);
	}
	EXPECT(mach_port_deallocate(mach_task_self(), got), KERN_SUCCESS);
}

static void try_reply(enum kind kind, unsigned int type)
{
	struct subject subject = subject_make(kind);
	mach_port_t destination = port_new_with_send(1);
	mach_port_type_t before = port_type(subject.name);
	mach_msg_return_t expected = expected_for_reply(kind, type);
	struct message message;

	tap_about("reply %s, disposition %u", kind_text(kind), type);
	message_init(&message, destination, MACH_MSG_TYPE_COPY_SEND, subject.name, type);
	EXPECT(message_send(&message), expected);
	if (expected != MACH_MSG_SUCCESS) {
		EXPECT(port_type(subject.name), before);
		EXPECT_TRUE(queue_is_empty(destination));
	} else {
		if (kind == KIND_DEAD_NAME)
			EXPECT(port_type(subject.name), is_move(type) ? 0
				: MACH_PORT_TYPE_DEAD_NAME);
		if (EXPECT(message_receive(&message, destination), MACH_MSG_SUCCESS)) {
			EXPECT(message.header.msgh_local_port, destination);
			EXPECT(MACH_MSGH_BITS_LOCAL(message.header.msgh_bits),
				MACH_MSG_TYPE_PORT_SEND);
			check_received_reply(&message, &subject, type);
		}
	}
	port_destroy(destination);
	subject_destroy(&subject);
}

void test_replies(void)
{
	for (enum kind kind = 0; kind < KIND_COUNT; kind++) {
		for (unsigned int type = 0; type <= 24; type++)
			try_reply(kind, type);
		try_reply(kind, 255);
	}
}

/* --- one name in both places ----------------------------------------------------------------- */

static mach_msg_return_t send_to_both(mach_port_t name, unsigned int remote, unsigned int local)
{
	struct message message;

	tap_about("same name, dispositions %u and %u", remote, local);
	message_init(&message, name, remote, name, local);
	return message_send(&message);
}

/* How many of the two references are left. */
static mach_port_urefs_t left(unsigned int remote, unsigned int local)
{
	boolean_t remote_moves = remote == MACH_MSG_TYPE_MOVE_SEND;
	boolean_t local_moves = local == MACH_MSG_TYPE_MOVE_SEND;

	return 2 - remote_moves - local_moves;
}

void test_same_name(void)
{
	for (unsigned int remote = MACH_MSG_TYPE_MOVE_SEND;
			remote <= MACH_MSG_TYPE_MAKE_SEND_ONCE; remote++)
		for (unsigned int local = MACH_MSG_TYPE_MOVE_SEND;
				local <= MACH_MSG_TYPE_MAKE_SEND_ONCE; local++) {
			mach_port_t name = port_new_with_send(2);
			mach_msg_return_t result = send_to_both(name, remote, local);

			if (local == MACH_MSG_TYPE_MOVE_SEND_ONCE) {
				EXPECT(result, MACH_SEND_INVALID_REPLY);
			} else if (remote == MACH_MSG_TYPE_MOVE_SEND_ONCE) {
				EXPECT(result, MACH_SEND_INVALID_DEST);
			} else {
				EXPECT(result, MACH_MSG_SUCCESS);
				EXPECT(port_refs(name, MACH_PORT_RIGHT_SEND),
					left(remote, local));
			}
			port_destroy(name);
		}
}

void test_move_both_needs_two(void)
{
	mach_port_t name = port_new_with_send(1);

	EXPECT(send_to_both(name, MACH_MSG_TYPE_MOVE_SEND, MACH_MSG_TYPE_MOVE_SEND),
		MACH_SEND_INVALID_DEST);
	EXPECT(port_refs(name, MACH_PORT_RIGHT_SEND), 1);
	EXPECT(send_to_both(name, MACH_MSG_TYPE_COPY_SEND, MACH_MSG_TYPE_MOVE_SEND),
		MACH_MSG_SUCCESS);
	EXPECT(port_type(name), MACH_PORT_TYPE_RECEIVE);
	port_destroy(name);
}

void test_same_send_once(void)
{
	mach_port_t port = port_new();
	mach_port_t once = port_make_send_once(port);

	EXPECT(send_to_both(once, MACH_MSG_TYPE_MOVE_SEND_ONCE, MACH_MSG_TYPE_MOVE_SEND_ONCE),
		MACH_SEND_INVALID_DEST);
	EXPECT(port_type(once), MACH_PORT_TYPE_SEND_ONCE);
	port_destroy(once);
	port_destroy(port);
}

/* --- which error wins ------------------------------------------------------------------------ */

void test_order_of_checks(void)
{
	struct subject none = subject_make(KIND_NONE), dead = subject_make(KIND_DEAD_NAME);
	struct message message;

	tap_about("missing destination, missing reply");
	message_init(&message, none.name, MACH_MSG_TYPE_COPY_SEND, none.name,
		MACH_MSG_TYPE_COPY_SEND);
	EXPECT(message_send(&message), MACH_SEND_INVALID_DEST);
	tap_about("dead destination, missing reply");
	message_init(&message, dead.name, MACH_MSG_TYPE_COPY_SEND, none.name,
		MACH_MSG_TYPE_COPY_SEND);
	EXPECT(message_send(&message), MACH_SEND_INVALID_REPLY);
	tap_about("dead name in both places");
	message_init(&message, dead.name, MACH_MSG_TYPE_COPY_SEND, dead.name,
		MACH_MSG_TYPE_COPY_SEND);
	EXPECT(message_send(&message), MACH_SEND_INVALID_DEST);
	message_init(&message, dead.name, MACH_MSG_TYPE_COPY_SEND, dead.name,
		MACH_MSG_TYPE_MAKE_SEND);
	EXPECT(message_send(&message), MACH_SEND_INVALID_REPLY);
	tap_about("bad disposition, missing destination");
	message_init(&message, none.name, MACH_MSG_TYPE_MOVE_RECEIVE, MACH_PORT_NULL, 0);
	EXPECT(message_send(&message), MACH_SEND_INVALID_HEADER);
	tap_about("MACH_SEND_CANCEL with no name");
	EXPECT(message_send_size(&message, sizeof message.header, MACH_SEND_CANCEL, 0),
		MACH_SEND_INVALID_NOTIFY);
	subject_destroy(&none);
	subject_destroy(&dead);
}
