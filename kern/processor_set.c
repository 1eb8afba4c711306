/* SPDX-License-Identifier: BSD-2-Clause */
/* The processor set: what is in it, and what its threads may do. */
#include <kern/host.h>
#include <kern/info_copy.h>
#include <kern/mig_support.h>
#include <kern/object_list.h>
#include <kern/priority.h>
#include <kern/processor.h>
#include <kern/sched.h>
#include <kern/slab.h>
#include <mach/mach_host_server.h>

static struct spin_lock pset_lock = SPIN_LOCK_INIT(LOCK_HOST);	/* policies, max_priority */

/* --- The set ---------------------------------------------------------------------------- */

kern_return_t processor_set_default(struct host *host, struct processor_set **set)
{
	if (host == NULL)
		return KERN_INVALID_ARGUMENT;
	*set = &default_pset;
	return KERN_SUCCESS;
}

kern_return_t processor_set_create(struct host *host, struct processor_set **set,
				   struct processor_set **name)
{
	(void)set, (void)name;
	return host == NULL ? KERN_INVALID_ARGUMENT : KERN_FAILURE;
}

kern_return_t processor_set_destroy(struct processor_set *set)
{
	return set == NULL ? KERN_INVALID_ARGUMENT : KERN_FAILURE;
}

kern_return_t host_processor_sets(struct host *host, processor_set_name_array_t *sets,
				  mach_msg_type_number_t *count)
{
	if (host == NULL)
		return KERN_INVALID_ARGUMENT;
	return port_array_of_one(convert_pset_name_to_port(&default_pset), sets, count);
}

kern_return_t host_processor_set_priv(struct host *host_priv, struct processor_set *name,
				      struct processor_set **set)
{
	if (host_priv == NULL || name == NULL)
		return KERN_INVALID_ARGUMENT;
	*set = name;
	return KERN_SUCCESS;
}

kern_return_t processor_set_processors(struct processor_set *set,
				       processor_name_array_t *processors,
				       mach_msg_type_number_t *count)
{
	if (set == NULL)
		return KERN_INVALID_ARGUMENT;
	return port_array_of_one(ipc_port_make_send(processor_boot.name_port), processors, count);
}

static kern_return_t set_basic_info(processor_set_info_t out, mach_msg_type_number_t *count)
{
	uint32_t load = (uint32_t)sched_load_average[0];
	struct processor_set_basic_info info = {
		.processor_count = 1,
		.load_average = (integer_t)load,
		.mach_factor = (integer_t)(LOAD_SCALE * LOAD_SCALE / (load + LOAD_SCALE)),
	};

	spin_lock(&all_tasks_lock);
	queue_for_each(l, &all_tasks)
		info.task_count++;
	queue_for_each(l, &all_threads)
		if (container_of(l, struct thread, pset_link)->task != kernel_task)
			info.thread_count++;
	spin_unlock(&all_tasks_lock);
	return info_copy(out, count, &info, PROCESSOR_SET_BASIC_INFO_COUNT,
			 PROCESSOR_SET_BASIC_INFO_COUNT) ? KERN_SUCCESS : KERN_FAILURE;
}

static kern_return_t set_sched_info(const struct processor_set *set, processor_set_info_t out,
				    mach_msg_type_number_t *count)
{
	struct processor_set_sched_info info = {
		.policies = (integer_t)set->policies,
		.max_priority = set->max_priority,
	};

	return info_copy(out, count, &info, PROCESSOR_SET_SCHED_INFO_COUNT,
			 PROCESSOR_SET_SCHED_INFO_COUNT) ? KERN_SUCCESS : KERN_FAILURE;
}

kern_return_t processor_set_info(struct processor_set *set, int flavor, struct host **host,
				 processor_set_info_t out, mach_msg_type_number_t *count)
{
	kern_return_t kr = KERN_INVALID_ARGUMENT;

	if (set == NULL)
		return KERN_INVALID_ARGUMENT;
	if (flavor == PROCESSOR_SET_BASIC_INFO)
		kr = set_basic_info(out, count);
	else if (flavor == PROCESSOR_SET_SCHED_INFO)
		kr = set_sched_info(set, out, count);
	if (kr == KERN_SUCCESS)
		*host = &host_self;
	return kr;
}

/* --- What is in the set ----------------------------------------------------------------- */

static uint32_t visit_tasks(void *arg, void **objects, uint32_t room)
{
	uint32_t count = 0;

	(void)arg;
	queue_for_each(l, &all_tasks) {
		struct task *task = container_of(l, struct task, all_link);

		if (count < room) {
			task_reference(task);
			objects[count] = task;
		}
		count++;
	}
	return count;
}

static struct ipc_port *task_object_to_port(void *object)
{
	return convert_task_to_port(object);
}

/* The kernel's own threads have no ports. */
static uint32_t visit_threads(void *arg, void **objects, uint32_t room)
{
	uint32_t count = 0;

	(void)arg;
	queue_for_each(l, &all_threads) {
		struct thread *thread = container_of(l, struct thread, pset_link);

		if (thread->task == kernel_task)
			continue;
		if (count < room) {
			thread_reference(thread);
			objects[count] = thread;
		}
		count++;
	}
	return count;
}

static struct ipc_port *thread_object_to_port(void *object)
{
	return convert_thread_to_port(object);
}

static const struct object_list task_list = {
	.lock = &all_tasks_lock,
	.visit = visit_tasks,
	.to_port = task_object_to_port,
};

static const struct object_list thread_list = {
	.lock = &all_tasks_lock,
	.visit = visit_threads,
	.to_port = thread_object_to_port,
};

kern_return_t processor_set_tasks(struct processor_set *set, task_array_t *tasks,
				  mach_msg_type_number_t *count)
{
	return set == NULL ? KERN_INVALID_ARGUMENT : object_list_to_ports(&task_list, tasks, count);
}

kern_return_t processor_set_threads(struct processor_set *set, thread_array_t *threads,
				    mach_msg_type_number_t *count)
{
	if (set == NULL)
		return KERN_INVALID_ARGUMENT;
	return object_list_to_ports(&thread_list, threads, count);
}

/* --- Policies of the set ---------------------------------------------------------------- */

bool pset_policy_enabled(const struct processor_set *pset, int policy)
{
	return (pset->policies & (uint32_t)policy) != 0;
}

kern_return_t processor_set_policy_enable(struct processor_set *set, int policy)
{
	if (set == NULL || invalid_policy(policy))
		return KERN_INVALID_ARGUMENT;
	spin_lock(&pset_lock);
	set->policies |= (uint32_t)policy;
	spin_unlock(&pset_lock);
	return KERN_SUCCESS;
}

/* All threads but the kernel's own, one after the other, locked. */
static kern_return_t for_each_thread(void (*change)(struct thread *thread, int value), int value)
{
	void **threads;
	uint32_t count;
	kern_return_t kr = object_list_snapshot(&thread_list, &threads, &count);

	if (kr != KERN_SUCCESS)
		return kr;
	for (uint32_t i = 0; i < count; i++) {
		struct thread *thread = threads[i];

		spin_lock(&thread->lock);
		change(thread, value);
		spin_unlock(&thread->lock);
		thread_release(thread);
	}
	if (count > 0)
		kfree(threads, count * sizeof *threads);
	return KERN_SUCCESS;
}

static void leave_policy(struct thread *thread, int policy)
{
	if (thread->policy != policy)
		return;
	thread->policy = POLICY_TIMESHARE;
	sched_priority_changed(thread);
}

/* Threads that have the policy keep it, or go back to time sharing, which is always there. */
kern_return_t processor_set_policy_disable(struct processor_set *set, int policy,
					   boolean_t change_threads)
{
	if (set == NULL || policy == POLICY_TIMESHARE || invalid_policy(policy))
		return KERN_INVALID_ARGUMENT;
	spin_lock(&pset_lock);
	set->policies &= ~(uint32_t)policy;
	spin_unlock(&pset_lock);
	return change_threads ? for_each_thread(leave_policy, policy) : KERN_SUCCESS;
}

static void lower_maximum(struct thread *thread, int maximum)
{
	if (thread->max_priority < maximum)
		thread_set_max_priority(thread, maximum);
}

kern_return_t processor_set_max_priority(struct processor_set *set, int maximum,
					 boolean_t change_threads)
{
	if (set == NULL || !priority_is_valid(maximum))
		return KERN_INVALID_ARGUMENT;
	spin_lock(&pset_lock);
	set->max_priority = maximum;
	spin_unlock(&pset_lock);
	return change_threads ? for_each_thread(lower_maximum, maximum) : KERN_SUCCESS;
}
