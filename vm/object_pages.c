/* SPDX-License-Identifier: BSD-2-Clause */
#include <vm/object_pages.h>

#include <kern/sched.h>
#include <kern/string.h>
#include <vm/object_away.h>
#include <vm/object_device.h>
#include <vm/pageout.h>
#include <vm/pmap.h>

#define BUCKETS_MIN_ORDER 0		/* 1 page of buckets */

static struct vm_page **buckets;	/* constant, a power of two */
static uint32_t bucket_mask;

/* Guards all chains, and what follows. */
static struct spin_lock pages_lock = SPIN_LOCK_INIT(LOCK_LEAF);
static struct queue queues[PAGE_QUEUES];	/* by queue_link; nothing is in the first */
static uint32_t queue_counts[PAGE_QUEUES];
static uint32_t laundry_count;

/* One bucket for two pages of memory, as far as one block of memory goes. */
void vm_object_pages_init(void)
{
	struct vm_page_counts counts;
	struct vm_page *block = NULL;
	unsigned int order = VM_PAGE_ORDER_MAX;

	vm_page_get_counts(&counts);
	while (order > 0 && (PAGE_BYTES << order) / sizeof(*buckets) > counts.total / 2)
		order--;
	while ((block = vm_page_alloc(VM_ZONE_DIRECT, order)) == NULL && order > 0)
		order--;
	if (block == NULL)
		panic("vm_object: no memory for the page hash");
	buckets = vm_page_direct(block);
	memset(buckets, 0, PAGE_BYTES << order);
	bucket_mask = (PAGE_BYTES << order) / sizeof(*buckets) - 1;
	for (int i = 0; i < PAGE_QUEUES; i++) {
		queue_init(&queues[i]);
		queue_counts[i] = 0;
	}
	laundry_count = 0;
}

/* --- Queues; pages_lock is held ------------------------------------------------------------ */

static inline void enqueue(struct vm_page *page, enum vm_page_queue which)
{
	page->queue = (uint8_t)which;
	queue_insert_tail(&queues[which], &page->queue_link);
	queue_counts[which]++;
}

static inline void dequeue(struct vm_page *page)
{
	if (page->queue == QUEUE_NONE)
		return;
	queue_remove(&page->queue_link);
	queue_counts[page->queue]--;
	page->queue = QUEUE_NONE;
}

struct vm_page *vm_page_queue_take(enum vm_page_queue which, struct spin_lock **lockp)
{
	struct vm_page *page = NULL;
	struct queue_link *link;

	spin_lock(&pages_lock);
	link = queue_first(&queues[which]);
	if (link != NULL) {
		page = container_of(link, struct vm_page, queue_link);
		queue_remove(link);
		queue_insert_tail(&queues[which], link);
		*lockp = page->object->lock;
		if (!spin_try_lock(*lockp))
			page = NULL;
	}
	spin_unlock(&pages_lock);
	return page;
}

void vm_page_requeue(struct vm_page *page, enum vm_page_queue which)
{
	assert_locked(page->object->lock);
	spin_lock(&pages_lock);
	if (page->queue != QUEUE_NONE) {
		dequeue(page);
		enqueue(page, which);
	}
	spin_unlock(&pages_lock);
}

uint32_t vm_page_queue_count(enum vm_page_queue which)
{
	return queue_counts[which];
}

uint32_t vm_page_laundry_count(void)
{
	return laundry_count;
}

/* --- Finding pages ------------------------------------------------------------------------ */

static struct vm_page **bucket(const struct vm_object *object, uint32_t index)
{
	uint32_t scatter = (uint32_t)((uintptr_t)object >> 4) * 0x9E3779B1u;

	return &buckets[((scatter >> 8) + index) & bucket_mask];
}

uint32_t vm_object_pages_buckets(void)
{
	return bucket_mask + 1;
}

uint32_t vm_object_pages_chain(uint32_t n)
{
	uint32_t length = 0;

	spin_lock(&pages_lock);
	for (const struct vm_page *page = buckets[n]; page != NULL; page = page->hash_next)
		length++;
	spin_unlock(&pages_lock);
	return length;
}

struct vm_page *vm_object_page(const struct vm_object *object, uint32_t index)
{
	struct vm_page *page;

	assert_locked(object->lock);
	if (object->resident == 0)
		return NULL;
	spin_lock(&pages_lock);
	page = *bucket(object, index);
	while (page != NULL && (page->offset != index || page->object != object))
		page = page->hash_next;
	spin_unlock(&pages_lock);
	return page;
}

struct vm_page *vm_object_view(const struct vm_object *object, uint32_t index)
{
	struct vm_page *page = NULL;

	for (; object != NULL; object = object->shadow) {
		if (object->resident > 0)
			page = vm_object_page(object, index);
		if (page != NULL || vm_object_away(object, index) != NULL)
			break;
	}
	return page;
}

/* --- Coming and going ------------------------------------------------------------------------ */

static void page_attach(struct vm_object *object, struct vm_page *page)
{
	struct vm_page **head = bucket(object, page->offset);

	page->object = object;
	queue_insert_tail(&object->pages, &page->link);
	object->resident++;
	spin_lock(&pages_lock);
	page->hash_next = *head;
	*head = page;
	if ((page->paging & PAGING_LAUNDRY) == 0 && !page->device)
		enqueue(page, QUEUE_ACTIVE);
	spin_unlock(&pages_lock);
}

static void page_detach(struct vm_object *object, struct vm_page *page)
{
	struct vm_page **p = bucket(object, page->offset);

	assert(page->object == object && object->resident > 0);
	spin_lock(&pages_lock);
	while (*p != page)
		p = &(*p)->hash_next;
	*p = page->hash_next;
	dequeue(page);
	spin_unlock(&pages_lock);
	queue_remove(&page->link);
	object->resident--;
}

void vm_object_insert(struct vm_object *object, uint32_t index, struct vm_page *page)
{
	assert(!vm_object_has(object, index));
	if (!page->device)
		vm_page_set_state(page, PAGE_OBJECT);
	page->queue = QUEUE_NONE;
	page->offset = index;
	page->mappings = NULL;
	page->paging = 0;
	page_attach(object, page);
}

void vm_object_move_page_to(struct vm_object *from, struct vm_object *to, struct vm_page *page,
			    uint32_t index)
{
	assert(from->lock == to->lock && page->wire_count == 0);
	assert(!vm_object_has(to, index));
	page_detach(from, page);
	page->offset = index;
	page->paging &= PAGING_LAUNDRY;
	page_attach(to, page);
}

void vm_object_move_page(struct vm_object *from, struct vm_object *to, struct vm_page *page)
{
	vm_object_move_page_to(from, to, page, page->offset);
}

void vm_object_launder(struct vm_object *object, struct vm_object *to, struct vm_page *page,
		       uint32_t index)
{
	page->paging |= PAGING_LAUNDRY;
	__atomic_fetch_add(&laundry_count, 1, __ATOMIC_RELAXED);
	vm_object_move_page_to(object, to, page, index);
}

void vm_object_unlaunder(struct vm_object *from, struct vm_object *object, struct vm_page *page,
			 uint32_t index)
{
	page->paging = 0;
	__atomic_fetch_sub(&laundry_count, 1, __ATOMIC_RELAXED);
	vm_object_move_page_to(from, object, page, index);
}

static void page_remove(struct vm_object *object, struct vm_page *page)
{
	assert(page->mappings == NULL && page->wire_count == 0);
	page_detach(object, page);
	if ((page->paging & PAGING_LAUNDRY) != 0) {
		__atomic_fetch_sub(&laundry_count, 1, __ATOMIC_RELAXED);
		vm_pageout_laundered();
	}
}

void vm_object_free_page(struct vm_object *object, struct vm_page *page)
{
	if (page->device) {
		page_detach(object, page);
		vm_device_page_free(page);
		return;
	}
	page_remove(object, page);
	vm_page_free_object(page);
}

struct vm_page *vm_object_take_page(struct vm_object *object, uint32_t index)
{
	struct vm_page *page = vm_object_page(object, index);

	if (page == NULL || page->mappings != NULL || page->wire_count > 0 ||
	    object->entry_count != 1 || object->holds > 0 || object->pager != NULL ||
	    !queue_empty(&object->snapshots))
		return NULL;
	pmap_page_clear_modified(page);
	page_remove(object, page);
	vm_page_set_state(page, PAGE_KERNEL);
	return page;
}

struct vm_page *vm_object_fill(struct vm_object *object, uint32_t index, struct vm_page *source)
{
	struct vm_page *page = vm_page_alloc_user();

	if (page == NULL)
		return NULL;
	if (source != NULL)
		vm_page_copy(source, page);
	else
		vm_page_zero(page);
	vm_object_insert(object, index, page);
	return page;
}

void vm_object_wire(struct vm_object *object, struct vm_page *page)
{
	assert_locked(object->lock);
	assert(page->object == object);
	vm_page_wire(page);
	object->wirings++;
	if (page->wire_count > 1)
		return;
	spin_lock(&pages_lock);
	dequeue(page);
	spin_unlock(&pages_lock);
}

void vm_object_unwire(struct vm_object *object, struct vm_page *page)
{
	assert_locked(object->lock);
	assert(page->object == object && object->wirings > 0);
	object->wirings--;
	vm_page_unwire(page);
	if (page->wire_count > 0 || (page->paging & PAGING_LAUNDRY) != 0)
		return;
	spin_lock(&pages_lock);
	enqueue(page, QUEUE_ACTIVE);
	spin_unlock(&pages_lock);
}

/* --- Walks ------------------------------------------------------------------- */

void vm_page_walk_begin(struct vm_page_walk *walk, struct vm_object *object, uint32_t first,
			uint32_t end)
{
	assert_locked(object->lock);
	walk->object = object;
	walk->first = first;
	walk->end = end;
	walk->in_vain = 0;
	walk->by_index = end - first <= object->resident;
	walk->mark.state = PAGE_RESERVED;
	queue_link_init(&walk->mark.link);
	if (!walk->by_index)
		queue_insert_head(&object->pages, &walk->mark.link);
}

static struct vm_page *next_by_index(struct vm_page_walk *walk)
{
	struct vm_page *page;

	while (walk->first < walk->end) {
		page = vm_object_page(walk->object, walk->first++);
		if (page != NULL)
			return page;
		vm_object_breathe(walk->object, &walk->in_vain);
	}
	return NULL;
}

static struct vm_page *next_by_list(struct vm_page_walk *walk)
{
	struct queue_link *link;

	while ((link = walk->mark.link.next) != &walk->object->pages.head) {
		struct vm_page *page = container_of(link, struct vm_page, link);

		queue_remove(&walk->mark.link);
		queue_insert_after(link, &walk->mark.link);
		/* Not another walk's mark. */
		if (page->state == PAGE_OBJECT && page->offset >= walk->first &&
		    page->offset < walk->end)
			return page;
		vm_object_breathe(walk->object, &walk->in_vain);
	}
	queue_remove(&walk->mark.link);
	return NULL;
}

/* An ended walk by list has its mark in no list, and finds the mark itself behind it. */
struct vm_page *vm_page_walk_next(struct vm_page_walk *walk)
{
	assert_locked(walk->object->lock);
	if (walk->by_index)
		return next_by_index(walk);
	if (!queue_linked(&walk->mark.link))
		return NULL;
	return next_by_list(walk);
}

void vm_page_walk_end(struct vm_page_walk *walk)
{
	queue_remove(&walk->mark.link);
}

void vm_object_breathe(struct vm_object *object, uint32_t *count)
{
	struct spin_lock *lock = object->lock;

	assert(object->holds > 0 || object->dissolving);
	if (++*count % OBJECT_BATCH != 0)
		return;
	spin_unlock(lock);
	preemption_point();
	spin_lock(lock);
}
