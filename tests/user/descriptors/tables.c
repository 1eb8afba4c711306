/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of what can be set, what is refused, and what is seen then. */
#include "tests.h"

#include <libmach/string.h>
#include <libmach/thread.h>
#include <mach/mig_support.h>

#include "../common/messages.h"
#include "../common/ports.h"
#include "../common/snapshot.h"
#include "../common/tap.h"

descriptor_t flat(unsigned int base, unsigned int access)
{
	return (descriptor_t) {
		.low_word = base << 16 | 0xffff,
		.high_word = (base & 0xff000000) | 0x00cf0000 | access << 8 | (base >> 16 & 0xff),
	};
}

mach_port_t idle_thread(void)
{
	mach_port_t thread = MACH_PORT_NULL;

	EXPECT(thread_create(SELF, &thread), KERN_SUCCESS);
	return thread;
}

void end_thread(mach_port_t thread)
{
	EXPECT(thread_terminate(thread), KERN_SUCCESS);
	port_destroy(thread);
}

kern_return_t set_one(mach_port_t thread, unsigned int index, descriptor_t descriptor)
{
	return i386_set_ldt(thread, LDT(index), &descriptor, 1);
}

/* How many the kernel gave; they are in list, which has room for MESSAGE_WORDS / 2. */
static unsigned int get(mach_port_t thread, unsigned int first, unsigned int count,
	descriptor_t *list)
{
	descriptor_list_t got = list;
	mach_msg_type_number_t number = 256;

	EXPECT(i386_get_ldt(thread, LDT(first), count, &got, &number), KERN_SUCCESS);
	if (got != list) {
		memcpy(list, got, number * sizeof *list);
		EXPECT(vm_deallocate(SELF, (vm_address_t) got, number * sizeof *list),
			KERN_SUCCESS);
	}
	return number;
}

static boolean_t same(descriptor_t a, descriptor_t b)
{
	return a.low_word == b.low_word && a.high_word == b.high_word;
}

static boolean_t is_empty(descriptor_t descriptor)
{
	return descriptor.low_word == 0 && descriptor.high_word == 0;
}

descriptor_t get_one(mach_port_t thread, unsigned int index)
{
	descriptor_t list[256] = { { 0, 0 } };

	get(thread, index, 1, list);
	return list[0];
}

/* A thread that ends by a fault gives it back in no other way. */
static void forget_reply_port(void)
{
	mig_dealloc_reply_port(mig_get_reply_port());
}

kern_return_t set_own(unsigned int index, descriptor_t descriptor)
{
	mach_port_t thread = mach_thread_self();
	kern_return_t result = set_one(thread, index, descriptor);

	mach_port_deallocate(SELF, thread);
	forget_reply_port();
	return result;
}

kern_return_t set_own_slot(int *selector, descriptor_t descriptor)
{
	mach_port_t thread = mach_thread_self();
	kern_return_t result = i386_set_gdt(thread, selector, descriptor);

	mach_port_deallocate(SELF, thread);
	forget_reply_port();
	return result;
}

static descriptor_t list[1200];

/* A thread has no LDT of its own until entries are set. */
void test_set_ldt(void)
{
	mach_port_t thread = idle_thread(), other = idle_thread();
	descriptor_t data = flat(0x12345678, DATA), code = flat(0x87654321, CODE);

	EXPECT(get(thread, 0, 10, list), 0);
	EXPECT(set_one(thread, 5, data), KERN_SUCCESS);
	EXPECT(get(thread, 0, 10, list), 6);
	EXPECT_TRUE(is_empty(list[1]) && is_empty(list[4]));
	EXPECT_TRUE(same(list[5], data));
	EXPECT(set_one(thread, 4, code), KERN_SUCCESS);
	EXPECT(get(thread, 4, 2, list), 2);
	EXPECT_TRUE(same(list[0], code) && same(list[1], data));
	EXPECT(get(thread, 6, 1, list), 0);
	EXPECT(get(thread, 8190, 1, list), 0);
	EXPECT(get(thread, 4, 0, list), 0);
	EXPECT(set_one(thread, 5, (descriptor_t) { 77, 0 }), KERN_SUCCESS);
	EXPECT_TRUE(is_empty(get_one(thread, 5)));
	EXPECT_TRUE(same(get_one(thread, 4), code));
	EXPECT(get(other, 0, 10, list), 0);
	end_thread(thread);
	end_thread(other);
}

void test_bad_arguments(void)
{
	static const int firsts[] = { -1, -8, (int) 0x80000000, 8191 << 3, 8192 << 3, 0x7fffffff };
	mach_port_t thread = idle_thread();
	descriptor_list_t got = list;
	mach_msg_type_number_t count = 256;

	list[0] = flat(0, DATA);
	for (unsigned int i = 0; i < COUNT_OF(firsts); i++) {
		tap_about("first selector 0x%x", firsts[i]);
		EXPECT(i386_set_ldt(thread, firsts[i], list, 1), KERN_INVALID_ARGUMENT);
		EXPECT(i386_get_ldt(thread, firsts[i], 1, &got, &count), KERN_INVALID_ARGUMENT);
	}
	tap_about("%s", "");
	EXPECT(i386_get_ldt(thread, LDT(4), -1, &got, &count), KERN_INVALID_ARGUMENT);
	EXPECT(i386_get_ldt(thread, LDT(4), 8188, &got, &count), KERN_INVALID_ARGUMENT);
	EXPECT(i386_get_ldt(thread, LDT(4), 0x7fffffff, &got, &count), KERN_INVALID_ARGUMENT);
	EXPECT(i386_set_ldt(SELF, LDT(4), list, 1), KERN_INVALID_ARGUMENT);
	EXPECT(i386_get_ldt(SELF, LDT(4), 1, &got, &count), KERN_INVALID_ARGUMENT);
	EXPECT(i386_set_ldt(thread, LDT(4), list, 0), KERN_SUCCESS);
	EXPECT(get(thread, 0, 10, list), 0);
	end_thread(thread);
}

/* Code and data of ring 3, or nothing: ring 0, system segments and gates are refused. */
void test_access_bytes(void)
{
	mach_port_t thread = idle_thread();
	int selector = SLOT_0;

	for (unsigned int access = 0; access < 256; access++) {
		boolean_t good = access == 0 || (access & 0x70) == 0x70;
		boolean_t absent = !(access & 0x80);

		tap_about("access byte 0x%x", access);
		EXPECT(set_one(thread, 4, flat(0, access)),
			good ? KERN_SUCCESS : KERN_INVALID_ARGUMENT);
		EXPECT(i386_set_gdt(thread, &selector, flat(0, access)),
			good || absent ? KERN_SUCCESS : KERN_INVALID_ARGUMENT);
	}
	tap_about("%s", "");
	list[0] = list[1] = flat(0, DATA);
	list[2] = flat(0, 0x92);
	EXPECT(set_one(thread, 4, flat(1, CODE)), KERN_SUCCESS);
	EXPECT(i386_set_ldt(thread, LDT(4), list, 3), KERN_INVALID_ARGUMENT);
	EXPECT_TRUE(same(get_one(thread, 4), flat(1, CODE)));
	/* A stack of 16 bits shows half of the kernel's stack pointer. */
	list[0].high_word &= ~0x00400000u;
	EXPECT(i386_set_ldt(thread, LDT(4), list, 1), KERN_INVALID_ARGUMENT);
	EXPECT(i386_set_gdt(thread, &selector, list[0]), KERN_INVALID_ARGUMENT);
	end_thread(thread);
}

/* The call gate, and the segments with which programs begin. */
void test_kernel_entries(void)
{
	mach_port_t thread = idle_thread();

	for (unsigned int i = 0; i < COUNT_OF(list); i++)
		list[i] = flat(0, DATA);
	for (unsigned int first = 0; first < 4; first++)
		for (unsigned int count = 1; count < 6; count++) {
			boolean_t good = first == 1 && count == 1;

			tap_about("%u entries from %u on", count, first);
			EXPECT(i386_set_ldt(thread, LDT(first), list, count),
				good ? KERN_SUCCESS : KERN_INVALID_ARGUMENT);
		}
	tap_about("%s", "");
	EXPECT(get(thread, 0, 10, list), 4);
	EXPECT(list[0].low_word, 0);	/* no address of the kernel's */
	EXPECT(list[0].high_word, 0x0000ec00);
	EXPECT_TRUE(same(list[1], flat(0, DATA)));
	EXPECT(list[2].high_word & 0xfe00, 0xfa00);
	EXPECT(list[3].high_word & 0xfe00, 0xf200);
	end_thread(thread);
}

/* More than a message holds inline. */
void test_many_entries(void)
{
	mach_port_t thread = idle_thread();
	static descriptor_t many[1000];

	for (unsigned int i = 0; i < COUNT_OF(many); i++)
		many[i] = flat(i * 0x1001, i % 2 ? DATA : CODE);
	EXPECT(i386_set_ldt(thread, LDT(4), many, COUNT_OF(many)), KERN_SUCCESS);
	EXPECT(get(thread, 4, 1200, list), COUNT_OF(many));
	for (unsigned int i = 0; i < COUNT_OF(many); i++)
		if (!same(list[i], many[i]))
			tap_fail("entry %u is another", i);
	EXPECT(get(thread, 1000, 256, list), 4);
	EXPECT_TRUE(same(list[3], many[999]));
	EXPECT(i386_set_ldt(thread, LDT(8190), many, 1), KERN_SUCCESS);
	EXPECT(get(thread, 8100, 91, list), 91);
	EXPECT_TRUE(is_empty(list[0]) && same(list[90], many[0]));
	end_thread(thread);
}

/* Buffers of many sizes that hold descriptors, given back. */
static void fill_kernel(void)
{
	static struct message message;
	descriptor_t pattern = flat(0x5a5a5a5a, DATA);
	mach_port_t port = port_new();

	for (unsigned int i = 0; i + 1 < MESSAGE_WORDS; i += 2)
		memcpy(&message.body[i], &pattern, sizeof pattern);
	for (mach_msg_size_t size = 64; size < sizeof message; size = size * 3 / 2 & ~3u) {
		message.header.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_MAKE_SEND_ONCE, 0);
		message.header.msgh_remote_port = port;
		message.header.msgh_local_port = MACH_PORT_NULL;
		EXPECT(message_send_size(&message, size, 0, 0), MACH_MSG_SUCCESS);
	}
	port_destroy(port);
}

/* TM-2: what a table has grown by is empty. */
void test_gap(void)
{
	mach_port_t thread = idle_thread();

	for (unsigned int last = 300; last < 1200; last += 300) {
		EXPECT(set_one(thread, 20, flat(1, DATA)), KERN_SUCCESS);
		fill_kernel();
		EXPECT(set_one(thread, last, flat(2, DATA)), KERN_SUCCESS);
		EXPECT(get(thread, 0, last + 1, list), last + 1);
		for (unsigned int i = 21; i < last; i++)
			if (i % 300 != 0 && !is_empty(list[i]))
				tap_fail("entry %u is not empty", i);
	}
	end_thread(thread);
}

static mach_port_t victim;

static void set_bad_list(void)
{
	EXPECT(i386_set_ldt(victim, LDT(4), list, COUNT_OF(list)), KERN_INVALID_ARGUMENT);
}

/* TM-4: what came out of line with a list that is refused is given back. */
void test_many_bad_lists(void)
{
	victim = idle_thread();
	for (unsigned int i = 0; i < COUNT_OF(list); i++)
		list[i] = flat(0, DATA);
	list[COUNT_OF(list) - 1] = flat(0, 0x92);
	snapshot_conserved(set_bad_list, tap_rounds(10000, 100000));
	EXPECT(get(victim, 0, 10, list), 0);
	end_thread(victim);
}

static void thread_with_ldt(void)
{
	mach_port_t thread = idle_thread();
	int selector = -1;

	EXPECT(set_one(thread, 8000, flat(0, DATA)), KERN_SUCCESS);
	EXPECT(i386_set_gdt(thread, &selector, flat(0, DATA)), KERN_SUCCESS);
	end_thread(thread);
}

void test_ldt_ends(void)
{
	snapshot_conserved(thread_with_ldt, tap_rounds(500, 10000));
}

void test_slots(void)
{
	mach_port_t thread = idle_thread(), other = idle_thread();
	descriptor_t got, data = flat(0x1000, DATA), code = flat(0x2000, CODE);
	int selector = -1;

	EXPECT(i386_set_gdt(thread, &selector, data), KERN_SUCCESS);
	EXPECT(selector, SLOT_0);
	selector = -1;
	EXPECT(i386_set_gdt(thread, &selector, code), KERN_SUCCESS);
	EXPECT(selector, SLOT_1);
	selector = -1;
	EXPECT(i386_set_gdt(thread, &selector, code), KERN_NO_SPACE);
	EXPECT(selector, -1);
	EXPECT(i386_get_gdt(thread, SLOT_0, &got), KERN_SUCCESS);
	EXPECT_TRUE(same(got, data));
	EXPECT(i386_get_gdt(thread, SLOT_1, &got), KERN_SUCCESS);
	EXPECT_TRUE(same(got, code));
	EXPECT(i386_get_gdt(other, SLOT_1, &got), KERN_SUCCESS);
	EXPECT_TRUE(is_empty(got));
	selector = SLOT_0;
	EXPECT(i386_set_gdt(thread, &selector, (descriptor_t) { 0, 0 }), KERN_SUCCESS);
	selector = -1;
	EXPECT(i386_set_gdt(thread, &selector, code), KERN_SUCCESS);
	EXPECT(selector, SLOT_0);
	end_thread(thread);
	end_thread(other);
}

/* The kernel's entries can be neither seen nor set. */
void test_bad_slots(void)
{
	mach_port_t thread = idle_thread();
	descriptor_t got;

	for (int i = -16; i < 256; i++) {
		int selector = i;

		if (i == -1 || i == SLOT_0 || i == SLOT_1)
			continue;
		tap_about("selector 0x%x", i);
		EXPECT(i386_set_gdt(thread, &selector, flat(0, DATA)), KERN_INVALID_ARGUMENT);
		EXPECT(i386_get_gdt(thread, i, &got), KERN_INVALID_ARGUMENT);
		selector = i << 16 | SLOT_0;
		if (i != 0)
			EXPECT(i386_set_gdt(thread, &selector, flat(0, DATA)),
				KERN_INVALID_ARGUMENT);
	}
	EXPECT(i386_get_gdt(thread, -1, &got), KERN_INVALID_ARGUMENT);
	EXPECT(i386_get_gdt(SELF, SLOT_0, &got), KERN_INVALID_ARGUMENT);
	end_thread(thread);
}
