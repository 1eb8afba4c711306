/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The header's copyin in whole calls (CI-10): every kind of destination and reply with every pair
 * of dispositions, sent by a thread that then receives, to a port where a thread waits or where
 * none does.  With the fast path and without it the answers are those of the function `expected'.
 * Requests, MACH_SEND_CANCEL and dying ports are in tests/unit/test_header.c.
 */
#include <libmach/string.h>
#include <libmach/thread.h>
#include <mach.h>

#include "../common/messages.h"
#include "../common/ports.h"
#include "../common/subject.h"
#include "../common/tap.h"
#include "tests.h"

#define END_ID		4321
#define PATIENCE	2000

/* What a failed call must leave as it was. */
struct state {
	mach_port_type_t	type;
	mach_port_urefs_t	send, dead;
};

struct attempt {
	struct subject	destination, reply;
	unsigned int	remote, local;		/* dispositions */
	boolean_t	waits;			/* a thread waits for the message */
	mach_port_t	source;			/* what the sender receives from */
	mach_port_t	arrival;		/* the port where the message comes, or null */
};

/* --- what the contract says ------------------------------------------------------------------ */

static boolean_t takeable(enum kind kind, unsigned int type, boolean_t dead)
{
	switch (type) {
	case MACH_MSG_TYPE_MOVE_SEND:
	case MACH_MSG_TYPE_COPY_SEND:
		return kind_has_send(kind) || (dead && kind == KIND_DEAD_NAME);
	case MACH_MSG_TYPE_MOVE_SEND_ONCE:
		return kind == KIND_SEND_ONCE || (dead && kind == KIND_DEAD_NAME);
	default:
		return kind_has_receive(kind);
	}
}

static boolean_t is_value(enum kind kind)
{
	return kind == KIND_NULL || kind == KIND_DEAD_VALUE;
}

static boolean_t same_name_works(enum kind kind, unsigned int remote, unsigned int local)
{
	if (remote == MACH_MSG_TYPE_MOVE_SEND_ONCE || local == MACH_MSG_TYPE_MOVE_SEND_ONCE)
		return FALSE;
	return remote != MACH_MSG_TYPE_MOVE_SEND || local != MACH_MSG_TYPE_MOVE_SEND
		|| kind == KIND_SEND_2;
}

static mach_msg_return_t expected(const struct attempt *attempt)
{
	enum kind to = attempt->destination.kind, reply = attempt->reply.kind;
	boolean_t same = attempt->reply.name == attempt->destination.name;

	if (attempt->local == 0 && reply != KIND_NULL)
		return MACH_SEND_INVALID_HEADER;
	if (to < KIND_RECEIVE)
		return MACH_SEND_INVALID_DEST;
	if (attempt->local != 0 && !is_value(reply) && !takeable(reply, attempt->local, TRUE))
		return MACH_SEND_INVALID_REPLY;
	if (!takeable(to, attempt->remote, FALSE))
		return MACH_SEND_INVALID_DEST;
	if (same && !same_name_works(to, attempt->remote, attempt->local))
		return MACH_SEND_INVALID_DEST;
	return MACH_MSG_SUCCESS;
}

/* --- one call -------------------------------------------------------------------------------- */

static struct state state_of(mach_port_t name)
{
	return (struct state) {
		.type = port_type(name),
		.send = port_refs(name, MACH_PORT_RIGHT_SEND),
		.dead = port_refs(name, MACH_PORT_RIGHT_DEAD_NAME),
	};
}

static void expect_state(struct state now, struct state before, int send, int dead)
{
	EXPECT(now.send, before.send + send);
	EXPECT(now.dead, before.dead + dead);
	if (now.send != 0 || now.dead != 0)
		EXPECT(now.type, before.type);
}

static struct message taken;
static mach_msg_return_t taken_result;
static mach_port_t server_source, server_wakes;

static void wake(mach_port_t port)
{
	struct message message;

	message_init(&message, port, MACH_MSG_TYPE_MAKE_SEND, MACH_PORT_NULL, 0);
	message.header.msgh_id = END_ID;
	EXPECT(message_send(&message), MACH_MSG_SUCCESS);
}

/* Takes one message, then ends the sender's receive. */
static void serve(void *argument)
{
	(void) argument;
	taken_result = message_receive_wait(&taken, server_source, PATIENCE);
	wake(server_wakes);
}

/* The port where a message for the subject arrives, if we receive from it. */
static mach_port_t arrival_port(const struct subject *subject)
{
	if (kind_has_receive(subject->kind))
		return subject->name;
	return subject->kind == KIND_SEND_ONCE ? subject->other : MACH_PORT_NULL;
}

static mach_msg_return_t call(struct attempt *attempt, struct message *message)
{
	mach_port_t thread = MACH_PORT_NULL;
	mach_msg_return_t result;

	server_source = attempt->arrival;
	server_wakes = attempt->source;
	if (attempt->waits) {
		EXPECT(mach_thread_start(serve, NULL, &thread), KERN_SUCCESS);
		sleep_for(1);
	} else {
		wake(attempt->source);
	}
	message_init(message, attempt->destination.name, attempt->remote, attempt->reply.name,
		attempt->local);
	result = mach_msg_trap(&message->header, MACH_SEND_MSG | MACH_RCV_MSG,
		sizeof message->header, sizeof *message, attempt->source, 0, MACH_PORT_NULL);
	if (!attempt->waits)
		taken_result = attempt->arrival == MACH_PORT_NULL ? MACH_RCV_INVALID_NAME
			: message_receive_wait(&taken, attempt->arrival, 0);
	if (attempt->waits && result != MACH_MSG_SUCCESS)	/* nothing came: end its wait */
		EXPECT(thread_abort(thread), KERN_SUCCESS);
	if (thread != MACH_PORT_NULL)
		mach_thread_join(thread);
	return result;
}

/* --- what came of it ------------------------------------------------------------------------- */

static boolean_t is_once(unsigned int type)
{
	return type == MACH_MSG_TYPE_MOVE_SEND_ONCE || type == MACH_MSG_TYPE_MAKE_SEND_ONCE;
}

static unsigned int arrived_type(unsigned int type)
{
	if (type == 0)
		return 0;
	return is_once(type) ? MACH_MSG_TYPE_PORT_SEND_ONCE : MACH_MSG_TYPE_PORT_SEND;
}

static void check_taken(const struct attempt *attempt)
{
	mach_port_t reply = taken.header.msgh_remote_port;

	if (!EXPECT(taken_result, MACH_MSG_SUCCESS))
		return;
	EXPECT(taken.header.msgh_bits, MACH_MSGH_BITS(arrived_type(attempt->local),
		arrived_type(attempt->remote)));
	EXPECT(taken.header.msgh_local_port, attempt->arrival);
	EXPECT(taken.header.msgh_size, sizeof taken.header);
	EXPECT(taken.header.msgh_id, 1234);
	if (attempt->reply.kind == KIND_NULL)
		EXPECT(reply, MACH_PORT_NULL);
	else if (is_value(attempt->reply.kind) || attempt->reply.kind == KIND_DEAD_NAME)
		EXPECT(reply, MACH_PORT_DEAD);
	else if (EXPECT_TRUE(port_type(reply) & (is_once(attempt->local)
			? MACH_PORT_TYPE_SEND_ONCE : MACH_PORT_TYPE_SEND)))
		EXPECT(mach_port_deallocate(mach_task_self(), reply), KERN_SUCCESS);
}

/* By how much a right that was taken so has fewer references; what is made comes and goes. */
static int references_taken(unsigned int type, boolean_t wanted)
{
	return wanted && (type == MACH_MSG_TYPE_MOVE_SEND);
}

static void check_names(const struct attempt *attempt, struct state to, struct state reply)
{
	boolean_t same = attempt->reply.name == attempt->destination.name;
	boolean_t dead = attempt->reply.kind == KIND_DEAD_NAME;
	int to_taken = references_taken(attempt->remote, TRUE);
	int reply_taken = references_taken(attempt->local, kind_has_send(attempt->reply.kind));
	struct state now = state_of(attempt->destination.name);

	expect_state(now, to, -to_taken - (same ? reply_taken : 0), 0);
	if (attempt->remote == MACH_MSG_TYPE_MOVE_SEND_ONCE)
		EXPECT(now.type, 0);
	if (same || is_value(attempt->reply.kind))
		return;
	expect_state(state_of(attempt->reply.name), reply, -reply_taken,
		-(dead && attempt->local != 0 && attempt->local != MACH_MSG_TYPE_COPY_SEND));
}

static void check_attempt(struct attempt *attempt)
{
	struct state to = state_of(attempt->destination.name);
	struct state reply = state_of(attempt->reply.name);
	mach_msg_return_t should = expected(attempt), result;
	struct message message;

	tap_about("to %s by %u, reply %s by %u, %s, source 0x%x",
		kind_text(attempt->destination.kind), attempt->remote,
		kind_text(attempt->reply.kind), attempt->local,
		attempt->waits ? "a thread waits" : "nobody waits", attempt->source);
	result = call(attempt, &message);
	if (!EXPECT(result, should))
		return;
	if (should != MACH_MSG_SUCCESS) {
		EXPECT(message.header.msgh_bits, MACH_MSGH_BITS(attempt->remote, attempt->local));
		EXPECT(message.header.msgh_local_port, attempt->reply.name);
		expect_state(state_of(attempt->destination.name), to, 0, 0);
		expect_state(state_of(attempt->reply.name), reply, 0, 0);
		if (!attempt->waits && attempt->arrival != MACH_PORT_NULL
				&& attempt->arrival != attempt->source)
			EXPECT(taken_result, MACH_RCV_TIMED_OUT);
		return;
	}
	EXPECT(message.header.msgh_id, END_ID);
	if (attempt->arrival != MACH_PORT_NULL)
		check_taken(attempt);
	if (attempt->arrival != MACH_PORT_NULL)
		check_names(attempt, to, reply);
}

/* --- all of them ----------------------------------------------------------------------------- */

/* A few of the combinations in the short form; those that have a fast path always. */
static boolean_t is_chosen(const struct attempt *attempt)
{
	static uint32_t chance = 1;

	chance = chance * 1103515245u + 12345u;
	if (attempt->arrival != MACH_PORT_NULL && attempt->local == MACH_MSG_TYPE_MAKE_SEND_ONCE)
		return TRUE;
	return (chance >> 16) % tap_rounds(6, 1) == 0;
}

/* Both ports that a call needs, made and unmade; the sender waits where the reply comes. */
static void try_pair(enum kind to, enum kind reply, boolean_t same, unsigned int remote,
	unsigned int local, boolean_t waits)
{
	struct attempt attempt = { .remote = remote, .local = local };
	mach_port_t source;

	attempt.destination.kind = to;
	attempt.arrival = kind_has_receive(to) || to == KIND_SEND_ONCE;
	if (!is_chosen(&attempt))
		return;
	source = port_new();
	attempt.destination = subject_make(to);
	attempt.reply = same ? attempt.destination : subject_make(reply);
	attempt.arrival = arrival_port(&attempt.destination);
	attempt.waits = waits && attempt.arrival != MACH_PORT_NULL;
	attempt.source = source;
	/* Where the kernel may take its fast path: the reply comes to the reply port. */
	if (attempt.waits && !same && kind_has_receive(reply))
		attempt.source = attempt.reply.name;
	check_attempt(&attempt);
	if (!same)
		subject_destroy(&attempt.reply);
	subject_destroy(&attempt.destination);
	port_destroy(source);
}

static void try_dispositions(enum kind to, enum kind reply, boolean_t same)
{
	for (unsigned int remote = MACH_MSG_TYPE_MOVE_SEND;
			remote <= MACH_MSG_TYPE_MAKE_SEND_ONCE; remote++)
		for (unsigned int local = MACH_MSG_TYPE_MOVE_SEND - 1;
				local <= MACH_MSG_TYPE_MAKE_SEND_ONCE; local++) {
			unsigned int type = local < MACH_MSG_TYPE_MOVE_SEND ? 0 : local;

			if (same && type == 0)
				continue;
			try_pair(to, reply, same, remote, type, FALSE);
			try_pair(to, reply, same, remote, type, TRUE);
		}
}

void test_header_two_names(void)
{
	for (enum kind to = 0; to < KIND_COUNT; to++)
		for (enum kind reply = 0; reply < KIND_COUNT; reply++)
			if (to != reply || to >= KIND_RECEIVE)
				try_dispositions(to, reply, FALSE);
}

void test_header_same_name(void)
{
	for (enum kind kind = KIND_RECEIVE; kind < KIND_COUNT; kind++)
		try_dispositions(kind, kind, TRUE);
}
