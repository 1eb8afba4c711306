/* SPDX-License-Identifier: BSD-2-Clause */
/* Copies and shared memory case by case; failures on the way.  Bug ids are in the names. */
#include <tests/unit/fakes.h>
#include <tests/unit/map_words.h>

#include <string.h>

#include <kern/slab.h>
#include <tests/unit/map_check.h>
#include <vm/copy.h>
#include <vm/map_entry.h>

START_TEST(vm7_copies_of_many_entries)
{
	struct vm_map_copy *copy;
	vm_offset_t a = get(201 * PAGE), b;

	for (unsigned int i = 0; i < 201; i++) {
		put(a + i * PAGE + 77, (char)i);
		ck_must(vm_map_protect(map, a + i * PAGE, PAGE, false, i % 2 ? 1 : 3) ==
			KERN_SUCCESS);
	}
	for (unsigned int n = 1; n <= 200; n += 13) {
		ck_must(vm_map_copyin(map, a + 5, n * PAGE, false, &copy) == KERN_SUCCESS);
		ck_must(vm_map_copyout(map, &b, copy) == KERN_SUCCESS);
		ck_must(b % PAGE == 5);
		for (unsigned int i = 0; i < n; i++)
			ck_must(look(b - 5 + i * PAGE + 77) == (char)i);
		map_check(map);
		ck_must(look(b - 5) == 0 && look(b - 5 + n * PAGE + 77) == 0);
		for (unsigned int i = 0; i <= n; i++)
			ck_must(vm_map_deallocate(map, b + (i * 7 % (n + 1)) * PAGE, 1) ==
				KERN_SUCCESS);
	}
}
END_TEST

START_TEST(vm11_copies_are_snapshots)
{
	vm_offset_t a = get(4 * PAGE), b;
	struct vm_map_copy *copies[2];
	struct vm_map *child;

	put(a, 1);
	ck_must(vm_map_inherit(map, a, 4 * PAGE, VM_INHERIT_SHARE) == KERN_SUCCESS);
	child = fork_of(map);
	ck_must(load(child, a) == 1 && load(map, a) == 1);
	ck_must(vm_map_copyin(map, a, 3 * PAGE, false, &copies[0]) == KERN_SUCCESS);
	ck_must(vm_map_copyin(map, a, 3 * PAGE, true, &copies[1]) == KERN_SUCCESS);
	put_in(child, a, 2);
	put_in(child, a + PAGE, 2);
	for (int i = 0; i < 2; i++) {
		ck_must(vm_map_copyout(map, &b, copies[i]) == KERN_SUCCESS);
		ck_must(load(map, b) == 1 && load(map, b + PAGE) == 0);
	}
	ck_assert_int_eq(load(child, a), 2);
	vm_map_release(child);
}
END_TEST

/* Both sharers have mapped a page that lies in the shadow; one writes: the other must see it. */
START_TEST(vm8_no_stale_mappings)
{
	vm_offset_t a = get(PAGE);
	struct vm_map *child, *grandchild;

	put(a, 1);
	child = fork_of(map);
	ck_must(vm_map_inherit(child, a, PAGE, VM_INHERIT_SHARE) == KERN_SUCCESS);
	grandchild = fork_of(child);
	ck_must(load(child, a) == 1 && load(grandchild, a) == 1);
	put_in(child, a, 2);
	ck_assert_int_eq(load(grandchild, a), 2);
	ck_assert_int_eq(load(map, a), 1);
	map_check(grandchild);
	vm_map_release(child);
	put(a, 3);
	ck_assert_int_eq(load(grandchild, a), 2);
	vm_map_release(grandchild);
}
END_TEST

START_TEST(vm13_nothing_is_kept)
{
	vm_offset_t a = get(16 * PAGE);
	struct vm_map *child;

	ck_must(vm_map_inherit(map, a, 16 * PAGE, VM_INHERIT_SHARE) == KERN_SUCCESS);
	for (int i = 0; i < 16; i++)
		put(a + (vm_offset_t)i * PAGE, 1);
	child = fork_of(map);
	ck_must(vm_map_deallocate(map, a, 8 * PAGE) == KERN_SUCCESS);
	ck_assert_uint_eq(object_pages(), 16);
	ck_must(vm_map_deallocate(child, a, 4 * PAGE) == KERN_SUCCESS);
	ck_assert_uint_eq(object_pages(), 12);
	ck_must(vm_map_deallocate(child, a + 12 * PAGE, 4 * PAGE) == KERN_SUCCESS);
	ck_assert_uint_eq(object_pages(), 12);
	vm_map_release(child);
	ck_assert_uint_eq(object_pages(), 8);
}
END_TEST

/* When all copies but one have been written, the last takes the page that was common. */
START_TEST(last_copy_needs_no_page)
{
	vm_offset_t a = get(PAGE);
	struct vm_map *child, *other;

	put(a, 1);
	child = fork_of(map);
	other = fork_of(map);
	ck_assert_uint_eq(object_pages(), 1);
	put_in(child, a, 2);
	put_in(other, a, 3);
	put(a, 4);
	ck_assert_uint_eq(object_pages(), 3);
	ck_must(look(a) == 4 && look_in(child, a) == 2 && look_in(other, a) == 3);
	vm_map_release(child);
	vm_map_release(other);
	ck_assert_uint_eq(vm_object_count(), 1);
}
END_TEST

/* Memory that grows into a place must not show what was there. */
START_TEST(growth_shows_zeros)
{
	vm_offset_t a = get(8 * PAGE);
	struct vm_map *child;

	for (int i = 0; i < 8; i++)
		put(a + (vm_offset_t)i * PAGE, 1);
	child = fork_of(map);
	ck_must(vm_map_deallocate(child, a + 4 * PAGE, 4 * PAGE) == KERN_SUCCESS);
	ck_must(vm_map_allocate(child, &(vm_offset_t){ a + 4 * PAGE }, 4 * PAGE, false) ==
		KERN_SUCCESS);
	ck_must(load(child, a + 4 * PAGE) == 0 && load(child, a + 3 * PAGE) == 1);
	vm_map_release(child);
	ck_must(vm_map_deallocate(map, a + 4 * PAGE, 4 * PAGE) == KERN_SUCCESS);
	fix(a + 4 * PAGE, 4 * PAGE);
	ck_must(load(map, a + 4 * PAGE) == 0 && load(map, a + 3 * PAGE) == 1);
}
END_TEST

/* Neighbours become one entry and one object, so that a heap does not fall to pieces. */
START_TEST(heap_is_one_entry)
{
	vm_offset_t a = 0x100000;

	for (unsigned int i = 0; i < 100; i++) {
		fix(a + i * PAGE, PAGE);
		put(a + i * PAGE, 1);
		fix(a - (i + 1) * PAGE, PAGE);
		put(a - (i + 1) * PAGE, 1);
	}
	ck_assert_uint_eq(vm_entry_count(), 1);
	ck_assert_uint_eq(vm_object_count(), 1);
}
END_TEST

/* Chains have a limit however many copies live, each of another state. */
START_TEST(chains_are_bounded)
{
	static struct vm_map *children[200];
	vm_offset_t a = get(2 * PAGE);

	for (int i = 0; i < 200; i++) {
		put(a, (char)i);
		children[i] = fork_of(map);
	}
	map_check(map);
	for (int i = 0; i < 200; i++) {
		ck_must(load(children[i], a) == (char)i && load(children[i], a + PAGE) == 0);
		map_check(children[i]);
	}
	for (int i = 0; i < 200; i++)
		vm_map_release(children[i * 77 % 200]);
	ck_assert_uint_eq(vm_object_count(), 1);
	ck_assert_uint_eq(object_pages(), 1);
}
END_TEST

START_TEST(overwrite_is_checked_as_a_whole)
{
	vm_offset_t a = get(4 * PAGE), b = get(4 * PAGE);
	struct vm_map_copy *copy;

	put(a, 9);
	ck_must(vm_map_copyin(map, a, 4 * PAGE, false, &copy) == KERN_SUCCESS);
	ck_must(vm_map_protect(map, b + 3 * PAGE, PAGE, false, 1) == KERN_SUCCESS);
	ck_assert_int_eq(vm_map_copy_overwrite(map, b, copy), KERN_PROTECTION_FAILURE);
	ck_assert_int_eq(look(b), 0);
	ck_must(vm_map_deallocate(map, b + 3 * PAGE, PAGE) == KERN_SUCCESS);
	ck_assert_int_eq(vm_map_copy_overwrite(map, b, copy), KERN_INVALID_ADDRESS);
	ck_assert_int_eq(vm_map_copy_overwrite(map, TOP - PAGE, copy), KERN_INVALID_ADDRESS);
	ck_assert_int_eq(look(b), 0);
	fix(b + 3 * PAGE, PAGE);
	ck_assert_int_eq(vm_map_copy_overwrite(map, b, copy), KERN_SUCCESS);
	ck_assert_int_eq(look(b), 9);
}
END_TEST

START_TEST(kernel_bytes_of_every_size)
{
	static char bytes[3 * PAGE], back[3 * PAGE];
	static const vm_size_t sizes[] = { 0, 1, 100, PAGE - 64, COPY_BYTES_MAX, COPY_BYTES_MAX + 1,
					   PAGE, PAGE + 1, 3 * PAGE };
	vm_offset_t a;

	for (unsigned int i = 0; i < sizeof bytes; i++)
		bytes[i] = (char)(i * 7 + i / 255);
	for (unsigned int i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		struct vm_map_copy *copy = vm_map_copy_from_kernel(bytes, sizes[i]);

		ck_must(copy != NULL);
		ck_assert_uint_eq(vm_map_copy_size(copy), sizes[i]);
		ck_assert_int_eq(vm_map_copy_read(copy, sizes[i], back, 1), KERN_INVALID_ARGUMENT);
		ck_assert_int_eq(vm_map_copyout(map, &a, copy), KERN_SUCCESS);
		ck_assert_int_eq(vm_map_read_bytes(map, a, back, sizes[i]), KERN_SUCCESS);
		ck_assert_int_eq(memcmp(bytes, back, sizes[i]), 0);
		ck_assert_int_eq(vm_map_deallocate(map, a, sizes[i]), KERN_SUCCESS);
	}
}
END_TEST

/* --- Every allocation fails once ------------------------------------------------------------- */

static void make_various(vm_offset_t a)
{
	fix(a, 8 * PAGE);
	put(a + PAGE, 1);
	put(a + 6 * PAGE, 1);
	ck_must(vm_map_inherit(map, a + 2 * PAGE, PAGE, VM_INHERIT_SHARE) == KERN_SUCCESS);
	ck_must(vm_map_inherit(map, a + 5 * PAGE, 2 * PAGE, VM_INHERIT_SHARE) == KERN_SUCCESS);
}

START_TEST(fork_fails_cleanly)
{
	struct vm_map *child = NULL, *first;

	make_various(0x10000);
	first = fork_of(map);
	put(0x11000, 2);
	for (unsigned int n = 1; child == NULL; n++) {
		ck_must(n < 100);
		slab_fail_after(n);
		child = vm_map_fork(map);
		map_check(map);
		ck_must(look(0x16000) == 1);
	}
	slab_fail_after(0);
	vm_map_release(child);
	vm_map_release(first);
}
END_TEST

/* A failure is answered by a second try, so what shows is what the first left behind. */
START_TEST(copyin_fails_cleanly)
{
	struct vm_map_copy *copy;
	struct vm_map *first;

	for (unsigned int n = 1; n < 40; n++) {
		make_various(0x10000);
		first = fork_of(map);
		put(0x11000, 2);
		slab_fail_after(n / 2 + 1);
		ck_must(vm_map_copyin(map, 0x10800, 6 * PAGE, n % 2, &copy) == KERN_SUCCESS);
		slab_fail_after(0);
		map_check(map);
		vm_map_copy_discard(copy);
		vm_map_release(first);
		ck_must(vm_map_deallocate(map, 0, TOP) == KERN_SUCCESS);
		ck_must(vm_entry_count() == 0 && vm_object_count() == 0);
	}
}
END_TEST

void unit_tests(TCase *tcase)
{
	tcase_add_checked_fixture(tcase, map_setup, map_teardown);
	tcase_add_test(tcase, vm7_copies_of_many_entries);
	tcase_add_test(tcase, vm11_copies_are_snapshots);
	tcase_add_test(tcase, vm8_no_stale_mappings);
	tcase_add_test(tcase, vm13_nothing_is_kept);
	tcase_add_test(tcase, last_copy_needs_no_page);
	tcase_add_test(tcase, growth_shows_zeros);
	tcase_add_test(tcase, heap_is_one_entry);
	tcase_add_test(tcase, chains_are_bounded);
	tcase_add_test(tcase, overwrite_is_checked_as_a_whole);
	tcase_add_test(tcase, kernel_bytes_of_every_size);
	tcase_add_test(tcase, fork_fails_cleanly);
	tcase_add_test(tcase, copyin_fails_cleanly);
}
