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

void pages_init(mach_port_t host_priv);

/*
 * Keep what pages hold, from a number on, instead of what they held before; or only those that are
 * not there yet.
 *
 * Owns:     consumes the memory at `data'.
 * Returns:  false when there is no memory for a record, and a page is lost.
 */
boolean_t pages_put(struct object *object, uint32_t number, vm_offset_t data, uint32_t count,
	boolean_t only_new);

/* Has it ever come, and is it still ours? */
boolean_t pages_has(struct object *object, uint32_t number);

/*
 * Get a page's contents.
 *
 * Owns:     *data is memory for the caller.
 * Returns:  KERN_SUCCESS, what the device says, or KERN_RESOURCE_SHORTAGE.
 */
kern_return_t pages_get(struct object *object, uint32_t number, vm_offset_t *data);

/*
 * A page has been sent to the kernel.  When the kernel says that it has taken it, the page is its
 * own, and our place for it is free, unless it has sent another meanwhile.
 */
void pages_supplied(struct object *object, uint32_t number);
void pages_completed(struct object *object, uint32_t number, boolean_t success);

/* The object has ended: all its pages go. */
void pages_drop(struct object *object);

/* --- What is to be tried again ------------------------------------------------------------- */

/*
 * A page was asked for, and there is no memory for the answer now.
 *
 * Owns:     consumes the right on success.
 * Returns:  false when it waits already, or there is no memory for a record.
 */
boolean_t pages_want(struct object *object, uint32_t number, mach_port_t control);
void pages_not_wanted(struct page *page);

/* The one that was asked for first, or null. */
struct page *pages_wanted(void);

/* Is anything to be tried again: such a page, or one that the disk has not taken? */
boolean_t pages_are_waiting(void);

/* What the disk has not taken is tried again. */
void pages_write_kept(void);

#endif
