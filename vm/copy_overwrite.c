/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Putting copies over what is mapped: whole pages take the place of private memory, other bytes
 * are written into what is there.
 */
#include <vm/copy.h>

#include <kern/slab.h>
#include <vm/pager.h>

/* --- In place of what is mapped ----------------------------------------------------------- */

/* Does the copy consist of whole pages that fit there? */
static bool is_pages(const struct vm_map_copy *copy, vm_offset_t addr)
{
	return !vm_map_copy_is_bytes(copy) && copy->offset == 0 &&
	       ((addr | copy->size) & PAGE_OFFSET_MASK) == 0;
}

/*
 * May what is mapped there go?  Not if others see it, it is a memory object's, or wired, or if the
 * map might get too many entries: then the bytes are written into it.
 */
static bool is_replaceable(struct vm_map *map, vm_offset_t start, vm_offset_t end,
			   const struct vm_map_copy *copy)
{
	struct vm_map_entry *entry = vm_map_find(map, start);
	uint32_t count = 0;
	bool may = true;

	for (; may && entry != NULL && entry->start < end; entry = vm_entry_next(map, entry)) {
		may = !entry->wired && vm_entry_is_private(entry);
		if (++count % MAP_BATCH == 0)
			preemption_point();
	}
	return may && vm_map_has_room(map, count + 2 + copy->entry_count);
}

/* Cut what is behind `size` bytes off an entry of a copy.  Returns false when memory is short. */
static bool cut(struct vm_map_copy *copy, struct vm_map_entry *entry, vm_size_t size)
{
	struct vm_map_entry *upper;

	if (vm_entry_size(entry) <= size)
		return true;
	upper = vm_entry_alloc();
	if (upper == NULL)
		return false;
	vm_entry_split(entry, upper, entry->start + size);
	queue_insert_after(&entry->link, &upper->link);
	copy->entry_count++;
	return true;
}

/* Have the copy's entries end where those of the map do, and take over their attributes. */
static kern_return_t fit(struct vm_map *map, vm_offset_t addr, struct vm_map_copy *copy)
{
	uint32_t count = 0;

	queue_for_each(link, &copy->entries) {
		struct vm_map_entry *entry = container_of(link, struct vm_map_entry, link);
		const struct vm_map_entry *there = vm_map_lookup(map, addr);

		if (!cut(copy, entry, there->end - addr))
			return KERN_RESOURCE_SHORTAGE;
		entry->protection = there->protection;
		entry->max_protection = there->max_protection;
		entry->inheritance = there->inheritance;
		entry->shared = there->shared;
		addr += vm_entry_size(entry);
		if (++count % MAP_BATCH == 0)
			preemption_point();
	}
	return KERN_SUCCESS;
}

/* Put the copy's entries where private memory is. */
static kern_return_t replace(struct vm_map *map, vm_offset_t addr, struct vm_map_copy *copy)
{
	vm_offset_t end = addr + copy->size;
	kern_return_t kr = vm_map_clip(map, addr, end);

	if (kr == KERN_SUCCESS)
		kr = fit(map, addr, copy);
	if (kr == KERN_SUCCESS) {
		vm_map_remove(map, addr, end);
		vm_map_place(map, addr, &copy->entries);
	}
	vm_map_join(map, addr, end);
	return kr;
}

/* --- Into what is mapped ------------------------------------------------------------------- */

/*
 * How far it has come.  Pages may have to come in first, one after the other, and more of them than
 * there is memory, so what is done is not done again after a wait.
 */
struct progress {
	vm_offset_t ready;		/* the first page that was not made ready; 0: none was */
	vm_size_t done;			/* bytes */
};

/*
 * Have all pages of a range, which may be written, ready for that: mostly no memory is needed
 * later.
 */
static kern_return_t make_ready(struct vm_map *map, vm_offset_t start, vm_offset_t end,
				struct progress *progress)
{
	struct vm_page *page;
	kern_return_t kr = KERN_SUCCESS;

	if (progress->ready > start)
		start = progress->ready;
	for (; kr == KERN_SUCCESS && start < end; start += PAGE_BYTES) {
		kr = vm_entry_own_page(map, vm_map_lookup(map, start), start, &page);
		if (kr == KERN_SUCCESS)
			progress->ready = start + PAGE_BYTES;
		preemption_point();
	}
	return kr;
}

/* Page by page through a buffer, since two families' locks are never held together. */
static kern_return_t write_through(struct vm_map *map, vm_offset_t addr, struct vm_map_copy *copy,
				   struct progress *progress)
{
	kern_return_t kr = make_ready(map, vm_page_trunc(addr), addr + copy->size, progress);
	char *buffer = kalloc(PAGE_BYTES);
	vm_size_t done, n;

	if (buffer == NULL && kr == KERN_SUCCESS)
		kr = KERN_RESOURCE_SHORTAGE;
	while (kr == KERN_SUCCESS && (done = progress->done) < copy->size) {
		n = vm_page_rest(addr + done, copy->size - done);
		kr = vm_map_copy_read_once(copy, done, buffer, n);
		if (kr == KERN_SUCCESS)
			kr = vm_map_write_locked(map, addr + done, buffer, n);
		if (kr == KERN_SUCCESS)
			progress->done += n;
	}
	if (buffer != NULL)
		kfree(buffer, PAGE_BYTES);
	return kr;
}

static kern_return_t overwrite(struct vm_map *map, vm_offset_t addr, struct vm_map_copy *copy,
			       struct progress *progress)
{
	vm_offset_t end = addr + copy->size;
	kern_return_t kr = vm_map_check(map, addr, end, VM_PROT_READ | VM_PROT_WRITE);

	if (kr != KERN_SUCCESS)
		return kr;
	if (is_pages(copy, addr) && is_replaceable(map, addr, end, copy))
		return replace(map, addr, copy);
	return write_through(map, addr, copy, progress);
}

kern_return_t vm_map_copy_overwrite(struct vm_map *map, vm_offset_t addr,
				    struct vm_map_copy *copy)
{
	struct progress progress = { 0 };
	kern_return_t kr;

	if (copy == NULL)
		return KERN_SUCCESS;
	if (addr >= VM_USER_MAX || copy->size > VM_USER_MAX - addr)
		return KERN_INVALID_ADDRESS;
	do {
		mutex_lock(&map->lock);
		kr = overwrite(map, addr, copy, &progress);
		mutex_unlock(&map->lock);
	} while (vm_pager_again(&kr));
	if (kr == KERN_SUCCESS)
		vm_map_copy_discard(copy);
	return kr;
}
