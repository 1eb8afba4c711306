/* SPDX-License-Identifier: BSD-2-Clause */
/* Maps case by case: answers, limits, wiring.  Bug ids are in the names. */
#include <tests/unit/fakes.h>
#include <tests/unit/map_words.h>

#include <mach/vm_wire.h>
#include <tests/unit/map_check.h>
#include <vm/contiguous.h>
#include <vm/copy.h>
#include <vm/map_entry.h>

/* --- Answers --------------------------------------------------------------------------- */

static kern_return_t enter(vm_offset_t *addr, vm_size_t size, vm_offset_t mask, bool anywhere,
			   vm_prot_t cur, vm_prot_t max, vm_inherit_t inherit)
{
	return vm_map_enter_anonymous(map, addr, size, mask, anywhere, cur, max, inherit);
}

START_TEST(allocate_answers)
{
	vm_offset_t a = 0x5678;

	ck_assert_int_eq(vm_map_allocate(map, &a, 0, true), KERN_SUCCESS);
	ck_assert_uint_eq(a, 0);
	ck_assert_int_eq(vm_map_allocate(map, &a, (vm_size_t)-1, true), KERN_INVALID_ARGUMENT);
	a = 0x5678;
	ck_assert_int_eq(vm_map_allocate(map, &a, 1, false), KERN_SUCCESS);
	ck_assert_uint_eq(a, 0x5000);
	ck_assert_int_eq(vm_map_allocate(map, &a, 1, false), KERN_NO_SPACE);
	a = 0x4000;
	ck_assert_int_eq(vm_map_allocate(map, &a, 2 * PAGE, false), KERN_NO_SPACE);
	a = TOP;
	ck_assert_int_eq(vm_map_allocate(map, &a, PAGE, false), KERN_INVALID_ADDRESS);
	a = TOP - PAGE;
	ck_assert_int_eq(vm_map_allocate(map, &a, 2 * PAGE, false), KERN_INVALID_ADDRESS);
	ck_assert_int_eq(vm_map_allocate(map, &a, (vm_size_t)-PAGE, false), KERN_INVALID_ADDRESS);
	ck_assert_int_eq(vm_map_allocate(map, &a, PAGE, false), KERN_SUCCESS);
	ck_assert_int_eq(vm_map_allocate(map, &a, TOP, true), KERN_NO_SPACE);
	a = 0;
	ck_assert_int_eq(vm_map_allocate(map, &a, PAGE, false), KERN_SUCCESS);
	ck_assert_uint_eq(get(PAGE), PAGE);
}
END_TEST

START_TEST(enter_answers)
{
	vm_offset_t a = 0;

	ck_assert_int_eq(enter(&a, PAGE, 0, true, 8, 7, 1), KERN_INVALID_ARGUMENT);
	ck_assert_int_eq(enter(&a, PAGE, 0, true, 3, 8, 1), KERN_INVALID_ARGUMENT);
	ck_assert_int_eq(enter(&a, PAGE, 0, true, 3, 7, 3), KERN_INVALID_ARGUMENT);
	ck_assert_int_eq(enter(&a, PAGE, 0, true, 3, 7, -1), KERN_INVALID_ARGUMENT);
	/* Current above maximum is kept. */
	ck_assert_int_eq(enter(&a, PAGE, 0, true, 3, 1, 1), KERN_SUCCESS);
	ck_assert_int_eq(vm_fault(map, a, VM_PROT_WRITE), KERN_SUCCESS);
}
END_TEST

START_TEST(vm4_masks)
{
	static const vm_offset_t good[] = { 0, 1, 0xfff, 0x1fff, 0xfffff, 0x7fffffff };
	static const vm_offset_t bad[] = { 0xffffffff, 0x80000fff, 0x5, 0x2000 };
	vm_offset_t a;

	fix(0x3000, PAGE);
	for (unsigned int i = 0; i < sizeof good / sizeof good[0]; i++) {
		ck_assert_int_eq(enter(&a, PAGE, good[i], true, 3, 7, 1), KERN_SUCCESS);
		ck_assert_uint_eq(a & good[i], 0);
	}
	for (unsigned int i = 0; i < sizeof bad / sizeof bad[0]; i++)
		ck_assert_int_eq(enter(&a, PAGE, bad[i], true, 3, 7, 1), KERN_NO_SPACE);
	a = 0x11000;
	ck_assert_int_eq(enter(&a, PAGE, 0x1fff, false, 3, 7, 1), KERN_NO_SPACE);
}
END_TEST

START_TEST(range_answers)
{
	vm_offset_t a = get(4 * PAGE);

	ck_assert_int_eq(vm_map_deallocate(map, a, 0), KERN_SUCCESS);
	ck_assert_int_eq(vm_map_deallocate(map, a, -a), KERN_INVALID_ARGUMENT);
	ck_assert_int_eq(vm_map_deallocate(map, 0x1000, 0xfffff000), KERN_INVALID_ARGUMENT);
	ck_assert_int_eq(vm_map_protect(map, 0x1001, 0xffffffff, false, 1), KERN_INVALID_ARGUMENT);
	ck_assert_int_eq(vm_map_inherit(map, 0x1001, 0xffffffff, 1), KERN_INVALID_ARGUMENT);
	ck_assert_int_eq(vm_map_protect(map, a, PAGE, false, 8), KERN_INVALID_ARGUMENT);
	ck_assert_int_eq(vm_map_protect(map, a, PAGE, false, 0x13), KERN_SUCCESS);
	ck_assert_int_eq(vm_map_inherit(map, a, PAGE, 3), KERN_INVALID_ARGUMENT);
	ck_assert_uint_eq(map->size, 4 * PAGE);
	/* Parts of pages mean the whole; holes do not matter. */
	ck_assert_int_eq(vm_map_deallocate(map, a + PAGE + 1, 1), KERN_SUCCESS);
	ck_assert_uint_eq(map->size, 3 * PAGE);
	ck_assert_int_eq(vm_map_protect(map, a, TOP, false, 1), KERN_SUCCESS);
	ck_assert_int_eq(vm_map_protect(map, a, TOP, true, 1), KERN_SUCCESS);
	ck_assert_int_eq(vm_map_protect(map, a, PAGE, false, 3), KERN_PROTECTION_FAILURE);
	ck_assert_int_eq(vm_map_protect(map, a, PAGE, true, 3), KERN_PROTECTION_FAILURE);
	ck_assert_int_eq(vm_map_deallocate(map, 0, 0xfffffff0), KERN_SUCCESS);
	ck_assert_uint_eq(map->size, 0);
}
END_TEST

START_TEST(access_without_read_is_none)
{
	vm_offset_t a = get(PAGE);

	put(a, 1);
	for (vm_prot_t prot = 0; prot < 8; prot++) {
		ck_assert_int_eq(vm_map_protect(map, a, PAGE, false, prot), KERN_SUCCESS);
		for (vm_prot_t want = 1; want <= 4; want *= 2) {
			bool allowed = (prot & 1) != 0 && (prot & want) != 0;

			ck_assert_int_eq(vm_fault(map, a, want),
					 allowed ? KERN_SUCCESS : KERN_PROTECTION_FAILURE);
		}
	}
	ck_assert_int_eq(vm_fault(map, a + PAGE, VM_PROT_READ), KERN_INVALID_ADDRESS);
	ck_assert_int_eq(vm_fault(map, TOP, VM_PROT_READ), KERN_INVALID_ADDRESS);
	ck_assert_int_eq(vm_fault(map, 0xffffffff, VM_PROT_READ), KERN_INVALID_ADDRESS);
}
END_TEST

START_TEST(region_answers)
{
	struct vm_map_region_info info;
	vm_offset_t a = get(8 * PAGE);

	ck_assert_int_eq(vm_map_protect(map, a + 2 * PAGE, 2 * PAGE, false, 1), KERN_SUCCESS);
	ck_assert_int_eq(vm_map_region(map, 0, &info), KERN_SUCCESS);
	ck_assert_uint_eq(info.start, a);
	ck_assert_uint_eq(info.size, 2 * PAGE);
	ck_assert_int_eq(vm_map_region(map, a + 3 * PAGE + 5, &info), KERN_SUCCESS);
	ck_assert_uint_eq(info.start, a + 2 * PAGE);
	ck_assert_int_eq(info.protection, 1);
	ck_assert_int_eq(vm_map_region(map, a + 8 * PAGE, &info), KERN_NO_SPACE);
	/* Alike again: one region. */
	ck_assert_int_eq(vm_map_protect(map, a + 2 * PAGE, 2 * PAGE, false, 3), KERN_SUCCESS);
	ck_assert_int_eq(vm_map_region(map, a, &info), KERN_SUCCESS);
	ck_assert_uint_eq(info.size, 8 * PAGE);
}
END_TEST

START_TEST(vm1_copyin_ranges)
{
	static const struct { vm_offset_t addr; vm_size_t size; } ranges[] = {
		{ 0x1001, 0xffffefff }, { 0x1000, 0xfffff000 }, { 0x2000, 0xfffff000 },
		{ 0, 0xffffffff }, { TOP - PAGE, PAGE + 1 }, { TOP, 1 }, { 0xfffff000, 0xfff },
		{ 0xfffff000, 0x1000 }, { 0xffffffff, 1 }, { 0x1000, 0xfffff001 },
	};
	struct vm_map_copy *copy;

	fix(0, 16 * PAGE);
	fix(TOP - PAGE, PAGE);
	for (unsigned int i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
		kern_return_t kr = vm_map_copyin(map, ranges[i].addr, ranges[i].size,
						 i % 2, &copy);

		ck_assert_int_eq(kr, KERN_INVALID_ADDRESS);
		ck_assert_uint_eq(map->size, 17 * PAGE);
	}
	ck_assert_int_eq(vm_map_copyin(map, TOP - PAGE, PAGE, false, &copy), KERN_SUCCESS);
	vm_map_copy_discard(copy);
	ck_assert_int_eq(vm_map_protect(map, PAGE, PAGE, false, VM_PROT_WRITE), KERN_SUCCESS);
	ck_assert_int_eq(vm_map_copyin(map, 0, 3 * PAGE, true, &copy), KERN_PROTECTION_FAILURE);
	ck_assert_int_eq(vm_map_copyin(map, 5, 0, true, &copy), KERN_SUCCESS);
	ck_assert_ptr_null(copy);
}
END_TEST

/* --- Limits and wiring ------------------------------------------------------------------------ */

START_TEST(vm17_size_limit)
{
	struct vm_map_copy *copy, *small;
	vm_size_t current, max;
	struct vm_map *child;
	vm_offset_t a = get(4 * PAGE), b = 0;

	ck_assert_int_eq(vm_map_set_limits(map, 2, 1, true), KERN_INVALID_ARGUMENT);
	vm_map_get_limits(map, &current, &max);
	ck_assert_int_eq(vm_map_set_limits(map, PAGE, max + 1, false), KERN_NO_ACCESS);
	ck_must(vm_map_copyin(map, a, 2 * PAGE, false, &copy) == KERN_SUCCESS);
	ck_must(vm_map_copyin(map, a, 20, false, &small) == KERN_SUCCESS);
	ck_assert_int_eq(vm_map_set_limits(map, 5 * PAGE, 6 * PAGE, false), KERN_SUCCESS);
	ck_assert_int_eq(vm_map_allocate(map, &b, 2 * PAGE, true), KERN_NO_SPACE);
	ck_assert_int_eq(vm_map_copyout(map, &b, copy), KERN_NO_SPACE);
	ck_assert_int_eq(enter(&b, 100 * PAGE, 0, true, 0, 0, 1), KERN_SUCCESS);
	ck_assert_int_eq(vm_map_protect(map, a, PAGE, true, 0), KERN_SUCCESS);
	ck_assert_int_eq(vm_map_copyout(map, &b, copy), KERN_SUCCESS);
	ck_assert_int_eq(vm_map_copyout(map, &b, small), KERN_NO_SPACE);
	vm_map_copy_discard(small);
	child = fork_of(map);
	vm_map_get_limits(child, &current, &max);
	ck_assert_uint_eq(current, 5 * PAGE);
	ck_assert_uint_eq(max, 6 * PAGE);
	vm_map_release(child);
	ck_assert_int_eq(vm_map_set_limits(map, 0, 0, false), KERN_SUCCESS);
	ck_assert_int_eq(vm_map_set_limits(map, TOP, TOP, true), KERN_SUCCESS);
}
END_TEST

START_TEST(vm10_wiring_quota)
{
	vm_offset_t a = get(8 * PAGE);

	ck_assert_int_eq(vm_map_wire_quota(map, a, 4 * PAGE, 3, 4 * PAGE), KERN_SUCCESS);
	ck_assert_int_eq(vm_map_wire_quota(map, a, 4 * PAGE, 3, 4 * PAGE), KERN_SUCCESS);
	ck_assert_int_eq(vm_map_wire_quota(map, a, 5 * PAGE, 3, 4 * PAGE), KERN_NO_ACCESS);
	ck_assert_int_eq(vm_map_wire_quota(map, a + PAGE, 4 * PAGE, 3, 4 * PAGE), KERN_NO_ACCESS);
	ck_assert_int_eq(vm_map_wire_quota(map, a, 0xfffffff0, 3, 4 * PAGE), KERN_NO_ACCESS);
	ck_assert_int_eq(vm_map_wire(map, a, 0xc0000000, 3), KERN_NO_SPACE);
	ck_assert_int_eq(vm_map_wire(map, a, 0xfffffff0, 3), KERN_INVALID_ARGUMENT);
	ck_assert_int_eq(vm_map_wire(map, a, 9 * PAGE, 3), KERN_NO_SPACE);
	ck_assert_int_eq(vm_map_wire(map, a, 8 * PAGE, 4), KERN_NO_SPACE);
	ck_assert_uint_eq(map->size_wired, 4 * PAGE);
	ck_assert_int_eq(vm_map_wire(map, a, 8 * PAGE, 0), KERN_SUCCESS);
	ck_assert_uint_eq(map->size_wired, 0);
}
END_TEST

static void exhaust(void)
{
	inject_pause();
	while (vm_page_alloc_user() != NULL)
		;
	inject_resume();
}

/* Wired memory that was copied can be written when there is no memory left. */
START_TEST(wired_memory_needs_none)
{
	vm_offset_t a = get(4 * PAGE);
	struct vm_map *child;

	ck_must(vm_map_wire(map, a, 4 * PAGE, VM_PROT_READ) == KERN_SUCCESS);
	child = fork_of(map);
	exhaust();
	for (vm_offset_t va = a; va < a + 4 * PAGE; va += PAGE)
		ck_assert_int_eq(vm_fault(map, va, VM_PROT_WRITE), KERN_SUCCESS);
	vm_map_release(child);
	/* To nothing and back, then gone. */
	ck_must(vm_map_protect(map, a, 4 * PAGE, false, 0) == KERN_SUCCESS);
	ck_must(vm_map_protect(map, a, 4 * PAGE, false, 3) == KERN_SUCCESS);
	ck_must(vm_fault(map, a, VM_PROT_WRITE) == KERN_SUCCESS);
	ck_must(vm_map_deallocate(map, a, 4 * PAGE) == KERN_SUCCESS);
}
END_TEST

/* A page that many have wired: one more is refused, and nothing of the range stays wired. */
START_TEST(page_wired_too_often)
{
	vm_offset_t a = get(2 * PAGE);
	struct vm_map_entry *entry;
	struct vm_page *page;

	inject_pause();			/* what is wired here must be unwired */
	ck_must(vm_fault(map, a, VM_PROT_WRITE) == KERN_SUCCESS);
	ck_must(vm_fault(map, a + PAGE, VM_PROT_WRITE) == KERN_SUCCESS);
	mutex_lock(&map->lock);
	entry = vm_map_lookup(map, a);
	mutex_unlock(&map->lock);
	spin_lock(entry->object->lock);
	page = vm_object_page(entry->object, vm_entry_index(entry, a + PAGE));
	spin_unlock(entry->object->lock);
	for (uint32_t i = 0; i < VM_PAGE_WIRINGS_MAX; i++)
		vm_page_wire(page);
	ck_assert_int_eq(vm_map_wire(map, a, 2 * PAGE, VM_PROT_READ), KERN_RESOURCE_SHORTAGE);
	ck_assert_uint_eq(page->wire_count, VM_PAGE_WIRINGS_MAX);
	ck_assert_uint_eq(map->size_wired, 0);
	vm_page_unwire(page);
	ck_must(vm_map_wire(map, a, 2 * PAGE, VM_PROT_READ) == KERN_SUCCESS);
	ck_must(vm_map_wire(map, a, 2 * PAGE, VM_PROT_NONE) == KERN_SUCCESS);
	for (uint32_t i = 1; i < VM_PAGE_WIRINGS_MAX; i++)
		vm_page_unwire(page);
	inject_resume();
}
END_TEST

START_TEST(all_memory_wired)
{
	vm_offset_t a = get(4 * PAGE), none = 0, later;
	struct vm_map_copy *copy, *zeros, *small;
	char bytes[8];

	ck_must(enter(&none, 64 * PAGE, 0, true, 0, 0, 1) == KERN_SUCCESS);
	ck_must(vm_map_copyin(map, a, 4 * PAGE, false, &zeros) == KERN_SUCCESS);
	ck_assert_int_eq(vm_map_wire_all(map, VM_WIRE_ALL), KERN_SUCCESS);
	ck_assert_uint_eq(map->size_wired, 4 * PAGE);
	later = get(2 * PAGE);
	ck_assert_uint_eq(map->size_wired, 6 * PAGE);
	ck_must(vm_map_copyin(map, later, 2 * PAGE, true, &copy) == KERN_SUCCESS);
	ck_assert_uint_eq(map->size_wired, 4 * PAGE);
	ck_must(vm_map_copyout(map, &later, copy) == KERN_SUCCESS);
	ck_assert_uint_eq(map->size_wired, 6 * PAGE);
	small = vm_map_copy_from_kernel("small", 6);
	ck_must(small != NULL);
	exhaust();
	ck_assert_int_eq(vm_map_allocate(map, &a, PAGE, true), KERN_RESOURCE_SHORTAGE);
	/* What has no place stays the caller's, as it was. */
	ck_assert_int_eq(vm_map_copyout(map, &a, zeros), KERN_RESOURCE_SHORTAGE);
	ck_assert_int_eq(vm_map_copyout(map, &a, small), KERN_RESOURCE_SHORTAGE);
	ck_assert_uint_eq(map->size_wired, 6 * PAGE);
	ck_must(vm_map_copy_read(zeros, PAGE - 4, bytes, 8) == KERN_SUCCESS);
	ck_must(vm_map_copy_read(small, 0, bytes, 6) == KERN_SUCCESS);
	ck_assert_str_eq(bytes, "small");
	vm_map_copy_discard(zeros);
	vm_map_copy_discard(small);
	ck_assert_int_eq(vm_map_wire_all(map, VM_WIRE_NONE), KERN_SUCCESS);
	ck_assert_uint_eq(map->size_wired, 0);
}
END_TEST

START_TEST(vm15_contiguous)
{
	vm_offset_t a;
	phys_addr_t pa;
	struct vm_map_copy *copy;

	ck_assert_int_eq(vm_map_allocate_contiguous(map, 5 * PAGE, 0xffffff, &a, &pa),
			 KERN_SUCCESS);
	ck_assert(pa + 5 * PAGE <= 0x1000000);
	ck_assert_uint_eq(map->size_wired, 5 * PAGE);
	put(a + 4 * PAGE, 3);
	ck_must(vm_map_copyin(map, a, 5 * PAGE, false, &copy) == KERN_SUCCESS);
	vm_map_copy_discard(copy);
	ck_must(vm_map_deallocate(map, a, 2 * PAGE) == KERN_SUCCESS);
	ck_assert_int_eq(vm_map_allocate_contiguous(map, PAGE, 0x500, &a, &pa),
			 KERN_RESOURCE_SHORTAGE);
	ck_assert_int_eq(vm_map_allocate_contiguous(map, 0, 0xffffff, &a, &pa),
			 KERN_INVALID_ARGUMENT);
	ck_assert_int_eq(vm_map_allocate_contiguous(map, 0x40000000, ~0ull, &a, &pa),
			 KERN_RESOURCE_SHORTAGE);
	ck_must(vm_map_set_limits(map, 4 * PAGE, 4 * PAGE, true) == KERN_SUCCESS);
	ck_assert_int_eq(vm_map_allocate_contiguous(map, 2 * PAGE, ~0ull, &a, &pa), KERN_NO_SPACE);
}
END_TEST

START_TEST(a_terminated_map_refuses)
{
	struct vm_map_copy *copy;
	vm_offset_t a = get(3 * PAGE);

	put(a, 1);
	ck_must(vm_map_copyin(map, a, 3 * PAGE, false, &copy) == KERN_SUCCESS);
	vm_map_reference(map);
	vm_map_terminate(map);
	vm_map_release(map);
	ck_assert_int_eq(vm_map_allocate(map, &a, PAGE, true), KERN_NO_SPACE);
	ck_assert_int_eq(vm_map_copyout(map, &a, copy), KERN_NO_SPACE);
	ck_assert_int_eq(vm_fault(map, a, VM_PROT_READ), KERN_INVALID_ADDRESS);
	vm_map_copy_discard(copy);
}
END_TEST

void unit_tests(TCase *tcase)
{
	tcase_add_checked_fixture(tcase, map_setup, map_teardown);
	tcase_add_test(tcase, allocate_answers);
	tcase_add_test(tcase, enter_answers);
	tcase_add_test(tcase, vm4_masks);
	tcase_add_test(tcase, range_answers);
	tcase_add_test(tcase, access_without_read_is_none);
	tcase_add_test(tcase, region_answers);
	tcase_add_test(tcase, vm1_copyin_ranges);
	tcase_add_test(tcase, vm17_size_limit);
	tcase_add_test(tcase, vm10_wiring_quota);
	tcase_add_test(tcase, wired_memory_needs_none);
	tcase_add_test(tcase, page_wired_too_often);
	tcase_add_test(tcase, all_memory_wired);
	tcase_add_test(tcase, vm15_contiguous);
	tcase_add_test(tcase, a_terminated_map_refuses);
}
