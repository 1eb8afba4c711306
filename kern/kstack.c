/* SPDX-License-Identifier: BSD-2-Clause */
#include <kern/kstack.h>

#include <stdint.h>

#include <kern/lock.h>
#include <kern/machine.h>
#include <kern/percpu.h>
#include <kern/queue.h>
#include <kern/run_queue.h>
#include <kern/sched_parts.h>
#include <kern/string.h>
#include <kern/thread.h>
#include <vm/kmem.h>

#define CACHE_MAX 8

/* What is in a free stack. */
struct free_stack {
	struct stack_base base;
	struct queue_link link;
};

/* Runnable threads (TH_RUN) without a stack, by run_link; guarded by run_queue.lock. */
static struct queue stack_waiters;

/* How many may still be made; tests lower it. */
static uint32_t stacks_allowed = UINT32_MAX;

void kstack_limit(unsigned int more)
{
	stacks_allowed = more == 0 ? UINT32_MAX : more;
}

void kstack_init(void)
{
	queue_init(&stack_waiters);
}

/* Zeros tell how far a stack has ever been used (kstack_depth). */
static void *kstack_make(void)
{
	void *stack;

	if (stacks_allowed == 0)
		return NULL;
	if (stacks_allowed != UINT32_MAX)
		stacks_allowed--;
	stack = kmem_alloc_stack();
	if (stack != NULL)
		memset(stack, 0, KSTACK_SIZE);
	return stack;
}

static void *kstack_alloc(struct percpu *cpu)
{
	struct queue_link *first = cpu->stack_cache;

	if (first == NULL)
		return kstack_make();
	cpu->stack_cache = first->next;
	cpu->stack_cache_count--;
	return container_of(first, struct free_stack, link);
}

static void kstack_free(struct percpu *cpu, void *stack)
{
	struct free_stack *free = stack;

	if (cpu->stack_cache_count >= CACHE_MAX) {
		kmem_free_stack(stack);
		return;
	}
	free->link.next = cpu->stack_cache;
	cpu->stack_cache = &free->link;
	cpu->stack_cache_count++;
}

void kstack_attach(struct thread *thread, void *stack)
{
	struct stack_base *base = stack;

	base->cpu = current_cpu();
	base->thread = thread;
	thread->pcb.kstack_top = (uint32_t)(uintptr_t)stack + KSTACK_SIZE;
}

/* The first thing that a thread does on a fresh stack. */
static void kstack_start(struct thread *previous)
{
	sched_switched(previous);
	interrupts_enable();
	machine_call_continuation(current_thread()->continuation);
}

static void kstack_give(struct thread *thread, void *stack)
{
	kstack_attach(thread, stack);
	machine_stack_prepare(thread, kstack_start);
}

bool kstack_provide(struct thread *thread)
{
	void *stack = kstack_alloc(current_cpu());

	if (stack != NULL) {
		kstack_give(thread, stack);
		return true;
	}
	spin_lock(&run_queue.lock);
	thread->flags |= TH_NO_STACK;
	queue_insert_tail(&stack_waiters, &thread->run_link);
	spin_unlock(&run_queue.lock);
	return false;
}

/* The first waiter, on the run queue now and soon with a stack; NULL without one. */
static bool kstack_serve(void *stack)
{
	struct thread *thread;

	spin_lock(&run_queue.lock);
	if (queue_empty(&stack_waiters)) {
		spin_unlock(&run_queue.lock);
		return false;
	}
	thread = container_of(queue_take_first(&stack_waiters), struct thread, run_link);
	thread->flags &= ~(uint32_t)TH_NO_STACK;
	kstack_give(thread, stack);
	run_queue_insert(thread, true);
	spin_unlock(&run_queue.lock);
	return true;
}

void kstack_release(struct thread *thread)
{
	void *stack = kstack_base(thread);

	thread->pcb.kstack_top = 0;
	if (!kstack_serve(stack))
		kstack_free(current_cpu(), stack);
}

uint32_t kstack_free_count(void)
{
	return current_cpu()->stack_cache_count;
}

uint32_t kstack_depth(const struct thread *thread)
{
	const uint32_t *word, *end;

	if (!kstack_exists(thread))
		return 0;
	word = (const uint32_t *)((const struct free_stack *)kstack_base(thread) + 1);
	end = (const uint32_t *)(uintptr_t)thread->pcb.kstack_top;
	while (word < end && *word == 0)
		word++;
	return (uint32_t)((uintptr_t)end - (uintptr_t)word);
}
