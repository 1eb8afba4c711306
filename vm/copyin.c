/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Taking memory out of a map.
 *
 * A copy is a snapshot, whoever else may write the memory afterwards: entries refer to
 * frozen objects (vm/object.h), or to memory that was moved and that nobody else sees.
 */
#include <vm/copy.h>

#include <kern/slab.h>
#include <kern/string.h>
#include <kern/task.h>
#include <vm/pager.h>

struct vm_map_copy *vm_map_copy_alloc(vm_offset_t offset, vm_size_t size)
{
	struct vm_map_copy *copy = kalloc(sizeof(*copy) + (size <= COPY_BYTES_MAX ? size : 0));

	if (copy == NULL)
		return NULL;
	copy->size = size;
	copy->offset = offset;
	copy->entry_count = 0;
	copy->payer = NULL;
	copy->found = NULL;
	queue_init(&copy->entries);
	return copy;
}

void vm_map_copy_append(struct vm_map_copy *copy, struct vm_map_entry *entry)
{
	queue_insert_tail(&copy->entries, &entry->link);
	copy->entry_count++;
}

static uint32_t copy_pages(const struct vm_map_copy *copy)
{
	return vm_map_copy_span(copy) >> PAGE_SHIFT;
}

bool vm_map_copy_pay(struct vm_map_copy *copy)
{
	struct vm_map *map = current_task()->map;

	assert(copy->payer == NULL && !vm_map_copy_is_bytes(copy));
	if (map == NULL)
		return true;
	if (!vm_map_try_charge_sent(map, copy_pages(copy)))
		return false;
	copy->payer = map;
	return true;
}

void vm_map_copy_free(struct vm_map_copy *copy)
{
	if (copy->payer != NULL)
		vm_map_discharge_sent(copy->payer, copy_pages(copy));
	kfree(copy, sizeof(*copy) + (vm_map_copy_is_bytes(copy) ? copy->size : 0));
}

void vm_map_copy_discard(struct vm_map_copy *copy)
{
	struct queue_link *link;

	if (copy == NULL)
		return;
	while ((link = queue_take_first(&copy->entries)) != NULL) {
		struct vm_map_entry *entry = container_of(link, struct vm_map_entry, link);

		vm_entry_detach(entry);
		vm_entry_free(entry);
		preemption_point();
	}
	vm_map_copy_free(copy);
}

vm_size_t vm_map_copy_size(const struct vm_map_copy *copy)
{
	return copy == NULL ? 0 : copy->size;
}

vm_offset_t vm_map_copy_offset(const struct vm_map_copy *copy)
{
	return copy->offset;
}

vm_size_t vm_map_copy_memory_least(vm_size_t size)
{
	return kalloc_rounded(sizeof(struct vm_map_copy) + (size <= COPY_BYTES_MAX ? size : 0));
}

vm_size_t vm_map_copy_memory(const struct vm_map_copy *copy)
{
	if (copy == NULL)
		return 0;
	return vm_map_copy_memory_least(copy->size) +
	       copy->entry_count * sizeof(struct vm_map_entry);
}

/* Memory that was copied has the protection of new memory, whatever the source had. */
static void entry_attributes(struct vm_map_entry *entry)
{
	entry->protection = VM_PROT_DEFAULT;
	entry->max_protection = VM_PROT_ALL;
	entry->inheritance = VM_INHERIT_DEFAULT;
	entry->shared = entry->mapped = false;
}

/* --- Zeros around the range --------------------------------------------------------- */

/* The page of an entry, its own, if it has any contents; NULL: it is all zeros. */
static kern_return_t own_contents(struct vm_map_entry *entry, vm_offset_t va,
				  struct vm_page **pagep)
{
	uint32_t index = vm_entry_index(entry, va);

	*pagep = NULL;
	if (vm_object_view(entry->object, index) == NULL)
		return vm_pager_need(entry->object, index, VM_PROT_READ);
	if (!vm_entry_thaw(entry))
		return KERN_RESOURCE_SHORTAGE;
	return vm_object_own(entry->object, index, pagep);
}

static void page_clear(struct vm_page *page, vm_size_t offset, vm_size_t size)
{
	static const char zeros[256];
	vm_size_t n;

	for (; size > 0; offset += n, size -= n) {
		n = size < sizeof zeros ? size : sizeof zeros;
		vm_page_write(page, offset, zeros, n);
	}
}

/*
 * Clear `size` bytes of the page at va, or for size 0 only see that this will not need
 * memory.  The page is not mapped for the entry.
 */
static kern_return_t entry_clear(struct vm_map_entry *entry, vm_offset_t va, vm_size_t size)
{
	struct vm_page *page;
	struct spin_lock *lock;
	kern_return_t kr;

	if (entry->object == NULL)
		return KERN_SUCCESS;
	lock = entry->object->lock;
	spin_lock(lock);
	kr = own_contents(entry, va, &page);
	if (kr == KERN_SUCCESS && page != NULL) {
		page_clear(page, va & PAGE_OFFSET_MASK, size);
		page->paging |= PAGING_DIRTY;
	}
	spin_unlock(lock);
	return kr;
}

/* Clear what is in the pages of entries first to last but not in [start, end). */
static kern_return_t clear_around(struct vm_map_entry *first, struct vm_map_entry *last,
				  vm_offset_t start, vm_offset_t end, bool really)
{
	vm_offset_t head = start & PAGE_OFFSET_MASK;
	vm_size_t tail = -end & PAGE_OFFSET_MASK;
	kern_return_t kr = KERN_SUCCESS;

	if (head != 0)
		kr = entry_clear(first, start - head, really ? head : 0);
	if (kr == KERN_SUCCESS && tail != 0)
		kr = entry_clear(last, really ? end : vm_page_trunc(end), really ? tail : 0);
	return kr;
}

static struct vm_map_entry *copy_first(const struct vm_map_copy *copy)
{
	return container_of(copy->entries.head.next, struct vm_map_entry, link);
}

static struct vm_map_entry *copy_last(const struct vm_map_copy *copy)
{
	return container_of(copy->entries.head.prev, struct vm_map_entry, link);
}

/* --- Copying entries ------------------------------------------------------------------ */

/* Add a snapshot of the entry's part in [start, end) to the copy. */
static kern_return_t copy_add(struct vm_map *map, struct vm_map_entry *entry, vm_offset_t start,
			      vm_offset_t end, struct vm_map_copy *copy)
{
	struct vm_map_entry *part = vm_entry_alloc();
	kern_return_t kr;

	if (part == NULL)
		return KERN_RESOURCE_SHORTAGE;
	part->start = entry->start > start ? entry->start : start;
	part->end = entry->end < end ? entry->end : end;
	entry_attributes(part);
	kr = vm_entry_snapshot(entry, part->start, part, map->pmap);
	if (kr != KERN_SUCCESS) {
		vm_entry_free(part);
		return kr;
	}
	vm_map_copy_append(copy, part);
	return KERN_SUCCESS;
}

/*
 * See that the page at va is there if a pager has it: parts of it are to be cleared in the copy, which
 * may have another pager.
 */
static kern_return_t edge_present(struct vm_map *map, vm_offset_t va)
{
	const struct vm_map_entry *entry = vm_map_lookup(map, va);
	const struct vm_object *object = entry->object;
	const struct vm_page *page;
	kern_return_t kr;

	if (object == NULL || object->pager == NULL)
		return KERN_SUCCESS;
	spin_lock(object->lock);
	page = vm_object_page(object, vm_entry_index(entry, va));
	kr = page == NULL ? vm_pager_need(object, vm_entry_index(entry, va), VM_PROT_READ)
			  : vm_pager_allows(page, VM_PROT_READ);
	spin_unlock(object->lock);
	return kr;
}

static kern_return_t edges_present(struct vm_map *map, vm_offset_t addr, vm_offset_t end)
{
	kern_return_t kr = KERN_SUCCESS;

	if ((addr & PAGE_OFFSET_MASK) != 0)
		kr = edge_present(map, addr);
	if (kr == KERN_SUCCESS && (end & PAGE_OFFSET_MASK) != 0)
		kr = edge_present(map, end - 1);
	return kr;
}

/* Fill the copy with snapshots of the pages of [addr, end), all of which are mapped. */
static kern_return_t copy_snapshot(struct vm_map *map, vm_offset_t addr, vm_offset_t end,
				   struct vm_map_copy *copy)
{
	vm_offset_t from = vm_page_trunc(addr), to = vm_page_round(end);
	struct vm_map_entry *entry = vm_map_find(map, from);
	kern_return_t kr = edges_present(map, addr, end);
	uint32_t count = 0;

	for (; kr == KERN_SUCCESS && entry != NULL && entry->start < to;
	     entry = vm_entry_next(map, entry)) {
		kr = copy_add(map, entry, from, to, copy);
		if (++count % MAP_BATCH == 0)
			preemption_point();
	}
	if (kr == KERN_SUCCESS)
		kr = clear_around(copy_first(copy), copy_last(copy), addr, end, true);
	return kr;
}

/* --- Moving entries ---------------------------------------------------------------------- */

static bool range_is_private(struct vm_map *map, vm_offset_t start, vm_offset_t end)
{
	struct vm_map_entry *entry = vm_map_find(map, start);
	bool private = true;
	uint32_t count = 0;

	for (; private && entry != NULL && entry->start < end; entry = vm_entry_next(map, entry)) {
		private = vm_entry_is_private(entry);
		if (++count % MAP_BATCH == 0)
			preemption_point();
	}
	return private;
}

/* Take the entries of a clipped range, where nothing is mapped, into the copy. */
static void move_entries(struct vm_map *map, vm_offset_t start, vm_offset_t end,
			 struct vm_map_copy *copy)
{
	struct vm_map_entry *entry = vm_map_find(map, start), *next;
	uint32_t count = 0;

	for (; entry != NULL && entry->start < end; entry = next) {
		next = vm_entry_next(map, entry);
		if (entry->wired)
			vm_entry_unwire(map, entry);
		vm_map_unlink(map, entry);
		entry_attributes(entry);
		vm_map_copy_append(copy, entry);
		if (++count % MAP_BATCH == 0)
			preemption_point();
	}
}

/* Fill the copy with the pages of [addr, end) themselves.  Nobody else sees them change. */
static kern_return_t copy_move(struct vm_map *map, vm_offset_t addr, vm_offset_t end,
			       struct vm_map_copy *copy)
{
	vm_offset_t from = vm_page_trunc(addr), to = vm_page_round(end);
	struct vm_map_entry *first = vm_map_find(map, from), *last = vm_map_find(map, to - 1);
	kern_return_t kr;

	vm_map_unmap(map, from, to);
	/* Pages that are seen to be there may go out wherever others are let in: not here. */
	kr = clear_around(first, last, addr, end, false);
	if (kr == KERN_SUCCESS)
		kr = clear_around(first, last, addr, end, true);
	if (kr == KERN_SUCCESS)
		move_entries(map, from, to, copy);
	return kr;
}

/* --- The whole ------------------------------------------------------------------------------ */

/* A copy that ends the source: moved if it can be, else a snapshot, and the source removed. */
static kern_return_t take(struct vm_map *map, vm_offset_t addr, vm_offset_t end,
			  struct vm_map_copy *copy)
{
	vm_offset_t from = vm_page_trunc(addr), to = vm_page_round(end);
	kern_return_t kr = vm_map_clip(map, from, to);

	if (kr == KERN_SUCCESS && !vm_map_copy_is_bytes(copy) && range_is_private(map, from, to))
		return copy_move(map, addr, end, copy);
	if (kr == KERN_SUCCESS && !vm_map_copy_is_bytes(copy))
		kr = copy_snapshot(map, addr, end, copy);
	else if (kr == KERN_SUCCESS)
		kr = vm_map_read_locked(map, addr, copy->data, copy->size);
	if (kr == KERN_SUCCESS)
		vm_map_remove(map, from, to);
	else
		vm_map_join(map, from, to);
	return kr;
}

static kern_return_t copyin_locked(struct vm_map *map, vm_offset_t addr, bool destroy,
				   struct vm_map_copy *copy)
{
	vm_offset_t end = addr + copy->size;
	bool bytes = vm_map_copy_is_bytes(copy);
	kern_return_t kr = vm_map_check(map, addr, end, VM_PROT_READ);

	if (kr == KERN_SUCCESS && !bytes && !vm_map_may_send(map, copy_pages(copy)))
		kr = KERN_NO_SPACE;
	if (kr != KERN_SUCCESS)
		return kr;
	if (destroy)
		kr = take(map, addr, end, copy);
	else if (bytes)
		kr = vm_map_read_locked(map, addr, copy->data, copy->size);
	else
		kr = copy_snapshot(map, addr, end, copy);
	if (kr == KERN_SUCCESS && !bytes) {
		vm_map_charge_sent(map, copy_pages(copy));
		copy->payer = map;
	}
	return kr;
}

static kern_return_t copyin_once(struct vm_map *map, vm_offset_t addr, vm_size_t size,
				 bool destroy, struct vm_map_copy **copyp)
{
	struct vm_map_copy *copy = vm_map_copy_alloc(addr & PAGE_OFFSET_MASK, size);
	kern_return_t kr;

	if (copy == NULL)
		return KERN_RESOURCE_SHORTAGE;
	mutex_lock(&map->lock);
	kr = copyin_locked(map, addr, destroy, copy);
	mutex_unlock(&map->lock);
	if (kr == KERN_SUCCESS)
		*copyp = copy;
	else
		vm_map_copy_discard(copy);
	return kr;
}

kern_return_t vm_map_copyin(struct vm_map *map, vm_offset_t addr, vm_size_t size, bool destroy,
			    struct vm_map_copy **copyp)
{
	uint32_t tries = 0;
	kern_return_t kr;

	if (size == 0) {
		*copyp = NULL;
		return KERN_SUCCESS;
	}
	if (addr >= VM_USER_MAX || size > VM_USER_MAX - addr)
		return KERN_INVALID_ADDRESS;
	do {
		kr = copyin_once(map, addr, size, destroy, copyp);
		if (kr == KERN_RESOURCE_SHORTAGE) {
			slab_reclaim();
			kr = copyin_once(map, addr, size, destroy, copyp);
		}
	} while (vm_pager_again_large(&kr, &tries));
	return kr;
}
