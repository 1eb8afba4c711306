/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Kernel virtual memory: buffers that are what they should be, and failures at every point
 * that leave nothing behind.
 */
#include <tests/unit/fakes.h>
#include <tests/unit/fakes_pmap.h>

#include <string.h>

#include <kern/percpu.h>
#include <kern/slab.h>
#include <vm/kmem.h>

struct usage {
	uint32_t free, wired, mapped, ranges;
	size_t kmem;
};

static void add_live(struct slab_cache *cache, void *arg)
{
	*(uint32_t *)arg += cache->live;
}

/* What is in use; slabs and magazines are emptied first. */
static struct usage usage(void)
{
	struct vm_page_counts c;
	struct usage u = { 0 };

	slab_reclaim();
	vm_page_get_counts(&c);
	u.free = c.free;
	u.wired = c.wired;
	u.mapped = kernel_pmap.count;
	u.kmem = kmem_pages_used();
	slab_for_each_cache(add_live, &u.ranges);
	return u;
}

static void check_usage(const struct usage *expected)
{
	struct usage now = usage();

	ck_assert_mem_eq(&now, expected, sizeof now);
}

static bool mapped(const void *p)
{
	phys_addr_t pa;

	return pmap_extract(&kernel_pmap, (vm_offset_t)p, &pa);
}

/* There is memory. */
static char *buffer(size_t size)
{
	char *p = kmem_alloc(size);

	ck_must(p != NULL);
	return p;
}

static char *stack(void)
{
	char *p = kmem_alloc_stack();

	ck_must(p != NULL);
	return p;
}

START_TEST(test_buffer)
{
	struct usage before = usage(), now;
	char *p = buffer(3 * PAGE_BYTES - 5), *q;

	ck_assert_ptr_nonnull(p);
	ck_assert_uint_eq((uintptr_t)p % PAGE_BYTES, 0);
	for (size_t i = 0; i < 3 * PAGE_BYTES; i++)
		ck_must(p[i] == 0);
	ck_assert(!mapped(p + 3 * PAGE_BYTES));
	memset(p, 0x55, 3 * PAGE_BYTES);
	now = usage();
	ck_assert_uint_eq(now.kmem, before.kmem + 3);
	ck_assert_uint_eq(now.wired, before.wired + 3);
	q = buffer(1);
	ck_assert(!mapped(q - 1) && mapped(q) && !mapped(q + PAGE_BYTES));
	q[0] = 1;
	ck_assert_int_eq(p[0], 0x55);
	kmem_free(p, 3 * PAGE_BYTES - 5);
	ck_assert(!mapped(p));
	ck_assert(mapped(q));
	kmem_free(q, 1);
	check_usage(&before);
}
END_TEST

START_TEST(test_zeroed)
{
	char *p = buffer(PAGE_BYTES);

	for (int round = 0; round < 3; round++) {
		memset(p, 0x77, PAGE_BYTES);
		kmem_free(p, PAGE_BYTES);
		p = buffer(PAGE_BYTES);
		for (size_t i = 0; i < PAGE_BYTES; i++)
			ck_must(p[i] == 0);
	}
}
END_TEST

START_TEST(test_stacks)
{
	struct usage before = usage();
	char *stacks[20], *odd = buffer(PAGE_BYTES * 2);

	for (int i = 0; i < 20; i++) {
		stacks[i] = stack();
		ck_assert_uint_eq((uintptr_t)stacks[i] % KSTACK_SIZE, 0);
		ck_assert(!mapped(stacks[i] - 1));
		memset(stacks[i], i, KSTACK_SIZE);
	}
	for (int i = 0; i < 20; i++)
		for (size_t j = 0; j < KSTACK_SIZE; j++)
			ck_must(stacks[i][j] == i);
	for (int i = 0; i < 20; i++)
		kmem_free_stack(stacks[i * 7 % 20]);
	kmem_free(odd, PAGE_BYTES * 2);
	check_usage(&before);
}
END_TEST

START_TEST(test_too_large)
{
	struct usage before = usage();

	inject_pause();		/* pages by the thousand */
	ck_assert_ptr_null(kmem_alloc(SIZE_MAX));
	ck_assert_ptr_null(kmem_alloc(KERNEL_MAP_END - KERNEL_MAP_START));
	ck_assert_ptr_null(kmem_alloc(KERNEL_MAP_END - KERNEL_MAP_START - PAGE_BYTES));
	inject_resume();
	check_usage(&before);
}
END_TEST

/* Let each page table, and each bookkeeping structure, be missing once. */
START_TEST(test_failures)
{
	struct usage before;
	unsigned int n;

	kmem_free(buffer(1), 1);
	before = usage();
	for (n = 1; n <= 10; n++) {
		fake_pmap_fail_after = n;
		ck_assert_ptr_null(kmem_alloc(10 * PAGE_BYTES));
		check_usage(&before);
	}
	for (n = 1; n <= 2; n++) {
		fake_pmap_fail_after = n;
		ck_assert_ptr_null(kmem_alloc_stack());
		check_usage(&before);
	}
	slab_fail_after(1);
	ck_assert_ptr_null(kmem_alloc(PAGE_BYTES));
	check_usage(&before);
	slab_fail_after(1);
	ck_assert_ptr_null(kmem_alloc_stack());
	check_usage(&before);
}
END_TEST

START_TEST(test_pages_exhausted)
{
	struct usage before = usage();
	struct vm_page *list = NULL, *page;
	uint32_t left = 5;

	kmem_free(buffer(1), 1);
	inject_pause();
	while ((page = vm_page_alloc(VM_ZONE_HIGH, 0)) != NULL) {
		page->object = (void *)list;
		list = page;
	}
	inject_resume();
	while (left-- > 0) {
		page = list;
		list = (void *)list->object;
		vm_page_free(page, 0);
	}
	ck_assert_ptr_null(kmem_alloc(10 * PAGE_BYTES));
	while (list != NULL) {
		page = list;
		list = (void *)list->object;
		vm_page_free(page, 0);
	}
	check_usage(&before);
}
END_TEST

#define BUFFERS 64

/* Random sizes; each byte's value says whose it is. */
START_TEST(test_random)
{
	static char *buffers[BUFFERS];
	static size_t sizes[BUFFERS];
	struct usage before = usage();

	for (unsigned int round = 0; round < 2000; round++) {
		unsigned int i = fake_random() % BUFFERS;

		if (buffers[i] == NULL) {
			sizes[i] = fake_random() % (8 * PAGE_BYTES) + 1;
			buffers[i] = buffer(sizes[i]);
			memset(buffers[i], (int)i, sizes[i]);
			continue;
		}
		for (size_t j = 0; j < sizes[i]; j += 1000)
			ck_must(buffers[i][j] == (char)i);
		kmem_free(buffers[i], sizes[i]);
		buffers[i] = NULL;
	}
	for (unsigned int i = 0; i < BUFFERS; i++)
		if (buffers[i] != NULL)
			kmem_free(buffers[i], sizes[i]);
	check_usage(&before);
}
END_TEST

/* The lowest place that is large enough is taken, and neighbours become one range. */
START_TEST(test_first_fit)
{
	char *a = buffer(4 * PAGE_BYTES), *b = buffer(PAGE_BYTES);
	char *c = buffer(PAGE_BYTES), *d = buffer(PAGE_BYTES);

	ck_assert_ptr_eq(b, a + 5 * PAGE_BYTES);
	kmem_free(a, 4 * PAGE_BYTES);
	kmem_free(c, PAGE_BYTES);
	ck_assert_ptr_eq(buffer(5 * PAGE_BYTES), d + 2 * PAGE_BYTES);
	ck_assert_ptr_eq(buffer(PAGE_BYTES), a);
	kmem_free(a, PAGE_BYTES);
	kmem_free(b, PAGE_BYTES);
	ck_assert_ptr_eq(buffer(8 * PAGE_BYTES), a);
}
END_TEST

START_TEST(test_wrong_size)
{
	char *p = buffer(2 * PAGE_BYTES);

	ck_assert_panics(kmem_free(p, PAGE_BYTES));
	ck_assert_ptr_nonnull(strstr(fake_panic_message, "wrong size"));
}
END_TEST

START_TEST(test_double_free)
{
	char *p = buffer(PAGE_BYTES);

	kmem_free(p, PAGE_BYTES);
	ck_assert_panics(kmem_free(p, PAGE_BYTES));
}
END_TEST

static void start(void)
{
	inject_pause();
	kmem_init();
	inject_begin();
	inject_resume();
}

void unit_tests(TCase *tcase)
{
	tcase_add_checked_fixture(tcase, start, NULL);
	tcase_add_test(tcase, test_buffer);
	tcase_add_test(tcase, test_zeroed);
	tcase_add_test(tcase, test_stacks);
	tcase_add_test(tcase, test_too_large);
	tcase_add_test(tcase, test_failures);
	tcase_add_test(tcase, test_pages_exhausted);
	tcase_add_test(tcase, test_random);
	tcase_add_test(tcase, test_first_fit);
	tcase_add_test(tcase, test_wrong_size);
	tcase_add_test(tcase, test_double_free);
}
