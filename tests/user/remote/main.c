/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TM-12: memory of another task, at every place in its page, in pages that the kernel has mapped
 * always and in those that it maps for the moment.  The machine has memory above 768 MiB for it.
 * We share the pages with the other task, and see there what the kernel reads and writes.
 */
#include <libmach/string.h>
#include <mach.h>
#include <mach/gnumach.h>
#include <mach/gsync.h>
#include <mach/mig_support.h>
#include <mach/vm_param.h>

#include "../common/messages.h"
#include "../common/ports.h"
#include "../common/tap.h"

#define SELF	mach_task_self()
#define PAGES	2u
#define SIZE	(PAGES * PAGE_SIZE)
#define DIRECT	0x30000000ull		/* what is below the kernel has mapped */

static mach_port_t other;
static vm_address_t base;

static unsigned char *bytes(void)
{
	return (unsigned char *) base;
}

static volatile unsigned int *word(unsigned int offset)
{
	return (volatile unsigned int *) (base + offset);
}

static unsigned char byte_for(unsigned int offset)
{
	return offset * 7 + offset / 251 + 1;
}

static void fill(void)
{
	for (unsigned int i = 0; i < SIZE; i++)
		bytes()[i] = byte_for(i);
}

/* Bytes that are not what they were filled with, but for some from `offset'. */
static unsigned int count_changed(unsigned int offset, unsigned int size)
{
	unsigned int changed = 0;

	for (unsigned int i = 0; i < SIZE; i++)
		changed += (i < offset || i >= offset + size) && bytes()[i] != byte_for(i);
	return changed;
}

/* --- the memory ----------------------------------------------------------------------------- */

static void expect_pages(phys_addr_t from, phys_addr_t end)
{
	rpc_phys_addr_t found[PAGES] = { 0 }, *pages = found;
	mach_msg_type_number_t count = PAGES;

	EXPECT(vm_pages_phys(tap_host_priv, other, base, SIZE, &pages, &count), KERN_SUCCESS);
	EXPECT(count, PAGES);
	for (unsigned int i = 0; i < PAGES; i++) {
		tap_about("the page at %x%08x", (unsigned int) (pages[i] >> 32),
			(unsigned int) pages[i]);
		EXPECT_TRUE(pages[i] >= from && pages[i] < end);
	}
	tap_about("%s", "");
	if (pages != found)
		vm_deallocate(SELF, (vm_address_t) pages, count * sizeof *pages);
}

static void share(void)
{
	fill();
	EXPECT(vm_inherit(SELF, base, SIZE, VM_INHERIT_SHARE), KERN_SUCCESS);
	EXPECT(task_create(SELF, TRUE, &other), KERN_SUCCESS);
}

static void share_high(void)
{
	EXPECT(vm_allocate(SELF, &base, SIZE, TRUE), KERN_SUCCESS);
	share();
	if (tap_is_porter())
		expect_pages(DIRECT, ~0ull);
}

static void share_low(void)
{
	rpc_phys_addr_t start;

	EXPECT(vm_allocate_contiguous(tap_host_priv, SELF, &base, &start, SIZE, 0, DIRECT - 1, 0),
		KERN_SUCCESS);
	share();
	expect_pages(0, DIRECT);
}

static void share_end(void)
{
	EXPECT(task_terminate(other), KERN_SUCCESS);
	EXPECT(mach_port_deallocate(SELF, other), KERN_SUCCESS);
	EXPECT(vm_deallocate(SELF, base, SIZE), KERN_SUCCESS);
}

static void with_all(void (*test)(void))
{
	share_high();
	test();
	share_end();
	share_low();
	test();
	share_end();
}

/* --- words ------------------------------------------------------------------------------------ */

/* Wake with an answer. */
static kern_return_t wake(vm_address_t address, unsigned int value, int flags)
{
	const unsigned int values[] = { address, value, (unsigned int) flags };
	struct message message;

	message_init(&message, other, MACH_MSG_TYPE_COPY_SEND, mig_get_reply_port(),
		MACH_MSG_TYPE_MAKE_SEND_ONCE);
	message.header.msgh_id = 4205;
	for (unsigned int i = 0; i < COUNT_OF(values); i++) {
		message_word(&message, 0x10012002);
		message_word(&message, values[i]);
	}
	EXPECT(message_send(&message), MACH_MSG_SUCCESS);
	EXPECT(message_receive(&message, mig_get_reply_port()), MACH_MSG_SUCCESS);
	return message.body[1];
}

/* The word that is there is waited for, any other is not. */
static void try_word(unsigned int offset, int flags)
{
	unsigned int value = *word(offset);
	unsigned int next = flags & GSYNC_QUAD ? *word(offset + 4) : 0;

	tap_about("the word at %x, flags %x", offset, flags);
	EXPECT(gsync_wait(other, base + offset, value, next, 0, flags | GSYNC_TIMED),
		KERN_TIMEDOUT);
	EXPECT(gsync_wait(other, base + offset, value ^ 1u << offset / 4 % 32, next, 0,
		flags | GSYNC_TIMED), KERN_INVALID_ARGUMENT);
	if (flags & GSYNC_QUAD)
		EXPECT(gsync_wait(other, base + offset, value, next ^ 0x80000000u, 0,
			flags | GSYNC_TIMED), KERN_INVALID_ARGUMENT);
}

static void try_mutation(unsigned int offset, int flags)
{
	unsigned int value = offset * 0x01030507u;

	EXPECT(wake(base + offset, value, flags | GSYNC_MUTATE), KERN_INVALID_ARGUMENT);
	EXPECT(*word(offset), value);
	for (unsigned int i = offset; i < offset + 4; i++)
		bytes()[i] = byte_for(i);
}

static void try_words(void)
{
	for (unsigned int offset = 0; offset < SIZE; offset += 4) {
		int shared = offset / 4 % 2 == 0 ? GSYNC_SHARED : 0;

		try_word(offset, shared);
		try_mutation(offset, shared);
		if (offset <= SIZE - 8)
			try_word(offset, shared | GSYNC_QUAD);
	}
	tap_about("%s", "");
	EXPECT(count_changed(0, 0), 0);
}

static void test_words(void)
{
	with_all(try_words);
}

static void try_misaligned(void)
{
	for (unsigned int offset = 1; offset < SIZE; offset += offset % 4 == 3 ? 2 : 1) {
		tap_about("the word at %x", offset);
		EXPECT(gsync_wait(other, base + offset, 0, 0, 0, GSYNC_TIMED), KERN_INVALID_ADDRESS);
		EXPECT(wake(base + offset, 0, GSYNC_MUTATE), KERN_INVALID_ADDRESS);
	}
	tap_about("%s", "");
	EXPECT(count_changed(0, 0), 0);
}

static void test_misaligned(void)
{
	with_all(try_misaligned);
}

/* --- ranges ----------------------------------------------------------------------------------- */

static void try_read(unsigned int offset, unsigned int size)
{
	mach_msg_type_number_t count = 0;
	vm_offset_t data = 0;

	tap_about("%u bytes at %x", size, offset);
	if (!EXPECT(vm_read(other, base + offset, size, &data, &count), KERN_SUCCESS))
		return;
	EXPECT(count, size);
	EXPECT(data % PAGE_SIZE, (base + offset) % PAGE_SIZE);
	EXPECT(memcmp((void *) data, bytes() + offset, size), 0);
	EXPECT(vm_deallocate(SELF, data, size), KERN_SUCCESS);
}

static void try_reads(void)
{
	static const unsigned int sizes[] = { 1, 2, 3, 4, 5, 7, 8, 9, 4095, 4096, 4097 };
	unsigned int step = tap_rounds(37, 1);

	for (unsigned int offset = 0; offset < PAGE_SIZE; offset += step) {
		try_read(offset, sizes[offset % COUNT_OF(sizes)]);
		try_read(PAGE_SIZE - offset, sizes[(offset + 5) % COUNT_OF(sizes)]);
	}
	tap_about("%s", "");
}

static void test_reads(void)
{
	with_all(try_reads);
}

/* Whole pages only, on both sides. */
static void try_writes(void)
{
	static unsigned char source[SIZE + PAGE_SIZE];
	unsigned int step = tap_rounds(411, 3);

	for (unsigned int i = 0; i < sizeof source; i++)
		source[i] = ~byte_for(i);
	for (unsigned int offset = 0; offset < PAGE_SIZE; offset += step) {
		unsigned char *from = source + offset;

		tap_about("from %x", offset);
		EXPECT(vm_write(other, base, (vm_offset_t) from, SIZE),
			(vm_offset_t) from % PAGE_SIZE == 0 ? KERN_SUCCESS : KERN_INVALID_ARGUMENT);
		EXPECT(vm_write(other, base + offset + 1, (vm_offset_t) source, 4),
			KERN_INVALID_ARGUMENT);
	}
	tap_about("%s", "");
}

static void try_pages(void)
{
	vm_address_t source = 0;

	EXPECT(vm_allocate(SELF, &source, PAGE_SIZE, TRUE), KERN_SUCCESS);
	for (unsigned int i = 0; i < PAGE_SIZE; i++)
		((unsigned char *) source)[i] = ~byte_for(i);
	EXPECT(vm_write(other, base + PAGE_SIZE, source, PAGE_SIZE), KERN_SUCCESS);
	EXPECT(memcmp((void *) source, bytes() + PAGE_SIZE, PAGE_SIZE), 0);
	EXPECT(count_changed(PAGE_SIZE, PAGE_SIZE), 0);
	EXPECT(vm_copy(other, base, PAGE_SIZE, base + PAGE_SIZE), KERN_SUCCESS);
	EXPECT(memcmp(bytes(), bytes() + PAGE_SIZE, PAGE_SIZE), 0);
	EXPECT(count_changed(PAGE_SIZE, PAGE_SIZE), 0);
	EXPECT(vm_deallocate(SELF, source, PAGE_SIZE), KERN_SUCCESS);
	fill();
	try_writes();
}

static void test_pages(void)
{
	with_all(try_pages);
}

static const struct test tests[] = {
	{ .name = "TM-12 words of another task at every place", .run = test_words },
	{ .name = "TM-12 words of another task beside every place", .run = test_misaligned },
	{ .name = "TM-12 vm_read at every place", .run = test_reads },
	{ .name = "TM-12 vm_write and vm_copy", .run = test_pages },
};

int main(int argc, char **argv)
{
	return tap_main(argc, argv, tests, COUNT_OF(tests));
}
