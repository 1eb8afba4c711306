/* SPDX-License-Identifier: BSD-2-Clause */
#include <ipc/entry.h>

#include <ipc/account.h>
#include <ipc/radix.h>
#include <kern/slab.h>
#include <kern/string.h>

static struct slab_cache chunk_cache, leaf_cache, sparse_cache;

/* Stand for all that does not exist, so that lookup needs no test: no slot has a name. */
static struct ipc_entry_chunk empty_chunk;
static struct ipc_entry_leaf empty_leaf;

void ipc_table_setup(void)
{
	slab_cache_init(&chunk_cache, "ipc_entry_chunk", sizeof(struct ipc_entry_chunk), 4096);
	slab_cache_init(&leaf_cache, "ipc_entry_leaf", sizeof(struct ipc_entry_leaf), 4096);
	slab_cache_init(&sparse_cache, "ipc_entry_sparse", sizeof(struct ipc_entry), 0);
	radix_setup();
	for (uint32_t i = 0; i < LEAF_CHUNKS; i++)
		empty_leaf.chunk[i] = &empty_chunk;
}

void ipc_table_init(struct ipc_table *table)
{
	*table = (struct ipc_table){ .limit = UINT32_MAX };
	for (uint32_t i = 0; i < ROOT_LEAVES; i++)
		table->root[i] = &empty_leaf;
}

/* Memory for a table, paid by its account. */
static void *paid_alloc(struct ipc_table *table, struct slab_cache *cache)
{
	void *p;

	if (!ipc_account_charge(table->account, cache->size))
		return NULL;
	p = slab_alloc(cache);
	if (p == NULL)
		ipc_account_uncharge(table->account, cache->size);
	return p;
}

static void paid_free(struct ipc_table *table, struct slab_cache *cache, void *p)
{
	slab_free(cache, p);
	ipc_account_uncharge(table->account, cache->size);
}

static void leaf_destroy(struct ipc_table *table, struct ipc_entry_leaf *leaf)
{
	for (uint32_t i = 0; i < LEAF_CHUNKS; i++)
		if (leaf->chunk[i] != &empty_chunk)
			paid_free(table, &chunk_cache, leaf->chunk[i]);
	paid_free(table, &leaf_cache, leaf);
}

void ipc_table_destroy(struct ipc_table *table)
{
	assert(table->used == 0 && table->radix == NULL);
	for (uint32_t i = 0; i < ROOT_LEAVES; i++)
		if (table->root[i] != &empty_leaf)
			leaf_destroy(table, table->root[i]);
}

struct ipc_entry *ipc_table_lookup_sparse(const struct ipc_table *table, mach_port_name_t name)
{
	return radix_lookup(table->radix, name);
}

/* --- The free list ----------------------------------------------------------------- */

static void free_list_push_head(struct ipc_table *table, struct ipc_entry *entry)
{
	entry->free_prev = NULL;
	entry->free_next = table->free_head;
	if (table->free_head != NULL)
		table->free_head->free_prev = entry;
	else
		table->free_tail = entry;
	table->free_head = entry;
}

static void free_list_push_tail(struct ipc_table *table, struct ipc_entry *entry)
{
	entry->free_next = NULL;
	entry->free_prev = table->free_tail;
	if (table->free_tail != NULL)
		table->free_tail->free_next = entry;
	else
		table->free_head = entry;
	table->free_tail = entry;
}

static void free_list_remove(struct ipc_table *table, struct ipc_entry *entry)
{
	if (entry->free_prev != NULL)
		entry->free_prev->free_next = entry->free_next;
	else
		table->free_head = entry->free_next;
	if (entry->free_next != NULL)
		entry->free_next->free_prev = entry->free_prev;
	else
		table->free_tail = entry->free_prev;
}

/* --- Growth ------------------------------------------------------------------------- */

static struct ipc_entry_chunk **chunk_place(const struct ipc_table *table, uint32_t index)
{
	struct ipc_entry_leaf *leaf = table->root[index >> (CHUNK_SHIFT + LEAF_SHIFT)];

	return &leaf->chunk[(index >> CHUNK_SHIFT) & (LEAF_CHUNKS - 1)];
}

static bool leaf_ensure(struct ipc_table *table, uint32_t index)
{
	struct ipc_entry_leaf **place = &table->root[index >> (CHUNK_SHIFT + LEAF_SHIFT)];
	struct ipc_entry_leaf *leaf;

	if (*place != &empty_leaf)
		return true;
	leaf = paid_alloc(table, &leaf_cache);
	if (leaf == NULL)
		return false;
	memcpy(leaf, &empty_leaf, sizeof(*leaf));
	*place = leaf;
	return true;
}

/* Add the chunk that holds `index`, its slots at the end of the free list, in order. */
static bool chunk_add(struct ipc_table *table, uint32_t index)
{
	struct ipc_entry_chunk *chunk;
	uint32_t first = index & ~(CHUNK_ENTRIES - 1);

	if (!leaf_ensure(table, index))
		return false;
	assert(*chunk_place(table, index) == &empty_chunk);
	chunk = paid_alloc(table, &chunk_cache);
	if (chunk == NULL)
		return false;
	memset(chunk, 0, sizeof(*chunk));
	*chunk_place(table, index) = chunk;
	table->chunks++;
	for (uint32_t i = 0; i < CHUNK_ENTRIES; i++) {
		chunk->slot[i].next_name = first + i;
		if (first + i != 0)	/* index 0 would make the null name */
			free_list_push_tail(table, &chunk->slot[i]);
	}
	return true;
}

static kern_return_t table_grow(struct ipc_table *table)
{
	while (table->grow_index <= NAME_INDEX_MASK) {
		uint32_t index = table->grow_index;

		if (*chunk_place(table, index) == &empty_chunk) {
			if (!chunk_add(table, index))
				return KERN_RESOURCE_SHORTAGE;
			table->grow_index = index + CHUNK_ENTRIES;
			return KERN_SUCCESS;
		}
		table->grow_index = index + CHUNK_ENTRIES;
	}
	return KERN_NO_SPACE;
}

/* --- Taking and giving back ------------------------------------------------------------ */

static void entry_start(struct ipc_entry *entry, mach_port_name_t name, uint32_t bits)
{
	entry->name = name;
	entry->bits = bits;
	entry->object = NULL;
	entry->hash_next = NULL;
	entry->request = NULL;
	ipc_origin_note(entry);
}

#define GENERATION_MASK ((NAME_GENERATIONS - 1) << NAME_INDEX_BITS)
#define GENERATION_HALF (NAME_GENERATIONS / 2 << NAME_INDEX_BITS)

static uint32_t name_after(uint32_t name)
{
	return (name + (1u << NAME_INDEX_BITS)) & ~(1u << 31);
}

/*
 * A table slot must not get a name that a sparse entry has; few slots ever collide.  Returns false
 * when all names of the slot are taken.
 */
static bool skip_sparse_names(const struct ipc_table *table, struct ipc_entry *entry)
{
	for (uint32_t i = 0; i < NAME_GENERATIONS; i++) {
		if (radix_lookup(table->radix, entry->next_name) == NULL)
			return true;
		entry->next_name = name_after(entry->next_name);
	}
	return false;
}

/*
 * The free slot to be used next; NULL when the table must grow.  A slot without a name left is
 * taken out of use for good: whoever wants that costs himself 128 sparse names for each.
 */
static struct ipc_entry *usable_slot(struct ipc_table *table)
{
	struct ipc_entry *entry;

	while ((entry = table->free_head) != NULL) {
		if (__builtin_expect(table->sparse == 0, 1) || skip_sparse_names(table, entry))
			break;
		free_list_remove(table, entry);
		entry->bits = ENTRY_RETIRED;
	}
	return entry;
}

/* The space has as many names as it may. */
static __attribute__((noinline)) kern_return_t refuse_name(struct ipc_table *table)
{
	if (table->account != NULL)
		__atomic_fetch_add(&table->account->refused_names, 1, __ATOMIC_RELAXED);
	return KERN_NO_SPACE;
}

kern_return_t ipc_entry_alloc(struct ipc_table *table, struct ipc_entry **entryp)
{
	struct ipc_entry *entry;

	if (__builtin_expect(table->used >= table->limit, 0))
		return refuse_name(table);
	entry = usable_slot(table);
	while (__builtin_expect(entry == NULL, 0)) {
		kern_return_t kr = table_grow(table);

		if (kr != KERN_SUCCESS)
			return kr;
		entry = usable_slot(table);
	}
	free_list_remove(table, entry);
	entry_start(entry, entry->next_name, 0);
	table->used++;
	*entryp = entry;
	return KERN_SUCCESS;
}

/* The free slot for a chosen name, made if it is near; NULL when there is none. */
static struct ipc_entry *slot_for_name(struct ipc_table *table, mach_port_name_t name)
{
	uint32_t index = name & NAME_INDEX_MASK;
	struct ipc_entry *entry;

	if ((name >> 31) != 0 || index == 0)
		return NULL;
	if (*chunk_place(table, index) == &empty_chunk &&
	    (index >= TABLE_CHOSEN_MAX || !chunk_add(table, index)))
		return NULL;
	entry = &(*chunk_place(table, index))->slot[index & (CHUNK_ENTRIES - 1)];
	return entry->name == 0 && entry->bits != ENTRY_RETIRED ? entry : NULL;
}

static kern_return_t sparse_alloc(struct ipc_table *table, mach_port_name_t name,
				  struct ipc_entry **entryp)
{
	struct ipc_entry *entry = paid_alloc(table, &sparse_cache);

	if (entry == NULL)
		return KERN_RESOURCE_SHORTAGE;
	if (!radix_insert(&table->radix, name, entry, table->account)) {
		paid_free(table, &sparse_cache, entry);
		return KERN_RESOURCE_SHORTAGE;
	}
	entry_start(entry, name, ENTRY_SPARSE);
	table->sparse++;
	table->used++;
	*entryp = entry;
	return KERN_SUCCESS;
}

kern_return_t ipc_entry_alloc_rename(struct ipc_table *table, mach_port_name_t name,
				     struct ipc_entry **entryp)
{
	struct ipc_entry *entry;

	assert(MACH_NAME_VALID(name) && ipc_entry_lookup(table, name) == NULL);
	entry = slot_for_name(table, name);
	if (entry == NULL)
		return sparse_alloc(table, name, entryp);
	free_list_remove(table, entry);
	entry_start(entry, name, 0);
	table->used++;
	*entryp = entry;
	return KERN_SUCCESS;
}

kern_return_t ipc_entry_alloc_name(struct ipc_table *table, mach_port_name_t name,
				   struct ipc_entry **entryp)
{
	if (table->used >= table->limit)
		return refuse_name(table);
	return ipc_entry_alloc_rename(table, name, entryp);
}

void ipc_entry_free(struct ipc_table *table, struct ipc_entry *entry)
{
	assert(entry->name != 0 && entry->request == NULL && entry->hash_next == NULL);
	assert(table->used > 0);
	table->used--;
	if (entry->bits & ENTRY_SPARSE) {
		radix_remove(&table->radix, entry->name, table->account);
		table->sparse--;
		paid_free(table, &sparse_cache, entry);
		return;
	}
	/* A chosen name behind the slot's own next one must not bring names back early. */
	if (((entry->name - entry->next_name) & GENERATION_MASK) < GENERATION_HALF)
		entry->next_name = name_after(entry->name);
	entry->name = 0;
	entry->bits = 0;
	free_list_push_head(table, entry);
}

/* --- Walking ------------------------------------------------------------------------------ */

static struct ipc_entry *next_in_table(struct ipc_table *table, uint32_t *indexp, uint32_t *steps)
{
	while (*indexp <= NAME_INDEX_MASK && *steps != 0) {
		uint32_t index = *indexp;
		struct ipc_entry_chunk *chunk;

		--*steps;
		if (table->root[index >> (CHUNK_SHIFT + LEAF_SHIFT)] == &empty_leaf) {
			*indexp = (index | (CHUNK_ENTRIES * LEAF_CHUNKS - 1)) + 1;
			continue;
		}
		chunk = *chunk_place(table, index);
		if (chunk == &empty_chunk) {
			*indexp = (index | (CHUNK_ENTRIES - 1)) + 1;
			continue;
		}
		*indexp = index + 1;
		if (chunk->slot[index & (CHUNK_ENTRIES - 1)].name != 0)
			return &chunk->slot[index & (CHUNK_ENTRIES - 1)];
	}
	return NULL;
}

struct ipc_entry *ipc_table_next_within(struct ipc_table *table, struct ipc_table_cursor *cursor,
					uint32_t *steps)
{
	struct ipc_entry *entry = next_in_table(table, &cursor->index, steps);

	if (entry != NULL || *steps == 0)
		return entry;
	entry = radix_next(table->radix, &cursor->key);
	if (entry != NULL) {
		--*steps;
		cursor->key++;	/* ~0 is no name, so this does not wrap */
	}
	return entry;
}

struct ipc_entry *ipc_table_next(struct ipc_table *table, struct ipc_table_cursor *cursor)
{
	struct ipc_entry *entry;
	uint32_t steps;

	do {
		steps = UINT32_MAX;
		entry = ipc_table_next_within(table, cursor, &steps);
	} while (entry == NULL && steps == 0);
	return entry;
}

uint32_t ipc_table_memory(const struct ipc_table *table)
{
	uint32_t bytes = radix_memory(table->radix) + table->sparse * sizeof(struct ipc_entry);

	for (uint32_t i = 0; i < ROOT_LEAVES; i++) {
		if (table->root[i] == &empty_leaf)
			continue;
		bytes += sizeof(struct ipc_entry_leaf);
		for (uint32_t j = 0; j < LEAF_CHUNKS; j++)
			if (table->root[i]->chunk[j] != &empty_chunk)
				bytes += sizeof(struct ipc_entry_chunk);
	}
	return bytes;
}
