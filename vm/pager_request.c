/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What threads wait for: one request for each page that a pager owes, however many wait for it.
 *
 * A request is made by the first who needs the page, and the message goes out by the first who
 * waits when the pager is ready.  It stays until the pager has answered, also when nobody waits
 * any more: so nothing is asked twice.
 */
#include <vm/pager.h>

#include <kern/sched.h>
#include <kern/slab.h>
#include <vm/object_device.h>
#include <vm/pager_message.h>
#include <vm/store.h>

#define REQUESTS_MAX 4096		/* of one pager: it may never answer */

struct page_request {
	struct queue_link link;		/* in pager->requests, until it is finished */
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

static struct page_request *find(const struct vm_pager *pager, enum page_request_kind kind,
				 uint32_t index)
{
	queue_for_each(link, &pager->requests) {
		struct page_request *r = container_of(link, struct page_request, link);

		if (r->index == index && r->kind == kind)
			return r;
	}
	return NULL;
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
	queue_insert_tail(&pager->requests, &r->link);
	pager->request_count++;
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
	queue_remove(&r->link);
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
	if (r->waiters == 0)
		request_free(r);
	else
		event_wake_all(r);
}

void vm_pager_finish_range(struct vm_pager *pager, enum page_request_kind kind, uint32_t first,
			   uint32_t end, kern_return_t result)
{
	struct queue_link *link, *next;

	assert_locked(pager->lock);
	for (link = pager->requests.head.next; link != &pager->requests.head; link = next) {
		struct page_request *r = container_of(link, struct page_request, link);

		next = link->next;
		if (r->kind == kind && r->index >= first && r->index < end)
			request_finish(r, result);
	}
}

bool vm_pager_next(const struct vm_pager *pager, enum page_request_kind kind, uint32_t first,
		   uint32_t end, uint32_t *index)
{
	assert_locked(pager->lock);
	queue_for_each(link, &pager->requests) {
		const struct page_request *r = container_of(link, struct page_request, link);

		if (r->kind == kind && r->index >= first && r->index < end) {
			*index = r->index;
			return true;
		}
	}
	return false;
}

void vm_pager_wake(struct vm_pager *pager)
{
	assert_locked(pager->lock);
	queue_for_each(link, &pager->requests)
		event_wake_all(container_of(link, struct page_request, link));
}

/* Somebody waits no longer. */
static void leave(struct page_request *r)
{
	assert(r->waiters > 0);
	if (--r->waiters > 0)
		return;
	if (!r->finished && r->sent)
		return;		/* the pager owes an answer */
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
	r->waiters++;
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

/* Until the request is finished, or the thread is wanted elsewhere. */
static kern_return_t wait_finished(struct page_request *r, struct spin_lock *lock)
{
	kern_return_t kr = KERN_SUCCESS;

	while (!r->finished && !r->unneeded && kr == KERN_SUCCESS) {
		if (must_be_sent(r)) {
			kr = find_room(r, lock);
			if (kr == KERN_SUCCESS && must_be_sent(r))
				kr = send(r, lock);
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
