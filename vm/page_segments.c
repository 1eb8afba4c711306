/* SPDX-License-Identifier: BSD-2-Clause */
#include <vm/page_segments.h>

#include <kern/assert.h>
#include <kern/string.h>

/* The page array must leave room in the direct map: it takes 160 MiB for this much. */
#define MANAGED_PAGES_MAX (0x400000000ull >> PAGE_SHIFT)

_Static_assert(BOOT_MEMORY_RANGES <= 256, "struct vm_page.segment");

struct vm_page_segment vm_page_segments[BOOT_MEMORY_RANGES];
unsigned int vm_page_segment_count;

/* --- Pages, numbers, addresses --------------------------------------------- */

phys_addr_t vm_page_to_phys(const struct vm_page *page)
{
	if (__builtin_expect(page->device, 0))
		return (phys_addr_t)page->offset << PAGE_SHIFT;
	return (phys_addr_t)vm_page_number(page) << PAGE_SHIFT;
}

/* The last segment is usually by far the largest. */
struct vm_page *vm_page_from_phys(phys_addr_t pa)
{
	uint32_t number = (uint32_t)(pa >> PAGE_SHIFT);

	if (pa >> PAGE_SHIFT != number)
		return NULL;
	for (const struct vm_page_segment *s = vm_page_segments + vm_page_segment_count;
	     s-- > vm_page_segments;)
		if (number - s->first < s->end - s->first)
			return &s->pages[number - s->first];
	return NULL;
}

bool vm_page_any_managed(phys_addr_t start, phys_addr_t end)
{
	for (unsigned int i = 0; i < vm_page_segment_count; i++) {
		const struct vm_page_segment *s = &vm_page_segments[i];

		if (start < (phys_addr_t)s->end << PAGE_SHIFT &&
		    end > (phys_addr_t)s->first << PAGE_SHIFT)
			return true;
	}
	return false;
}

void *vm_page_direct(const struct vm_page *page)
{
	assert(vm_page_is_direct(page));
	return phys_to_direct(vm_page_to_phys(page));
}

/* --- What is used when the kernel starts ----------------------------------- */

/* Image, modules, page array, the first page. */
static struct boot_range used[BOOT_MODULES + 3];
static unsigned int used_count;

static void use_range(phys_addr_t start, phys_addr_t end)
{
	assert(used_count < BOOT_MODULES + 3);
	used[used_count++] = (struct boot_range){ trunc_phys(start), round_phys(end) };
}

/* The used range that begins first of those that overlap [start, end), or NULL. */
static const struct boot_range *first_used(phys_addr_t start, phys_addr_t end)
{
	const struct boot_range *first = NULL;

	for (unsigned int i = 0; i < used_count; i++)
		if (used[i].start < end && used[i].end > start &&
		    (first == NULL || used[i].start < first->start))
			first = &used[i];
	return first;
}

/* Find `size` unused bytes in a range; returns their address, or 0. */
static phys_addr_t range_find(phys_addr_t start, phys_addr_t end, size_t size)
{
	const struct boot_range *hit;

	while (start + size <= end && (hit = first_used(start, start + size)) != NULL)
		start = hit->end;
	return start + size <= end ? start : 0;
}

/* The same in all memory that is mapped, not below `floor`. */
static phys_addr_t memory_find(const struct boot_info *info, phys_addr_t floor, size_t size)
{
	phys_addr_t found = 0;

	for (unsigned int i = 0; found == 0 && i < info->memory_ranges; i++) {
		phys_addr_t start = info->memory[i].start, end = info->memory[i].end;

		if (start < floor)
			start = floor;
		if (end > DIRECT_MAP_MAX)
			end = DIRECT_MAP_MAX;
		found = range_find(start, end, size);
	}
	return found;
}

bool vm_page_next_unused(struct boot_range *unused, phys_addr_t end)
{
	const struct boot_range *hit;

	unused->start = unused->end;
	while (unused->start < end && (hit = first_used(unused->start, end)) != NULL) {
		unused->end = hit->start;
		if (unused->end > unused->start)
			return true;
		unused->start = hit->end;
	}
	unused->end = end;
	return unused->start < end;
}

/* --- Segments, and the page array ------------------------------------------- */

/* Cut the memory into segments; returns the number of pages. */
static uint32_t make_segments(const struct boot_info *info)
{
	uint32_t total = 0;

	for (unsigned int i = 0; i < info->memory_ranges; i++) {
		uint64_t first = info->memory[i].start >> PAGE_SHIFT;
		uint64_t end = info->memory[i].end >> PAGE_SHIFT;

		if (end > first + MANAGED_PAGES_MAX - total)
			end = first + MANAGED_PAGES_MAX - total;
		if (first >= end || end > UINT32_MAX)
			continue;
		vm_page_segments[vm_page_segment_count].first = (uint32_t)first;
		vm_page_segments[vm_page_segment_count++].end = (uint32_t)end;
		total += (uint32_t)(end - first);
	}
	return total;
}

/* Give a segment its part of the page array, which is all zero. */
static void segment_init(unsigned int index, struct vm_page *pages)
{
	struct vm_page_segment *segment = &vm_page_segments[index];

	segment->pages = pages;
	for (uint32_t n = segment->first; n < segment->end; n++, pages++) {
		pages->segment = (uint8_t)index;
		pages->zone = (uint8_t)vm_page_zone_of(n);
		queue_link_init(&pages->link);
	}
}

static void make_page_array(const struct boot_info *info)
{
	uint32_t total = make_segments(info);
	size_t size = total * sizeof(struct vm_page);
	phys_addr_t pa = memory_find(info, (phys_addr_t)DMA_ZONE_PAGES << PAGE_SHIFT, size);
	struct vm_page *pages;

	if (pa == 0)
		pa = memory_find(info, 0, size);
	if (pa == 0)
		panic("vm_page: no room for the structures of %u pages", total);
	use_range(pa, pa + size);
	pages = phys_to_direct(pa);
	memset(pages, 0, size);
	for (unsigned int i = 0; i < vm_page_segment_count; i++) {
		segment_init(i, pages);
		pages += vm_page_segments[i].end - vm_page_segments[i].first;
	}
}

void vm_page_segments_make(const struct boot_info *info)
{
	use_range(0, PAGE_BYTES);	/* the firmware's, and no page has address 0 */
	use_range(info->kernel_start, info->kernel_end);
	for (unsigned int i = 0; i < info->modules; i++)
		use_range(info->module[i].start, info->module[i].start + info->module[i].size);
	make_page_array(info);
}
