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

/*
 * The name of slots whose index is that of no name, such as 0, and of the first one of a chunk that
 * does not exist.  It belongs to another slot, so lookup never finds it.
 */
#define NOT_A_SLOT MACH_PORT_DEAD

void ipc_table_setup(void)
{
	slab_cache_init(&chunk_cache, "ipc_entry_chunk", sizeof(struct ipc_entry_chunk), 4096);
	slab_cache_init(&leaf_cache, "ipc_entry_leaf", sizeof(struct ipc_entry_leaf), 0);
	slab_cache_init(&sparse_cache, "ipc_entry_sparse", sizeof(struct ipc_entry), 0);
	radix_setup();
	for (uint32_t i = 0; i < LEAF_CHUNKS; i++)
		empty_leaf.chunk[i] = &empty_chunk;
	empty_chunk.slot[0].name = NOT_A_SLOT;
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

/*
 * A slot must not get a name that a sparse entry has.  Returns false when all names of the slot are
 * taken.
 */
static bool skip_sparse_names(const struct ipc_table *table, struct ipc_entry *entry)
{
	for (uint32_t i = 0; i < NAME_GENERATIONS; i++) {
		if (radix_lookup(table->radix, entry->next_name) == NULL)
			return true;
		entry->next_name = ipc_name_after(entry->next_name);
	}
	return false;
}

/*
 * Make a slot that is crowded, or may be, ready for the free list.  Returns false for one without a
 * name left: it is out of use for good.  Whoever wants that costs himself 128 sparse names for each.
 */
static bool slot_clear(struct ipc_table *table, struct ipc_entry *entry)
{
	entry->name = 0;
	entry->bits = table->sparse != 0 ? ENTRY_CROWDED : 0;
	if (entry->bits != 0 && !skip_sparse_names(table, entry))
		entry->bits = ENTRY_RETIRED;
	return entry->bits != ENTRY_RETIRED;
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
		if (first + i == 0)
			chunk->slot[0].name = NOT_A_SLOT;
		else if (slot_clear(table, &chunk->slot[i]))
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

/* The space has as many names as it may. */
static __attribute__((noinline)) kern_return_t refuse_name(struct ipc_table *table)
{
	if (table->account != NULL)
		__atomic_fetch_add(&table->account->refused_names, 1, __ATOMIC_RELAXED);
	return KERN_NO_SPACE;
}

kern_return_t ipc_entry_alloc(struct ipc_table *table, struct ipc_entry **entryp)
{
	if (__builtin_expect(table->used >= table->limit, 0))
		return refuse_name(table);
	while (__builtin_expect(table->free_head == NULL, 0)) {
		kern_return_t kr = table_grow(table);

		if (kr != KERN_SUCCESS)
			return kr;
	}
	*entryp = ipc_entry_pop(table);
	return KERN_SUCCESS;
}

#define GENERATION_MASK ((NAME_GENERATIONS - 1) << NAME_INDEX_BITS)
#define GENERATION_HALF (NAME_GENERATIONS / 2 << NAME_INDEX_BITS)

/* Take a free slot under a chosen name. */
static void slot_take(struct ipc_table *table, struct ipc_entry *entry, mach_port_name_t name)
{
	free_list_remove(table, entry);
	entry->name = name;
	entry->object = NULL;
	entry->hash_next = NULL;
	ipc_origin_note(entry);
	/* A chosen name behind the slot's own next one must not bring names back early. */
	if (((name - entry->next_name) & GENERATION_MASK) < GENERATION_HALF)
		entry->next_name = ipc_name_after(name);
	table->used++;
}

static struct ipc_entry *existing_slot(const struct ipc_table *table, mach_port_name_t name)
{
	struct ipc_entry_chunk *chunk = *chunk_place(table, name & NAME_INDEX_MASK);

	return chunk != &empty_chunk ? &chunk->slot[name & (CHUNK_ENTRIES - 1)] : NULL;
}

/* The free slot for a chosen name, made if it is near; NULL when there is none. */
static struct ipc_entry *slot_for_name(struct ipc_table *table, mach_port_name_t name)
{
	uint32_t index = name & NAME_INDEX_MASK;
	struct ipc_entry *entry;

	if ((name >> 31) != 0 || index == 0)
		return NULL;
	if (existing_slot(table, name) == NULL && index < TABLE_CHOSEN_MAX)
		chunk_add(table, index);
	entry = existing_slot(table, name);
	if (entry == NULL || entry->name != 0 || entry->bits == ENTRY_RETIRED)
		return NULL;
	return entry;
}

static kern_return_t sparse_alloc(struct ipc_table *table, mach_port_name_t name,
				  struct ipc_entry **entryp)
{
	struct ipc_entry *entry = paid_alloc(table, &sparse_cache);
	struct ipc_entry *slot = existing_slot(table, name);

	if (entry == NULL)
		return KERN_RESOURCE_SHORTAGE;
	if (!radix_insert(&table->radix, name, entry, table->account)) {
		paid_free(table, &sparse_cache, entry);
		return KERN_RESOURCE_SHORTAGE;
	}
	*entry = (struct ipc_entry){ .name = name, .bits = ENTRY_SPARSE };
	ipc_origin_note(entry);
	if (slot != NULL && (name >> 31) == 0 && slot->bits != ENTRY_RETIRED)
		slot->bits |= ENTRY_CROWDED;	/* it is in use: else the name would be in it */
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
	slot_take(table, entry, name);
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

void ipc_entry_free_marked(struct ipc_table *table, struct ipc_entry *entry)
{
	if (entry->bits & ENTRY_SPARSE) {
		radix_remove(&table->radix, entry->name, table->account);
		table->sparse--;
		paid_free(table, &sparse_cache, entry);
	} else if (slot_clear(table, entry)) {
		free_list_push_head(table, entry);
	}
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
		if (index != 0 && chunk->slot[index & (CHUNK_ENTRIES - 1)].name != 0)
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
