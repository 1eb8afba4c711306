/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Page-out: when free pages become few a thread of the kernel's looks for some that can go.
 *
 * Pages of objects come onto the active queue; from its head those that nobody has touched since
 * the last look go to the inactive one, until that has its share; and from the head of that, if still
 * nobody has touched them, out: clean pages of a memory object are freed, and what its pager has
 * not got, or wants back, is returned to it.  All others go to the default memory manager
 * (vm/store.h), if there is one.
 *
 * Pages that are on their way to the default manager, or in its hands, are laundry: they are not
 * free before it has given them back, so they are counted, there is only a number of them at a
 * time, and they are on no queue.  The manager must not need pages that are out in order to serve
 * this: it wires its memory, and wires its threads (thread_wire), which may then use memory that
 * is kept in reserve.  Pages that went to other pagers are memory like any other.
 *
 * Waiting.  What needs a page that is not there undoes all and unlocks, as for a pager
 * (vm/pager.h), and waits until pages are free, unless nothing can be expected: there is nothing
 * that can go, or for some seconds nothing came of it.  Then it fails: KERN_RESOURCE_SHORTAGE.
 */
#ifndef VM_PAGEOUT_H
#define VM_PAGEOUT_H

#include <stdbool.h>
#include <stdint.h>

#include <mach/kern_return.h>

/* Only ever counted up: figures for people. */
struct vm_pageout_counts {
	uint32_t pageins, pageouts, reactivations;
	uint32_t dropped;		/* clean pages that were freed */
	uint32_t waits, refusals;	/* for memory */
};

extern struct vm_pageout_counts vm_pageout_counts;

/*
 * `pageout-always=N` on the kernel's command line has N pages go every hundredth of a second, however
 * much memory is free: for tests.
 */
void vm_pageout_init(const char *command_line);
void vm_pageout_start(void);

/* Things may have changed: look again whether something can go. */
void vm_pageout_wake(void);

/* A page of laundry has come back.  Objects' locks may be held. */
void vm_pageout_laundered(void);

/*
 * An operation has failed with KERN_RESOURCE_SHORTAGE.  If what was missing was a page for users,
 * wait for one.
 *
 * Locks:    none, no mutex either.
 * Blocks:   interruptibly.
 * Returns:  KERN_SUCCESS: try again; KERN_RESOURCE_SHORTAGE; KERN_ABORTED.
 */
kern_return_t vm_pageout_wait(void);

/*
 * A page that is out is to be asked for: wait until there is one to put it in, and none of those that
 * were promised to others.  Otherwise pages that come could use up the reserve before any goes.
 * When nothing can be expected it is asked for all the same.
 *
 * Locks:    none, no mutex either.
 * Blocks:   interruptibly.
 * Returns:  KERN_SUCCESS; KERN_ABORTED.
 */
kern_return_t vm_pageout_wait_for_room(void);

/* A page was asked for, and is promised memory; it has come, or will not. */
void vm_pageout_promise(void);
void vm_pageout_redeem(void);

/* Look at pages until so many have gone, or all were looked at.  Returns the number. */
uint32_t vm_pageout_some(uint32_t pages);

#endif /* VM_PAGEOUT_H */
