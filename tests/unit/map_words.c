/* SPDX-License-Identifier: BSD-2-Clause */
#include <tests/unit/map_words.h>

#include <tests/unit/fakes.h>
#include <tests/unit/fakes_pmap.h>
#include <tests/unit/map_check.h>
#include <vm/map_entry.h>

struct vm_map *map;

void map_setup(void)
{
	inject_pause();
	vm_map_init();
	inject_begin();
	inject_resume();
	map = vm_map_create();
	ck_must(map != NULL);
}

/* A test that is abandoned leaves the map as it is, with however much in it. */
void fake_everyone_ends(void)
{
	if (map != NULL)
		vm_map_release(map);
}

void map_teardown(void)
{
	struct vm_page_counts counts;

	map_check(map);
	vm_map_release(map);
	map = NULL;
	vm_page_get_counts(&counts);
	ck_assert_uint_eq(counts.object, 0);
	ck_assert_uint_eq(counts.wired, 0);
	ck_assert_uint_eq(vm_object_count(), 0);
	ck_assert_uint_eq(vm_entry_count(), 0);
	ck_assert_uint_eq(fake_pmap_count, 0);
}

struct vm_map *fork_of(struct vm_map *parent)
{
	struct vm_map *child = vm_map_fork(parent);

	ck_must(child != NULL);
	return child;
}

uint32_t object_pages(void)
{
	struct vm_page_counts counts;

	vm_page_get_counts(&counts);
	return counts.object;
}

vm_offset_t get(vm_size_t size)
{
	vm_offset_t addr;

	ck_must(vm_map_allocate(map, &addr, size, true) == KERN_SUCCESS);
	return addr;
}

void fix(vm_offset_t addr, vm_size_t size)
{
	ck_must(vm_map_allocate(map, &addr, size, false) == KERN_SUCCESS);
}

void put_in(struct vm_map *m, vm_offset_t addr, char value)
{
	ck_must(vm_map_write_bytes(m, addr, &value, 1) == KERN_SUCCESS);
}

char look_in(struct vm_map *m, vm_offset_t addr)
{
	char value;

	ck_must(vm_map_read_bytes(m, addr, &value, 1) == KERN_SUCCESS);
	return value;
}

char load(struct vm_map *m, vm_offset_t addr)
{
	struct fake_mapping *f = fake_pmap_lookup(m->pmap, addr & ~PAGE_OFFSET_MASK);
	char value;

	if (f == NULL)
		ck_must(vm_fault(m, addr, VM_PROT_READ) == KERN_SUCCESS);
	f = fake_pmap_lookup(m->pmap, addr & ~PAGE_OFFSET_MASK);
	ck_must(f != NULL);
	vm_page_read(vm_page_from_phys(f->pa), addr % PAGE, &value, 1);
	return value;
}
