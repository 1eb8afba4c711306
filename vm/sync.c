/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_object_sync and vm_msync: users have a memory object's pages given back to its pager.
 *
 * A pager does not tell when it has stored what it was sent, so both return when the messages are
 * in its queue, also the synchronous forms: what a client asks of the pager after that comes behind.
 * Nothing that is modified is dropped without being returned: a name port gives no right to that.  The
 * caller pays for what the pager has not received yet.
 */
#include <kern/mig_support.h>
#include <mach/gnumach_server.h>
#include <mach/vm_sync.h>
#include <vm/map_entry.h>
#include <vm/pager.h>

kern_return_t vm_object_sync(struct vm_pager *pager, vm_offset_t offset, vm_size_t size,
			     boolean_t should_flush, boolean_t should_return,
			     boolean_t should_iosync)
{
	kern_return_t kr = KERN_SUCCESS;

	(void)should_iosync;
	if (pager == NULL || !vm_pager_hold(pager))
		return KERN_INVALID_ARGUMENT;
	if (should_flush || should_return)
		kr = vm_pager_clean(pager, offset, size, should_flush);
	vm_pager_unhold(pager);
	return kr;
}

/* --- vm_msync ------------------------------------------------------------------------------- */

/* What one entry of a map has of a memory object. */
struct piece {
	struct vm_pager *pager;		/* a reference */
	vm_offset_t offset;
	vm_size_t size;
};

/* The pager of an entry that has a memory object's own pages, or NULL. */
static struct vm_pager *pager_of(const struct vm_map_entry *entry)
{
	return entry->object != NULL ? entry->object->pager : NULL;
}

/* Do memory objects back all of the range? */
static kern_return_t check_range(struct vm_map *map, vm_offset_t start, vm_offset_t end)
{
	const struct vm_map_entry *entry = vm_map_lookup(map, start);
	kern_return_t kr = vm_map_check(map, start, end, VM_PROT_NONE);
	uint32_t count = 0;

	for (; kr == KERN_SUCCESS && entry != NULL && entry->start < end;
	     entry = vm_entry_next(map, entry)) {
		if (pager_of(entry) == NULL)
			kr = KERN_INVALID_ARGUMENT;
		if (++count % MAP_BATCH == 0)
			preemption_point();
	}
	return kr;
}

static kern_return_t check(struct vm_map *map, vm_offset_t start, vm_offset_t end)
{
	kern_return_t kr;

	mutex_lock(&map->lock);
	kr = check_range(map, start, end);
	mutex_unlock(&map->lock);
	return kr;
}

/* The piece at `start`: the map may have changed since the range was checked. */
static kern_return_t find_piece(struct vm_map *map, vm_offset_t start, vm_offset_t end,
				struct piece *piece)
{
	const struct vm_map_entry *entry;
	kern_return_t kr = KERN_INVALID_ADDRESS;

	mutex_lock(&map->lock);
	entry = vm_map_lookup(map, start);
	if (entry != NULL) {
		kr = KERN_INVALID_ARGUMENT;
		piece->pager = pager_of(entry);
		piece->offset = vm_entry_index(entry, start) << PAGE_SHIFT;
		piece->size = (entry->end < end ? entry->end : end) - start;
		if (piece->pager != NULL) {
			vm_pager_reference(piece->pager);
			kr = KERN_SUCCESS;
		}
	}
	mutex_unlock(&map->lock);
	return kr;
}

static kern_return_t sync_piece(struct vm_map *map, vm_offset_t *start, vm_offset_t end,
				bool flush)
{
	struct piece piece;
	kern_return_t kr = find_piece(map, *start, end, &piece);

	if (kr != KERN_SUCCESS)
		return kr;
	if (vm_pager_hold(piece.pager)) {
		kr = vm_pager_clean(piece.pager, piece.offset, piece.size, flush);
		vm_pager_unhold(piece.pager);
		*start += piece.size;
	} else {
		kr = KERN_MEMORY_ERROR;
	}
	vm_pager_release(piece.pager);
	return kr;
}

kern_return_t vm_msync(vm_map_t map, vm_address_t address, vm_size_t size, vm_sync_t sync_flags)
{
	const vm_sync_t both = VM_SYNC_ASYNCHRONOUS | VM_SYNC_SYNCHRONOUS;
	vm_offset_t start, end;
	kern_return_t kr;

	if (map == NULL || (sync_flags & both) == both ||
	    (sync_flags & ~(both | VM_SYNC_INVALIDATE)) != 0)
		return KERN_INVALID_ARGUMENT;
	kr = vm_map_pages(address, size, &start, &end);
	if (kr != KERN_SUCCESS || size == 0)
		return kr;
	if (address >= VM_USER_MAX || size > VM_USER_MAX - address)
		return KERN_INVALID_ADDRESS;
	kr = check(map, start, end);
	while (kr == KERN_SUCCESS && start < end)
		kr = sync_piece(map, &start, end, (sync_flags & VM_SYNC_INVALIDATE) != 0);
	return kr;
}
