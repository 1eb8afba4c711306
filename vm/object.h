/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory objects, and how copies share their pages.
 *
 * An object is a set of pages.  A *snapshot* of an object is another object that starts
 * without pages: a page that it lacks is found in the object whose snapshot it is (its `shadow`),
 * and so on down; a page found nowhere is zero, or, if the last object has a pager (vm/pager.h),
 * has to be asked for.  Objects that are related in this way are a
 * family: a tree, whose members number their pages alike and share one lock, so that no operation
 * on copies ever takes two object locks.
 *
 * What members of a family see of each other is kept true by one rule: before a page of an
 * object is written, the snapshot that still sees it there gets a copy of its own ("push").
 * So that this is one copy and not many, an object is either
 *
 *   written directly: its entries change its pages; it has one snapshot at most; or
 *   frozen: nobody changes it, it may have any number of snapshots.  An entry that writes gets a
 *   snapshot of its own first, unless nobody else has to do with the object, which is
 *   then thawed.
 *
 * Copying memory whose object is written directly gives the copy a frozen snapshot, which
 * further copies share until the first page is pushed into it; an older snapshot moves up
 * behind the new one.
 *
 * An object lives while entries refer to it, or while it has two snapshots or more.  With one
 * left it is dissolved: pages that the snapshot wants move there, the others are freed.  So chains
 * are as long as there are copies alive, whatever was copied before, and no page stays that
 * nobody can reach.  An object with a pager keeps its pages, and lives while it has any
 * entry or snapshot; it is never frozen.  A copy that would make a chain longer than
 * OBJECT_HEIGHT_MAX copies the pages.
 *
 * Page-out (vm/pageout.h).  A page of an object without pager that is out is as much the object's
 * own as a resident one: readers look no deeper, and who moves or frees pages does so with the
 * records of those that are out (vm/object_away.h).
 *
 * Mappings.  A pmap maps an entry's page only to the page that the entry sees now, and for
 * writing only when the page is in the entry's object, the object is written directly,
 * and its snapshot does not see the page.  Who changes any of this withdraws mappings first.
 */
#ifndef VM_OBJECT_H
#define VM_OBJECT_H

#include <stdbool.h>
#include <stdint.h>

#include <kern/lock.h>
#include <kern/queue.h>
#include <kern/rbtree.h>
#include <mach/kern_return.h>
#include <vm/map_types.h>
#include <vm/page.h>

#define OBJECT_HEIGHT_MAX 32

/*
 * Anonymous memory's objects grow as entries join, and entries move: without an end to it numbers
 * of pages would wrap.
 */
#define OBJECT_PAGES_MAX (1u << 30)

struct vm_pager;

struct vm_object {
	struct spin_lock *lock;		/* the family's; constant; guards all of the family */
	struct vm_object *shadow;	/* whose snapshot this is, or NULL */
	struct queue snapshots;		/* of this one, by sibling_link */
	struct queue_link sibling_link;
	struct queue pages;		/* resident, by vm_page.link; also walks' marks */
	uint32_t resident;		/* pages in it */
	struct queue away;		/* records of its pages that are out (vm/object_away.h) */
	uint32_t away_count;
	union {				/* the entries that refer to it (vm/object_entries.c) */
		struct queue entries;		/* by object_link */
		struct rb_tree entry_tree;	/* by object_node, when they are many */
	};
	uint32_t entry_count;
	uint32_t wirings;		/* of its pages, by entries */
	uint32_t holds;			/* operations that unlocked it on the way */
	uint32_t first, end;		/* pages covered ever by entries, here and in snapshots */
	uint32_t writable_first;	/* no page outside is mapped for writing */
	uint32_t writable_end;
	uint32_t height;		/* no chain of snapshots above it is longer */
	uint32_t absent;		/* where a copy looked last for pages that a pager has */
	bool has_tree;			/* of entries, instead of a list */
	bool frozen;			/* not written through its entries */
	bool dissolving;		/* it is being taken apart */
	struct vm_pager *pager;		/* whose pages they are (vm/pager.h), or NULL; root only */
	uint64_t number;		/* no other's ever, once it was asked for (vm/word.c); or 0 */
	struct vm_store *stores;	/* where the family's pages are out (vm/store.h); root only */
};

void vm_object_init(void);

/* Objects that exist, for statistics and tests. */
uint32_t vm_object_count(void);

/* --- Entries and their objects; the entry's map is locked ------------------------------ */

static inline uint32_t vm_entry_pages(const struct vm_map_entry *entry)
{
	return (uint32_t)((entry->end - entry->start) >> PAGE_SHIFT);
}

/* The page of the object at an address of the entry. */
static inline uint32_t vm_entry_index(const struct vm_map_entry *entry, vm_offset_t va)
{
	return entry->index + (uint32_t)((va - entry->start) >> PAGE_SHIFT);
}

/* See that the entry has an object.  Returns false when memory is short. */
bool vm_entry_need_object(struct vm_map_entry *entry);

/*
 * Make `copy`, whose range is set, a copy of as many pages of the entry from `start`.
 * Mappings in `pmap`, the entry's, are made read-only as needed.
 *
 * Blocks:   at preemption points.
 * Returns:  KERN_SUCCESS; KERN_RESOURCE_SHORTAGE, VM_ASK_PAGER or KERN_MEMORY_ERROR, the copy
 *           without an object.
 */
kern_return_t vm_entry_snapshot(struct vm_map_entry *entry, vm_offset_t start,
				struct vm_map_entry *copy, struct pmap *pmap);

/*
 * Make `copy`, whose range is that of the entry, a copy of what can be had of it now; the other pages
 * of the copy are those of a dead pager.
 *
 * Blocks:   at preemption points.
 * Returns:  KERN_SUCCESS; KERN_RESOURCE_SHORTAGE, the copy without an object.
 */
kern_return_t vm_entry_salvage(struct vm_map_entry *entry, struct vm_map_entry *copy);

/* Make `other`, whose range is set, refer to the same memory as the entry has from `start` on. */
kern_return_t vm_entry_share(struct vm_map_entry *entry, vm_offset_t start,
			     struct vm_map_entry *other);

/*
 * Take the entry off its object.  Pages that nobody can reach any more are freed; the
 * entry's own mappings and wirings are gone already.
 *
 * Blocks:   at preemption points.
 */
void vm_entry_detach(struct vm_map_entry *entry);

/* Does no other entry see the memory behind this one change when it is written? */
bool vm_entry_is_private(struct vm_map_entry *entry);

/* Change the entry's place; size and object stay. */
void vm_entry_move(struct vm_map_entry *entry, vm_offset_t start);

/* Cut the entry at `at`; the upper or the lower part goes to another one, which is new. */
void vm_entry_split(struct vm_map_entry *entry, struct vm_map_entry *upper, vm_offset_t at);
void vm_entry_split_below(struct vm_map_entry *entry, struct vm_map_entry *lower, vm_offset_t at);

/*
 * Let the entry take over its neighbour's range, if it continues the same object, or one of them
 * is untouched and the other's object can grow.  Returns whether it did; then `upper` has none.
 */
bool vm_entry_join(struct vm_map_entry *entry, struct vm_map_entry *upper);

/* --- Pages; the object's lock is held ------------------------------------------------ */

/* The page if it is resident in the object itself. */
struct vm_page *vm_object_page(const struct vm_object *object, uint32_t index);

/*
 * The page that readers of the object see, in it or below.  NULL: vm_pager_need says whether these
 * are zeros, or a page that is out, or a pager's.
 */
struct vm_page *vm_object_view(const struct vm_object *object, uint32_t index);

/*
 * Have the object hold a page of its own with the contents of `source` (NULL: zeros).
 * It has none yet.  Returns NULL when memory is short.
 */
struct vm_page *vm_object_fill(struct vm_object *object, uint32_t index, struct vm_page *source);

/* The snapshot that sees this page of a directly written object, or NULL. */
struct vm_object *vm_object_viewer(const struct vm_object *object, uint32_t index);

/*
 * Have the entry's object directly written.  It may be replaced by a snapshot, of the same
 * family, so under the same lock.  Returns false when memory is short.
 */
bool vm_entry_thaw(struct vm_map_entry *entry);

/*
 * Make a page of a directly written object resident in it and seen by nobody else, ready to
 * be written.  The caller maps the result where the entry mapped what was there.
 *
 * Returns:  KERN_SUCCESS; KERN_RESOURCE_SHORTAGE; VM_ASK_PAGER, KERN_MEMORY_ERROR.
 */
kern_return_t vm_object_own(struct vm_object *object, uint32_t index, struct vm_page **pagep);

/* The same for who knows what vm_object_view and vm_object_viewer say of the page. */
kern_return_t vm_object_own_seen(struct vm_object *object, uint32_t index, struct vm_page *source,
				 struct vm_object *viewer, struct vm_page **pagep);

/* A page of a directly written object gets mapped for writing. */
static inline void vm_object_note_writable(struct vm_object *object, uint32_t index)
{
	if (object->writable_first >= object->writable_end) {
		object->writable_first = index;
		object->writable_end = index + 1;
	} else if (index < object->writable_first) {
		object->writable_first = index;
	} else if (index >= object->writable_end) {
		object->writable_end = index + 1;
	}
}

/* Count an entry's wiring of a resident page, or end it. */
void vm_object_wire(struct vm_object *object, struct vm_page *page);
void vm_object_unwire(struct vm_object *object, struct vm_page *page);

/* Put an allocated page into an object that has none there. */
void vm_object_insert(struct vm_object *object, uint32_t index, struct vm_page *page);

#endif /* VM_OBJECT_H */
