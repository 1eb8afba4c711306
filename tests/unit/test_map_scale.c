/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What must not grow: entries that are alike are one, chains of copies have a bounded length,
 * and whole pages move without being copied.
 */
#include <tests/unit/fakes.h>
#include <tests/unit/map_words.h>

#include <string.h>

#include <tests/unit/map_check.h>
#include <vm/copy.h>
#include <vm/map_entry.h>

#define GENERATIONS 1000

/* --- Entries that become one ----------------------------------------------------------------- */

static void protect(vm_offset_t addr, vm_size_t size, vm_prot_t prot)
{
	ck_must(vm_map_protect(map, addr, size, false, prot) == KERN_SUCCESS);
}

static void inherit(vm_offset_t addr, vm_size_t size, vm_inherit_t inheritance)
{
	ck_must(vm_map_inherit(map, addr, size, inheritance) == KERN_SUCCESS);
}

START_TEST(there_and_back_is_one_entry)
{
	vm_offset_t a = get(64 * PAGE);

	for (vm_offset_t i = 0; i < 64; i++)
		put(a + i * PAGE, (char)i);
	for (vm_offset_t i = 0; i < 64; i += 2)
		protect(a + i * PAGE, PAGE, VM_PROT_READ);
	ck_assert_uint_eq(vm_entry_count(), 64);
	for (vm_offset_t i = 62; i < 64; i -= 2)
		protect(a + i * PAGE, PAGE, VM_PROT_DEFAULT);
	ck_assert_uint_eq(vm_entry_count(), 1);
	for (vm_offset_t i = 1; i < 63; i += 2)
		inherit(a + i * PAGE, PAGE, VM_INHERIT_NONE);
	ck_assert_uint_eq(vm_entry_count(), 63);
	inherit(a, 64 * PAGE, VM_INHERIT_COPY);
	ck_assert_uint_eq(vm_entry_count(), 1);
	for (vm_offset_t i = 0; i < 64; i++)
		ck_assert_int_eq(look(a + i * PAGE), (char)i);
}
END_TEST

/* A hole that is filled again at its place closes, touched or not. */
START_TEST(filled_hole_is_one_entry)
{
	vm_offset_t a = get(8 * PAGE);

	put(a, 1);
	for (int touched = 0; touched < 2; touched++) {
		ck_must(vm_map_deallocate(map, a + 4 * PAGE, PAGE) == KERN_SUCCESS);
		ck_assert_uint_eq(vm_entry_count(), 2);
		fix(a + 4 * PAGE, PAGE);
		if (touched)
			put(a + 4 * PAGE, 2);
	}
	map_check(map);
	ck_assert_uint_le(vm_entry_count(), 3);
}
END_TEST

START_TEST(wiring_there_and_back_is_one_entry)
{
	vm_offset_t a = get(8 * PAGE);

	ck_must(vm_map_wire(map, a + 2 * PAGE, 3 * PAGE, VM_PROT_READ) == KERN_SUCCESS);
	ck_assert_uint_eq(vm_entry_count(), 3);
	ck_must(vm_map_wire(map, a + 2 * PAGE, 3 * PAGE, VM_PROT_NONE) == KERN_SUCCESS);
	ck_assert_uint_eq(vm_entry_count(), 1);
}
END_TEST

/* --- Generations of copies ------------------------------------------------------------------- */

/* How many objects stand below an entry's. */
static uint32_t height_of(struct vm_map *m, vm_offset_t addr)
{
	const struct vm_object *object;
	uint32_t height = 0;

	mutex_lock(&m->lock);
	object = vm_map_lookup(m, addr)->object;
	for (; object->shadow != NULL; object = object->shadow)
		height++;
	mutex_unlock(&m->lock);
	return height;
}

struct line {
	bool write_parent, write_child, parent_dies;
};

/* Each copies the one before; the others die. */
static void generations(const struct line *line)
{
	vm_offset_t a = get(16 * PAGE);
	struct vm_map *last = map;

	vm_map_reference(map);
	for (unsigned int i = 0; i < 16; i++)
		put(a + i * PAGE, 1);
	for (unsigned int i = 0; i < GENERATIONS; i++) {
		struct vm_map *child = fork_of(last);

		if (line->write_parent)
			put_in(last, a + i % 16 * PAGE, 2);
		if (line->write_child)
			put_in(child, a + i % 16 * PAGE, 3);
		vm_map_release(line->parent_dies ? last : child);
		last = line->parent_dies ? child : last;
		ck_assert_uint_le(vm_object_count(), line->parent_dies ? 3 : 2);
		ck_assert_uint_le(height_of(last, a), 1);
		ck_assert_uint_le(object_pages(), 32);
	}
	map_check(last);
	vm_map_release(last);
	ck_must(vm_map_deallocate(map, a, 16 * PAGE) == KERN_SUCCESS);
	ck_assert_uint_eq(vm_object_count(), 0);
}

START_TEST(generations_leave_no_chain)
{
	for (int i = 0; i < 8; i++)
		generations(&(struct line){ i & 1, i & 2, i & 4 });
}
END_TEST

/* All live: a chain ends at its limit, and a new one begins. */
START_TEST(living_generations_have_a_limit)
{
	static struct vm_map *maps[200];
	vm_offset_t a = get(4 * PAGE);
	struct vm_map *last = map;

	put(a, 1);
	for (unsigned int i = 0; i < 200; i++) {
		maps[i] = fork_of(last);
		put_in(last, a + i % 4 * PAGE, (char)i);
		last = maps[i];
		ck_assert_uint_le(height_of(last, a), OBJECT_HEIGHT_MAX);
		ck_assert_uint_le(height_of(map, a), OBJECT_HEIGHT_MAX);
	}
	for (unsigned int i = 0; i < 200; i++)
		vm_map_release(maps[i * 77 % 200]);
	ck_assert_uint_eq(vm_object_count(), 1);
}
END_TEST

/* The same with copies that nobody maps. */
START_TEST(copies_of_copies_leave_no_chain)
{
	vm_offset_t a = get(8 * PAGE);

	for (unsigned int i = 0; i < GENERATIONS; i++) {
		struct vm_map_copy *copy;
		vm_offset_t b;

		put(a + i % 8 * PAGE, (char)i);
		ck_must(vm_map_copyin(map, a, 8 * PAGE, i % 3 == 0, &copy) == KERN_SUCCESS);
		ck_must(vm_map_copyout(map, &b, copy) == KERN_SUCCESS);
		if (i % 3 != 0)
			ck_must(vm_map_deallocate(map, a, 8 * PAGE) == KERN_SUCCESS);
		a = b;
		ck_assert_int_eq(look(a + i % 8 * PAGE), (char)i);
		ck_assert_uint_le(height_of(map, a), 1);
		ck_assert_uint_le(vm_object_count(), 2);
	}
	ck_assert_uint_le(object_pages(), 8);
}
END_TEST

/* --- Pages that take the place of others ------------------------------------------------------- */

static struct vm_map_copy *copy_of(vm_offset_t addr, vm_size_t size, bool move)
{
	struct vm_map_copy *copy;

	ck_must(vm_map_copyin(map, addr, size, move, &copy) == KERN_SUCCESS);
	return copy;
}

static void overwrite(vm_offset_t addr, struct vm_map_copy *copy)
{
	kern_return_t kr = vm_map_copy_overwrite(map, addr, copy);

	if (kr != KERN_SUCCESS)
		vm_map_copy_discard(copy);
	ck_must(kr == KERN_SUCCESS);
}

START_TEST(overwriting_copies_no_page)
{
	vm_offset_t a = get(8 * PAGE), b = get(10 * PAGE);

	for (unsigned int i = 0; i < 8; i++) {
		put(a + i * PAGE, (char)(i + 1));
		put(b + (i + 1) * PAGE, 99);
	}
	ck_assert_uint_eq(object_pages(), 16);
	overwrite(b + PAGE, copy_of(a, 8 * PAGE, false));
	ck_assert_uint_eq(object_pages(), 8);
	put(a, 50);
	put(b + 2 * PAGE, 51);
	ck_assert_int_eq(look(b + PAGE), 1);
	ck_assert_int_eq(look(a + PAGE), 2);
	for (unsigned int i = 2; i < 8; i++)
		ck_assert_int_eq(look(b + (i + 1) * PAGE), (char)(i + 1));
	ck_assert_uint_eq(object_pages(), 10);
}
END_TEST

/* What is replaced keeps its attributes, entry by entry. */
START_TEST(overwriting_keeps_attributes)
{
	vm_offset_t a = get(6 * PAGE), b = get(6 * PAGE);
	struct vm_map_region_info info;

	for (unsigned int i = 0; i < 6; i++)
		put(a + i * PAGE, (char)(i + 1));
	inherit(b + 2 * PAGE, 2 * PAGE, VM_INHERIT_NONE);
	ck_must(vm_map_protect(map, b + 4 * PAGE, 2 * PAGE, true, VM_PROT_DEFAULT) ==
		KERN_SUCCESS);
	overwrite(b + PAGE, copy_of(a, 5 * PAGE, false));
	for (unsigned int i = 0; i < 6; i++) {
		ck_must(vm_map_region(map, b + i * PAGE, &info) == KERN_SUCCESS);
		ck_assert_int_eq(info.inheritance, i / 2 == 1 ? VM_INHERIT_NONE : VM_INHERIT_COPY);
		ck_assert_int_eq(info.max_protection, i >= 4 ? VM_PROT_DEFAULT : VM_PROT_ALL);
		ck_assert_int_eq(look(b + i * PAGE), (char)i);
	}
	put(b + PAGE, 7);
	ck_assert_int_eq(look(a), 1);
}
END_TEST

/* Memory that others see, or that is wired, is written into. */
START_TEST(overwriting_shared_memory_is_seen)
{
	vm_offset_t a = get(2 * PAGE), b = get(2 * PAGE);
	struct vm_map *child;

	put(a, 1);
	inherit(b, PAGE, VM_INHERIT_SHARE);
	ck_must(vm_map_wire(map, b + PAGE, PAGE, VM_PROT_READ) == KERN_SUCCESS);
	child = fork_of(map);
	overwrite(b, copy_of(a, 2 * PAGE, false));
	ck_assert_int_eq(look_in(child, b), 1);
	put_in(child, b, 2);
	ck_assert_int_eq(look(b), 2);
	map_check(map);
	vm_map_release(child);
}
END_TEST

/* A copy over its own source. */
START_TEST(overwriting_the_source)
{
	vm_offset_t a = get(4 * PAGE);

	for (unsigned int i = 0; i < 4; i++)
		put(a + i * PAGE, (char)(i + 1));
	overwrite(a + PAGE, copy_of(a, 3 * PAGE, false));
	ck_must(look(a) == 1 && look(a + PAGE) == 1 && look(a + 3 * PAGE) == 3);
	put(a, 9);
	ck_assert_int_eq(look(a + PAGE), 1);
}
END_TEST

/* Where the page at addr is. */
static phys_addr_t frame(vm_offset_t addr)
{
	const struct vm_map_entry *entry;
	phys_addr_t pa;

	mutex_lock(&map->lock);
	entry = vm_map_lookup(map, addr);
	spin_lock(entry->object->lock);
	pa = vm_page_to_phys(vm_object_view(entry->object, vm_entry_index(entry, addr)));
	spin_unlock(entry->object->lock);
	mutex_unlock(&map->lock);
	return pa;
}

static char first_byte(struct vm_page *page)
{
	char byte;

	vm_page_read(page, 0, &byte, 1);
	return byte;
}

/* Pages that were moved into a copy are given on themselves; others are copied. */
START_TEST(taking_pages_of_a_copy)
{
	for (int move = 0; move < 2; move++) {
		vm_offset_t a = get(3 * PAGE);
		struct vm_map_copy *copy;
		struct vm_page *page;
		phys_addr_t frames[3];

		put(a, 1);
		put(a + PAGE, 2);
		frames[0] = frame(a);
		frames[1] = frame(a + PAGE);
		copy = copy_of(a, 3 * PAGE, move);
		for (unsigned int i = 0; i < 3; i++) {
			ck_must(vm_map_copy_take_page(copy, i * PAGE, &page) == KERN_SUCCESS);
			ck_assert_int_eq(first_byte(page), (char)((i + 1) % 3));
			if (i < 2)
				ck_assert_int_eq(vm_page_to_phys(page) == frames[i], move);
			vm_page_free(page, 0);
		}
		vm_map_copy_discard(copy);
		ck_assert_uint_eq(object_pages(), move ? 0 : 2);
		if (!move)
			ck_must(vm_map_deallocate(map, a, 3 * PAGE) == KERN_SUCCESS);
	}
}
END_TEST

/* The next write of what was moved copies nothing. */
START_TEST(moved_memory_is_the_receivers)
{
	vm_offset_t a = get(2 * PAGE), b;
	phys_addr_t before;

	put(a, 1);
	before = frame(a);
	ck_must(vm_map_copyout(map, &b, copy_of(a, 2 * PAGE, true)) == KERN_SUCCESS);
	put(b, 2);
	ck_assert_uint_eq(frame(b), before);
	ck_assert_uint_eq(object_pages(), 1);
}
END_TEST

void unit_tests(TCase *tcase)
{
	tcase_set_timeout(tcase, 120);
	tcase_add_checked_fixture(tcase, map_setup, map_teardown);
	tcase_add_test(tcase, there_and_back_is_one_entry);
	tcase_add_test(tcase, filled_hole_is_one_entry);
	tcase_add_test(tcase, wiring_there_and_back_is_one_entry);
	tcase_add_test(tcase, generations_leave_no_chain);
	tcase_add_test(tcase, living_generations_have_a_limit);
	tcase_add_test(tcase, copies_of_copies_leave_no_chain);
	tcase_add_test(tcase, overwriting_copies_no_page);
	tcase_add_test(tcase, overwriting_keeps_attributes);
	tcase_add_test(tcase, overwriting_shared_memory_is_seen);
	tcase_add_test(tcase, overwriting_the_source);
	tcase_add_test(tcase, taking_pages_of_a_copy);
	tcase_add_test(tcase, moved_memory_is_the_receivers);
}
