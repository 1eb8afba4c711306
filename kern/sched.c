/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Blocking and waking, and who runs next.
 *
 * A thread's flags tell how it stands to the run queue:
 *
 *	TH_RUN			it runs, is on the run queue, or (TH_NO_STACK) waits for a stack
 *	TH_RUN and TH_WAIT	it runs, and will stop being runnable when it blocks
 *	TH_WAIT			it waits
 *	neither			somebody has claimed it and is about to let it run
 *
 * TH_WAIT is cleared by one atomic instruction, which decides who claims the thread; TH_RUN
 * changes under the run queue's lock, or goes with the CPU from one thread to the next
 * (thread_hand_over).  So a thread that is claimed before it has blocked finds
 * that out in thread_block, and nobody runs it on two CPUs.
 */
#include <kern/sched.h>

#include <kern/ast.h>
#include <kern/event.h>
#include <kern/kstack.h>
#include <kern/machine.h>
#include <kern/percpu.h>
#include <kern/run_queue.h>
#include <kern/sched_parts.h>
#include <kern/thread.h>
#include <kern/trace.h>

/* What runs until sched_start, so that there is always a current thread. */
static struct thread boot_thread;

void sched_init(void)
{
	run_queue_init();
	event_init();
	kstack_init();
	machine_threads_init();
	sched_thread_init(&boot_thread, NULL);
	boot_thread.flags = TH_RUN;
	kstack_attach(&boot_thread, stack_base());
}

/* --- Flags -------------------------------------------------------------------------------- */

static void flags_set(struct thread *thread, uint32_t bits)
{
	__atomic_fetch_or(&thread->flags, bits, __ATOMIC_RELAXED);
}

static void flags_clear(struct thread *thread, uint32_t bits)
{
	__atomic_fetch_and(&thread->flags, ~bits, __ATOMIC_RELAXED);
}

void thread_set_ast(struct thread *thread, enum ast bit)
{
	__atomic_fetch_or(&thread->ast, (uint32_t)bit, __ATOMIC_RELAXED);
}

void thread_clear_ast(struct thread *thread, enum ast bit)
{
	__atomic_fetch_and(&thread->ast, ~(uint32_t)bit, __ATOMIC_RELAXED);
}

/* --- Waiting and claiming ----------------------------------------------------------------- */

static void thread_timed_out(void *arg)
{
	thread_wake(arg, WAIT_TIMED_OUT);
}

void sched_thread_init(struct thread *thread, continuation_t continuation)
{
	queue_link_init(&thread->run_link);
	timer_init(&thread->wait_timer, thread_timed_out, thread);
	thread->flags = TH_WAIT;
	thread->continuation = continuation;
	sched_policy_init(thread);
}

/*
 * Has it been terminated, and not come to the boundary yet?  It may have been interrupted already:
 * what is tried again then must not wait, or whoever terminates its task waits as long.
 */
static bool is_on_way_to_end(const struct thread *self)
{
	return !self->active && (self->ast & AST_HALT);
}

void thread_will_wait(struct thread *self, bool interruptible)
{
	assert((self->flags & (TH_RUN | TH_WAIT)) == TH_RUN);
	if (!interruptible) {
		flags_set(self, TH_WAIT | TH_UNINT);
		return;
	}
	if ((self->flags & TH_ABORTED) || is_on_way_to_end(self)) {
		flags_clear(self, TH_ABORTED);
		self->wait_result = WAIT_INTERRUPTED;
		return;
	}
	flags_clear(self, TH_UNINT);
	flags_set(self, TH_WAIT);
}

void thread_set_timeout(struct thread *self, uint32_t ms)
{
	if (!(self->flags & TH_WAIT))
		return;
	timer_set_ms(&self->wait_timer, ms);
	if (!(self->flags & TH_WAIT))	/* claimed meanwhile */
		timer_cancel(&self->wait_timer);
}

bool thread_claim_wait(struct thread *thread)
{
	if (!(__atomic_fetch_and(&thread->flags, ~(uint32_t)TH_WAIT, __ATOMIC_ACQ_REL) & TH_WAIT))
		return false;
	if (trace_on(TRACE_WAKE))
		trace_record(TRACE_WAKE, thread->id, 0, 0);
	return true;
}

bool thread_claim(struct thread *thread, enum wait_result result)
{
	if (!thread_claim_wait(thread))
		return false;
	thread->wait_result = result;
	if (thread->wait_event != NULL)
		event_leave(thread);
	timer_cancel(&thread->wait_timer);
	return true;
}

void thread_interrupt(struct thread *thread)
{
	flags_set(thread, TH_ABORTED);
	if ((thread->flags & (TH_WAIT | TH_UNINT)) == TH_WAIT &&
	    thread_claim(thread, WAIT_INTERRUPTED)) {
		flags_clear(thread, TH_ABORTED);
		thread_make_runnable(thread);
	}
}

void thread_interrupt_done(struct thread *self)
{
	flags_clear(self, TH_ABORTED);
}

void thread_make_runnable(struct thread *thread)
{
	spin_lock(&run_queue.lock);
	if (!(thread->flags & TH_RUN)) {
		flags_clear(thread, TH_WAIT);	/* of a new thread, which nobody has claimed */
		flags_set(thread, TH_RUN);
		thread->ready_since = sched_now;
		sched_refresh(thread);
		sched_refill(thread);
		run_queue_insert(thread, false);
		if (thread->sched_priority < current_thread()->sched_priority)
			ast_set(AST_PREEMPT);
	}
	spin_unlock(&run_queue.lock);
}

/* --- Switching ---------------------------------------------------------------------------- */

/*
 * On the stack of the thread switched to: `previous` has left its own, and has given it away if
 * it has left a continuation.
 */
void sched_switched(struct thread *previous)
{
	if (previous->continuation != NULL)
		kstack_release(previous);
}

/* Become `next`, which has no stack, on the current one, and go on where it has left off. */
_Noreturn static inline void switch_on_stack(struct thread *self, struct thread *next)
{
	kstack_hand_over(self, next);
	machine_thread_load(self, next);
	machine_call_continuation(next->continuation);
}

/* Become `next` on its own stack.  Returns when self runs again, if it keeps its stack. */
static void switch_stacks(struct thread *self, struct thread *next)
{
	struct thread *previous;

	machine_thread_load(self, next);
	previous = machine_switch_context(self, next);
	sched_switched(previous);
}

static void switch_to(struct thread *self, continuation_t continuation, struct thread *next)
{
	self->continuation = continuation;
	if (next != self) {
		if (!kstack_exists(next))
			switch_on_stack(self, next);
		switch_stacks(self, next);
	} else if (continuation != NULL) {
		machine_call_continuation(continuation);
	}
}

/*
 * Off the CPU, or back to the run queue when the thread does not wait: first in its queue if it
 * is only preempted, with the rest of its slice.  Run queue locked.
 */
static void put_back(struct thread *self, bool preempted)
{
	if (self->flags & TH_WAIT) {
		flags_clear(self, TH_RUN);
		return;
	}
	if (self->flags & TH_IDLE)
		return;
	self->ready_since = sched_now;
	preempted = preempted && self->slice_left > 0;
	if (!preempted) {
		sched_refresh(self);
		sched_refill(self);
	}
	run_queue_insert(self, preempted);
}

static struct thread *choose_next(void)
{
	struct thread *next;

	ast_clear(AST_PREEMPT);
	next = run_queue_take();
	return next != NULL ? next : current_cpu()->idle;
}

/*
 * Let the next thread run that can: one that has a stack, or can have ours (we leave a
 * continuation), or can get one.  The idle thread always can.
 */
static void leave_cpu(continuation_t continuation, bool preempted)
{
	struct thread *self = current_thread();
	struct thread *next;

	assert_no_locks();
	interrupts_enable();
	spin_lock(&run_queue.lock);
	sched_charge(self);
	put_back(self, preempted);
	next = choose_next();
	spin_unlock(&run_queue.lock);

	while (continuation == NULL && !kstack_exists(next) && !kstack_provide(next)) {
		spin_lock(&run_queue.lock);
		next = choose_next();
		spin_unlock(&run_queue.lock);
	}
	if (trace_on(TRACE_BLOCK) && next != self)
		trace_record(TRACE_BLOCK, next->id, !(self->flags & TH_RUN), 0);
	switch_to(self, continuation, next);
}

void thread_block(continuation_t continuation)
{
	leave_cpu(continuation, false);
}

void sched_preempt(continuation_t continuation)
{
	leave_cpu(continuation, true);
}

void thread_block_to(continuation_t continuation, struct thread *next)
{
	struct thread *self = current_thread();

	assert_no_locks();
	assert((next->flags & (TH_RUN | TH_WAIT)) == 0);
	spin_lock(&run_queue.lock);
	if (run_queue.best < next->sched_priority || !(self->flags & TH_WAIT) ||
	    continuation == NULL || kstack_exists(next)) {
		spin_unlock(&run_queue.lock);
		thread_make_runnable(next);
		thread_block(continuation);
		return;
	}
	flags_clear(self, TH_RUN);
	flags_set(next, TH_RUN);
	next->slice_left = self->slice_left;
	spin_unlock(&run_queue.lock);
	if (trace_on(TRACE_BLOCK))
		trace_record(TRACE_BLOCK, next->id, true, 0);
	self->continuation = continuation;
	switch_on_stack(self, next);
}

void thread_take_over_undo(struct thread *next)
{
	uint32_t flags = 0;

	if (__atomic_compare_exchange_n(&next->flags, &flags, TH_WAIT, false, __ATOMIC_ACQ_REL,
					__ATOMIC_RELAXED))
		return;
	/* It was aborted meanwhile, and the abort has left the end of the wait to us. */
	flags_clear(next, TH_ABORTED);
	next->wait_result = WAIT_INTERRUPTED;
	thread_make_runnable(next);
}

void thread_hand_over_claimed(struct thread *self)
{
	spin_lock(&run_queue.lock);
	flags_clear(self, TH_RUN);
	if (!(self->flags & TH_WAIT)) {
		flags_set(self, TH_RUN);
		put_back(self, false);
	}
	spin_unlock(&run_queue.lock);
}

void thread_yield(void)
{
	if (run_queue.best <= current_thread()->sched_priority)
		thread_block(NULL);
}

/* --- Idle, and the start ------------------------------------------------------------------ */

/* The idle thread keeps its stack, so that there is always a thread that can run. */
static _Noreturn void idle_loop(void)
{
	for (;;) {
		interrupts_disable();
		if (run_queue.best == PRIORITY_LEVELS && current_cpu()->ast == 0)
			machine_idle();
		interrupts_enable();
		ast_serve_cpu();
		if (run_queue.best < PRIORITY_LEVELS)
			thread_block(NULL);
		ast_clear(AST_PREEMPT);
	}
}

static struct thread *make_idle_thread(void)
{
	struct thread *idle = kernel_thread_create("idle", idle_loop, PRIORITY_IDLE);

	spin_lock(&run_queue.lock);
	run_queue_remove(idle);
	flags_set(idle, TH_IDLE);
	sched_refresh(idle);
	spin_unlock(&run_queue.lock);
	return idle;
}

void sched_start(struct thread *first)
{
	struct thread *idle = make_idle_thread();

	kernel_idle_thread = idle;
	current_cpu()->idle = idle;
	if (!(first->flags & TH_RUN))
		thread_make_runnable(first);
	switch_on_stack(&boot_thread, idle);
}
