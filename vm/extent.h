/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Extents: a part of a region's memory, held beside its map, for proxies.
 *
 * An extent is an entry of no map, which shares the region's object.  So it keeps the memory when the
 * task gives it up, sees what is written to it, and can be shared or copied further.  The map pays
 * for anonymous memory in it, as for memory in messages.
 */
#ifndef VM_EXTENT_H
#define VM_EXTENT_H

#include <vm/map.h>

struct vm_extent;
struct vm_map_entry;

void vm_extent_init(void);

/*
 * Hold [address, address + size) of a map, page aligned and not empty; the end is rounded up.
 *
 * Locks:    none; takes the map's.
 * Owns:     returns a reference in *extentp, the region's maximum protection in *max.
 * Returns:  KERN_SUCCESS; KERN_NO_SPACE: there is no region, or so much of the map's memory is held
 *           already; KERN_INVALID_ARGUMENT: it is not as large; KERN_RESOURCE_SHORTAGE.
 */
kern_return_t vm_extent_create(struct vm_map *map, vm_offset_t address, vm_size_t size,
			       struct vm_extent **extentp, vm_prot_t *max);

void vm_extent_reference(struct vm_extent *extent);
void vm_extent_release(struct vm_extent *extent);	/* no locks */

/*
 * Make `other`, an entry whose range is set, refer to the extent's memory from `offset` on, or to a
 * copy of it.  Its range lies in the extent.
 *
 * Locks:    no spin lock.
 * Returns:  as vm_entry_share and vm_entry_snapshot.
 */
kern_return_t vm_extent_share(struct vm_extent *extent, vm_offset_t offset,
			      struct vm_map_entry *other);
kern_return_t vm_extent_snapshot(struct vm_extent *extent, vm_offset_t offset,
				 struct vm_map_entry *other);

/* How many there are, for tests. */
uint32_t vm_extent_count(void);

#endif /* VM_EXTENT_H */
