/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The threads that are ready to run, by priority.  One lock guards it, and the flag TH_RUN of all
 * threads, and the scheduler's fields in them.
 */
#ifndef KERN_RUN_QUEUE_H
#define KERN_RUN_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

#include <kern/kstack.h>
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
 * Could `next`, if it waits, take over the CPU and the stack of the current thread?  It waits with a
 * continuation and neither a timeout nor an event, in something that is locked.
 */
static inline __attribute__((always_inline)) bool
thread_can_take_over(const struct thread *next)
{
	return run_queue.best >= next->sched_priority;
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

	if (__builtin_expect(!__atomic_compare_exchange_n(&next->flags, &waits, 0, false,
							  __ATOMIC_ACQ_REL, __ATOMIC_RELAXED), 0))
		return false;
	if (__builtin_expect(__atomic_compare_exchange_n(&self->flags, &runs, TH_RUN | TH_WAIT,
							 false, __ATOMIC_ACQ_REL,
							 __ATOMIC_RELAXED), 1))
		return true;
	thread_take_over_undo(next);
	return false;
}

/* The rest of thread_hand_over when the thread was claimed since it was queued: it is runnable. */
void thread_hand_over_claimed(struct thread *self);

/*
 * The parts of thread_block_to, for one who must know before it changes anything: first
 * thread_can_take_over and thread_take_over, then this.  The current thread waits, with a
 * continuation, unless its wait is over already; then it is runnable.  Returns as `next`, on the
 * same stack.
 *
 * The run queue is not concerned: TH_RUN goes from one thread to the other.  It leaves the first
 * when that has nothing to do with this CPU any more, and another may run it.
 *
 * Locks:    none.  Interrupts off since thread_can_take_over said true.
 */
#ifdef HOST_TEST
void thread_hand_over(struct thread *self, continuation_t continuation, struct thread *next);
#else
static inline __attribute__((always_inline)) void
thread_hand_over(struct thread *self, continuation_t continuation, struct thread *next)
{
	uint32_t both = TH_RUN | TH_WAIT;

	assert_no_locks();
	assert((next->flags & (TH_RUN | TH_WAIT)) == 0 && !interrupts_enabled());
	assert(!kstack_exists(next) && next->wait_event == NULL && !timer_is_set(&next->wait_timer));
	__atomic_fetch_or(&next->flags, TH_RUN, __ATOMIC_RELAXED);
	next->slice_left = self->slice_left;
	self->continuation = continuation;
	kstack_hand_over(self, next);
	machine_thread_load(self, next);
	if (__builtin_expect(!__atomic_compare_exchange_n(&self->flags, &both, TH_WAIT, false,
							  __ATOMIC_ACQ_REL, __ATOMIC_RELAXED), 0))
		thread_hand_over_claimed(self);
}
#endif

#endif /* KERN_RUN_QUEUE_H */
