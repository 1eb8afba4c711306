/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What threads wait for: one request for each page that a pager owes, however many wait for it.
 *
 * A request is made by the first who needs the page, and the message goes out by the first who
 * waits when the pager is ready.  It stays until the pager has answered, also when nobody waits
 * any more: so nothing is asked twice.  Of requests for which nobody waits there are a few only,
 * for each pager, since nobody pays for them: what is answered without one is taken all the same, and
 * who comes back asks again.  But each page that is out has its own, as long as the default
 * manager owes it.  They are in a tree, by page and kind.
 */
#include <vm/pager.h>

#include <kern/sched.h>
#include <kern/slab.h>
#include <kern/task.h>
#include <vm/object_device.h>
#include <vm/object_pages.h>
#include <vm/pager_message.h>
#include <vm/store.h>

#define REQUESTS_MAX 4096		/* of one pager: it may never answer */
#define OWED_MAX 64			/* of these, for which nobody waits */

struct page_request {
	struct rb_node node;		/* in pager->requests, until it is finished */
	struct vm_pager *pager;		/* a reference */
	uint32_t index;
	uint32_t waiters;
	kern_return_t result;		/* when it is finished */
	uint8_t kind, access;
	bool sent, finished;
	bool unneeded;			/* who waits may go; the pager owes an answer */
	bool promised;			/* a page of memory to come into (vm/pageout.h) */
	struct vm_away *away;		/* the page that is out, or NULL */
};

static struct slab_cache request_cache;

void vm_pager_request_init(void)
{
	slab_cache_init(&request_cache, "page_request", sizeof(struct page_request), 0);
}

/* --- Requests; the pager's lock is held ------------------------------------------------- */

static struct page_request *request_at(struct rb_node *node)
{
	return node == NULL ? NULL : container_of(node, struct page_request, node);
}

static struct page_request *request_next(const struct page_request *r)
{
	return request_at(rb_next(&r->node));
}

/* Which side of r is the place of a request?  Equal ones are on the left. */
static enum rb_side side(const struct page_request *r, uint8_t kind, uint32_t index)
{
	if (r->index != index)
		return r->index < index ? RB_RIGHT : RB_LEFT;
	return r->kind < kind ? RB_RIGHT : RB_LEFT;
}

/* The first request that is not before this place. */
static struct page_request *first_from(const struct vm_pager *pager,
				       enum page_request_kind kind, uint32_t index)
{
	struct rb_node *node = pager->requests.root, *found = NULL;

	while (node != NULL) {
		enum rb_side way = side(request_at(node), (uint8_t)kind, index);

		if (way == RB_LEFT)
			found = node;
		node = node->child[way];
	}
	return request_at(found);
}

static struct page_request *find(const struct vm_pager *pager, enum page_request_kind kind,
				 uint32_t index)
{
	struct page_request *r = first_from(pager, kind, index);

	return r != NULL && r->index == index && r->kind == kind ? r : NULL;
}

static void enlist(struct vm_pager *pager, struct page_request *r)
{
	struct rb_node *parent = NULL, **place = &pager->requests.root;

	while (*place != NULL) {
		parent = *place;
		place = &parent->child[side(request_at(parent), r->kind, r->index)];
	}
	rb_insert(&pager->requests, &r->node, parent, place);
	pager->request_count++;
}

/* Let others in after every OBJECT_BATCH calls; true: all may have changed. */
static bool breathe(struct spin_lock *lock, uint32_t *count)
{
	if (++*count % OBJECT_BATCH != 0)
		return false;
	spin_unlock(lock);
	preemption_point();
	spin_lock(lock);
	return true;
}

static struct page_request *request_create(struct vm_pager *pager, enum page_request_kind kind,
					   uint32_t index)
{
	struct page_request *r = NULL;

	if (pager->request_count < REQUESTS_MAX)
		r = slab_zalloc(&request_cache);
	if (r == NULL)
		return NULL;
	vm_pager_reference(pager);
	r->pager = pager;
	r->index = index;
	r->kind = (uint8_t)kind;
	enlist(pager, r);
	return r;
}

static void request_free(struct page_request *r)
{
	vm_pager_release(r->pager);
	slab_free(&request_cache, r);
}

static void redeem(struct page_request *r)
{
	if (r->promised)
		vm_pageout_redeem();
	r->promised = false;
}

static void unlist(struct page_request *r)
{
	rb_remove(&r->pager->requests, &r->node);
	r->pager->request_count--;
	redeem(r);
	if (r->away != NULL)
		vm_away_answered(r->away);
	r->away = NULL;
}

static void request_finish(struct page_request *r, kern_return_t result)
{
	assert_locked(r->pager->lock);
	unlist(r);
	r->finished = true;
	r->result = result;
	if (r->waiters > 0) {
		event_wake_all(r);
	} else {
		r->pager->owed_count--;
		request_free(r);
	}
}

void vm_pager_finish_range(struct vm_pager *pager, enum page_request_kind kind, uint32_t first,
			   uint32_t end, kern_return_t result)
{
	struct page_request *r = first_from(pager, kind, first), *next;
	uint32_t count = 0;

	assert_locked(pager->lock);
	for (; r != NULL && r->index < end; r = next) {
		next = request_next(r);
		first = next == NULL ? end : next->index;
		if (r->kind == kind)
			request_finish(r, result);
		if (breathe(pager->lock, &count))
			next = first_from(pager, kind, first);
	}
}

bool vm_pager_next(const struct vm_pager *pager, enum page_request_kind kind, uint32_t first,
		   uint32_t end, uint32_t *index)
{
	const struct page_request *r = first_from(pager, kind, first);

	assert_locked(pager->lock);
	while (r != NULL && r->kind != kind)
		r = request_next(r);
	if (r == NULL || r->index >= end)
		return false;
	*index = r->index;
	return true;
}

void vm_pager_wake(struct vm_pager *pager)
{
	struct page_request *r = first_from(pager, REQUEST_PAGE, 0);
	uint32_t count = 0, index;

	assert_locked(pager->lock);
	while (r != NULL) {
		event_wake_all(r);
		index = r->index;
		r = request_next(r);
		if (breathe(pager->lock, &count))
			r = first_from(pager, REQUEST_PAGE, index + 1);
	}
}

/* Is a request to stay for which nobody waits? */
static bool stays(const struct page_request *r)
{
	return !r->finished && r->sent && (r->away != NULL || r->pager->owed_count < OWED_MAX);
}

/* Somebody waits no longer. */
static void leave(struct page_request *r)
{
	assert(r->waiters > 0);
	if (--r->waiters > 0)
		return;
	if (stays(r)) {
		r->pager->owed_count++;
		return;
	}
	if (!r->finished)
		unlist(r);
	request_free(r);
}

kern_return_t vm_pager_ask(struct vm_pager *pager, enum page_request_kind kind, uint32_t index,
			   vm_prot_t access)
{
	struct thread *self = current_thread();
	struct page_request *r;

	assert_locked(pager->lock);
	assert(self->page_request == NULL);
	if (pager->state == PAGER_DEAD || pager->ending)
		return KERN_MEMORY_ERROR;
	r = find(pager, kind, index);
	if (r == NULL)
		r = request_create(pager, kind, index);
	if (r == NULL)
		return KERN_RESOURCE_SHORTAGE;
	r->access |= (uint8_t)access;
	if (r->waiters++ == 0 && r->sent)
		pager->owed_count--;
	self->page_request = r;
	return VM_ASK_PAGER;
}

/* --- Pages that are out ------------------------------------------------------------------ */

kern_return_t vm_pager_ask_away(struct vm_away *away, vm_prot_t access)
{
	kern_return_t kr = vm_pager_ask(away->store->pager, REQUEST_PAGE, away->slot, access);

	if (kr == VM_ASK_PAGER) {
		away->request = current_thread()->page_request;
		away->request->away = away;
	}
	return kr;
}

void vm_pager_unneeded(struct page_request *r)
{
	assert_locked(r->pager->lock);
	r->unneeded = true;
	event_wake_all(r);
}

bool vm_pager_awaited(const struct vm_pager *pager, uint32_t slot, struct vm_away **awayp)
{
	const struct page_request *r = find(pager, REQUEST_PAGE, slot);

	*awayp = r == NULL ? NULL : r->away;
	return *awayp != NULL;
}

/* --- Waiting -------------------------------------------------------------------------------- */

static bool must_be_sent(const struct page_request *r)
{
	return !r->sent && !r->finished && !r->unneeded && r->kind != REQUEST_READY &&
	       r->pager->state == PAGER_READY;
}

/* A device's pager has every page. */
static kern_return_t give(struct page_request *r)
{
	if (!vm_device_page_add(r->pager->object, r->index))
		return KERN_RESOURCE_SHORTAGE;
	vm_pager_finish_range(r->pager, REQUEST_PAGE, r->index, r->index + 1, KERN_SUCCESS);
	return KERN_SUCCESS;
}

/* Ask the pager.  The lock is given up on the way. */
static kern_return_t send(struct page_request *r, struct spin_lock *lock)
{
	vm_prot_t access = r->access;
	bool sent;

	if (r->pager->device)
		return give(r);
	r->sent = true;
	if (r->away != NULL) {
		r->promised = true;
		vm_pageout_promise();
	}
	spin_unlock(lock);
	sent = pager_send_request(r->pager, r->kind == REQUEST_UNLOCK,
				  (vm_offset_t)r->index << PAGE_SHIFT, access);
	spin_lock(lock);
	if (!sent) {
		r->sent = false;
		redeem(r);
		event_wake_all(r);	/* others who wait may have what we lack */
	}
	return sent ? KERN_SUCCESS : KERN_RESOURCE_SHORTAGE;
}

/* Is a page to be asked for that is out? Then have room for it.  The lock is given up on the way. */
static kern_return_t find_room(const struct page_request *r, struct spin_lock *lock)
{
	kern_return_t kr;

	if (r->away == NULL)
		return KERN_SUCCESS;
	spin_unlock(lock);
	kr = vm_pageout_wait_for_room();
	spin_lock(lock);
	return kr;
}

/* KERN_SUCCESS: look again.  The lock is given up on the way. */
static kern_return_t send_or_wait(struct page_request *r, struct spin_lock *lock)
{
	kern_return_t kr;

	current_thread()->page_short = false;
	kr = send(r, lock);
	if (kr != KERN_RESOURCE_SHORTAGE)
		return kr;
	spin_unlock(lock);
	kr = vm_pageout_wait();
	spin_lock(lock);
	return kr;
}

/* Until the request is finished, or the thread is wanted elsewhere. */
static kern_return_t wait_finished(struct page_request *r, struct spin_lock *lock)
{
	kern_return_t kr = KERN_SUCCESS;

	while (!r->finished && !r->unneeded && kr == KERN_SUCCESS) {
		if (must_be_sent(r)) {
			kr = find_room(r, lock);
			if (kr == KERN_SUCCESS && must_be_sent(r))
				kr = send_or_wait(r, lock);
			continue;
		}
		event_will_wait(r, true);
		spin_unlock(lock);
		thread_block(NULL);
		spin_lock(lock);
		if (thread_wait_result(current_thread()) == WAIT_INTERRUPTED)
			kr = KERN_ABORTED;
	}
	return r->finished ? r->result : kr;
}

kern_return_t vm_pager_wait(void)
{
	struct thread *self = current_thread();
	struct page_request *r = self->page_request;
	struct spin_lock *lock = r->pager->lock;
	kern_return_t kr;

	assert_no_locks();
	self->page_request = NULL;
	spin_lock(lock);
	kr = wait_finished(r, lock);
	if (kr == KERN_SUCCESS && r->finished && r->kind == REQUEST_PAGE)
		current_task()->pageins++;	/* TASK_EVENTS_INFO; a figure for people */
	leave(r);
	spin_unlock(lock);
	return kr;
}

void vm_pager_forget(void)
{
	struct thread *self = current_thread();
	struct page_request *r = self->page_request;
	struct spin_lock *lock;

	if (r == NULL)
		return;
	lock = r->pager->lock;
	self->page_request = NULL;
	spin_lock(lock);
	leave(r);
	spin_unlock(lock);
}
