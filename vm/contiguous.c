/* SPDX-License-Identifier: BSD-2-Clause */
#include <vm/contiguous.h>

#include <vm/map_entry.h>

/* The last page that so many can begin with, none of them above `highest`.  False: there is none. */
static bool last_start(uint32_t pages, phys_addr_t highest, uint32_t *last)
{
	uint64_t end = 0;	/* of what lies low enough, in pages */

	if (highest >= PAGE_OFFSET_MASK)
		end = ((highest - PAGE_OFFSET_MASK) >> PAGE_SHIFT) + 1;
	if (end < pages)
		return false;
	end -= pages;
	*last = end < UINT32_MAX ? (uint32_t)end : UINT32_MAX;
	return true;
}

static unsigned int order_of(uint32_t pages)
{
	unsigned int order = 0;

	while (1u << order < pages)
		order++;
	return order;
}

/* A block of as many pages, not above `highest`; what the allocator gives beyond is given back. */
static struct vm_page *block_alloc(uint32_t pages, phys_addr_t highest)
{
	unsigned int order = order_of(pages);
	struct vm_page *block;
	uint32_t last;

	if (order > VM_PAGE_ORDER_MAX || !last_start(pages, highest, &last))
		return NULL;
	block = vm_page_alloc_user_below(last, order);
	for (uint32_t i = pages; block != NULL && i < 1u << order; i++)
		vm_page_free(&block[i], 0);
	return block;
}

/* Make the pages those of the entry, zeroed and wired. */
static void insert_block(struct vm_map_entry *entry, struct vm_page *block)
{
	struct vm_object *object = entry->object;

	for (uint32_t i = 0; i < vm_entry_pages(entry); i++) {
		vm_page_zero(&block[i]);
		spin_lock(object->lock);
		vm_object_insert(object, entry->index + i, &block[i]);
		vm_object_wire(object, &block[i]);
		spin_unlock(object->lock);
		preemption_point();
	}
	entry->wired = true;
}

/* Faults on wired pages need no memory, except for this. */
static kern_return_t map_all(struct vm_map *map, struct vm_map_entry *entry)
{
	kern_return_t kr = KERN_SUCCESS;
	struct vm_page *page;

	for (vm_offset_t va = entry->start; kr == KERN_SUCCESS && va < entry->end;
	     va += PAGE_BYTES) {
		kr = vm_entry_own_page(map, entry, va, &page);
		preemption_point();
	}
	return kr;
}

/* The entry knows its size only, from address 0; its memory is the block from now on. */
static kern_return_t place(struct vm_map *map, struct vm_map_entry *entry, struct vm_page *block)
{
	vm_size_t size = vm_entry_size(entry);
	vm_offset_t start;
	kern_return_t kr;

	mutex_lock(&map->lock);
	kr = vm_map_find_room(map, &start, size, 0, true, size);
	if (kr == KERN_SUCCESS && !vm_map_has_room(map, 1))
		kr = KERN_RESOURCE_SHORTAGE;
	if (kr == KERN_SUCCESS) {
		insert_block(entry, block);
		vm_entry_move(entry, start);
		vm_map_link(map, entry);
		kr = map_all(map, entry);
		if (kr != KERN_SUCCESS)
			vm_map_remove(map, start, start + size);
	} else {
		for (uint32_t i = 0; i < vm_entry_pages(entry); i++)
			vm_page_free(&block[i], 0);
		vm_entry_detach(entry);
		vm_entry_free(entry);
	}
	mutex_unlock(&map->lock);
	return kr;
}

kern_return_t vm_map_allocate_contiguous(struct vm_map *map, vm_size_t size, phys_addr_t highest,
					 vm_offset_t *addr, phys_addr_t *pa)
{
	struct vm_map_entry *entry;
	struct vm_page *block;
	kern_return_t kr;

	size = vm_page_round(size);
	if (size == 0)
		return KERN_INVALID_ARGUMENT;
	entry = vm_entry_alloc();
	if (entry == NULL)
		return KERN_RESOURCE_SHORTAGE;
	entry->end = size;
	entry->protection = entry->max_protection = VM_PROT_DEFAULT;
	entry->inheritance = VM_INHERIT_DEFAULT;
	block = block_alloc((uint32_t)(size >> PAGE_SHIFT), highest);
	if (block == NULL || !vm_entry_need_object(entry)) {
		for (uint32_t i = 0; block != NULL && i < size >> PAGE_SHIFT; i++)
			vm_page_free(&block[i], 0);
		vm_entry_free(entry);
		return KERN_RESOURCE_SHORTAGE;
	}
	kr = place(map, entry, block);
	if (kr == KERN_SUCCESS) {
		*addr = entry->start;
		*pa = vm_page_to_phys(block);
	}
	return kr;
}
