/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a vm_map_copy is made of, for vm/ only.
 *
 * Up to COPY_BYTES_MAX bytes are kept as bytes.  More are a list of entries one after the other,
 * each with pages, that no map knows; the first byte is `offset` into the first page, and the bytes
 * of the first and the last page that are not in the copy are zero.
 */
#ifndef VM_COPY_H
#define VM_COPY_H

#include <kern/queue.h>
#include <vm/map_entry.h>

struct vm_map_copy {
	vm_size_t size;			/* bytes */
	vm_offset_t offset;		/* of the first in its page */
	struct queue entries;		/* none: the bytes are in data */
	char data[];
};

/* Header and bytes fit in a page. */
#define COPY_BYTES_MAX (PAGE_BYTES - sizeof(struct vm_map_copy))

/* NULL when memory is short. */
struct vm_map_copy *vm_map_copy_alloc(vm_offset_t offset, vm_size_t size);

/* Free the structure alone. */
void vm_map_copy_free(struct vm_map_copy *copy);

static inline bool vm_map_copy_is_bytes(const struct vm_map_copy *copy)
{
	return copy->size <= COPY_BYTES_MAX;
}

/* Bytes of the pages that the copy takes when it is mapped. */
static inline vm_size_t vm_map_copy_span(const struct vm_map_copy *copy)
{
	return vm_page_round(copy->offset + copy->size);
}

/* Give an untouched entry pages with these bytes from its address `start` on, zeros around. */
kern_return_t vm_entry_fill(struct vm_map_entry *entry, vm_offset_t start, const void *data,
			    vm_size_t size);

#endif /* VM_COPY_H */
