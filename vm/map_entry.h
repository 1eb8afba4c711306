/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The entries of a map, for vm/ only.  The map is locked in every call that takes one.
 * Where pages are needed one may be absent that a pager has: then VM_ASK_PAGER (vm/pager.h) is the
 * result, and who has locked the map unlocks it, waits, and does all again.
 */
#ifndef VM_MAP_ENTRY_H
#define VM_MAP_ENTRY_H

#include <kern/sched.h>
#include <vm/map.h>
#include <vm/object.h>

/*
 * Entries, or pages, that an operation handles between two preemption points, and bytes of address
 * space whose mappings are changed; tests are small.
 */
#ifdef HOST_TEST
#define MAP_BATCH 2
#define MAP_PMAP_BATCH (2 * PAGE_BYTES)
#else
#define MAP_BATCH 16
#define MAP_PMAP_BATCH 0x400000u
#endif

/* Where "anywhere" begins: null pointers must fault. */
#define VM_MAP_LOWEST PAGE_BYTES

void vm_entry_init(void);
void vm_entry_tree_init(struct vm_map *map);	/* no entries */
struct vm_map_entry *vm_entry_alloc(void);	/* NULL when memory is short */
void vm_entry_free(struct vm_map_entry *entry);
uint32_t vm_entry_count(void);			/* of all maps and copies */

static inline vm_size_t vm_entry_size(const struct vm_map_entry *entry)
{
	return entry->end - entry->start;
}

/* Does it count for the limit of the map's size? (spec/abi.md, vm_set_size_limit) */
static inline bool vm_entry_counts(const struct vm_map_entry *entry)
{
	return entry->max_protection != VM_PROT_NONE;
}

/* Can it ever be accessed?  vm_map may grant more than the maximum. */
static inline bool vm_entry_accessible(const struct vm_map_entry *entry)
{
	return (entry->protection | entry->max_protection) != VM_PROT_NONE;
}

/* What the processor grants: nothing without reading. */
static inline vm_prot_t vm_entry_access(const struct vm_map_entry *entry)
{
	return entry->protection & VM_PROT_READ ? entry->protection : VM_PROT_NONE;
}

/* The neighbour above, or NULL. */
struct vm_map_entry *vm_entry_next(const struct vm_map *map, const struct vm_map_entry *entry);

/* The entry with addr, and the first that ends above it; NULL when there is none. */
struct vm_map_entry *vm_map_lookup(struct vm_map *map, vm_offset_t addr);
struct vm_map_entry *vm_map_find(struct vm_map *map, vm_offset_t addr);

/*
 * Put an entry into the map, where nothing is, and take it out, the sizes of the map
 * kept right.  Mappings and object are left to the caller.
 */
void vm_map_link(struct vm_map *map, struct vm_map_entry *entry);
void vm_map_unlink(struct vm_map *map, struct vm_map_entry *entry);

/* May the map have so many entries more? */
bool vm_map_has_room(const struct vm_map *map, uint32_t entries);

/*
 * Pages in copies of the map's memory.  Whoever takes the last away when nobody refers to the map
 * frees what is left of it.
 */
bool vm_map_may_send(const struct vm_map *map, uint32_t pages);
void vm_map_charge_sent(struct vm_map *map, uint32_t pages);
bool vm_map_try_charge_sent(struct vm_map *map, uint32_t pages);	/* unlocked; referred to */
void vm_map_discharge_sent(struct vm_map *map, uint32_t pages);

/* Add what the entry counts for to the map's sizes, or take it away before it changes. */
void vm_map_charge(struct vm_map *map, const struct vm_map_entry *entry);
void vm_map_discharge(struct vm_map *map, const struct vm_map_entry *entry);

/*
 * Find room for size bytes (whole pages, not 0) that count for `charge` bytes.
 * With `anywhere` the lowest place that fits is chosen, else *start is checked.
 *
 * Returns:  KERN_SUCCESS; KERN_NO_SPACE; KERN_INVALID_ADDRESS for a fixed range not in the map.
 */
kern_return_t vm_map_find_room(struct vm_map *map, vm_offset_t *start, vm_size_t size,
			       vm_offset_t mask, bool anywhere, vm_size_t charge);

/* Have entries begin and end at start and end.  KERN_RESOURCE_SHORTAGE: a cut may be made. */
kern_return_t vm_map_clip(struct vm_map *map, vm_offset_t start, vm_offset_t end);

/* Join entries that are alike, from start to end and with the neighbours there. */
void vm_map_join(struct vm_map *map, vm_offset_t start, vm_offset_t end);

/* Remove or lower mappings, letting others in on the way. */
void vm_map_unmap(struct vm_map *map, vm_offset_t start, vm_offset_t end);
void vm_map_limit(struct vm_map *map, vm_offset_t start, vm_offset_t end, vm_prot_t access);

/* Put an entry into the map, where nothing is, as part of its neighbours if it can be. */
void vm_map_add(struct vm_map *map, struct vm_map_entry *entry);

/* Join one entry with its neighbours, which may end it. */
void vm_map_join_neighbours(struct vm_map *map, struct vm_map_entry *entry);

/* Unmap and free all entries of a clipped range, or of the map. */
void vm_map_remove(struct vm_map *map, vm_offset_t start, vm_offset_t end);
void vm_map_remove_all(struct vm_map *map);

/* Remove a range that is an entry, or one end of one.  Returns whether it is, and has been. */
bool vm_map_remove_simple(struct vm_map *map, vm_offset_t start, vm_offset_t end);

/*
 * The whole pages of a user's range, as far as they can be a map's; start == end when there are
 * none.  Returns KERN_INVALID_ARGUMENT when the range wraps.
 */
kern_return_t vm_map_pages(vm_offset_t addr, vm_size_t size, vm_offset_t *start, vm_offset_t *end);

/* Is all of [start, end) mapped, with this access?  KERN_INVALID_ADDRESS, _PROTECTION_FAILURE. */
kern_return_t vm_map_check(struct vm_map *map, vm_offset_t start, vm_offset_t end,
			   vm_prot_t access);

/*
 * Link an entry that says all but where, its start 0.  It is freed on error.
 *
 * Locks:    none; takes the map's.
 * Returns:  KERN_SUCCESS, the place in *addr; KERN_NO_SPACE; KERN_INVALID_ADDRESS; what wiring it
 *           has given.
 */
kern_return_t vm_map_enter(struct vm_map *map, struct vm_map_entry *entry, vm_offset_t *addr,
			   vm_offset_t mask, bool anywhere);

/* Wire all that may be accessed in a clipped range; nothing changed on error. */
kern_return_t vm_map_wire_range(struct vm_map *map, vm_offset_t start, vm_offset_t end);
void vm_entry_unwire(struct vm_map *map, struct vm_map_entry *entry);

/*
 * Make the entry's page at va resident, written directly and its own, whatever its protection
 * says, and map it as far as that allows.
 */
kern_return_t vm_entry_own_page(struct vm_map *map, struct vm_map_entry *entry, vm_offset_t va,
				struct vm_page **pagep);

/* The bodies of vm_map_read_bytes and vm_map_write_bytes. */
kern_return_t vm_map_read_locked(struct vm_map *map, vm_offset_t addr, void *buf, vm_size_t size);
kern_return_t vm_map_write_locked(struct vm_map *map, vm_offset_t addr, const void *buf,
				  vm_size_t size);

/*
 * The pager whose object's pages an entry has, with a reference, or NULL.  Devices' memory has none
 * that users are told of: its offsets are physical addresses.
 */
struct vm_pager *vm_entry_pager(const struct vm_map_entry *entry);

/* Bytes that an entry without a map, or any, shows at va; within one page. */
kern_return_t vm_entry_read(const struct vm_map_entry *entry, vm_offset_t va, void *buf,
			    vm_size_t size);

static inline vm_offset_t vm_page_trunc(vm_offset_t addr)
{
	return addr & ~(vm_offset_t)PAGE_OFFSET_MASK;
}

/* 0 when it is beyond the last page. */
static inline vm_offset_t vm_page_round(vm_offset_t addr)
{
	return vm_page_trunc(addr + PAGE_OFFSET_MASK);
}

/* Bytes from addr to the end of its page, but no more than size. */
static inline vm_size_t vm_page_rest(vm_offset_t addr, vm_size_t size)
{
	vm_size_t rest = PAGE_BYTES - (addr & PAGE_OFFSET_MASK);

	return rest < size ? rest : size;
}

#endif /* VM_MAP_ENTRY_H */
