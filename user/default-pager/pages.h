/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pages that the kernel has given us, on the disk; or, when that is full, in our own memory.
 *
 * The kernel gives pages away because memory is short.  What we keep in memory frees none; but
 * what was accepted must not be lost, and there is nowhere else.  As soon as slots are
 * free again, what was kept goes there.
 */
#ifndef _DEFAULT_PAGER_PAGES_H_
#define _DEFAULT_PAGER_PAGES_H_

#include "table.h"

/*
 * Keep what a page holds, instead of what it held before.
 *
 * Returns:  whether the memory at `data` must stay as it is: it is the page from now on.
 */
boolean_t pages_put(struct object *object, uint32_t number, vm_offset_t data);

boolean_t pages_has(struct object *object, uint32_t number);

/*
 * Get a page's contents.
 *
 * Owns:     *data is memory for the caller.
 * Returns:  KERN_SUCCESS, what the device says, or KERN_RESOURCE_SHORTAGE.
 */
kern_return_t pages_get(struct object *object, uint32_t number, vm_offset_t *data);

/* The object has ended: all its pages go. */
void pages_drop(struct object *object);

#endif
