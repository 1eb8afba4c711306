/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What programs ask of threads, besides the life cycle in kern/thread.c.
 */
#include <kern/host_time.h>
#include <kern/info_copy.h>
#include <kern/kstack.h>
#include <kern/mig_support.h>
#include <kern/sched.h>
#include <mach/gnumach_server.h>
#include <mach/mach_host_server.h>
#include <mach/mach_port_server.h>
#include <mach/mach_server.h>
#include <mach/thread_special_ports.h>

#define BASIC_INFO_OLD_COUNT 13		/* before the 64-bit times were added */
#define USAGE_FULL 128u
#define SCHED_INFO_OLD_COUNT 7		/* without the last processor */

_Static_assert(THREAD_BASIC_INFO_COUNT == BASIC_INFO_OLD_COUNT + 12, "three 64-bit times follow");

/* --- Registers -------------------------------------------------------------------------- */

kern_return_t thread_get_state(struct thread *thread, int flavor, thread_state_t state,
			       mach_msg_type_number_t *count)
{
	if (thread == NULL || thread == current_thread())
		return KERN_INVALID_ARGUMENT;
	return machine_thread_get_state(thread, flavor, (uint32_t *)state, count);
}

kern_return_t thread_set_state(struct thread *thread, int flavor, const thread_state_t state,
			       mach_msg_type_number_t count)
{
	if (thread == NULL || thread == current_thread())
		return KERN_INVALID_ARGUMENT;
	return machine_thread_set_state(thread, flavor, (const uint32_t *)state, count);
}

/* Nothing of a thread is ever paged out; but who serves paging gets on when memory is short. */
kern_return_t thread_wire(struct host *host_priv, struct thread *thread, boolean_t wired)
{
	if (host_priv == NULL || thread == NULL)
		return KERN_INVALID_ARGUMENT;
	thread->vm_privileged = wired;
	return KERN_SUCCESS;
}

/* For a thread that ends itself: names and memory that it needs until then go with it. */
kern_return_t thread_terminate_release(struct thread *thread, struct task *task,
				       mach_port_name_t thread_name, mach_port_name_t reply_port,
				       vm_address_t address, vm_size_t size)
{
	if (thread == NULL || task == NULL)
		return KERN_INVALID_ARGUMENT;
	mach_port_deallocate(task->space, thread_name);
	if (reply_port != MACH_PORT_NAME_NULL)
		mach_port_destroy(task->space, reply_port);
	if (address != 0 || size != 0)
		vm_deallocate(task->map, address, size);
	return thread_terminate(thread);
}

/* --- Ports ------------------------------------------------------------------------------ */

static struct ipc_port **special_port(struct thread *thread, int which)
{
	switch (which) {
	case THREAD_KERNEL_PORT:
		return &thread->self_special;
	case THREAD_EXCEPTION_PORT:
		return &thread->exception_port;
	default:
		return NULL;
	}
}

kern_return_t thread_get_special_port(struct thread *thread, int which, struct ipc_port **portp)
{
	struct ipc_port **slot;
	kern_return_t kr = KERN_FAILURE;

	if (thread == NULL)
		return KERN_INVALID_ARGUMENT;
	slot = special_port(thread, which);
	if (slot == NULL)
		return KERN_INVALID_ARGUMENT;
	spin_lock(&thread->lock);
	if (thread->active) {
		*portp = ipc_port_copy_send(*slot);
		kr = KERN_SUCCESS;
	}
	spin_unlock(&thread->lock);
	return kr;
}

kern_return_t thread_set_special_port(struct thread *thread, int which, struct ipc_port *port)
{
	struct ipc_port **slot, *old;

	if (thread == NULL)
		return KERN_INVALID_ARGUMENT;
	slot = special_port(thread, which);
	if (slot == NULL)
		return KERN_INVALID_ARGUMENT;
	spin_lock(&thread->lock);
	if (!thread->active) {
		spin_unlock(&thread->lock);
		return KERN_FAILURE;
	}
	old = *slot;
	*slot = port;
	spin_unlock(&thread->lock);
	ipc_port_release_send(old);
	return KERN_SUCCESS;
}

/* --- Information ------------------------------------------------------------------------ */

/* Both locks held. */
static integer_t run_state(const struct thread *thread)
{
	if (thread->halted)
		return TH_STATE_HALTED;
	if (thread->suspend_count > 0 || thread->task->suspend_count > 0)
		return TH_STATE_STOPPED;
	if (!(thread->flags & TH_WAIT))
		return TH_STATE_RUNNING;
	return thread->flags & TH_UNINT ? TH_STATE_UNINTERRUPTIBLE : TH_STATE_WAITING;
}

/* Ticks of CPU time used lately, which fade; a thread that always runs has USAGE_FULL of them. */
static integer_t cpu_usage(struct thread *thread)
{
	uint32_t usage = sched_usage(thread);

	if (usage > USAGE_FULL)
		usage = USAGE_FULL;
	return (integer_t)(usage * TH_USAGE_SCALE / USAGE_FULL);
}

static void fill_basic(struct thread *thread, struct thread_basic_info *info)
{
	int64_t created = host_time_of(thread->created_ns);
	uint64_t user_ns, system_ns;
	int64_t user, system;

	spin_lock(&thread->task->lock);
	spin_lock(&thread->lock);
	info->run_state = run_state(thread);
	info->suspend_count = (integer_t)thread->suspend_count;
	spin_unlock(&thread->lock);
	spin_unlock(&thread->task->lock);

	sched_times(thread, &user_ns, &system_ns);
	user = (int64_t)user_ns;
	system = (int64_t)system_ns;
	info->flags = (!kstack_exists(thread) ? TH_FLAGS_SWAPPED : 0) |
		      (thread->flags & TH_IDLE ? TH_FLAGS_IDLE : 0);
	info->cpu_usage = cpu_usage(thread);
	info->base_priority = thread->priority;
	info->cur_priority = thread->sched_priority;
	info->sleep_time = 0;
	info->user_time = time_value_of(user);
	info->system_time = time_value_of(system);
	info->creation_time = time_value_of(created);
	info->user_time64 = time_value64_of(user);
	info->system_time64 = time_value64_of(system);
	info->creation_time64 = time_value64_of(created);
}

static void fill_sched(const struct thread *thread, struct thread_sched_info *info)
{
	bool fixed = thread->policy == POLICY_FIXEDPRI;
	bool depressed = thread->depress_priority >= 0;

	*info = (struct thread_sched_info) {
		.policy = thread->policy,
		.data = fixed ? (integer_t)(thread->quantum_ticks * TICK_MS) : 0,
		.base_priority = thread->priority,
		.max_priority = thread->max_priority,
		.cur_priority = thread->sched_priority,
		.depressed = depressed,
		.depress_priority = depressed ? thread->priority : -1,
		.last_processor = 0,
	};
}

kern_return_t thread_info(struct thread *thread, int flavor, thread_info_t out,
			  mach_msg_type_number_t *count)
{
	union {
		struct thread_basic_info basic;
		struct thread_sched_info sched;
	} info;
	uint32_t least, full;

	if (thread == NULL)
		return KERN_INVALID_ARGUMENT;
	switch (flavor) {
	case THREAD_BASIC_INFO:
		fill_basic(thread, &info.basic);
		least = BASIC_INFO_OLD_COUNT;
		full = THREAD_BASIC_INFO_COUNT;
		break;
	case THREAD_SCHED_INFO:
		fill_sched(thread, &info.sched);
		least = SCHED_INFO_OLD_COUNT;
		full = THREAD_SCHED_INFO_COUNT;
		break;
	default:
		return KERN_INVALID_ARGUMENT;
	}
	return info_copy(out, count, &info, least, full) ? KERN_SUCCESS : KERN_INVALID_ARGUMENT;
}
