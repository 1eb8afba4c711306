/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What belongs to one CPU, and how running code finds it.
 *
 * Kernel stacks are KSTACK_SIZE bytes, aligned to that; the lowest words of the
 * stack that a CPU runs on say which CPU and which thread that is.  Handing a
 * stack to another thread is therefore one store.
 */
#ifndef KERN_PERCPU_H
#define KERN_PERCPU_H

#include <stdbool.h>
#include <stdint.h>

#include <kern/queue.h>

#define KSTACK_SIZE 8192u

struct thread;
struct trace_ring;
struct spin_lock;

/* Why a CPU or thread must not go straight back to user mode. */
enum ast {
	AST_TICK = 1,		/* clock ticks wait to be accounted (interrupt) */
	AST_PREEMPT = 2,	/* a better thread is runnable */
	AST_HALT = 4,		/* the thread is to stop or to end */
	AST_DEVICE = 8,		/* a device handler left work (interrupt) */
	AST_STEP = 16,		/* a single step trap is due */
};

#define PERCPU_LOCKS 16

struct percpu {
	volatile uint32_t ast;		/* enum ast; interrupt handlers only add bits */
	volatile uint32_t ticks;	/* clock ticks not yet accounted */
	volatile bool tick_in_user;	/* where the last one was: in user mode */
	unsigned int id;
	uint32_t charged;		/* machine_cycles when a thread was charged last */
	struct thread *idle;
	struct thread *fpu_owner;	/* whose registers the FPU holds, or NULL */
	struct pmap *pmap;		/* what CR3 holds */
	struct trace_ring *trace;	/* kern/trace.c; NULL until it is first switched on */
	struct queue_link *stack_cache;	/* free stacks, singly linked by .next */
	unsigned int stack_cache_count;
	unsigned int lock_depth;	/* debug: spin locks held, in order taken */
	const struct spin_lock *locks[PERCPU_LOCKS];
};

struct stack_base {
	struct percpu *cpu;
	struct thread *thread;
};

extern struct percpu percpu_boot;	/* the first CPU's */

#ifdef HOST_TEST
/* On the host, tests have one base for all and set its thread themselves. */
extern struct stack_base host_stack_base;

static inline struct stack_base *stack_base(void)
{
	return &host_stack_base;
}
#else
static inline struct stack_base *stack_base(void)
{
	uintptr_t sp;

	__asm__("movl %%esp, %0" : "=r"(sp));
	return (struct stack_base *)(sp & ~(uintptr_t)(KSTACK_SIZE - 1));
}
#endif

/* Constant for all of a thread's own code, so the compiler may keep it. */
static inline struct thread *current_thread(void)
{
	return stack_base()->thread;
}

static inline struct percpu *current_cpu(void)
{
	return stack_base()->cpu;
}

#endif /* KERN_PERCPU_H */
