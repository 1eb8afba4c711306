/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of who gets the CPU, and of kernel stacks. */
#include "ktest.h"

#include <kern/kstack.h>
#include <kern/run_queue.h>
#include <kern/sched.h>
#include <kern/task.h>
#include <kern/thread.h>
#include <mach/mach_server.h>
#include <mach/policy.h>

#define SPINNERS 4

static volatile bool stop;
static volatile uint32_t work[SPINNERS];
static volatile int ended;

/* --- Threads that use all the time they get ----------------------------------------------- */

/* In which slot a spinner counts: they start in the order of creation. */
static volatile int slots;

static void spin(void)
{
	int slot = slots++;

	while (!stop) {
		work[slot]++;
		preemption_point();
	}
	ended++;
	thread_terminate_self();
}

static void start_spinners(int count, int priority, int32_t policy)
{
	int i;

	stop = false;
	slots = ended = 0;
	for (i = 0; i < SPINNERS; i++)
		work[i] = 0;
	for (i = 0; i < count; i++) {
		struct thread *thread = kernel_thread_create("spinner", spin, priority);

		thread->policy = policy;
		thread->quantum_ticks = 2;
		sched_priority_changed(thread);
	}
}

static void stop_spinners(int count)
{
	stop = true;
	for (int i = 0; i < 200 && ended < count; i++)
		ktest_sleep(10);
	CHECK(ended == count);
}

static uint32_t least_work(int count)
{
	uint32_t least = work[0];

	for (int i = 1; i < count; i++)
		if (work[i] < least)
			least = work[i];
	return least;
}

static uint32_t most_work(int count)
{
	uint32_t most = work[0];

	for (int i = 1; i < count; i++)
		if (work[i] > most)
			most = work[i];
	return most;
}

/* Equal threads get equal shares, roughly. */
static void test_fair(void)
{
	start_spinners(SPINNERS, 30, POLICY_TIMESHARE);
	ktest_sleep(1000);
	CHECK(least_work(SPINNERS) > most_work(SPINNERS) / 3);
	stop_spinners(SPINNERS);
}

static void test_fixed_fair(void)
{
	start_spinners(SPINNERS, 30, POLICY_FIXEDPRI);
	ktest_sleep(600);
	CHECK(least_work(SPINNERS) > most_work(SPINNERS) / 3);
	stop_spinners(SPINNERS);
}

/* We have slept, and preempt at once whoever has not. */
static void test_sleeper_first(void)
{
	uint64_t start, late = 0;

	start_spinners(SPINNERS, 20, POLICY_TIMESHARE);
	ktest_sleep(300);
	for (int i = 0; i < 10; i++) {
		start = timer_now();
		ktest_sleep(20);
		late += timer_now() - start > 8;
	}
	CHECK(late <= 3);
	stop_spinners(SPINNERS);
}

/* --- Nobody starves ----------------------------------------------------------------------- */

static void note_end(void)
{
	ended++;
	thread_terminate_self();
}

/* Of a base priority that the others never have, however much they use. */
static void test_no_starvation(void)
{
	start_spinners(SPINNERS, 12, POLICY_TIMESHARE);
	ktest_sleep(100);
	kernel_thread_create("patient", note_end, 60);
	for (int i = 0; i < 40 && ended == 0; i++)
		ktest_sleep(100);
	CHECK(ended == 1);
	stop_spinners(SPINNERS + 1);
}

/* Fixed priorities are not shared. */
static void test_fixed_first(void)
{
	start_spinners(1, 20, POLICY_FIXEDPRI);
	ktest_sleep(50);
	kernel_thread_create("worse", note_end, 40);
	ktest_sleep(1500);
	CHECK(ended == 0);
	stop_spinners(2);
}

/* --- Depression --------------------------------------------------------------------------- */

static volatile int16_t seen_priority;

static void depress(void)
{
	struct thread *self = current_thread();

	sched_depress(self, 100);
	seen_priority = self->sched_priority;
	while (self->depress_priority >= 0)
		preemption_point();
	CHECK(self->sched_priority < PRIORITY_IDLE - 1);
	sched_depress(self, 0);
	CHECK(sched_depress_abort(self) == KERN_SUCCESS);
	CHECK(self->sched_priority < PRIORITY_IDLE - 1);
	ended++;
	thread_terminate_self();
}

static void test_depression(void)
{
	uint64_t start = timer_now();

	ended = 0;
	kernel_thread_create("depressed", depress, 30);
	for (int i = 0; i < 50 && ended == 0; i++)
		ktest_sleep(10);
	CHECK(ended == 1);
	CHECK(seen_priority == PRIORITY_IDLE - 1);
	CHECK(timer_now() - start >= 10);
}

/* --- Suspend counts ------------------------------------------------------------------------- */

/* As many as can be told, and not one more: none wraps round. */
static void test_suspend_limit(void)
{
	struct thread *thread;
	struct task *task;

	if (!CHECK(task_create_internal(kernel_task, false, &task) == KERN_SUCCESS))
		return;
	CHECK(thread_create_in(task, &thread) == KERN_SUCCESS);
	thread->suspend_count = task->suspend_count = SUSPEND_COUNT_MAX - 1;
	CHECK(thread_suspend(thread) == KERN_SUCCESS && task_suspend(task) == KERN_SUCCESS);
	CHECK(thread_suspend(thread) == KERN_FAILURE && task_suspend(task) == KERN_FAILURE);
	CHECK(thread->suspend_count == SUSPEND_COUNT_MAX);
	CHECK(task->suspend_count == SUSPEND_COUNT_MAX);
	CHECK(thread_resume(thread) == KERN_SUCCESS && task_resume(task) == KERN_SUCCESS);
	CHECK(thread->suspend_count == SUSPEND_COUNT_MAX - 1);
	CHECK(task_terminate(task) == KERN_SUCCESS);
	thread_release(thread);
	task_release(task);
}

/* --- Interrupted waits -------------------------------------------------------------------- */

static volatile enum wait_result results[3];

static void wait_thrice(void)
{
	struct thread *self = current_thread();

	event_will_wait((const void *)&ended, true);
	thread_block(NULL);
	results[0] = thread_wait_result(self);
	event_will_wait((const void *)&ended, false);
	thread_block(NULL);
	results[1] = thread_wait_result(self);
	event_will_wait((const void *)&ended, true);
	thread_block(NULL);
	results[2] = thread_wait_result(self);
	ended++;
	thread_terminate_self();
}

static void test_interrupt(void)
{
	struct thread *thread;

	ended = 0;
	thread = kernel_thread_create("interrupted", wait_thrice, BASEPRI_KERNEL);
	thread_reference(thread);
	ktest_sleep(20);
	thread_interrupt(thread);
	ktest_sleep(20);
	/* It cannot be interrupted now, and remembers. */
	thread_interrupt(thread);
	ktest_sleep(20);
	CHECK(ended == 0 && (thread->flags & TH_ABORTED));
	event_wake_all((const void *)&ended);
	ktest_sleep(20);
	CHECK(ended == 1);
	CHECK(results[0] == WAIT_INTERRUPTED && results[1] == WAIT_AWAKENED &&
	      results[2] == WAIT_INTERRUPTED);
	thread_release(thread);
}

/* --- Stacks ------------------------------------------------------------------------------- */

#define WAITERS 30

static void wait_with_stack(void)
{
	event_will_wait((const void *)&work, false);
	thread_block(NULL);
	ended++;
	thread_terminate_self();
}

/* Each waiter holds a stack; when there are no more, the rest run as stacks come back. */
static void test_stack_shortage(void)
{
	ended = 0;
	kstack_limit(5);
	for (int i = 0; i < WAITERS; i++)
		kernel_thread_create("stack", wait_with_stack, BASEPRI_KERNEL);
	for (int i = 0; i < 100 && ended < WAITERS; i++) {
		ktest_sleep(10);
		event_wake_all((const void *)&work);
	}
	kstack_limit(0);
	CHECK(ended == WAITERS);
}

const struct ktest sched_tests[] = {
	{ "equal threads have equal shares", test_fair },
	{ "fixed priorities take turns", test_fixed_fair },
	{ "who has slept is first", test_sleeper_first },
	{ "no timesharing thread starves", test_no_starvation },
	{ "fixed priorities come first", test_fixed_first },
	{ "a depression ends", test_depression },
	{ "suspend counts have a limit", test_suspend_limit },
	{ "waits are interrupted", test_interrupt },
	{ "threads wait for a stack", test_stack_shortage },
	{ 0, 0 },
};
