/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The tree of a family, for vm/object*.c only; the family's lock is held in every call that
 * takes an object.
 */
#ifndef VM_OBJECT_FAMILY_H
#define VM_OBJECT_FAMILY_H

#include <vm/object.h>

/* Lists of snapshots longer than this are not searched: the safe answer is assumed. */
#define OBJECT_SEARCH_MAX 64

/* A new object, locked with `lock`, or with one of its own choice for NULL. */
struct vm_object *vm_object_create(struct spin_lock *lock);

/* As vm_entry_snapshot, but the object's pager is not told, whatever its copy strategy. */
kern_return_t vm_entry_snapshot_untold(struct vm_map_entry *entry, vm_offset_t start,
				       struct vm_map_entry *copy, struct pmap *pmap);

/* Refer from an entry, whose range and index are set, to an object. */
void vm_object_attach(struct vm_object *object, struct vm_map_entry *entry);

/* The reverse; vm_object_settle must follow. */
void vm_object_forget(struct vm_object *object, struct vm_map_entry *entry);

/* The entry, of a locked object, ends earlier than before. */
void vm_object_entry_shrunk(struct vm_map_entry *entry);

/* More entries than this are in a tree, until they are few again (vm/object_entries.c). */
#ifdef HOST_TEST
#define OBJECT_LIST_MAX 3
#else
#define OBJECT_LIST_MAX 32
#endif

/* Put the entry into the tree, with all others if there is none yet. */
void vm_object_plant(struct vm_object *object, struct vm_map_entry *entry);

/* Take it out; it is counted no more. */
void vm_object_uproot(struct vm_object *object, struct vm_map_entry *entry);

/* vm_object_covered where there is a tree; and does one entry cover all of the range? */
bool vm_object_tree_covers(const struct vm_object *object, const struct vm_map_entry *except,
			   uint32_t first, uint32_t end);
bool vm_object_tree_has_cover(const struct vm_object *object, uint32_t first, uint32_t end);

/*
 * Dissolve the object if nobody needs it any more, and what lies below if that is then so.
 * The lock may be given up on the way; the object may be gone afterwards.
 */
void vm_object_settle(struct vm_object *object);

/* A page that was out is back; it may be that only a snapshot wants it, or nobody any more. */
void vm_object_arrive(struct vm_object *object, uint32_t index, struct vm_page *page);

/* The first snapshot, which is the only one of a directly written object; or NULL. */
struct vm_object *vm_object_snapshot(const struct vm_object *object);

/* Hang a new snapshot under an object. */
void vm_object_link(struct vm_object *object, struct vm_object *snapshot);

/* Hang a new snapshot between a directly written object and its snapshot. */
void vm_object_link_between(struct vm_object *object, struct vm_object *snapshot);

/* Objects below this one. */
uint32_t vm_object_depth(const struct vm_object *object);

/* Does the snapshot lack the page, while it or one of its own snapshots may be asked for it? */
bool vm_object_wants(const struct vm_object *object, uint32_t index);

/* Is the object, which sees a page below it, the only one that does? */
bool vm_object_is_last(const struct vm_object *object, const struct vm_page *page);

/* Does an entry other than this one cover any of [first, end) of the object? */
bool vm_object_covered(const struct vm_object *object, const struct vm_map_entry *except,
		       uint32_t first, uint32_t end);

#endif /* VM_OBJECT_FAMILY_H */
