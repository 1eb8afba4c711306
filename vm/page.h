/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Physical pages.
 *
 * A buddy allocator in three zones: DMA (below 16 MiB), direct (mapped at
 * KERNEL_BASE), high (reached through temporary mappings only).  Each page of
 * managed memory has a struct vm_page.
 *
 * A page is in one state at a time, and the counters say how many are in each.
 * Who allocates a page owns it, and may make it a page of a slab or of an object; it is
 * PAGE_KERNEL again, not wired, when it is freed.
 */
#ifndef VM_PAGE_H
#define VM_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <kern/queue.h>
#include <mach/machine/vm_types.h>
#include <mach/vm_param.h>

#define PAGE_BYTES 4096u
#define PAGE_OFFSET_MASK (PAGE_BYTES - 1)

#define KERNEL_BASE 0xC0000000u		/* also the end of user space */
#define DIRECT_MAP_MAX 0x30000000u	/* bytes of low physical memory mapped at KERNEL_BASE */
#ifdef HOST_TEST			/* where a host process has nothing */
#define KERNEL_MAP_START 0xD0000000u
#define KERNEL_MAP_END 0xD4000000u
#else
#define KERNEL_MAP_START 0xF0000000u	/* vm/kmem.h */
#define KERNEL_MAP_END 0xFF000000u
#endif

#define VM_PAGE_ORDER_MAX 10		/* the largest block: 4 MiB */

struct boot_info;
struct slab_cache;
struct vm_object;

enum vm_zone { VM_ZONE_DMA, VM_ZONE_DIRECT, VM_ZONE_HIGH, VM_ZONES };

enum vm_page_state {
	PAGE_RESERVED,		/* not allocatable: kernel image, modules */
	PAGE_FREE,		/* in the buddy allocator, first page of a block */
	PAGE_FREE_TAIL,
	PAGE_KERNEL,		/* allocated, of no object */
	PAGE_SLAB,
	PAGE_OBJECT,		/* resident in a vm_object */
	PAGE_STATES
};

struct vm_page {
	struct queue_link link;		/* free list, or the object's pages */
	union {
		struct {		/* PAGE_OBJECT */
			struct vm_object *object;
			uint32_t offset;	/* page index in the object */
			void *mappings;		/* the pmap's list of mappings, or NULL */
		};
		struct {		/* PAGE_SLAB */
			struct slab_cache *slab;
			void *free_objects;	/* first page: of the whole slab */
			uint32_t used_objects;
		};
	};
	uint16_t wire_count;		/* changed by vm_page_wire and vm_page_unwire only */
	uint8_t state;			/* changed by the allocator and vm_page_set_state only */
	union {
		uint8_t order;		/* PAGE_FREE: of the block */
		uint8_t queue;		/* PAGE_OBJECT: enum vm_page_queue (vm/object_pages.h) */
	};
	uint8_t zone;
	uint8_t segment;		/* range of memory that it lies in */
	uint8_t paging;			/* PAGING_*, for pagers; the object's lock */
	bool poisoned : 1;		/* free, filled in a debug build */
	bool referenced : 1;		/* the pmap's: of mappings that are gone */
	bool modified : 1;
	bool device : 1;		/* stands for a device's memory (vm/object_device.h) */
	struct vm_page *hash_next;	/* object/offset lookup */
	struct queue_link queue_link;	/* in the queue that it is on, for page-out */
};

enum {
	PAGING_PROHIBITED = 7,	/* VM_PROT_* that the pager does not grant now */
	PAGING_PRECIOUS = 8,	/* the pager wants it back though it is not modified */
	PAGING_DIRTY = 16,	/* the kernel has written it; users' writes: pmap_page_modified */
	PAGING_LAUNDRY = 32,	/* on its way to the default memory manager: stays until freed */
};

/* There are a million of them in 4 GiB. */
_Static_assert(sizeof(void *) != 4 || sizeof(struct vm_page) <= 40, "struct vm_page");

/*
 * Take over all memory, in one call at start-up: makes the page array, and frees what is neither
 * kernel image, module nor page array.  The direct map is there; nothing else is needed.
 * Memory is allocated with vm_page_alloc from then on.
 */
void vm_page_boot(const struct boot_info *info);

/*
 * Free memory that was left out, as a module's when it has been used: all pages of
 * [start, end) that are PAGE_RESERVED now.  Parts of pages at both ends are kept, so round
 * the end up where it is nobody else's.
 */
void vm_page_boot_free(phys_addr_t start, phys_addr_t end);

/*
 * Allocate 1 << order contiguous pages, aligned to their size, from the zone or a lower one.
 *
 * Locks:    none of class LOCK_PAGE or later.
 * Blocks:   never.
 * Returns:  the first page, state PAGE_KERNEL, contents undefined; NULL when there is none.
 */
struct vm_page *vm_page_alloc(enum vm_zone highest, unsigned int order);

/*
 * The same for user memory, keeping the kernel's reserve: a block that begins at the page of number
 * `last` or below.
 */
struct vm_page *vm_page_alloc_user_below(uint32_t last, unsigned int order);

/* Consumes the block, as it was allocated: state PAGE_KERNEL, not wired. */
void vm_page_free(struct vm_page *page, unsigned int order);

/* Consumes a single page that was an object's, and is still PAGE_OBJECT. */
void vm_page_free_object(struct vm_page *page);

/*
 * One page for user memory (any zone), keeping a reserve for the kernel.  NULL when there is none,
 * and then thread->page_short is set: vm_pageout_wait (vm/pageout.h) knows what was missing.
 */
struct vm_page *vm_page_alloc_user(void);

/* The same for what serves page-out: it may use most of the reserve. */
struct vm_page *vm_page_alloc_paging(void);

/* Can users have a page now?  So many pages? */
bool vm_page_user_available(void);
bool vm_page_users_can_have(uint32_t pages);

/* Free pages of all zones, and the number of them that users leave to the kernel. */
uint32_t vm_page_free_count(void);
uint32_t vm_page_user_reserve(void);

/*
 * Have a function called when users' pages are allocated and fewer than `level` are free.
 * Objects' locks may be held there, and nothing later.
 */
void vm_page_on_low(uint32_t level, void (*function)(void));

/*
 * Is there a page for the kernel's own use, its tables and objects?  Who is not privileged leaves a
 * part of the reserve to page-out; false is for thread->page_short, too.
 */
bool vm_page_kernel_may_grow(void);

/* Would less than half of that reserve be left after so many bytes more for the kernel's users? */
bool vm_page_kernel_short(size_t bytes);

/* Change a page's state between PAGE_KERNEL, PAGE_SLAB and PAGE_OBJECT. */
void vm_page_set_state(struct vm_page *page, enum vm_page_state state);

#define VM_PAGE_WIRINGS_MAX 60000u	/* users' wirings; the kernel's own need some room above */

/* Count one more, or one less, reason why the page must stay where it is. */
void vm_page_wire(struct vm_page *page);
void vm_page_unwire(struct vm_page *page);

phys_addr_t vm_page_to_phys(const struct vm_page *page);
struct vm_page *vm_page_from_phys(phys_addr_t pa);	/* NULL when not managed */

/* Is there a managed page in [start, end)? */
bool vm_page_any_managed(phys_addr_t start, phys_addr_t end);

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

static inline bool vm_page_is_direct(const struct vm_page *page)
{
	return page->zone != VM_ZONE_HIGH;
}

/* Contents of any page, mapped for a moment where needed. */
void vm_page_zero(struct vm_page *page);
void vm_page_copy(struct vm_page *src, struct vm_page *dst);
void vm_page_read(struct vm_page *page, size_t offset, void *buf, size_t size);
void vm_page_write(struct vm_page *page, size_t offset, const void *buf, size_t size);

/* Counters, in pages: total = free + kernel + object + reserved. */
struct vm_page_counts {
	uint32_t total, free, kernel, object, wired, reserved;
	uint32_t zone_total[VM_ZONES], zone_free[VM_ZONES];
};
void vm_page_get_counts(struct vm_page_counts *counts);

/* The same without the lock, for the debugger: the sums may not fit. */
void vm_page_peek_counts(struct vm_page_counts *counts);

#endif /* VM_PAGE_H */
