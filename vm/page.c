/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The buddy allocator.
 *
 * Memory comes in segments, the ranges that the boot loader reports; one array has a
 * struct vm_page for each page of each segment.  Free blocks are 1 << order pages, aligned to
 * that, and a block whose buddy is free with the same order is merged with it at once.  The zones'
 * boundaries are multiples of the largest block, so no block lies in two zones.  Only single pages
 * that come back stand aside, as long as no more than LOOSE_MAX of a zone do and no block is
 * wanted: mostly a page is wanted again soon, and the last that came is in the processor's cache.
 *
 * Debug builds fill pages that are freed, and look when they are allocated whether somebody
 * has written to them.
 */
#include <vm/page.h>

#include <kern/boot_info.h>
#include <kern/lock.h>
#include <kern/sanitize.h>
#include <kern/string.h>
#include <kern/thread.h>
#include <vm/pmap.h>

#define DMA_ZONE_PAGES (0x1000000u >> PAGE_SHIFT)
#define DIRECT_ZONE_PAGES (DIRECT_MAP_MAX >> PAGE_SHIFT)

/* The page array must leave room in the direct map: it takes 160 MiB for this much. */
#define MANAGED_PAGES_MAX (0x400000000ull >> PAGE_SHIFT)

#define USER_RESERVE_SHIFT 6		/* of kernel-usable memory, users leave 1/64 */
#define USER_RESERVE_MIN 256u

#define LOOSE_MAX 32u

#define POISON 0xA5

_Static_assert(DMA_ZONE_PAGES % (1u << VM_PAGE_ORDER_MAX) == 0, "a block in two zones");
_Static_assert(DIRECT_ZONE_PAGES % (1u << VM_PAGE_ORDER_MAX) == 0, "a block in two zones");
_Static_assert(BOOT_MEMORY_RANGES <= 256, "struct vm_page.segment");

/* Page numbers first <= n < end, and their structures. */
struct segment {
	uint32_t first, end;
	struct vm_page *pages;
};

struct zone {
	struct queue blocks[VM_PAGE_ORDER_MAX + 1];	/* free, by order */
	struct queue loose;		/* single pages, not merged; the last that came is first */
	uint32_t loose_count;
	uint32_t free, total;		/* pages, the loose ones too */
};

/* Constant after vm_page_boot. */
static struct segment segments[BOOT_MEMORY_RANGES];
static unsigned int segment_count;
static uint32_t user_reserve;
static uint32_t low_level;
static void (*on_low)(void);

static struct spin_lock page_lock = SPIN_LOCK_INIT(LOCK_PAGE);	/* guards what follows */
static struct zone zones[VM_ZONES];
static uint32_t pages_in_state[PAGE_STATES];	/* PAGE_FREE: with tails */
static uint32_t pages_wired;

/* --- Pages, numbers, addresses --------------------------------------------- */

static uint32_t page_number(const struct vm_page *page)
{
	const struct segment *segment = &segments[page->segment];

	return segment->first + (uint32_t)(page - segment->pages);
}

/* NULL when the segment has no such page. */
static struct vm_page *segment_page(const struct segment *segment, uint32_t number)
{
	if (number < segment->first || number >= segment->end)
		return NULL;
	return &segment->pages[number - segment->first];
}

phys_addr_t vm_page_to_phys(const struct vm_page *page)
{
	if (__builtin_expect(page->device, 0))
		return (phys_addr_t)page->offset << PAGE_SHIFT;
	return (phys_addr_t)page_number(page) << PAGE_SHIFT;
}

/* The last segment is usually by far the largest. */
struct vm_page *vm_page_from_phys(phys_addr_t pa)
{
	uint32_t number = (uint32_t)(pa >> PAGE_SHIFT);

	if (pa >> PAGE_SHIFT != number)
		return NULL;
	for (const struct segment *s = segments + segment_count; s-- > segments;)
		if (number - s->first < s->end - s->first)
			return &s->pages[number - s->first];
	return NULL;
}

bool vm_page_any_managed(phys_addr_t start, phys_addr_t end)
{
	for (const struct segment *s = segments; s < segments + segment_count; s++)
		if (start < (phys_addr_t)s->end << PAGE_SHIFT &&
		    end > (phys_addr_t)s->first << PAGE_SHIFT)
			return true;
	return false;
}

void *vm_page_direct(const struct vm_page *page)
{
	assert(vm_page_is_direct(page));
	return phys_to_direct(vm_page_to_phys(page));
}

static enum vm_zone zone_of(uint32_t number)
{
	if (number < DMA_ZONE_PAGES)
		return VM_ZONE_DMA;
	return number < DIRECT_ZONE_PAGES ? VM_ZONE_DIRECT : VM_ZONE_HIGH;
}

/* --- Contents ---------------------------------------------------------------- */

static void *page_map(const struct vm_page *page)
{
	if (vm_page_is_direct(page))
		return vm_page_direct(page);
	return pmap_temp_map(vm_page_to_phys(page));
}

static void page_unmap(const struct vm_page *page, void *va)
{
	if (!vm_page_is_direct(page))
		pmap_temp_unmap(va);
}

void vm_page_zero(struct vm_page *page)
{
	void *va = page_map(page);

	memset(__builtin_assume_aligned(va, PAGE_BYTES), 0, PAGE_BYTES);
	page_unmap(page, va);
}

void vm_page_copy(struct vm_page *src, struct vm_page *dst)
{
	void *from = page_map(src);
	void *to = page_map(dst);

	memcpy(__builtin_assume_aligned(to, PAGE_BYTES),
	       __builtin_assume_aligned(from, PAGE_BYTES), PAGE_BYTES);
	page_unmap(dst, to);
	page_unmap(src, from);
}

void vm_page_read(struct vm_page *page, size_t offset, void *buf, size_t size)
{
	char *va = page_map(page);

	assert(offset <= PAGE_BYTES && size <= PAGE_BYTES - offset);
	memmove(buf, va + offset, size);
	page_unmap(page, va);
}

void vm_page_write(struct vm_page *page, size_t offset, const void *buf, size_t size)
{
	char *va = page_map(page);

	assert(offset <= PAGE_BYTES && size <= PAGE_BYTES - offset);
	memmove(va + offset, buf, size);
	page_unmap(page, va);
}

/* --- Poison: of pages in the direct map, whose filling is cheap ---------------- */

static void page_poison(struct vm_page *page)
{
	if (!DEBUG || !vm_page_is_direct(page))
		return;
	memset(vm_page_direct(page), POISON, PAGE_BYTES);
	page->poisoned = true;
}

NO_SANITIZE static void page_check_poison(struct vm_page *page)
{
	const uint32_t *word;

	if (!DEBUG || !page->poisoned)
		return;
	word = vm_page_direct(page);
	for (size_t i = 0; i < PAGE_BYTES / 4; i++)
		if (word[i] != POISON * 0x01010101u)
			panic("vm_page: free page %p was written: %x", (const void *)word,
			      word[i]);
	page->poisoned = false;
}

/* --- Blocks; page_lock held --------------------------------------------------- */

static void block_insert(struct vm_page *page, unsigned int order)
{
	page->state = PAGE_FREE;
	page->order = (uint8_t)order;
	queue_insert_head(&zones[page->zone].blocks[order], &page->link);
}

static void block_remove(struct vm_page *page)
{
	assert(page->state == PAGE_FREE);
	queue_remove(&page->link);
	page->state = PAGE_FREE_TAIL;
}

/* The other half of the block of the next order, if it is free as a whole. */
static struct vm_page *free_buddy(const struct segment *segment, uint32_t number,
				  unsigned int order)
{
	struct vm_page *buddy = segment_page(segment, number ^ (1u << order));

	if (buddy == NULL || buddy->state != PAGE_FREE || buddy->order != order)
		return NULL;
	return buddy;
}

/* Put back a block, all of whose pages are tails. */
static void block_merge(struct vm_page *page, unsigned int order)
{
	const struct segment *segment = &segments[page->segment];
	uint32_t number = page_number(page);
	struct vm_page *buddy;

	while (order < VM_PAGE_ORDER_MAX &&
	       (buddy = free_buddy(segment, number, order)) != NULL) {
		block_remove(buddy);
		number &= ~(1u << order++);
	}
	block_insert(segment_page(segment, number), order);
}

/* Take the first part of a block, whose pages are tails then; the rest stays free. */
static inline void block_split(struct vm_page *page, unsigned int order)
{
	unsigned int found = page->order;

	block_remove(page);
	while (found > order) {
		found--;
		block_insert(page + (1u << found), found);
	}
}

/* Take a block, splitting a larger one when there is none. */
static struct vm_page *block_take(struct zone *zone, unsigned int order)
{
	unsigned int found = order;
	struct vm_page *page;

	while (found <= VM_PAGE_ORDER_MAX && queue_empty(&zone->blocks[found]))
		found++;
	if (found > VM_PAGE_ORDER_MAX)
		return NULL;
	page = container_of(queue_first(&zone->blocks[found]), struct vm_page, link);
	block_split(page, order);
	return page;
}

/* A loose page, which is a tail, or NULL. */
static struct vm_page *loose_take(struct zone *zone)
{
	struct queue_link *first = queue_take_first(&zone->loose);

	if (first == NULL)
		return NULL;
	zone->loose_count--;
	return container_of(first, struct vm_page, link);
}

static void loose_merge(struct zone *zone)
{
	struct vm_page *page;

	while ((page = loose_take(zone)) != NULL)
		block_merge(page, 0);
}

/* Take a block that begins at page `last` or below.  Large blocks are few: they come first. */
static struct vm_page *block_take_below(struct zone *zone, unsigned int order, uint32_t last)
{
	loose_merge(zone);
	for (int found = VM_PAGE_ORDER_MAX; found >= (int)order; found--)
		queue_for_each(link, &zone->blocks[found]) {
			struct vm_page *page = container_of(link, struct vm_page, link);

			if (page_number(page) > last)
				continue;
			block_split(page, order);
			return page;
		}
	return NULL;
}

/* Give a block to its zone. */
static void zone_free(struct vm_page *page, unsigned int order, enum vm_page_state from)
{
	struct zone *zone = &zones[page->zone];
	uint32_t count = 1u << order;

	for (uint32_t i = 0; i < count; i++)
		page[i].state = PAGE_FREE_TAIL;
	assert(pages_in_state[from] >= count);
	pages_in_state[from] -= count;
	pages_in_state[PAGE_FREE] += count;
	zone->free += count;
	if (order > 0 || from == PAGE_RESERVED || zone->loose_count == LOOSE_MAX) {
		block_merge(page, order);
		return;
	}
	queue_insert_head(&zone->loose, &page->link);
	zone->loose_count++;
}

/* Take a block of a zone, or NULL; it may be a loose page. */
static struct vm_page *zone_take(struct zone *zone, unsigned int order)
{
	struct vm_page *page;

	if (zone->free < 1u << order)
		return NULL;
	page = order == 0 ? loose_take(zone) : NULL;
	if (page == NULL)
		page = block_take(zone, order);
	if (page == NULL && zone->loose_count > 0) {
		loose_merge(zone);
		page = block_take(zone, order);
	}
	return page;
}

/* A block that was taken from its zone, or NULL, is allocated.  Returns it. */
static inline struct vm_page *zone_taken(struct vm_page *page, unsigned int order)
{
	uint32_t count = 1u << order;

	if (page == NULL)
		return NULL;
	for (uint32_t i = 0; i < count; i++)
		page[i].state = PAGE_KERNEL;
	pages_in_state[PAGE_FREE] -= count;
	pages_in_state[PAGE_KERNEL] += count;
	zones[page->zone].free -= count;
	return page;
}

/* --- Allocation ------------------------------------------------------------------ */

struct vm_page *vm_page_alloc(enum vm_zone highest, unsigned int order)
{
	struct vm_page *page = NULL;

	assert(order <= VM_PAGE_ORDER_MAX);
	spin_lock(&page_lock);
	for (int z = highest; page == NULL && z >= 0; z--)
		page = zone_taken(zone_take(&zones[z], order), order);
	spin_unlock(&page_lock);
	for (uint32_t i = 0; page != NULL && i < 1u << order; i++)
		page_check_poison(&page[i]);
	return page;
}

uint32_t vm_page_free_count(void)
{
	return pages_in_state[PAGE_FREE];
}

uint32_t vm_page_user_reserve(void)
{
	return user_reserve;
}

void vm_page_on_low(uint32_t level, void (*function)(void))
{
	on_low = function;
	low_level = level;
}

static inline uint32_t low_memory_free(void)
{
	return zones[VM_ZONE_DMA].free + zones[VM_ZONE_DIRECT].free;
}

bool vm_page_user_available(void)
{
	return zones[VM_ZONE_HIGH].free != 0 || low_memory_free() > user_reserve;
}

bool vm_page_users_can_have(uint32_t pages)
{
	uint32_t low = low_memory_free();

	return zones[VM_ZONE_HIGH].free + (low > user_reserve ? low - user_reserve : 0) >= pages;
}

/* Does a block for users leave the reserve in its zone alone? */
static bool spares_reserve(int zone, unsigned int order)
{
	return zone == VM_ZONE_HIGH || low_memory_free() >= user_reserve + (1u << order);
}

struct vm_page *vm_page_alloc_user_below(uint32_t last, unsigned int order)
{
	struct vm_page *page = NULL;

	assert(order <= VM_PAGE_ORDER_MAX);
	spin_lock(&page_lock);
	for (int z = zone_of(last); page == NULL && z >= 0; z--)
		if (spares_reserve(z, order))
			page = zone_taken(block_take_below(&zones[z], order, last), order);
	spin_unlock(&page_lock);
	for (uint32_t i = 0; page != NULL && i < 1u << order; i++)
		page_check_poison(&page[i]);
	return page;
}

/* IPC leaves half of the reserve, too: that is for the kernel's own page tables and slabs. */
struct vm_page *vm_page_alloc_paging(void)
{
	if (!vm_page_user_available() && low_memory_free() <= user_reserve / 4)
		return NULL;
	return vm_page_alloc(VM_ZONE_HIGH, 0);
}

static __attribute__((noinline)) struct vm_page *alloc_in_need(void)
{
	struct thread *self = current_thread();

	if (on_low != NULL)
		on_low();
	if (vm_page_user_available())
		return vm_page_alloc(VM_ZONE_HIGH, 0);
	if (self->vm_privileged)
		return vm_page_alloc_paging();
	self->page_short = true;
	return NULL;
}

struct vm_page *vm_page_alloc_user(void)
{
	/* A race with another CPU takes a page of the reserve: no harm. */
	if (__builtin_expect(!vm_page_user_available() || vm_page_free_count() < low_level, 0))
		return alloc_in_need();
	return vm_page_alloc(VM_ZONE_HIGH, 0);
}

bool vm_page_kernel_short(size_t bytes)
{
	return low_memory_free() < user_reserve / 2 + bytes / PAGE_BYTES;
}

bool vm_page_kernel_may_grow(void)
{
	struct thread *self;

	if (__builtin_expect(low_memory_free() > user_reserve / 8 * 3, 1))
		return true;
	self = current_thread();
	self->page_short |= !self->vm_privileged;
	return self->vm_privileged;
}

static void page_check_free(struct vm_page *page, enum vm_page_state from)
{
	assert(page->state == from);
	(void)from;
	assert(page->wire_count == 0);
	page_poison(page);
}

void vm_page_free(struct vm_page *page, unsigned int order)
{
	assert(order <= VM_PAGE_ORDER_MAX && page_number(page) % (1u << order) == 0);
	for (uint32_t i = 0; i < 1u << order; i++)
		page_check_free(&page[i], PAGE_KERNEL);
	spin_lock(&page_lock);
	zone_free(page, order, PAGE_KERNEL);
	spin_unlock(&page_lock);
}

void vm_page_free_object(struct vm_page *page)
{
	page_check_free(page, PAGE_OBJECT);
	spin_lock(&page_lock);
	zone_free(page, 0, PAGE_OBJECT);
	spin_unlock(&page_lock);
}

void vm_page_set_state(struct vm_page *page, enum vm_page_state state)
{
	assert(page->state >= PAGE_KERNEL && state >= PAGE_KERNEL);
	spin_lock(&page_lock);
	pages_in_state[page->state]--;
	pages_in_state[state]++;
	page->state = (uint8_t)state;
	if (state == PAGE_OBJECT) {
		page->mappings = NULL;
		page->referenced = page->modified = false;
	}
	spin_unlock(&page_lock);
}

void vm_page_wire(struct vm_page *page)
{
	assert(page->state >= PAGE_KERNEL && page->wire_count < UINT16_MAX);
	spin_lock(&page_lock);
	if (page->wire_count++ == 0)
		pages_wired++;
	spin_unlock(&page_lock);
}

void vm_page_unwire(struct vm_page *page)
{
	assert(page->state >= PAGE_KERNEL && page->wire_count > 0);
	spin_lock(&page_lock);
	if (--page->wire_count == 0)
		pages_wired--;
	spin_unlock(&page_lock);
}

void vm_page_peek_counts(struct vm_page_counts *counts)
{
	*counts = (struct vm_page_counts){ 0 };
	for (int z = 0; z < VM_ZONES; z++) {
		counts->zone_total[z] = zones[z].total;
		counts->zone_free[z] = zones[z].free;
		counts->total += zones[z].total;
	}
	counts->free = pages_in_state[PAGE_FREE];
	counts->kernel = pages_in_state[PAGE_KERNEL] + pages_in_state[PAGE_SLAB];
	counts->object = pages_in_state[PAGE_OBJECT];
	counts->reserved = pages_in_state[PAGE_RESERVED];
	counts->wired = pages_wired;
}

void vm_page_get_counts(struct vm_page_counts *counts)
{
	spin_lock(&page_lock);
	vm_page_peek_counts(counts);
	spin_unlock(&page_lock);
}

/* --- Start-up ---------------------------------------------------------------------- */

/* Ranges that are used when the kernel starts: image, modules, page array, the first page. */
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
		segments[segment_count].first = (uint32_t)first;
		segments[segment_count++].end = (uint32_t)end;
		total += (uint32_t)(end - first);
	}
	return total;
}

/* Give a segment its part of the page array, which is all zero. */
static void segment_init(unsigned int index, struct vm_page *pages)
{
	struct segment *segment = &segments[index];

	segment->pages = pages;
	for (uint32_t n = segment->first; n < segment->end; n++, pages++) {
		pages->segment = (uint8_t)index;
		pages->zone = (uint8_t)zone_of(n);
		queue_link_init(&pages->link);
		zones[pages->zone].total++;
	}
	pages_in_state[PAGE_RESERVED] += segment->end - segment->first;
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
	for (unsigned int i = 0; i < segment_count; i++) {
		segment_init(i, pages);
		pages += segments[i].end - segments[i].first;
	}
}

/* The largest block that begins at page n and does not end beyond `end`. */
static unsigned int largest_order(uint32_t n, uint32_t end)
{
	unsigned int order = 0;

	while (order < VM_PAGE_ORDER_MAX && n % (2u << order) == 0 && end - n >= 2u << order)
		order++;
	return order;
}

/* Free pages [first, end) of a segment, which are PAGE_RESERVED. */
static void segment_free(struct segment *segment, uint32_t first, uint32_t end)
{
	while (first < end) {
		unsigned int order = largest_order(first, end);

		zone_free(segment_page(segment, first), order, PAGE_RESERVED);
		first += 1u << order;
	}
}

/* Free the runs of reserved pages in [first, end) of a segment. */
static void segment_free_reserved(struct segment *segment, uint32_t first, uint32_t end)
{
	while (first < end) {
		uint32_t stop = first;

		while (stop < end && segment_page(segment, stop)->state == PAGE_RESERVED)
			stop++;
		segment_free(segment, first, stop);
		first = stop + 1;
	}
}

void vm_page_boot_free(phys_addr_t start, phys_addr_t end)
{
	uint64_t first = round_phys(start) >> PAGE_SHIFT, stop = end >> PAGE_SHIFT;

	spin_lock(&page_lock);
	for (unsigned int i = 0; i < segment_count; i++) {
		struct segment *s = &segments[i];

		if (first < s->end && stop > s->first)
			segment_free_reserved(s, first > s->first ? (uint32_t)first : s->first,
					      stop < s->end ? (uint32_t)stop : s->end);
	}
	spin_unlock(&page_lock);
}

/* Free what is not used of a range. */
static void free_unused(phys_addr_t start, phys_addr_t end)
{
	const struct boot_range *hit;

	while (start < end && (hit = first_used(start, end)) != NULL) {
		if (hit->start > start)
			vm_page_boot_free(start, hit->start);
		start = hit->end;
	}
	if (start < end)
		vm_page_boot_free(start, end);
}

void vm_page_boot(const struct boot_info *info)
{
	for (int z = 0; z < VM_ZONES; z++) {
		queue_init(&zones[z].loose);
		for (int order = 0; order <= VM_PAGE_ORDER_MAX; order++)
			queue_init(&zones[z].blocks[order]);
	}

	use_range(0, PAGE_BYTES);	/* the firmware's, and no page has address 0 */
	use_range(info->kernel_start, info->kernel_end);
	for (unsigned int i = 0; i < info->modules; i++)
		use_range(info->module[i].start, info->module[i].start + info->module[i].size);
	make_page_array(info);
	for (unsigned int i = 0; i < info->memory_ranges; i++)
		free_unused(info->memory[i].start, info->memory[i].end);

	user_reserve = zones[VM_ZONE_DMA].total + zones[VM_ZONE_DIRECT].total;
	user_reserve >>= USER_RESERVE_SHIFT;
	if (user_reserve < USER_RESERVE_MIN)
		user_reserve = USER_RESERVE_MIN;
}
