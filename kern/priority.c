/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Priorities and policies, of tasks and threads.  0 is best.  A task's are for the threads that it
 * will have; a thread's maximum bounds what its owner may give it.
 */
#include <kern/host.h>
#include <kern/mig_support.h>
#include <kern/priority.h>
#include <kern/processor.h>
#include <kern/sched.h>
#include <mach/mach_host_server.h>

static int16_t priority_level(int priority)
{
	return (int16_t)(priority < PRIORITY_LEVELS ? priority : PRIORITY_LEVELS - 1);
}

/* While it is depressed, a thread's priority is that to come back to.  Thread locked. */
static void set_base(struct thread *thread, int16_t level)
{
	thread->priority = level;
	sched_priority_changed(thread);
}

/* Thread locked. */
static kern_return_t set_thread_priority(struct thread *thread, int priority, bool set_max)
{
	int16_t level = priority_level(priority);

	if (level < thread->max_priority)
		return KERN_FAILURE;
	if (set_max)
		thread->max_priority = level;
	set_base(thread, level);
	return KERN_SUCCESS;
}

void thread_set_max_priority(struct thread *thread, int priority)
{
	assert_locked(&thread->lock);
	thread->max_priority = priority_level(priority);
	if (thread->priority < thread->max_priority)
		set_base(thread, thread->max_priority);
}

kern_return_t thread_priority(struct thread *thread, int priority, boolean_t set_max)
{
	kern_return_t kr;

	if (thread == NULL || !priority_is_valid(priority))
		return KERN_INVALID_ARGUMENT;
	spin_lock(&thread->lock);
	kr = set_thread_priority(thread, priority, set_max);
	spin_unlock(&thread->lock);
	return kr;
}

/* Who holds the set's control port may raise it. */
kern_return_t thread_max_priority(struct thread *thread, struct processor_set *pset, int priority)
{
	if (thread == NULL || pset == NULL || !priority_is_valid(priority))
		return KERN_INVALID_ARGUMENT;
	spin_lock(&thread->lock);
	thread_set_max_priority(thread, priority);
	spin_unlock(&thread->lock);
	return KERN_SUCCESS;
}

/* --- Tasks ------------------------------------------------------------------------------ */

/* Task locked.  KERN_FAILURE when a thread's maximum forbids it; the others have it then. */
static kern_return_t set_priority_of_threads(struct task *task, int priority)
{
	kern_return_t result = KERN_SUCCESS;

	queue_for_each(l, &task->threads) {
		struct thread *thread = container_of(l, struct thread, task_link);

		spin_lock(&thread->lock);
		if (set_thread_priority(thread, priority, false) != KERN_SUCCESS)
			result = KERN_FAILURE;
		spin_unlock(&thread->lock);
	}
	return result;
}

static void set_max_of_threads(struct task *task, int priority)
{
	queue_for_each(l, &task->threads) {
		struct thread *thread = container_of(l, struct thread, task_link);

		spin_lock(&thread->lock);
		thread_set_max_priority(thread, priority);
		spin_unlock(&thread->lock);
	}
}

kern_return_t task_priority(struct task *task, int priority, boolean_t change_threads)
{
	kern_return_t kr = KERN_SUCCESS;

	if (task == NULL || !priority_is_valid(priority))
		return KERN_INVALID_ARGUMENT;
	spin_lock(&task->lock);
	if (priority_level(priority) < task->max_priority) {
		spin_unlock(&task->lock);
		return KERN_NO_ACCESS;
	}
	task->priority = priority_level(priority);
	if (change_threads)
		kr = set_priority_of_threads(task, priority);
	spin_unlock(&task->lock);
	return kr;
}

/* The host's port is the one that the message came to: borrowed. */
kern_return_t task_max_priority(struct ipc_port *host, struct task *task, int priority,
				boolean_t set_priority, boolean_t change_threads)
{
	bool privileged = host_port_is_privileged(host);

	if (task == NULL || !priority_is_valid(priority))
		return KERN_INVALID_ARGUMENT;
	if (!host_port_is_valid(host))
		return KERN_INVALID_HOST;
	spin_lock(&task->lock);
	if (priority_level(priority) < task->max_priority && !privileged) {
		spin_unlock(&task->lock);
		return KERN_NO_ACCESS;
	}
	task->max_priority = priority_level(priority);
	if (set_priority || task->priority < task->max_priority)
		task->priority = task->max_priority;
	if (change_threads)
		set_max_of_threads(task, priority);
	if (change_threads && set_priority)
		set_priority_of_threads(task, priority);
	spin_unlock(&task->lock);
	return KERN_SUCCESS;
}

/* --- Policies --------------------------------------------------------------------------- */

/* Ticks, rounded up; what they are in milliseconds can be told. */
static uint32_t quantum_of(int ms)
{
	uint32_t ticks = ((uint32_t)ms + TICK_MS - 1) / TICK_MS;

	return ticks < INT32_MAX / TICK_MS ? ticks : INT32_MAX / TICK_MS;
}

kern_return_t thread_policy(struct thread *thread, int policy, int data)
{
	if (thread == NULL || invalid_policy(policy) || data < 0)
		return KERN_INVALID_ARGUMENT;
	if (!pset_policy_enabled(&default_pset, policy))
		return KERN_FAILURE;
	spin_lock(&thread->lock);
	thread->policy = policy;
	if (policy == POLICY_FIXEDPRI)
		thread->quantum_ticks = quantum_of(data);
	sched_priority_changed(thread);
	spin_unlock(&thread->lock);
	return KERN_SUCCESS;
}

kern_return_t thread_depress_abort(struct thread *thread)
{
	return thread == NULL ? KERN_INVALID_ARGUMENT : sched_depress_abort(thread);
}
