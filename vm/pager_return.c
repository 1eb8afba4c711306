/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pages that go back to their pager: in runs of neighbours, each a message with a copy whose
 * memory is the pages themselves, or copies of them when the kernel keeps its own.
 */
#include <vm/copy.h>
#include <vm/object_family.h>
#include <vm/object_pages.h>
#include <vm/pager.h>
#include <vm/pager_message.h>

#define RUN_MAX 32u			/* pages of a message */

/* --- Which; the object's lock is held ------------------------------------------------------- */

static bool is_dirty(struct vm_page *page)
{
	return (page->paging & PAGING_DIRTY) != 0 || pmap_page_modified(page);
}

bool vm_page_goes_back(struct vm_page *page, memory_object_return_t which)
{
	switch (which) {
	case MEMORY_OBJECT_RETURN_NONE:
		return false;
	case MEMORY_OBJECT_RETURN_ALL:
		return is_dirty(page) || (page->paging & PAGING_PRECIOUS) != 0;
	default:
		return is_dirty(page);
	}
}

/* Is a page to be returned, as dirty or not as the others of its run? */
static bool goes_back(const struct vm_object *object, uint32_t index,
		      memory_object_return_t which, bool dirty)
{
	struct vm_page *page = vm_object_page(object, index);

	return page != NULL && is_dirty(page) == dirty && vm_page_goes_back(page, which);
}

/* --- A run ------------------------------------------------------------------------------------ */

/* An entry of an empty object of the same family's lock, with the same numbers of pages. */
static struct vm_map_entry *entry_for(const struct vm_object *object, uint32_t first,
				      uint32_t count)
{
	struct vm_map_entry *entry = vm_entry_alloc();
	struct vm_object *own = entry != NULL ? vm_object_create(object->lock) : NULL;

	if (own == NULL) {
		if (entry != NULL)
			vm_entry_free(entry);
		return NULL;
	}
	entry->end = count << PAGE_SHIFT;
	entry->index = first;
	entry->protection = VM_PROT_DEFAULT;
	entry->max_protection = VM_PROT_ALL;
	entry->inheritance = VM_INHERIT_DEFAULT;
	vm_object_attach(own, entry);
	return entry;
}

/* Give the other object the page, or its contents.  What is written from now on is new. */
static bool hand_over(struct vm_object *from, struct vm_object *to, uint32_t index, bool keep)
{
	struct vm_page *page = vm_object_page(from, index);
	struct vm_object *viewer = vm_object_viewer(from, index);

	if (!keep && page->wire_count == 0) {
		pmap_page_protect(page, VM_PROT_NONE);
		if (viewer != NULL && vm_object_fill(viewer, index, page) == NULL)
			return false;
		vm_object_move_page(from, to, page);
		return true;
	}
	page->paging &= (uint8_t)~PAGING_DIRTY;
	pmap_page_clear_modified(page);
	if (vm_object_fill(to, index, page) != NULL)
		return true;
	page->paging |= PAGING_DIRTY;
	return false;
}

/* The pages of a run as a copy; *count of them as far as memory goes.  NULL: none. */
static struct vm_map_copy *run_copy(struct vm_object *object, uint32_t first, uint32_t *count,
				    bool keep)
{
	struct vm_map_copy *copy = vm_map_copy_alloc(0, *count << PAGE_SHIFT);
	struct vm_map_entry *entry;
	uint32_t done = 0;

	if (copy == NULL)
		return NULL;
	entry = entry_for(object, first, *count);
	if (entry == NULL) {
		vm_map_copy_free(copy);
		return NULL;
	}
	queue_insert_tail(&copy->entries, &entry->link);
	while (done < *count && hand_over(object, entry->object, first + done, keep))
		done++;
	*count = done;
	if (done > 0)
		copy->size = entry->end = done << PAGE_SHIFT;
	return copy;
}

/* A copy's size tells what it is made of, so one without pages is freed by hand. */
static void free_empty(struct vm_map_copy *copy)
{
	struct vm_map_entry *entry = container_of(queue_take_first(&copy->entries),
						  struct vm_map_entry, link);

	vm_entry_detach(entry);
	vm_entry_free(entry);
	vm_map_copy_free(copy);
}

/*
 * Send as much as there is memory for of a run.  The lock is given up on the way.  Returns
 * the number of pages.
 */
static uint32_t send_run(struct vm_pager *pager, uint32_t first, uint32_t count, bool dirty,
			 bool keep)
{
	struct vm_map_copy *copy = run_copy(pager->object, first, &count, keep);

	spin_unlock(pager->lock);
	if (copy == NULL)
		count = 0;
	else if (count == 0)
		free_empty(copy);
	else
		pager_send_return(pager, first << PAGE_SHIFT, copy, dirty, keep);
	spin_lock(pager->lock);
	return count;
}

/* Send the pages from `first` on that go back as the first one does, in one run or several. */
static void return_from(struct vm_pager *pager, uint32_t first, uint32_t end,
			memory_object_return_t which, bool keep)
{
	bool dirty = is_dirty(vm_object_page(pager->object, first));
	uint32_t count, sent;

	do {
		for (count = 0; count < RUN_MAX && first + count < end &&
				goes_back(pager->object, first + count, which, dirty);)
			count++;
		sent = count > 0 ? send_run(pager, first, count, dirty, keep) : 0;
		first += sent;
	} while (sent == RUN_MAX);
}

/* The first page of a run: the one below does not go back as this one does. */
static bool begins_run(struct vm_object *object, struct vm_page *page, uint32_t first,
		       memory_object_return_t which)
{
	bool dirty = is_dirty(page);

	if (!goes_back(object, page->offset, which, dirty))
		return false;
	return page->offset == first || !goes_back(object, page->offset - 1, which, dirty);
}

void vm_pager_return(struct vm_pager *pager, uint32_t first, uint32_t end,
		     memory_object_return_t which, bool keep)
{
	struct vm_object *object = pager->object;
	struct vm_page_walk walk;
	struct vm_page *page;
	uint32_t count = 0;

	spin_lock(pager->lock);
	assert(object->holds > 0);
	vm_page_walk_begin(&walk, object, first, end);
	while ((page = vm_page_walk_next(&walk)) != NULL) {
		if (begins_run(object, page, first, which))
			return_from(pager, page->offset, end, which, keep);
		vm_object_breathe(object, &count);
	}
	vm_page_walk_end(&walk);
	spin_unlock(pager->lock);
}
