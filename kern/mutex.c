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

void mutex_lock(struct mutex *mutex)
{
	struct thread *self = current_thread();

	assert_no_locks();
	assert(mutex->owner != self);
	spin_lock(&mutex->lock);
	if (mutex->owner == NULL) {
		mutex->owner = self;
		spin_unlock(&mutex->lock);
		return;
	}
	queue_insert_tail(&mutex->waiters, &self->run_link);
	thread_will_wait(self, false);
	spin_unlock(&mutex->lock);
	thread_block(NULL);
	assert(mutex->owner == self);
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

void mutex_unlock(struct mutex *mutex)
{
	struct queue_link *first;

	assert(mutex_held(mutex));
	spin_lock(&mutex->lock);
	first = queue_take_first(&mutex->waiters);
	mutex->owner = first == NULL ? NULL : container_of(first, struct thread, run_link);
	spin_unlock(&mutex->lock);
	if (first != NULL)
		thread_wake(container_of(first, struct thread, run_link), WAIT_AWAKENED);
}

bool mutex_held(const struct mutex *mutex)
{
	return mutex->owner == current_thread();
}
