/* SPDX-License-Identifier: BSD-2-Clause */
#include <kern/mutex.h>

#include <kern/sched.h>
#include <kern/thread.h>

void mutex_init(struct mutex *mutex)
{
	spin_lock_init(&mutex->lock, LOCK_EVENT);
	mutex->owner = NULL;
	queue_init(&mutex->waiters);
}

/* The slow ways are functions of their own, so that the fast ones save no registers. */
static __attribute__((noinline)) void wait_for(struct mutex *mutex)
{
	struct thread *self = current_thread();

	queue_insert_tail(&mutex->waiters, &self->run_link);
	thread_will_wait(self, false);
	spin_unlock(&mutex->lock);
	thread_block(NULL);
	assert(mutex->owner == self);
}

void mutex_lock(struct mutex *mutex)
{
	struct thread *self = current_thread();

	assert_no_locks();
	assert(mutex->owner != self);
	spin_lock(&mutex->lock);
	if (__builtin_expect(mutex->owner != NULL, 0)) {
		wait_for(mutex);
		return;
	}
	mutex->owner = self;
	spin_unlock(&mutex->lock);
}

bool mutex_try_lock(struct mutex *mutex)
{
	bool taken;

	spin_lock(&mutex->lock);
	taken = mutex->owner == NULL;
	if (taken)
		mutex->owner = current_thread();
	spin_unlock(&mutex->lock);
	return taken;
}

static __attribute__((noinline)) void hand_over(struct mutex *mutex)
{
	struct queue_link *first = queue_take_first(&mutex->waiters);
	struct thread *next = container_of(first, struct thread, run_link);

	mutex->owner = next;
	spin_unlock(&mutex->lock);
	thread_wake(next, WAIT_AWAKENED);
}

void mutex_unlock(struct mutex *mutex)
{
	assert(mutex_held(mutex));
	spin_lock(&mutex->lock);
	if (__builtin_expect(!queue_empty(&mutex->waiters), 0)) {
		hand_over(mutex);
		return;
	}
	mutex->owner = NULL;
	spin_unlock(&mutex->lock);
}

bool mutex_held(const struct mutex *mutex)
{
	return mutex->owner == current_thread();
}
