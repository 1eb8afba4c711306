/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Maps as a whole: creation and end, and memory that comes and goes.
 */
#include <vm/map.h>

#include <kern/slab.h>
#include <vm/map_entry.h>
#include <vm/pager.h>

/*
 * With as many entries as a map may have, each with an object of its own, a share of what the
 * kernel can use for itself is taken.
 */
#define ENTRY_LIMIT_SHARE 2
#define ENTRY_MEMORY 256u	/* bytes; an entry and an object are less */

static struct slab_cache map_cache;
static vm_size_t default_limit;		/* constant after start-up */
static uint32_t default_entry_limit;

void vm_map_init(void)
{
	struct vm_page_counts counts;

	slab_cache_init(&map_cache, "vm_map", sizeof(struct vm_map), 0);
	vm_entry_init();
	vm_object_init();
	vm_page_get_counts(&counts);
	default_limit = VM_USER_MAX;
	if (counts.total < VM_USER_MAX >> PAGE_SHIFT)
		default_limit = counts.total << PAGE_SHIFT;
	default_entry_limit = (counts.zone_total[VM_ZONE_DMA] + counts.zone_total[VM_ZONE_DIRECT]) *
			      (PAGE_BYTES / ENTRY_LIMIT_SHARE / ENTRY_MEMORY);
}

struct vm_map *vm_map_create(void)
{
	struct vm_map *map = slab_zalloc(&map_cache);

	if (map == NULL)
		return NULL;
	map->pmap = pmap_create();
	if (map->pmap == NULL) {
		slab_free(&map_cache, map);
		return NULL;
	}
	map->ref_count = 1;
	mutex_init(&map->lock);
	vm_entry_tree_init(map);
	map->limit = map->limit_max = default_limit;
	map->entry_limit = default_entry_limit;
	map->pages_sent = 1;
	return map;
}

void vm_map_reference(struct vm_map *map)
{
	uint32_t before = __atomic_fetch_add(&map->ref_count, 1, __ATOMIC_RELAXED);

	assert(before > 0);
	(void)before;
}

void vm_map_release(struct vm_map *map)
{
	uint32_t before = __atomic_fetch_sub(&map->ref_count, 1, __ATOMIC_ACQ_REL);

	assert(before > 0);
	if (before > 1)
		return;
	vm_map_terminate(map);
	pmap_destroy(map->pmap);
	vm_map_discharge_sent(map, 1);
}

/* Nobody else charges a map while it is locked. */
bool vm_map_may_send(const struct vm_map *map, uint32_t pages)
{
	uint32_t sent = __atomic_load_n(&map->pages_sent, __ATOMIC_RELAXED) - 1;
	uint32_t limit = map->limit >> PAGE_SHIFT;

	assert(mutex_held(&map->lock));
	return pages <= limit && sent <= limit - pages;
}

void vm_map_charge_sent(struct vm_map *map, uint32_t pages)
{
	__atomic_fetch_add(&map->pages_sent, pages, __ATOMIC_RELAXED);
}

bool vm_map_try_charge_sent(struct vm_map *map, uint32_t pages)
{
	uint32_t sent = __atomic_add_fetch(&map->pages_sent, pages, __ATOMIC_RELAXED) - 1;
	bool fits = sent <= map->limit >> PAGE_SHIFT;

	if (!fits)
		__atomic_fetch_sub(&map->pages_sent, pages, __ATOMIC_RELAXED);
	return fits;
}

void vm_map_discharge_sent(struct vm_map *map, uint32_t pages)
{
	assert(map->pages_sent >= pages);
	if (__atomic_sub_fetch(&map->pages_sent, pages, __ATOMIC_ACQ_REL) == 0)
		slab_free(&map_cache, map);
}

void vm_map_terminate(struct vm_map *map)
{
	mutex_lock(&map->lock);
	map->dead = true;
	vm_map_remove_all(map);
	assert(map->size == 0 && map->size_charged == 0 && map->size_wired == 0);
	mutex_unlock(&map->lock);
}

struct pmap *vm_map_pmap(const struct vm_map *map)
{
	return map->pmap;
}

vm_size_t vm_map_virtual_size(const struct vm_map *map)
{
	return map->size;
}

/* --- Entering ------------------------------------------------------------------------- */

/* New memory of a task that wires all of it must be wired, or is not had. */
static kern_return_t enter_wired(struct vm_map *map, struct vm_map_entry *entry)
{
	vm_offset_t start = entry->start, end = entry->end;
	kern_return_t kr;

	vm_map_link(map, entry);
	kr = vm_map_wire_range(map, start, end);
	if (kr == KERN_SUCCESS)
		vm_map_join_neighbours(map, entry);
	else
		vm_map_remove(map, start, end);
	return kr;
}

static kern_return_t enter(struct vm_map *map, struct vm_map_entry *entry, vm_offset_t *addr,
			   vm_offset_t mask, bool anywhere)
{
	vm_size_t size = vm_entry_size(entry);
	vm_size_t charge = vm_entry_counts(entry) ? size : 0;
	vm_offset_t start = vm_page_trunc(*addr);
	kern_return_t kr;

	kr = vm_map_find_room(map, &start, size, mask, anywhere, charge);
	if (kr == KERN_SUCCESS && !vm_map_has_room(map, 1))
		kr = KERN_RESOURCE_SHORTAGE;
	if (kr != KERN_SUCCESS) {
		vm_entry_detach(entry);
		vm_entry_free(entry);
		return kr;
	}
	vm_entry_move(entry, start);
	if (map->wire_future)
		kr = enter_wired(map, entry);
	else
		vm_map_add(map, entry);
	if (kr == KERN_SUCCESS)
		*addr = start;
	return kr;
}

kern_return_t vm_map_enter(struct vm_map *map, struct vm_map_entry *entry, vm_offset_t *addr,
			   vm_offset_t mask, bool anywhere)
{
	kern_return_t kr;

	mutex_lock(&map->lock);
	kr = enter(map, entry, addr, mask, anywhere);
	mutex_unlock(&map->lock);
	return kr;
}

kern_return_t vm_map_enter_anonymous(struct vm_map *map, vm_offset_t *addr, vm_size_t size,
				     vm_offset_t mask, bool anywhere, vm_prot_t cur, vm_prot_t max,
				     vm_inherit_t inheritance)
{
	struct vm_map_entry *entry;
	uint32_t tries = 0;
	kern_return_t kr;

	size = vm_page_round(size);
	if (size == 0 || ((cur | max) & ~VM_PROT_ALL) != 0 || inheritance < VM_INHERIT_SHARE ||
	    inheritance > VM_INHERIT_NONE)
		return KERN_INVALID_ARGUMENT;
	do {
		entry = vm_entry_alloc();
		if (entry == NULL)
			return KERN_RESOURCE_SHORTAGE;
		entry->protection = (uint8_t)cur;
		entry->max_protection = (uint8_t)max;
		entry->inheritance = (uint8_t)inheritance;
		entry->end = size;
		kr = vm_map_enter(map, entry, addr, mask, anywhere);
	} while (vm_pager_again_large(&kr, &tries));	/* for pages to wire */
	return kr;
}

kern_return_t vm_map_allocate(struct vm_map *map, vm_offset_t *addr, vm_size_t size, bool anywhere)
{
	if (size == 0) {
		*addr = 0;
		return KERN_SUCCESS;
	}
	return vm_map_enter_anonymous(map, addr, size, 0, anywhere, VM_PROT_DEFAULT, VM_PROT_ALL,
				      VM_INHERIT_DEFAULT);
}

/* --- Leaving ----------------------------------------------------------------------------- */

kern_return_t vm_map_pages(vm_offset_t addr, vm_size_t size, vm_offset_t *start, vm_offset_t *end)
{
	if (addr + size < addr)
		return KERN_INVALID_ARGUMENT;
	*start = vm_page_trunc(addr);
	*end = addr + size >= VM_USER_MAX ? VM_USER_MAX : vm_page_round(addr + size);
	if (size == 0 || *start > *end)
		*start = *end;
	return KERN_SUCCESS;
}

static kern_return_t remove_range(struct vm_map *map, vm_offset_t start, vm_offset_t end)
{
	kern_return_t kr = vm_map_clip(map, start, end);

	if (kr == KERN_SUCCESS)
		vm_map_remove(map, start, end);
	else
		vm_map_join(map, start, end);
	return kr;
}

kern_return_t vm_map_deallocate(struct vm_map *map, vm_offset_t addr, vm_size_t size)
{
	vm_offset_t start, end;
	kern_return_t kr = vm_map_pages(addr, size, &start, &end);

	if (kr != KERN_SUCCESS || start == end)
		return kr;
	mutex_lock(&map->lock);
	if (!vm_map_remove_simple(map, start, end))
		kr = remove_range(map, start, end);
	mutex_unlock(&map->lock);
	return kr;
}

/* --- Limits ---------------------------------------------------------------------------------- */

void vm_map_inherit_limits(struct vm_map *map, const struct vm_map *parent)
{
	map->limit = parent->limit;
	map->limit_max = parent->limit_max;
	map->entry_limit = parent->entry_limit;
}

kern_return_t vm_map_set_limits(struct vm_map *map, vm_size_t current, vm_size_t max,
				bool privileged)
{
	kern_return_t kr = KERN_NO_ACCESS;

	if (current > max)
		return KERN_INVALID_ARGUMENT;
	mutex_lock(&map->lock);
	if (privileged || max <= map->limit_max) {
		map->limit = current;
		map->limit_max = max;
		kr = KERN_SUCCESS;
	}
	mutex_unlock(&map->lock);
	return kr;
}

void vm_map_get_limits(struct vm_map *map, vm_size_t *current, vm_size_t *max)
{
	mutex_lock(&map->lock);
	*current = map->limit;
	*max = map->limit_max;
	mutex_unlock(&map->lock);
}

void vm_map_set_entry_limit(struct vm_map *map, uint32_t limit)
{
	mutex_lock(&map->lock);
	map->entry_limit = limit;
	mutex_unlock(&map->lock);
}

void vm_map_get_entry_limit(struct vm_map *map, uint32_t *count, uint32_t *limit)
{
	mutex_lock(&map->lock);
	*count = map->entry_count;
	*limit = map->entry_limit;
	mutex_unlock(&map->lock);
}
