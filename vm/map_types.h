/* SPDX-License-Identifier: BSD-2-Clause */
/* The structures behind vm/map.h. */
#ifndef VM_MAP_TYPES_H
#define VM_MAP_TYPES_H

#include <stdbool.h>
#include <stdint.h>

#include <kern/mutex.h>
#include <kern/queue.h>
#include <kern/rbtree.h>
#include <mach/machine/vm_types.h>

struct pmap;
struct vm_object;

/*
 * A range of addresses of a map, or a part of a vm_map_copy.
 *
 * Guarded by the map's mutex; a copy's entries belong to whoever owns the copy.  Other maps'
 * threads look at the entries of an object under the object's lock, so start, end and index
 * of an entry that has an object change under that lock too.
 */
struct vm_map_entry {
	struct rb_node node;		/* map->tree, by address */
	struct queue_link link;		/* map->entries by address, or the copy's entries */
	vm_offset_t start, end;		/* whole pages */
	vm_size_t gap;			/* free bytes just below start */
	vm_size_t widest;		/* the largest gap in this subtree */
	struct vm_object *object;	/* NULL: nothing was ever touched */
	union {
		struct queue_link object_link;	/* object->entries */
		struct rb_node object_node;	/* object->entry_tree */
	};
	uint32_t covered_end;		/* of the pages of the object covered in this subtree */
	uint32_t index;			/* page of the object that is at start */
	uint8_t protection, max_protection;
	uint8_t inheritance;
	bool wired;			/* its pages are resident in its own object, and wired */
	bool wiring;			/* was wired by the operation in progress */
	bool failing;			/* a pager has failed it in the fork in progress */
	bool mapped;			/* the pmap may map some of it */
	bool shared;			/* by inheritance, with another task */
};

struct vm_map {
	uint32_t ref_count;		/* atomic */
	struct pmap *pmap;		/* constant */
	struct mutex lock;		/* guards what follows */
	struct rb_tree tree;
	struct queue entries;
	struct vm_map_entry *hint;	/* found last, or NULL */
	uint32_t entry_count, entry_limit;
	uint32_t pages_sent;		/* in copies of its memory; 1 more while it is referred to; atomic */
	vm_size_t size;			/* bytes of all entries */
	vm_size_t size_charged;		/* of those whose maximum protection is not NONE */
	vm_size_t size_wired;
	vm_size_t limit, limit_max;	/* for size_charged; the limit's own maximum */
	bool dead;			/* terminated: refuses new entries */
	bool wire_future;		/* new entries are wired */
};

#endif /* VM_MAP_TYPES_H */
