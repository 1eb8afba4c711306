/* SPDX-License-Identifier: BSD-2-Clause */
/* Runs of pages on their way to a pager: a copy whose memory is the pages themselves. */
#ifndef VM_PAGER_RUN_H
#define VM_PAGER_RUN_H

#include <vm/object.h>

#define PAGER_RUN_MAX 32u		/* pages of a message */

struct vm_map_copy;

/*
 * An empty run with room for pages `first` to first + count - 1 in an object of its own, which has
 * this lock.  The lock is held.  NULL when memory is short.
 */
struct vm_map_copy *pager_run_create(struct spin_lock *lock, uint32_t first, uint32_t count);

/* Where the pages are to be put. */
struct vm_object *pager_run_object(const struct vm_map_copy *copy);

/*
 * The first `count` pages have come: the copy has these.  NULL for none; the run is freed then.  The
 * lock is held.
 */
struct vm_map_copy *pager_run_finish(struct vm_map_copy *copy, uint32_t count);

#endif /* VM_PAGER_RUN_H */
