/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Kernel virtual memory above the direct map: large buffers made of single pages,
 * device mappings, kernel stacks.
 */
#ifndef VM_KMEM_H
#define VM_KMEM_H

#include <stdbool.h>
#include <stddef.h>

#include <vm/page.h>

void kmem_init(void);

/*
 * A wired, zeroed buffer of whole pages; size is rounded up.
 *
 * Blocks:   never.
 * Returns:  its address, page aligned; NULL when memory or addresses are short.
 */
void *kmem_alloc(size_t size);
void kmem_free(void *p, size_t size);

/* Map physical memory that is not managed (devices); cached only when asked for. */
void *kmem_map_phys(phys_addr_t pa, size_t size, bool cached);

/* A kernel stack: KSTACK_SIZE bytes, aligned to that, with an unmapped page below. */
void *kmem_alloc_stack(void);
void kmem_free_stack(void *stack);

/* Pages now in use by kmem_alloc. */
size_t kmem_pages_used(void);

#endif /* VM_KMEM_H */
