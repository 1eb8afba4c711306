/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pages that go back to their pager: in runs of neighbours, each a message with a copy whose
 * memory is the pages themselves, or copies of them when the kernel keeps its own.
 */
#include <vm/object_pages.h>
#include <vm/pager.h>
#include <vm/pager_message.h>
#include <vm/pager_run.h>
#include <vm/pmap.h>

#define MESSAGES_MAX 16u		/* that a pager need not have received to get more */

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

/* Give the other object the page, or its contents.  What is written from now on is new. */
static bool hand_over(struct vm_object *from, struct vm_object *to, uint32_t index, enum vm_return_mode mode)
{
	struct vm_page *page = vm_object_page(from, index);
	struct vm_object *viewer = vm_object_viewer(from, index);

	if (mode != RETURN_COPIES && page->wire_count == 0) {
		pmap_page_protect(page, VM_PROT_NONE);
		/* What is only paged out the viewer can ask for again. */
		if (viewer != NULL && mode != RETURN_PAGE_OUT && vm_object_fill(viewer, index, page) == NULL)
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
				    enum vm_return_mode mode)
{
	struct vm_map_copy *copy = pager_run_create(object->lock, first, *count);
	uint32_t done = 0;

	if (copy == NULL)
		return NULL;
	while (done < *count && hand_over(object, pager_run_object(copy), first + done, mode))
		done++;
	*count = done;
	return pager_run_finish(copy, done);
}

/* How many pages go back from `first` on as the first one does. */
static uint32_t run_length(const struct vm_object *object, uint32_t first, uint32_t end,
			   memory_object_return_t which, bool dirty)
{
	uint32_t count = 0;

	while (count < PAGER_RUN_MAX && first + count < end &&
	       goes_back(object, first + count, which, dirty))
		count++;
	return count;
}

/*
 * Send a run, as much as there is memory for.  The lock is given up on the way, first to have a
 * message before any page is taken.  Returns the number of pages.
 */
static uint32_t send_run(struct vm_pager *pager, uint32_t first, uint32_t end,
			 memory_object_return_t which, bool dirty, enum vm_return_mode mode)
{
	struct vm_map_copy *copy = NULL;
	struct ipc_kmsg *message;
	uint32_t count;

	spin_unlock(pager->lock);
	message = pager_data_start(pager, false);
	spin_lock(pager->lock);
	count = message == NULL ? 0 : run_length(pager->object, first, end, which, dirty);
	if (count > 0)
		copy = run_copy(pager->object, first, &count, mode);
	spin_unlock(pager->lock);
	if (copy != NULL)
		pager_data_finish(pager, message, first << PAGE_SHIFT, copy, dirty,
				  mode == RETURN_COPIES);
	else if (message != NULL)
		pager_data_cancel(message);
	spin_lock(pager->lock);
	return copy == NULL ? 0 : count;
}

/* Send the pages from `first` on that go back as the first one does, in one run or several. */
static void return_from(struct vm_pager *pager, uint32_t first, uint32_t end,
			memory_object_return_t which, enum vm_return_mode mode)
{
	bool dirty = is_dirty(vm_object_page(pager->object, first));
	uint32_t sent;

	do {
		sent = send_run(pager, first, end, which, dirty, mode);
		first += sent;
	} while (sent == PAGER_RUN_MAX);
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
		     memory_object_return_t which, enum vm_return_mode mode)
{
	struct vm_object *object = pager->object;
	struct vm_page_walk walk;
	struct vm_page *page;
	uint32_t count = 0;

	if (pager->device)
		return;
	spin_lock(pager->lock);
	assert(object->holds > 0);
	vm_page_walk_begin(&walk, object, first, end);
	while ((page = vm_page_walk_next(&walk)) != NULL) {
		if (begins_run(object, page, first, which))
			return_from(pager, page->offset, end, which, mode);
		vm_object_breathe(object, &count);
	}
	vm_page_walk_end(&walk);
	spin_unlock(pager->lock);
}

/* --- Page-out ------------------------------------------------------------------------------------ */

static bool is_inactive(const struct vm_object *object, uint32_t index)
{
	const struct vm_page *page = vm_object_page(object, index);

	return page != NULL && page->queue == QUEUE_INACTIVE;
}

/* The page, and inactive ones around it. */
static void choose(const struct vm_object *object, uint32_t index, uint32_t *first, uint32_t *end)
{
	*first = index;
	*end = index + 1;
	while (*end - *first < PAGER_RUN_MAX && is_inactive(object, *end))
		++*end;
	while (*end - *first < PAGER_RUN_MAX && *first > 0 && is_inactive(object, *first - 1))
		--*first;
}

uint32_t vm_pager_page_out(struct vm_pager *pager, uint32_t index)
{
	struct vm_object *object = pager->object;
	uint32_t resident = object->resident, first, end, gone;

	choose(object, index, &first, &end);
	vm_pager_reference(pager);
	object->holds++;
	spin_unlock(pager->lock);
	if (pager_messages_waiting(pager) < MESSAGES_MAX)
		vm_pager_return(pager, first, end, MEMORY_OBJECT_RETURN_ALL, RETURN_PAGE_OUT);
	spin_lock(pager->lock);
	gone = resident > object->resident ? resident - object->resident : 0;
	object->holds--;
	vm_pager_idle(pager);
	vm_pager_release(pager);
	return gone;
}
