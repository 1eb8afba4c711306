/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The pages of an object: found by a hash of object and index that all objects share, and listed
 * by object.  For vm/object*.c only; the object's lock is held in every call, if nothing else is said.
 */
#ifndef VM_OBJECT_PAGES_H
#define VM_OBJECT_PAGES_H

#include <vm/object.h>

/* Pages that an operation handles before it lets others in; tests are small. */
#ifdef HOST_TEST
#define OBJECT_BATCH 2
#else
#define OBJECT_BATCH 32
#endif

void vm_object_pages_init(void);

/* The hash: its size, and the pages in one bucket of it; no locks. */
uint32_t vm_object_pages_buckets(void);
uint32_t vm_object_pages_chain(uint32_t bucket);

/*
 * Every page of an object that may be paged out is on one of two queues (vm/pageout.h): put on the
 * active one when it comes into an object, or when it is not wired any more.  A leaf lock guards
 * them.
 */
enum vm_page_queue { QUEUE_NONE, QUEUE_ACTIVE, QUEUE_INACTIVE, PAGE_QUEUES };

/*
 * The page at the head of a queue, put at its tail.  Its object's lock is taken: *lockp, which
 * outlives the object.  NULL: the queue is empty, or that lock is not free.
 */
struct vm_page *vm_page_queue_take(enum vm_page_queue which, struct spin_lock **lockp);

/* Put a page that is on a queue at the tail of this one.  Its object is locked. */
void vm_page_requeue(struct vm_page *page, enum vm_page_queue which);

/* Pages on a queue, now. */
uint32_t vm_page_queue_count(enum vm_page_queue which);

/* Move a resident page to another object of the family, which has none there. */
void vm_object_move_page(struct vm_object *from, struct vm_object *to, struct vm_page *page);

/*
 * Take a page that is mapped nowhere out of an object of one entry's, which nobody else sees;
 * NULL: there is none, or others have to do with it.  It is the caller's, clean.
 */
struct vm_page *vm_object_take_page(struct vm_object *object, uint32_t index);

/* The same with another number, to an object of any family with the same lock. */
void vm_object_move_page_to(struct vm_object *from, struct vm_object *to, struct vm_page *page,
			    uint32_t index);

/* The same for a page that goes to the default memory manager: it is not paged out again. */
void vm_object_launder(struct vm_object *object, struct vm_object *to, struct vm_page *page,
		       uint32_t index);

/* It does not go after all. */
void vm_object_unlaunder(struct vm_object *from, struct vm_object *object, struct vm_page *page,
			 uint32_t index);

/* Pages that are on their way to the default memory manager, or in its hands. */
uint32_t vm_page_laundry_count(void);

/* Take out and free a page that is mapped nowhere. */
void vm_object_free_page(struct vm_object *object, struct vm_page *page);

/*
 * A walk over the resident pages in a range, in no order.  Any page may come and go, and the lock
 * may be given up between two steps as long as the object is held; a page that stays is found once.
 * Where pages of the range are few the walk itself gives it up on its way.
 */
struct vm_page_walk {
	struct vm_object *object;
	uint32_t first, end;
	uint32_t in_vain;		/* steps */
	bool by_index;			/* first: the index that is next */
	struct vm_page mark;		/* else: in the list behind the last page found */
};

void vm_page_walk_begin(struct vm_page_walk *walk, struct vm_object *object, uint32_t first,
			uint32_t end);
struct vm_page *vm_page_walk_next(struct vm_page_walk *walk);	/* NULL at the end */
void vm_page_walk_end(struct vm_page_walk *walk);

/* Let others in after every OBJECT_BATCH calls; *count starts at 0.  The object is held. */
void vm_object_breathe(struct vm_object *object, uint32_t *count);

#endif /* VM_OBJECT_PAGES_H */
