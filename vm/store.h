/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stores: where pages of families without pager go when memory is short.
 *
 * A store is a memory object of the default memory manager's, made by memory_object_create, and
 * a struct vm_pager of the kernel's like other memory objects'; but no page is ever resident in it.
 * Its pages are slots: a page that goes out gets a free one, and a record (vm/object_away.h) says
 * which.  Contents go out by memory_object_data_initialize when the slot is used for the first time,
 * by memory_object_data_return then.  Who needs the page has it asked for as any pager's, and
 * what the manager supplies goes straight into the object that has the record; the slot is free.
 *
 * A family gets a store when its first page goes out, and more as each is full.  They belong to the
 * family's root, whatever object that is, and are terminated when the family ends.  One that is not
 * used any more is terminated before, unless it is the family's only one and the manager has nothing
 * left in it: it has been told of all pages that it has supplied (memory_object_supply_completed), but
 * cannot be told of those that were not asked for.  All share the family's lock, which guards
 * everything here.
 */
#ifndef VM_STORE_H
#define VM_STORE_H

#include <vm/object.h>

#ifdef HOST_TEST
#define STORE_SLOTS 32u
#else
#define STORE_SLOTS 8192u		/* 32 MiB */
#endif

struct vm_away;
struct vm_pager;

struct vm_store {
	struct vm_pager *pager;
	struct vm_store *next;		/* of the same family */
	struct vm_object *root;		/* the family's; NULL: it has ended */
	uint32_t used;			/* slots */
	bool stale;			/* the manager may have pages that nobody needs */
	uint32_t high;			/* slots from here on were never written */
	uint32_t hint;			/* no slot is free in words of the map before this one */
	uint32_t map[STORE_SLOTS / 32];	/* a bit for each slot: used */
};

void vm_store_init(void);

/* How many there are, for tests. */
uint32_t vm_store_count(void);

/* Free the structure, with its pager. */
void vm_store_free(struct vm_store *store);

/* The family has ended, and no record is left but for answers that are owed. */
void vm_stores_end(struct vm_object *root);

/* Another object is the family's root. */
void vm_stores_move(struct vm_object *from, struct vm_object *to);

/*
 * The slot's page has come back, or it was never sent; or (stale) the manager still has it.  The store
 * ends with the last, if it is not to stay.
 */
void vm_store_free_slot(struct vm_store *store, uint32_t slot, bool stale);

/*
 * Page out a page of an object without a pager that lives, and its neighbours with it, if they are
 * inactive too.  The lock may be given up on the way, and the object may be gone afterwards.
 *
 * Returns:  the number of pages that were sent; 0 also when a store had to be made first, or
 *           memory is short.
 */
uint32_t vm_store_page_out(struct vm_object *object, uint32_t index);

/*
 * The manager has supplied a page: it goes where it is wanted.  Takes the page over unless
 * it answers KERN_INVALID_ARGUMENT: that was not asked for.
 */
kern_return_t vm_store_arrived(struct vm_pager *pager, uint32_t slot, struct vm_page *page);

#endif /* VM_STORE_H */
