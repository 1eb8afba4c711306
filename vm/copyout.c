/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Putting copies into maps, over what is mapped, or into the kernel's hands.
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
		memcpy(copy->data, data, size);
		return copy;
	}
	entry = entry_of_bytes(0, data, size);
	if (entry == NULL) {
		vm_map_copy_free(copy);
		return NULL;
	}
	queue_insert_tail(&copy->entries, &entry->link);
	return copy;
}

/* --- Into a map ------------------------------------------------------------------------ */

/* Link entries, whose places follow each other, from `start` on. */
static void place(struct vm_map *map, vm_offset_t start, struct queue *entries)
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

static kern_return_t place_anywhere(struct vm_map *map, vm_offset_t *start, vm_size_t size,
				    struct queue *entries)
{
	kern_return_t kr;

	mutex_lock(&map->lock);
	kr = vm_map_find_room(map, start, size, 0, true, size);
	if (kr == KERN_SUCCESS) {
		place(map, *start, entries);
		if (map->wire_future && vm_map_wire_range(map, *start, *start + size) !=
						KERN_SUCCESS) {
			vm_pager_forget();
			vm_map_remove(map, *start, *start + size);
			kr = KERN_RESOURCE_SHORTAGE;
		}
	}
	mutex_unlock(&map->lock);
	return kr;
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
	struct vm_map_entry *entry = entry_of_bytes(copy->offset, copy->data, copy->size);
	struct queue entries;
	kern_return_t kr;

	if (entry == NULL)
		return KERN_RESOURCE_SHORTAGE;
	queue_init(&entries);
	queue_insert_tail(&entries, &entry->link);
	kr = place_anywhere(map, start, vm_map_copy_span(copy), &entries);
	if (!queue_empty(&entries))
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
		kr = place_anywhere(map, &start, vm_map_copy_span(copy), &copy->entries);
	if (kr != KERN_SUCCESS)
		return kr;
	*addr = start + copy->offset;
	vm_map_copy_free(copy);
	return KERN_SUCCESS;
}

/* --- Contents ----------------------------------------------------------------------------- */

/* Bytes from `at` on, counted from the first entry's first page; they are in the copy. */
static kern_return_t read_entries(const struct vm_map_copy *copy, vm_offset_t at, char *to,
				  vm_size_t size)
{
	kern_return_t kr = KERN_SUCCESS;

	queue_for_each(link, &copy->entries) {
		const struct vm_map_entry *e = container_of(link, struct vm_map_entry, link);

		for (vm_size_t n; kr == KERN_SUCCESS && at < vm_entry_size(e) && size > 0;
		     at += n, to += n, size -= n) {
			n = vm_page_rest(at, size);
			kr = vm_entry_read(e, e->start + at, to, n);
			preemption_point();
		}
		if (size == 0 || kr != KERN_SUCCESS)
			break;
		at -= vm_entry_size(e);
	}
	return kr;
}

/* One try, under whatever mutex. */
static kern_return_t read_once(const struct vm_map_copy *copy, vm_size_t offset, void *buf,
			       vm_size_t size)
{
	if (offset > vm_map_copy_size(copy) || size > vm_map_copy_size(copy) - offset)
		return KERN_INVALID_ARGUMENT;
	if (size == 0)
		return KERN_SUCCESS;
	if (vm_map_copy_is_bytes(copy))
		memcpy(buf, copy->data + offset, size);
	else
		return read_entries(copy, copy->offset + offset, buf, size);
	return KERN_SUCCESS;
}

kern_return_t vm_map_copy_read(struct vm_map_copy *copy, vm_size_t offset, void *buf,
			       vm_size_t size)
{
	kern_return_t kr;

	do {
		kr = read_once(copy, offset, buf, size);
	} while (vm_pager_again(&kr));
	return kr;
}

/* --- Over what is mapped -------------------------------------------------------------------- */

/* Have all pages of a range, which may be written, ready for that: no memory is needed later. */
static kern_return_t make_ready(struct vm_map *map, vm_offset_t start, vm_offset_t end)
{
	struct vm_page *page;
	kern_return_t kr = KERN_SUCCESS;

	for (; kr == KERN_SUCCESS && start < end; start += PAGE_BYTES) {
		kr = vm_entry_own_page(map, vm_map_lookup(map, start), start, &page);
		preemption_point();
	}
	return kr;
}

/* Page by page through a buffer, since two families' locks are never held together. */
static kern_return_t overwrite(struct vm_map *map, vm_offset_t addr, struct vm_map_copy *copy,
			       char *buffer)
{
	vm_size_t done = 0, n;
	kern_return_t kr = vm_map_check(map, addr, addr + copy->size,
					VM_PROT_READ | VM_PROT_WRITE);

	if (kr == KERN_SUCCESS)
		kr = make_ready(map, vm_page_trunc(addr), addr + copy->size);
	for (; kr == KERN_SUCCESS && done < copy->size; done += n) {
		n = vm_page_rest(addr + done, copy->size - done);
		kr = read_once(copy, done, buffer, n);
		if (kr == KERN_SUCCESS)
			kr = vm_map_write_locked(map, addr + done, buffer, n);
	}
	return kr;
}

kern_return_t vm_map_copy_overwrite(struct vm_map *map, vm_offset_t addr,
				    struct vm_map_copy *copy)
{
	kern_return_t kr;
	char *buffer;

	if (copy == NULL)
		return KERN_SUCCESS;
	if (addr >= VM_USER_MAX || copy->size > VM_USER_MAX - addr)
		return KERN_INVALID_ADDRESS;
	buffer = kalloc(PAGE_BYTES);
	if (buffer == NULL)
		return KERN_RESOURCE_SHORTAGE;
	do {
		mutex_lock(&map->lock);
		kr = overwrite(map, addr, copy, buffer);
		mutex_unlock(&map->lock);
	} while (vm_pager_again(&kr));
	kfree(buffer, PAGE_BYTES);
	if (kr == KERN_SUCCESS)
		vm_map_copy_discard(copy);
	return kr;
}
