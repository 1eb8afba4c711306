/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The threads that are ready to run, by priority.  One lock guards it, and the flag TH_RUN of all
 * threads, and the scheduler's fields in them.
 */
#ifndef KERN_RUN_QUEUE_H
#define KERN_RUN_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

#include <kern/lock.h>
#include <kern/queue.h>
#include <kern/sched.h>
#include <kern/thread.h>

struct run_queue {
	struct spin_lock lock;
	int32_t best;			/* level of the best thread; PRIORITY_LEVELS without one */
	uint32_t count;
	uint32_t used[PRIORITY_LEVELS / 32];	/* a bit for each level that is not empty */
	struct queue level[PRIORITY_LEVELS];	/* by thread.run_link; level: sched_priority */
};

extern struct run_queue run_queue;

void run_queue_init(void);

/* All with run_queue.lock held. */
void run_queue_insert(struct thread *thread, bool first);
void run_queue_remove(struct thread *thread);

/* The best thread, removed; NULL when there is none. */
struct thread *run_queue_take(void);

/* The first non-empty level at or after `level`; PRIORITY_LEVELS when there is none. */
int32_t run_queue_next_level(int32_t level);

/*
 * Could `next`, if it waits, take over the CPU and the stack of the current thread?  What it
 * waits in is locked.
 */
static inline __attribute__((always_inline)) bool
thread_can_take_over(const struct thread *next)
{
	return next->kstack == NULL && run_queue.best >= next->sched_priority &&
	       next->wait_event == NULL && !timer_is_set(&next->wait_timer);
}

/* The rest of thread_take_over when the current thread cannot wait: next waits again. */
void thread_take_over_undo(struct thread *next);

/*
 * Decide it: next's wait is over, and the current thread, which is in no queue yet, declares its own.
 * False: somebody else has ended next's wait, or wants to end ours; nothing has changed.
 */
static inline __attribute__((always_inline)) bool
thread_take_over(struct thread *self, struct thread *next)
{
	uint32_t runs = TH_RUN, waits = TH_WAIT;

	if (!__atomic_compare_exchange_n(&next->flags, &waits, 0, false, __ATOMIC_ACQ_REL,
					 __ATOMIC_RELAXED))
		return false;
	if (__builtin_expect(__atomic_compare_exchange_n(&self->flags, &runs, TH_RUN | TH_WAIT,
							 false, __ATOMIC_ACQ_REL,
							 __ATOMIC_RELAXED), 1))
		return true;
	thread_take_over_undo(next);
	return false;
}

#endif /* KERN_RUN_QUEUE_H */
