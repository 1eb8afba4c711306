/* SPDX-License-Identifier: BSD-2-Clause */
/* The reverse hash of a space against an array: objects are addresses, nothing looks into them. */
#include <tests/unit/fakes.h>

#include <ipc/space.h>
#include <kern/slab.h>

#define ENTRIES 40000u
#define DISTANCE 32u			/* of two objects */

static struct ipc_entry entry[ENTRIES];
static bool inserted[ENTRIES];
static struct ipc_hash hash;

static struct ipc_object *object(uint32_t i)
{
	return (struct ipc_object *)(uintptr_t)(0x10000000u + (i * 3 + i % 3) * DISTANCE);
}

static struct ipc_entry *chain(uint32_t bucket)
{
	if (bucket < HASH_INLINE)
		return hash.first[bucket];
	return hash.pages[bucket / HASH_PAGE_BUCKETS][bucket % HASH_PAGE_BUCKETS];
}

/* Every entry is in exactly one chain; the longest. */
static uint32_t check_chains(void)
{
	uint32_t count = 0, longest = 0;

	for (uint32_t b = 0; b < hash.buckets; b++) {
		uint32_t length = 0;

		for (struct ipc_entry *e = chain(b); e != NULL; e = e->hash_next) {
			ck_must(inserted[e - entry]);
			length++;
		}
		count += length;
		if (length > longest)
			longest = length;
	}
	ck_assert_uint_eq(count, hash.count);
	return longest;
}

static void start(void)
{
	hash.buckets = HASH_INLINE;
	for (uint32_t i = 0; i < ENTRIES; i++)
		entry[i].object = object(i);
}

static void toggle(uint32_t i)
{
	ck_must(ipc_hash_lookup(&hash, object(i)) == (inserted[i] ? &entry[i] : NULL));
	if (inserted[i]) {
		ipc_hash_remove(&hash, &entry[i]);
		ck_must(entry[i].hash_next == NULL);
	} else {
		ipc_hash_insert(&hash, &entry[i]);
	}
	inserted[i] = !inserted[i];
	ck_must(ipc_hash_lookup(&hash, object(i)) == (inserted[i] ? &entry[i] : NULL));
}

static void remove_all(void)
{
	for (uint32_t i = 0; i < ENTRIES; i++)
		if (inserted[i])
			toggle(i);
	ck_assert_uint_eq(hash.count, 0);
	ipc_hash_destroy(&hash);
}

/* Of a test that is abandoned. */
void fake_everyone_ends(void)
{
	for (uint32_t i = 0; i < ENTRIES; i++)
		if (ipc_hash_lookup(&hash, object(i)) != NULL)
			ipc_hash_remove(&hash, &entry[i]);
	ipc_hash_destroy(&hash);
}

static uint32_t live_objects;

static void add_live(struct slab_cache *cache, void *arg)
{
	(void)arg;
	live_objects += cache->live;
}

static uint32_t live(void)
{
	live_objects = 0;
	slab_for_each_cache(add_live, NULL);
	return live_objects;
}

START_TEST(test_random)
{
	uint32_t before = live();

	start();
	for (int i = 0; i < 400000; i++) {
		toggle(fake_random() % ENTRIES);
		if (i % 50000 == 0)
			check_chains();
	}
	for (uint32_t i = 0; i < ENTRIES; i++)
		if (!inserted[i])
			toggle(i);
	ck_assert_uint_le(hash.count, 2 * hash.buckets);
	ck_assert_uint_le(check_chains(), 16);
	remove_all();
	ck_assert_uint_eq(live(), before);
}
END_TEST

/* Each insertion splits at most one bucket: growth never takes long. */
START_TEST(test_steps)
{
	start();
	for (uint32_t i = 0; i < ENTRIES; i++) {
		uint32_t buckets = hash.buckets;

		toggle(i);
		ck_must(hash.buckets - buckets <= 1);
	}
	remove_all();
}
END_TEST

/* Without memory for buckets the chains get longer, that is all. */
START_TEST(test_no_memory)
{
	uint32_t before = live();

	start();
	for (uint32_t i = 0; i < 3000; i++) {
		slab_fail_after(1);
		toggle(i);
	}
	slab_fail_after(0);
	ck_assert_uint_eq(hash.buckets, HASH_INLINE);
	check_chains();
	for (uint32_t i = 0; i < ENTRIES; i++) {
		if (fake_random() % 3 == 0)
			slab_fail_after(1 + fake_random() % 2);
		if (!inserted[i])
			toggle(i);
	}
	slab_fail_after(0);
	ck_assert_uint_gt(hash.buckets, 2048);
	check_chains();
	remove_all();
	ck_assert_uint_eq(live(), before);
}
END_TEST

void unit_tests(TCase *tcase)
{
	tcase_add_test(tcase, test_random);
	tcase_add_test(tcase, test_steps);
	tcase_add_test(tcase, test_no_memory);
}
