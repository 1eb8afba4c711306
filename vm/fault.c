/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Page faults, and every other way in which the kernel makes a page of a map resident.
 *
 * A fault is served with the map's mutex and the object's lock held throughout.  If a page is
 * absent that a pager has, all is undone and unlocked, and done again when the pager has answered
 * (vm/pager.h).  When memory is short the slab caches are asked for pages they do not use; then the
 * fault waits for page-out (vm/pageout.h), and fails if nothing can be expected of that.
 */
#include <vm/fault.h>

#include <kern/pc_sample.h>
#include <kern/slab.h>
#include <kern/string.h>
#include <kern/task.h>
#include <kern/trace.h>
#include <vm/map_entry.h>
#include <vm/pager.h>

/*
 * Pages that are mapped in one go.  To read resident memory once, and unmap it, costs 824
 * instructions for each page when pages are mapped one by one, 652 in groups of 8, 637 of 16.
 */
#define AHEAD_BYTES (8 * PAGE_BYTES)

struct vm_fault_counts vm_fault_counts;

/* --- Counters: of the machine, and of the task whose thread faults in its own map ------ */

enum fault_kind {
	FAULT_RESIDENT,
	FAULT_ZERO,
	FAULT_COPY,		/* the copy is for who writes */
	FAULT_COPY_AWAY,	/* for who sees the page as it was */
};

static void count_fault(const struct vm_map *map, enum fault_kind kind)
{
	static const sampled_pc_flavor_t flavors[] = {
		[FAULT_RESIDENT] = SAMPLED_PC_VM_FAULTS_ANY,
		[FAULT_ZERO] = SAMPLED_PC_VM_ZFILL_FAULTS,
		[FAULT_COPY] = SAMPLED_PC_VM_COW_FAULTS,
		[FAULT_COPY_AWAY] = SAMPLED_PC_VM_COW_FAULTS,
	};
	struct task *task = current_task();

	vm_fault_counts.faults++;
	vm_fault_counts.zero_fills += kind == FAULT_ZERO;
	vm_fault_counts.copies += kind >= FAULT_COPY;
	if (task->map != map)
		return;
	task->faults++;
	task->zero_fills += kind == FAULT_ZERO;
	task->cow_faults += kind >= FAULT_COPY;
	pc_sample(flavors[kind]);
}

/* --- Pages of an entry's object; its lock is held ------------------------------------------ */

/* A page that will be written. */
static kern_return_t page_to_write(struct vm_map_entry *entry, uint32_t index,
				   struct vm_page **pagep, enum fault_kind *kind)
{
	struct vm_page *source = vm_object_view(entry->object, index);
	struct vm_object *viewer = NULL;
	kern_return_t kr;

	if (entry->object->frozen && !vm_entry_thaw(entry))
		return KERN_RESOURCE_SHORTAGE;
	if (!queue_empty(&entry->object->snapshots))
		viewer = vm_object_viewer(entry->object, index);
	kr = vm_object_own_seen(entry->object, index, source, viewer, pagep);
	if (kr == KERN_SUCCESS && source != *pagep)
		*kind = source == NULL ? FAULT_ZERO : FAULT_COPY;
	else if (kr == KERN_SUCCESS && viewer != NULL)
		*kind = FAULT_COPY_AWAY;
	return kr;
}

/* A page that will be read; *writable says whether a write would find it ready. */
static kern_return_t page_to_read(struct vm_object *object, uint32_t index, vm_prot_t access,
				  struct vm_page **pagep, bool *writable, enum fault_kind *kind)
{
	struct vm_page *page = vm_object_view(object, index);
	kern_return_t kr = page == NULL ? vm_pager_need(object, index, VM_PROT_READ)
					: vm_pager_allows(page, access);

	if (kr != KERN_SUCCESS)
		return kr;
	if (page == NULL) {
		*kind = FAULT_ZERO;
		page = vm_object_fill(object, index, NULL);
		if (page == NULL)
			return KERN_RESOURCE_SHORTAGE;
	}
	*writable = page->object == object && !object->frozen &&
		    vm_object_viewer(object, index) == NULL;
	*pagep = page;
	return KERN_SUCCESS;
}

/* Have the processor see the page, as far as the entry allows; its object is locked. */
static kern_return_t map_page(struct vm_map *map, struct vm_map_entry *entry, vm_offset_t va,
			      struct vm_page *page, bool writable)
{
	vm_prot_t prot = vm_entry_access(entry) & ~(page->paging & PAGING_PROHIBITED);

	if (!writable)
		prot &= ~VM_PROT_WRITE;
	if (prot == VM_PROT_NONE) {
		pmap_remove(map->pmap, va, va + PAGE_BYTES);
		return KERN_SUCCESS;
	}
	entry->mapped = true;
	if ((prot & VM_PROT_WRITE) != 0)
		vm_object_note_writable(page->object, page->offset);
	return pmap_enter(map->pmap, va, vm_page_to_phys(page), prot, entry->wired) ?
		       KERN_SUCCESS : KERN_RESOURCE_SHORTAGE;
}

/* --- Faults --------------------------------------------------------------------------------- */

/*
 * Who needed a page to be mapped, not made, is likely to need those behind it: map what is there of
 * them, up to the end of their group.
 */
static void map_ahead(struct vm_map *map, struct vm_map_entry *entry, vm_offset_t va)
{
	const struct vm_object *object = entry->object;
	vm_offset_t end = (va + AHEAD_BYTES) & ~(AHEAD_BYTES - 1);
	bool unseen = !object->frozen && queue_empty(&object->snapshots);
	struct vm_page *page;
	phys_addr_t pa;

	if (end > entry->end)
		end = entry->end;
	for (va += PAGE_BYTES; va < end; va += PAGE_BYTES) {
		page = vm_object_view(object, vm_entry_index(entry, va));
		if (page != NULL && !pmap_extract(map->pmap, va, &pa) &&
		    map_page(map, entry, va, page, unseen && page->object == object) !=
		    KERN_SUCCESS)
			break;
	}
}

/* Make the page at va resident and map it; with `ahead` it was the processor that asked. */
static kern_return_t fault_in(struct vm_map *map, struct vm_map_entry *entry, vm_offset_t va,
			      vm_prot_t access, bool ahead, struct vm_page **pagep)
{
	enum fault_kind kind = FAULT_RESIDENT;
	bool writable = true;
	struct spin_lock *lock;
	uint32_t index;
	kern_return_t kr;

	if (!vm_entry_need_object(entry))
		return KERN_RESOURCE_SHORTAGE;
	index = vm_entry_index(entry, va);
	lock = entry->object->lock;
	spin_lock(lock);
	if ((access & VM_PROT_WRITE) != 0)
		kr = page_to_write(entry, index, pagep, &kind);
	else
		kr = page_to_read(entry->object, index, access, pagep, &writable, &kind);
	if (kr == KERN_SUCCESS)
		kr = map_page(map, entry, va, *pagep, writable);
	if (kr == KERN_SUCCESS && ahead && (kind == FAULT_RESIDENT || kind == FAULT_COPY_AWAY))
		map_ahead(map, entry, va);
	spin_unlock(lock);
	if (kr == KERN_SUCCESS)
		count_fault(map, kind);
	return kr;
}

kern_return_t vm_entry_own_page(struct vm_map *map, struct vm_map_entry *entry, vm_offset_t va,
				struct vm_page **pagep)
{
	return fault_in(map, entry, vm_page_trunc(va), VM_PROT_DEFAULT, false, pagep);
}

static kern_return_t fault_locked(struct vm_map *map, vm_offset_t addr, vm_prot_t access,
				  struct vm_page **pagep)
{
	struct vm_map_entry *entry = vm_map_lookup(map, addr);
	vm_prot_t wanted = access | VM_PROT_READ;

	if (entry == NULL)
		return KERN_INVALID_ADDRESS;
	if ((vm_entry_access(entry) & wanted) != wanted)
		return KERN_PROTECTION_FAILURE;
	return fault_in(map, entry, vm_page_trunc(addr), access, true, pagep);
}

static kern_return_t fault_once(struct vm_map *map, vm_offset_t addr, vm_prot_t access)
{
	struct vm_page *page;
	kern_return_t kr;

	mutex_lock(&map->lock);
	kr = fault_locked(map, addr, access, &page);
	mutex_unlock(&map->lock);
	return kr;
}

kern_return_t vm_fault(struct vm_map *map, vm_offset_t addr, vm_prot_t access)
{
	kern_return_t kr;

	do {
		kr = fault_once(map, addr, access);
		if (kr == KERN_RESOURCE_SHORTAGE) {
			slab_reclaim();
			kr = fault_once(map, addr, access);
		}
	} while (vm_pager_again(&kr));
	if (trace_on(TRACE_FAULT))
		trace_record(TRACE_FAULT, addr, (uint32_t)access, (uint32_t)kr);
	return kr;
}

/* --- Contents ------------------------------------------------------------------------------ */

kern_return_t vm_entry_read(const struct vm_map_entry *entry, vm_offset_t va, void *buf,
			    vm_size_t size)
{
	struct vm_object *object = entry->object;
	kern_return_t kr = KERN_SUCCESS;
	struct vm_page *page = NULL;

	if (object != NULL) {
		uint32_t index = vm_entry_index(entry, va);

		spin_lock(object->lock);
		page = vm_object_view(object, index);
		kr = page == NULL ? vm_pager_need(object, index, VM_PROT_READ)
				  : vm_pager_allows(page, VM_PROT_READ);
		if (page != NULL && kr == KERN_SUCCESS)
			vm_page_read(page, va & PAGE_OFFSET_MASK, buf, size);
		spin_unlock(object->lock);
	}
	if (page == NULL)
		memset(buf, 0, size);
	return kr;
}

kern_return_t vm_map_read_locked(struct vm_map *map, vm_offset_t addr, void *buf, vm_size_t size)
{
	kern_return_t kr = vm_map_check(map, addr, addr + size, VM_PROT_READ);
	char *to = buf;
	vm_size_t n;

	for (; kr == KERN_SUCCESS && size > 0; addr += n, to += n, size -= n) {
		n = vm_page_rest(addr, size);
		kr = vm_entry_read(vm_map_lookup(map, addr), addr, to, n);
		preemption_point();
	}
	return kr;
}

/*
 * Write within a page of an entry that may be written.  What was made ready by the first step
 * may have got a viewer before the lock is held again.
 */
static kern_return_t entry_write(struct vm_map *map, vm_offset_t addr, const void *buf,
				 vm_size_t size)
{
	struct vm_map_entry *entry = vm_map_lookup(map, addr);
	struct vm_page *page;
	kern_return_t kr = vm_entry_own_page(map, entry, addr, &page);

	if (kr != KERN_SUCCESS)
		return kr;
	spin_lock(entry->object->lock);
	kr = vm_object_own(entry->object, vm_entry_index(entry, addr), &page);
	if (kr == KERN_SUCCESS) {
		vm_page_write(page, addr & PAGE_OFFSET_MASK, buf, size);
		page->paging |= PAGING_DIRTY;
	}
	spin_unlock(entry->object->lock);
	return kr;
}

kern_return_t vm_map_write_locked(struct vm_map *map, vm_offset_t addr, const void *buf,
				  vm_size_t size)
{
	kern_return_t kr = vm_map_check(map, addr, addr + size, VM_PROT_READ | VM_PROT_WRITE);
	const char *from = buf;
	vm_size_t n;

	for (; kr == KERN_SUCCESS && size > 0; addr += n, from += n, size -= n) {
		n = vm_page_rest(addr, size);
		kr = entry_write(map, addr, from, n);
		preemption_point();
	}
	return kr;
}

/* Does a range of bytes lie in the user's space? */
static bool in_space(vm_offset_t addr, vm_size_t size)
{
	return addr <= VM_USER_MAX && size <= VM_USER_MAX - addr;
}

kern_return_t vm_map_read_bytes(struct vm_map *map, vm_offset_t addr, void *buf, vm_size_t size)
{
	kern_return_t kr;

	if (!in_space(addr, size))
		return KERN_INVALID_ADDRESS;
	if (size == 0)
		return KERN_SUCCESS;
	do {
		mutex_lock(&map->lock);
		kr = vm_map_read_locked(map, addr, buf, size);
		mutex_unlock(&map->lock);
	} while (vm_pager_again(&kr));
	return kr;
}

kern_return_t vm_map_write_bytes(struct vm_map *map, vm_offset_t addr, const void *buf,
				 vm_size_t size)
{
	kern_return_t kr;

	if (!in_space(addr, size))
		return KERN_INVALID_ADDRESS;
	if (size == 0)
		return KERN_SUCCESS;
	do {
		mutex_lock(&map->lock);
		kr = vm_map_write_locked(map, addr, buf, size);
		mutex_unlock(&map->lock);
	} while (vm_pager_again(&kr));
	return kr;
}
