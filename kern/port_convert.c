/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Between ports and what they stand for.
 *
 * Who ends an object clears its port first, under the port's lock; so an object that is found
 * there, under that lock, still has a reference of its own, and another one may be taken.
 */
#include <kern/host.h>
#include <kern/mig_support.h>
#include <kern/processor.h>
#include <vm/map.h>

/* --- Ports to objects ------------------------------------------------------------------- */

/* Does the port stand for an object of that type?  If so it is returned locked. */
static bool lock_if_kobject(struct ipc_port *port, enum ipc_kobject_type type)
{
	if (!IP_VALID(port))
		return false;
	ipc_port_lock(port);
	if (port->object.active && port->receiver == ipc_space_kernel && port->kotype == type)
		return true;
	ipc_port_unlock(port);
	return false;
}

struct task *convert_port_to_task(struct ipc_port *port)
{
	struct task *task;

	if (!lock_if_kobject(port, IKOT_TASK))
		return NULL;
	task = port->kobject;
	task_reference(task);
	ipc_port_unlock(port);
	return task;
}

struct thread *convert_port_to_thread(struct ipc_port *port)
{
	struct thread *thread;

	if (!lock_if_kobject(port, IKOT_THREAD))
		return NULL;
	thread = port->kobject;
	thread_reference(thread);
	ipc_port_unlock(port);
	return thread;
}

struct vm_map *convert_port_to_map(struct ipc_port *port)
{
	struct vm_map *map;

	if (!lock_if_kobject(port, IKOT_TASK))
		return NULL;
	map = ((struct task *)port->kobject)->map;
	vm_map_reference(map);
	ipc_port_unlock(port);
	return map;
}

struct ipc_space *convert_port_to_space(struct ipc_port *port)
{
	struct ipc_space *space;

	if (!lock_if_kobject(port, IKOT_TASK))
		return NULL;
	space = ((struct task *)port->kobject)->space;
	ipc_space_reference(space);
	ipc_port_unlock(port);
	return space;
}

/* For objects that are there for ever. */
static void *kobject_of(struct ipc_port *port, enum ipc_kobject_type type)
{
	void *object;

	if (!lock_if_kobject(port, type))
		return NULL;
	object = port->kobject;
	ipc_port_unlock(port);
	return object;
}

struct host *convert_port_to_host_priv(struct ipc_port *port)
{
	return kobject_of(port, IKOT_HOST_PRIV);
}

struct host *convert_port_to_host(struct ipc_port *port)
{
	struct host *host = kobject_of(port, IKOT_HOST);

	return host != NULL ? host : convert_port_to_host_priv(port);
}

bool host_port_is_valid(struct ipc_port *port)
{
	return convert_port_to_host(port) != NULL;
}

bool host_port_is_privileged(struct ipc_port *port)
{
	return convert_port_to_host_priv(port) != NULL;
}

struct processor *convert_port_to_processor(struct ipc_port *port)
{
	return kobject_of(port, IKOT_PROCESSOR);
}

struct processor *convert_port_to_processor_name(struct ipc_port *port)
{
	struct processor *processor = kobject_of(port, IKOT_PROCESSOR_NAME);

	return processor != NULL ? processor : convert_port_to_processor(port);
}

struct processor_set *convert_port_to_pset(struct ipc_port *port)
{
	return kobject_of(port, IKOT_PSET);
}

struct processor_set *convert_port_to_pset_name(struct ipc_port *port)
{
	struct processor_set *pset = kobject_of(port, IKOT_PSET_NAME);

	return pset != NULL ? pset : convert_port_to_pset(port);
}

void pset_release(struct processor_set *pset)
{
	assert(pset == &default_pset);
	(void)pset;
}

/* --- Objects to ports ------------------------------------------------------------------- */

struct ipc_port *convert_task_to_port(struct task *task)
{
	struct ipc_port *right = IP_NULL;

	if (task == NULL)
		return IP_NULL;
	spin_lock(&task->lock);
	if (task->self_port != NULL)
		right = ipc_port_make_send(task->self_port);
	spin_unlock(&task->lock);
	task_release(task);
	return right;
}

struct ipc_port *convert_thread_to_port(struct thread *thread)
{
	struct ipc_port *right = IP_NULL;

	if (thread == NULL)
		return IP_NULL;
	spin_lock(&thread->lock);
	if (thread->self_port != NULL)
		right = ipc_port_make_send(thread->self_port);
	spin_unlock(&thread->lock);
	thread_release(thread);
	return right;
}

struct ipc_port *convert_host_to_port(struct host *host)
{
	return host != NULL ? ipc_port_make_send(host->port) : IP_NULL;
}

struct ipc_port *convert_processor_to_port(struct processor *processor)
{
	return processor != NULL ? ipc_port_make_send(processor->port) : IP_NULL;
}

struct ipc_port *convert_pset_to_port(struct processor_set *pset)
{
	return pset != NULL ? ipc_port_make_send(pset->port) : IP_NULL;
}

struct ipc_port *convert_pset_name_to_port(struct processor_set *pset)
{
	return pset != NULL ? ipc_port_make_send(pset->name_port) : IP_NULL;
}
