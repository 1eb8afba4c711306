/* SPDX-License-Identifier: BSD-2-Clause */
/* Names of tasks and threads, for those who look at them. */
#include <kern/mig_support.h>
#include <mach/gnumach_server.h>
#include <mach/porter_server.h>

kern_return_t task_set_name(struct task *task, const_kernel_debug_name_t name)
{
	if (task == NULL)
		return KERN_INVALID_ARGUMENT;
	task_name_set(task, name);
	return KERN_SUCCESS;
}

kern_return_t task_identity(struct host *host_priv, struct task *task, natural_t *number,
			    kernel_debug_name_t name)
{
	if (host_priv == NULL)
		return KERN_INVALID_HOST;
	if (task == NULL)
		return KERN_INVALID_TASK;
	memset(name, 0, KERNEL_DEBUG_NAME_MAX);
	spin_lock(&task->lock);
	strlcpy(name, task->name, KERNEL_DEBUG_NAME_MAX);
	spin_unlock(&task->lock);
	*number = task->id;
	return KERN_SUCCESS;
}

kern_return_t thread_set_name(struct thread *thread, const_kernel_debug_name_t name)
{
	if (thread == NULL)
		return KERN_INVALID_ARGUMENT;
	spin_lock(&thread->lock);
	strlcpy(thread->name, name, sizeof thread->name);
	spin_unlock(&thread->lock);
	return KERN_SUCCESS;
}

kern_return_t thread_get_name(struct thread *thread, kernel_debug_name_t name)
{
	if (thread == NULL)
		return KERN_INVALID_ARGUMENT;
	memset(name, 0, KERNEL_DEBUG_NAME_MAX);
	spin_lock(&thread->lock);
	strlcpy(name, thread->name, KERNEL_DEBUG_NAME_MAX);
	spin_unlock(&thread->lock);
	return KERN_SUCCESS;
}
