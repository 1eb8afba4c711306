/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of maps, faults and copies with the real page tables. */
#include "ktest.h"

#include <kern/string.h>
#include <vm/map.h>
#include <vm/page.h>

#define SIZE (16 * PAGE_BYTES)

static uint32_t word_at(struct vm_map *map, vm_offset_t addr)
{
	uint32_t word = 0xbad0bad0;

	CHECK(vm_map_read_bytes(map, addr, &word, sizeof(word)) == KERN_SUCCESS);
	return word;
}

static void put_word(struct vm_map *map, vm_offset_t addr, uint32_t word)
{
	CHECK(vm_map_write_bytes(map, addr, &word, sizeof(word)) == KERN_SUCCESS);
}

static void test_zero_fill(void)
{
	struct vm_map *map = vm_map_create();
	vm_offset_t addr = 0;

	CHECK(vm_map_allocate(map, &addr, SIZE, true) == KERN_SUCCESS);
	for (vm_offset_t a = addr; a < addr + SIZE; a += PAGE_BYTES)
		CHECK(word_at(map, a) == 0);
	put_word(map, addr + SIZE - 4, 42);
	CHECK(word_at(map, addr + SIZE - 4) == 42);
	CHECK(vm_map_deallocate(map, addr, SIZE) == KERN_SUCCESS);
	CHECK(vm_fault(map, addr, VM_PROT_READ) == KERN_INVALID_ADDRESS);
	vm_map_release(map);
}

static void test_fork_is_a_snapshot(void)
{
	struct vm_map *parent = vm_map_create(), *child;
	vm_offset_t copied = 0, shared = 0;

	CHECK(vm_map_allocate(parent, &copied, SIZE, true) == KERN_SUCCESS);
	CHECK(vm_map_allocate(parent, &shared, SIZE, true) == KERN_SUCCESS);
	CHECK(vm_map_inherit(parent, shared, SIZE, VM_INHERIT_SHARE) == KERN_SUCCESS);
	put_word(parent, copied, 1);
	put_word(parent, shared, 1);
	child = vm_map_fork(parent);
	if (!CHECK(child != NULL))
		return;
	put_word(parent, copied, 2);
	put_word(parent, shared, 2);
	CHECK(word_at(child, copied) == 1);
	CHECK(word_at(child, shared) == 2);
	put_word(child, copied + PAGE_BYTES, 3);
	put_word(child, shared + PAGE_BYTES, 3);
	CHECK(word_at(parent, copied + PAGE_BYTES) == 0);
	CHECK(word_at(parent, shared + PAGE_BYTES) == 3);
	vm_map_release(parent);
	CHECK(word_at(child, copied) == 1);
	vm_map_release(child);
}

/* VM-11: what was taken out of a map stays as it was, also when its memory is shared. */
static void test_copy_is_a_snapshot(void)
{
	struct vm_map *map = vm_map_create(), *child;
	vm_offset_t source = 0, target = 0;
	struct vm_map_copy *copy = NULL;

	CHECK(vm_map_allocate(map, &source, SIZE, true) == KERN_SUCCESS);
	CHECK(vm_map_inherit(map, source, SIZE, VM_INHERIT_SHARE) == KERN_SUCCESS);
	put_word(map, source + 8, 11);
	child = vm_map_fork(map);
	CHECK(vm_map_copyin(map, source, SIZE, false, &copy) == KERN_SUCCESS);
	put_word(child, source + 8, 12);
	CHECK(word_at(map, source + 8) == 12);
	CHECK(vm_map_copyout(map, &target, copy) == KERN_SUCCESS);
	CHECK(word_at(map, target + 8) == 11);
	vm_map_release(child);
	vm_map_release(map);
}

static void test_discard(void)
{
	struct vm_map *map = vm_map_create();
	struct vm_map_copy *copy = NULL;
	vm_offset_t source = 0;

	CHECK(vm_map_allocate(map, &source, SIZE, true) == KERN_SUCCESS);
	put_word(map, source, 5);
	CHECK(vm_map_copyin(map, source, SIZE, true, &copy) == KERN_SUCCESS);
	CHECK(vm_fault(map, source, VM_PROT_READ) == KERN_INVALID_ADDRESS);
	vm_map_copy_discard(copy);
	vm_map_release(map);
}

static void test_protection(void)
{
	struct vm_map *map = vm_map_create();
	vm_offset_t addr = 0;

	CHECK(vm_map_allocate(map, &addr, SIZE, true) == KERN_SUCCESS);
	put_word(map, addr, 1);
	CHECK(vm_map_protect(map, addr, SIZE, false, VM_PROT_READ) == KERN_SUCCESS);
	CHECK(vm_fault(map, addr, VM_PROT_READ) == KERN_SUCCESS);
	CHECK(vm_fault(map, addr, VM_PROT_WRITE) == KERN_PROTECTION_FAILURE);
	CHECK(vm_map_protect(map, addr, SIZE, true, VM_PROT_READ) == KERN_SUCCESS);
	CHECK(vm_map_protect(map, addr, SIZE, false, VM_PROT_READ | VM_PROT_WRITE) ==
	      KERN_PROTECTION_FAILURE);
	vm_map_release(map);
}

/* A thousand copies of copies do not make a chain of a thousand objects. */
static void test_generations(void)
{
	struct vm_map *map = vm_map_create();
	vm_offset_t addr = 0;

	CHECK(vm_map_allocate(map, &addr, SIZE, true) == KERN_SUCCESS);
	for (uint32_t i = 0; i < 1000; i++) {
		struct vm_map *child;

		put_word(map, addr + (i % 16) * PAGE_BYTES, i);
		child = vm_map_fork(map);
		if (!CHECK(child != NULL))
			break;
		vm_map_release(map);
		map = child;
	}
	CHECK(word_at(map, addr + (999 % 16) * PAGE_BYTES) == 999);
	vm_map_release(map);
}

const struct ktest vm_tests[] = {
	{ "fresh memory is zero, freed memory is gone", test_zero_fill },
	{ "a forked map copies and shares", test_fork_is_a_snapshot },
	{ "VM-11: a copy of shared memory is a snapshot", test_copy_is_a_snapshot },
	{ "a copy that moves its source can be discarded", test_discard },
	{ "protections are kept and not raised", test_protection },
	{ "1,000 generations of copies", test_generations },
	{ 0, 0 },
};
