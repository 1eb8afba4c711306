/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Wiring: an entry that is wired has all its pages resident in its own object, each
 * counted once for the entry in the page's wire count.  Such pages stay in their object, and
 * a snapshot gets its copies at once, so no access to wired memory waits or needs memory.
 */
#include <mach/vm_wire.h>
#include <vm/map_entry.h>
#include <vm/pager.h>

/* Take back the wiring of the entry's pages below `end`. */
static void unwire_pages(struct vm_map *map, struct vm_map_entry *entry, vm_offset_t end)
{
	struct vm_object *object = entry->object;
	struct vm_page *page;

	for (vm_offset_t va = entry->start; va < end; va += PAGE_BYTES) {
		spin_lock(object->lock);
		page = vm_object_page(object, vm_entry_index(entry, va));
		assert(page != NULL);
		vm_object_unwire(object, page);
		spin_unlock(object->lock);
		preemption_point();
	}
	/* Mappings that are needed come back as ones that are not wired. */
	if (end > entry->start)
		vm_map_unmap(map, entry->start, end);
}

void vm_entry_unwire(struct vm_map *map, struct vm_map_entry *entry)
{
	assert(entry->wired);
	unwire_pages(map, entry, entry->end);
	entry->wired = false;
	map->size_wired -= vm_entry_size(entry);
}

/* Wire the page of a wired entry; a viewer that has come in between gets its copy now. */
static kern_return_t wire_page(struct vm_map *map, struct vm_map_entry *entry, vm_offset_t va)
{
	struct vm_page *page;
	kern_return_t kr = vm_entry_own_page(map, entry, va, &page);

	if (kr != KERN_SUCCESS)
		return kr;
	spin_lock(entry->object->lock);
	kr = vm_object_own(entry->object, vm_entry_index(entry, va), &page);
	if (kr == KERN_SUCCESS && page->wire_count == VM_PAGE_WIRINGS_MAX)
		kr = KERN_RESOURCE_SHORTAGE;
	if (kr == KERN_SUCCESS)
		vm_object_wire(entry->object, page);
	spin_unlock(entry->object->lock);
	return kr;
}

static kern_return_t wire_entry(struct vm_map *map, struct vm_map_entry *entry)
{
	vm_offset_t va;
	kern_return_t kr = KERN_SUCCESS;

	entry->wired = true;
	for (va = entry->start; va < entry->end; va += PAGE_BYTES) {
		kr = wire_page(map, entry, va);
		if (kr != KERN_SUCCESS)
			break;
		preemption_point();
	}
	if (kr != KERN_SUCCESS) {
		unwire_pages(map, entry, va);
		entry->wired = false;
		return kr;
	}
	map->size_wired += vm_entry_size(entry);
	entry->wiring = true;
	return KERN_SUCCESS;
}

/* End the operation: keep what it has wired, or not. */
static void wire_settle(struct vm_map *map, vm_offset_t start, vm_offset_t end, bool keep)
{
	struct vm_map_entry *entry = vm_map_find(map, start);
	uint32_t count = 0;

	for (; entry != NULL && entry->start < end; entry = vm_entry_next(map, entry)) {
		if (entry->wiring && !keep)
			vm_entry_unwire(map, entry);
		entry->wiring = false;
		if (++count % MAP_BATCH == 0)
			preemption_point();
	}
}

kern_return_t vm_map_wire_range(struct vm_map *map, vm_offset_t start, vm_offset_t end)
{
	struct vm_map_entry *entry = vm_map_find(map, start);
	kern_return_t kr = KERN_SUCCESS;
	uint32_t count = 0;

	for (; kr == KERN_SUCCESS && entry != NULL && entry->start < end;
	     entry = vm_entry_next(map, entry)) {
		if (!entry->wired && vm_entry_access(entry) != VM_PROT_NONE)
			kr = wire_entry(map, entry);
		if (++count % MAP_BATCH == 0)
			preemption_point();
	}
	wire_settle(map, start, end, kr == KERN_SUCCESS);
	return kr;
}

static void unwire_range(struct vm_map *map, vm_offset_t start, vm_offset_t end)
{
	struct vm_map_entry *entry = vm_map_find(map, start);
	uint32_t count = 0;

	for (; entry != NULL && entry->start < end; entry = vm_entry_next(map, entry)) {
		if (entry->wired)
			vm_entry_unwire(map, entry);
		if (++count % MAP_BATCH == 0)
			preemption_point();
	}
}

/* Bytes in the range that are not wired yet. */
static vm_size_t unwired_size(struct vm_map *map, vm_offset_t start, vm_offset_t end)
{
	const struct vm_map_entry *entry = vm_map_find(map, start);
	vm_size_t size = 0;
	uint32_t count = 0;

	for (; entry != NULL && entry->start < end; entry = vm_entry_next(map, entry)) {
		if (!entry->wired)
			size += (entry->end < end ? entry->end : end) -
				(entry->start > start ? entry->start : start);
		if (++count % MAP_BATCH == 0)
			preemption_point();
	}
	return size;
}

static kern_return_t wire_locked(struct vm_map *map, vm_offset_t start, vm_offset_t end,
				 vm_prot_t access, vm_size_t quota)
{
	kern_return_t kr;

	if (vm_map_check(map, start, end, access) != KERN_SUCCESS)
		return KERN_NO_SPACE;
	if (access != VM_PROT_NONE && (map->size_wired > quota ||
				       unwired_size(map, start, end) > quota - map->size_wired))
		return KERN_NO_ACCESS;
	kr = vm_map_clip(map, start, end);
	if (kr == KERN_SUCCESS && access != VM_PROT_NONE)
		kr = vm_map_wire_range(map, start, end);
	else if (kr == KERN_SUCCESS)
		unwire_range(map, start, end);
	vm_map_join(map, start, end);
	return kr;
}

/* --- Pages that are not there --------------------------------------------------------------- */

/* See that the entry's page at va is there, or ask for it. */
static kern_return_t need_page(const struct vm_map_entry *entry, vm_offset_t va)
{
	const struct vm_object *object = entry->object;
	kern_return_t kr = KERN_SUCCESS;

	spin_lock(object->lock);
	if (vm_object_view(object, vm_entry_index(entry, va)) == NULL)
		kr = vm_pager_need(object, vm_entry_index(entry, va), VM_PROT_READ);
	spin_unlock(object->lock);
	return kr;
}

/* The same for all pages from *va to end; *va is where it stopped. */
static kern_return_t need_pages(struct vm_map *map, vm_offset_t *va, vm_offset_t end)
{
	const struct vm_map_entry *entry = vm_map_find(map, *va);
	kern_return_t kr = KERN_SUCCESS;

	for (; entry != NULL && entry->start < end; entry = vm_entry_next(map, entry)) {
		if (*va < entry->start)
			*va = entry->start;
		for (; entry->object != NULL && *va < entry->end && *va < end; *va += PAGE_BYTES) {
			kr = need_page(entry, *va);
			if (kr != KERN_SUCCESS)
				return kr;
			preemption_point();
		}
		preemption_point();
	}
	return kr;
}

/*
 * A try of wiring has met the first page that is not there.  Have all come in before the next: each
 * try does all again.
 */
static kern_return_t bring_in(struct vm_map *map, vm_offset_t start, vm_offset_t end)
{
	kern_return_t kr;

	do {
		mutex_lock(&map->lock);
		kr = need_pages(map, &start, end);
		mutex_unlock(&map->lock);
	} while (vm_pager_again(&kr));
	return kr;
}

/* Is a failed try to be made again?  Waits first. */
static bool wire_again(struct vm_map *map, vm_offset_t start, vm_offset_t end, kern_return_t *kr,
		       uint32_t *tries)
{
	bool absent = *kr == VM_ASK_PAGER;

	if (!vm_pager_again_large(kr, tries))
		return false;
	if (absent)
		*kr = bring_in(map, start, end);
	return *kr == KERN_SUCCESS;
}

kern_return_t vm_map_wire_quota(struct vm_map *map, vm_offset_t addr, vm_size_t size,
				vm_prot_t access, vm_size_t quota)
{
	vm_offset_t start, end;
	uint32_t tries = 0;
	kern_return_t kr;

	if (access != VM_PROT_NONE && size > quota)
		return KERN_NO_ACCESS;
	kr = vm_map_pages(addr, size, &start, &end);
	if (kr != KERN_SUCCESS || size == 0)
		return kr;
	if (addr >= VM_USER_MAX || size > VM_USER_MAX - addr)
		return KERN_NO_SPACE;
	do {
		mutex_lock(&map->lock);
		kr = wire_locked(map, start, end, access, quota);
		mutex_unlock(&map->lock);
	} while (wire_again(map, start, end, &kr, &tries));
	return kr;
}

kern_return_t vm_map_wire(struct vm_map *map, vm_offset_t addr, vm_size_t size, vm_prot_t access)
{
	return vm_map_wire_quota(map, addr, size, access, VM_WIRE_UNLIMITED);
}

static kern_return_t wire_all_once(struct vm_map *map, int flags)
{
	kern_return_t kr = KERN_SUCCESS;

	mutex_lock(&map->lock);
	if (flags == VM_WIRE_NONE)
		unwire_range(map, VM_USER_MIN, VM_USER_MAX);
	if ((flags & VM_WIRE_CURRENT) != 0)
		kr = vm_map_wire_range(map, VM_USER_MIN, VM_USER_MAX);
	if (kr == KERN_SUCCESS)
		map->wire_future = (flags & VM_WIRE_FUTURE) != 0;
	mutex_unlock(&map->lock);
	return kr;
}

kern_return_t vm_map_wire_all(struct vm_map *map, int flags)
{
	uint32_t tries = 0;
	kern_return_t kr;

	do {
		kr = wire_all_once(map, flags);
	} while (wire_again(map, VM_USER_MIN, VM_USER_MAX, &kr, &tries));
	return kr;
}
