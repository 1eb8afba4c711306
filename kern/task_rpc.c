/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What programs ask of tasks.  Ports in arguments are consumed on success only
 * (kern/mig_support.h); a dying task is refused with KERN_FAILURE.
 */
#include <kern/estate.h>
#include <kern/mig_support.h>
#include <kern/object_list.h>
#include <kern/sched.h>
#include <kern/slab.h>
#include <mach/mach_server.h>
#include <mach/porter_server.h>
#include <mach/task_special_ports.h>
#include <vm/map.h>

kern_return_t task_create(struct task *parent, boolean_t inherit, struct task **childp)
{
	if (parent == NULL)
		return KERN_INVALID_TASK;
	return task_create_internal(parent, inherit, childp);
}

/* --- Stopping --------------------------------------------------------------------------- */

kern_return_t task_suspend(struct task *task)
{
	if (task == NULL || task == kernel_task)
		return KERN_INVALID_ARGUMENT;
	spin_lock(&task->lock);
	if (!task->active || task->suspend_count == SUSPEND_COUNT_MAX) {
		spin_unlock(&task->lock);
		return KERN_FAILURE;
	}
	task->suspend_count++;
	queue_for_each(l, &task->threads)
		thread_set_ast(container_of(l, struct thread, task_link), AST_HALT);
	spin_unlock(&task->lock);
	return KERN_SUCCESS;
}

/* Task locked, its count has become 0. */
static void unpark_threads(struct task *task)
{
	queue_for_each(l, &task->threads) {
		struct thread *thread = container_of(l, struct thread, task_link);

		spin_lock(&thread->lock);
		if (thread->suspend_count == 0)
			thread_unpark(thread);
		spin_unlock(&thread->lock);
	}
}

kern_return_t task_resume(struct task *task)
{
	kern_return_t kr = KERN_FAILURE;

	if (task == NULL)
		return KERN_INVALID_ARGUMENT;
	spin_lock(&task->lock);
	if (task->active && task->suspend_count > 0) {
		if (--task->suspend_count == 0)
			unpark_threads(task);
		kr = KERN_SUCCESS;
	}
	spin_unlock(&task->lock);
	return kr;
}

/* --- Who it is --------------------------------------------------------------------------- */

kern_return_t task_set_security_token(struct host *host_priv, struct task *task,
				      security_token_t token)
{
	kern_return_t kr = KERN_FAILURE;

	if (host_priv == NULL)
		return KERN_INVALID_HOST;
	if (task == NULL || task == kernel_task)
		return KERN_INVALID_ARGUMENT;
	spin_lock(&task->lock);
	if (task->active) {
		task->security_token = token;
		kr = KERN_SUCCESS;
	}
	spin_unlock(&task->lock);
	return kr;
}

/* --- What it takes ------------------------------------------------------------------------ */

static kern_return_t check_estate(const struct host *host_priv, const struct task *task)
{
	if (host_priv == NULL)
		return KERN_INVALID_HOST;
	return task == NULL || task->estate == NULL ? KERN_INVALID_TASK : KERN_SUCCESS;
}

kern_return_t task_get_estate(struct host *host_priv, struct task *task, natural_t *bytes,
			      natural_t *limit)
{
	kern_return_t kr = check_estate(host_priv, task);

	if (kr != KERN_SUCCESS)
		return kr;
	*bytes = task->estate->bytes;
	*limit = task->estate->limit;
	return KERN_SUCCESS;
}

kern_return_t task_set_estate(struct host *host_priv, struct task *task, natural_t limit)
{
	kern_return_t kr = check_estate(host_priv, task);

	if (kr == KERN_SUCCESS)
		task->estate->limit = limit;
	return kr;
}

/* --- Threads ---------------------------------------------------------------------------- */

static uint32_t visit_threads(void *arg, void **objects, uint32_t room)
{
	struct task *task = arg;
	uint32_t count = 0;

	queue_for_each(l, &task->threads) {
		struct thread *thread = container_of(l, struct thread, task_link);

		if (thread->self_port == NULL)
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

kern_return_t task_threads(struct task *task, thread_array_t *threads,
			   mach_msg_type_number_t *count)
{
	struct object_list list = {
		.visit = visit_threads,
		.arg = task,
		.to_port = thread_object_to_port,
	};

	if (task == NULL)
		return KERN_INVALID_ARGUMENT;
	list.lock = &task->lock;
	return object_list_to_ports(&list, threads, count);
}

kern_return_t thread_create(struct task *task, struct thread **threadp)
{
	if (task == NULL || task == kernel_task)
		return KERN_INVALID_ARGUMENT;
	return thread_create_in(task, threadp);
}

/* --- Ports ------------------------------------------------------------------------------ */

static struct ipc_port **special_port(struct task *task, int which)
{
	switch (which) {
	case TASK_KERNEL_PORT:
		return &task->self_special;
	case TASK_EXCEPTION_PORT:
		return &task->exception_port;
	case TASK_BOOTSTRAP_PORT:
		return &task->bootstrap_port;
	default:
		return NULL;
	}
}

kern_return_t task_get_special_port(struct task *task, int which, struct ipc_port **portp)
{
	struct ipc_port **slot;
	kern_return_t kr = KERN_FAILURE;

	if (task == NULL)
		return KERN_INVALID_ARGUMENT;
	slot = special_port(task, which);
	if (slot == NULL)
		return KERN_INVALID_ARGUMENT;
	spin_lock(&task->lock);
	if (task->active) {
		*portp = ipc_port_copy_send(*slot);
		kr = KERN_SUCCESS;
	}
	spin_unlock(&task->lock);
	return kr;
}

kern_return_t task_set_special_port(struct task *task, int which, struct ipc_port *port)
{
	struct ipc_port **slot, *old;

	if (task == NULL)
		return KERN_INVALID_ARGUMENT;
	slot = special_port(task, which);
	if (slot == NULL)
		return KERN_INVALID_ARGUMENT;
	spin_lock(&task->lock);
	if (!task->active) {
		spin_unlock(&task->lock);
		return KERN_FAILURE;
	}
	old = *slot;
	*slot = port;
	spin_unlock(&task->lock);
	ipc_port_release_send(old);
	return KERN_SUCCESS;
}

static void release_ports(struct ipc_port **ports, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		ipc_port_release_send(ports[i]);
}

kern_return_t mach_ports_register(struct task *task, ipc_port_array_t ports,
				  mach_msg_type_number_t count)
{
	struct ipc_port *new[TASK_PORT_REGISTER_MAX] = { NULL };
	struct ipc_port *old[TASK_PORT_REGISTER_MAX];

	if (task == NULL || count > TASK_PORT_REGISTER_MAX)
		return KERN_INVALID_ARGUMENT;
	for (unsigned i = 0; i < count; i++)
		new[i] = ports[i];
	spin_lock(&task->lock);
	if (!task->active) {
		spin_unlock(&task->lock);
		return KERN_FAILURE;
	}
	memcpy(old, task->registered, sizeof old);
	memcpy(task->registered, new, sizeof new);
	spin_unlock(&task->lock);

	release_ports(old, TASK_PORT_REGISTER_MAX);
	if (count > 0)
		kfree(ports, count * sizeof *ports);
	return KERN_SUCCESS;
}

kern_return_t mach_ports_lookup(struct task *task, ipc_port_array_t *portsp,
				mach_msg_type_number_t *count)
{
	struct ipc_port **ports;
	kern_return_t kr = KERN_FAILURE;

	if (task == NULL)
		return KERN_INVALID_ARGUMENT;
	ports = kalloc(sizeof task->registered);
	if (ports == NULL)
		return KERN_RESOURCE_SHORTAGE;
	spin_lock(&task->lock);
	if (task->active) {
		for (unsigned i = 0; i < TASK_PORT_REGISTER_MAX; i++)
			ports[i] = ipc_port_copy_send(task->registered[i]);
		kr = KERN_SUCCESS;
	}
	spin_unlock(&task->lock);
	if (kr != KERN_SUCCESS) {
		kfree(ports, sizeof task->registered);
		return kr;
	}
	*portsp = ports;
	*count = TASK_PORT_REGISTER_MAX;
	return KERN_SUCCESS;
}

/* --- System call emulation and restartable sequences: nobody has them -------------------- */

kern_return_t task_get_emulation_vector(struct task *task, int *start, vm_map_copy_t *vector,
					mach_msg_type_number_t *count)
{
	if (task == NULL)
		return KERN_INVALID_ARGUMENT;
	*start = 0;
	*vector = NULL;
	*count = 0;
	return KERN_SUCCESS;
}

kern_return_t task_set_emulation_vector(struct task *task, int start, vm_map_copy_t vector,
					mach_msg_type_number_t count)
{
	(void)start, (void)count;
	if (task == NULL)
		return KERN_INVALID_ARGUMENT;
	vm_map_copy_discard(vector);
	return KERN_SUCCESS;
}

kern_return_t task_set_emulation(struct task *task, vm_address_t entry, int number)
{
	(void)entry, (void)number;
	return task == NULL ? KERN_INVALID_ARGUMENT : KERN_SUCCESS;
}

kern_return_t task_ras_control(struct task *task, vm_address_t base, vm_address_t bounds,
			       int flavor)
{
	(void)base, (void)bounds, (void)flavor;
	return task == NULL ? KERN_INVALID_ARGUMENT : KERN_FAILURE;
}
