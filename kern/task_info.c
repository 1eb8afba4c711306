/* SPDX-License-Identifier: BSD-2-Clause */
/* task_info: what can be seen of a task. */
#include <kern/host_time.h>
#include <kern/info_copy.h>
#include <kern/mig_support.h>
#include <kern/sched.h>
#include <mach/mach_server.h>
#include <vm/map.h>
#include <vm/pmap.h>

/* Counts before the 64-bit times were added. */
#define BASIC_INFO_OLD_COUNT 10
#define THREAD_TIMES_OLD_COUNT 4

_Static_assert(TASK_BASIC_INFO_COUNT == BASIC_INFO_OLD_COUNT + 12, "three 64-bit times follow");
_Static_assert(TASK_THREAD_TIMES_INFO_COUNT == THREAD_TIMES_OLD_COUNT + 8, "two follow");

static void fill_basic(struct task *task, struct task_basic_info *info)
{
	int64_t user, system, created = host_time_of(task->created_ns);

	spin_lock(&task->lock);
	info->suspend_count = (integer_t)task->suspend_count;
	info->base_priority = task->priority;
	user = (int64_t)task->dead_user_ns;
	system = (int64_t)task->dead_system_ns;
	spin_unlock(&task->lock);

	info->virtual_size = vm_map_virtual_size(task->map);
	info->resident_size = pmap_resident_count(vm_map_pmap(task->map)) * PAGE_BYTES;
	info->user_time = time_value_of(user);
	info->system_time = time_value_of(system);
	info->creation_time = time_value_of(created);
	info->user_time64 = time_value64_of(user);
	info->system_time64 = time_value64_of(system);
	info->creation_time64 = time_value64_of(created);
}

static void fill_events(const struct task *task, struct task_events_info *info)
{
	*info = (struct task_events_info) {
		.faults = task->faults,
		.zero_fills = task->zero_fills,
		.reactivations = task->reactivations,
		.pageins = task->pageins,
		.cow_faults = task->cow_faults,
		.messages_sent = task->messages_sent,
		.messages_received = task->messages_received,
	};
}

static void fill_thread_times(struct task *task, struct task_thread_times_info *info)
{
	uint64_t user = 0, system = 0, thread_user, thread_system;

	spin_lock(&task->lock);
	queue_for_each(l, &task->threads) {
		sched_times(container_of(l, struct thread, task_link), &thread_user, &thread_system);
		user += thread_user;
		system += thread_system;
	}
	spin_unlock(&task->lock);
	info->user_time = time_value_of((int64_t)user);
	info->system_time = time_value_of((int64_t)system);
	info->user_time64 = time_value64_of((int64_t)user);
	info->system_time64 = time_value64_of((int64_t)system);
}

kern_return_t task_info(struct task *task, int flavor, task_info_t out,
			mach_msg_type_number_t *count)
{
	union {
		struct task_basic_info basic;
		struct task_events_info events;
		struct task_thread_times_info times;
	} info;
	uint32_t least, full;

	if (task == NULL)
		return KERN_INVALID_ARGUMENT;
	switch (flavor) {
	case TASK_BASIC_INFO:
		fill_basic(task, &info.basic);
		least = BASIC_INFO_OLD_COUNT;
		full = TASK_BASIC_INFO_COUNT;
		break;
	case TASK_EVENTS_INFO:
		fill_events(task, &info.events);
		least = full = TASK_EVENTS_INFO_COUNT;
		break;
	case TASK_THREAD_TIMES_INFO:
		fill_thread_times(task, &info.times);
		least = THREAD_TIMES_OLD_COUNT;
		full = TASK_THREAD_TIMES_INFO_COUNT;
		break;
	default:
		return KERN_INVALID_ARGUMENT;
	}
	return info_copy(out, count, &info, least, full) ? KERN_SUCCESS : KERN_INVALID_ARGUMENT;
}
