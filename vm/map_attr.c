/* SPDX-License-Identifier: BSD-2-Clause */
/* Attributes of memory: protection and inheritance, and telling them. */
#include <vm/map_entry.h>
#include <vm/pager.h>

/* May the whole range get this protection?  Holes may. */
static kern_return_t protect_check(struct vm_map *map, vm_offset_t start, vm_offset_t end,
				   vm_prot_t prot)
{
	const struct vm_map_entry *entry = vm_map_find(map, start);
	uint32_t count = 0;

	for (; entry != NULL && entry->start < end; entry = vm_entry_next(map, entry)) {
		if ((prot & ~entry->max_protection) != 0)
			return KERN_PROTECTION_FAILURE;
		if (++count % MAP_BATCH == 0)
			preemption_point();
	}
	return KERN_SUCCESS;
}

/* Nobody will ever access it in this map, where it is not mapped any more: no pages need stay. */
static void give_up_memory(struct vm_map_entry *entry)
{
	if (entry->object != NULL && entry->object->pager == NULL && !entry->wired)
		vm_entry_detach(entry);
}

static void protect_entry(struct vm_map *map, struct vm_map_entry *entry, bool set_max,
			  vm_prot_t prot)
{
	vm_prot_t before = vm_entry_access(entry), after;

	vm_map_discharge(map, entry);
	if (set_max) {
		entry->max_protection = (uint8_t)prot;
		prot &= entry->protection;
	}
	entry->protection = (uint8_t)prot;
	vm_map_charge(map, entry);
	after = vm_entry_access(entry);
	if (entry->mapped && (before & ~after) != 0)
		vm_map_limit(map, entry->start, entry->end, after);
	if (!vm_entry_accessible(entry))
		give_up_memory(entry);
}

static kern_return_t protect_range(struct vm_map *map, vm_offset_t start, vm_offset_t end,
				   bool set_max, vm_prot_t prot)
{
	struct vm_map_entry *entry;
	kern_return_t kr = protect_check(map, start, end, prot);
	uint32_t count = 0;

	if (kr != KERN_SUCCESS)
		return kr;
	kr = vm_map_clip(map, start, end);
	if (kr == KERN_SUCCESS) {
		entry = vm_map_find(map, start);
		for (; entry != NULL && entry->start < end; entry = vm_entry_next(map, entry)) {
			protect_entry(map, entry, set_max, prot);
			if (++count % MAP_BATCH == 0)
				preemption_point();
		}
	}
	vm_map_join(map, start, end);
	return kr;
}

kern_return_t vm_map_protect(struct vm_map *map, vm_offset_t addr, vm_size_t size, bool set_max,
			     vm_prot_t prot)
{
	vm_offset_t start, end;
	kern_return_t kr = vm_map_pages(addr, size, &start, &end);

	if (kr != KERN_SUCCESS || (prot & ~(VM_PROT_ALL | VM_PROT_NOTIFY)) != 0)
		return KERN_INVALID_ARGUMENT;
	if (start == end)
		return KERN_SUCCESS;
	mutex_lock(&map->lock);
	kr = protect_range(map, start, end, set_max, prot & VM_PROT_ALL);
	mutex_unlock(&map->lock);
	return kr;
}

static kern_return_t inherit_range(struct vm_map *map, vm_offset_t start, vm_offset_t end,
				   vm_inherit_t inheritance)
{
	kern_return_t kr = vm_map_clip(map, start, end);
	struct vm_map_entry *entry;
	uint32_t count = 0;

	if (kr == KERN_SUCCESS) {
		entry = vm_map_find(map, start);
		for (; entry != NULL && entry->start < end; entry = vm_entry_next(map, entry)) {
			entry->inheritance = (uint8_t)inheritance;
			if (++count % MAP_BATCH == 0)
				preemption_point();
		}
	}
	vm_map_join(map, start, end);
	return kr;
}

kern_return_t vm_map_inherit(struct vm_map *map, vm_offset_t addr, vm_size_t size,
			     vm_inherit_t inheritance)
{
	vm_offset_t start, end;
	kern_return_t kr = vm_map_pages(addr, size, &start, &end);

	if (kr != KERN_SUCCESS || inheritance < VM_INHERIT_SHARE || inheritance > VM_INHERIT_NONE)
		return KERN_INVALID_ARGUMENT;
	if (start == end)
		return KERN_SUCCESS;
	mutex_lock(&map->lock);
	kr = inherit_range(map, start, end, inheritance);
	mutex_unlock(&map->lock);
	return kr;
}

struct vm_pager *vm_entry_pager(const struct vm_map_entry *entry)
{
	const struct vm_object *object = entry->object;
	struct vm_pager *pager = NULL;

	if (object == NULL)
		return NULL;
	spin_lock(object->lock);
	if (object->pager != NULL && !object->pager->device) {
		pager = object->pager;
		vm_pager_reference(pager);
	}
	spin_unlock(object->lock);
	return pager;
}

kern_return_t vm_map_region(struct vm_map *map, vm_offset_t addr, struct vm_map_region_info *info)
{
	const struct vm_map_entry *entry;

	mutex_lock(&map->lock);
	entry = vm_map_find(map, addr);
	if (entry != NULL) {
		*info = (struct vm_map_region_info){
			.start = entry->start,
			.size = vm_entry_size(entry),
			.protection = entry->protection,
			.max_protection = entry->max_protection,
			.inheritance = entry->inheritance,
			.shared = entry->shared,
			.pager = vm_entry_pager(entry),
		};
		if (info->pager != NULL)
			info->offset = entry->index << PAGE_SHIFT;
	}
	mutex_unlock(&map->lock);
	return entry != NULL ? KERN_SUCCESS : KERN_NO_SPACE;
}
