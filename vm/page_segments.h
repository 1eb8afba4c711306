/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which memory there is.  It comes in segments, the ranges that the boot loader reports; one array has
 * a struct vm_page for each page of each segment.  For vm/page.c alone.
 */
#ifndef VM_PAGE_SEGMENTS_H
#define VM_PAGE_SEGMENTS_H

#include <kern/boot_info.h>
#include <vm/page.h>

#define DMA_ZONE_PAGES (0x1000000u >> PAGE_SHIFT)
#define DIRECT_ZONE_PAGES (DIRECT_MAP_MAX >> PAGE_SHIFT)

_Static_assert(DMA_ZONE_PAGES % (1u << VM_PAGE_ORDER_MAX) == 0, "a block in two zones");
_Static_assert(DIRECT_ZONE_PAGES % (1u << VM_PAGE_ORDER_MAX) == 0, "a block in two zones");

/* Page numbers first <= n < end, and their structures. */
struct vm_page_segment {
	uint32_t first, end;
	struct vm_page *pages;
};

/* Constant after vm_page_segments_make. */
extern struct vm_page_segment vm_page_segments[];
extern unsigned int vm_page_segment_count;

/* Make the segments and the page array: the pages are PAGE_RESERVED, in the zones where they lie. */
void vm_page_segments_make(const struct boot_info *info);

/*
 * The next memory behind *unused, up to `end`, that the kernel's image, the modules and the page array
 * leave; false: none.  Begin with unused->end, where to begin.
 */
bool vm_page_next_unused(struct boot_range *unused, phys_addr_t end);

static inline uint32_t vm_page_number(const struct vm_page *page)
{
	const struct vm_page_segment *segment = &vm_page_segments[page->segment];

	return segment->first + (uint32_t)(page - segment->pages);
}

/* NULL when the segment has no such page. */
static inline struct vm_page *vm_page_of_segment(const struct vm_page_segment *segment,
						 uint32_t number)
{
	if (number < segment->first || number >= segment->end)
		return NULL;
	return &segment->pages[number - segment->first];
}

static inline enum vm_zone vm_page_zone_of(uint32_t number)
{
	if (number < DMA_ZONE_PAGES)
		return VM_ZONE_DMA;
	return number < DIRECT_ZONE_PAGES ? VM_ZONE_DIRECT : VM_ZONE_HIGH;
}

#endif /* VM_PAGE_SEGMENTS_H */
