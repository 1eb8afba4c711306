/* SPDX-License-Identifier: BSD-2-Clause */
/* Limits and use of tasks, with the privileged host port. */
#include <mach.h>
#include <mach/mach_host.h>
#include <mach/porter.h>

#include "../common/ports.h"
#include "../common/tap.h"
#include "tests.h"

mach_port_t room_new(void)
{
	mach_port_t task = MACH_PORT_NULL;

	EXPECT(task_create(mach_task_self(), FALSE, &task), KERN_SUCCESS);
	return task;
}

void room_end(mach_port_t task)
{
	EXPECT(task_terminate(task), KERN_SUCCESS);
	port_destroy(task);
}

struct ipc_usage usage_of(mach_port_t task)
{
	struct ipc_usage usage = { 0 };

	EXPECT(task_ipc_usage(tap_host_priv, task, &usage), KERN_SUCCESS);
	EXPECT_TRUE(usage.iu_memory_highest >= usage.iu_memory);
	return usage;
}

struct ipc_limits limits_of(mach_port_t task)
{
	struct ipc_limits limits = { 0 };

	EXPECT(task_get_ipc_limits(tap_host_priv, task, &limits), KERN_SUCCESS);
	return limits;
}

void set_limits(mach_port_t task, struct ipc_limits limits)
{
	EXPECT(task_set_ipc_limits(tap_host_priv, task, limits), KERN_SUCCESS);
}

void set_memory(mach_port_t task, natural_t bytes)
{
	struct ipc_limits limits = limits_of(task);

	limits.il_memory = bytes;
	set_limits(task, limits);
}

void set_names(mach_port_t task, natural_t names)
{
	struct ipc_limits limits = limits_of(task);

	limits.il_names = names;
	set_limits(task, limits);
}

unsigned int free_pages(void)
{
	vm_statistics_data_t statistics = { 0 };

	EXPECT(vm_statistics(mach_task_self(), &statistics), KERN_SUCCESS);
	return statistics.free_count;
}
