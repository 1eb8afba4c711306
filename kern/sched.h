/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The scheduler: run queue, blocking, waking, handing off.
 *
 * Priorities 0 (best) to 63; a bitmap finds the best in constant time.  The
 * kernel is not preempted: a better thread runs at the next return to user
 * mode, block, or preemption_point.
 *
 * A typical wait:
 *
 *	spin_lock(&queue->lock);
 *	thread_will_wait(self, true);
 *	...insert self into the queue...
 *	thread_set_timeout(self, ms);           (optional)
 *	spin_unlock(&queue->lock);
 *	thread_block(my_continuation);          (never returns)
 */
#ifndef KERN_SCHED_H
#define KERN_SCHED_H

#include <kern/thread.h>

#define PRIORITY_LEVELS 64
#define PRIORITY_IDLE (PRIORITY_LEVELS - 1)
#define BASEPRI_USER 25
#define BASEPRI_KERNEL 6
#define QUANTUM_TICKS 3			/* 30 ms */

void sched_init(void);

/* Become the first thread of this CPU, coming from the boot stack. */
_Noreturn void sched_start(struct thread *first);

/* Declare that the current thread will wait.  Until it blocks it may already be claimed. */
void thread_will_wait(struct thread *self, bool interruptible);

/* Have the wait end with WAIT_TIMED_OUT after ms milliseconds. */
void thread_set_timeout(struct thread *self, uint32_t ms);

/*
 * End a thread's wait with `result`, cancelling its timeout.
 *
 * Locks:    any before LOCK_EVENT may be held.
 * Returns:  true when the thread was waiting: the caller then must let it run, by
 *           thread_make_runnable or thread_block_to.  false: somebody else was first.
 */
bool thread_claim(struct thread *thread, enum wait_result result);

/* Put a claimed (or new) thread on the run queue. */
void thread_make_runnable(struct thread *thread);

/* Both. */
static inline bool thread_wake(struct thread *thread, enum wait_result result)
{
	if (!thread_claim(thread, result))
		return false;
	thread_make_runnable(thread);
	return true;
}

/*
 * Give up the CPU.  If the thread has declared a wait and has not been claimed it stops
 * being runnable; else it goes to the end of its queue.  With a continuation the
 * kernel stack is given away and the call does not return: the continuation runs
 * later.  Without one the stack is kept and the call returns.
 *
 * Locks:    none held.
 */
void thread_block(continuation_t continuation);

/*
 * The same, but give the CPU, the rest of the time slice and (if it waits with a continuation)
 * the stack to `next`, which the caller has claimed, unless a better thread is runnable.
 */
void thread_block_to(continuation_t continuation, struct thread *next);

/* Leave the CPU to threads of the same or a better priority, if there are any. */
void thread_yield(void);

/* How the last wait ended. */
static inline enum wait_result thread_wait_result(const struct thread *self)
{
	return self->wait_result;
}

/* Scheduling state of a new thread: blocked, to go on with `continuation` when made runnable. */
void sched_thread_init(struct thread *thread, continuation_t continuation);

/*
 * For thread_abort and termination: end the wait with WAIT_INTERRUPTED if it is interruptible;
 * else remember TH_ABORTED, and the next interruptible wait is over as soon as it is declared.
 * After termination so are all further ones before the boundary to user mode.
 *
 * Locks:    any before LOCK_EVENT may be held.
 */
void thread_interrupt(struct thread *thread);

/* At the boundary to user mode: forget TH_ABORTED. */
void thread_interrupt_done(struct thread *self);

/* Set a bit of thread->ast, and have it looked at before the thread is in user mode again. */
void thread_set_ast(struct thread *thread, enum ast bit);
void thread_clear_ast(struct thread *thread, enum ast bit);

/* --- Events: waits on an address, for everything but messages --------------- */

/* Declare a wait for `event`; then thread_block. */
void event_will_wait(const void *event, bool interruptible);
void event_wake_all(const void *event);
bool event_wake_one(const void *event);

/* --- Preemption --------------------------------------------------------------- */

/*
 * A named point in a long operation: lets interrupts and better threads in.
 * Returns with the same stack; what is not locked may have changed.
 *
 * Locks:    none held.  Mutexes may be.
 */
void preemption_point(void);

/*
 * Serve AST bits of the CPU and the current thread.  Called by the return-to-user
 * code with interrupts on; may block (parking, preemption) or not return.
 */
void ast_serve(void);

/* Recompute the scheduler's priority after base, maximum or policy changed. */
void sched_priority_changed(struct thread *thread);

/*
 * Let a thread run next, as far as that is the current thread's to give: it comes first of its
 * level.  Nothing happens unless it is ready.  thread_yield, or a wait, is to follow.
 */
void sched_favour(struct thread *thread);

/* CPU time that the thread has used lately, in ticks, faded. */
uint32_t sched_usage(struct thread *thread);

/* What the thread has used so far; of the current one: to this moment. */
void sched_times(struct thread *thread, uint64_t *user_ns, uint64_t *system_ns);

/* For thread_switch and friends. */
void sched_depress(struct thread *self, uint32_t ms);
kern_return_t sched_depress_abort(struct thread *thread);

/* Load averages, ticks: host statistics. */
extern int64_t sched_load_average[3];	/* scaled by LOAD_SCALE of mach/processor_info.h */

#endif /* KERN_SCHED_H */
