/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Slab caches.
 *
 * A slab is a block of pages, cut into objects.  The struct vm_page of its first page holds
 * the slab's list link, its free objects and the number of those that are not free.  Objects in
 * the magazine count as used there, but not as live in the cache.
 *
 * An object that is free, in the magazine or in its slab, is filled with POISON_FREE in debug
 * builds, and its red zone with RED_FREE; the first word of one in its slab links it.
 */
#include <kern/slab.h>

#include <kern/sanitize.h>
#include <kern/string.h>
#include <vm/page.h>

#define MIN_ALIGN 8
#define MAX_SLAB_ORDER 3
#define REFILL (SLAB_MAGAZINE / 2)

#define RED_ZONE_MIN 4
#define POISON_FREE 0xA5
#define POISON_NEW 0x5A
#define RED_LIVE 0xBB
#define RED_FREE 0xCC

static struct queue all_caches = { { &all_caches.head, &all_caches.head } };
static struct spin_lock all_caches_lock = SPIN_LOCK_INIT(LOCK_LEAF);

static unsigned int fail_countdown;

/* --- Poison and red zones ---------------------------------------------------- */

static bool filled_with(const uint8_t *p, uint8_t value, size_t size)
{
	uint32_t expected = value * 0x01010101u, word;

	for (; size >= sizeof word; size -= sizeof word, p += sizeof word) {
		memcpy(&word, p, sizeof word);
		if (word != expected)
			return false;
	}
	while (size > 0)
		if (p[--size] != value)
			return false;
	return true;
}

static uint8_t *red_zone_of(const struct slab_cache *cache, void *object)
{
	return (uint8_t *)object + cache->stride - cache->red_zone;
}

/* An object becomes free: nobody may touch it. */
static void object_forbid(const struct slab_cache *cache, void *object)
{
	memory_permit(object, cache->stride);
	memset(object, POISON_FREE, cache->size);
	memset(red_zone_of(cache, object), RED_FREE, cache->red_zone);
	memory_forbid(object, cache->stride);
}

/* A free object, unlinked, is about to be handed out. */
static void object_permit(const struct slab_cache *cache, void *object)
{
	uint8_t *red_zone = red_zone_of(cache, object);

	memory_permit(object, cache->stride);
	if (!filled_with(object, POISON_FREE, cache->size) ||
	    !filled_with(red_zone, RED_FREE, cache->red_zone))
		panic("slab %s: %p written while free", cache->name, object);
	memset(object, POISON_NEW, cache->size);
	memset(red_zone, RED_LIVE, cache->red_zone);
	memory_forbid(red_zone, cache->red_zone);
}

/* --- Slabs; the cache's lock held ---------------------------------------------- */

static size_t slab_bytes(const struct slab_cache *cache)
{
	return (size_t)PAGE_BYTES << cache->slab_order;
}

/* The slab that an object lies in: blocks are aligned to their size. */
static struct vm_page *slab_of(const struct slab_cache *cache, const void *object)
{
	phys_addr_t pa = direct_to_phys(object) & ~(phys_addr_t)(slab_bytes(cache) - 1);
	struct vm_page *slab = vm_page_from_phys(pa);

	assert(slab != NULL && slab->state == PAGE_SLAB && slab->slab == cache);
	return slab;
}

NO_SANITIZE static void slab_push(struct vm_page *slab, void *object)
{
	*(void **)object = slab->free_objects;
	slab->free_objects = object;
}

/* Take a free object; in debug builds it is then filled all over. */
NO_SANITIZE static void *slab_pop(struct vm_page *slab)
{
	void *object = slab->free_objects;

	slab->free_objects = *(void **)object;
	if (DEBUG)
		*(uint32_t *)object = POISON_FREE * 0x01010101u;
	return object;
}

static void slab_set_pages(struct vm_page *slab, struct slab_cache *cache, enum vm_page_state state)
{
	for (unsigned int i = 0; i < 1u << cache->slab_order; i++) {
		vm_page_set_state(&slab[i], state);
		slab[i].slab = cache;
	}
}

/* Make a slab whose objects are all free; NULL when there are no pages. */
static struct vm_page *slab_create(struct slab_cache *cache)
{
	struct vm_page *slab = NULL;
	char *base;

	if (vm_page_kernel_may_grow())
		slab = vm_page_alloc(VM_ZONE_DIRECT, cache->slab_order);
	if (slab == NULL)
		return NULL;
	slab_set_pages(slab, cache, PAGE_SLAB);
	slab->free_objects = NULL;
	slab->used_objects = 0;
	base = vm_page_direct(slab);
	for (unsigned int i = cache->per_slab; i-- > 0;) {
		if (DEBUG)
			object_forbid(cache, base + i * cache->stride);
		slab_push(slab, base + i * cache->stride);
	}
	cache->slabs++;
	return slab;
}

/* Consumes a slab without used objects, which is in no list. */
static void slab_destroy(struct slab_cache *cache, struct vm_page *slab)
{
	assert(slab->used_objects == 0);
	memory_permit(vm_page_direct(slab), slab_bytes(cache));
	slab_set_pages(slab, cache, PAGE_KERNEL);
	vm_page_free(slab, cache->slab_order);
	cache->slabs--;
}

/* A slab with a free object, now in no list; NULL when there is no memory. */
static struct vm_page *slab_get(struct slab_cache *cache)
{
	struct queue_link *link = queue_take_first(&cache->partial);

	if (link == NULL)
		link = queue_take_first(&cache->empty);
	return link != NULL ? container_of(link, struct vm_page, link) : slab_create(cache);
}

/* Put a slab, which is in no list, where it belongs; one empty slab is kept. */
static void slab_put(struct slab_cache *cache, struct vm_page *slab)
{
	if (slab->used_objects == cache->per_slab)
		queue_insert_head(&cache->full, &slab->link);
	else if (slab->used_objects > 0)
		queue_insert_head(&cache->partial, &slab->link);
	else if (queue_empty(&cache->empty))
		queue_insert_head(&cache->empty, &slab->link);
	else
		slab_destroy(cache, slab);
}

/* Give an object back to its slab. */
static void slab_return(struct slab_cache *cache, void *object)
{
	struct vm_page *slab = slab_of(cache, object);

	assert(slab->used_objects > 0);
	slab_push(slab, object);
	slab->used_objects--;
	queue_remove(&slab->link);
	slab_put(cache, slab);
}

/* --- Magazines -------------------------------------------------------------------- */

/* Fill the empty magazine half; it stays empty when there is no memory. */
static void magazine_refill(struct slab_cache *cache)
{
	spin_lock(&cache->lock);
	while (cache->magazine_count < REFILL) {
		struct vm_page *slab = slab_get(cache);

		if (slab == NULL)
			break;
		while (cache->magazine_count < REFILL && slab->free_objects != NULL) {
			cache->magazine[cache->magazine_count++] = slab_pop(slab);
			slab->used_objects++;
		}
		slab_put(cache, slab);
	}
	spin_unlock(&cache->lock);
}

/* Give objects back to the slabs until `keep` are left. */
static void magazine_drain(struct slab_cache *cache, unsigned int keep)
{
	spin_lock(&cache->lock);
	while (cache->magazine_count > keep)
		slab_return(cache, cache->magazine[--cache->magazine_count]);
	spin_unlock(&cache->lock);
}

/* --- Checks of debug builds -------------------------------------------------------- */

/* Is an object in the magazine, or free in its slab? */
NO_SANITIZE static bool object_is_free(const struct slab_cache *cache, const void *object)
{
	void *p = slab_of(cache, object)->free_objects;

	for (unsigned int i = 0; i < cache->magazine_count; i++)
		if (cache->magazine[i] == object)
			return true;
	while (p != NULL && p != object)
		p = *(void **)p;
	return p != NULL;
}

/*
 * The caller hands in an object that must be live and whole.  Where there is a red zone it
 * tells, else lists are searched: objects with large alignment are few to a slab.
 */
static void object_check_live(const struct slab_cache *cache, void *object)
{
	uint8_t *red_zone = red_zone_of(cache, object);

	slab_of(cache, object);
	memory_permit(red_zone, cache->red_zone);
	if (cache->red_zone > 0 && filled_with(red_zone, RED_LIVE, cache->red_zone))
		return;
	if (object_is_free(cache, object))
		panic("slab %s: %p freed twice", cache->name, object);
	if (cache->red_zone > 0)
		panic("slab %s: %p written behind its end", cache->name, object);
}

/* --- Interface ---------------------------------------------------------------------- */

void slab_fail_after(unsigned int n)
{
	fail_countdown = n;
}

unsigned int slab_fail_pending(void)
{
	return fail_countdown;
}

bool slab_fails_now(void)
{
	return DEBUG && fail_countdown != 0 && --fail_countdown == 0;
}

static inline void *magazine_take(struct slab_cache *cache)
{
	void *object = cache->magazine[--cache->magazine_count];

	if (++cache->live > cache->peak)
		cache->peak = cache->live;
	if (DEBUG)
		object_permit(cache, object);
	return object;
}

/* The slow ways are functions of their own, so that the fast ones save no registers. */
static __attribute__((noinline)) void *alloc_slowly(struct slab_cache *cache)
{
	magazine_refill(cache);
	return cache->magazine_count > 0 ? magazine_take(cache) : NULL;
}

void *slab_alloc(struct slab_cache *cache)
{
	if (slab_fails_now())
		return NULL;
	if (__builtin_expect(cache->magazine_count == 0, 0))
		return alloc_slowly(cache);
	return magazine_take(cache);
}

void *slab_zalloc(struct slab_cache *cache)
{
	void *object = slab_alloc(cache);

	if (object != NULL)
		memset(object, 0, cache->size);
	return object;
}

static inline void magazine_give(struct slab_cache *cache, void *object)
{
	cache->magazine[cache->magazine_count++] = object;
	cache->live--;
}

static __attribute__((noinline)) void free_slowly(struct slab_cache *cache, void *object)
{
	magazine_drain(cache, SLAB_MAGAZINE - REFILL);
	magazine_give(cache, object);
}

void slab_free(struct slab_cache *cache, void *object)
{
	assert(cache->live > 0);
	if (DEBUG) {
		object_check_live(cache, object);
		object_forbid(cache, object);
	}
	if (__builtin_expect(cache->magazine_count == SLAB_MAGAZINE, 0))
		free_slowly(cache, object);
	else
		magazine_give(cache, object);
}

/* The smallest slab that wastes no more than an eighth. */
static unsigned int choose_order(size_t stride)
{
	unsigned int order = 0;

	while (order < MAX_SLAB_ORDER) {
		size_t bytes = (size_t)PAGE_BYTES << order;

		if (stride <= bytes && bytes % stride <= bytes / 8)
			break;
		order++;
	}
	return order;
}

/* How large an object is with what is put behind it. */
static size_t choose_stride(size_t size, size_t align)
{
	size_t red_zone = DEBUG && align <= SLAB_RED_ALIGN ? RED_ZONE_MIN : 0;

	return (size + red_zone + align - 1) & ~(align - 1);
}

void slab_cache_init(struct slab_cache *cache, const char *name, size_t size, size_t align)
{
	if (align < MIN_ALIGN)
		align = MIN_ALIGN;
	assert((align & (align - 1)) == 0 && align <= PAGE_BYTES);
	assert(size >= sizeof(void *));
	*cache = (struct slab_cache){ .name = name, .size = size };
	cache->stride = choose_stride(size, align);
	cache->red_zone = DEBUG && align <= SLAB_RED_ALIGN ? cache->stride - size : 0;
	cache->slab_order = choose_order(cache->stride);
	cache->per_slab = (unsigned int)(slab_bytes(cache) / cache->stride);
	assert(cache->per_slab > 0);
	spin_lock_init(&cache->lock, LOCK_SLAB);
	queue_init(&cache->partial);
	queue_init(&cache->full);
	queue_init(&cache->empty);
	spin_lock(&all_caches_lock);
	queue_insert_tail(&all_caches, &cache->caches);
	spin_unlock(&all_caches_lock);
}

/* Caches are never destroyed, and new ones come at the end: the walk needs no lock. */
void slab_for_each_cache(void (*visit)(struct slab_cache *cache, void *arg), void *arg)
{
	queue_for_each(link, &all_caches)
		visit(container_of(link, struct slab_cache, caches), arg);
}

static void reclaim_cache(struct slab_cache *cache, void *arg)
{
	struct queue_link *link;

	(void)arg;
	magazine_drain(cache, 0);
	spin_lock(&cache->lock);
	while ((link = queue_take_first(&cache->empty)) != NULL)
		slab_destroy(cache, container_of(link, struct vm_page, link));
	spin_unlock(&cache->lock);
}

void slab_reclaim(void)
{
	slab_for_each_cache(reclaim_cache, NULL);
}
