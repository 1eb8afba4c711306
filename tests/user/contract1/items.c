/* SPDX-License-Identifier: BSD-2-Clause */
/* Sections 4 and 8: what every kind of item becomes on its way, bit by bit. */
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

static void init_to(struct message *message, mach_port_t port)
{
	message_init(message, port, MACH_MSG_TYPE_COPY_SEND, MACH_PORT_NULL, 0);
	message->header.msgh_bits |= MACH_MSGH_BITS_COMPLEX;
}

static vm_offset_t allocate(vm_size_t size)
{
	vm_offset_t address = 0;

	EXPECT(vm_allocate(SELF, &address, size, TRUE), KERN_SUCCESS);
	return address;
}

/* --- names of types -------------------------------------------------------------------------- */

/* These numbers are no rights, in any form and of any size; they are compared in full. */
void test_plain_types(void)
{
	static const unsigned int names[] = {
		3, 15, 22, 23, 24, 255, 0x100, 0x110, 0x111, 0x112, 0x115, 0xff11, 0xffff,
	};
	mach_port_t port = port_new_with_send(1);
	struct message message;

	for (unsigned int i = 0; i < COUNT_OF(names); i++) {
		boolean_t is_short = names[i] <= 255;

		tap_about("type name 0x%x", names[i]);
		init_to(&message, port);
		message_long_type(&message, names[i], 16, 3, TYPE_INLINE);
		message_word(&message, port);
		message_word(&message, 0xfefefefe);
		if (is_short) {
			message_type(&message, names[i], 7, 5, TYPE_INLINE);
			message_word(&message, 0x11223344);
			message_word(&message, 0x55667788);
		}
		message_memory(&message, names[i], 32, 1, &port, 0);
		EXPECT(message_send(&message), MACH_MSG_SUCCESS);
		EXPECT(message_receive(&message, port), MACH_MSG_SUCCESS);
		EXPECT(message.body[0], TYPE_LONG | TYPE_INLINE);
		EXPECT(message.body[1], names[i] | 16 << 16);
		EXPECT(message.body[2], 3);
		EXPECT(message.body[3], port);
		EXPECT(message.body[4], 0xfefefefe);
		if (is_short) {
			EXPECT(message.body[5], names[i] | 7 << 8 | 5 << 16 | TYPE_INLINE);
			EXPECT(message.body[7], 0x55667788);
		}
		uint32_t *item = &message.body[is_short ? 8 : 5];

		EXPECT(item[0], TYPE_LONG | TYPE_DEALLOCATE);
		EXPECT(item[1], names[i] | 32 << 16);
		EXPECT(*(mach_port_t *) (uintptr_t) item[3], port);
		EXPECT(port_refs(port, MACH_PORT_RIGHT_SEND), 1);
		vm_deallocate(SELF, item[3], 4);
	}
	port_destroy(port);
}

/* --- nothing --------------------------------------------------------------------------------- */

enum empty { NO_BYTES, NO_BITS, NO_RIGHTS, NO_RIGHTS_INLINE, NO_BYTES_INLINE, SHORT_NO_RIGHTS,
	EMPTIES };

/* Out of line: an address that must not be looked at, which arrives as 0. */
#define NOWHERE	0xdeadbee0

static void add_empty(struct message *message, enum empty empty, uint32_t bits)
{
	switch (empty) {
	case NO_BYTES:
		message_long_type(message, MACH_MSG_TYPE_BYTE, 8, 0, bits);
		message_word(message, NOWHERE);
		break;
	case NO_BITS:
		message_long_type(message, MACH_MSG_TYPE_BYTE, 0, 1000, bits);
		message_word(message, NOWHERE);
		break;
	case NO_RIGHTS:
		message_long_type(message, MACH_MSG_TYPE_COPY_SEND, 32, 0, bits);
		message_word(message, NOWHERE);
		break;
	case NO_RIGHTS_INLINE:
		message_type(message, MACH_MSG_TYPE_MAKE_SEND_ONCE, 32, 0, TYPE_INLINE);
		break;
	case NO_BYTES_INLINE:
		message_long_type(message, MACH_MSG_TYPE_BYTE, 8, 0, TYPE_INLINE);
		break;
	default:
		message_type(message, MACH_MSG_TYPE_MOVE_RECEIVE, 32, 0, bits);
		message_word(message, NOWHERE);
	}
}

/* What has arrived for it; returns where the next item is. */
static uint32_t *check_empty(uint32_t *item, enum empty empty)
{
	switch (empty) {
	case NO_BYTES:
	case NO_BITS:
	case NO_RIGHTS:
		EXPECT(item[0], TYPE_LONG | TYPE_DEALLOCATE);
		EXPECT(item[1], empty == NO_BYTES ? 8 << 16 | MACH_MSG_TYPE_BYTE
			: empty == NO_BITS ? MACH_MSG_TYPE_BYTE
			: 32 << 16 | MACH_MSG_TYPE_PORT_SEND);
		EXPECT(item[2], empty == NO_BITS ? 1000 : 0);
		EXPECT(item[3], 0);
		return item + 4;
	case NO_RIGHTS_INLINE:
		EXPECT(item[0], TYPE_INLINE | 32 << 8 | MACH_MSG_TYPE_PORT_SEND_ONCE);
		return item + 1;
	case NO_BYTES_INLINE:
		EXPECT(item[0], TYPE_LONG | TYPE_INLINE);
		return item + 3;
	default:
		EXPECT(item[0], TYPE_DEALLOCATE | 32 << 8 | MACH_MSG_TYPE_PORT_RECEIVE);
		EXPECT(item[1], 0);
		return item + 2;
	}
}

static void try_empty(mach_port_t port, const enum empty *items, unsigned int count,
	uint32_t bits)
{
	boolean_t complex = FALSE;
	struct message message;
	uint32_t *item;

	tap_about("%u empty items, from kind %u, bits 0x%x", count, items[0], bits);
	init_to(&message, port);
	for (unsigned int i = 0; i < count; i++) {
		add_empty(&message, items[i], bits);
		complex |= items[i] != NO_BYTES_INLINE;
	}
	EXPECT(message_send(&message), MACH_MSG_SUCCESS);
	memset(&message, 0xee, sizeof message);
	EXPECT(message_receive(&message, port), MACH_MSG_SUCCESS);
	EXPECT(message.header.msgh_bits, MACH_MSGH_BITS(0, MACH_MSG_TYPE_PORT_SEND)
		| (complex ? MACH_MSGH_BITS_COMPLEX : 0));
	if (!complex)	/* then nobody has looked at the items again */
		return;
	item = message.body;
	for (unsigned int i = 0; i < count; i++)
		item = check_empty(item, items[i]);
	EXPECT(message.header.msgh_size, (uintptr_t) item - (uintptr_t) &message);
}

/* The same in messages that are destroyed: by their port's death, and by a bad item at the end. */
static void try_empty_destroyed(const enum empty *items, unsigned int count)
{
	mach_port_t port = port_new_with_send(1);
	struct message message;

	tap_about("%u empty items, from kind %u, destroyed", count, items[0]);
	init_to(&message, port);
	for (unsigned int i = 0; i < count; i++)
		add_empty(&message, items[i], TYPE_DEALLOCATE);
	EXPECT(message_send(&message), MACH_MSG_SUCCESS);
	message_init(&message, port, MACH_MSG_TYPE_COPY_SEND, MACH_PORT_NULL, 0);
	for (unsigned int i = 0; i < count; i++)
		add_empty(&message, items[i], 0);
	message_memory(&message, MACH_MSG_TYPE_COPY_SEND, 32, 1, NULL, 0);
	EXPECT(message_send(&message), MACH_SEND_INVALID_MEMORY);
	EXPECT(port_status(port).mps_msgcount, 1);
	port_destroy(port);
}

void test_empty_items(void)
{
	mach_port_t port = port_new_with_send(1);
	enum empty items[3];

	for (items[0] = 0; items[0] < EMPTIES; items[0]++) {
		try_empty(port, items, 1, 0);
		try_empty(port, items, 1, TYPE_DEALLOCATE);
		try_empty_destroyed(items, 1);
		for (items[1] = 0; items[1] < EMPTIES; items[1]++)
			for (items[2] = 0; items[2] < EMPTIES; items[2]++) {
				try_empty(port, items, 3, items[2] & 1 ? TYPE_DEALLOCATE : 0);
				try_empty_destroyed(items, 3);
			}
	}
	port_destroy(port);
}

/* --- arrays ---------------------------------------------------------------------------------- */

static boolean_t is_move(unsigned int type)
{
	return type <= MACH_MSG_TYPE_MOVE_SEND_ONCE;
}

/* Nulls, the dead value, a dead name, and the same port again, inline or out of line. */
static void try_array(mach_port_t port, unsigned int how, boolean_t is_inline)
{
	struct subject subject = subject_make(how == MACH_MSG_TYPE_MOVE_SEND_ONCE
		? KIND_SEND_ONCE : KIND_SEND_RECEIVE);
	mach_port_t dead = port_new_dead(), names[6], *got;
	boolean_t takes_dead = how != MACH_MSG_TYPE_MOVE_RECEIVE && how < MACH_MSG_TYPE_MAKE_SEND;
	boolean_t twice = how != MACH_MSG_TYPE_MOVE_RECEIVE && how != MACH_MSG_TYPE_MOVE_SEND_ONCE;
	struct message message;

	tap_about("disposition %u, %s", how, is_inline ? "inline" : "out of line");
	if (how == MACH_MSG_TYPE_MOVE_SEND)
		port_make_send(subject.name);
	names[0] = MACH_PORT_NULL;
	names[1] = subject.name;
	names[2] = MACH_PORT_DEAD;
	names[3] = takes_dead ? dead : MACH_PORT_NULL;
	names[4] = twice ? subject.name : MACH_PORT_DEAD;
	names[5] = MACH_PORT_NULL;
	init_to(&message, port);
	if (is_inline) {
		message_type(&message, how, 32, 6, TYPE_INLINE);
		for (unsigned int i = 0; i < 6; i++)
			message_word(&message, names[i]);
	} else {
		message_memory(&message, how, 32, 6, names, 0);
	}
	EXPECT(message_send(&message), MACH_MSG_SUCCESS);
	EXPECT(port_type(dead), takes_dead && is_move(how) ? 0 : MACH_PORT_TYPE_DEAD_NAME);
	EXPECT(message_receive(&message, port), MACH_MSG_SUCCESS);
	got = is_inline ? &message.body[1] : (mach_port_t *) (uintptr_t) message.body[3];
	EXPECT(got[0], MACH_PORT_NULL);
	EXPECT_TRUE(MACH_PORT_VALID(got[1]));
	EXPECT(got[2], MACH_PORT_DEAD);
	EXPECT(got[3], takes_dead ? MACH_PORT_DEAD : MACH_PORT_NULL);
	if (twice)
		EXPECT_TRUE(MACH_PORT_VALID(got[4]) && (got[4] == got[1])
			== (how != MACH_MSG_TYPE_MAKE_SEND_ONCE));
	else
		EXPECT(got[4], MACH_PORT_DEAD);
	EXPECT(got[5], MACH_PORT_NULL);
	if (how == MACH_MSG_TYPE_MAKE_SEND_ONCE || how == MACH_MSG_TYPE_MOVE_SEND_ONCE) {
		EXPECT(mach_port_deallocate(SELF, got[1]), KERN_SUCCESS);
		if (twice)
			EXPECT(mach_port_deallocate(SELF, got[4]), KERN_SUCCESS);
	} else {
		EXPECT(got[1], subject.name);
		EXPECT(port_refs(subject.name, MACH_PORT_RIGHT_SEND),
			how == MACH_MSG_TYPE_MOVE_RECEIVE ? 1 : how == MACH_MSG_TYPE_MOVE_SEND ? 2 : 3);
	}
	if (!is_inline)
		vm_deallocate(SELF, message.body[3], sizeof names);
	if (port_type(dead) != 0)
		port_destroy(dead);
	subject_destroy(&subject);
}

void test_arrays(void)
{
	mach_port_t port = port_new_with_send(1);

	for (unsigned int how = MACH_MSG_TYPE_MOVE_RECEIVE; how <= MACH_MSG_TYPE_MAKE_SEND_ONCE;
			how++) {
		try_array(port, how, TRUE);
		try_array(port, how, FALSE);
	}
	port_destroy(port);
}

/*
 * The same right twice when it is there once: the second is the failing one.  What was taken is
 * released, as if the message had been received and thrown away.
 */
static void try_twice(unsigned int how, enum kind kind, boolean_t is_inline)
{
	struct subject subject = subject_make(kind);
	mach_port_t port = port_new_with_send(1), names[2] = { subject.name, subject.name };
	struct message message;

	tap_about("%s twice by %u, %s", kind_text(kind), how, is_inline ? "inline" : "not inline");
	init_to(&message, port);
	if (is_inline) {
		message_type(&message, how, 32, 2, TYPE_INLINE);
		message_word(&message, names[0]);
		message_word(&message, names[1]);
	} else {
		message_memory(&message, how, 32, 2, names, 0);
	}
	EXPECT(message_send(&message), MACH_SEND_INVALID_RIGHT);
	EXPECT_TRUE(queue_is_empty(port));
	switch (kind) {
	case KIND_RECEIVE:
	case KIND_SEND:
		EXPECT(port_type(subject.name), 0);
		break;
	case KIND_SEND_RECEIVE:
		EXPECT(port_type(subject.name), how == MACH_MSG_TYPE_MOVE_SEND
			? MACH_PORT_TYPE_RECEIVE : MACH_PORT_TYPE_DEAD_NAME);
		break;
	case KIND_SEND_ONCE:
		EXPECT(port_type(subject.name), 0);
		EXPECT_TRUE(notification_is(subject.other, MACH_NOTIFY_SEND_ONCE, 0));
		break;
	default:
		EXPECT(port_type(subject.name), 0);
	}
	port_destroy(port);
	subject_destroy(&subject);
}

void test_bad_element(void)
{
	static const struct { unsigned int how; enum kind kind; } cases[] = {
		{ MACH_MSG_TYPE_MOVE_RECEIVE, KIND_RECEIVE },
		{ MACH_MSG_TYPE_MOVE_RECEIVE, KIND_SEND_RECEIVE },
		{ MACH_MSG_TYPE_MOVE_SEND, KIND_SEND },
		{ MACH_MSG_TYPE_MOVE_SEND, KIND_SEND_RECEIVE },
		{ MACH_MSG_TYPE_MOVE_SEND_ONCE, KIND_SEND_ONCE },
		{ MACH_MSG_TYPE_MOVE_SEND, KIND_DEAD_NAME },
		{ MACH_MSG_TYPE_MOVE_SEND_ONCE, KIND_DEAD_NAME },
	};

	for (unsigned int i = 0; i < COUNT_OF(cases); i++) {
		try_twice(cases[i].how, cases[i].kind, TRUE);
		try_twice(cases[i].how, cases[i].kind, FALSE);
	}
}

/* --- memory ---------------------------------------------------------------------------------- */

static boolean_t is_mapped(vm_offset_t address)
{
	vm_offset_t memory = address;
	kern_return_t result = vm_allocate(SELF, &memory, 1, FALSE);

	if (result == KERN_SUCCESS)
		vm_deallocate(SELF, memory, 1);
	return result == KERN_NO_SPACE;
}

/*
 * Two items on one page, rights or data, with and without `deallocate': the page goes as a whole
 * with the first that says so, and an item after that finds nothing.
 */
static void try_pages(mach_port_t port, boolean_t first_rights, boolean_t second_rights,
	uint32_t first_bits, uint32_t second_bits)
{
	vm_offset_t memory = allocate(2 * PAGE_SIZE);
	mach_port_t passed = port_new_with_send(1), *first = (mach_port_t *) memory + 1;
	mach_port_t *second = (mach_port_t *) memory + 100;
	boolean_t fails = first_bits != 0;
	struct message message;

	tap_about("%s then %s, bits 0x%x and 0x%x", first_rights ? "rights" : "data",
		second_rights ? "rights" : "data", first_bits, second_bits);
	*first = *second = passed;
	init_to(&message, port);
	message_memory(&message, first_rights ? MACH_MSG_TYPE_MAKE_SEND : MACH_MSG_TYPE_INTEGER_32,
		32, 1, first, first_bits);
	message_memory(&message, second_rights ? MACH_MSG_TYPE_MAKE_SEND
		: MACH_MSG_TYPE_INTEGER_32, 32, 1, second, second_bits);
	EXPECT(message_send(&message), fails ? MACH_SEND_INVALID_MEMORY : MACH_MSG_SUCCESS);
	EXPECT(is_mapped(memory), !first_bits && !second_bits);
	EXPECT(is_mapped(memory + PAGE_SIZE), TRUE);
	EXPECT(snapshot_send_rights(passed), 1 + (fails ? 0 : first_rights + second_rights));
	if (!fails) {
		EXPECT(message_receive(&message, port), MACH_MSG_SUCCESS);
		for (unsigned int at = 3; at <= 7; at += 4) {
			EXPECT(*(mach_port_t *) (uintptr_t) message.body[at], passed);
			vm_deallocate(SELF, message.body[at], 4);
		}
		EXPECT(port_refs(passed, MACH_PORT_RIGHT_SEND), 1 + first_rights + second_rights);
	}
	vm_deallocate(SELF, memory, 2 * PAGE_SIZE);
	port_destroy(passed);
}

void test_overlapping_pages(void)
{
	mach_port_t port = port_new_with_send(1);

	for (unsigned int i = 0; i < 16; i++)
		try_pages(port, i & 1, i >> 1 & 1, i & 4 ? TYPE_DEALLOCATE : 0,
			i & 8 ? TYPE_DEALLOCATE : 0);
	port_destroy(port);
}

/* Short and long form keep their form; number and size are as they were sent. */
void test_restored_bits(void)
{
	mach_port_t port = port_new_with_send(1);
	vm_offset_t memory = allocate(PAGE_SIZE);
	struct message message;

	init_to(&message, port);
	message_type(&message, MACH_MSG_TYPE_BIT, 1, 13, 0);		/* 2 bytes out of line */
	message_word(&message, memory);
	message_type(&message, MACH_MSG_TYPE_COPY_SEND, 32, 1, TYPE_DEALLOCATE);
	message_word(&message, memory + 4);
	message_long_type(&message, MACH_MSG_TYPE_MAKE_SEND, 32, 1, TYPE_INLINE);
	message_word(&message, port);
	*(uint32_t *) memory = 0x1234abcd;
	*(uint32_t *) (memory + 4) = port;
	EXPECT(message_send(&message), MACH_MSG_SUCCESS);
	EXPECT(message_receive(&message, port), MACH_MSG_SUCCESS);
	EXPECT(message.header.msgh_size, 24 + 8 * 4);
	EXPECT(message.body[0], 1 << 8 | 13 << 16 | TYPE_DEALLOCATE);
	EXPECT(*(uint16_t *) (uintptr_t) message.body[1], 0xabcd);
	EXPECT(message.body[2], MACH_MSG_TYPE_PORT_SEND | 32 << 8 | 1 << 16 | TYPE_DEALLOCATE);
	EXPECT(*(mach_port_t *) (uintptr_t) message.body[3], port);
	EXPECT(message.body[4], TYPE_LONG | TYPE_INLINE);
	EXPECT(message.body[5], MACH_MSG_TYPE_PORT_SEND | 32 << 16);
	EXPECT(message.body[6], 1);
	EXPECT(message.body[7], port);
	EXPECT(port_refs(port, MACH_PORT_RIGHT_SEND), 3);
	vm_deallocate(SELF, message.body[1], 4);
	vm_deallocate(SELF, message.body[3], 4);
	port_destroy(port);
}
