/* SPDX-License-Identifier: BSD-2-Clause */
/* Bodies of nothing, and of as many items as a message can have. */
#include <libmach/string.h>
#include <libmach/thread.h>
#include <mach.h>

#include "../common/ports.h"
#include "../common/tap.h"
#include "tests.h"

#define LARGEST	(MACH_MSG_SIZE_MAX_INLINE & ~15u)

static mach_port_t port;

void test_complex_without_items(void)
{
	struct message message;

	port = port_new();
	message_init(&message, port, MACH_MSG_TYPE_MAKE_SEND, MACH_PORT_NULL, 0);
	message.header.msgh_bits |= MACH_MSGH_BITS_COMPLEX;
	EXPECT(message_send(&message), MACH_MSG_SUCCESS);
	EXPECT(message_receive(&message, port), MACH_MSG_SUCCESS);
	EXPECT(message.header.msgh_bits, MACH_MSGH_BITS(0, MACH_MSG_TYPE_PORT_SEND));
	EXPECT(message.header.msgh_size, 24);
	port_destroy(port);
	check_rights();
}

/* --- The largest message ---- */

static mach_msg_header_t *large;

static void large_new(void)
{
	vm_offset_t address = 0;

	EXPECT(vm_allocate(SELF, &address, LARGEST + PAGE_SIZE, TRUE), KERN_SUCCESS);
	large = (mach_msg_header_t *) address;
	port = port_new_with_send(1);
}

static void large_end(void)
{
	EXPECT(vm_deallocate(SELF, (vm_offset_t) large, LARGEST + PAGE_SIZE), KERN_SUCCESS);
	port_destroy(port);
	check_rights();
}

/* Fill it with one item again and again; returns its size. */
static mach_msg_size_t fill(const uint32_t *item, unsigned int words)
{
	unsigned int count = (LARGEST - sizeof *large) / (words * 4);
	uint32_t *to = (uint32_t *) (large + 1);

	*large = (mach_msg_header_t) {
		.msgh_bits = MACH_MSGH_BITS_COMPLEX
			| MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, MACH_MSG_TYPE_MAKE_SEND_ONCE),
		.msgh_remote_port = port,
		.msgh_local_port = port,
	};
	for (unsigned int i = 0; i < count; i++, to += words)
		memcpy(to, item, words * 4);
	return sizeof *large + count * words * 4;
}

static mach_msg_return_t send(mach_msg_size_t size)
{
	return mach_msg_trap(large, MACH_SEND_MSG | MACH_SEND_TIMEOUT, size, 0, MACH_PORT_NULL, 0,
		MACH_PORT_NULL);
}

static mach_msg_return_t receive(void)
{
	return mach_msg_trap(large, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, LARGEST, port, 0,
		MACH_PORT_NULL);
}

/* A right that came with a message. */
static void give_up_reply(void)
{
	EXPECT(mach_port_deallocate(SELF, large->msgh_remote_port), KERN_SUCCESS);
	EXPECT(receive(), MACH_MSG_SUCCESS);
	EXPECT(large->msgh_id, 71);
}

struct item {
	unsigned int	words;
	uint32_t	word[4];
	boolean_t	complex;
};

static const struct item empty[] = {
	{ 1, { 0x10000000 | 9 | 8 << 8 }, FALSE },			/* no bytes, inline */
	{ 1, { 0x10000000 | 19 | 32 << 8 }, TRUE },			/* no rights */
	{ 2, { 9 | 8 << 8, 0xdeadbeef }, TRUE },			/* no bytes out of line */
	{ 2, { TYPE_DEALLOCATE | 16 | 32 << 8, 0xdeadbeef }, TRUE },	/* no rights */
	{ 4, { TYPE_LONG, 9, 0xffffffff, 0x1000 }, TRUE },		/* many of no size */
	{ 3, { TYPE_LONG | 0x10000000, 9, 65535 }, FALSE },
	{ 2, { 9 | 65535u << 16, 0 }, TRUE },				/* short: not all bits */
};

void test_empty_items(void)
{
	large_new();
	for (unsigned int i = 0; i < COUNT_OF(empty) - 1; i++) {
		mach_msg_size_t size = fill(empty[i].word, empty[i].words);

		tap_about("item %u", i);
		EXPECT(send(size), MACH_MSG_SUCCESS);
		EXPECT(receive(), MACH_MSG_SUCCESS);
		EXPECT(large->msgh_size, size);
		EXPECT((large->msgh_bits & MACH_MSGH_BITS_COMPLEX) != 0, empty[i].complex);
		give_up_reply();
		/* The last is wrong. */
		size = fill(empty[i].word, empty[i].words);
		((uint32_t *) large)[size / 4 - 1] = TYPE_UNUSED;
		EXPECT(send(size), empty[i].words == 1 ? MACH_SEND_INVALID_TYPE
			: MACH_MSG_SUCCESS);
		EXPECT(receive(), MACH_MSG_SUCCESS);	/* it, or the reply right's end */
		if (large->msgh_id != 71)
			give_up_reply();
		/* To a routine of the kernel's. */
		size = fill(empty[i].word, empty[i].words);
		large->msgh_remote_port = mach_task_self();
		large->msgh_id = 2021;
		EXPECT(send(size), MACH_MSG_SUCCESS);
		EXPECT(receive(), MACH_MSG_SUCCESS);
		EXPECT(((mig_reply_header_t *) large)->RetCode, MIG_BAD_ARGUMENTS);
	}
	tap_about("%s", "");
	large_end();
}

/* --- Rights, one in each ---- */

static mach_msg_size_t fill_rights(mach_port_t right, boolean_t apart)
{
	const uint32_t one[] = { 0x10000000 | 19 | 32 << 8 | 1 << 16, right };
	const uint32_t out[] = { 19 | 32 << 8 | 1 << 16, (uintptr_t) &port };

	return fill(apart ? out : one, 2);
}

#define RIGHTS	((LARGEST - sizeof *large) / 8)

/* Too many for the counts of references: those stick.  So with a right that goes away again. */
void test_single_rights(void)
{
	large_new();
	for (unsigned int i = 0; i < 4; i++) {
		mach_port_t right = port_new_with_send(1);
		mach_msg_size_t size = fill_rights(right, FALSE);

		tap_about("pass %u", i);
		if (i == 1)		/* a bad one at the end */
			((uint32_t *) large)[size / 4 - 1] = port_new_set();
		EXPECT(send(size), i == 1 ? MACH_SEND_INVALID_RIGHT : MACH_MSG_SUCCESS);
		if (i == 1)
			port_destroy(((uint32_t *) large)[size / 4 - 1]);
		if (i == 2)		/* destroyed in the queue */
			port_destroy(port), port = port_new_with_send(1);
		if (i == 3)		/* dead on arrival */
			port_destroy(right);
		if (i != 2)
			EXPECT(receive(), MACH_MSG_SUCCESS);
		if (i == 0 || i == 3)
			give_up_reply();
		if (i == 0)
			EXPECT(port_refs(right, MACH_PORT_RIGHT_SEND), 65534);
		if (i != 3) {
			check_rights();
			port_destroy(right);
		}
	}
	tap_about("%s", "");
	large_end();
}

/* --- Latency ---- */

static volatile boolean_t in_kernel, stop;
static volatile unsigned int turns;

/* It wakes up each millisecond, and goes before others then. */
static void tick(void *argument)
{
	mach_port_t own = *(mach_port_t *) argument;
	struct message message;

	while (!stop) {
		message_receive_wait(&message, own, 1);
		if (in_kernel)
			turns++;
	}
}

/* A message of many small things holds nobody up. */
void test_others_run(void)
{
	mach_port_t own = port_new(), thread;
	mach_msg_size_t size;

	large_new();
	stop = FALSE;
	EXPECT(mach_thread_start(tick, &own, &thread), KERN_SUCCESS);
	for (unsigned int i = 0; i < 3; i++) {
		mach_port_t right = port_new_with_send(1);

		size = fill_rights(right, FALSE);
		tap_about("step %u", i);
		if (i != 0)
			EXPECT(send(size), MACH_MSG_SUCCESS);
		turns = 0;
		in_kernel = TRUE;
		if (i == 0)
			EXPECT(send(size), MACH_MSG_SUCCESS);
		else if (i == 1)
			EXPECT(receive(), MACH_MSG_SUCCESS);
		else
			port_destroy(port);
		in_kernel = FALSE;
		if (i == 0)
			EXPECT(receive(), MACH_MSG_SUCCESS);
		if (i < 2)
			give_up_reply();
		EXPECT_TRUE(turns >= 2);	/* one may fall to the end of the call */
		port_destroy(right);
	}
	tap_about("%s", "");
	stop = TRUE;
	mach_thread_join(thread);
	port_destroy(own);
	port = port_new_with_send(1);
	large_end();
}
