/* SPDX-License-Identifier: BSD-2-Clause */
/* Buffers that change while they are sent (CI-13), or that are not yet there (CI-19). */
#include <libmach/server.h>
#include <libmach/string.h>
#include <mach.h>
#include <mach/vm_param.h>

#include "../common/messages.h"
#include "../common/ports.h"
#include "../common/race.h"
#include "../common/tap.h"
#include "tests.h"

#define SELF	mach_task_self()

/* --- CI-13 ----------------------------------------------------------------------------------- */

#define FLIP_WORDS	12

/* A long descriptor, and what it may lead to; then short ones. */
static struct message flipped;
static mach_port_t flip_port;
static vm_offset_t flip_memory;
static unsigned int flip_successes, flip_failures;

static void flip(struct racer *self)
{
	static const uint32_t types[] = {
		TYPE_LONG | TYPE_INLINE, TYPE_LONG, TYPE_INLINE | 2 << 16 | 32 << 8 | 2,
		TYPE_INLINE | 1 << 16 | 32 << 8 | MACH_MSG_TYPE_COPY_SEND, TYPE_LONG | TYPE_UNUSED,
	};
	static const uint32_t forms[] = {
		32 << 16 | 2, 8 << 16 | MACH_MSG_TYPE_BYTE, 32 << 16 | MACH_MSG_TYPE_COPY_SEND,
		32 << 16 | MACH_MSG_TYPE_MAKE_SEND_ONCE, 65535u << 16 | MACH_MSG_TYPE_BYTE,
	};
	static const uint32_t numbers[] = { 0, 1, 4, 9, 1000, 0x40000001, 0xffffffff };
	const uint32_t places[] = { flip_port, flip_memory, flip_memory + 4000, 0x1000, 0 };
	volatile uint32_t *body = flipped.body;

	switch (race_random(self, 4)) {
	case 0:
		body[0] = types[race_random(self, COUNT_OF(types))];
		break;
	case 1:
		body[1] = forms[race_random(self, COUNT_OF(forms))];
		break;
	case 2:
		body[2] = numbers[race_random(self, COUNT_OF(numbers))];
		break;
	default:
		body[3] = places[race_random(self, COUNT_OF(places))];
	}
}

/* The descriptor that arrived is whole: what it says lies in the message, or in memory of ours. */
static void check_received(const struct message *message)
{
	const uint32_t *body = message->body;
	boolean_t is_long = (body[0] & TYPE_LONG) != 0;
	uint32_t size = is_long ? body[1] >> 16 : body[0] >> 8 & 0xff;
	uint32_t number = is_long ? body[2] : body[0] >> 16 & 0xfff;
	uint64_t length = ((uint64_t) size * number + 7) / 8;
	const volatile char *memory = (const volatile char *) body[is_long ? 3 : 1];

	EXPECT(message->header.msgh_size, sizeof message->header + 4 * FLIP_WORDS);
	if (body[0] & TYPE_INLINE) {
		EXPECT_TRUE(length <= 4 * FLIP_WORDS);
	} else if (length > 0) {
		EXPECT_TRUE(length <= 4 * PAGE_SIZE);
		(void) memory[0];
		(void) memory[length - 1];
	}
}

static void send_flipped(struct racer *self)
{
	static struct message message;
	mach_msg_return_t result;

	(void) self;
	result = mach_msg_trap(&flipped.header, MACH_SEND_MSG, sizeof flipped.header
		+ 4 * FLIP_WORDS, 0, MACH_PORT_NULL, 0, MACH_PORT_NULL);
	if (result == MACH_MSG_SUCCESS) {
		flip_successes++;
		EXPECT(message_receive(&message, flip_port), MACH_MSG_SUCCESS);
		if (message.header.msgh_id == MACH_NOTIFY_SEND_ONCE)
			EXPECT(message_receive(&message, flip_port), MACH_MSG_SUCCESS);
		if (message.header.msgh_bits & MACH_MSGH_BITS_COMPLEX)
			check_received(&message);
		mach_msg_destroy(&message.header);
	} else {
		flip_failures++;
		EXPECT_TRUE(result == MACH_SEND_MSG_TOO_SMALL || result == MACH_SEND_INVALID_TYPE
			|| result == MACH_SEND_INVALID_MEMORY || result == MACH_SEND_INVALID_RIGHT);
	}
	/* Send-once rights that found no use. */
	while (message_receive(&message, flip_port) == MACH_MSG_SUCCESS)
		EXPECT(message.header.msgh_id, MACH_NOTIFY_SEND_ONCE);
}

void test_flips(void)
{
	struct racer field[] = {
		{ .step = send_flipped, .steps = tap_rounds(20000, 1000000) },
		{ .step = flip },
	};

	flip_port = port_new_with_send(1);
	flip_successes = flip_failures = 0;
	EXPECT(vm_allocate(SELF, &flip_memory, 4 * PAGE_SIZE, TRUE), KERN_SUCCESS);
	memset(&flipped, 0, sizeof flipped);
	message_init(&flipped, flip_port, MACH_MSG_TYPE_COPY_SEND, MACH_PORT_NULL, 0);
	flipped.header.msgh_bits |= MACH_MSGH_BITS_COMPLEX;
	for (unsigned int i = 4; i < FLIP_WORDS; i++)
		flipped.body[i] = TYPE_INLINE;
	race_run(field, COUNT_OF(field));
	EXPECT_TRUE(flip_successes > field[0].steps / 20);
	EXPECT_TRUE(flip_failures > field[0].steps / 20);
	EXPECT(port_refs(flip_port, MACH_PORT_RIGHT_SEND), 1);
	EXPECT(vm_deallocate(SELF, flip_memory, 4 * PAGE_SIZE), KERN_SUCCESS);
	port_destroy(flip_port);
}

/* --- CI-19 ----------------------------------------------------------------------------------- */

#define INLINE_SIZE	(64 * 1024)
#define ROOM		(INLINE_SIZE + 2 * PAGE_SIZE)

static vm_offset_t source;

static uint32_t word(unsigned int i)
{
	return i * 2654435761u + 7;
}

static void source_start(void)
{
	EXPECT(vm_allocate(SELF, &source, INLINE_SIZE, TRUE), KERN_SUCCESS);
	for (unsigned int i = 0; i < INLINE_SIZE / 4; i++)
		((uint32_t *) source)[i] = word(i);
}

static void send_source(mach_port_t port, vm_offset_t address)
{
	mach_msg_header_t *header = (mach_msg_header_t *) address;

	*header = (mach_msg_header_t) {
		.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, 0),
		.msgh_remote_port = port,
	};
	EXPECT(mach_msg_trap(header, MACH_SEND_MSG, INLINE_SIZE, 0, MACH_PORT_NULL, 0,
		MACH_PORT_NULL), MACH_MSG_SUCCESS);
}

/* Receive at any address, with something before and behind that must stay. */
static void receive_at(mach_port_t port, vm_offset_t address)
{
	const mach_msg_header_t *header = (const mach_msg_header_t *) address;

	EXPECT(mach_msg_trap((mach_msg_header_t *) address, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0,
		INLINE_SIZE, port, 0, MACH_PORT_NULL), MACH_MSG_SUCCESS);
	EXPECT(header->msgh_size, INLINE_SIZE);
	if (memcmp(header + 1, (mach_msg_header_t *) source + 1, INLINE_SIZE - sizeof *header) != 0)
		tap_fail("other bytes have arrived");
}

static boolean_t bytes_are(vm_offset_t from, vm_offset_t to, char byte)
{
	for (; from < to; from++)
		if (*(const char *) from != byte)
			return FALSE;
	return TRUE;
}

static void try_lazy(mach_port_t port, unsigned int alignment)
{
	vm_offset_t room = 0, at;

	tap_about("at offset %u", alignment);
	EXPECT(vm_allocate(SELF, &room, ROOM, TRUE), KERN_SUCCESS);
	at = room + alignment;
	send_source(port, source);
	receive_at(port, at);
	EXPECT_TRUE(bytes_are(room, at, 0));
	EXPECT_TRUE(bytes_are(at + INLINE_SIZE, room + ROOM, 0));
	EXPECT(vm_deallocate(SELF, room, ROOM), KERN_SUCCESS);
}

/* Every alignment in the long form; in the short one those next to a page's ends, and others. */
static boolean_t is_tried(unsigned int alignment)
{
	return alignment < 20 || alignment >= PAGE_SIZE - 20 || alignment % tap_rounds(61, 1) == 0;
}

/* The receiver's memory has no pages yet. */
void test_lazy_memory(void)
{
	mach_port_t port = port_new_with_send(1);

	source_start();
	for (unsigned int alignment = 0; alignment < PAGE_SIZE; alignment++)
		if (is_tried(alignment))
			try_lazy(port, alignment);
	EXPECT(vm_deallocate(SELF, source, INLINE_SIZE), KERN_SUCCESS);
	port_destroy(port);
}

/* The pages belong to a copy as well: it must keep its bytes. */
static void try_copied(mach_port_t port, unsigned int alignment)
{
	vm_offset_t room = 0, copy = 0, at;
	mach_msg_type_number_t size;

	tap_about("at offset %u", alignment);
	EXPECT(vm_allocate(SELF, &room, ROOM, TRUE), KERN_SUCCESS);
	memset((void *) room, 0x5a, ROOM);
	EXPECT(vm_read(SELF, room, ROOM, &copy, &size), KERN_SUCCESS);
	at = room + alignment;
	send_source(port, source);
	receive_at(port, at);
	EXPECT_TRUE(bytes_are(room, at, 0x5a));
	EXPECT_TRUE(bytes_are(at + INLINE_SIZE, room + ROOM, 0x5a));
	EXPECT_TRUE(bytes_are(copy, copy + ROOM, 0x5a));
	EXPECT(vm_deallocate(SELF, copy, ROOM), KERN_SUCCESS);
	EXPECT(vm_deallocate(SELF, room, ROOM), KERN_SUCCESS);
}

void test_copied_memory(void)
{
	mach_port_t port = port_new_with_send(1);

	source_start();
	for (unsigned int alignment = 0; alignment < PAGE_SIZE; alignment += tap_rounds(157, 3))
		try_copied(port, alignment);
	EXPECT(vm_deallocate(SELF, source, INLINE_SIZE), KERN_SUCCESS);
	port_destroy(port);
}
