/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The life of objects: made for an entry, tied into a family, dissolved when no entry and at most
 * one snapshot is left.
 */
#include <vm/object.h>

#include <kern/slab.h>
#include <vm/object_away.h>
#include <vm/object_device.h>
#include <vm/object_family.h>
#include <vm/object_pages.h>
#include <vm/pager.h>
#include <vm/store.h>

/*
 * Families share a few locks, so that a lock outlives every object of its family.  Nobody
 * takes two of them.
 */
#define FAMILY_LOCKS 64

static struct spin_lock family_locks[FAMILY_LOCKS];
static uint32_t next_family_lock;	/* a race makes two families share one: no harm */
static struct slab_cache object_cache;

void vm_object_init(void)
{
	for (int i = 0; i < FAMILY_LOCKS; i++)
		spin_lock_init(&family_locks[i], LOCK_OBJECT);
	slab_cache_init(&object_cache, "vm_object", sizeof(struct vm_object), 0);
	vm_object_pages_init();
	vm_away_init();
	vm_device_pages_init();
}

uint32_t vm_object_count(void)
{
	return object_cache.live;
}

struct vm_object *vm_object_create(struct spin_lock *lock)
{
	struct vm_object *object = slab_zalloc(&object_cache);

	if (object == NULL)
		return NULL;
	if (lock == NULL)
		lock = &family_locks[next_family_lock++ % FAMILY_LOCKS];
	object->lock = lock;
	queue_init(&object->snapshots);
	queue_link_init(&object->sibling_link);
	queue_init(&object->pages);
	queue_init(&object->away);
	queue_init(&object->entries);
	object->first = UINT32_MAX;
	return object;
}

/* --- The tree ------------------------------------------------------------------ */

struct vm_object *vm_object_snapshot(const struct vm_object *object)
{
	struct queue_link *link = queue_first(&object->snapshots);

	return link == NULL ? NULL : container_of(link, struct vm_object, sibling_link);
}

static bool many_snapshots(const struct vm_object *object)
{
	const struct queue_link *head = &object->snapshots.head;

	return head->next != head->prev;
}

uint32_t vm_object_depth(const struct vm_object *object)
{
	uint32_t depth = 0;

	while ((object = object->shadow) != NULL)
		depth++;
	return depth;
}

/* Something of this height now stands on the object. */
static void raise_heights(struct vm_object *object, uint32_t height)
{
	for (; object != NULL && object->height <= height; object = object->shadow)
		object->height = ++height;
}

/* The height as the snapshots say; when there are many the old bound has to do. */
static uint32_t height_now(const struct vm_object *object)
{
	uint32_t height = 0, seen = 0;

	queue_for_each(l, &object->snapshots) {
		const struct vm_object *s = container_of(l, struct vm_object, sibling_link);

		if (++seen > OBJECT_SEARCH_MAX)
			return object->height;
		if (s->height >= height)
			height = s->height + 1;
	}
	return height;
}

/* Something on the object has gone. */
static void lower_heights(struct vm_object *object)
{
	for (; object != NULL; object = object->shadow) {
		uint32_t height = height_now(object);

		if (height == object->height)
			break;
		object->height = height;
	}
}

static void widen(struct vm_object *object, uint32_t first, uint32_t end)
{
	if (first < object->first)
		object->first = first;
	if (end > object->end)
		object->end = end;
}

void vm_object_link(struct vm_object *object, struct vm_object *snapshot)
{
	assert_locked(object->lock);
	assert(snapshot->lock == object->lock && snapshot->shadow == NULL);
	assert(object->frozen || queue_empty(&object->snapshots));
	snapshot->shadow = object;
	queue_insert_tail(&object->snapshots, &snapshot->sibling_link);
	raise_heights(object, snapshot->height);
	widen(object, snapshot->first, snapshot->end);
}

void vm_object_link_between(struct vm_object *object, struct vm_object *snapshot)
{
	struct vm_object *older = vm_object_snapshot(object);

	if (older != NULL) {
		assert(!many_snapshots(object));
		queue_remove(&older->sibling_link);
		older->shadow = NULL;
		vm_object_link(snapshot, older);
	}
	vm_object_link(object, snapshot);
}

/* Take an object without pages out of the tree; its only snapshot takes its place. */
static void unlink(struct vm_object *object)
{
	struct vm_object *below = object->shadow, *above = vm_object_snapshot(object);

	assert(object->resident == 0 && object->away_count == 0 && !many_snapshots(object));
	if (above != NULL) {
		queue_remove(&above->sibling_link);
		above->shadow = below;
	}
	if (above != NULL && below != NULL)
		queue_insert_after(&object->sibling_link, &above->sibling_link);
	queue_remove(&object->sibling_link);
	object->shadow = NULL;
	lower_heights(below);
	if (above != NULL && below == NULL)
		vm_stores_move(object, above);
	else if (below == NULL)
		vm_stores_end(object);
}

/* --- Who needs a page ------------------------------------------------------------- */

bool vm_object_covered(const struct vm_object *object, const struct vm_map_entry *except,
		       uint32_t first, uint32_t end)
{
	assert_locked(object->lock);
	if (__builtin_expect(object->has_tree, 0))
		return vm_object_tree_covers(object, except, first, end);
	queue_for_each(l, &object->entries) {
		const struct vm_map_entry *e = container_of(l, struct vm_map_entry, object_link);

		if (e != except && e->index < end && e->index + vm_entry_pages(e) > first)
			return true;
	}
	return false;
}

static bool in_window(const struct vm_object *object, uint32_t index)
{
	return index >= object->first && index < object->end;
}

/*
 * Each object looked at takes one from the budget; without any left the answer is yes.
 * The recursion is as deep as the family is high: OBJECT_HEIGHT_MAX.
 */
static bool wants(const struct vm_object *object, uint32_t index, uint32_t *budget)
{
	if (!in_window(object, index) || vm_object_has(object, index))
		return false;
	if (vm_object_covered(object, NULL, index, index + 1))
		return true;
	queue_for_each(l, &object->snapshots) {
		if (*budget == 0)
			return true;
		(*budget)--;
		if (wants(container_of(l, struct vm_object, sibling_link), index, budget))
			return true;
	}
	return false;
}

bool vm_object_wants(const struct vm_object *object, uint32_t index)
{
	uint32_t budget = OBJECT_SEARCH_MAX;

	return wants(object, index, &budget);
}

/* Does any of several snapshots want a page? */
static bool any_snapshot_wants(const struct vm_object *object, uint32_t index)
{
	uint32_t budget = OBJECT_SEARCH_MAX;

	queue_for_each(l, &object->snapshots) {
		if (budget == 0 ||
		    wants(container_of(l, struct vm_object, sibling_link), index, &budget))
			return true;
		budget--;
	}
	return false;
}

bool vm_object_is_last(const struct vm_object *object, const struct vm_page *page)
{
	uint32_t index = page->offset, budget = OBJECT_SEARCH_MAX;

	if (page->object->pager != NULL)
		return false;
	for (const struct vm_object *o = object; o != page->object; o = o->shadow) {
		if (vm_object_covered(o->shadow, NULL, index, index + 1))
			return false;
		queue_for_each(l, &o->shadow->snapshots) {
			if (l == &o->sibling_link)
				continue;
			if (budget == 0 ||
			    wants(container_of(l, struct vm_object, sibling_link), index, &budget))
				return false;
			budget--;
		}
	}
	return true;
}

/* --- Leaving ------------------------------------------------------------------------ */

/*
 * No entry of the object covers this page any more: give it to the snapshot that wants it, or
 * free it.  With several snapshots it stays while one of them wants it.
 */
static void page_leave(struct vm_object *object, struct vm_page *page)
{
	if (queue_empty(&object->snapshots) || !any_snapshot_wants(object, page->offset))
		vm_object_free_page(object, page);
	else if (!many_snapshots(object))
		vm_object_move_page(object, vm_object_snapshot(object), page);
}

/* The same for a page that is out. */
static void away_leave(struct vm_object *object, struct vm_away *away)
{
	if (!any_snapshot_wants(object, away->index))
		vm_away_free(away);
	else if (!many_snapshots(object))
		vm_away_move(away, vm_object_snapshot(object));
}

static void pages_leave(struct vm_object *object, uint32_t first, uint32_t end)
{
	struct vm_page_walk walk;
	struct vm_page *page;
	uint32_t count = 0;

	vm_page_walk_begin(&walk, object, first, end);
	while ((page = vm_page_walk_next(&walk)) != NULL) {
		if (!vm_object_covered(object, NULL, page->offset, page->offset + 1))
			page_leave(object, page);
		vm_object_breathe(object, &count);
	}
	vm_page_walk_end(&walk);
}

static void aways_leave(struct vm_object *object, uint32_t first, uint32_t end)
{
	struct vm_away_walk walk;
	struct vm_away *away;
	uint32_t count = 0;

	vm_away_walk_begin(&walk, object, first, end);
	while ((away = vm_away_walk_next(&walk)) != NULL) {
		if (!vm_object_covered(object, NULL, away->index, away->index + 1))
			away_leave(object, away);
		vm_object_breathe(object, &count);
	}
	vm_away_walk_end(&walk);
}

/*
 * The same for a range that an entry has left; others may cover parts of it.  Pages may go out or
 * come back meanwhile, and what is missed then goes with the object.
 */
static void range_leave(struct vm_object *object, uint32_t first, uint32_t end)
{
	if (object->pager != NULL)
		return;		/* its pages are the pager's */
	object->holds++;
	pages_leave(object, first, end);
	if (object->away_count > 0)
		aways_leave(object, first, end);
	object->holds--;
}

void vm_object_arrive(struct vm_object *object, uint32_t index, struct vm_page *page)
{
	vm_object_insert(object, index, page);
	if (!vm_object_covered(object, NULL, index, index + 1) && object->pager == NULL)
		page_leave(object, page);
}

static bool is_idle(const struct vm_object *object)
{
	return object->entry_count == 0 && object->holds == 0 && !object->dissolving &&
	       !many_snapshots(object) &&
	       (object->pager == NULL || queue_empty(&object->snapshots));
}

/*
 * Take an object apart and free it; returns what was below.  While others are let in a page may
 * be pushed into it, or come in, so look again.  Nobody holds it from here on.
 */
static struct vm_object *dissolve(struct vm_object *object)
{
	struct vm_object *below;
	struct queue_link *link;
	uint32_t count = 0;

	object->dissolving = true;
	for (;;) {
		if ((link = queue_first(&object->pages)) != NULL)
			page_leave(object, container_of(link, struct vm_page, link));
		else if ((link = queue_first(&object->away)) != NULL)
			away_leave(object, container_of(link, struct vm_away, link));
		else
			break;
		vm_object_breathe(object, &count);
	}
	assert(object->holds == 0);
	below = object->shadow;
	unlink(object);
	slab_free(&object_cache, object);
	return below;
}

void vm_object_settle(struct vm_object *object)
{
	while (object != NULL && is_idle(object)) {
		assert_locked(object->lock);
		if (object->pager != NULL) {
			vm_pager_idle(object->pager);
			break;
		}
		object = dissolve(object);
	}
}

/* Does one entry cover all of a range? */
static bool covers_all(const struct vm_object *object, uint32_t first, uint32_t end)
{
	if (__builtin_expect(object->has_tree, 0))
		return vm_object_tree_has_cover(object, first, end);
	queue_for_each(l, &object->entries) {
		const struct vm_map_entry *e = container_of(l, struct vm_map_entry, object_link);

		if (e->index <= first && e->index + vm_entry_pages(e) >= end)
			return true;
	}
	return false;
}

/*
 * The object below this one, held so that it stays; or NULL.  One that is being taken apart would not
 * stay: it looks at all its pages itself, so the next is looked for below it.
 */
static struct vm_object *hold_below(const struct vm_object *object)
{
	struct vm_object *below = object->shadow;

	while (below != NULL && below->dissolving)
		below = below->shadow;
	if (below != NULL)
		below->holds++;
	return below;
}

/*
 * An entry further up does not see these pages any more: the same for its object's shadow, and
 * so on down to one whose own entry sees them.
 */
static void shadows_leave(struct vm_object *object, uint32_t first, uint32_t end)
{
	while (object != NULL && !covers_all(object, first, end)) {
		struct vm_object *below;

		range_leave(object, first, end);
		below = hold_below(object);
		vm_object_settle(object);
		if (below != NULL)
			below->holds--;
		object = below;
	}
}

/* --- Entries ---------------------------------------------------------------------------- */

void vm_object_attach(struct vm_object *object, struct vm_map_entry *entry)
{
	assert_locked(object->lock);
	assert(!object->dissolving);
	entry->object = object;
	object->entry_count++;
	if (__builtin_expect(object->has_tree || object->entry_count > OBJECT_LIST_MAX, 0))
		vm_object_plant(object, entry);
	else
		queue_insert_tail(&object->entries, &entry->object_link);
	widen(object, entry->index, entry->index + vm_entry_pages(entry));
}

void vm_object_forget(struct vm_object *object, struct vm_map_entry *entry)
{
	assert_locked(object->lock);
	assert(entry->object == object && object->entry_count > 0);
	object->entry_count--;
	if (__builtin_expect(object->has_tree, 0))
		vm_object_uproot(object, entry);
	else
		queue_remove(&entry->object_link);
	entry->object = NULL;
}

bool vm_entry_need_object(struct vm_map_entry *entry)
{
	struct vm_object *object;

	if (entry->object != NULL)
		return true;
	object = vm_object_create(NULL);
	if (object == NULL)
		return false;
	/* Pages are numbered as addresses are: neighbours that join later fit together. */
	entry->index = (uint32_t)(entry->start >> PAGE_SHIFT);
	spin_lock(object->lock);
	vm_object_attach(object, entry);
	spin_unlock(object->lock);
	return true;
}

void vm_entry_detach(struct vm_map_entry *entry)
{
	uint32_t first = entry->index, end = first + vm_entry_pages(entry);
	struct vm_object *object = entry->object, *below;
	struct spin_lock *lock;

	if (object == NULL)
		return;
	lock = object->lock;
	spin_lock(lock);
	below = hold_below(object);
	vm_object_forget(object, entry);
	if (!is_idle(object))
		range_leave(object, first, end);
	vm_object_settle(object);
	if (below != NULL) {
		below->holds--;
		shadows_leave(below, first, end);
	}
	spin_unlock(lock);
	vm_pager_end_idle();
}
