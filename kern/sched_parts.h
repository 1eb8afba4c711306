/* SPDX-License-Identifier: BSD-2-Clause */
/* Between the scheduler's parts; what others use of it is in kern/sched.h. */
#ifndef KERN_SCHED_PARTS_H
#define KERN_SCHED_PARTS_H

#include <stdint.h>

#include <kern/thread.h>

void sched_policy_init(struct thread *thread);

/* Let usage fade and compute sched_priority of a thread that is in no queue.  Run queue locked. */
void sched_refresh(struct thread *thread);

/*
 * Charge a thread, which has the CPU, with the time that nobody was charged with yet.  That is done
 * at ticks and when a thread blocks, but not when it hands the CPU over: who blocks at the end
 * has it all.  So nobody evades it by sleeping when the clock ticks.  Run queue locked.
 */
void sched_charge(struct thread *thread);

/* A new time slice. */
void sched_refill(struct thread *thread);

/* Give way to better threads, as thread_block, keeping the place in the queue and the slice. */
void sched_preempt(continuation_t continuation);

/* On the stack switched to, first of all. */
void sched_switched(struct thread *previous);

/* Account ticks that have passed, the current thread running.  AST work. */
void sched_tick(uint32_t ticks);

extern uint32_t sched_now;	/* ticks, for differences */

#endif /* KERN_SCHED_PARTS_H */
