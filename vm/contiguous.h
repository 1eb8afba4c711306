/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory for devices: contiguous pages, wired from the start. */
#ifndef VM_CONTIGUOUS_H
#define VM_CONTIGUOUS_H

#include <vm/map.h>

/*
 * Map `size` bytes of contiguous pages, all below or at `highest`, at a free place, for reading and
 * writing at most.
 *
 * Returns:  KERN_SUCCESS; KERN_INVALID_ARGUMENT for size 0; KERN_NO_SPACE; KERN_RESOURCE_SHORTAGE
 *           when there is no such memory.
 */
kern_return_t vm_map_allocate_contiguous(struct vm_map *map, vm_size_t size, phys_addr_t highest,
					 vm_offset_t *addr, phys_addr_t *pa);

#endif /* VM_CONTIGUOUS_H */
