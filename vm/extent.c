/* SPDX-License-Identifier: BSD-2-Clause */
#include <vm/extent.h>

#include <kern/slab.h>
#include <vm/map_entry.h>

struct vm_extent {
	uint32_t ref_count;		/* atomic */
	struct mutex lock;		/* guards the entry, as a map's mutex does its entries */
	struct vm_map_entry *entry;
	struct vm_map *payer;		/* the map whose anonymous memory it is, or NULL; constant */
};

static struct slab_cache extent_cache;

void vm_extent_init(void)
{
	slab_cache_init(&extent_cache, "vm_extent", sizeof(struct vm_extent), 0);
}

uint32_t vm_extent_count(void)
{
	return extent_cache.live;
}

void vm_extent_reference(struct vm_extent *extent)
{
	assert(extent->ref_count > 0);
	__atomic_fetch_add(&extent->ref_count, 1, __ATOMIC_RELAXED);
}

void vm_extent_release(struct vm_extent *extent)
{
	assert(extent->ref_count > 0);
	if (__atomic_sub_fetch(&extent->ref_count, 1, __ATOMIC_ACQ_REL) != 0)
		return;
	if (extent->payer != NULL)
		vm_map_discharge_sent(extent->payer, vm_entry_pages(extent->entry));
	if (extent->entry != NULL) {
		vm_entry_detach(extent->entry);
		vm_entry_free(extent->entry);
	}
	slab_free(&extent_cache, extent);
}

/* Without memory yet; NULL when the kernel's is short. */
static struct vm_extent *extent_alloc(vm_size_t size)
{
	struct vm_extent *extent = slab_zalloc(&extent_cache);

	if (extent == NULL)
		return NULL;
	extent->ref_count = 1;
	mutex_init(&extent->lock);
	extent->entry = vm_entry_alloc();
	if (extent->entry == NULL) {
		vm_extent_release(extent);
		return NULL;
	}
	extent->entry->end = size;
	return extent;
}

/* Charge a map for its anonymous memory, which it may give up while the extent has it. */
static void pay(struct vm_extent *extent, struct vm_map *map)
{
	if (extent->entry->object->pager != NULL)
		return;
	vm_map_charge_sent(map, vm_entry_pages(extent->entry));
	extent->payer = map;
}

/* Share the memory of a region with the new extent's entry. */
static kern_return_t take(struct vm_map *map, vm_offset_t address, vm_size_t size,
			  struct vm_extent *extent, vm_prot_t *max)
{
	struct vm_map_entry *entry = vm_map_lookup(map, address);
	kern_return_t kr;

	if (entry == NULL)
		return KERN_NO_SPACE;
	if (size > entry->end - address)
		return KERN_INVALID_ARGUMENT;
	if ((entry->object == NULL || entry->object->pager == NULL) &&
	    !vm_map_may_send(map, vm_entry_pages(extent->entry)))
		return KERN_NO_SPACE;
	*max = entry->max_protection;
	kr = vm_entry_share(entry, address, extent->entry);
	if (kr == KERN_SUCCESS)
		pay(extent, map);
	return kr;
}

kern_return_t vm_extent_create(struct vm_map *map, vm_offset_t address, vm_size_t size,
			       struct vm_extent **extentp, vm_prot_t *max)
{
	struct vm_extent *extent;
	kern_return_t kr;

	assert((address & PAGE_OFFSET_MASK) == 0 && size > 0);
	if (size > VM_USER_MAX)
		return KERN_INVALID_ARGUMENT;
	extent = extent_alloc(vm_page_round(size));
	if (extent == NULL)
		return KERN_RESOURCE_SHORTAGE;
	mutex_lock(&map->lock);
	kr = take(map, address, size, extent, max);
	mutex_unlock(&map->lock);
	if (kr == KERN_SUCCESS)
		*extentp = extent;
	else
		vm_extent_release(extent);
	return kr;
}

kern_return_t vm_extent_share(struct vm_extent *extent, vm_offset_t offset,
			      struct vm_map_entry *other)
{
	kern_return_t kr;

	assert(offset + vm_entry_size(other) <= extent->entry->end);
	mutex_lock(&extent->lock);
	kr = vm_entry_share(extent->entry, offset, other);
	mutex_unlock(&extent->lock);
	return kr;
}

kern_return_t vm_extent_snapshot(struct vm_extent *extent, vm_offset_t offset,
				 struct vm_map_entry *other)
{
	kern_return_t kr;

	assert(offset + vm_entry_size(other) <= extent->entry->end);
	mutex_lock(&extent->lock);
	/* The extent itself is mapped nowhere. */
	kr = vm_entry_snapshot(extent->entry, offset, other, NULL);
	mutex_unlock(&extent->lock);
	return kr;
}
