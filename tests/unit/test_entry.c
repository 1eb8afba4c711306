/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The entry table against a model: a map from names to numbers, each number kept in
 * the entry as its object.  Names that the kernel chooses are checked for the generation rule: a
 * freed name comes back only when its slot has been used 128 times.
 */
#include <tests/unit/fakes.h>

#include <stdlib.h>
#include <string.h>

#include <ipc/entry.h>
#include <kern/slab.h>

#define STEPS 1000000
#define ROOM 32768u			/* names at a time */
#define BUCKETS 65536u
#define SLOTS 65536u			/* slots whose generations are watched */
#define STALE 1024u

static struct ipc_table table;

/* --- The model --------------------------------------------------------------------------- */

static struct {
	mach_port_name_t name;
	uint32_t number;		/* what its entry's object must be */
	int32_t next;			/* in the bucket's list */
	bool met;			/* by a walk */
} live[ROOM];

static uint32_t live_count;
static int32_t bucket_first[BUCKETS];	/* index + 1 */
static uint32_t last_number;

static mach_port_name_t stale[STALE];	/* freed names; some may live again */

static uint32_t bucket_of(mach_port_name_t name)
{
	return (name * 2654435761u) >> 16;
}

static int32_t model_find(mach_port_name_t name)
{
	int32_t i = bucket_first[bucket_of(name)] - 1;

	while (i >= 0 && live[i].name != name)
		i = live[i].next;
	return i;
}

static void bucket_insert(uint32_t i)
{
	int32_t *first = &bucket_first[bucket_of(live[i].name)];

	live[i].next = *first - 1;
	*first = (int32_t)i + 1;
}

static void bucket_remove(uint32_t i)
{
	int32_t *first = &bucket_first[bucket_of(live[i].name)];
	int32_t at = *first - 1;

	if (at == (int32_t)i) {
		*first = live[i].next + 1;
		return;
	}
	while (live[at].next != (int32_t)i)
		at = live[at].next;
	live[at].next = live[i].next;
}

static void model_add(struct ipc_entry *entry)
{
	uint32_t i = live_count++;

	live[i].name = entry->name;
	live[i].number = ++last_number;
	live[i].met = false;
	bucket_insert(i);
	entry->object = (struct ipc_object *)(uintptr_t)last_number;
}

static void model_remove(uint32_t i)
{
	stale[fake_random() % STALE] = live[i].name;
	bucket_remove(i);
	live_count--;
	if (i != live_count) {
		bucket_remove(live_count);
		live[i] = live[live_count];
		bucket_insert(i);
	}
}

/* The table answers what the model says. */
static void check_name(mach_port_name_t name)
{
	struct ipc_entry *entry = ipc_entry_lookup(&table, name);
	int32_t i = model_find(name);

	if (i < 0) {
		ck_must(entry == NULL);
		return;
	}
	ck_must(entry != NULL && entry->name == name);
	ck_must((uintptr_t)entry->object == live[i].number);
}

/* --- The generation rule ----------------------------------------------------------------- */

static struct {
	uint32_t uses;			/* by names that the kernel chose */
	bool chosen;			/* by a user, at any time */
	uint32_t use_of[NAME_GENERATIONS];	/* the last one of each generation */
} slots[SLOTS];

static void check_generation(mach_port_name_t name)
{
	uint32_t index = name & NAME_INDEX_MASK, generation = name >> NAME_INDEX_BITS;

	ck_must(index != 0 && generation < NAME_GENERATIONS && index < SLOTS);
	slots[index].uses++;
	if (slots[index].use_of[generation] != 0 && !slots[index].chosen)
		ck_must(slots[index].uses - slots[index].use_of[generation] >= 128);
	slots[index].use_of[generation] = slots[index].uses;
}

/* --- Steps ------------------------------------------------------------------------------- */

static void step_alloc(void)
{
	struct ipc_entry *entry = NULL;
	kern_return_t kr = ipc_entry_alloc(&table, &entry);

	if (kr != KERN_SUCCESS) {
		ck_must(kr == KERN_RESOURCE_SHORTAGE && entry == NULL);
		return;
	}
	ck_must(model_find(entry->name) < 0);
	ck_must((entry->bits & ~ENTRY_CROWDED) == 0 && entry->object == NULL && entry->request == NULL);
	ck_must(entry->hash_next == NULL);
	check_generation(entry->name);
	model_add(entry);
}

/* Names of every shape. */
static mach_port_name_t random_name(void)
{
	uint32_t r = fake_random(), i = fake_random();

	switch (r % 9) {
	case 0:
		return 1 + i % 300;
	case 1:
		return i % TABLE_CHOSEN_MAX;
	case 2:			/* looks like the kernel's */
		return (i % NAME_GENERATIONS) << NAME_INDEX_BITS | (1 + (i >> 8) % 2000);
	case 3:			/* index 0, which no slot has */
		return (i % 256) << NAME_INDEX_BITS;
	case 4:
		return i | 0x80000000u;
	case 5:
		return ~0u - i % 100;
	case 6:			/* another generation of a name in use */
		return live_count == 0 ? 1 : live[i % live_count].name ^ (1u << (24 + r % 8));
	case 7:
		return stale[i % STALE];
	default:
		return i;
	}
}

static void step_alloc_name(void)
{
	mach_port_name_t name = random_name();
	struct ipc_entry *entry = NULL;
	kern_return_t kr;

	check_name(name);
	if (!MACH_NAME_VALID(name) || model_find(name) >= 0)
		return;
	kr = ipc_entry_alloc_name(&table, name, &entry);
	if (kr != KERN_SUCCESS) {
		ck_must(kr == KERN_RESOURCE_SHORTAGE && entry == NULL);
		check_name(name);
		return;
	}
	ck_must(entry->name == name && (entry->bits & ~ENTRY_KEPT) == 0);
	ck_must(entry->object == NULL && entry->request == NULL && entry->hash_next == NULL);
	if ((name & NAME_INDEX_MASK) < SLOTS)
		slots[name & NAME_INDEX_MASK].chosen = true;
	model_add(entry);
}

static void step_free(void)
{
	uint32_t i;

	if (live_count == 0)
		return;
	i = fake_random() % live_count;
	check_name(live[i].name);
	ipc_entry_free(&table, ipc_entry_lookup(&table, live[i].name));
	model_remove(i);
}

/* A walk meets each name once, whether or not the names met are freed on the way. */
static void walk(bool freeing)
{
	struct ipc_table_cursor cursor = { .index = 0 };
	struct ipc_entry *entry;
	uint32_t met = 0, expected = live_count;

	for (uint32_t i = 0; i < live_count; i++)
		live[i].met = false;
	while ((entry = ipc_table_next(&table, &cursor)) != NULL) {
		int32_t i = model_find(entry->name);

		ck_must(i >= 0 && !live[i].met);
		ck_must((uintptr_t)entry->object == live[i].number);
		live[i].met = true;
		met++;
		if (freeing && fake_random() % 2 == 0) {
			ipc_entry_free(&table, entry);
			model_remove((uint32_t)i);
		}
	}
	ck_assert_uint_eq(met, expected);
	ck_assert_uint_eq(table.used, live_count);
}

static void free_all(void)
{
	while (live_count != 0)
		step_free();
	ck_assert_uint_eq(table.used, 0);
	ck_assert_uint_eq(table.sparse, 0);
	ipc_table_destroy(&table);
}

static uint32_t live_objects;

static void add_live(struct slab_cache *cache, void *arg)
{
	(void)arg;
	live_objects += cache->live;
}

static uint32_t objects(void)
{
	live_objects = 0;
	slab_for_each_cache(add_live, NULL);
	return live_objects;
}

static void start(void)
{
	ipc_table_setup();
	ipc_table_init(&table);
}

/* A test that is abandoned leaves nothing but the table. */
void fake_everyone_ends(void)
{
	struct ipc_table_cursor cursor = { .index = 0 };
	struct ipc_entry *entry;

	while ((entry = ipc_table_next(&table, &cursor)) != NULL)
		ipc_entry_free(&table, entry);
	ipc_table_destroy(&table);
}

/* `growth` of 16 steps allocate, the others free. */
static void random_step(uint32_t growth)
{
	uint32_t what = fake_random() % 16;

	if (fake_random() % 64 == 0)
		slab_fail_after(1 + fake_random() % 9);
	if (what < growth && live_count < ROOM) {
		if (fake_random() % 4 == 0)
			step_alloc_name();
		else
			step_alloc();
	} else {
		step_free();
	}
	slab_fail_after(0);
}

START_TEST(test_random)
{
	static const uint32_t growths[] = { 12, 8, 5, 9, 3, 12, 8, 4 };
	uint32_t before = objects();

	start();
	for (uint32_t i = 0; i < STEPS; i++) {
		random_step(growths[i / 8192 % 8]);
		check_name(stale[fake_random() % STALE]);
		check_name(random_name());
		if (i % 50000 == 0)
			walk(i % 100000 == 0);
	}
	walk(false);
	free_all();
	ck_assert_uint_eq(objects(), before);
}
END_TEST

/* --- Names ------------------------------------------------------------------------------- */

static mach_port_name_t alloc_one(struct ipc_entry **entryp)
{
	ck_must(ipc_entry_alloc(&table, entryp) == KERN_SUCCESS);
	return (*entryp)->name;
}

/* The first names of a space are small numbers; one that is freed comes back at use 129. */
START_TEST(test_generations)
{
	struct ipc_entry *entry, *other;
	mach_port_name_t first;

	start();
	first = alloc_one(&entry);
	ck_assert_uint_eq(first, 1);
	ck_assert_uint_eq(alloc_one(&other), 2);
	ipc_entry_free(&table, entry);
	for (int i = 1; i < 128; i++) {
		ck_assert_uint_ne(alloc_one(&entry), first);
		ck_assert_uint_lt(entry->name, 0x80000000u);
		ipc_entry_free(&table, entry);
	}
	ck_assert_uint_eq(alloc_one(&entry), first);
}
END_TEST

/* A name that a user chose for the slot meanwhile does not bring old names back sooner. */
START_TEST(test_generation_after_choice)
{
	static const uint32_t before[] = { 1, 2, 40 };

	start();
	for (size_t i = 0; i < sizeof(before) / sizeof(before[0]); i++) {
		struct ipc_entry *entry;
		mach_port_name_t last = 0, chosen;

		for (int uses = 0; uses < 60; uses++) {
			last = alloc_one(&entry);
			ipc_entry_free(&table, entry);
		}
		chosen = (last - (before[i] << NAME_INDEX_BITS)) & 0x7fffffffu;
		ck_assert_int_eq(ipc_entry_alloc_name(&table, chosen, &entry), KERN_SUCCESS);
		ck_assert_uint_eq(entry->bits & ENTRY_SPARSE, 0);
		ipc_entry_free(&table, entry);
		for (int uses = 0; uses < 64; uses++) {
			ck_assert_uint_ne(alloc_one(&entry), last);
			ck_assert_uint_ne(entry->name, chosen);
			ipc_entry_free(&table, entry);
		}
	}
}
END_TEST

/* All names that a slot could have are taken, by names that were chosen before there was a slot. */
START_TEST(test_slot_without_names)
{
	struct ipc_table_cursor cursor = { .index = 0 };
	struct ipc_entry *entry;
	uint32_t before = objects();

	start();
	for (uint32_t g = 0; g < NAME_GENERATIONS; g++) {
		mach_port_name_t name = g << NAME_INDEX_BITS | (TABLE_CHOSEN_MAX + 5);

		ck_must(ipc_entry_alloc_name(&table, name, &entry) == KERN_SUCCESS);
		ck_must(entry->bits & ENTRY_SPARSE);
	}
	for (uint32_t i = 0; i < TABLE_CHOSEN_MAX + 300; i++) {
		alloc_one(&entry);
		ck_must((entry->name & NAME_INDEX_MASK) != TABLE_CHOSEN_MAX + 5);
		ck_must(ipc_entry_lookup(&table, entry->name) == entry);
	}
	/* The chosen ones go, and come again. */
	for (uint32_t g = 0; g < NAME_GENERATIONS; g++) {
		mach_port_name_t name = g << NAME_INDEX_BITS | (TABLE_CHOSEN_MAX + 5);

		ipc_entry_free(&table, ipc_entry_lookup(&table, name));
		ck_must(ipc_entry_lookup(&table, name) == NULL);
		ck_must(ipc_entry_alloc_name(&table, name, &entry) == KERN_SUCCESS);
	}
	for (uint32_t i = 0; i < 1000; i++)
		alloc_one(&entry);
	while ((entry = ipc_table_next(&table, &cursor)) != NULL)
		ipc_entry_free(&table, entry);
	ipc_table_destroy(&table);
	ck_assert_uint_eq(objects(), before);
}
END_TEST

/* Small chosen names are as fast as the kernel's: they have slots. */
START_TEST(test_small_names)
{
	static const mach_port_name_t names[] = { 1, 0x1234, 0xffff, 0x7f000042, 77 };
	struct ipc_entry *entry;

	start();
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		ck_assert_int_eq(ipc_entry_alloc_name(&table, names[i], &entry), KERN_SUCCESS);
		ck_assert_uint_eq(entry->bits, 0);
		ck_assert_ptr_eq(ipc_entry_lookup(&table, names[i]), entry);
	}
	for (int i = 0; i < 300; i++)
		for (size_t j = 0; j < sizeof(names) / sizeof(names[0]); j++)
			ck_must(i == 0 ? alloc_one(&entry) != names[j] : entry->name != names[j]);
}
END_TEST

/* Half a million names, by the kernel and by choice. */
START_TEST(test_many)
{
	struct ipc_table_cursor cursor = { .index = 0 };
	struct ipc_entry *entry;
	uint32_t count = 0;

	start();
	for (uint32_t i = 0; i < 500000; i++)
		ck_must((alloc_one(&entry) & NAME_INDEX_MASK) == i + 1);
	for (uint32_t i = 1; i <= 500000; i += 999)
		ck_must(ipc_entry_lookup(&table, i)->name == i);
	while ((entry = ipc_table_next(&table, &cursor)) != NULL) {
		ipc_entry_free(&table, entry);
		count++;
	}
	ck_assert_uint_eq(count, 500000);
	ipc_table_destroy(&table);
}
END_TEST

/* Each allocation that one operation makes fails in turn: nothing changes. */
START_TEST(test_no_memory)
{
	static const mach_port_name_t names[] = { 5, 0xfff0, 0x80000001, 0x20000, 0x01000000 };
	uint32_t before = objects();

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		unsigned int n = 0;
		kern_return_t kr;

		start();
		do {
			struct ipc_entry *entry = NULL;

			slab_fail_after(++n);
			kr = ipc_entry_alloc_name(&table, names[i], &entry);
			slab_fail_after(0);
			ck_must(kr == KERN_SUCCESS || kr == KERN_RESOURCE_SHORTAGE);
			ck_must(ipc_entry_lookup(&table, names[i]) == entry);
			ck_must(table.used == (entry != NULL));
		} while (kr != KERN_SUCCESS);
		ipc_entry_free(&table, ipc_entry_lookup(&table, names[i]));
		ipc_table_destroy(&table);
		ck_assert_uint_eq(objects(), before);
	}
}
END_TEST

void unit_tests(TCase *tcase)
{
	tcase_add_test(tcase, test_random);
	tcase_add_test(tcase, test_generations);
	tcase_add_test(tcase, test_generation_after_choice);
	tcase_add_test(tcase, test_slot_without_names);
	tcase_add_test(tcase, test_small_names);
	tcase_add_test(tcase, test_many);
	tcase_add_test(tcase, test_no_memory);
}
