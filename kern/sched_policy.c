/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Priorities.
 *
 * A timesharing thread has its base priority, made worse by the CPU time it has used lately.  Usage
 * is in ticks and halves every 64 of them; that is computed only when the thread is looked
 * at.  At most 128 ticks are ever counted, which is 32 levels.
 *
 * Threads that are ready and do not run are visited too, one level's first in each tick, in turn:
 * what has waited for long moves beside the best timesharing thread for one slice.  So every
 * timesharing thread runs from time to time, whatever the others do; fixed priorities
 * and depressed threads are left alone.
 */
#include <kern/sched_parts.h>

#include <kern/ast.h>
#include <kern/percpu.h>
#include <kern/run_queue.h>
#include <kern/sched.h>
#include <kern/task.h>
#include <kern/thread.h>
#include <mach/policy.h>
#include <mach/processor_info.h>

#define USAGE_SHIFT 6			/* usage halves every 64 ticks */
#define USAGE_TO_LEVELS 2		/* 4 ticks are one level */
#define LOWEST_USER (PRIORITY_IDLE - 1)
#define PATIENCE_TICKS 50
#define TICK_NS (1000000u * TICK_MS)
#define CYCLES_MAX (1u << 22)		/* more are counted at once */

uint32_t sched_now;
int64_t sched_load_average[3];

static void sched_depress_over(void *arg)
{
	sched_depress_abort(arg);
}

void sched_policy_init(struct thread *thread)
{
	timer_init(&thread->depress_timer, sched_depress_over, thread);
	thread->usage_stamp = sched_now;
	thread->sched_priority = LOWEST_USER;
	if (thread->quantum_ticks == 0)
		thread->quantum_ticks = QUANTUM_TICKS;
	sched_refill(thread);
}

void sched_refill(struct thread *thread)
{
	thread->slice_left = thread->policy == POLICY_FIXEDPRI ? thread->quantum_ticks
							       : QUANTUM_TICKS;
}

/* Turn what was charged into time, and whole ticks of that into usage. */
static void count_cycles(struct thread *thread, bool in_user)
{
	uint32_t ns = machine_cycles_ns(thread->cycles);

	thread->cycles = 0;
	if (in_user && thread->task != kernel_task)
		thread->user_ns += ns;
	else
		thread->system_ns += ns;
	thread->usage_ns += ns;
	if (thread->usage_ns >= TICK_NS) {
		thread->usage += thread->usage_ns / TICK_NS;
		thread->usage_ns %= TICK_NS;
	}
}

/* Was the last tick, if it is not accounted yet, in the kernel?  Programs work in user mode mostly. */
static bool probably_in_user(const struct percpu *cpu)
{
	return cpu->ticks == 0 || cpu->tick_in_user;
}

static void charge_cycles(struct thread *thread, struct percpu *cpu)
{
	uint32_t now = (uint32_t)machine_cycles();

	assert_locked(&run_queue.lock);
	thread->cycles += now - cpu->charged;
	cpu->charged = now;
}

void sched_charge(struct thread *thread)
{
	struct percpu *cpu = current_cpu();

	charge_cycles(thread, cpu);
	if (thread->cycles >= CYCLES_MAX)
		count_cycles(thread, probably_in_user(cpu));
}

void sched_times(struct thread *thread, uint64_t *user_ns, uint64_t *system_ns)
{
	spin_lock(&run_queue.lock);
	if (thread == current_thread())
		charge_cycles(thread, current_cpu());
	count_cycles(thread, probably_in_user(current_cpu()));
	*user_ns = thread->user_ns;
	*system_ns = thread->system_ns;
	spin_unlock(&run_queue.lock);
}

static int16_t clamp_priority(int32_t priority)
{
	return (int16_t)(priority > LOWEST_USER ? LOWEST_USER : priority);
}

static void fade_usage(struct thread *thread)
{
	uint32_t halvings = (sched_now - thread->usage_stamp) >> USAGE_SHIFT;

	if (halvings > 0) {
		thread->usage = halvings < 32 ? thread->usage >> halvings : 0;
		thread->usage_stamp += halvings << USAGE_SHIFT;
	}
}

uint32_t sched_usage(struct thread *thread)
{
	uint32_t usage;

	spin_lock(&run_queue.lock);
	fade_usage(thread);
	usage = thread->usage;
	spin_unlock(&run_queue.lock);
	return usage;
}

void sched_refresh(struct thread *thread)
{
	fade_usage(thread);
	if (thread->flags & TH_IDLE)
		thread->sched_priority = PRIORITY_IDLE;
	else if (thread->depress_priority >= 0)
		thread->sched_priority = LOWEST_USER;
	else if (thread->policy == POLICY_FIXEDPRI)
		thread->sched_priority = clamp_priority(thread->priority);
	else
		thread->sched_priority = clamp_priority(thread->priority +
							(int32_t)(thread->usage >>
								  USAGE_TO_LEVELS));
}

/* Of the timesharing threads, whose priority moves, and not depressed. */
static bool is_timesharing(const struct thread *thread)
{
	return thread->policy == POLICY_TIMESHARE && thread->depress_priority < 0;
}

/* Does a thread that is ready have a better priority than the current one?  Run queue locked. */
static void preempt_if_better(struct thread *self)
{
	if (run_queue.best < self->sched_priority)
		ast_set(AST_PREEMPT);
}

void sched_priority_changed(struct thread *thread)
{
	bool ready;

	spin_lock(&run_queue.lock);
	ready = (thread->flags & (TH_RUN | TH_NO_STACK)) == TH_RUN &&
		queue_linked(&thread->run_link);
	if (ready)
		run_queue_remove(thread);
	sched_refresh(thread);
	if (ready)
		run_queue_insert(thread, false);
	preempt_if_better(current_thread());
	spin_unlock(&run_queue.lock);
}

/*
 * What is given away is the rest of the giver's slice, so that two threads that give way to
 * each other have no more of the CPU together than they would have alone.
 */
void sched_favour(struct thread *thread)
{
	struct thread *self = current_thread();

	spin_lock(&run_queue.lock);
	if ((thread->flags & (TH_RUN | TH_NO_STACK)) == TH_RUN &&
	    queue_linked(&thread->run_link)) {
		run_queue_remove(thread);
		if (self->slice_left < thread->slice_left)
			thread->slice_left = self->slice_left;
		run_queue_insert(thread, self->slice_left > 0);
	}
	spin_unlock(&run_queue.lock);
}

/* --- Depression --------------------------------------------------------------------------- */

void sched_depress(struct thread *self, uint32_t ms)
{
	spin_lock(&run_queue.lock);
	self->depress_priority = self->priority;
	spin_unlock(&run_queue.lock);
	if (ms != 0)
		timer_set_ms(&self->depress_timer, ms);
	else
		timer_cancel(&self->depress_timer);
	sched_priority_changed(self);
}

kern_return_t sched_depress_abort(struct thread *thread)
{
	bool depressed;

	timer_cancel(&thread->depress_timer);
	spin_lock(&run_queue.lock);
	depressed = thread->depress_priority >= 0;
	thread->depress_priority = -1;
	spin_unlock(&run_queue.lock);
	if (depressed)
		sched_priority_changed(thread);
	return KERN_SUCCESS;
}

/* --- The clock ---------------------------------------------------------------------------- */

/* The level of the best timesharing thread that is ready, from the first of each level. */
static int32_t best_timesharing_level(void)
{
	int32_t level;

	for (level = run_queue.best; level < PRIORITY_LEVELS;
	     level = run_queue_next_level(level + 1)) {
		struct thread *first = container_of(queue_first(&run_queue.level[level]),
						    struct thread, run_link);

		if (is_timesharing(first))
			break;
	}
	return level;
}

/* Let the first of the next level have its turn, if it has waited too long. */
static void age_one_level(struct thread *self)
{
	static int32_t cursor;
	struct thread *thread;
	int32_t best;

	cursor = run_queue_next_level(cursor + 1);
	if (cursor == PRIORITY_LEVELS) {
		cursor = -1;
		return;
	}
	thread = container_of(queue_first(&run_queue.level[cursor]), struct thread, run_link);
	if (sched_now - thread->ready_since < PATIENCE_TICKS || !is_timesharing(thread))
		return;
	best = best_timesharing_level();
	if (self->policy == POLICY_TIMESHARE && self->sched_priority < best)
		best = self->sched_priority;
	if (best >= thread->sched_priority)
		best = thread->sched_priority;
	run_queue_remove(thread);
	thread->sched_priority = (int16_t)best;
	thread->ready_since = sched_now;
	run_queue_insert(thread, true);
}

static void charge_current(struct thread *self, uint32_t ticks)
{
	if (self->slice_left > ticks) {
		self->slice_left -= ticks;
		return;
	}
	self->slice_left = 0;
	sched_refresh(self);
	if (run_queue.best <= self->sched_priority)
		ast_set(AST_PREEMPT);
	else
		sched_refill(self);
}

/* Once a second: averages over 5, 30 and 60 seconds; 65536 * (1 - exp(-1 / n)). */
static void average_load(uint32_t running)
{
	static const int32_t weight[3] = { 11880, 2148, 1083 };
	unsigned int i;

	for (i = 0; i < 3; i++) {
		int64_t *average = &sched_load_average[i];

		*average += ((int64_t)running * LOAD_SCALE - *average) * weight[i] / 65536;
	}
}

void sched_tick(uint32_t ticks)
{
	struct thread *self = current_thread();
	uint32_t before = sched_now;

	spin_lock(&run_queue.lock);
	sched_now += ticks;
	charge_cycles(self, current_cpu());
	count_cycles(self, current_cpu()->tick_in_user);
	if (!(self->flags & TH_IDLE))
		charge_current(self, ticks);
	age_one_level(self);
	preempt_if_better(self);
	if (before / TICK_HZ != sched_now / TICK_HZ)
		average_load(run_queue.count + !(self->flags & TH_IDLE));
	spin_unlock(&run_queue.lock);
}
