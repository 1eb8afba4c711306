/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which page is where: a record for each page that the kernel has given us, found by its object and
 * its number there.
 *
 * Records are allocated at the start: one for each slot of the disk, and one for each page of
 * memory, since no more can be kept there when the disk is full.  Should memory become more after
 * that, so do the records.  There is one for each page of memory for objects, too: each costs the
 * kernel a good part of a page.
 */
#ifndef _DEFAULT_PAGER_TABLE_H_
#define _DEFAULT_PAGER_TABLE_H_

#include <mach/mach_types.h>

#include "store.h"

#define NO_SLOT	((slot_t) ~0u)

struct page {
	struct page	*next;		/* of the same chain of the table; or free */
	struct page	*next_of_object, **link_of_object;
	struct page	*next_kept, **link_of_kept;	/* all that are in memory */
	struct page	*next_wanted, **link_of_wanted;	/* all that are owed an answer */
	struct object	*object;
	uint32_t	number;
	vm_offset_t	memory;		/* where it is, or 0: it is in the slot */
	slot_t		slot;		/* or NO_SLOT: it was only asked for */
	mach_port_t	control;	/* a right to where it is wanted, or null */
	uint32_t	supplies;	/* that the kernel has not completed */
	boolean_t	supplied;	/* and it has sent no other since the last */
};

struct object {
	struct object	*next;		/* of the same chain; or free */
	mach_port_t	port;
	struct page	*pages;
};

/* Returns: KERN_SUCCESS, KERN_RESOURCE_SHORTAGE. */
kern_return_t table_init(mach_port_t host_priv, uint32_t disk_pages, uint32_t memory_pages);

/* Returns: null when it is not there; when there is no record left. */
struct object *table_object(mach_port_t port);
struct object *table_new_object(mach_port_t port);
struct page *table_page(struct object *object, uint32_t number);
struct page *table_new_page(struct object *object, uint32_t number);

void table_free_page(struct page *page);

/* All pages' records, and the object's. */
void table_free_object(struct object *object);

#endif
