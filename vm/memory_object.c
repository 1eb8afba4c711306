/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What pagers ask and answer: routines on a memory object's control port.
 *
 * Where the caller gives a reply port it hears of every outcome by exactly one completion; the
 * routine then succeeds, as it has consumed the right.  Without one, bad arguments are its
 * error, and nothing is consumed.  The completion of a lock request cannot tell of failure: with bad
 * arguments, or where not all could be returned that was to be, there is none, and the right to the
 * reply port dies.
 */
#include <kern/mig_support.h>
#include <kern/thread.h>
#include <mach/mach_server.h>
#include <vm/copy.h>
#include <vm/object_pages.h>
#include <vm/pageout.h>
#include <vm/pager.h>
#include <vm/pager_message.h>
#include <vm/store.h>

#define NO_CHANGE 8			/* of a lock value */

void vm_object_release(struct vm_pager *pager)
{
	vm_pager_release(pager);
}

/* --- Ranges --------------------------------------------------------------------------------- */

/* Pages of a range; end may be the page beyond the last offset. */
struct page_range {
	uint32_t first, end;
};

static struct page_range range_of(vm_offset_t offset, vm_size_t size)
{
	uint64_t end = ((uint64_t)offset + size + PAGE_OFFSET_MASK) >> PAGE_SHIFT;
	const uint64_t beyond = (uint64_t)1 << (32 - PAGE_SHIFT);

	return (struct page_range){ offset >> PAGE_SHIFT,
				    (uint32_t)(end < beyond ? end : beyond) };
}

static bool is_aligned(vm_offset_t offset, vm_size_t size)
{
	return ((offset | size) & PAGE_OFFSET_MASK) == 0;
}

/* --- Pages that come ------------------------------------------------------------------------ */

/* Put a page into the object, if it lacks it.  Consumes the page. */
static kern_return_t supply_page(struct vm_pager *pager, uint32_t index, struct vm_page *page,
				 uint8_t paging)
{
	struct vm_object *object = pager->object;
	kern_return_t kr = KERN_SUCCESS;

	spin_lock(pager->lock);
	if (pager->store != NULL) {
		kr = vm_store_arrived(pager, index, page);
		if (kr == KERN_SUCCESS)
			page = NULL;
	} else if (vm_object_page(object, index) != NULL) {
		kr = KERN_MEMORY_PRESENT;
	} else if (index < object->first || index >= object->end) {
		kr = KERN_INVALID_ARGUMENT;	/* nobody maps so far, and none is to fill memory */
	} else {
		vm_object_insert(object, index, page);
		page->paging = paging;
		page = NULL;
		vm_pageout_counts.pageins++;
		vm_pager_finish_range(pager, REQUEST_PAGE, index, index + 1, KERN_SUCCESS);
	}
	spin_unlock(pager->lock);
	if (page != NULL)
		vm_page_free(page, 0);
	return kr;
}

/*
 * The pager takes these as given: who waits for them is not to wait for ever, and may ask again.  The
 * default manager hears what has become of each.
 */
static void supply_failed(struct vm_pager *pager, struct page_range range, kern_return_t kr)
{
	bool again = kr == KERN_ABORTED || pager->store != NULL;

	spin_lock(pager->lock);
	vm_pager_finish_range(pager, REQUEST_PAGE, range.first, range.end,
			      again ? KERN_SUCCESS : kr);
	spin_unlock(pager->lock);
}

/*
 * All pages of a copy.  One that is refused is in nobody's way: there may be threads that wait for
 * those behind it.  The first refusal is the result.
 */
static kern_return_t supply_all(struct vm_pager *pager, vm_offset_t offset,
				struct vm_map_copy *data, uint8_t paging,
				vm_offset_t *error_offset)
{
	vm_size_t size = vm_map_copy_size(data);
	kern_return_t result = KERN_SUCCESS, kr;
	struct vm_page *page;
	bool readable = true;

	for (vm_size_t done = 0; readable && done < size; done += PAGE_BYTES) {
		do {
			kr = vm_map_copy_take_page(data, done, &page);
		} while (vm_pager_again(&kr));
		readable = kr == KERN_SUCCESS;
		if (readable)
			kr = supply_page(pager, (offset + done) >> PAGE_SHIFT, page, paging);
		else
			supply_failed(pager, range_of(offset + done, size - done), kr);
		if (kr != KERN_SUCCESS && result == KERN_SUCCESS) {
			result = kr;
			*error_offset = offset + done;
		}
		preemption_point();
	}
	return result;
}

/* Without the pages that are out nobody gets on, who might free memory: these use the reserve. */
static kern_return_t supply(struct vm_pager *pager, vm_offset_t offset, struct vm_map_copy *data,
			    uint8_t paging, vm_offset_t *error_offset)
{
	struct thread *self = current_thread();
	const bool privileged = self->vm_privileged;
	kern_return_t kr;

	self->vm_privileged |= pager->store != NULL;
	kr = supply_all(pager, offset, data, paging, error_offset);
	self->vm_privileged = privileged;
	return kr;
}

/* A receive right, which would hold its own answer, is not for that. */
static bool can_be_answered(struct pager_reply reply)
{
	return !IP_VALID(reply.port) || reply.type == MACH_MSG_TYPE_PORT_SEND ||
	       reply.type == MACH_MSG_TYPE_PORT_SEND_ONCE;
}

static kern_return_t supply_check(vm_offset_t offset, vm_map_copy_t data,
				  mach_msg_type_number_t size, vm_prot_t lock_value)
{
	if (!is_aligned(offset, size) || vm_map_copy_size(data) != size ||
	    (lock_value & ~VM_PROT_ALL) != 0 || (size != 0 && offset + (size - 1) < offset))
		return KERN_INVALID_ARGUMENT;
	return KERN_SUCCESS;
}

kern_return_t memory_object_data_supply(struct vm_pager *pager, vm_offset_t offset,
					vm_map_copy_t data, mach_msg_type_number_t size,
					vm_prot_t lock_value, boolean_t precious,
					ipc_port_t reply_to, mach_msg_type_name_t reply_type)
{
	struct pager_reply reply = { reply_to, reply_type };
	vm_offset_t error_offset = 0;
	kern_return_t kr;

	if (pager == NULL || !can_be_answered(reply))
		return KERN_INVALID_ARGUMENT;
	kr = supply_check(offset, data, size, lock_value);
	if (kr == KERN_SUCCESS && !vm_pager_hold(pager))
		kr = KERN_INVALID_ARGUMENT;
	else if (kr == KERN_SUCCESS) {
		kr = supply(pager, offset, data,
			    (uint8_t)(lock_value | (precious ? PAGING_PRECIOUS : 0)),
			    &error_offset);
		vm_pager_unhold(pager);
	}
	if (!IP_VALID(reply_to) && kr != KERN_SUCCESS)
		return kr;
	vm_map_copy_discard(data);
	pager_send_supply_completed(pager, reply, offset, size, kr, error_offset);
	return KERN_SUCCESS;
}

/* A page that was asked for is all zeros, if it has not come meanwhile. */
static void zero_page(struct vm_pager *pager, uint32_t index)
{
	struct vm_page *page;

	if (pager->store == NULL) {
		if (vm_object_page(pager->object, index) == NULL)
			vm_object_fill(pager->object, index, NULL);
		return;
	}
	page = vm_page_alloc_paging();
	if (page == NULL)
		return;
	vm_page_zero(page);
	if (vm_store_arrived(pager, index, page) != KERN_SUCCESS)
		vm_page_free(page, 0);
}

kern_return_t memory_object_data_unavailable(struct vm_pager *pager, vm_offset_t offset,
					     vm_size_t size)
{
	struct page_range range = range_of(offset, size);
	uint32_t index, count = 0;

	if (pager == NULL || !is_aligned(offset, size) || !vm_pager_hold(pager))
		return KERN_INVALID_ARGUMENT;
	spin_lock(pager->lock);
	while (vm_pager_next(pager, REQUEST_PAGE, range.first, range.end, &index)) {
		zero_page(pager, index);
		vm_pager_finish_range(pager, REQUEST_PAGE, index, index + 1, KERN_SUCCESS);
		range.first = index + 1;
		vm_object_breathe(pager->object, &count);
	}
	spin_unlock(pager->lock);
	vm_pager_unhold(pager);
	return KERN_SUCCESS;
}

kern_return_t memory_object_data_error(struct vm_pager *pager, vm_offset_t offset,
				       vm_size_t size, kern_return_t error_value)
{
	struct page_range range = range_of(offset, size);

	(void)error_value;		/* those who wait are told KERN_MEMORY_ERROR */
	if (pager == NULL || !is_aligned(offset, size))
		return KERN_INVALID_ARGUMENT;
	spin_lock(pager->lock);
	vm_pager_finish_range(pager, REQUEST_PAGE, range.first, range.end, KERN_MEMORY_ERROR);
	vm_pager_finish_range(pager, REQUEST_UNLOCK, range.first, range.end, KERN_MEMORY_ERROR);
	spin_unlock(pager->lock);
	return KERN_SUCCESS;
}

/* --- Pages that go -------------------------------------------------------------------------- */

/* Drop a page from the object; who has a snapshot of it gets a copy.  Wired pages stay. */
static void flush_page(struct vm_object *object, struct vm_page *page)
{
	if (page->wire_count > 0)
		return;
	pmap_page_protect(page, VM_PROT_NONE);
	if (vm_page_save(page, !vm_page_goes_back(page, MEMORY_OBJECT_RETURN_DIRTY)))
		vm_object_free_page(object, page);
}

static void lock_page(struct vm_page *page, vm_prot_t lock_value)
{
	if ((lock_value & ~page->paging) != 0)
		pmap_page_protect(page, VM_PROT_ALL & ~lock_value);
	page->paging = (uint8_t)((page->paging & ~PAGING_PROHIBITED) | lock_value);
}

/*
 * Flush and lock what is resident in a range.  A page that was to be returned first, but was
 * not, or has been written again, is not lost: it stays.
 */
static void change_pages(struct vm_pager *pager, struct page_range range, bool flush,
			 memory_object_return_t returned, vm_prot_t lock_value)
{
	struct vm_object *object = pager->object;
	struct vm_page_walk walk;
	struct vm_page *page;
	uint32_t count = 0;

	spin_lock(pager->lock);
	vm_page_walk_begin(&walk, object, range.first, range.end);
	while ((page = vm_page_walk_next(&walk)) != NULL) {
		if (lock_value != NO_CHANGE)
			lock_page(page, lock_value);
		if (flush && !vm_page_goes_back(page, returned))
			flush_page(object, page);
		vm_object_breathe(object, &count);
	}
	vm_page_walk_end(&walk);
	/* Who waits for access looks again, and asks again if it is still forbidden. */
	if (flush || lock_value != NO_CHANGE)
		vm_pager_finish_range(pager, REQUEST_UNLOCK, range.first, range.end,
				      KERN_SUCCESS);
	spin_unlock(pager->lock);
}

/* Return pages, or say why not all. */
static kern_return_t return_range(struct vm_pager *pager, struct page_range range,
				  memory_object_return_t which, bool flush)
{
	return vm_pager_return(pager, range.first, range.end, which,
			       flush ? RETURN_FLUSH : RETURN_COPIES);
}

kern_return_t vm_pager_clean(struct vm_pager *pager, vm_offset_t offset, vm_size_t size, bool flush)
{
	struct page_range range = range_of(offset, size);
	kern_return_t kr = return_range(pager, range, MEMORY_OBJECT_RETURN_ALL, flush);

	if (kr == KERN_SUCCESS && flush)
		change_pages(pager, range, true, MEMORY_OBJECT_RETURN_ALL, NO_CHANGE);
	return kr;
}

kern_return_t memory_object_lock_request(struct vm_pager *pager, vm_offset_t offset,
					 vm_size_t size, memory_object_return_t should_return,
					 boolean_t should_flush, vm_prot_t lock_value,
					 ipc_port_t reply_to, mach_msg_type_name_t reply_type)
{
	struct pager_reply reply = { reply_to, reply_type };
	struct page_range range = range_of(offset, size);
	kern_return_t kr = KERN_SUCCESS;

	if (pager == NULL || ((lock_value & ~VM_PROT_ALL) != 0 && lock_value != NO_CHANGE) ||
	    should_return < MEMORY_OBJECT_RETURN_NONE || should_return > MEMORY_OBJECT_RETURN_ALL)
		return KERN_INVALID_ARGUMENT;
	if (!can_be_answered(reply) || !vm_pager_hold(pager))
		return KERN_INVALID_ARGUMENT;
	if (should_return != MEMORY_OBJECT_RETURN_NONE)
		kr = return_range(pager, range, should_return, should_flush);
	if (kr == KERN_SUCCESS && (should_flush || lock_value != NO_CHANGE))
		change_pages(pager, range, should_flush, should_return, lock_value);
	if (kr == KERN_SUCCESS)
		pager_send_lock_completed(pager, reply, offset, size);
	vm_pager_unhold(pager);
	return kr;
}

/* --- The object as a whole ------------------------------------------------------------------ */

static bool is_strategy(memory_object_copy_strategy_t strategy)
{
	return strategy >= MEMORY_OBJECT_COPY_NONE && strategy <= MEMORY_OBJECT_COPY_TEMPORARY;
}

static kern_return_t set_attributes(struct vm_pager *pager, boolean_t may_cache,
				    memory_object_copy_strategy_t strategy)
{
	kern_return_t kr = KERN_INVALID_ARGUMENT;

	if (!is_strategy(strategy))
		return kr;
	spin_lock(pager->lock);
	if (pager->state != PAGER_DEAD) {
		pager->may_cache = may_cache;
		pager->strategy = strategy;
		if (pager->state == PAGER_NEW) {
			pager->state = PAGER_READY;
			vm_pager_finish_range(pager, REQUEST_READY, 0, 1, KERN_SUCCESS);
			vm_pager_wake(pager);
		}
		kr = KERN_SUCCESS;
	}
	spin_unlock(pager->lock);
	if (kr == KERN_SUCCESS)
		vm_pager_look(pager);
	return kr;
}

kern_return_t memory_object_ready(struct vm_pager *pager, boolean_t may_cache,
				  memory_object_copy_strategy_t strategy)
{
	return pager == NULL ? KERN_INVALID_ARGUMENT
			     : set_attributes(pager, may_cache, strategy);
}

kern_return_t memory_object_change_attributes(struct vm_pager *pager, boolean_t may_cache,
					      memory_object_copy_strategy_t strategy,
					      ipc_port_t reply_to, mach_msg_type_name_t reply_type)
{
	struct pager_reply reply = { reply_to, reply_type };
	kern_return_t kr;

	if (pager == NULL || !can_be_answered(reply))
		return KERN_INVALID_ARGUMENT;
	kr = set_attributes(pager, may_cache, strategy);
	if (!IP_VALID(reply_to))
		return kr;
	pager_send_change_completed(reply, may_cache, strategy);
	return KERN_SUCCESS;
}

kern_return_t memory_object_get_attributes(struct vm_pager *pager, boolean_t *object_ready,
					   boolean_t *may_cache,
					   memory_object_copy_strategy_t *strategy)
{
	if (pager == NULL)
		return KERN_INVALID_ARGUMENT;
	spin_lock(pager->lock);
	*object_ready = pager->state == PAGER_READY;
	*may_cache = pager->may_cache;
	*strategy = pager->strategy;
	spin_unlock(pager->lock);
	return KERN_SUCCESS;
}

kern_return_t memory_object_destroy(struct vm_pager *pager, kern_return_t reason)
{
	(void)reason;
	if (pager == NULL)
		return KERN_INVALID_ARGUMENT;
	vm_pager_shut(pager, true);
	vm_pager_look(pager);
	return KERN_SUCCESS;
}
