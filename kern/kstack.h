/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Kernel stacks.
 *
 * A thread needs one only while it runs in the kernel or is blocked in the middle of something;
 * the others have left a continuation.  So a CPU needs few, and keeps some free ones at
 * hand.  A thread that is to run and cannot get one waits until one is given back.
 */
#ifndef KERN_KSTACK_H
#define KERN_KSTACK_H

#include <stdbool.h>

#include <kern/percpu.h>
#include <kern/thread.h>

void kstack_init(void);

static inline bool kstack_exists(const struct thread *thread)
{
	return thread->pcb.kstack_top != 0;
}

/* The lowest address of the stack of a thread that has one. */
static inline void *kstack_base(const struct thread *thread)
{
	return (void *)(uintptr_t)(thread->pcb.kstack_top - KSTACK_SIZE);
}

/* The current stack becomes that of `next`, which has none. */
static inline void kstack_hand_over(struct thread *self, struct thread *next)
{
	next->pcb.kstack_top = self->pcb.kstack_top;
	self->pcb.kstack_top = 0;
	stack_base()->thread = next;
}

/* Make a stack the thread's. */
void kstack_attach(struct thread *thread, void *stack);

/*
 * Give a runnable thread a stack on which its continuation will be called.
 *
 * Returns:  false when there is none; the thread is made runnable again when it has one.
 */
bool kstack_provide(struct thread *thread);

/* Take the stack, which is not in use, from a thread, and give it to one that waits, or keep it. */
void kstack_release(struct thread *thread);

/* Free stacks at hand. */
uint32_t kstack_free_count(void);

/* The most bytes that a thread's stack has ever been used by anyone; 0 without a stack. */
uint32_t kstack_depth(const struct thread *thread);

/*
 * Memory is short (tests): make at most `more` stacks from now on, besides those there are; 0 ends
 * that.
 */
void kstack_limit(unsigned int more);

#endif /* KERN_KSTACK_H */
