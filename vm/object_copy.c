/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Copying and sharing memory: snapshots, and what a write does to them.
 */
#include <vm/object.h>

#include <kern/sched.h>
#include <vm/object_family.h>
#include <vm/object_pages.h>
#include <vm/pager.h>
#include <vm/pmap.h>

#define PROT_UNWRITABLE (VM_PROT_READ | VM_PROT_EXECUTE)
#define WITHDRAW_BATCH (32 * OBJECT_BATCH * PAGE_BYTES)	/* bytes */

/* --- Writing a page ------------------------------------------------------------ */

struct vm_object *vm_object_viewer(const struct vm_object *object, uint32_t index)
{
	struct vm_object *snapshot = vm_object_snapshot(object);

	assert_locked(object->lock);
	assert(!object->frozen);
	return snapshot != NULL && vm_object_wants(snapshot, index) ? snapshot : NULL;
}

/* Give a viewer its copy of a page; its readers must find that now. */
static bool push(struct vm_object *viewer, uint32_t index, struct vm_page *source)
{
	if (vm_object_fill(viewer, index, source) == NULL)
		return false;
	if (source != NULL)
		pmap_page_protect(source, VM_PROT_NONE);
	return true;
}

/* The object's own version of a page that it sees below (NULL: of zeros). */
static struct vm_page *pull(struct vm_object *object, uint32_t index, struct vm_page *source)
{
	struct vm_page *page;

	if (source != NULL && vm_object_is_last(object, source)) {
		vm_object_move_page(source->object, object, source);
		return source;
	}
	page = vm_object_fill(object, index, source);
	/* Others that share this object must find the new page. */
	if (page != NULL && source != NULL && object->entry_count > 1)
		pmap_page_protect(source, VM_PROT_NONE);
	return page;
}

kern_return_t vm_object_own_seen(struct vm_object *object, uint32_t index, struct vm_page *source,
				 struct vm_object *viewer, struct vm_page **pagep)
{
	struct vm_page *page = source != NULL && source->object == object ? source : NULL;
	kern_return_t kr = source == NULL ? vm_pager_need(object, index, VM_PROT_DEFAULT)
			   : vm_pager_allows(source, page != NULL ? VM_PROT_DEFAULT
								  : VM_PROT_READ);

	if (kr != KERN_SUCCESS)
		return kr;
	if (viewer != NULL && !push(viewer, index, source))
		return KERN_RESOURCE_SHORTAGE;
	if (page == NULL)
		page = pull(object, index, source);
	if (page == NULL)
		return KERN_RESOURCE_SHORTAGE;
	*pagep = page;
	return KERN_SUCCESS;
}

kern_return_t vm_object_own(struct vm_object *object, uint32_t index, struct vm_page **pagep)
{
	return vm_object_own_seen(object, index, vm_object_view(object, index),
				  vm_object_viewer(object, index), pagep);
}

/* Give the entry a snapshot of its frozen object, to be written directly. */
static bool branch(struct vm_map_entry *entry)
{
	struct vm_object *object = entry->object, *own = vm_object_create(object->lock);

	if (own == NULL)
		return false;
	vm_object_forget(object, entry);
	vm_object_attach(own, entry);
	vm_object_link(object, own);
	return true;
}

bool vm_entry_thaw(struct vm_map_entry *entry)
{
	struct vm_object *object = entry->object;

	assert_locked(object->lock);
	if (!object->frozen)
		return true;
	if (object->entry_count > 1 || !queue_empty(&object->snapshots))
		return branch(entry);
	object->frozen = false;
	return true;
}

/* --- Snapshots -------------------------------------------------------------------- */

/* A frozen snapshot of a directly written object as it is now; NULL when memory is short. */
static struct vm_object *fresh_snapshot(struct vm_object *object)
{
	struct vm_object *snapshot = vm_object_snapshot(object);

	if (snapshot != NULL && snapshot->frozen && snapshot->resident == 0 &&
	    snapshot->away_count == 0 && !snapshot->dissolving)
		return snapshot;
	snapshot = vm_object_create(object->lock);
	if (snapshot == NULL)
		return NULL;
	snapshot->frozen = true;
	vm_object_link_between(object, snapshot);
	return snapshot;
}

static bool too_high(const struct vm_object *object)
{
	return vm_object_depth(object) + object->height >= OBJECT_HEIGHT_MAX;
}

/*
 * Nobody may write the entry's pages from `start` without a fault: for pages that only this entry
 * has, whose addresses are faster to go through than pages.
 */
static void withdraw_own(struct vm_object *object, vm_offset_t start, vm_size_t size,
			 struct pmap *pmap)
{
	for (; size > WITHDRAW_BATCH; start += WITHDRAW_BATCH, size -= WITHDRAW_BATCH) {
		pmap_protect(pmap, start, start + WITHDRAW_BATCH, PROT_UNWRITABLE);
		spin_unlock(object->lock);
		preemption_point();
		spin_lock(object->lock);
	}
	pmap_protect(pmap, start, start + size, PROT_UNWRITABLE);
}

/* The same for the object's pages in [first, end), which others have too. */
static void withdraw_all(struct vm_object *object, uint32_t first, uint32_t end)
{
	struct vm_page_walk walk;
	struct vm_page *page;
	uint32_t count = 0;

	vm_page_walk_begin(&walk, object, first, end);
	while ((page = vm_page_walk_next(&walk)) != NULL) {
		pmap_page_protect(page, PROT_UNWRITABLE);
		vm_object_breathe(object, &count);
	}
	vm_page_walk_end(&walk);
}

/* The same for what the copy is to show.  The caller holds the object. */
static void withdraw(struct vm_object *object, const struct vm_map_entry *entry,
		     vm_offset_t start, const struct vm_map_entry *copy, struct pmap *pmap)
{
	uint32_t first = copy->index, end = first + vm_entry_pages(copy);

	/* Another operation, if there is one, may not have done yet what is noted as done. */
	if (object->holds == 1 &&
	    (first >= object->writable_end || end <= object->writable_first))
		return;
	/* Before it is true: pages that others make writable meanwhile are noted again. */
	if (first <= object->writable_first)
		object->writable_first = end;
	else if (end >= object->writable_end)
		object->writable_end = first;
	if (vm_object_covered(object, entry, first, end))
		withdraw_all(object, first, end);
	else if (entry->mapped)
		withdraw_own(object, start, copy->end - copy->start, pmap);
}

/* Wired pages must not fault later because of the snapshot: give it its copies now. */
static kern_return_t push_wired(struct vm_object *object, uint32_t first, uint32_t end)
{
	kern_return_t kr = KERN_SUCCESS;
	struct vm_page_walk walk;
	struct vm_page *page;
	uint32_t count = 0;

	vm_page_walk_begin(&walk, object, first, end);
	while (kr == KERN_SUCCESS && (page = vm_page_walk_next(&walk)) != NULL) {
		if (page->wire_count > 0)
			kr = vm_object_own(object, page->offset, &page);
		vm_object_breathe(object, &count);
	}
	vm_page_walk_end(&walk);
	return kr;
}

/* Make the copy an entry of the snapshot. */
static kern_return_t snapshot_attach(struct vm_map_entry *entry, vm_offset_t start,
				     struct vm_map_entry *copy, struct pmap *pmap)
{
	struct vm_object *object = entry->object, *snapshot = fresh_snapshot(object);
	uint32_t first = copy->index, end = first + vm_entry_pages(copy);
	kern_return_t kr = KERN_SUCCESS;

	if (snapshot == NULL)
		return KERN_RESOURCE_SHORTAGE;
	vm_object_attach(snapshot, copy);
	object->holds++;
	withdraw(object, entry, start, copy, pmap);
	if (object->wirings > 0)
		kr = push_wired(object, first, end);
	object->holds--;
	return kr;
}

/* The page that is to be copied, if it is there and may be read. */
static kern_return_t page_to_copy(const struct vm_object *object, uint32_t index,
				  struct vm_page **pagep)
{
	*pagep = vm_object_view(object, index);
	return *pagep == NULL ? vm_pager_need(object, index, VM_PROT_READ)
			      : vm_pager_allows(*pagep, VM_PROT_READ);
}

/*
 * See that no page of a range is absent: later ones would be copied in vain.  The next try begins
 * where this one ends, so that all tries together look at each page a few times only.
 */
static kern_return_t all_present(struct vm_object *object, uint32_t first, uint32_t end)
{
	uint32_t at = object->absent >= first && object->absent < end ? object->absent : first;
	kern_return_t kr = KERN_SUCCESS;
	struct vm_page *page;
	uint32_t count = 0;

	if (!vm_object_may_lack(object))
		return kr;
	for (uint32_t left = end - first; kr == KERN_SUCCESS && left > 0; left--) {
		object->absent = at;
		kr = page_to_copy(object, at, &page);
		at = at + 1 < end ? at + 1 : first;
		if (kr == KERN_SUCCESS)
			vm_object_breathe(object, &count);
	}
	return kr;
}

/* Copy the pages that there are, into an object that is no snapshot. */
static kern_return_t copy_pages(struct vm_object *object, struct vm_map_entry *copy)
{
	struct vm_object *other = vm_object_create(object->lock);
	uint32_t end = copy->index + vm_entry_pages(copy), count = 0;
	kern_return_t kr;

	if (other == NULL)
		return KERN_RESOURCE_SHORTAGE;
	vm_object_attach(other, copy);
	object->holds++;
	kr = all_present(object, copy->index, end);
	for (uint32_t i = copy->index; i < end && kr == KERN_SUCCESS; i++) {
		struct vm_page *page;

		kr = page_to_copy(object, i, &page);
		if (kr == KERN_SUCCESS && page != NULL && vm_object_fill(other, i, page) == NULL)
			kr = KERN_RESOURCE_SHORTAGE;
		vm_object_breathe(object, &count);
	}
	object->holds--;
	return kr;
}

/* Copy from an object that is written directly. */
static kern_return_t copy_written(struct vm_map_entry *entry, vm_offset_t start,
				  struct vm_map_entry *copy, struct pmap *pmap)
{
	struct vm_object *object = entry->object;
	kern_return_t kr = vm_pager_need_ready(object);

	if (kr != KERN_SUCCESS)
		return kr;
	if (too_high(object) || vm_pager_copies_now(object))
		return copy_pages(object, copy);
	return snapshot_attach(entry, start, copy, pmap);
}

kern_return_t vm_entry_snapshot(struct vm_map_entry *entry, vm_offset_t start,
				struct vm_map_entry *copy, struct pmap *pmap)
{
	struct vm_object *object = entry->object;

	copy->object = NULL;
	if (object != NULL && object->pager != NULL && vm_pager_is_called(object->pager))
		return vm_pager_copy(entry, start, copy, pmap);
	return vm_entry_snapshot_untold(entry, start, copy, pmap);
}

kern_return_t vm_entry_snapshot_untold(struct vm_map_entry *entry, vm_offset_t start,
				       struct vm_map_entry *copy, struct pmap *pmap)
{
	struct vm_object *object = entry->object;
	struct spin_lock *lock;
	kern_return_t kr = KERN_SUCCESS;

	copy->object = NULL;
	copy->index = vm_entry_index(entry, start);
	if (object == NULL)
		return KERN_SUCCESS;
	lock = object->lock;
	spin_lock(lock);
	if (object->frozen)
		vm_object_attach(object, copy);
	else
		kr = copy_written(entry, start, copy, pmap);
	spin_unlock(lock);
	if (kr != KERN_SUCCESS)
		vm_entry_detach(copy);
	return kr;
}

/* --- What a failing pager has left --------------------------------------------------------- */

/* Is a page that nobody finds one that is elsewhere? */
static bool is_elsewhere(const struct vm_object *object, uint32_t index)
{
	for (; object->shadow != NULL; object = object->shadow)
		if (vm_object_away(object, index) != NULL)
			return true;
	return object->pager != NULL || vm_object_away(object, index) != NULL;
}

/* Copy a page to an object whose pager is dead, if it can be had. */
static bool salvage_page(const struct vm_object *object, struct vm_object *to, uint32_t index)
{
	struct vm_page *page = vm_object_view(object, index);

	if (page == NULL ? is_elsewhere(object, index) : (page->paging & VM_PROT_READ) != 0)
		return true;
	return vm_object_fill(to, index, page) != NULL;
}

kern_return_t vm_entry_salvage(struct vm_map_entry *entry, struct vm_map_entry *copy)
{
	uint32_t first = entry->index, end = first + vm_entry_pages(entry), count = 0;
	struct vm_object *object = entry->object, *to;
	bool enough = true;

	copy->object = NULL;
	copy->index = first;
	if (object == NULL)
		return KERN_SUCCESS;
	to = vm_pager_create_dead(object->lock);
	if (to == NULL)
		return KERN_RESOURCE_SHORTAGE;
	spin_lock(object->lock);
	vm_object_attach(to, copy);
	object->holds++;
	for (uint32_t i = first; i < end && enough; i++) {
		enough = salvage_page(object, to, i);
		vm_object_breathe(object, &count);
	}
	object->holds--;
	spin_unlock(object->lock);
	if (enough)
		return KERN_SUCCESS;
	vm_entry_detach(copy);
	return KERN_RESOURCE_SHORTAGE;
}

/* --- Sharing --------------------------------------------------------------------------- */

kern_return_t vm_entry_share(struct vm_map_entry *entry, vm_offset_t start,
			     struct vm_map_entry *other)
{
	struct spin_lock *lock;
	bool thawed;

	other->object = NULL;
	if (!vm_entry_need_object(entry))
		return KERN_RESOURCE_SHORTAGE;
	lock = entry->object->lock;
	spin_lock(lock);
	thawed = vm_entry_thaw(entry);
	if (thawed) {
		other->index = vm_entry_index(entry, start);
		vm_object_attach(entry->object, other);
	}
	spin_unlock(lock);
	return thawed ? KERN_SUCCESS : KERN_RESOURCE_SHORTAGE;
}

bool vm_entry_is_private(struct vm_map_entry *entry)
{
	struct vm_object *object = entry->object;
	bool private;

	if (object == NULL)
		return true;
	spin_lock(object->lock);
	private = object->frozen ||
		  (object->pager == NULL &&
		   !vm_object_covered(object, entry, entry->index,
				      entry->index + vm_entry_pages(entry)));
	spin_unlock(object->lock);
	return private;
}

/* --- Changes of entries ------------------------------------------------------------------- */

static void entry_lock(const struct vm_map_entry *entry)
{
	if (entry->object != NULL)
		spin_lock(entry->object->lock);
}

static void entry_unlock(const struct vm_map_entry *entry)
{
	if (entry->object != NULL)
		spin_unlock(entry->object->lock);
}

void vm_entry_move(struct vm_map_entry *entry, vm_offset_t start)
{
	entry_lock(entry);
	entry->end = start + (entry->end - entry->start);
	entry->start = start;
	entry_unlock(entry);
}

void vm_entry_split(struct vm_map_entry *entry, struct vm_map_entry *upper, vm_offset_t at)
{
	*upper = *entry;
	upper->start = at;
	upper->index = vm_entry_index(entry, at);
	entry_lock(entry);
	entry->end = at;
	if (entry->object != NULL) {
		vm_object_entry_shrunk(entry);
		vm_object_attach(entry->object, upper);
	}
	entry_unlock(entry);
}

void vm_entry_split_below(struct vm_map_entry *entry, struct vm_map_entry *lower, vm_offset_t at)
{
	*lower = *entry;
	lower->end = at;
	entry_lock(entry);
	if (lower->object != NULL)
		vm_object_forget(lower->object, entry);	/* its place there is another then */
	entry->index = vm_entry_index(entry, at);
	entry->start = at;
	if (lower->object != NULL) {
		vm_object_attach(lower->object, entry);
		vm_object_attach(lower->object, lower);
	}
	entry_unlock(entry);
}

/* Can the entry's object cover `pages` more at `first`?  It must never have had pages there. */
static bool can_grow(const struct vm_map_entry *entry, uint32_t first, uint32_t pages)
{
	const struct vm_object *object = entry->object;

	return object->entry_count == 1 && object->holds == 0 && !object->frozen &&
	       object->shadow == NULL && object->pager == NULL &&
	       queue_empty(&object->snapshots) && !entry->wired &&
	       first + pages <= OBJECT_PAGES_MAX &&
	       (first >= object->end || first + pages <= object->first);
}

/* Give the entry another range, index and object (or none). */
static void refit(struct vm_map_entry *entry, struct vm_object *object, vm_offset_t start,
		  vm_offset_t end, uint32_t index)
{
	if (entry->object != NULL)
		vm_object_forget(entry->object, entry);
	entry->start = start;
	entry->end = end;
	entry->index = index;
	if (object != NULL)
		vm_object_attach(object, entry);
}

/* Continues `upper` what the entry has of an object that both have? */
static bool continues(const struct vm_map_entry *entry, const struct vm_map_entry *upper)
{
	return upper->index == entry->index + vm_entry_pages(entry);
}

/* Join two entries of one locked object, or of two of which one is NULL. */
static bool join_locked(struct vm_map_entry *entry, struct vm_map_entry *upper)
{
	struct vm_object *object = entry->object;
	uint32_t index = entry->index;

	if (object == NULL) {
		if (upper->index < vm_entry_pages(entry))
			return false;
		index = upper->index - vm_entry_pages(entry);
		if (!can_grow(upper, index, vm_entry_pages(entry)))
			return false;
		object = upper->object;
	} else if (upper->object == NULL) {
		if (!can_grow(entry, index + vm_entry_pages(entry), vm_entry_pages(upper)))
			return false;
	} else if (!continues(entry, upper)) {
		return false;
	}
	refit(upper, NULL, upper->start, upper->end, upper->index);
	refit(entry, object, entry->start, upper->end, index);
	return true;
}

bool vm_entry_join(struct vm_map_entry *entry, struct vm_map_entry *upper)
{
	struct vm_object *object = entry->object != NULL ? entry->object : upper->object;
	bool joined;

	assert(entry->end == upper->start);
	if (object == NULL) {
		entry->end = upper->end;
		return true;
	}
	if (entry->object != NULL && upper->object != NULL && entry->object != upper->object)
		return false;
	spin_lock(object->lock);
	entry->mapped |= upper->mapped;
	joined = join_locked(entry, upper);
	spin_unlock(object->lock);
	return joined;
}
