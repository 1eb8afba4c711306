/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a vm_map_copy is made of, for vm/ only.
 *
 * Up to COPY_BYTES_MAX bytes are kept as bytes.  More are a list of entries one after the other,
 * each with pages, that no map knows; the first byte is `offset` into the first page, and the bytes
 * of the first and the last page that are not in the copy are zero.
 *
 * Pages taken from a map are charged to it until the copy is gone: a task may have sent as much
 * memory that nobody has received as it may have itself.  The same goes for pages of answers that it
 * has asked the kernel for.  The kernel memory is the message's.
 */
#ifndef VM_COPY_H
#define VM_COPY_H

#include <kern/queue.h>
#include <vm/map_entry.h>

struct vm_map_copy {
	vm_size_t size;			/* bytes */
	vm_offset_t offset;		/* of the first in its page */
	struct queue entries;		/* none: the bytes are in data */
	uint32_t entry_count;
	struct vm_map *payer;		/* the map they were taken from, and are charged to; or NULL */
	struct queue_link *found;	/* the entry looked at last, or NULL */
	vm_size_t found_at;		/* bytes of the entries before it */
	char data[];
};

/*
 * Header and bytes fit in a page.  Measured, a message to oneself with memory, which the receiver
 * leaves alone / reads / writes, and gives up, in instructions:
 *
 *	 256 bytes		5,718	 6,721	 6,775
 *	4000 bytes		7,759	 8,762	 8,816
 *	4096, as an entry	3,911	 4,882	 6,847
 *	8192, as an entry	3,927	 5,439	 9,329
 *
 * So whole pages are never copied as bytes: even if the sender writes its page again, for another
 * 2,300, two pages as bytes would cost more.  Parts of a page would have to be copied anyway, to
 * hide the rest of it.
 */
#define COPY_BYTES_MAX (PAGE_BYTES - sizeof(struct vm_map_copy))

/* NULL when memory is short. */
struct vm_map_copy *vm_map_copy_alloc(vm_offset_t offset, vm_size_t size);

/* The current task pays for the pages of a copy until it is gone.  False: it has no room. */
bool vm_map_copy_pay(struct vm_map_copy *copy);

/* Free the structure alone; nobody is charged any more.  Locks: none. */
void vm_map_copy_free(struct vm_map_copy *copy);

/* Add an entry at the end. */
void vm_map_copy_append(struct vm_map_copy *copy, struct vm_map_entry *entry);

static inline bool vm_map_copy_is_bytes(const struct vm_map_copy *copy)
{
	return copy->size <= COPY_BYTES_MAX;
}

/* Bytes of the pages that the copy takes when it is mapped. */
static inline vm_size_t vm_map_copy_span(const struct vm_map_copy *copy)
{
	return vm_page_round(copy->offset + copy->size);
}

/*
 * Link entries, whose places follow each other, from `start` on, where nothing is; the map is
 * locked.  Their list is empty then.
 */
void vm_map_place(struct vm_map *map, vm_offset_t start, struct queue *entries);

/* One try of vm_map_copy_read, under whatever mutex; VM_ASK_PAGER goes up. */
kern_return_t vm_map_copy_read_once(struct vm_map_copy *copy, vm_size_t offset, void *buf,
				    vm_size_t size);

/*
 * A page, of no object, with a page's worth of the copy's bytes: the copy's own page, whose bytes
 * the copy has no more, if nobody else sees it.
 *
 * Locks:    none.
 * Blocks:   for a pager.
 * Owns:     returns the page in *pagep.
 * Returns:  KERN_SUCCESS; KERN_RESOURCE_SHORTAGE; what reading the copy gives.
 */
kern_return_t vm_map_copy_take_page(struct vm_map_copy *copy, vm_size_t offset,
				    struct vm_page **pagep);

/* Give an untouched entry pages with these bytes from its address `start` on, zeros around. */
kern_return_t vm_entry_fill(struct vm_map_entry *entry, vm_offset_t start, const void *data,
			    vm_size_t size);

#endif /* VM_COPY_H */
