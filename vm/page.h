/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Physical pages.
 *
 * A buddy allocator in three zones: DMA (below 16 MiB), direct (mapped at
 * KERNEL_BASE), high (reached through temporary mappings only).  Each page of
 * managed memory has a struct vm_page.
 */
#ifndef VM_PAGE_H
#define VM_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <kern/queue.h>
#include <mach/machine/vm_types.h>

#define PAGE_SHIFT 12
#define PAGE_BYTES 4096u
#define PAGE_OFFSET_MASK (PAGE_BYTES - 1)

#define KERNEL_BASE 0xC0000000u		/* also the end of user space */
#define DIRECT_MAP_MAX 0x30000000u	/* bytes of low physical memory mapped at KERNEL_BASE */
#define KERNEL_MAP_START 0xF0000000u	/* vm/kmem.h */
#define KERNEL_MAP_END 0xFF000000u

typedef uint64_t phys_addr_t;

struct vm_object;

enum vm_zone { VM_ZONE_DMA, VM_ZONE_DIRECT, VM_ZONE_HIGH, VM_ZONES };

enum vm_page_state {
	PAGE_RESERVED,		/* not managed: kernel image, holes */
	PAGE_FREE,		/* in the buddy allocator, first page of a block */
	PAGE_FREE_TAIL,
	PAGE_KERNEL,		/* allocated, of no object */
	PAGE_SLAB,
	PAGE_OBJECT,		/* resident in a vm_object */
};

struct vm_page {
	struct queue_link link;		/* free list, or the object's pages */
	struct vm_object *object;	/* PAGE_OBJECT */
	uint32_t offset;		/* PAGE_OBJECT: page index in the object */
	void *slab;			/* PAGE_SLAB: the slab that it belongs to */
	uint16_t wire_count;
	uint8_t state;			/* enum vm_page_state */
	uint8_t order;			/* of a free block */
	uint8_t zone;
	bool busy : 1;			/* being filled or moved; wait for it */
	bool dirty : 1;
	bool precious : 1;
	bool absent : 1;
	struct vm_page *hash_next;	/* object/offset lookup */
};

/*
 * Hand a range of usable memory to the allocator, during start-up.  The range is given
 * in whole pages; the page array itself was reserved by vm_page_boot.
 */
void vm_page_boot(phys_addr_t end_of_memory);
void vm_page_boot_free(phys_addr_t start, phys_addr_t end);

/*
 * Memory before vm_page_boot: bump allocation in the direct map behind the kernel image.
 * Zeroed, aligned to a page.  Panics when there is none.
 */
void *vm_boot_alloc(size_t size);

/*
 * Allocate 1 << order contiguous pages from the zone or a lower one.
 *
 * Blocks:   never.
 * Returns:  the first page, state PAGE_KERNEL, contents undefined; NULL when there is none.
 */
struct vm_page *vm_page_alloc(enum vm_zone highest, unsigned int order);
void vm_page_free(struct vm_page *page, unsigned int order);

/* One page for user memory (any zone), keeping a reserve for the kernel. */
struct vm_page *vm_page_alloc_user(void);

phys_addr_t vm_page_to_phys(const struct vm_page *page);
struct vm_page *vm_page_from_phys(phys_addr_t pa);	/* NULL when not managed */

/* Kernel address of a page in the direct map; the page must be below DIRECT_MAP_MAX. */
void *vm_page_direct(const struct vm_page *page);
static inline void *phys_to_direct(phys_addr_t pa)
{
	return (void *)(uintptr_t)(KERNEL_BASE + (uint32_t)pa);
}
static inline phys_addr_t direct_to_phys(const void *p)
{
	return (phys_addr_t)((uintptr_t)p - KERNEL_BASE);
}
bool vm_page_is_direct(const struct vm_page *page);

/* Contents of any page, mapped for a moment where needed. */
void vm_page_zero(struct vm_page *page);
void vm_page_copy(struct vm_page *src, struct vm_page *dst);
void vm_page_read(struct vm_page *page, size_t offset, void *buf, size_t size);
void vm_page_write(struct vm_page *page, size_t offset, const void *buf, size_t size);

/* Counters, in pages. */
struct vm_page_counts {
	uint32_t total, free, kernel, object, wired, reserved;
	uint32_t zone_total[VM_ZONES], zone_free[VM_ZONES];
};
void vm_page_get_counts(struct vm_page_counts *counts);

#endif /* VM_PAGE_H */
