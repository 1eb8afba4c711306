/* SPDX-License-Identifier: BSD-2-Clause */
#include <kern/ast.h>

#include <kern/machine.h>
#include <kern/pc_sample.h>
#include <kern/sched.h>
#include <kern/sched_parts.h>
#include <kern/thread.h>
#include <kern/timer.h>

static void (*device_work)(void);

void ast_set_device_work(void (*work)(void))
{
	device_work = work;
}

void ast_serve_cpu(void)
{
	struct percpu *cpu = current_cpu();
	uint32_t bits = cpu->ast & (AST_TICK | AST_DEVICE);
	uint32_t ticks;

	assert_no_locks();
	if (bits == 0)
		return;
	ast_clear(bits);
	ticks = __atomic_exchange_n(&cpu->ticks, 0, __ATOMIC_RELAXED);
	if (ticks > 0) {
		pc_sample(SAMPLED_PC_PERIODIC);
		sched_tick(ticks);
		timer_advance(ticks);
	}
	if ((bits & AST_DEVICE) && device_work != NULL)
		device_work();
}

void ast_serve(void)
{
	struct thread *self = current_thread();

	ast_serve_cpu();
	if (self->ast & AST_HALT)
		thread_halt_self();
	if (self->ast & AST_STEP) {
		thread_clear_ast(self, AST_STEP);
		machine_raise_deferred();
	}
	if (current_cpu()->ast & AST_PREEMPT)
		sched_preempt(user_return);
}

void preemption_point(void)
{
	bool enabled = interrupts_enabled();

	assert_no_locks();
	interrupts_enable();
	ast_serve_cpu();
	if (current_cpu()->ast & AST_PREEMPT)
		sched_preempt(NULL);
	if (!enabled)
		interrupts_disable();
}
