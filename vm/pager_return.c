/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pages that go back to their pager: in runs of neighbours, each a message with a copy whose
 * memory is the pages themselves, or copies of them when the kernel keeps its own.
 *
 * Who asks for them pays, as if it had sent them, until the pager has received them: nobody fills
 * memory with what a pager does not receive.  For page-out, and at an object's end, nobody pays; page-out
 * leaves a pager alone that does not receive.
 */
#include <vm/copy.h>
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

bool vm_page_save(struct vm_page *page, bool stored)
{
	struct vm_object *viewer = vm_object_viewer(page->object, page->offset);

	if (viewer == NULL || (stored && (page->paging & VM_PROT_READ) != 0))
		return true;
	return vm_object_fill(viewer, page->offset, page) != NULL;
}

/* Is a page to be returned, as dirty or not as the others of its run? */
static bool goes_back(const struct vm_object *object, uint32_t index,
		      memory_object_return_t which, bool dirty)
{
	struct vm_page *page = vm_object_page(object, index);

	return page != NULL && is_dirty(page) == dirty && vm_page_goes_back(page, which);
}

/* --- A run ------------------------------------------------------------------------------------ */

/* What is to be returned, and how. */
struct returning {
	struct vm_pager *pager;
	uint32_t first, end;
	memory_object_return_t which;
	enum vm_return_mode mode;
	bool clean;			/* no dirty ones */
};

/* Does the current task pay? */
static bool is_asked(const struct returning *r)
{
	return r->mode == RETURN_COPIES || r->mode == RETURN_FLUSH;
}

/* Give the other object the page, or its contents.  What is written from now on is new. */
static bool hand_over(struct vm_object *from, struct vm_object *to, uint32_t index,
		      enum vm_return_mode mode)
{
	struct vm_page *page = vm_object_page(from, index);

	if (mode != RETURN_COPIES && page->wire_count == 0) {
		pmap_page_protect(page, VM_PROT_NONE);
		/* What is only paged out the viewer can ask for again. */
		if (mode != RETURN_PAGE_OUT && !vm_page_save(page, true))
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
static struct vm_map_copy *run_copy(const struct returning *r, uint32_t first, uint32_t *count)
{
	struct vm_object *object = r->pager->object;
	struct vm_map_copy *copy = pager_run_create(object->lock, first, *count);
	uint32_t done = 0;

	if (copy == NULL)
		return NULL;
	if (is_asked(r) && !vm_map_copy_pay(copy))
		*count = 0;
	while (done < *count && hand_over(object, pager_run_object(copy), first + done, r->mode))
		done++;
	if (copy->payer != NULL && done > 0)
		vm_map_discharge_sent(copy->payer, *count - done);
	*count = done;
	return pager_run_finish(copy, done);
}

/* How many pages go back from `first` on as the first one does. */
static uint32_t run_length(const struct returning *r, uint32_t first, bool dirty)
{
	uint32_t count = 0;

	while (count < PAGER_RUN_MAX && first + count < r->end &&
	       goes_back(r->pager->object, first + count, r->which, dirty))
		count++;
	return count;
}

static kern_return_t shortage(const struct vm_pager *pager)
{
	return pager->state == PAGER_DEAD ? KERN_MEMORY_ERROR : KERN_RESOURCE_SHORTAGE;
}

/*
 * Send a run, as much as there is memory for: *sent pages.  The lock is given up on the way, first
 * to have a message before any page is taken.
 */
static kern_return_t send_run(const struct returning *r, uint32_t first, bool dirty,
			      uint32_t *sent)
{
	struct vm_pager *pager = r->pager;
	struct vm_map_copy *copy = NULL;
	struct ipc_kmsg *message;
	uint32_t count, wanted;

	*sent = 0;
	spin_unlock(pager->lock);
	message = is_asked(r) ? pager_data_start_asked(pager) : pager_data_start(pager, false);
	spin_lock(pager->lock);
	if (message == NULL)
		return shortage(pager);
	wanted = count = run_length(r, first, dirty);
	if (count > 0)
		copy = run_copy(r, first, &count);
	spin_unlock(pager->lock);
	if (copy != NULL)
		pager_data_finish(pager, message, first << PAGE_SHIFT, copy, dirty,
				  r->mode == RETURN_COPIES);
	else
		pager_data_cancel(message);
	spin_lock(pager->lock);
	*sent = copy == NULL ? 0 : count;
	return *sent == wanted ? KERN_SUCCESS : shortage(pager);
}

/*
 * Memory was short: is the run to go on where it stopped?  Not from the beginning: pages that stay
 * precious would be sent again and again.  The lock is given up on the way.
 */
static bool wait_for_memory(const struct returning *r, kern_return_t *kr)
{
	bool again;

	if (*kr != KERN_RESOURCE_SHORTAGE || !is_asked(r))
		return false;
	spin_unlock(r->pager->lock);
	again = vm_pager_again(kr);
	spin_lock(r->pager->lock);
	return again;
}

/* Send the pages from `first` on that go back as the first one does, in one run or several. */
static kern_return_t return_from(const struct returning *r, uint32_t first)
{
	bool dirty = is_dirty(vm_object_page(r->pager->object, first));
	kern_return_t kr;
	uint32_t sent;

	do {
		kr = send_run(r, first, dirty, &sent);
		first += sent;
	} while (wait_for_memory(r, &kr) || (kr == KERN_SUCCESS && sent == PAGER_RUN_MAX));
	return kr;
}

/* Does the page below go back as this one does?  Then a run begins there. */
static bool follows(const struct returning *r, struct vm_page *page)
{
	return page->offset > r->first &&
	       goes_back(r->pager->object, page->offset - 1, r->which, is_dirty(page));
}

static kern_return_t look_at(const struct returning *r, struct vm_page *page, bool again,
			     bool *left)
{
	if (!vm_page_goes_back(page, r->which) || (r->clean && is_dirty(page)))
		return KERN_SUCCESS;
	if (again || !follows(r, page))
		return return_from(r, page->offset);
	*left = true;
	return KERN_SUCCESS;
}

/*
 * Return all pages of the range: at first in whole runs.  *left says whether there were some whose
 * run was to begin at a page found later, which others may have taken in between; `again` finds these.
 */
static kern_return_t return_all(const struct returning *r, bool again, bool *left)
{
	struct vm_object *object = r->pager->object;
	kern_return_t kr = KERN_SUCCESS;
	struct vm_page_walk walk;
	struct vm_page *page;
	uint32_t count = 0;

	vm_page_walk_begin(&walk, object, r->first, r->end);
	while (kr == KERN_SUCCESS && (page = vm_page_walk_next(&walk)) != NULL) {
		kr = look_at(r, page, again, left);
		vm_object_breathe(object, &count);
	}
	vm_page_walk_end(&walk);
	return kr;
}

kern_return_t vm_pager_return(struct vm_pager *pager, uint32_t first, uint32_t end,
			      memory_object_return_t which, enum vm_return_mode mode)
{
	struct returning r = { pager, first, end, which, mode, false };
	kern_return_t kr = KERN_SUCCESS;
	bool left = false;

	if (pager->device)
		return KERN_SUCCESS;
	spin_lock(pager->lock);
	assert(pager->object->holds > 0);
	/* What stays precious goes back as often as it is looked at, so what is dirty comes later. */
	if (which == MEMORY_OBJECT_RETURN_ALL && mode == RETURN_COPIES) {
		r.clean = true;
		kr = return_all(&r, false, &left);
		r.clean = left = false;
		r.which = MEMORY_OBJECT_RETURN_DIRTY;
	}
	if (kr == KERN_SUCCESS)
		kr = return_all(&r, false, &left);
	if (kr == KERN_SUCCESS && left)
		kr = return_all(&r, true, &left);
	spin_unlock(pager->lock);
	return kr;
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
