/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Entries: what one name in one space means.
 *
 * A name chosen by the kernel is `generation << 24 | index`, the generation in 7
 * bits: bit 31 is never set.  The index finds a slot in the space's table; the
 * slot holds the full name, so one comparison tells a live name from a stale
 * one.  Freeing a slot advances its generation: a name comes back after 128 uses of
 * its slot at the earliest.
 *
 * A name chosen by a user lives in the table as well when its slot exists or is
 * near (index below TABLE_CHOSEN_MAX) and free; else in a radix tree.  It may be a name that the
 * slot of its index would get one day: such a slot is crowded, and whenever it is freed its next
 * name is chosen with a look at the tree.  So what is on the free list can be taken as it is.
 *
 * Slots are kept in chunks of one page, found through a two-level directory:
 * lookup is constant, growth adds one page and copies nothing.
 */
#ifndef IPC_ENTRY_H
#define IPC_ENTRY_H

#include <ipc/ipc_types.h>
#include <kern/assert.h>

#define NAME_INDEX_BITS 24
#define NAME_INDEX_MASK ((1u << NAME_INDEX_BITS) - 1)
#define NAME_GENERATIONS 128u

#define CHUNK_SHIFT 7			/* entries of a chunk */
#define CHUNK_ENTRIES (1u << CHUNK_SHIFT)
#define LEAF_SHIFT 9			/* chunks of a leaf: 16 bits of index, which are cheap to take */
#define LEAF_CHUNKS (1u << LEAF_SHIFT)
#define ROOT_LEAVES (1u << (NAME_INDEX_BITS - CHUNK_SHIFT - LEAF_SHIFT))

/* Chosen names with an index below this always get a table slot if it is free. */
#define TABLE_CHOSEN_MAX 0x10000u

#define ENTRY_UREFS_MASK 0xffffu
#define ENTRY_TYPE_MASK 0x001f0000u	/* MACH_PORT_TYPE_* of the rights held */
#define ENTRY_SPARSE 0x00200000u	/* lives in the radix tree */
#define ENTRY_RETIRED 0x00400000u	/* of a free slot: all its names are sparse ones */
#define ENTRY_ACCEPTED 0x00800000u	/* a msg-accepted request is pending (ipc/accepted.h) */
#define ENTRY_CROWDED 0x01000000u	/* of a slot: some of its names may be sparse ones */

/* What stays when the rights of an entry change. */
#define ENTRY_KEPT (ENTRY_SPARSE | ENTRY_ACCEPTED | ENTRY_CROWDED)

/* The largest counts; a count that gets there by receiving sticks. */
#define UREFS_SEND_MAX 65534u
#define UREFS_DEAD_MAX 65535u

struct ipc_account;
struct ipc_request;
struct ipc_entry;

void ipc_origin_fill(struct ipc_entry *entry);

/* A new entry: note who makes it (ipc/origin.h). */
static inline void ipc_origin_note(struct ipc_entry *entry)
{
	if (DEBUG)
		ipc_origin_fill(entry);
}

struct ipc_entry {
	mach_port_name_t name;		/* 0 while free */
	uint32_t bits;			/* MACH_PORT_TYPE_*, ENTRY_*, user references */
	union {
		struct ipc_object *object;	/* a reference; NULL for a dead name */
		struct ipc_entry *free_next;
	};
	union {
		struct ipc_entry *hash_next;	/* chain of the reverse hash: SEND without RECEIVE */
		struct ipc_entry *free_prev;
	};
	struct ipc_request *request;	/* dead-name request, or NULL; owned by the port */
	uint32_t next_name;		/* of the slot's next use; no sparse name while it is free */
	uint32_t origin;		/* debug builds: who made it, and when (ipc/origin.h) */
	uint32_t origin_time;
};

_Static_assert(sizeof(struct ipc_entry) * CHUNK_ENTRIES == 4096, "a chunk is one page");

struct ipc_entry_chunk {
	struct ipc_entry slot[CHUNK_ENTRIES];
};

struct ipc_entry_leaf {
	struct ipc_entry_chunk *chunk[LEAF_CHUNKS];
};

/* One space's table.  Guarded by the space's lock. */
struct ipc_table {
	struct ipc_entry_leaf *root[ROOT_LEAVES];	/* never NULL: a shared empty leaf */
	struct ipc_entry *free_head, *free_tail;	/* by free_next, free_prev */
	uint32_t used;			/* entries in use, sparse ones included */
	uint32_t sparse;		/* of these, in the radix tree */
	uint32_t chunks;
	uint32_t grow_index;		/* no chunk below this index is missing */
	struct radix_node *radix;	/* sparse names */
	uint32_t limit;			/* of used, for names that are asked for from now on */
	struct ipc_account *account;	/* who pays for all of it; NULL: nobody */
};

static inline uint32_t entry_urefs(const struct ipc_entry *entry)
{
	return entry->bits & ENTRY_UREFS_MASK;
}

/* One user reference more of a send right, unless the count sticks. */
static inline void ipc_entry_add_uref(struct ipc_entry *entry)
{
	if (__builtin_expect(entry_urefs(entry) < UREFS_SEND_MAX, 1))
		entry->bits++;
}

static inline uint32_t entry_type(const struct ipc_entry *entry)
{
	return entry->bits & ENTRY_TYPE_MASK;
}

static inline struct ipc_port *entry_port(const struct ipc_entry *entry)
{
	return (struct ipc_port *)entry->object;
}

static inline struct ipc_pset *entry_pset(const struct ipc_entry *entry)
{
	return (struct ipc_pset *)entry->object;
}

/* Once, before the first table. */
void ipc_table_setup(void);

/* Without a limit and an account. */
void ipc_table_init(struct ipc_table *table);

/* Free all memory of a table whose entries have all been freed. */
void ipc_table_destroy(struct ipc_table *table);

/* The slow part of ipc_entry_lookup. */
struct ipc_entry *ipc_table_lookup_sparse(const struct ipc_table *table, mach_port_name_t name);

/*
 * The entry of a name, or NULL.
 * Locks: the space's.
 */
static inline struct ipc_entry *ipc_entry_lookup(const struct ipc_table *table,
						 mach_port_name_t name)
{
	struct ipc_entry_leaf *leaf = table->root[(uint8_t)(name >> (CHUNK_SHIFT + LEAF_SHIFT))];
	struct ipc_entry_chunk *chunk = leaf->chunk[(uint16_t)name >> CHUNK_SHIFT];
	struct ipc_entry *entry = &chunk->slot[name & (CHUNK_ENTRIES - 1)];

	if (__builtin_expect(entry->name == name, 1))	/* never so for 0: NOT_A_SLOT */
		return entry;
	if (__builtin_expect(table->sparse == 0, 1))
		return NULL;
	return ipc_table_lookup_sparse(table, name);
}

/*
 * Take an entry under a name that the kernel chooses.  Its bits are 0 (but for ENTRY_KEPT), its
 * object, request and hash_next NULL.
 *
 * Locks:    the space's.
 * Returns:  KERN_SUCCESS; KERN_RESOURCE_SHORTAGE; KERN_NO_SPACE when all names are in use, or as
 *           many as the limit says.
 */
kern_return_t ipc_entry_alloc(struct ipc_table *table, struct ipc_entry **entryp);

/* The name after this one in the life of a slot; bit 31 stays clear. */
static inline mach_port_name_t ipc_name_after(mach_port_name_t name)
{
	return (name + (1u << NAME_INDEX_BITS)) & ~(1u << 31);
}

/*
 * The usual case of ipc_entry_alloc, which cannot fail: there is a free slot, and the names are below
 * the limit.
 *
 * A free slot's bits, but for ENTRY_CROWDED, and its request are 0; the first one's free_prev, which
 * is hash_next, is NULL.
 */
static inline __attribute__((always_inline)) struct ipc_entry *ipc_entry_pop(struct ipc_table *table)
{
	struct ipc_entry *entry = table->free_head, *next = entry->free_next;

	assert(entry->name == 0 && (entry->bits & ~ENTRY_CROWDED) == 0);
	assert(table->used < table->limit);
	assert(entry->hash_next == NULL && entry->request == NULL);
	table->free_head = next;
	if (__builtin_expect(next != NULL, 1))
		next->free_prev = NULL;
	else
		table->free_tail = NULL;
	entry->name = entry->next_name;
	entry->next_name = ipc_name_after(entry->name);
	entry->object = NULL;
	ipc_origin_note(entry);
	table->used++;
	return entry;
}

/*
 * Take an entry under the given valid name, which is not in use.
 *
 * Locks:    the space's.
 * Returns:  KERN_SUCCESS; KERN_RESOURCE_SHORTAGE; KERN_NO_SPACE beyond the limit.
 */
kern_return_t ipc_entry_alloc_name(struct ipc_table *table, mach_port_name_t name,
				   struct ipc_entry **entryp);

/* The same for a name that takes the place of another, freed at once: the limit does not matter. */
kern_return_t ipc_entry_alloc_rename(struct ipc_table *table, mach_port_name_t name,
				     struct ipc_entry **entryp);

/* The unusual part of ipc_entry_free. */
void ipc_entry_free_marked(struct ipc_table *table, struct ipc_entry *entry);

/* Give an entry back; it holds no right, request or chain link any more. */
static inline __attribute__((always_inline)) void ipc_entry_free(struct ipc_table *table,
								 struct ipc_entry *entry)
{
	struct ipc_entry *next = table->free_head;

	assert(entry->name != 0 && entry->request == NULL && entry->hash_next == NULL);
	assert(table->used > 0);
	table->used--;
	if (__builtin_expect((entry->bits & (ENTRY_SPARSE | ENTRY_CROWDED)) != 0, 0)) {
		ipc_entry_free_marked(table, entry);
		return;
	}
	entry->name = 0;
	entry->bits = 0;
	entry->free_next = next;	/* free_prev is hash_next, which is NULL */
	if (__builtin_expect(next != NULL, 1))
		next->free_prev = entry;
	else
		table->free_tail = entry;
	table->free_head = entry;
}

/* A place in a walk over all entries; starts zeroed. */
struct ipc_table_cursor {
	uint32_t index;			/* next slot of the table */
	uint32_t key;			/* then, next key of the radix tree */
};

/* The next entry in use, or NULL at the end.  The entry may be freed before the next call. */
struct ipc_entry *ipc_table_next(struct ipc_table *table, struct ipc_table_cursor *cursor);

/*
 * The same for walks in parts: looks at no more than *steps slots, and counts them down.  NULL with
 * 0 left: this part is over; with more left: the walk is.
 */
struct ipc_entry *ipc_table_next_within(struct ipc_table *table, struct ipc_table_cursor *cursor,
					uint32_t *steps);

/* Bytes that a table takes besides the space, by walking over it. */
uint32_t ipc_table_memory(const struct ipc_table *table);

#endif /* IPC_ENTRY_H */
