/* SPDX-License-Identifier: BSD-2-Clause */
/* Traps on ports that need no message (spec/abi.md, Traps). */
#include <ipc/traps.h>

#include <ipc/kmsg.h>
#include <ipc/origin.h>
#include <ipc/right.h>
#include <kern/machine.h>
#include <kern/mig_support.h>
#include <kern/task.h>
#include <mach/mach_port_server.h>

__attribute__((regparm(0))) mach_port_name_t mach_reply_port(void)
{
	mach_port_name_t name;
	struct ipc_port *port;

	interrupts_enable();
	ipc_origin_trap(-26);
	if (ipc_right_alloc_port(current_task()->space, 0, &port, &name) != KERN_SUCCESS)
		return MACH_PORT_NULL;
	return name;
}

/* Is the name one of the caller's own task? */
static bool is_own(struct task *self, mach_port_name_t task_name)
{
	struct ipc_space *space = self->space;
	const struct ipc_entry *entry;
	bool own;

	ipc_space_lock(space);
	entry = ipc_entry_lookup(&space->table, task_name);
	own = entry != NULL && (entry->bits & MACH_PORT_TYPE_SEND) &&
	      entry_port(entry) == self->self_port;
	ipc_space_unlock(space);
	return own;
}

/* The space of the task for which the caller's name is a send right; NULL if it is not. */
static struct ipc_space *named_space(mach_port_name_t task_name)
{
	struct ipc_space *space;
	struct ipc_port *port;

	interrupts_enable();
	if (__builtin_expect(is_own(current_task(), task_name), 1)) {
		ipc_space_reference(current_task()->space);
		return current_task()->space;
	}
	if (ipc_space_lookup_send(current_task()->space, task_name, &port) != KERN_SUCCESS)
		return NULL;
	space = convert_port_to_space(port);
	ipc_port_release(port);
	return space;
}

__attribute__((regparm(0))) kern_return_t
syscall_mach_port_allocate(mach_port_name_t task, mach_port_right_t right,
			   mach_port_name_t *namep)
{
	struct ipc_space *space = named_space(task);
	mach_port_name_t name;
	kern_return_t kr;

	if (space == NULL)
		return MACH_SEND_INTERRUPTED;
	ipc_origin_trap(-72);
	kr = mach_port_allocate(space, right, &name);
	if (kr == KERN_SUCCESS && copyout(&name, namep, sizeof(name)) != 0) {
		mach_port_destroy(space, name);
		kr = KERN_INVALID_ADDRESS;
	}
	ipc_space_release(space);
	return kr;
}

__attribute__((regparm(0))) kern_return_t
syscall_mach_port_allocate_name(mach_port_name_t task, mach_port_right_t right,
				mach_port_name_t name)
{
	struct ipc_space *space = named_space(task);
	kern_return_t kr;

	if (space == NULL)
		return MACH_SEND_INTERRUPTED;
	ipc_origin_trap(-75);
	kr = mach_port_allocate_name(space, right, name);
	ipc_space_release(space);
	return kr;
}

__attribute__((regparm(0))) kern_return_t
syscall_mach_port_deallocate(mach_port_name_t task, mach_port_name_t name)
{
	struct ipc_space *space = named_space(task);
	kern_return_t kr;

	if (space == NULL)
		return MACH_SEND_INTERRUPTED;
	kr = mach_port_deallocate(space, name);
	ipc_space_release(space);
	return kr;
}

/* The caller's right; null and dead values stay what they are. */
static kern_return_t take_right(mach_port_name_t name, uint32_t disposition,
				struct ipc_port **portp)
{
	struct ipc_space *self = current_task()->space;
	struct ipc_debris debris;
	kern_return_t kr;

	if (!MACH_NAME_VALID(name)) {
		*portp = name == MACH_PORT_NULL ? IP_NULL : IP_DEAD;
		return KERN_SUCCESS;
	}
	ipc_debris_init(&debris);
	ipc_space_lock(self);
	kr = ipc_right_copyin(self, name, disposition, true, portp, &debris);
	ipc_space_unlock(self);
	ipc_debris_release(&debris);
	return kr;
}

__attribute__((regparm(0))) kern_return_t
syscall_mach_port_insert_right(mach_port_name_t task, mach_port_name_t name,
			       mach_port_name_t right, mach_msg_type_name_t disposition)
{
	struct ipc_space *space = named_space(task);
	struct ipc_port *port;
	kern_return_t kr;

	if (space == NULL)
		return MACH_SEND_INTERRUPTED;
	ipc_origin_trap(-74);
	if (!MACH_MSG_TYPE_PORT_ANY(disposition))
		kr = KERN_INVALID_VALUE;
	else
		kr = take_right(right, disposition, &port);
	if (kr == KERN_SUCCESS) {
		uint32_t type = ipc_type_after_copyin(disposition);

		kr = mach_port_insert_right(space, name, port, type);
		if (kr != KERN_SUCCESS)
			ipc_right_in_hand_release(port, type);
	}
	ipc_space_release(space);
	return kr;
}
