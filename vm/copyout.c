/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Putting copies into maps where nothing is, and making them of the kernel's bytes.
 */
#include <vm/copy.h>

#include <kern/slab.h>
#include <kern/string.h>
#include <vm/pager.h>

/* --- Pages with given bytes ---------------------------------------------------------- */

/* Put [data, data + size) into a new page at va's page of the entry, from va on. */
static kern_return_t fill_page(struct vm_map_entry *entry, vm_offset_t va, const char *data,
			       vm_size_t size)
{
	struct vm_object *object = entry->object;
	struct vm_page *page;

	spin_lock(object->lock);
	page = vm_object_fill(object, vm_entry_index(entry, va), NULL);
	if (page != NULL)
		vm_page_write(page, va & PAGE_OFFSET_MASK, data, size);
	spin_unlock(object->lock);
	return page != NULL ? KERN_SUCCESS : KERN_RESOURCE_SHORTAGE;
}

kern_return_t vm_entry_fill(struct vm_map_entry *entry, vm_offset_t start, const void *data,
			    vm_size_t size)
{
	kern_return_t kr = KERN_SUCCESS;
	const char *from = data;
	vm_size_t n;

	if (!vm_entry_need_object(entry))
		return KERN_RESOURCE_SHORTAGE;
	for (; kr == KERN_SUCCESS && size > 0; start += n, from += n, size -= n) {
		n = vm_page_rest(start, size);
		kr = fill_page(entry, start, from, n);
		preemption_point();
	}
	if (kr != KERN_SUCCESS)
		vm_entry_detach(entry);
	return kr;
}

/* An entry of its own for bytes; NULL when memory is short. */
static struct vm_map_entry *entry_of_bytes(vm_offset_t offset, const void *data, vm_size_t size)
{
	struct vm_map_entry *entry = vm_entry_alloc();

	if (entry == NULL)
		return NULL;
	entry->end = vm_page_round(offset + size);
	entry->protection = VM_PROT_DEFAULT;
	entry->max_protection = VM_PROT_ALL;
	entry->inheritance = VM_INHERIT_DEFAULT;
	if (vm_entry_fill(entry, offset, data, size) != KERN_SUCCESS) {
		vm_entry_free(entry);
		return NULL;
	}
	return entry;
}

struct vm_map_copy *vm_map_copy_from_kernel(const void *data, vm_size_t size)
{
	struct vm_map_copy *copy = vm_map_copy_alloc(0, size);
	struct vm_map_entry *entry;

	if (copy == NULL)
		return NULL;
	if (vm_map_copy_is_bytes(copy)) {
		memmove(copy->data, data, size);
		return copy;
	}
	entry = vm_map_copy_pay(copy) ? entry_of_bytes(0, data, size) : NULL;
	if (entry == NULL) {
		vm_map_copy_free(copy);
		return NULL;
	}
	vm_map_copy_append(copy, entry);
	return copy;
}

/* --- Into a map ------------------------------------------------------------------------ */

void vm_map_place(struct vm_map *map, vm_offset_t start, struct queue *entries)
{
	struct queue_link *link;
	uint32_t count = 0;

	while ((link = queue_take_first(entries)) != NULL) {
		struct vm_map_entry *entry = container_of(link, struct vm_map_entry, link);

		vm_entry_move(entry, start);
		start = entry->end;
		vm_map_link(map, entry);
		if (++count % MAP_BATCH == 0)
			preemption_point();
	}
}

/* The reverse of vm_map_place. */
static void take_back(struct vm_map *map, vm_offset_t start, vm_offset_t end,
		      struct queue *entries)
{
	struct vm_map_entry *entry = vm_map_find(map, start), *next;
	uint32_t count = 0;

	vm_map_unmap(map, start, end);
	for (; entry != NULL && entry->start < end; entry = next) {
		next = vm_entry_next(map, entry);
		vm_map_unlink(map, entry);
		entry->mapped = false;
		queue_insert_tail(entries, &entry->link);
		if (++count % MAP_BATCH == 0)
			preemption_point();
	}
}

/* Wire what has been placed.  Nobody receives only when the sender's pager has answered. */
static kern_return_t wire_placed(struct vm_map *map, vm_offset_t start, vm_offset_t end)
{
	kern_return_t kr = vm_map_wire_range(map, start, end);

	if (kr != VM_ASK_PAGER)
		return kr;
	vm_pager_forget();
	return KERN_MEMORY_ERROR;
}

static kern_return_t place_once(struct vm_map *map, vm_offset_t *start, vm_size_t size,
				struct queue *entries, uint32_t count)
{
	kern_return_t kr;

	mutex_lock(&map->lock);
	kr = vm_map_find_room(map, start, size, 0, true, size);
	if (kr == KERN_SUCCESS && !vm_map_has_room(map, count))
		kr = KERN_RESOURCE_SHORTAGE;
	if (kr == KERN_SUCCESS) {
		vm_map_place(map, *start, entries);
		if (map->wire_future)
			kr = wire_placed(map, *start, *start + size);
		if (kr != KERN_SUCCESS)
			take_back(map, *start, *start + size, entries);
	}
	mutex_unlock(&map->lock);
	return kr;
}

static kern_return_t place_anywhere(struct vm_map *map, vm_offset_t *start, vm_size_t size,
				    struct queue *entries, uint32_t count)
{
	uint32_t tries = 0;
	kern_return_t kr;

	do {
		kr = place_once(map, start, size, entries, count);
	} while (vm_pager_again_large(&kr, &tries));
	return kr == KERN_SUCCESS || kr == KERN_NO_SPACE ? kr : KERN_RESOURCE_SHORTAGE;
}

static void discard_entry(struct vm_map_entry *entry)
{
	vm_entry_detach(entry);
	vm_entry_free(entry);
}

/* Bytes become pages; the copy stays until they have a place. */
static kern_return_t copyout_bytes(struct vm_map *map, vm_offset_t *start,
				   struct vm_map_copy *copy)
{
	struct vm_map_entry *entry;
	struct queue entries;
	uint32_t tries = 0;
	kern_return_t kr;

	do {
		entry = entry_of_bytes(copy->offset, copy->data, copy->size);
		kr = entry != NULL ? KERN_SUCCESS : KERN_RESOURCE_SHORTAGE;
	} while (vm_pager_again_large(&kr, &tries));
	if (entry == NULL)
		return KERN_RESOURCE_SHORTAGE;
	queue_init(&entries);
	queue_insert_tail(&entries, &entry->link);
	kr = place_anywhere(map, start, vm_map_copy_span(copy), &entries, 1);
	if (kr != KERN_SUCCESS)
		discard_entry(entry);
	return kr;
}

kern_return_t vm_map_copyout(struct vm_map *map, vm_offset_t *addr, struct vm_map_copy *copy)
{
	vm_offset_t start;
	kern_return_t kr;

	if (vm_map_copy_size(copy) == 0) {
		vm_map_copy_discard(copy);
		*addr = 0;
		return KERN_SUCCESS;
	}
	if (vm_map_copy_is_bytes(copy))
		kr = copyout_bytes(map, &start, copy);
	else
		kr = place_anywhere(map, &start, vm_map_copy_span(copy), &copy->entries,
				    copy->entry_count);
	if (kr != KERN_SUCCESS)
		return kr;
	*addr = start + copy->offset;
	vm_map_copy_free(copy);
	return KERN_SUCCESS;
}
