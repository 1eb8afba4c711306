/* SPDX-License-Identifier: BSD-2-Clause */
/* Slab caches and kalloc: counters, exhaustion, and that misuse is seen. */
#include <tests/unit/fakes.h>

#include <stdlib.h>
#include <string.h>

#include <sanitizer/asan_interface.h>

#include <kern/slab.h>

static struct slab_cache cache;

static uint32_t pages_free(void)
{
	struct vm_page_counts c;

	vm_page_get_counts(&c);
	return c.free;
}

/* --- Allocation ----------------------------------------------------------------- */

static const struct {
	size_t size, align;
} shapes[] = {
	{ 4, 0 }, { 8, 8 }, { 13, 4 }, { 24, 0 }, { 100, 32 }, { 256, 64 }, { 700, 0 }, { 1500, 0 },
	{ 3000, 16 }, { 4096, 4096 }, { 5000, 0 }, { 9000, 64 }, { 32, 1024 }, { 12288, 4096 },
};

#define OBJECTS 300

/* Objects do not overlap, are aligned, keep their contents; all memory comes back. */
START_TEST(test_shapes)
{
	size_t size = shapes[_i].size, align = shapes[_i].align;
	static unsigned char *objects[OBJECTS];
	uint32_t before = pages_free();

	slab_cache_init(&cache, "shape", size, align);
	ck_assert_uint_ge(cache.stride, size);
	for (int i = 0; i < OBJECTS; i++) {
		objects[i] = slab_alloc(&cache);
		ck_assert_uint_eq((uintptr_t)objects[i] % (align > 8 ? align : 8), 0);
		memset(objects[i], i, size);
	}
	ck_assert_uint_eq(cache.live, OBJECTS);
	for (int i = 0; i < OBJECTS; i++)
		for (size_t j = 0; j < size; j++)
			ck_must(objects[i][j] == (unsigned char)i);
	for (int i = 0; i < OBJECTS; i++)
		slab_free(&cache, objects[i * 7 % OBJECTS]);
	ck_assert_uint_eq(cache.live, 0);
	ck_assert_uint_eq(cache.peak, OBJECTS);
	ck_assert_uint_le(cache.slabs, 1 + (SLAB_MAGAZINE + cache.per_slab - 1));
	slab_reclaim();
	ck_assert_uint_eq(cache.slabs, 0);
	ck_assert_uint_eq(pages_free(), before);
}
END_TEST

START_TEST(test_little_waste)
{
	static struct slab_cache caches[512];

	for (size_t i = 0; i < 512; i++) {
		struct slab_cache *c = &caches[i];
		size_t bytes;

		slab_cache_init(c, "waste", 8 + 8 * i, 0);
		bytes = (size_t)PAGE_BYTES << c->slab_order;
		ck_must(c->per_slab * c->stride <= bytes);
		ck_must(bytes - c->per_slab * c->stride <= bytes / 8);
	}
}
END_TEST

START_TEST(test_zeroed)
{
	unsigned char *p;

	slab_cache_init(&cache, "zeroed", 200, 0);
	for (int round = 0; round < 50; round++) {
		p = slab_zalloc(&cache);
		for (size_t i = 0; i < 200; i++)
			ck_must(p[i] == 0);
		memset(p, 0xFF, 200);
		slab_free(&cache, p);
	}
}
END_TEST

/* Freed last, used first; the magazine gives back half when it is full. */
START_TEST(test_magazine)
{
	void *objects[40], *p;

	slab_cache_init(&cache, "magazine", 64, 0);
	p = slab_alloc(&cache);
	slab_free(&cache, p);
	ck_assert_ptr_eq(slab_alloc(&cache), p);
	slab_free(&cache, p);
	for (int i = 0; i < 40; i++)
		objects[i] = slab_alloc(&cache);
	for (int i = 0; i < 40; i++) {
		slab_free(&cache, objects[i]);
		ck_assert_uint_le(cache.magazine_count, SLAB_MAGAZINE);
		ck_assert_ptr_eq(cache.magazine[cache.magazine_count - 1], objects[i]);
	}
	ck_assert_uint_ge(cache.magazine_count, SLAB_MAGAZINE / 2);
}
END_TEST

START_TEST(test_exhaustion)
{
	uint32_t before = pages_free(), got = 0, freed = 0;
	void *list = NULL, **p;

	slab_cache_init(&cache, "exhaustion", 2000, 0);
	while ((p = slab_alloc(&cache)) != NULL) {
		*p = list;
		list = p;
		got++;
	}
	ck_assert_uint_gt(got, 1000);
	ck_assert_uint_eq(cache.live, got);
	ck_assert_ptr_null(slab_alloc(&cache));
	ck_assert_uint_eq(cache.live, got);
	for (; list != NULL; freed++) {
		p = list;
		list = *p;
		slab_free(&cache, p);
	}
	ck_assert_uint_eq(freed, got);
	slab_reclaim();
	ck_assert_uint_eq(pages_free(), before);
}
END_TEST

#define RANDOM_OBJECTS 2000

/* Random use of several caches; each object holds its own address. */
START_TEST(test_random)
{
	static struct slab_cache caches[5];
	static void **objects[RANDOM_OBJECTS];
	static const size_t sizes[5] = { 8, 40, 264, 1000, 4096 };
	uint32_t live[5] = { 0 }, before = pages_free();

	for (int i = 0; i < 5; i++)
		slab_cache_init(&caches[i], "random", sizes[i], i == 4 ? 4096 : 0);
	for (unsigned int round = 0; round < 100000; round++) {
		unsigned int i = fake_random() % RANDOM_OBJECTS, c = i % 5;

		if (objects[i] == NULL) {
			objects[i] = slab_alloc(&caches[c]);
			*objects[i] = &objects[i];
			live[c]++;
		} else {
			ck_must(*objects[i] == &objects[i]);
			slab_free(&caches[c], objects[i]);
			objects[i] = NULL;
			live[c]--;
		}
		ck_must(caches[c].live == live[c]);
	}
	for (unsigned int i = 0; i < RANDOM_OBJECTS; i++)
		if (objects[i] != NULL)
			slab_free(&caches[i % 5], objects[i]);
	slab_reclaim();
	ck_assert_uint_eq(pages_free(), before);
}
END_TEST

START_TEST(test_injection)
{
	void *p;

	slab_cache_init(&cache, "injection", 16, 0);
	slab_fail_after(3);
	ck_assert_ptr_nonnull(slab_alloc(&cache));
	p = kalloc(100);
	ck_assert_ptr_nonnull(p);
	ck_assert_ptr_null(slab_alloc(&cache));
	ck_assert_uint_eq(cache.live, 1);
	ck_assert_ptr_nonnull(slab_alloc(&cache));
	slab_fail_after(1);
	slab_fail_after(0);
	ck_assert_ptr_nonnull(slab_alloc(&cache));
	slab_fail_after(1);
	ck_assert_ptr_null(kalloc(5000));
	ck_assert_ptr_nonnull(kalloc(5000));
	kfree(p, 100);
}
END_TEST

static void count_caches(struct slab_cache *c, void *arg)
{
	unsigned int *count = arg;

	++*count;
	if (c == &cache)
		*count += 1000;
}

START_TEST(test_list)
{
	unsigned int before = 0, after = 0;

	slab_for_each_cache(count_caches, &before);
	slab_cache_init(&cache, "list", 16, 0);
	slab_for_each_cache(count_caches, &after);
	ck_assert_uint_eq(after, before + 1001);
}
END_TEST

/* --- kalloc --------------------------------------------------------------------------- */

START_TEST(test_kalloc)
{
	uint32_t before = pages_free();

	for (size_t size = 0; size <= 1 << 20; size = size * 5 / 4 + 1) {
		unsigned char *p = kalloc(size), *q = kalloc(size);

		ck_assert_ptr_nonnull(p);
		ck_assert_ptr_nonnull(q);
		memset(p, 1, size);
		memset(q, 2, size);
		ck_assert(size == 0 || (p[0] == 1 && p[size - 1] == 1));
		kfree(p, size);
		kfree(q, size);
	}
	ck_assert_ptr_null(kalloc((1 << 20) + 1));
	ck_assert_ptr_null(kalloc(SIZE_MAX));
	slab_reclaim();
	ck_assert_uint_eq(pages_free(), before);
}
END_TEST

/* --- Misuse is seen --------------------------------------------------------------------- */

static void check_double_free(size_t size, size_t align, bool drained)
{
	void *p;

	slab_cache_init(&cache, "double", size, align);
	p = slab_alloc(&cache);
	slab_alloc(&cache);
	memset(p, 0x33, size);
	slab_free(&cache, p);
	if (drained)
		slab_reclaim();
	ck_assert_panics(slab_free(&cache, p));
	if (!drained || align < PAGE_BYTES)
		ck_assert_ptr_nonnull(strstr(fake_panic_message, "freed twice"));
}

START_TEST(test_double_free)
{
	check_double_free(48, 0, _i == 1);
}
END_TEST

START_TEST(test_double_free_page)
{
	check_double_free(4096, 4096, _i == 1);
}
END_TEST

/* Written by code that the sanitizer does not watch. */
__attribute__((no_sanitize_address, noinline)) static void scribble(char *p)
{
	*p = 7;
}

START_TEST(test_overrun)
{
	char *p;

	slab_cache_init(&cache, "overrun", 30, 0);
	p = slab_alloc(&cache);
	scribble(p + 30);
	ck_assert_panics(slab_free(&cache, p));
	ck_assert_ptr_nonnull(strstr(fake_panic_message, "behind its end"));
}
END_TEST

START_TEST(test_write_after_free)
{
	char *p;

	slab_cache_init(&cache, "after", 30, 0);
	p = slab_alloc(&cache);
	slab_free(&cache, p);
	scribble(p + 20);
	ck_assert_panics(slab_alloc(&cache));
	ck_assert_ptr_nonnull(strstr(fake_panic_message, "written while free"));
}
END_TEST

START_TEST(test_wrong_cache)
{
	static struct slab_cache other;
	void *p;

	slab_cache_init(&cache, "one", 30, 0);
	slab_cache_init(&other, "other", 30, 0);
	p = slab_alloc(&cache);
	slab_alloc(&other);
	ck_assert_panics(slab_free(&other, p));
}
END_TEST

/* The sanitizer knows which memory is nobody's: what free objects hold, and red zones. */
START_TEST(test_sanitizer)
{
	char *p, *q;

	slab_cache_init(&cache, "sanitizer", 32, 0);
	p = slab_alloc(&cache);
	ck_assert(!__asan_address_is_poisoned(p) && !__asan_address_is_poisoned(p + 31));
	ck_assert(__asan_address_is_poisoned(p + 32));
	slab_free(&cache, p);
	ck_assert(__asan_address_is_poisoned(p) && __asan_address_is_poisoned(p + 31));
	slab_reclaim();
	q = kalloc(50);
	ck_assert(!__asan_address_is_poisoned(q + 49));
	ck_assert(__asan_address_is_poisoned(q + 50));
	kfree(q, 50);
	ck_assert(__asan_address_is_poisoned(q));
}
END_TEST

void unit_tests(TCase *tcase)
{
	tcase_add_loop_test(tcase, test_shapes, 0, sizeof shapes / sizeof shapes[0]);
	tcase_add_test(tcase, test_little_waste);
	tcase_add_test(tcase, test_zeroed);
	tcase_add_test(tcase, test_magazine);
	tcase_add_test(tcase, test_exhaustion);
	tcase_add_test(tcase, test_random);
	tcase_add_test(tcase, test_injection);
	tcase_add_test(tcase, test_list);
	tcase_add_test(tcase, test_kalloc);
	tcase_add_loop_test(tcase, test_double_free, 0, 2);
	tcase_add_loop_test(tcase, test_double_free_page, 0, 2);
	tcase_add_test(tcase, test_overrun);
	tcase_add_test(tcase, test_write_after_free);
	tcase_add_test(tcase, test_wrong_cache);
	tcase_add_test(tcase, test_sanitizer);
}
