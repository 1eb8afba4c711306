/* SPDX-License-Identifier: BSD-2-Clause */
#include <vm/object_away.h>

#include <kern/slab.h>
#include <kern/string.h>
#include <vm/pager.h>
#include <vm/store.h>

static struct slab_cache away_cache;
static struct vm_away **buckets;	/* constant, a power of two */
static uint32_t bucket_mask;
static struct spin_lock hash_lock = SPIN_LOCK_INIT(LOCK_LEAF);	/* guards all chains */

/* One bucket for each page of memory, as far as a block of pages goes. */
void vm_away_init(void)
{
	struct vm_page *block = NULL;
	struct vm_page_counts counts;
	unsigned int order = VM_PAGE_ORDER_MAX;

	slab_cache_init(&away_cache, "vm_away", sizeof(struct vm_away), 0);
	vm_page_get_counts(&counts);
	while (order > 0 && (PAGE_BYTES << order) / sizeof(*buckets) > counts.total)
		order--;
	while ((block = vm_page_alloc(VM_ZONE_DIRECT, order)) == NULL && order > 0)
		order--;
	if (block == NULL)
		panic("vm_object: no memory for the hash of pages that are out");
	buckets = vm_page_direct(block);
	memset(buckets, 0, PAGE_BYTES << order);
	bucket_mask = (PAGE_BYTES << order) / sizeof(*buckets) - 1;
}

uint32_t vm_away_total(void)
{
	return away_cache.live;
}

static struct vm_away **bucket(const struct vm_object *object, uint32_t index)
{
	uint32_t scatter = (uint32_t)((uintptr_t)object >> 4) * 0x9E3779B1u;

	return &buckets[((scatter >> 8) + index) & bucket_mask];
}

struct vm_away *vm_away_find(const struct vm_object *object, uint32_t index)
{
	struct vm_away *away;

	assert_locked(object->lock);
	spin_lock(&hash_lock);
	away = *bucket(object, index);
	while (away != NULL && (away->index != index || away->object != object))
		away = away->hash_next;
	spin_unlock(&hash_lock);
	return away;
}

static void attach(struct vm_object *object, struct vm_away *away)
{
	struct vm_away **head = bucket(object, away->index);

	away->object = object;
	queue_insert_tail(&object->away, &away->link);
	object->away_count++;
	spin_lock(&hash_lock);
	away->hash_next = *head;
	*head = away;
	spin_unlock(&hash_lock);
}

static void detach(struct vm_away *away)
{
	struct vm_object *object = away->object;
	struct vm_away **p = bucket(object, away->index);

	assert_locked(object->lock);
	spin_lock(&hash_lock);
	while (*p != away)
		p = &(*p)->hash_next;
	*p = away->hash_next;
	spin_unlock(&hash_lock);
	queue_remove(&away->link);
	object->away_count--;
	away->object = NULL;
}

struct vm_away *vm_away_create(struct vm_object *object, uint32_t index, struct vm_store *store,
			       uint32_t slot)
{
	struct vm_away *away = slab_alloc(&away_cache);

	if (away == NULL)
		return NULL;
	*away = (struct vm_away){ .index = index, .store = store, .slot = slot };
	attach(object, away);
	return away;
}

void vm_away_move(struct vm_away *away, struct vm_object *to)
{
	assert(away->object->lock == to->lock && !vm_object_has(to, away->index));
	detach(away);
	attach(to, away);
}

static void discard(struct vm_away *away, bool stale)
{
	vm_store_free_slot(away->store, away->slot, stale);
	slab_free(&away_cache, away);
}

void vm_away_free(struct vm_away *away)
{
	detach(away);
	if (away->request != NULL)
		vm_pager_unneeded(away->request);
	else
		discard(away, true);
}

void vm_away_arrived(struct vm_away *away)
{
	detach(away);
	discard(away, false);
}

void vm_away_answered(struct vm_away *away)
{
	away->request = NULL;
	if (away->object == NULL)
		discard(away, !away->came);
}

/* --- Walks --------------------------------------------------------------------------------- */

void vm_away_walk_begin(struct vm_away_walk *walk, struct vm_object *object, uint32_t first,
			uint32_t end)
{
	assert_locked(object->lock);
	walk->object = object;
	walk->first = first;
	walk->end = end;
	walk->mark.store = NULL;
	queue_link_init(&walk->mark.link);
	if (object->away_count > 0)
		queue_insert_head(&object->away, &walk->mark.link);
}

struct vm_away *vm_away_walk_next(struct vm_away_walk *walk)
{
	struct queue_link *link = walk->mark.link.next;

	if (!queue_linked(&walk->mark.link))
		return NULL;
	queue_remove(&walk->mark.link);
	for (; link != &walk->object->away.head; link = link->next) {
		struct vm_away *away = container_of(link, struct vm_away, link);

		if (away->store != NULL && away->index >= walk->first && away->index < walk->end) {
			queue_insert_after(link, &walk->mark.link);
			return away;
		}
	}
	return NULL;
}

void vm_away_walk_end(struct vm_away_walk *walk)
{
	queue_remove(&walk->mark.link);
}
