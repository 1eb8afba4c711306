/* SPDX-License-Identifier: BSD-2-Clause */
#include <kern/traps.h>

#include <ipc/origin.h>
#include <ipc/port.h>
#include <ipc/right.h>
#include <ipc/space.h>
#include <kern/host.h>
#include <kern/machine.h>
#include <kern/mig_support.h>
#include <kern/printf.h>
#include <kern/run_queue.h>
#include <kern/sched.h>
#include <mach/mach_port_server.h>
#include <mach/mach_server.h>
#include <mach/thread_switch.h>
#include <vm/map.h>

#define PRINT_CHUNK 256u
#define PRINT_CHUNKS_MAX 16u		/* what one call may print: 4 KiB */
#define SELF_STATE_WORDS_MAX 150u
#define SWITCH_DEPRESS_MS 10u

/* --- Names of one's own ------------------------------------------------------------------ */

/* A name for a send right, which is consumed; null when it cannot be given one. */
static mach_port_name_t name_for_right(struct ipc_port *right, int32_t trap)
{
	mach_port_name_t name;

	ipc_origin_trap(trap);
	if (ipc_space_insert_send(current_task()->space, right, &name) == KERN_SUCCESS)
		return name;
	ipc_port_release_send(right);
	return MACH_PORT_NAME_NULL;
}

TRAP mach_port_name_t mach_thread_self(void)
{
	struct thread *self = current_thread();
	struct ipc_port *right;

	spin_lock(&self->lock);
	right = ipc_port_copy_send(self->self_special);
	spin_unlock(&self->lock);
	return name_for_right(right, -27);
}

TRAP mach_port_name_t mach_task_self(void)
{
	struct task *task = current_task();
	struct ipc_port *right;

	spin_lock(&task->lock);
	right = task->active ? ipc_port_copy_send(task->self_special) : IP_NULL;
	spin_unlock(&task->lock);
	return name_for_right(right, -28);
}

TRAP mach_port_name_t mach_host_self(void)
{
	return name_for_right(ipc_port_make_send(host_self.port), -29);
}

/* --- Names of others ---------------------------------------------------------------------- */

/* The port that a name has a send or receive right for, or NULL; good while its space is locked. */
static struct ipc_port *port_of_name(struct ipc_space *space, mach_port_name_t name)
{
	struct ipc_entry *entry = NULL;

	if (MACH_NAME_VALID(name) && space->active)
		entry = ipc_right_lookup(space, name);
	if (entry == NULL || !(entry->bits & (MACH_PORT_TYPE_SEND | MACH_PORT_TYPE_RECEIVE)))
		return NULL;
	return entry_port(entry);
}

/* A task reference, or NULL. */
static struct task *task_of_name(mach_port_name_t name)
{
	struct ipc_space *space = current_task()->space;
	struct task *task;

	ipc_space_lock(space);
	task = convert_port_to_task(port_of_name(space, name));
	ipc_space_unlock(space);
	return task;
}

static struct thread *thread_of_name(mach_port_name_t name)
{
	struct ipc_space *space = current_task()->space;
	struct thread *thread;

	ipc_space_lock(space);
	thread = convert_port_to_thread(port_of_name(space, name));
	ipc_space_unlock(space);
	return thread;
}

kern_return_t trap_right_of_name(mach_port_name_t name, struct ipc_port **rightp)
{
	struct ipc_space *space = current_task()->space;
	struct ipc_debris debris;
	kern_return_t kr = KERN_INVALID_TASK;

	if (!MACH_NAME_VALID(name)) {
		*rightp = name == MACH_PORT_NAME_NULL ? IP_NULL : IP_DEAD;
		return KERN_SUCCESS;
	}
	ipc_debris_init(&debris);
	ipc_space_lock(space);
	if (space->active)
		kr = ipc_right_copyin(space, name, MACH_MSG_TYPE_COPY_SEND, true, rightp, &debris);
	ipc_space_unlock(space);
	ipc_debris_release(&debris);
	return kr;
}

/* --- The console ------------------------------------------------------------------------- */

/*
 * The next part of a user's string, terminated.  Returns its length: PRINT_CHUNK when it goes
 * on, less at the end or before what cannot be read.
 */
static size_t print_chunk(const char *string, char *chunk)
{
	size_t length = 0;

	while (length < PRINT_CHUNK && copyin(string + length, chunk + length, 1) == 0 &&
	       chunk[length] != '\0')
		length++;
	chunk[length] = '\0';
	return length;
}

TRAP kern_return_t mach_print(const char *string)
{
	char chunk[PRINT_CHUNK + 1];
	size_t length = PRINT_CHUNK;

	for (unsigned i = 0; i < PRINT_CHUNKS_MAX && length == PRINT_CHUNK; i++) {
		length = print_chunk(string + i * PRINT_CHUNK, chunk);
		printf("%s", chunk);
		preemption_point();
	}
	return KERN_SUCCESS;
}

/* --- Giving up the processor -------------------------------------------------------------- */

/* Both return whether there are others that could run. */
TRAP kern_return_t swtch(void)
{
	bool others = run_queue.count > 0;

	thread_yield();
	return others;
}

TRAP kern_return_t swtch_pri(int priority)
{
	struct thread *self = current_thread();
	bool others = run_queue.count > 0;

	(void)priority;
	sched_depress(self, SWITCH_DEPRESS_MS);
	thread_yield();
	sched_depress_abort(self);
	return others;
}

/* However the wait ended. */
static _Noreturn void switch_continue(void)
{
	syscall_return(KERN_SUCCESS);
}

/* The thread to run instead is a hint: any name will do. */
static void favour_name(mach_port_name_t name)
{
	struct thread *thread = thread_of_name(name);

	if (thread == NULL)
		return;
	sched_favour(thread);
	thread_release(thread);
}

TRAP kern_return_t thread_switch(mach_port_name_t thread, int option, uint32_t ms)
{
	struct thread *self = current_thread();

	if (option < SWITCH_OPTION_NONE || option > SWITCH_OPTION_WAIT)
		return KERN_INVALID_ARGUMENT;
	favour_name(thread);
	switch (option) {
	case SWITCH_OPTION_NONE:
		thread_yield();
		return KERN_SUCCESS;
	case SWITCH_OPTION_DEPRESS:
		sched_depress(self, ms);
		thread_yield();
		return KERN_SUCCESS;
	default:
		thread_will_wait(self, true);
		thread_set_timeout(self, ms);
		thread_block(switch_continue);
		return KERN_SUCCESS;
	}
}

TRAP kern_return_t syscall_thread_depress_abort(mach_port_name_t name)
{
	struct thread *thread = thread_of_name(name);
	kern_return_t kr;

	if (thread == NULL)
		return MACH_SEND_INTERRUPTED;
	kr = sched_depress_abort(thread);
	thread_release(thread);
	return kr;
}

/* There are no event counters. */
TRAP kern_return_t evc_wait(uint32_t event)
{
	(void)event;
	return KERN_INVALID_ARGUMENT;
}

TRAP kern_return_t evc_wait_clear(uint32_t event)
{
	(void)event;
	return KERN_INVALID_ARGUMENT;
}

/* On success all registers are what was given, none is for a result. */
TRAP kern_return_t thread_set_self_state(int flavor, const void *state, uint32_t count)
{
	uint32_t words[SELF_STATE_WORDS_MAX];
	kern_return_t kr;

	if (count == 0 || count > SELF_STATE_WORDS_MAX ||
	    copyin(state, words, count * sizeof words[0]) != 0)
		return KERN_INVALID_ARGUMENT;
	machine_set_syscall_result(current_thread(), KERN_SUCCESS);
	kr = machine_thread_set_state(current_thread(), flavor, words, count);
	if (kr != KERN_SUCCESS)
		return kr;
	user_return();
}

/* --- Memory ------------------------------------------------------------------------------- */

/* Read an in-out argument, and make sure that the result can be written. */
static bool copy_probe(uint32_t *user, uint32_t *value)
{
	return copyin(user, value, sizeof *value) == 0 && copyout(value, user, sizeof *value) == 0;
}

TRAP kern_return_t syscall_vm_allocate(mach_port_name_t name, vm_offset_t *user_address,
				       vm_size_t size, boolean_t anywhere)
{
	struct task *task = task_of_name(name);
	vm_offset_t address;
	kern_return_t kr;

	if (task == NULL)
		return MACH_SEND_INTERRUPTED;
	kr = copy_probe(user_address, &address)
		     ? vm_map_allocate(task->map, &address, size, anywhere)
		     : KERN_INVALID_ADDRESS;
	if (kr == KERN_SUCCESS && copyout(&address, user_address, sizeof address) != 0) {
		vm_map_deallocate(task->map, address, size);
		kr = KERN_INVALID_ADDRESS;
	}
	task_release(task);
	return kr;
}

TRAP kern_return_t syscall_vm_deallocate(mach_port_name_t name, vm_offset_t address,
					 vm_size_t size)
{
	struct task *task = task_of_name(name);
	kern_return_t kr;

	if (task == NULL)
		return MACH_SEND_INTERRUPTED;
	kr = vm_map_deallocate(task->map, address, size);
	task_release(task);
	return kr;
}

TRAP kern_return_t syscall_vm_map(mach_port_name_t name, vm_offset_t *user_address, vm_size_t size,
				  vm_offset_t mask, boolean_t anywhere,
				  mach_port_name_t object_name, vm_offset_t offset, boolean_t copy,
				  vm_prot_t current, vm_prot_t maximum, vm_inherit_t inheritance)
{
	struct task *task = task_of_name(name);
	struct ipc_port *object;
	vm_offset_t address;
	kern_return_t kr;

	if (task == NULL)
		return MACH_SEND_INTERRUPTED;
	kr = trap_right_of_name(object_name, &object);
	if (kr != KERN_SUCCESS) {
		task_release(task);
		return kr;
	}
	kr = copy_probe(user_address, &address)
		     ? vm_map(task->map, &address, size, mask, anywhere, object, offset, copy,
			      current, maximum, inheritance)
		     : KERN_INVALID_ADDRESS;
	if (kr != KERN_SUCCESS)
		ipc_port_release_send(object);
	else if (copyout(&address, user_address, sizeof address) != 0) {
		vm_map_deallocate(task->map, address, size);
		kr = KERN_INVALID_ADDRESS;
	}
	task_release(task);
	return kr;
}

/* --- Tasks -------------------------------------------------------------------------------- */

/* A name for the child, in the parent's space. */
static kern_return_t name_child(struct task *parent, struct task *child, mach_port_name_t *name)
{
	struct ipc_port *right;
	kern_return_t kr;

	task_reference(child);
	right = convert_task_to_port(child);
	ipc_origin_trap(-68);
	kr = ipc_space_insert_send(parent->space, right, name);
	if (kr != KERN_SUCCESS)
		ipc_port_release_send(right);
	return kr;
}

/* A child whose name its creator is not told is not there. */
static kern_return_t create_named(struct task *parent, bool inherit, mach_port_name_t *user_name)
{
	mach_port_name_t name;
	struct task *child;
	kern_return_t kr = task_create(parent, inherit, &child);

	if (kr != KERN_SUCCESS)
		return kr;
	kr = name_child(parent, child, &name);
	if (kr == KERN_SUCCESS && copyout(&name, user_name, sizeof name) != 0) {
		mach_port_deallocate(parent->space, name);
		kr = KERN_INVALID_ADDRESS;
	}
	if (kr != KERN_SUCCESS)
		task_terminate(child);
	task_release(child);
	return kr;
}

TRAP kern_return_t syscall_task_create(mach_port_name_t parent_name, boolean_t inherit,
				       mach_port_name_t *user_child)
{
	struct task *parent = task_of_name(parent_name);
	mach_port_name_t before;
	kern_return_t kr;

	if (parent == NULL)
		return MACH_SEND_INTERRUPTED;
	kr = copy_probe(user_child, &before) ? create_named(parent, inherit, user_child)
					     : KERN_INVALID_ADDRESS;
	task_release(parent);
	return kr;
}

TRAP kern_return_t syscall_task_terminate(mach_port_name_t name)
{
	struct task *task = task_of_name(name);
	kern_return_t kr;

	if (task == NULL)
		return MACH_SEND_INTERRUPTED;
	kr = task_terminate(task);
	task_release(task);
	return kr;
}

TRAP kern_return_t syscall_task_suspend(mach_port_name_t name)
{
	struct task *task = task_of_name(name);
	kern_return_t kr;

	if (task == NULL)
		return MACH_SEND_INTERRUPTED;
	kr = task_suspend(task);
	task_release(task);
	return kr;
}

TRAP kern_return_t syscall_task_set_special_port(mach_port_name_t name, int which,
						 mach_port_name_t port_name)
{
	struct task *task = task_of_name(name);
	struct ipc_port *right;
	kern_return_t kr;

	if (task == NULL)
		return MACH_SEND_INTERRUPTED;
	kr = trap_right_of_name(port_name, &right);
	if (kr == KERN_SUCCESS) {
		kr = task_set_special_port(task, which, right);
		if (kr != KERN_SUCCESS)
			ipc_port_release_send(right);
	}
	task_release(task);
	return kr;
}
