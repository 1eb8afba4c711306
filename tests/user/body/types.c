/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of type descriptors and lengths: what is wrong, and by which code it is refused. */
#include "types.h"

#include <mach.h>
#include <mach/vm_param.h>

#include "../common/messages.h"
#include "../common/ports.h"
#include "../common/snapshot.h"
#include "../common/tap.h"

#define BYTES		MACH_MSG_TYPE_BYTE
#define COPY		MACH_MSG_TYPE_COPY_SEND

static void init_complex(struct message *message, mach_port_t port)
{
	message_init(message, port, MACH_MSG_TYPE_COPY_SEND, MACH_PORT_NULL, 0);
	message->header.msgh_bits |= MACH_MSGH_BITS_COMPLEX;
}

/* So many words in all; those that `words' does not have are 0. */
static void send_words(mach_port_t port, const uint32_t *words, unsigned int count,
	unsigned int all, mach_msg_return_t expected)
{
	struct message message;

	init_complex(&message, port);
	for (unsigned int i = 0; i < all; i++)
		message_word(&message, i < count ? words[i] : 0);
	EXPECT(message_send(&message), expected);
	EXPECT(port_refs(port, MACH_PORT_RIGHT_SEND), 1);
	if (expected != MACH_MSG_SUCCESS)
		EXPECT_TRUE(queue_is_empty(port));
	else
		EXPECT(message_receive(&message, port), MACH_MSG_SUCCESS);
}

/* The rights of the header are used up by a bad body; nothing else has changed. */
static void send_with_reply(mach_port_t port, const uint32_t *words, unsigned int count,
	unsigned int all, mach_msg_return_t expected)
{
	static struct snapshot before, after;
	mach_port_t reply = port_new_with_send(2);
	struct message message;

	snapshot_take(mach_task_self(), &before);
	message_init(&message, port, MACH_MSG_TYPE_MAKE_SEND, reply, MACH_MSG_TYPE_MAKE_SEND_ONCE);
	message.header.msgh_bits |= MACH_MSGH_BITS_COMPLEX;
	for (unsigned int i = 0; i < all; i++)
		message_word(&message, i < count ? words[i] : 0);
	EXPECT(message_send(&message), expected);
	EXPECT_TRUE(notification_is(reply, MACH_NOTIFY_SEND_ONCE, 0));
	snapshot_take(mach_task_self(), &after);
	EXPECT_TRUE(snapshot_same(&before, &after));
	message_init(&message, port, MACH_MSG_TYPE_COPY_SEND, reply, MACH_MSG_TYPE_MOVE_SEND);
	message.header.msgh_bits |= MACH_MSGH_BITS_COMPLEX;
	for (unsigned int i = 0; i < all; i++)
		message_word(&message, i < count ? words[i] : 0);
	EXPECT(message_send(&message), expected);
	EXPECT(port_refs(reply, MACH_PORT_RIGHT_SEND), 1);
	port_destroy(reply);
}

/* Sends complex messages with these words, and zeros, as their body. */
static void try_long(mach_port_t port, const char *what, const uint32_t *words,
	unsigned int count, unsigned int all, mach_msg_return_t expected)
{
	tap_about("%s", what);
	send_words(port, words, count, all, expected);
	if (expected != MACH_MSG_SUCCESS)
		send_with_reply(port, words, count, all, expected);
}

static void try_words(mach_port_t port, const char *what, const uint32_t *words,
	unsigned int count, mach_msg_return_t expected)
{
	try_long(port, what, words, count, count, expected);
}

struct sample {
	const char	*what;
	uint32_t	words[4];
	unsigned int	count;
};

static const struct sample wrong_types[] = {
	{ "unused bit", { TYPE_UNUSED | TYPE_INLINE | 1 << 16 | 32 << 8 | 2, 0 }, 2 },
	{ "unused bit, no elements", { TYPE_UNUSED | TYPE_INLINE | 32 << 8 | 2 }, 1 },
	{ "deallocate inline", { TYPE_DEALLOCATE | TYPE_INLINE | 1 << 16 | 32 << 8 | 2, 0 }, 2 },
	{ "deallocate inline, no elements", { TYPE_DEALLOCATE | TYPE_INLINE | 32 << 8 | 2 }, 1 },
	{ "right of 31 bits", { TYPE_INLINE | 1 << 16 | 31 << 8 | COPY, 0 }, 2 },
	{ "right of 8 bits", { TYPE_INLINE | 1 << 16 | 8 << 8 | COPY, 0 }, 2 },
	{ "right of 64 bits", { TYPE_INLINE | 1 << 16 | 64 << 8 | COPY, 0, 0 }, 3 },
	{ "right of 0 bits, none", { TYPE_INLINE | COPY }, 1 },
	{ "long form with a short name", { TYPE_LONG | TYPE_INLINE | 1, 32 << 16 | 2, 0 }, 3 },
	{ "long form with a short size", { TYPE_LONG | TYPE_INLINE | 8 << 8, 32 << 16 | 2, 0 }, 3 },
	{ "long form with a short number",
		{ TYPE_LONG | TYPE_INLINE | 1 << 16, 32 << 16 | 2, 0 }, 3 },
	{ "long right of 16 bits", { TYPE_LONG | TYPE_INLINE, 16 << 16 | COPY, 1, 0 }, 4 },
	{ "out-of-line right of 16 bits", { TYPE_LONG, 16 << 16 | COPY, 1, 0 }, 4 },
};

void test_wrong_bits(void)
{
	mach_port_t port = port_new_with_send(1);

	for (unsigned int i = 0; i < COUNT_OF(wrong_types); i++)
		try_words(port, wrong_types[i].what, wrong_types[i].words, wrong_types[i].count,
			MACH_SEND_INVALID_TYPE);
	port_destroy(port);
}

/* Numbers next to those of rights are plain data. */
void test_other_type_names(void)
{
	static const unsigned int names[] = { 3, 7, 13, 14, 15, 22, 23, 24, 255 };
	mach_port_t port = port_new_with_send(1);

	for (unsigned int i = 0; i < COUNT_OF(names); i++) {
		uint32_t words[] = { TYPE_INLINE | 1 << 16 | 32 << 8 | names[i], 0x12345 };

		try_words(port, "plain data", words, 2, MACH_MSG_SUCCESS);
	}
	uint32_t long_words[] = { TYPE_LONG | TYPE_INLINE, 32 << 16 | 0x111, 1, 0x12345 };

	try_words(port, "long name 0x111", long_words, 4, MACH_MSG_SUCCESS);
	port_destroy(port);
}

static const struct sample truncated[] = {
	{ "long form cut after 4 bytes", { TYPE_LONG | TYPE_INLINE }, 1 },
	{ "long form cut after 8 bytes", { TYPE_LONG | TYPE_INLINE, 32 << 16 | 2 }, 2 },
	{ "no data", { TYPE_INLINE | 1 << 16 | 32 << 8 | 2 }, 1 },
	{ "half the data", { TYPE_INLINE | 2 << 16 | 32 << 8 | 2, 0 }, 2 },
	{ "no pointer", { 1 << 16 | 32 << 8 | 2 }, 1 },
	{ "no pointer, no elements", { 32 << 8 | 2 }, 1 },
	{ "no pointer after a long form", { TYPE_LONG, 32 << 16 | 2, 1 }, 3 },
	{ "no right", { TYPE_INLINE | 1 << 16 | 32 << 8 | COPY }, 1 },
	{ "second item cut", { TYPE_INLINE | 1 << 16 | 32 << 8 | 2, 0, TYPE_LONG | TYPE_INLINE },
		3 },
};

void test_truncated(void)
{
	mach_port_t port = port_new_with_send(1);

	for (unsigned int i = 0; i < COUNT_OF(truncated); i++)
		try_words(port, truncated[i].what, truncated[i].words, truncated[i].count,
			MACH_SEND_MSG_TOO_SMALL);
	port_destroy(port);
}

/* number * size beyond 32 bits (CI-2). */
void test_lengths_that_wrap(void)
{
	static const struct sample inline_samples[] = {
		{ "0x40000001 rights inline", { TYPE_LONG | TYPE_INLINE, 32 << 16 | COPY,
			0x40000001, 0 }, 4 },
		{ "0x20000001 bytes inline", { TYPE_LONG | TYPE_INLINE, 8 << 16 | BYTES,
			0x20000001, 0 }, 4 },
		{ "2^32-1 times 65535 bits", { TYPE_LONG | TYPE_INLINE, 65535u << 16 | BYTES,
			0xffffffff, 0 }, 4 },
		{ "0x80000000 words inline", { TYPE_LONG | TYPE_INLINE, 32 << 16 | BYTES,
			0x80000000, 0 }, 4 },
	};
	static const struct sample memory_samples[] = {
		{ "0x40000000 rights", { TYPE_LONG, 32 << 16 | COPY, 0x40000000, 0x1000 }, 4 },
		{ "0x40000001 rights", { TYPE_LONG, 32 << 16 | COPY, 0x40000001, 0x1000 }, 4 },
		{ "0x10000000 rights", { TYPE_LONG, 32 << 16 | COPY, 0x10000000, 0x1000 }, 4 },
		{ "0xffffffff bytes", { TYPE_LONG, 8 << 16 | BYTES, 0xffffffff, 0x1000 }, 4 },
		{ "2^32-1 times 65535 bits", { TYPE_LONG, 65535u << 16 | BYTES, 0xffffffff,
			0x1000 }, 4 },
	};
	/* 65534 bits beyond 2^32: 8192 bytes, if the length were computed in 32 bits. */
	static const struct sample wrapped = { "65535 times 0x10002 bits inline",
		{ TYPE_LONG | TYPE_INLINE, 65535u << 16 | BYTES, 0x10002 }, 3 };
	mach_port_t port = port_new_with_send(1);

	try_long(port, wrapped.what, wrapped.words, wrapped.count, 3 + 8192 / 4,
		MACH_SEND_MSG_TOO_SMALL);
	for (unsigned int i = 0; i < COUNT_OF(inline_samples); i++)
		try_words(port, inline_samples[i].what, inline_samples[i].words,
			inline_samples[i].count, MACH_SEND_MSG_TOO_SMALL);
	for (unsigned int i = 0; i < COUNT_OF(memory_samples); i++)
		try_words(port, memory_samples[i].what, memory_samples[i].words,
			memory_samples[i].count, MACH_SEND_INVALID_MEMORY);
	port_destroy(port);
}

/* Inline data of every length up to a few words, followed by an item that must be found. */
void test_padding(void)
{
	mach_port_t port = port_new_with_send(1);
	struct message message;

	for (unsigned int bits = 1; bits <= 130; bits++) {
		unsigned int words = (bits + 31) / 32;

		tap_about("%u bits", bits);
		init_complex(&message, port);
		message_type(&message, MACH_MSG_TYPE_BIT, 1, bits, TYPE_INLINE);
		for (unsigned int i = 0; i < words; i++)
			message_word(&message, i);
		message_right(&message, port, COPY);
		EXPECT(message_send(&message), MACH_MSG_SUCCESS);
		EXPECT(message_receive(&message, port), MACH_MSG_SUCCESS);
		EXPECT(message.body[2 + words], port);
		EXPECT(mach_port_deallocate(mach_task_self(), port), KERN_SUCCESS);
	}
	port_destroy(port);
}
