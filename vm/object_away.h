/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Records of pages that are out: page `index` of an object is not resident, and its contents are
 * in a slot of a store (vm/store.h).  The object has the record, or the page, or neither.
 *
 * Found by a hash like pages, and listed by object.  The family's lock is held in every call.
 */
#ifndef VM_OBJECT_AWAY_H
#define VM_OBJECT_AWAY_H

#include <vm/object.h>

struct page_request;
struct vm_store;

struct vm_away {
	struct queue_link link;		/* in object->away; also walks' marks */
	struct vm_away *hash_next;
	struct vm_object *object;	/* NULL: nobody needs it, but the manager owes an answer */
	uint32_t index;
	struct vm_store *store;		/* NULL: a mark */
	uint32_t slot;
	struct page_request *request;	/* that asks for it, or NULL */
	bool came;			/* the manager has supplied it, and nobody needs it */
};

void vm_away_init(void);

/* How many there are, for statistics and tests. */
uint32_t vm_away_total(void);

/* For vm_object_away, which looks whether there can be one. */
struct vm_away *vm_away_find(const struct vm_object *object, uint32_t index);

/* The record of the object's own page, or NULL. */
static inline struct vm_away *vm_object_away(const struct vm_object *object, uint32_t index)
{
	if (__builtin_expect(object->away_count == 0, 1))
		return NULL;
	return vm_away_find(object, index);
}

/* Is the page the object's own, resident or out? */
static inline bool vm_object_has(const struct vm_object *object, uint32_t index)
{
	return vm_object_page(object, index) != NULL || vm_object_away(object, index) != NULL;
}

/* The object's page gets this slot, which is taken for it.  Returns NULL when memory is short. */
struct vm_away *vm_away_create(struct vm_object *object, uint32_t index, struct vm_store *store,
			       uint32_t slot);

/* Make it another object's of the family, which has none there. */
void vm_away_move(struct vm_away *away, struct vm_object *to);

/*
 * The object does not need the page any more.  The slot is free then; or, if the manager has been
 * asked, when it has answered.
 */
void vm_away_free(struct vm_away *away);

/* The object has it back: the manager has supplied it, and the slot is free. */
void vm_away_arrived(struct vm_away *away);

/* Its request is over. */
void vm_away_answered(struct vm_away *away);

/*
 * A walk over an object's records in a range.  Any may come and go, and the lock may be given up
 * between two steps as long as the object is held.
 */
struct vm_away_walk {
	struct vm_object *object;
	uint32_t first, end;
	struct vm_away mark;		/* in the list, behind the last record found */
};

void vm_away_walk_begin(struct vm_away_walk *walk, struct vm_object *object, uint32_t first,
			uint32_t end);
struct vm_away *vm_away_walk_next(struct vm_away_walk *walk);	/* NULL at the end */
void vm_away_walk_end(struct vm_away_walk *walk);

#endif /* VM_OBJECT_AWAY_H */
