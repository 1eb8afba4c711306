/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Waiting for an event, which is any address.
 *
 * A waiter is in the bucket of its event, by run_link, for as long as nobody has claimed
 * it.  Its wait_event is changed under the bucket's lock only, and tells whether it is there.
 */
#include <kern/sched.h>

#include <kern/event.h>
#include <kern/lock.h>
#include <kern/queue.h>
#include <kern/thread.h>

#define BUCKETS 64u

static struct bucket {
	struct spin_lock lock;
	struct queue waiters;
} buckets[BUCKETS];

void event_init(void)
{
	unsigned int i;

	for (i = 0; i < BUCKETS; i++) {
		spin_lock_init(&buckets[i].lock, LOCK_EVENT);
		queue_init(&buckets[i].waiters);
	}
}

static struct bucket *event_bucket(const void *event)
{
	return &buckets[((uintptr_t)event * 0x9E3779B1u) >> 26];
}

void event_will_wait(const void *event, bool interruptible)
{
	struct thread *self = current_thread();
	struct bucket *bucket = event_bucket(event);

	spin_lock(&bucket->lock);
	thread_will_wait(self, interruptible);
	if (self->flags & TH_WAIT) {
		self->wait_event = event;
		queue_insert_tail(&bucket->waiters, &self->run_link);
	}
	spin_unlock(&bucket->lock);
}

void event_leave(struct thread *thread)
{
	const void *event = thread->wait_event;
	struct bucket *bucket = event_bucket(event);

	spin_lock(&bucket->lock);
	if (thread->wait_event == event) {
		thread->wait_event = NULL;
		queue_remove(&thread->run_link);
	}
	spin_unlock(&bucket->lock);
}

/* Claim a thread in a locked bucket.  Its timeout is left to the caller. */
static bool claim_waiter(struct thread *thread)
{
	if (!thread_claim_wait(thread))
		return false;
	thread->wait_event = NULL;
	thread->wait_result = WAIT_AWAKENED;
	queue_remove(&thread->run_link);
	return true;
}

/*
 * Move up to `max` waiters to a list of our own: they are ours alone when the lock is gone, and
 * cancelling a timeout needs another lock of the same class.
 */
static void take_waiters(struct queue *taken, const void *event, unsigned int max)
{
	struct bucket *bucket = event_bucket(event);
	struct queue_link *link, *next;

	queue_init(taken);
	spin_lock(&bucket->lock);
	for (link = bucket->waiters.head.next; link != &bucket->waiters.head && max > 0;
	     link = next) {
		struct thread *thread = container_of(link, struct thread, run_link);

		next = link->next;
		if (thread->wait_event == event && claim_waiter(thread)) {
			queue_insert_tail(taken, link);
			max--;
		}
	}
	spin_unlock(&bucket->lock);
}

static bool wake_taken(struct queue *taken)
{
	struct queue_link *link;
	bool any = false;

	while ((link = queue_take_first(taken)) != NULL) {
		struct thread *thread = container_of(link, struct thread, run_link);

		timer_cancel(&thread->wait_timer);
		thread_make_runnable(thread);
		any = true;
	}
	return any;
}

void event_wake_all(const void *event)
{
	struct queue taken;

	take_waiters(&taken, event, UINT32_MAX);
	wake_taken(&taken);
}

bool event_wake_one(const void *event)
{
	struct queue taken;

	take_waiters(&taken, event, 1);
	return wake_taken(&taken);
}
