/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Essential tasks: when one ends there is nothing left to run for, and the kernel stops with the
 * task's name.
 *
 * Since that stops the machine, only a task that holds the privileged host port, and could stop it
 * anyway, can be made essential.  It may let go of the port afterwards.
 */
#include <kern/essential.h>

#include <ipc/space.h>
#include <kern/host.h>
#include <kern/mig_support.h>
#include <kern/task.h>
#include <mach/gnumach_server.h>

kern_return_t task_set_essential(struct task *task, boolean_t essential)
{
	if (task == NULL)
		return KERN_INVALID_ARGUMENT;
	if (essential && !ipc_space_holds_send(task->space, host_self.priv_port))
		return KERN_NO_ACCESS;
	spin_lock(&task->lock);
	task->essential = essential;
	spin_unlock(&task->lock);
	return KERN_SUCCESS;
}

void task_essential_ends(const struct task *task)
{
	panic("the essential task %u (%s) has ended", task->id, task->name);
}
