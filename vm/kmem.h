/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Kernel virtual memory above the direct map: large buffers made of single pages,
 * and kernel stacks.
 */
#ifndef VM_KMEM_H
#define VM_KMEM_H

#include <stdbool.h>
#include <stddef.h>

#include <vm/page.h>

/* After kalloc_init. */
void kmem_init(void);

/*
 * A wired, zeroed buffer of whole pages; size is rounded up.  The page behind it is
 * not mapped.
 *
 * Locks:    none of class LOCK_PMAP or later.
 * Blocks:   never.
 * Returns:  its address, page aligned; NULL when memory or addresses are short.
 */
void *kmem_alloc(size_t size);

/* Consumes the buffer; size as it was allocated. */
void kmem_free(void *p, size_t size);

/*
 * A kernel stack: KSTACK_SIZE bytes, aligned to that, with an unmapped page below.
 * Contents undefined, but never another's; otherwise as kmem_alloc.
 */
void *kmem_alloc_stack(void);
void kmem_free_stack(void *stack);

/* Pages now in use by kmem_alloc and as stacks. */
size_t kmem_pages_used(void);

#endif /* VM_KMEM_H */
