/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The buddy allocator.
 *
 * Memory comes in segments (vm/page_segments.h).  Free blocks are 1 << order pages, aligned to
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
#include <vm/page_segments.h>
#include <vm/pmap.h>

#define USER_RESERVE_SHIFT 6		/* of kernel-usable memory, users leave 1/64 */
#define USER_RESERVE_MIN 256u

#define LOOSE_MAX 32u

#define POISON 0xA5

struct zone {
	struct queue blocks[VM_PAGE_ORDER_MAX + 1];	/* free, by order */
	struct queue loose;		/* single pages, not merged; the last that came is first */
	uint32_t loose_count;
	uint32_t free, total;		/* pages, the loose ones too */
};

/* Constant after vm_page_boot. */
static uint32_t user_reserve;
static uint32_t low_level;
static void (*on_low)(void);

static struct spin_lock page_lock = SPIN_LOCK_INIT(LOCK_PAGE);	/* guards what follows */
static struct zone zones[VM_ZONES];
static uint32_t pages_in_state[PAGE_STATES];	/* PAGE_FREE: with tails */
static uint32_t pages_wired;

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
static struct vm_page *free_buddy(const struct vm_page_segment *segment, uint32_t number,
				  unsigned int order)
{
	struct vm_page *buddy = vm_page_of_segment(segment, number ^ (1u << order));

	if (buddy == NULL || buddy->state != PAGE_FREE || buddy->order != order)
		return NULL;
	return buddy;
}

/* Put back a block, all of whose pages are tails. */
static void block_merge(struct vm_page *page, unsigned int order)
{
	const struct vm_page_segment *segment = &vm_page_segments[page->segment];
	uint32_t number = vm_page_number(page);
	struct vm_page *buddy;

	while (order < VM_PAGE_ORDER_MAX &&
	       (buddy = free_buddy(segment, number, order)) != NULL) {
		block_remove(buddy);
		number &= ~(1u << order++);
	}
	block_insert(vm_page_of_segment(segment, number), order);
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

			if (vm_page_number(page) > last)
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
	for (int z = vm_page_zone_of(last); page == NULL && z >= 0; z--)
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
	assert(order <= VM_PAGE_ORDER_MAX && vm_page_number(page) % (1u << order) == 0);
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

/* The largest block that begins at page n and does not end beyond `end`. */
static unsigned int largest_order(uint32_t n, uint32_t end)
{
	unsigned int order = 0;

	while (order < VM_PAGE_ORDER_MAX && n % (2u << order) == 0 && end - n >= 2u << order)
		order++;
	return order;
}

/* Free pages [first, end) of a segment, which are PAGE_RESERVED. */
static void segment_free(struct vm_page_segment *segment, uint32_t first, uint32_t end)
{
	while (first < end) {
		unsigned int order = largest_order(first, end);

		zone_free(vm_page_of_segment(segment, first), order, PAGE_RESERVED);
		first += 1u << order;
	}
}

/* Free the runs of reserved pages in [first, end) of a segment. */
static void segment_free_reserved(struct vm_page_segment *segment, uint32_t first, uint32_t end)
{
	while (first < end) {
		uint32_t stop = first;

		while (stop < end && vm_page_of_segment(segment, stop)->state == PAGE_RESERVED)
			stop++;
		segment_free(segment, first, stop);
		first = stop + 1;
	}
}

void vm_page_boot_free(phys_addr_t start, phys_addr_t end)
{
	uint64_t first = round_phys(start) >> PAGE_SHIFT, stop = end >> PAGE_SHIFT;

	spin_lock(&page_lock);
	for (unsigned int i = 0; i < vm_page_segment_count; i++) {
		struct vm_page_segment *s = &vm_page_segments[i];

		if (first < s->end && stop > s->first)
			segment_free_reserved(s, first > s->first ? (uint32_t)first : s->first,
					      stop < s->end ? (uint32_t)stop : s->end);
	}
	spin_unlock(&page_lock);
}

/* All pages are reserved at first. */
static void count_pages(void)
{
	for (unsigned int i = 0; i < vm_page_segment_count; i++) {
		const struct vm_page_segment *s = &vm_page_segments[i];

		for (uint32_t n = s->first; n < s->end; n++)
			zones[vm_page_zone_of(n)].total++;
		pages_in_state[PAGE_RESERVED] += s->end - s->first;
	}
}

static void free_unused(const struct boot_range *range)
{
	struct boot_range unused = { .end = range->start };

	while (vm_page_next_unused(&unused, range->end))
		vm_page_boot_free(unused.start, unused.end);
}

void vm_page_boot(const struct boot_info *info)
{
	for (int z = 0; z < VM_ZONES; z++) {
		queue_init(&zones[z].loose);
		for (int order = 0; order <= VM_PAGE_ORDER_MAX; order++)
			queue_init(&zones[z].blocks[order]);
	}

	vm_page_segments_make(info);
	count_pages();
	for (unsigned int i = 0; i < info->memory_ranges; i++)
		free_unused(&info->memory[i]);

	user_reserve = zones[VM_ZONE_DMA].total + zones[VM_ZONE_DIRECT].total;
	user_reserve >>= USER_RESERVE_SHIFT;
	if (user_reserve < USER_RESERVE_MIN)
		user_reserve = USER_RESERVE_MIN;
}
