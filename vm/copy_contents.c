/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The bytes and pages of copies, in the kernel's hands.
 */
#include <vm/copy.h>

#include <kern/slab.h>
#include <kern/string.h>
#include <vm/object_pages.h>
#include <vm/pager.h>

/*
 * The entry with a byte, counted from the first entry's first page; *at becomes the place in it.
 * Most look one after the other, so the search goes on from the entry found last.
 */
static struct vm_map_entry *entry_at(struct vm_map_copy *copy, vm_size_t *at)
{
	struct queue_link *link = copy->found;
	vm_size_t start = copy->found_at;
	struct vm_map_entry *entry;
	uint32_t count = 0;

	if (link == NULL || *at < start) {
		link = copy->entries.head.next;
		start = 0;
	}
	for (;; link = link->next) {
		entry = container_of(link, struct vm_map_entry, link);
		if (*at - start < vm_entry_size(entry))
			break;
		start += vm_entry_size(entry);
		if (++count % MAP_BATCH == 0)
			preemption_point();
	}
	copy->found = link;
	copy->found_at = start;
	*at -= start;
	return entry;
}

/* Bytes from `at` on, counted from the first entry's first page; they are in the copy. */
static kern_return_t read_entries(struct vm_map_copy *copy, vm_size_t at, char *to,
				  vm_size_t size)
{
	kern_return_t kr = KERN_SUCCESS;

	for (vm_size_t n; kr == KERN_SUCCESS && size > 0; at += n, to += n, size -= n) {
		vm_size_t within = at;
		const struct vm_map_entry *entry = entry_at(copy, &within);

		n = vm_page_rest(at, size);
		kr = vm_entry_read(entry, entry->start + within, to, n);
		preemption_point();
	}
	return kr;
}

kern_return_t vm_map_copy_read_once(struct vm_map_copy *copy, vm_size_t offset, void *buf,
				    vm_size_t size)
{
	if (offset > vm_map_copy_size(copy) || size > vm_map_copy_size(copy) - offset)
		return KERN_INVALID_ARGUMENT;
	if (size == 0)
		return KERN_SUCCESS;
	if (vm_map_copy_is_bytes(copy))
		memmove(buf, copy->data + offset, size);
	else
		return read_entries(copy, copy->offset + offset, buf, size);
	return KERN_SUCCESS;
}

kern_return_t vm_map_copy_read(struct vm_map_copy *copy, vm_size_t offset, void *buf,
			       vm_size_t size)
{
	kern_return_t kr;

	do {
		kr = vm_map_copy_read_once(copy, offset, buf, size);
	} while (vm_pager_again(&kr));
	return kr;
}

/* --- Pages --------------------------------------------------------------------------------- */

/* The page itself, out of the copy, if nobody else has to do with it; or NULL. */
static struct vm_page *own_page(struct vm_map_copy *copy, vm_size_t offset)
{
	struct vm_map_entry *entry;
	struct vm_page *page;

	if (vm_map_copy_is_bytes(copy) || copy->offset != 0)
		return NULL;
	entry = entry_at(copy, &offset);
	if (entry->object == NULL)
		return NULL;
	spin_lock(entry->object->lock);
	page = vm_object_take_page(entry->object, vm_entry_index(entry, entry->start + offset));
	spin_unlock(entry->object->lock);
	return page;
}

/* Pages that the kernel does not see all the time are filled through a buffer. */
static kern_return_t read_page(struct vm_map_copy *copy, vm_size_t offset, struct vm_page *page)
{
	kern_return_t kr;
	char *buffer;

	if (vm_page_is_direct(page))
		return vm_map_copy_read(copy, offset, vm_page_direct(page), PAGE_BYTES);
	buffer = kalloc(PAGE_BYTES);
	if (buffer == NULL)
		return KERN_RESOURCE_SHORTAGE;
	kr = vm_map_copy_read(copy, offset, buffer, PAGE_BYTES);
	if (kr == KERN_SUCCESS)
		vm_page_write(page, 0, buffer, PAGE_BYTES);
	kfree(buffer, PAGE_BYTES);
	return kr;
}

kern_return_t vm_map_copy_take_page(struct vm_map_copy *copy, vm_size_t offset,
				    struct vm_page **pagep)
{
	struct vm_page *page = own_page(copy, offset);
	kern_return_t kr = KERN_SUCCESS;

	if (page == NULL) {
		page = vm_page_alloc_user();
		if (page == NULL)
			return KERN_RESOURCE_SHORTAGE;
		kr = read_page(copy, offset, page);
	}
	if (kr == KERN_SUCCESS)
		*pagep = page;
	else
		vm_page_free(page, 0);
	return kr;
}
