/* SPDX-License-Identifier: BSD-2-Clause */
/* The radix tree against an array of flags and a sorted list. */
#include <tests/unit/fakes.h>

#include <stdlib.h>

#include <ipc/radix.h>
#include <kern/slab.h>

/* Keys are drawn from here, so that they meet again and again. */
#define KEYS 4096

static uint32_t key[KEYS];		/* ascending */
static bool present[KEYS];
static struct radix_node *root;

static int compare_keys(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* Dense runs, one key in each top digit, both ends, and anything. */
static void choose_keys(void)
{
	for (uint32_t i = 0; i < KEYS; i++) {
		if (i < 1000)
			key[i] = 0x1230000 + i;
		else if (i < 1016)
			key[i] = (i - 1000) << 28;
		else if (i < 1100)
			key[i] = 0xffffffffu - (i - 1016);
		else
			key[i] = fake_random() | (i % 3 == 0 ? 0x80000000u : 0);
	}
	qsort(key, KEYS, sizeof(key[0]), compare_keys);
}

static void *value_of(uint32_t i)
{
	return &present[i];
}

static uint32_t live_nodes;

static void count_nodes(struct slab_cache *cache, void *arg)
{
	(void)arg;
	if (strcmp(cache->name, "radix_node") == 0)
		live_nodes = cache->live;
}

static uint32_t nodes(void)
{
	slab_for_each_cache(count_nodes, NULL);
	return live_nodes;
}

static bool duplicate(uint32_t i)
{
	return i > 0 && key[i] == key[i - 1];
}

/* What comes at or after a key, by looking at all. */
static uint32_t model_next(uint32_t at)
{
	for (uint32_t i = 0; i < KEYS; i++)
		if (present[i] && key[i] >= at)
			return i;
	return KEYS;
}

static void check_next(uint32_t at)
{
	uint32_t found = at, i = model_next(at);
	void *value = radix_next(root, &found);

	if (i == KEYS) {
		ck_must(value == NULL);
	} else {
		ck_must(value == value_of(i));
		ck_must(found == key[i]);
	}
}

static void insert(uint32_t i)
{
	uint32_t before = nodes();

	if (fake_random() % 8 == 0)
		slab_fail_after(1 + fake_random() % 8);
	if (radix_insert(&root, key[i], value_of(i), NULL))
		present[i] = true;
	else
		ck_must(nodes() == before);
	slab_fail_after(0);
}

/* Of a test that is abandoned. */
void fake_everyone_ends(void)
{
	uint32_t at = 0;

	while (radix_next(root, &at) != NULL)
		radix_remove(&root, at, NULL);
}

static void step(void)
{
	uint32_t i = fake_random() % KEYS;

	while (duplicate(i))
		i--;
	ck_must(radix_lookup(root, key[i]) == (present[i] ? value_of(i) : NULL));
	if (present[i]) {
		ck_must(radix_remove(&root, key[i], NULL) == value_of(i));
		present[i] = false;
	} else if (fake_random() % 8 != 0) {
		insert(i);
	} else {
		ck_must(radix_remove(&root, key[i], NULL) == NULL);
	}
	ck_must(radix_lookup(root, key[i]) == (present[i] ? value_of(i) : NULL));
}

START_TEST(test_random)
{
	radix_setup();
	choose_keys();
	for (int i = 0; i < 300000; i++) {
		step();
		if (i % 32 == 0) {
			check_next(key[fake_random() % KEYS] + fake_random() % 3 - 1);
			check_next(fake_random());
		}
	}
	for (uint32_t i = 0; i < KEYS; i++)
		if (present[i])
			ck_must(radix_remove(&root, key[i], NULL) == value_of(i));
	ck_assert_ptr_null(root);
	ck_assert_uint_eq(nodes(), 0);
}
END_TEST

/* The walk gives all keys in order, the ends of the range included. */
START_TEST(test_walk)
{
	uint32_t at = 0, count = 0;
	void *value;

	radix_setup();
	ck_assert_ptr_null(radix_next(NULL, &at));
	choose_keys();
	for (uint32_t i = 0; i < KEYS; i++)
		if (!duplicate(i))
			ck_must(radix_insert(&root, key[i], value_of(i), NULL));
	for (uint32_t i = 0; (value = radix_next(root, &at)) != NULL; count++, i++) {
		while (duplicate(i))
			i++;
		ck_must(value == value_of(i) && at == key[i]);
		if (++at == 0)
			break;
	}
	ck_assert_uint_gt(count, KEYS - 100);
	ck_assert_uint_eq(at, 0);
}
END_TEST

/* A failing insertion at each depth leaves nothing behind. */
START_TEST(test_no_memory)
{
	static int value;

	radix_setup();
	for (unsigned int n = 1; n <= 8; n++) {
		slab_fail_after(n);
		ck_assert(!radix_insert(&root, 0x12345678, &value, NULL));
		slab_fail_after(0);
		ck_assert_ptr_null(root);
		ck_assert_uint_eq(nodes(), 0);
	}
	ck_assert(radix_insert(&root, 0x12345678, &value, NULL));
	ck_assert_uint_eq(nodes(), 8);
	slab_fail_after(3);
	ck_assert(!radix_insert(&root, 0x12f00000, &value, NULL));
	slab_fail_after(0);
	ck_assert_uint_eq(nodes(), 8);
	ck_assert_ptr_eq(radix_lookup(root, 0x12345678), &value);
}
END_TEST

void unit_tests(TCase *tcase)
{
	tcase_add_test(tcase, test_random);
	tcase_add_test(tcase, test_walk);
	tcase_add_test(tcase, test_no_memory);
}
