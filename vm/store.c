/* SPDX-License-Identifier: BSD-2-Clause */
#include <vm/store.h>

#include <kern/slab.h>
#include <vm/object_away.h>
#include <vm/object_family.h>
#include <vm/object_pages.h>
#include <vm/pageout.h>
#include <vm/pager.h>
#include <vm/pager_message.h>
#include <vm/pager_run.h>
#include <vm/pmap.h>

#define ALL_USED UINT32_MAX

static struct slab_cache store_cache;

void vm_store_init(void)
{
	slab_cache_init(&store_cache, "vm_store", sizeof(struct vm_store), 0);
}

uint32_t vm_store_count(void)
{
	return store_cache.live;
}

void vm_store_free(struct vm_store *store)
{
	assert(store->used == 0);
	slab_free(&store_cache, store);
}

/* Its pager ends when nothing is locked. */
static void end(struct vm_store *store)
{
	struct vm_store **link = &store->root->stores;

	while (*link != store)
		link = &(*link)->next;
	*link = store->next;
	store->root = NULL;
	store->pager->object->holds--;
	vm_pager_idle(store->pager);
}

void vm_stores_end(struct vm_object *root)
{
	while (root->stores != NULL)
		end(root->stores);
}

static void add(struct vm_object *root, struct vm_store *store)
{
	store->root = root;
	store->next = root->stores;
	root->stores = store;
}

void vm_stores_move(struct vm_object *from, struct vm_object *to)
{
	to->stores = from->stores;
	from->stores = NULL;
	for (struct vm_store *store = to->stores; store != NULL; store = store->next)
		store->root = to;
}

static bool is_dead(const struct vm_store *store)
{
	return store->pager->state == PAGER_DEAD;
}

/* Nothing is in it that anybody needs: is it to go? */
static bool is_useless(const struct vm_store *store)
{
	bool only = store->root->stores == store && store->next == NULL;

	return store->used == 0 && (!only || store->stale || is_dead(store));
}

/* --- Slots ------------------------------------------------------------------------------- */

static bool slot_used(const struct vm_store *store, uint32_t slot)
{
	return (store->map[slot / 32] >> (slot % 32) & 1) != 0;
}

/* There is a free one. */
static uint32_t lowest_free(struct vm_store *store)
{
	while (store->map[store->hint] == ALL_USED)
		store->hint++;
	return store->hint * 32 + (uint32_t)__builtin_ctz(~store->map[store->hint]);
}

/* Take free slots in a row, *count at most; all of them were written before, or none. */
static uint32_t take_slots(struct vm_store *store, uint32_t *count)
{
	uint32_t first = lowest_free(store), n = 0;
	bool fresh = first >= store->high;

	for (uint32_t slot = first; n < *count && slot < STORE_SLOTS && !slot_used(store, slot) &&
				    (slot >= store->high) == fresh; slot++, n++)
		store->map[slot / 32] |= 1u << slot % 32;
	store->used += n;
	*count = n;
	return first;
}

void vm_store_free_slot(struct vm_store *store, uint32_t slot, bool stale)
{
	assert(slot_used(store, slot) && store->used > 0);
	store->map[slot / 32] &= ~(1u << slot % 32);
	store->used--;
	store->stale |= stale;
	if (slot / 32 < store->hint)
		store->hint = slot / 32;
	if (store->root != NULL && is_useless(store))
		end(store);
}

/* --- Which store ------------------------------------------------------------------------- */

static struct vm_object *root_of(struct vm_object *object)
{
	while (object->shadow != NULL)
		object = object->shadow;
	return object;
}

/* One of the family's that can take a page, or NULL. */
static struct vm_store *store_of(struct vm_object *object)
{
	struct vm_store *store = root_of(object)->stores, *next;

	for (; store != NULL && (store->used == STORE_SLOTS || is_dead(store)); store = next) {
		next = store->next;
		if (store->used == 0)
			end(store);
	}
	return store;
}

/* Give the family of a held object another store.  The lock is given up on the way. */
static void add_store(struct vm_object *object)
{
	struct spin_lock *lock = object->lock;
	struct vm_store *store;

	spin_unlock(lock);
	store = slab_zalloc(&store_cache);
	if (store != NULL && !vm_pager_create_store(store, lock)) {
		slab_free(&store_cache, store);
		store = NULL;
	}
	spin_lock(lock);
	if (store == NULL)
		return;
	add(root_of(object), store);
}

/* --- Out --------------------------------------------------------------------------------- */

/* Pages that go together, and where. */
struct outgoing {
	struct vm_object *object;
	uint32_t first, count;		/* its pages */
	struct vm_store *store;
	uint32_t slot;			/* taken, as many */
	bool fresh;
};

static bool is_inactive(const struct vm_object *object, uint32_t index)
{
	const struct vm_page *page = vm_object_page(object, index);

	return page != NULL && page->queue == QUEUE_INACTIVE;
}

/* The inactive pages around one. */
static void choose_pages(struct outgoing *out, uint32_t index)
{
	out->first = index;
	out->count = 1;
	while (out->count < PAGER_RUN_MAX && out->first > 0 &&
	       is_inactive(out->object, out->first - 1)) {
		out->first--;
		out->count++;
	}
	while (out->count < PAGER_RUN_MAX && is_inactive(out->object, out->first + out->count))
		out->count++;
}

/* Take one page away from whoever has it mapped, and put it into the run. */
static bool send_page(struct outgoing *out, uint32_t n, struct vm_object *to)
{
	struct vm_page *page = vm_object_page(out->object, out->first + n);
	uint32_t slot = out->slot + n;

	if (page == NULL || page->queue == QUEUE_NONE)
		return false;
	pmap_page_protect(page, VM_PROT_NONE);
	/* Until it has left the object there cannot be a record. */
	vm_object_launder(out->object, to, page, slot);
	if (vm_away_create(out->object, out->first + n, out->store, slot) != NULL)
		return true;
	vm_object_unlaunder(to, out->object, page, out->first + n);
	return false;
}

/* The pages as a copy, whose pages are numbered as the slots are; slots left over are given back. */
static struct vm_map_copy *collect(struct outgoing *out)
{
	struct vm_map_copy *copy = pager_run_create(out->object->lock, out->slot, out->count);
	uint32_t done = 0;

	while (copy != NULL && done < out->count && send_page(out, done, pager_run_object(copy)))
		done++;
	for (uint32_t n = done; n < out->count; n++)
		vm_store_free_slot(out->store, out->slot + n, false);
	if (out->slot + done > out->store->high)
		out->store->high = out->slot + done;
	out->count = done;
	return copy == NULL ? NULL : pager_run_finish(copy, done);
}

/* The object is held.  The lock is given up on the way. */
static uint32_t send_out(struct outgoing *out)
{
	struct spin_lock *lock = out->object->lock;
	struct vm_pager *pager = out->store->pager;
	struct ipc_kmsg *message;
	struct vm_map_copy *copy;

	out->slot = take_slots(out->store, &out->count);
	out->fresh = out->slot >= out->store->high;
	vm_pager_reference(pager);
	spin_unlock(lock);
	message = pager_data_start(pager, out->fresh);
	spin_lock(lock);
	if (message == NULL)
		out->first = UINT32_MAX;	/* no such pages: the slots are given back */
	copy = collect(out);
	spin_unlock(lock);
	if (copy != NULL)
		pager_data_finish(pager, message, out->slot << PAGE_SHIFT, copy, true, false);
	else if (message != NULL)
		pager_data_cancel(message);
	vm_pager_release(pager);
	spin_lock(lock);
	return out->count;
}

uint32_t vm_store_page_out(struct vm_object *object, uint32_t index)
{
	struct outgoing out = { .object = object };
	uint32_t sent = 0;

	assert_locked(object->lock);
	object->holds++;
	out.store = store_of(object);
	if (out.store != NULL) {
		choose_pages(&out, index);
		sent = send_out(&out);
	} else {
		add_store(object);
	}
	object->holds--;
	vm_object_settle(object);
	return sent;
}

/* --- In ---------------------------------------------------------------------------------- */

kern_return_t vm_store_arrived(struct vm_pager *pager, uint32_t slot, struct vm_page *page)
{
	struct vm_away *away;
	struct vm_object *object;
	uint32_t index;

	assert_locked(pager->lock);
	if (!vm_pager_awaited(pager, slot, &away))
		return KERN_INVALID_ARGUMENT;
	object = away->object;
	index = away->index;
	away->came = object == NULL;
	vm_pager_finish_range(pager, REQUEST_PAGE, slot, slot + 1, KERN_SUCCESS);
	if (object == NULL) {
		vm_page_free(page, 0);		/* and so has the record gone */
		return KERN_SUCCESS;
	}
	vm_away_arrived(away);
	vm_object_arrive(object, index, page);
	vm_pageout_counts.pageins++;
	return KERN_SUCCESS;
}
