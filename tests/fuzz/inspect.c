/* SPDX-License-Identifier: BSD-2-Clause */
#include <tests/fuzz/inspect.h>

#include <mach/mach_port_server.h>
#include <mach/porter_server.h>
#include <mach_debug/mach_debug_server.h>
#include <vm/map.h>

static struct host *const host = (struct host *)1;	/* nobody looks into it */

static void names(struct ipc_space *space, mach_port_name_t name)
{
	mach_msg_type_number_t count, types_count;
	vm_map_copy_t list, types;

	if (mach_port_get_set_status(space, name, &list, &count) == KERN_SUCCESS)
		vm_map_copy_discard(list);
	if (mach_port_names(space, &list, &count, &types, &types_count) == KERN_SUCCESS) {
		vm_map_copy_discard(list);
		vm_map_copy_discard(types);
	}
}

static void one_name(struct ipc_space *space, mach_port_name_t name)
{
	mach_port_status_t status;
	mach_port_rights_t rights;
	mach_port_type_t type;
	mach_port_urefs_t refs;
	vm_offset_t object;
	unsigned total, used;

	mach_port_type(space, name, &type);
	for (mach_port_right_t right = 0; right < 6; right++)
		mach_port_get_refs(space, name, right, &refs);
	mach_port_get_receive_status(space, name, &status);
	mach_port_get_srights(space, name, &rights);
	mach_port_dnrequest_info(space, name, &total, &used);
	mach_port_kernel_object(space, name, &used, &object);
}

static void statistics(struct task *task, mach_port_name_t name)
{
	hash_info_bucket_t bucket, *buckets = &bucket;
	space_statistics_t of_space;
	port_statistics_t of_port;
	mach_msg_type_number_t count = 1;
	vm_map_copy_t list;
	unsigned most;

	port_statistics(host, task->space, name, &of_port);
	space_statistics(host, task->space, &of_space);
	host_ipc_marequest_info(host, &most, &buckets, &count);
	if (space_stuck_ports(host, task->space, &list, &count) == KERN_SUCCESS)
		vm_map_copy_discard(list);
	if (space_origins(host, task->space, name, &list, &count) == KERN_SUCCESS)
		vm_map_copy_discard(list);
	if (space_origins(host, task->space, 0, &list, &count) == KERN_SUCCESS)
		vm_map_copy_discard(list);
	if (task_stuck_threads(host, task, &list, &count) == KERN_SUCCESS)
		vm_map_copy_discard(list);
}

void inspect(struct task *task, mach_port_name_t name)
{
	ipc_limits_t limits;
	ipc_usage_t usage;

	names(task->space, name);
	one_name(task->space, name);
	statistics(task, name);
	host_get_ipc_limits(host, &limits);
	task_get_ipc_limits(host, task->space, &limits);
	task_ipc_usage(host, task->space, &usage);
}

void inspect_limit(struct task *task, uint8_t code)
{
	ipc_limits_t limits = {
		.il_message_size = IPC_LIMIT_MESSAGE_MIN,
		.il_names = code % 16,
		.il_memory = code / 16 * 4096u,
	};

	if (code >= 0xf0)
		limits = (ipc_limits_t){ 0, 0, 0 };	/* too small a message: refused */
	task_set_ipc_limits(host, task->space, limits);
}
