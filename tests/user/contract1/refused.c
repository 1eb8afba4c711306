/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sections 2 and 3: calls with more than one thing wrong.  The answer is that of the first check,
 * and after a call that is refused all is as it was, the sender's buffer as well.
 */
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

/* --- the header ------------------------------------------------------------------------------ */

/* No MACH_SEND_CANCEL; else the kind of name that comes with it. */
#define NO_CANCEL	KIND_COUNT

struct header {
	enum kind	to, reply, cancel;
	unsigned int	remote, local;
	boolean_t	same;		/* the reply is the destination's name */
};

static boolean_t is_disposition(unsigned int type)
{
	return type >= MACH_MSG_TYPE_MOVE_SEND && type <= MACH_MSG_TYPE_MAKE_SEND_ONCE;
}

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

static boolean_t both_takeable(const struct header *h)
{
	if (h->remote == MACH_MSG_TYPE_MOVE_SEND_ONCE || h->local == MACH_MSG_TYPE_MOVE_SEND_ONCE)
		return FALSE;
	return h->remote != MACH_MSG_TYPE_MOVE_SEND || h->local != MACH_MSG_TYPE_MOVE_SEND
		|| h->to == KIND_SEND_2;
}

/* Section 3, from top to bottom. */
static mach_msg_return_t header_answer(const struct header *h)
{
	boolean_t value = h->reply == KIND_NULL || h->reply == KIND_DEAD_VALUE;

	if (h->cancel == KIND_NULL)
		return MACH_SEND_INVALID_NOTIFY;
	if (!is_disposition(h->remote) || (h->local == 0 ? h->reply != KIND_NULL
			: !is_disposition(h->local)))
		return MACH_SEND_INVALID_HEADER;
	if (h->cancel != NO_CANCEL && !kind_has_receive(h->cancel))
		return MACH_SEND_INVALID_NOTIFY;
	if (h->to < KIND_RECEIVE)
		return MACH_SEND_INVALID_DEST;
	if (!value && !takeable(h->reply, h->local, TRUE))
		return MACH_SEND_INVALID_REPLY;
	if (!takeable(h->to, h->remote, FALSE) || (h->same && !both_takeable(h)))
		return MACH_SEND_INVALID_DEST;
	return MACH_MSG_SUCCESS;
}

/* One subject of each kind, for three places. */
static struct subject destinations[KIND_COUNT], replies[KIND_COUNT], cancels[KIND_COUNT];

static void try_header(const struct header *h)
{
	mach_msg_return_t answer = header_answer(h);
	mach_port_t to = destinations[h->to].name;
	mach_port_t reply = h->same ? to : replies[h->reply].name;
	boolean_t cancel = h->cancel != NO_CANCEL;
	struct { mach_msg_header_t header; uint32_t body[2]; } message, before;

	if (answer == MACH_MSG_SUCCESS)
		return;
	message.header = (mach_msg_header_t) {
		.msgh_bits = MACH_MSGH_BITS_COMPLEX | 0x00330000
			| MACH_MSGH_BITS(h->remote, h->local),
		.msgh_size = 0x1717,
		.msgh_remote_port = to,
		.msgh_local_port = reply,
		.msgh_seqno = 99,
		.msgh_id = 1234,
	};
	message.body[0] = message.body[1] = 0xeeeeeeee;	/* a body that is wrong as well */
	before = message;
	tap_about("to %s by %u, %s %s by %u, cancel %s", kind_text(h->to), h->remote,
		h->same ? "the same name" : "reply", kind_text(h->reply), h->local,
		cancel ? kind_text(h->cancel) : "not");
	EXPECT(mach_msg_trap(&message.header, MACH_SEND_MSG | MACH_RCV_MSG | MACH_SEND_TIMEOUT
		| MACH_RCV_TIMEOUT | (cancel ? MACH_SEND_CANCEL : 0), sizeof message,
		sizeof message, MACH_PORT_NULL, 0, cancel ? cancels[h->cancel].name : 0), answer);
	EXPECT(memcmp(&message, &before, sizeof message), 0);
}

static void try_dispositions(enum kind to, enum kind reply, enum kind cancel, boolean_t same)
{
	static const unsigned int types[] = { 0, 15, 16, 17, 18, 19, 20, 21, 22, 255 };

	for (unsigned int remote = 0; remote < COUNT_OF(types); remote++)
		for (unsigned int local = 0; local < COUNT_OF(types); local++)
			try_header(&(struct header) {
				.to = to, .reply = reply, .cancel = cancel, .same = same,
				.remote = types[remote], .local = types[local],
			});
}

static void for_all_kinds(struct subject *subjects, boolean_t make)
{
	for (enum kind kind = 0; kind < KIND_COUNT; kind++)
		if (make)
			subjects[kind] = subject_make(kind);
		else
			subject_destroy(&subjects[kind]);
}

void test_refused_header(void)
{
	static struct snapshot before, after;

	for_all_kinds(destinations, TRUE);
	for_all_kinds(replies, TRUE);
	for_all_kinds(cancels, TRUE);
	snapshot_take(SELF, &before);
	for (enum kind to = 0; to < KIND_COUNT; to++)
		for (enum kind cancel = 0; cancel <= NO_CANCEL; cancel++) {
			try_dispositions(to, to, cancel, TRUE);
			for (enum kind reply = 0; reply < KIND_COUNT; reply++)
				try_dispositions(to, reply, cancel, FALSE);
		}
	tap_about("afterwards");
	snapshot_take(SELF, &after);
	EXPECT_TRUE(snapshot_same(&before, &after));
	for_all_kinds(destinations, FALSE);
	for_all_kinds(replies, FALSE);
	for_all_kinds(cancels, FALSE);
}

/* The size comes before all, then the buffer, then the header. */
void test_refused_sizes(void)
{
	static const mach_msg_size_t small[] = { 0, 1, 4, 20, 22, 23, 25, 26, 27, 29, 0xfffffffd };
	struct message message;

	for (unsigned int i = 0; i < COUNT_OF(small); i++) {
		tap_about("size 0x%x", small[i]);
		message_init(&message, 0, 0, 0, 0);
		EXPECT(message_send_size(&message, small[i], MACH_SEND_CANCEL, 0),
			MACH_SEND_MSG_TOO_SMALL);
		EXPECT(mach_msg_trap((mach_msg_header_t *) VM_MAX_ADDRESS, MACH_SEND_MSG,
			small[i], 0, 0, 0, 0), MACH_SEND_MSG_TOO_SMALL);
	}
	tap_about("too big and unreadable");
	EXPECT(mach_msg_trap((mach_msg_header_t *) VM_MAX_ADDRESS, MACH_SEND_MSG,
		MACH_MSG_SIZE_MAX_INLINE + 4, 0, 0, 0, 0), MACH_SEND_NO_BUFFER);
	EXPECT(mach_msg_trap((mach_msg_header_t *) VM_MAX_ADDRESS, MACH_SEND_MSG,
		MACH_MSG_SIZE_MAX_INLINE, 0, 0, 0, 0), MACH_SEND_INVALID_DATA);
	tap_about("unreadable, and no notify name");
	EXPECT(mach_msg_trap((mach_msg_header_t *) VM_MAX_ADDRESS, MACH_SEND_MSG
		| MACH_SEND_CANCEL, 24, 0, 0, 0, 0), MACH_SEND_INVALID_DATA);
}

/* --- the body -------------------------------------------------------------------------------- */

enum fault { GOOD, BAD_RIGHT, BAD_ARRAY, BAD_MEMORY, BAD_TYPE, CUT, FAULTS };

static const mach_msg_return_t fault_codes[FAULTS] = {
	MACH_MSG_SUCCESS, MACH_SEND_INVALID_RIGHT, MACH_SEND_INVALID_RIGHT,
	MACH_SEND_INVALID_MEMORY, MACH_SEND_INVALID_TYPE, MACH_SEND_MSG_TOO_SMALL,
};

static mach_port_t missing;		/* a number that is no name */

/* An item with a fault in it; two rights of `port' go with each that is good so far. */
static void add_item(struct message *message, enum fault fault, mach_port_t port)
{
	static mach_port_t array[3];

	array[0] = array[1] = port;
	array[2] = missing;
	switch (fault) {
	case GOOD:
		message_right(message, port, MACH_MSG_TYPE_MOVE_SEND);
		message_right(message, port, MACH_MSG_TYPE_MAKE_SEND_ONCE);
		break;
	case BAD_RIGHT:
		message_right(message, missing, MACH_MSG_TYPE_COPY_SEND);
		break;
	case BAD_ARRAY:
		message_memory(message, MACH_MSG_TYPE_MOVE_SEND, 32, 3, array, 0);
		break;
	case BAD_MEMORY:
		message_memory(message, MACH_MSG_TYPE_BYTE, 8, 10, (void *) VM_MAX_ADDRESS, 0);
		break;
	case BAD_TYPE:
		message_right(message, port, MACH_MSG_TYPE_MOVE_SEND);
		message->body[(message->header.msgh_size - 24) / 4 - 2] |= TYPE_UNUSED;
		break;
	default:
		message_type(message, MACH_MSG_TYPE_MOVE_SEND, 32, 1, TYPE_INLINE);
	}
}

/* How many user references the good part of an item takes. */
static unsigned int taken(enum fault fault)
{
	return fault == GOOD ? 1 : fault == BAD_ARRAY ? 2 : 0;
}

static void try_body(enum fault first, enum fault second, enum fault third)
{
	enum fault items[] = { first, second, third };
	mach_port_t port = port_new_with_send(2), passed = port_new_with_send(9);
	mach_port_t reply = port_new();
	unsigned int i, moved = 0, notices = 0;
	struct message message;

	tap_about("faults %u, %u, %u", first, second, third);
	message_init(&message, port, MACH_MSG_TYPE_MOVE_SEND, reply, MACH_MSG_TYPE_MAKE_SEND_ONCE);
	for (i = 0; i < COUNT_OF(items); i++)
		add_item(&message, items[i], passed);
	for (i = 0; items[i] == GOOD; i++) {
		moved++;
		notices++;
	}
	moved += taken(items[i]);
	EXPECT(message_send(&message), fault_codes[items[i]]);
	EXPECT(port_refs(port, MACH_PORT_RIGHT_SEND), 1);
	EXPECT(snapshot_send_rights(port), 1);
	EXPECT(port_status(port).mps_msgcount, 0);
	EXPECT(port_refs(passed, MACH_PORT_RIGHT_SEND), 9 - moved);
	EXPECT(snapshot_send_rights(passed), 1);
	EXPECT_TRUE(notification_is(reply, MACH_NOTIFY_SEND_ONCE, 0));
	EXPECT_TRUE(queue_is_empty(reply));
	EXPECT(port_status(passed).mps_msgcount, notices);
	EXPECT(port_status(passed).mps_sorights, notices);
	port_destroy(port);
	port_destroy(passed);
	port_destroy(reply);
}

void test_refused_body(void)
{
	struct subject none = subject_make(KIND_NONE);

	/* A name that nobody will get while the test makes others. */
	missing = none.name ^ 0x12340000;
	EXPECT(port_type(missing), 0);
	for (enum fault first = BAD_RIGHT; first < FAULTS; first++)
		for (enum fault second = BAD_RIGHT; second < FAULTS; second++) {
			if (first != CUT) {
				try_body(first, second, GOOD);
				try_body(GOOD, first, second);
			}
			if (second != CUT && first != CUT)
				try_body(first, GOOD, second);
		}
	try_body(GOOD, GOOD, CUT);
	subject_destroy(&none);
}

static void try_item(const char *what, const uint32_t *words, unsigned int count,
	mach_msg_return_t answer)
{
	mach_port_t port = port_new_with_send(1);
	struct message message;

	tap_about("%s", what);
	message_init(&message, port, MACH_MSG_TYPE_COPY_SEND, MACH_PORT_NULL, 0);
	message.header.msgh_bits |= MACH_MSGH_BITS_COMPLEX;
	for (unsigned int i = 0; i < count; i++)
		message_word(&message, words[i]);
	EXPECT(message_send(&message), answer);
	EXPECT(port_status(port).mps_msgcount, 0);
	port_destroy(port);
}

/* Section 4, steps 1 to 4: an item that is wrong in two of them. */
void test_refused_in_one_item(void)
{
	static const struct { const char *what; uint32_t words[4]; unsigned int count;
			mach_msg_return_t answer; } items[] = {
		{ "cut long form, unused bit", { TYPE_LONG | TYPE_UNUSED, 0 }, 2,
			MACH_SEND_MSG_TOO_SMALL },
		{ "cut long form, short name", { TYPE_LONG | 17 }, 1, MACH_SEND_MSG_TOO_SMALL },
		{ "unused bit, no data", { TYPE_UNUSED | TYPE_INLINE | 5 << 16 | 32 << 8 | 2 }, 1,
			MACH_SEND_INVALID_TYPE },
		{ "right of 8 bits, no data", { TYPE_INLINE | 5 << 16 | 8 << 8 | 17 }, 1,
			MACH_SEND_INVALID_TYPE },
		{ "deallocate inline, no data", { TYPE_DEALLOCATE | TYPE_INLINE | 5 << 16
			| 32 << 8 | 2 }, 1, MACH_SEND_INVALID_TYPE },
		{ "deallocate inline in long form, none", { TYPE_LONG | TYPE_DEALLOCATE
			| TYPE_INLINE, 32 << 16 | 2, 0 }, 3, MACH_SEND_INVALID_TYPE },
		{ "right of 0 bits in long form, none", { TYPE_LONG, 17, 0, 0 }, 4,
			MACH_SEND_INVALID_TYPE },
		{ "unused bit in long form, no pointer", { TYPE_LONG | TYPE_UNUSED, 32 << 16 | 2,
			0 }, 3, MACH_SEND_INVALID_TYPE },
		{ "bad memory, no pointer", { 1 << 16 | 32 << 8 | 2 }, 1,
			MACH_SEND_MSG_TOO_SMALL },
		{ "a bad right in memory that is not there", { 1 << 16 | 32 << 8 | 17,
			VM_MAX_ADDRESS }, 2, MACH_SEND_INVALID_MEMORY },
		{ "too many rights at a bad address", { TYPE_LONG, 32 << 16 | 17, 0x1000000,
			VM_MAX_ADDRESS }, 4, MACH_SEND_INVALID_MEMORY },
	};

	for (unsigned int i = 0; i < COUNT_OF(items); i++)
		try_item(items[i].what, items[i].words, items[i].count, items[i].answer);
}

/* --- MACH_SEND_CANCEL ------------------------------------------------------------------------ */

/* The only send right of a name, whose receive right is elsewhere; with a request. */
static struct subject requested(mach_port_t notify)
{
	struct subject subject = subject_make(KIND_SEND);

	EXPECT(port_request(subject.name, MACH_NOTIFY_DEAD_NAME, 0, notify), KERN_SUCCESS);
	return subject;
}

static void send_cancelling(mach_port_t to, unsigned int remote, mach_port_t reply,
	unsigned int local, mach_port_t notify)
{
	struct message message;

	message_init(&message, to, remote, reply, local);
	EXPECT(mach_msg_trap(&message.header, MACH_SEND_MSG | MACH_SEND_CANCEL, 24, 0, 0, 0,
		notify), MACH_MSG_SUCCESS);
}

/* Only the destination's request is cancelled, and only one that goes to the named port. */
void test_cancel(void)
{
	mach_port_t notify = port_new(), other = port_new(), port = port_new_with_send(1);
	struct subject to = requested(notify);

	tap_about("the destination's last reference");
	send_cancelling(to.name, MACH_MSG_TYPE_MOVE_SEND, 0, 0, notify);
	EXPECT(port_type(to.name), 0);
	EXPECT_TRUE(queue_is_empty(notify));
	EXPECT(port_status(notify).mps_sorights, 0);
	subject_destroy(&to);

	tap_about("to another port");
	to = requested(notify);
	send_cancelling(to.name, MACH_MSG_TYPE_MOVE_SEND, 0, 0, other);
	EXPECT_TRUE(notification_is(notify, MACH_NOTIFY_PORT_DELETED, to.name));
	EXPECT_TRUE(queue_is_empty(other));
	subject_destroy(&to);

	tap_about("the entry stays");
	to = requested(notify);
	send_cancelling(to.name, MACH_MSG_TYPE_COPY_SEND, 0, 0, notify);
	EXPECT(port_type(to.name), MACH_PORT_TYPE_SEND | MACH_PORT_TYPE_DNREQUEST);
	EXPECT_TRUE(queue_is_empty(notify));

	tap_about("the reply's request");
	send_cancelling(port, MACH_MSG_TYPE_COPY_SEND, to.name, MACH_MSG_TYPE_MOVE_SEND, notify);
	EXPECT_TRUE(notification_is(notify, MACH_NOTIFY_PORT_DELETED, to.name));
	subject_destroy(&to);

	tap_about("one name, copied and moved: the reply's");
	to = requested(notify);
	send_cancelling(to.name, MACH_MSG_TYPE_COPY_SEND, to.name, MACH_MSG_TYPE_MOVE_SEND,
		notify);
	EXPECT_TRUE(notification_is(notify, MACH_NOTIFY_PORT_DELETED, to.name));
	subject_destroy(&to);

	tap_about("one name, moved and copied: the destination's");
	to = requested(notify);
	send_cancelling(to.name, MACH_MSG_TYPE_MOVE_SEND, to.name, MACH_MSG_TYPE_COPY_SEND,
		notify);
	EXPECT_TRUE(queue_is_empty(notify));
	subject_destroy(&to);
	port_destroy(notify);
	port_destroy(other);
	port_destroy(port);
}
