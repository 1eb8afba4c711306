/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory in many pieces, sent and shared again and again: VM-7, VM-8, VM-12, VM-13. */
#include <libmach/string.h>
#include <mach.h>
#include <mach/mach_host.h>

#include "../common/messages.h"
#include "../common/pager.h"
#include "../common/ports.h"
#include "../common/regions.h"
#include "../common/snapshot.h"
#include "../common/tap.h"
#include "tests.h"

static struct message message;

static vm_offset_t allocate(unsigned int pages)
{
	vm_offset_t address = 0;

	EXPECT(vm_allocate(SELF, &address, pages * PAGE_SIZE, TRUE), KERN_SUCCESS);
	return address;
}

static void unmap(vm_offset_t address, unsigned int pages)
{
	EXPECT(vm_deallocate(SELF, address, pages * PAGE_SIZE), KERN_SUCCESS);
}

/* Send memory to ourselves; where it comes to. */
static vm_offset_t send_around(mach_port_t port, vm_offset_t address, vm_size_t size,
	boolean_t give_away)
{
	message_init(&message, port, MACH_MSG_TYPE_COPY_SEND, MACH_PORT_NULL, 0);
	message_memory(&message, MACH_MSG_TYPE_BYTE, 8, size, (void *) address,
		give_away ? TYPE_DEALLOCATE : 0);
	EXPECT(message_send(&message), MACH_MSG_SUCCESS);
	EXPECT(message_receive(&message, port), MACH_MSG_SUCCESS);
	return message.body[3];
}

/* --- VM-7 --------------------------------------------------------------------------------------- */

#define ENTRIES	200

static uint32_t seed = 1;

static uint32_t random_below(uint32_t limit)
{
	seed = seed * 1103515245 + 12345;
	return (seed >> 8) % limit;
}

/* Neighbours differ in protection, so each page is an entry; each has its number in it. */
static vm_offset_t make_pieces(unsigned int pages)
{
	vm_offset_t base = allocate(pages);

	for (unsigned int i = 0; i < pages; i++) {
		memset((void *) (base + i * PAGE_SIZE), i, PAGE_SIZE);
		EXPECT(vm_protect(SELF, base + i * PAGE_SIZE, PAGE_SIZE, FALSE,
			i % 2 ? VM_PROT_READ : VM_PROT_DEFAULT), KERN_SUCCESS);
	}
	return base;
}

/* The bytes of a range: the number of their page in the source. */
static unsigned int wrong_bytes(vm_offset_t at, vm_size_t size, vm_offset_t offset)
{
	unsigned int wrong = 0;

	for (vm_size_t i = 0; i < size; i += 509)
		wrong += *(unsigned char *) (at + i) != (unsigned char) ((offset + i) / PAGE_SIZE);
	return wrong + (*(unsigned char *) (at + size - 1)
		!= (unsigned char) ((offset + size - 1) / PAGE_SIZE));
}

/* Give up the pages of a range in some order. */
static void give_up_randomly(vm_offset_t address, unsigned int pages)
{
	static unsigned short order[ENTRIES + 1];
	unsigned int i, j;

	for (i = 0; i < pages; i++) {
		j = random_below(i + 1);
		order[i] = order[j];
		order[j] = i;
	}
	for (i = 0; i < pages; i++)
		unmap(address + order[i] * PAGE_SIZE, 1);
}

static void send_pieces(mach_port_t port, unsigned int pages, vm_offset_t from, vm_offset_t rest,
	boolean_t give_away)
{
	static struct regions before;
	vm_offset_t base = make_pieces(pages), to;
	vm_size_t size = pages * PAGE_SIZE - from - rest;
	struct region region;

	tap_about("%u pieces, from %x, without %x, deallocate %d", pages, from, rest, give_away);
	regions_take(SELF, &before);
	to = send_around(port, base + from, size, give_away);
	EXPECT(to % PAGE_SIZE, from % PAGE_SIZE);
	EXPECT(wrong_bytes(to, size, from), 0);
	EXPECT(region_find(SELF, to, &region), KERN_SUCCESS);
	EXPECT(region.protection, VM_PROT_DEFAULT);
	EXPECT(region.max, VM_PROT_ALL);
	if (!give_away)
		EXPECT(wrong_bytes(base, pages * PAGE_SIZE, 0), 0);
	else if (region_find(SELF, base, &region) == KERN_SUCCESS)
		EXPECT_TRUE(region.address != base || to / PAGE_SIZE == base / PAGE_SIZE);
	give_up_randomly(to & -PAGE_SIZE, (to % PAGE_SIZE + size + PAGE_SIZE - 1) / PAGE_SIZE);
	if (!give_away) {
		regions_expect(SELF, &before);
		give_up_randomly(base, pages);
	} else {
		unmap(base, pages);
	}
}

void test_pieces(void)
{
	static const unsigned int counts[] = { 1, 2, 3, 4, 17, 64, 199, ENTRIES };
	static const vm_offset_t offsets[] = { 0, 1, PAGE_SIZE / 2, PAGE_SIZE - 1 };
	static struct regions before;
	mach_port_t port = port_new_with_send(1);
	vm_offset_t holes = allocate(40);
	unsigned int i, j, k;

	for (i = 0; i < 40; i += 2)
		unmap(holes + i * PAGE_SIZE, 1);
	regions_take(SELF, &before);
	for (i = 0; i < COUNT_OF(counts); i++)
		for (j = 0; j < COUNT_OF(offsets); j++)
			for (k = 0; k < 2; k++)
				send_pieces(port, counts[i], offsets[j],
					offsets[(j + k) % COUNT_OF(offsets)] * (counts[i] > 1),
					k);
	tap_about("%s", "");
	regions_expect(SELF, &before);
	unmap(holes, 40);
	port_destroy(port);
}

/* --- VM-8 --------------------------------------------------------------------------------------- */

#define SHARED	32

static unsigned int differing(vm_offset_t at, const unsigned char *expected)
{
	unsigned int wrong = 0;

	for (unsigned int i = 0; i < SHARED; i++)
		wrong += *(volatile unsigned char *) (at + i * PAGE_SIZE) != expected[i];
	return wrong;
}

static unsigned int differing_in(mach_port_t task, vm_offset_t at, const unsigned char *expected)
{
	unsigned int wrong;
	vm_offset_t data;
	vm_size_t size;

	EXPECT(vm_read(task, at, SHARED * PAGE_SIZE, &data, &size), KERN_SUCCESS);
	wrong = differing(data, expected);
	EXPECT(vm_deallocate(SELF, data, size), KERN_SUCCESS);
	return wrong;
}

static void end_task(mach_port_t task)
{
	EXPECT(task_terminate(task), KERN_SUCCESS);
	EXPECT(mach_port_deallocate(SELF, task), KERN_SUCCESS);
}

/* Pages that were freed come back in other memory, full of this. */
static void reuse_pages(void)
{
	vm_offset_t other = allocate(4 * SHARED);

	memset((void *) other, 0xdd, 4 * SHARED * PAGE_SIZE);
	unmap(other, 4 * SHARED);
}

static void write_some(vm_offset_t base, unsigned char *expected, unsigned char value)
{
	for (unsigned int i = 0; i < SHARED / 2; i++) {
		unsigned int page = random_below(SHARED);

		*(volatile unsigned char *) (base + page * PAGE_SIZE) = expected[page] = value;
	}
}

/* Shared memory with copies above it: the sharers end one after the other. */
void test_survivors(void)
{
	static unsigned char now[SHARED], then[SHARED];
	vm_offset_t base = allocate(SHARED), copy;
	mach_port_t sharer, copier, heir;
	vm_size_t size;

	EXPECT(vm_inherit(SELF, base, SHARED * PAGE_SIZE, VM_INHERIT_SHARE), KERN_SUCCESS);
	for (unsigned int round = 0; round < tap_rounds(10, 500); round++) {
		tap_about("round %u", round);
		write_some(base, now, 1 + round % 100);
		EXPECT(task_create(SELF, TRUE, &sharer), KERN_SUCCESS);
		EXPECT(task_create(sharer, TRUE, &heir), KERN_SUCCESS);
		EXPECT(vm_inherit(sharer, base, SHARED * PAGE_SIZE, VM_INHERIT_COPY),
			KERN_SUCCESS);
		EXPECT(task_create(sharer, TRUE, &copier), KERN_SUCCESS);
		EXPECT(vm_read(SELF, base, SHARED * PAGE_SIZE, &copy, &size), KERN_SUCCESS);
		memcpy(then, now, sizeof now);
		write_some(base, now, 101 + round % 100);
		end_task(sharer);
		reuse_pages();
		EXPECT(differing(base, now), 0);
		EXPECT(differing(copy, then), 0);
		EXPECT(differing_in(heir, base, now), 0);
		EXPECT(differing_in(copier, base, then), 0);
		/* Whoever writes reaches whom it shares with, and nobody else. */
		write_some(base, now, 0xee);
		EXPECT(differing_in(heir, base, now), 0);
		end_task(heir);
		reuse_pages();
		write_some(base, now, 0xef);
		EXPECT(differing(copy, then), 0);
		EXPECT(vm_deallocate(SELF, copy, size), KERN_SUCCESS);
		EXPECT(differing_in(copier, base, then), 0);
		end_task(copier);
		EXPECT(differing(base, now), 0);
	}
	tap_about("%s", "");
	unmap(base, SHARED);
}

/* --- VM-12 -------------------------------------------------------------------------------------- */

#define PIECE		0x10000u
#define CANARY		0x5ca1ab1e

static uint32_t sum_of(const void *data)
{
	const uint32_t *words = data;
	uint32_t sum = 0;

	for (unsigned int i = 0; i < PIECE / 4; i += 16)
		sum = sum * 31 + words[i];
	return sum;
}

/* 12 MiB in pieces of 64 KiB, each from new memory or always the same. */
void test_many_pieces(void)
{
	static unsigned char same[PIECE] __attribute__((aligned(PAGE_SIZE)));
	static struct regions before;
	volatile uint32_t canary[2] = { CANARY, ~CANARY };
	mach_port_t port = port_new_with_send(1);

	regions_take(SELF, &before);
	for (unsigned int i = 0; i < tap_rounds(192, 100000); i++) {
		boolean_t fresh = i % 2;
		vm_offset_t from = fresh ? allocate(PIECE / PAGE_SIZE) : (vm_offset_t) same, to;
		uint32_t sum;

		for (unsigned int page = 0; page < PIECE; page += PAGE_SIZE)
			*(uint32_t *) (from + page) = i + page;
		sum = sum_of((void *) from);
		to = send_around(port, from, PIECE, fresh);
		if (!EXPECT(sum_of((void *) to), sum))
			break;
		EXPECT(vm_deallocate(SELF, to, PIECE), KERN_SUCCESS);
	}
	EXPECT(canary[0], CANARY);
	EXPECT(canary[1], ~CANARY);
	regions_expect(SELF, &before);
	port_destroy(port);
}

/* --- VM-13 -------------------------------------------------------------------------------------- */

#define HALF		64
#define MARGIN		4	/* page tables, and what caches keep */

static int free_pages(void)
{
	return (int) snapshot_free_pages();
}

static void expect_free(int expected)
{
	int now = free_pages();

	EXPECT_TRUE(now >= expected - MARGIN && now <= expected + MARGIN);
}

/* Each of two sharers gives up another half: what neither has is free at once. */
void test_no_page_stays(void)
{
	vm_offset_t base = allocate(2 * HALF), copy;
	vm_size_t size;
	mach_port_t child;
	int before;

	EXPECT(vm_inherit(SELF, base, 2 * HALF * PAGE_SIZE, VM_INHERIT_SHARE), KERN_SUCCESS);
	EXPECT(task_create(SELF, TRUE, &child), KERN_SUCCESS);
	memset((void *) base, 1, 2 * HALF * PAGE_SIZE);
	before = free_pages();
	EXPECT(vm_deallocate(child, base, HALF * PAGE_SIZE), KERN_SUCCESS);
	expect_free(before);
	unmap(base + HALF * PAGE_SIZE, HALF);
	expect_free(before);
	unmap(base, HALF / 2);
	expect_free(before + HALF / 2);
	EXPECT(vm_deallocate(child, base + HALF * PAGE_SIZE, HALF / 2 * PAGE_SIZE), KERN_SUCCESS);
	expect_free(before + HALF);
	/* A copy of what is left keeps just that. */
	EXPECT(vm_read(SELF, base + HALF / 2 * PAGE_SIZE, HALF / 2 * PAGE_SIZE, &copy, &size),
		KERN_SUCCESS);
	unmap(base + HALF / 2 * PAGE_SIZE, HALF / 2);
	expect_free(before + HALF);
	EXPECT(vm_deallocate(SELF, copy + size / 2, size / 2), KERN_SUCCESS);
	expect_free(before + HALF + HALF / 4);
	end_task(child);
	EXPECT(vm_deallocate(SELF, copy, size / 2), KERN_SUCCESS);
	EXPECT_TRUE(free_pages() >= before + 2 * HALF - MARGIN);
}
