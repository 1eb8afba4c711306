/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Kernel virtual memory.
 *
 * The kernel map is divided into ranges, free or used, without gaps; two free ones are never
 * neighbours.  They are in a tree by address, whose nodes know the largest free range below
 * them: the first range that is large enough is found in logarithmic time.
 *
 * A range is reserved first and its pages are mapped without the lock, since the lock of page
 * tables comes before it.
 */
#include <vm/kmem.h>

#include <kern/lock.h>
#include <kern/percpu.h>
#include <kern/rbtree.h>
#include <kern/slab.h>
#include <vm/pmap.h>

#define GUARD_BYTES PAGE_BYTES

/* Wherever a range of this size begins, an aligned stack and a page below it fit in. */
#define STACK_RANGE (2 * KSTACK_SIZE)

_Static_assert(STACK_RANGE >= KSTACK_SIZE + KSTACK_SIZE - PAGE_BYTES + GUARD_BYTES, "guard");

struct range {
	struct rb_node node;
	vm_offset_t start;
	vm_size_t size;
	bool free;
	vm_size_t largest;		/* free range in the subtree, 0: none */
};

static struct slab_cache range_cache;
static struct spin_lock kmem_lock = SPIN_LOCK_INIT(LOCK_KMEM);	/* guards what follows */
static struct rb_tree ranges;
static size_t pages_used;

static struct range *range_of(struct rb_node *node)
{
	return container_of(node, struct range, node);
}

static vm_size_t largest_below(struct rb_node *node)
{
	return node != NULL ? range_of(node)->largest : 0;
}

static bool update_largest(struct rb_node *node)
{
	struct range *range = range_of(node);
	vm_size_t left = largest_below(node->child[RB_LEFT]);
	vm_size_t right = largest_below(node->child[RB_RIGHT]);
	vm_size_t before = range->largest, largest = range->free ? range->size : 0;

	if (left > largest)
		largest = left;
	if (right > largest)
		largest = right;
	range->largest = largest;
	return largest != before;
}

/* --- Ranges; kmem_lock held ---------------------------------------------------- */

static void range_insert(struct range *range)
{
	struct rb_node *parent = NULL, **place = &ranges.root;

	while (*place != NULL) {
		parent = *place;
		place = &parent->child[range->start > range_of(parent)->start];
	}
	rb_insert(&ranges, &range->node, parent, place);
}

/* The range that an address of the kernel map lies in. */
static struct range *range_lookup(vm_offset_t va)
{
	struct rb_node *node = ranges.root;

	while (va - range_of(node)->start >= range_of(node)->size)
		node = node->child[va > range_of(node)->start];
	return range_of(node);
}

/* The free range with the lowest address of those with at least `size` bytes, or NULL. */
static struct range *range_first_fit(vm_size_t size)
{
	struct rb_node *node = ranges.root;

	if (largest_below(node) < size)
		return NULL;
	for (;;) {
		struct range *range = range_of(node);

		if (largest_below(node->child[RB_LEFT]) >= size)
			node = node->child[RB_LEFT];
		else if (range->free && range->size >= size)
			return range;
		else
			node = node->child[RB_RIGHT];
	}
}

/* Use the first `size` bytes of a free range; the rest, if any, becomes the range `rest`. */
static void range_use(struct range *range, vm_size_t size, struct range *rest)
{
	vm_size_t left = range->size - size;

	assert(range->free && range->size >= size);
	range->free = false;
	range->size = size;
	rb_update_path(&ranges, &range->node);
	if (left == 0)
		return;
	*rest = (struct range){ .start = range->start + size, .size = left, .free = true };
	range_insert(rest);
}

/* Append the neighbour after `range` to it if both are free; returns that one, to be freed. */
static struct range *range_merge_next(struct range *range)
{
	struct rb_node *node = rb_next(&range->node);
	struct range *next;

	if (node == NULL || !range->free || !range_of(node)->free)
		return NULL;
	next = range_of(node);
	rb_remove(&ranges, node);
	range->size += next->size;
	rb_update_path(&ranges, &range->node);
	return next;
}

/* --- Addresses --------------------------------------------------------------------- */

/* Reserve addresses; 0 when there are none, or no memory for the bookkeeping. */
static vm_offset_t addresses_alloc(vm_size_t size)
{
	struct range *rest = slab_alloc(&range_cache), *range;
	vm_offset_t start = 0;
	bool split = false;

	if (rest == NULL)
		return 0;
	spin_lock(&kmem_lock);
	range = range_first_fit(size);
	if (range != NULL) {
		start = range->start;
		split = range->size > size;
		range_use(range, size, rest);
	}
	spin_unlock(&kmem_lock);
	if (!split)
		slab_free(&range_cache, rest);
	return start;
}

/* Consumes the addresses that were reserved, of which va is one. */
static void addresses_free(vm_offset_t va, vm_size_t size)
{
	struct range *range, *next, *merged = NULL;
	struct rb_node *prev;

	spin_lock(&kmem_lock);
	range = range_lookup(va);
	if (range->free || range->size != size)
		panic("kmem: %lx is freed with the wrong size, or twice", (unsigned long)va);
	range->free = true;
	rb_update_path(&ranges, &range->node);
	next = range_merge_next(range);
	prev = rb_prev(&range->node);
	if (prev != NULL)
		merged = range_merge_next(range_of(prev));
	spin_unlock(&kmem_lock);
	if (next != NULL)
		slab_free(&range_cache, next);
	if (merged != NULL)
		slab_free(&range_cache, merged);
}

static void count_pages(size_t more, size_t fewer)
{
	spin_lock(&kmem_lock);
	pages_used += more;
	assert(pages_used >= fewer);
	pages_used -= fewer;
	spin_unlock(&kmem_lock);
}

/* --- Pages --------------------------------------------------------------------------- */

static void page_release(struct vm_page *page)
{
	vm_page_unwire(page);
	vm_page_free(page, 0);
}

/* Map a fresh page at va; false when memory is short, nothing changed then. */
static bool page_enter(vm_offset_t va)
{
	struct vm_page *page = NULL;

	if (vm_page_kernel_may_grow())
		page = vm_page_alloc(VM_ZONE_HIGH, 0);
	if (page == NULL)
		return false;
	vm_page_zero(page);
	vm_page_wire(page);
	if (pmap_enter(&kernel_pmap, va, vm_page_to_phys(page), VM_PROT_READ | VM_PROT_WRITE, true))
		return true;
	page_release(page);
	return false;
}

/* Unmap and free the pages of [start, end), all of which are mapped. */
static void pages_remove(vm_offset_t start, vm_offset_t end)
{
	struct queue pages;
	struct queue_link *link;
	phys_addr_t pa;

	queue_init(&pages);
	for (vm_offset_t va = start; va < end; va += PAGE_BYTES) {
		if (!pmap_extract(&kernel_pmap, va, &pa))
			panic("kmem: %lx is not mapped", (unsigned long)va);
		queue_insert_tail(&pages, &vm_page_from_phys(pa)->link);
	}
	pmap_remove(&kernel_pmap, start, end);
	while ((link = queue_take_first(&pages)) != NULL)
		page_release(container_of(link, struct vm_page, link));
	count_pages(0, (end - start) >> PAGE_SHIFT);
}

/* Map fresh pages at [start, end); false when memory is short, nothing changed then. */
static bool pages_enter(vm_offset_t start, vm_offset_t end)
{
	vm_offset_t va = start;

	while (va < end && page_enter(va))
		va += PAGE_BYTES;
	count_pages((va - start) >> PAGE_SHIFT, 0);
	if (va == end)
		return true;
	pages_remove(start, va);
	return false;
}

/* --- Interface ------------------------------------------------------------------------- */

void *kmem_alloc(size_t size)
{
	vm_size_t total;
	vm_offset_t start;

	assert(size > 0);
	if (size > KERNEL_MAP_END - KERNEL_MAP_START)
		return NULL;
	size = round_page(size);
	total = size + GUARD_BYTES;
	start = addresses_alloc(total);
	if (start == 0)
		return NULL;
	if (!pages_enter(start, start + size)) {
		addresses_free(start, total);
		return NULL;
	}
	return (void *)start;
}

void kmem_free(void *p, size_t size)
{
	vm_offset_t start = (vm_offset_t)p;

	size = round_page(size);
	pages_remove(start, start + size);
	addresses_free(start, size + GUARD_BYTES);
}

void *kmem_alloc_stack(void)
{
	vm_offset_t start = addresses_alloc(STACK_RANGE), stack;

	if (start == 0)
		return NULL;
	stack = (start + GUARD_BYTES + KSTACK_SIZE - 1) & ~(vm_offset_t)(KSTACK_SIZE - 1);
	if (!pages_enter(stack, stack + KSTACK_SIZE)) {
		addresses_free(start, STACK_RANGE);
		return NULL;
	}
	return (void *)stack;
}

void kmem_free_stack(void *stack)
{
	vm_offset_t va = (vm_offset_t)stack;

	pages_remove(va, va + KSTACK_SIZE);
	addresses_free(va, STACK_RANGE);
}

size_t kmem_pages_used(void)
{
	return pages_used;
}

void kmem_init(void)
{
	struct range *all;

	slab_cache_init(&range_cache, "kmem_range", sizeof(struct range), 0);
	all = slab_alloc(&range_cache);
	if (all == NULL)
		panic("kmem: no memory");
	*all = (struct range){
		.start = KERNEL_MAP_START,
		.size = KERNEL_MAP_END - KERNEL_MAP_START,
		.free = true,
	};
	rb_tree_init(&ranges, update_largest);
	range_insert(all);
}
