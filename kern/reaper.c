/* SPDX-License-Identifier: BSD-2-Clause */
#include <kern/reaper.h>

#include <kern/kstack.h>
#include <kern/lock.h>
#include <kern/queue.h>
#include <kern/sched.h>
#include <kern/thread.h>

static struct spin_lock reaper_lock = SPIN_LOCK_INIT(LOCK_HOST);
static struct queue dead_threads;	/* by pset_link: they are in no set any more */

void reaper_init(void)
{
	queue_init(&dead_threads);
}

void reaper_add(struct thread *self)
{
	spin_lock(&reaper_lock);
	queue_insert_tail(&dead_threads, &self->pset_link);
	event_wake_all(&dead_threads);
	spin_unlock(&reaper_lock);
}

/* One that is off its stack, or NULL.  Another CPU may still be leaving the stack of the rest. */
static struct thread *take_dead_thread(void)
{
	queue_for_each(l, &dead_threads) {
		struct thread *thread = container_of(l, struct thread, pset_link);

		if (thread->flags & TH_RUN)
			continue;
		queue_remove(l);
		return thread;
	}
	return NULL;
}

static _Noreturn void reaper_continue(void)
{
	struct thread *thread;

	spin_lock(&reaper_lock);
	while ((thread = take_dead_thread()) != NULL) {
		spin_unlock(&reaper_lock);
		assert(!kstack_exists(thread));
		thread_release(thread);
		preemption_point();
		spin_lock(&reaper_lock);
	}
	if (queue_empty(&dead_threads))
		event_will_wait(&dead_threads, false);
	spin_unlock(&reaper_lock);
	thread_block(reaper_continue);
	panic("reaper: came back");
}

void reaper_start(void)
{
	kernel_thread_create("reaper", reaper_continue, BASEPRI_KERNEL);
}
