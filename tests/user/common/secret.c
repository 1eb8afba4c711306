/* SPDX-License-Identifier: BSD-2-Clause */
/* Looking for old memory. */
#include "secret.h"

#include <libmach/string.h>
#include <mach.h>
#include <mach/vm_param.h>

#include "messages.h"
#include "ports.h"
#include "tap.h"

#define SELF		mach_task_self()
#define PATIENCE	2000

/* Where the kernel's memory is; above are small negative numbers. */
#define KERNEL_START	0xc0000001u
#define KERNEL_END	0xff800000u

/* What free objects and new ones are filled with in debug builds. */
#define POISON_FREE	0xa5
#define POISON_NEW	0x5a

const unsigned char secret_patterns[SECRET_PATTERNS] = { 0x93, 0xec };

static struct message secret;

/* Queued and destroyed: their buffers are used again first. */
static void spread_messages(unsigned char pattern)
{
	static const mach_msg_size_t sizes[] = { 32, 64, 200, 256, 600, 1000, 2000, 4000 };
	mach_port_t port = port_new();

	memset(&secret, pattern, sizeof secret);
	EXPECT(mach_port_set_qlimit(SELF, port, COUNT_OF(sizes)), KERN_SUCCESS);
	for (unsigned int i = 0; i < COUNT_OF(sizes); i++) {
		secret.header.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_MAKE_SEND_ONCE, 0);
		secret.header.msgh_remote_port = port;
		secret.header.msgh_local_port = MACH_PORT_NULL;
		EXPECT(message_send_size(&secret, sizes[i], 0, 0), MACH_MSG_SUCCESS);
	}
	port_destroy(port);
}

void secret_spread(unsigned char pattern, unsigned int pages)
{
	vm_address_t address = 0;

	EXPECT(vm_allocate(SELF, &address, pages * PAGE_SIZE, TRUE), KERN_SUCCESS);
	memset((void *) address, pattern, pages * PAGE_SIZE);
	EXPECT(vm_deallocate(SELF, address, pages * PAGE_SIZE), KERN_SUCCESS);
	spread_messages(pattern);
}

static int find(unsigned char pattern, const unsigned char *byte, unsigned int size)
{
	for (unsigned int i = 0; i + 1 < size; i++)
		if (byte[i] == byte[i + 1] && (byte[i] == pattern || byte[i] == POISON_FREE
				|| byte[i] == POISON_NEW))
			return i;
	return -1;
}

boolean_t secret_is_in(unsigned char pattern, const void *data, unsigned int size)
{
	return find(pattern, data, size) >= 0;
}

void secret_expect_none(unsigned char pattern, const void *data, unsigned int size)
{
	int at = find(pattern, data, size);

	if (at >= 0)
		tap_fail("%x at byte %d of %u", ((const unsigned char *) data)[at], at, size);
}

static void expect_clean_pages(unsigned char pattern, vm_address_t address, unsigned int size)
{
	vm_address_t start = address & ~(PAGE_SIZE - 1);
	vm_address_t end = (address + size + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);

	secret_expect_none(pattern, (void *) start, end - start);
}

/* The items of a body that are memory; what is inline has been looked at. */
static void expect_clean_memory(unsigned char pattern, const uint32_t *word, const uint32_t *end)
{
	while (word < end) {
		boolean_t is_long = (*word & TYPE_LONG) != 0;
		unsigned int size = is_long ? word[1] >> 16 : *word >> 8 & 0xff;
		unsigned int number = is_long ? word[2] : *word >> 16 & 0xfff;
		unsigned int bytes = (size * number + 7) / 8;
		const uint32_t *data = word + (is_long ? 3 : 1);

		if (*word & TYPE_INLINE) {
			word = data + (bytes + 3) / 4;
			continue;
		}
		if (bytes != 0 && *data != 0)
			expect_clean_pages(pattern, *data, bytes);
		word = data + 1;
	}
}

void secret_expect_clean(unsigned char pattern, const mach_msg_header_t *message)
{
	const char *end = (const char *) message + message->msgh_size;

	secret_expect_none(pattern, message, message->msgh_size);
	if (message->msgh_bits & MACH_MSGH_BITS_COMPLEX)
		expect_clean_memory(pattern, (const uint32_t *) (message + 1),
			(const uint32_t *) end);
}

void secret_compare(const void *first, const void *second, unsigned int size)
{
	const unsigned char *a = first, *b = second;
	const uint32_t *word = first;

	for (unsigned int i = 0; i < size; i++)
		if (a[i] == secret_patterns[0] && b[i] == secret_patterns[1])
			tap_fail("byte %u of %u is old", i, size);
	for (unsigned int i = 0; i < size / 4; i++)
		if (word[i] >= KERNEL_START && word[i] < KERNEL_END)
			tap_fail("word %u of %u is %x", i, size / 4, word[i]);
}

mach_msg_id_t secret_receive(unsigned char pattern, mach_port_t port)
{
	static struct message message;

	memset(&message, 0, sizeof message);
	if (!EXPECT(message_receive_wait(&message, port, PATIENCE), MACH_MSG_SUCCESS))
		return 0;
	secret_expect_clean(pattern, &message.header);
	mach_msg_destroy(&message.header);
	return message.header.msgh_id;
}
