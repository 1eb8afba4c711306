/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Threads and their stacks.  All stacks ever made are in one list and used again; each is one
 * aligned block: a page that faults, the stack proper, struct thread_data.  A stack may be used
 * again when its thread is dead for the kernel, not already when it says that it ends: it stands
 * on the stack until its last trap.
 */
#include <libmach/thread.h>
#include <mach.h>
#include <mach/mig_support.h>
#include <mach/vm_param.h>

#include "internal.h"
#include "thread_data.h"

#define STACK_MASK		(THREAD_STACK_SIZE - 1)
#define THREAD_TERMINATE_ID	2016

struct thread_data mach_first_thread;
uintptr_t mach_first_stack;

static struct mach_lock lock;
static struct thread_data *stacks;

static boolean_t is_dead(mach_port_t port)
{
	mach_port_type_t type;

	return mach_port_type(mach_task_self(), port, &type) != KERN_SUCCESS
		|| (type & MACH_PORT_TYPE_DEAD_NAME) != 0;
}

static struct thread_data *create_stack(void)
{
	vm_offset_t address = 0;

	if (vm_map(mach_task_self(), &address, THREAD_STACK_SIZE, STACK_MASK, TRUE,
			MACH_PORT_NULL, 0, FALSE, VM_PROT_READ | VM_PROT_WRITE, VM_PROT_ALL,
			VM_INHERIT_COPY) != KERN_SUCCESS)
		return NULL;
	vm_protect(mach_task_self(), address, PAGE_SIZE, FALSE, VM_PROT_NONE);
	return thread_data_at(address);
}

/* A free stack of the list, marked as running; null if there is none. */
static struct thread_data *reuse_stack(void)
{
	struct thread_data *thread;

	mach_lock(&lock);
	for (thread = stacks; thread != NULL; thread = thread->next) {
		if (thread->use == STACK_ENDED && is_dead(thread->port)) {
			mach_port_deallocate(mach_task_self(), thread->port);
			thread->use = STACK_FREE;
		}
		if (thread->use == STACK_FREE) {
			thread->use = STACK_RUNNING;
			break;
		}
	}
	mach_unlock(&lock);
	return thread;
}

static struct thread_data *get_stack(void)
{
	struct thread_data *thread = reuse_stack();

	if (thread != NULL)
		return thread;
	thread = create_stack();
	if (thread == NULL)
		return NULL;
	thread->use = STACK_RUNNING;
	mach_lock(&lock);
	thread->next = stacks;
	stacks = thread;
	mach_unlock(&lock);
	return thread;
}

/* Both copies of the library's words: nothing in them means anything in another task. */
void mach_thread_forget(void)
{
	mach_unlock(&lock);
	mach_first_thread.reply_port = MACH_PORT_NULL;
	thread_data_self()->reply_port = MACH_PORT_NULL;
}

/* The last message asks for no reply: nobody will be there to take it. */
static _Noreturn void terminate_self(void)
{
	mach_msg_header_t request = {
		.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_MOVE_SEND, 0),
		.msgh_remote_port = mach_thread_self(),
		.msgh_id = THREAD_TERMINATE_ID,
	};

	for (;;)
		mach_msg_trap(&request, MACH_SEND_MSG, sizeof request, 0, MACH_PORT_NULL,
			MACH_MSG_TIMEOUT_NONE, MACH_PORT_NULL);
}

_Noreturn void mach_thread_exit(void)
{
	struct thread_data *self = thread_data_self();

	if (self->reply_port != MACH_PORT_NULL)
		mig_dealloc_reply_port(self->reply_port);
	self->use = STACK_ENDED;
	terminate_self();
}

static _Noreturn void thread_begin(struct thread_data *self)
{
	if (self->new_task)
		mach_init();
	self->function(self->argument);
	if (self->new_task)
		exit(0);
	mach_thread_exit();
}

/* Where the thread begins: as if thread_begin had been called, with one argument, from nowhere. */
static uintptr_t build_frame(struct thread_data *thread)
{
	uintptr_t *argument = (uintptr_t *) ((uintptr_t) thread & ~(uintptr_t) 15) - 4;

	argument[0] = (uintptr_t) thread;
	argument[-1] = 0;
	return (uintptr_t) (argument - 1);
}

static kern_return_t set_registers(mach_port_t port, uintptr_t stack)
{
	struct i386_thread_state state;
	mach_msg_type_number_t count = i386_THREAD_STATE_COUNT;
	kern_return_t result;

	result = thread_get_state(port, i386_THREAD_STATE, (thread_state_t) &state, &count);
	if (result != KERN_SUCCESS)
		return result;
	state.eip = (uintptr_t) thread_begin;
	state.uesp = stack;
	state.ebp = 0;
	return thread_set_state(port, i386_THREAD_STATE, (thread_state_t) &state, count);
}

/* A suspended thread in the task, about to begin on the stack, which build_frame has prepared. */
static kern_return_t create_thread(mach_port_t task, uintptr_t stack, mach_port_t *port)
{
	kern_return_t result = thread_create(task, port);

	if (result != KERN_SUCCESS)
		return result;
	result = set_registers(*port, stack);
	if (result != KERN_SUCCESS) {
		thread_terminate(*port);
		mach_port_deallocate(mach_task_self(), *port);
	}
	return result;
}

static struct thread_data *prepare_stack(void (*function)(void *), void *argument,
	boolean_t new_task)
{
	struct thread_data *thread = get_stack();

	if (thread == NULL)
		return NULL;
	thread->reply_port = MACH_PORT_NULL;
	thread->new_task = new_task;
	thread->function = function;
	thread->argument = argument;
	return thread;
}

kern_return_t mach_thread_prepare(void (*function)(void *), void *argument, mach_port_t *port)
{
	struct thread_data *thread = prepare_stack(function, argument, FALSE);
	kern_return_t result;

	if (thread == NULL)
		return KERN_RESOURCE_SHORTAGE;
	result = create_thread(mach_task_self(), build_frame(thread), &thread->port);
	if (result != KERN_SUCCESS) {
		thread->use = STACK_FREE;
		return result;
	}
	mach_port_mod_refs(mach_task_self(), thread->port, MACH_PORT_RIGHT_SEND, 1);
	*port = thread->port;
	return KERN_SUCCESS;
}

kern_return_t mach_thread_start(void (*function)(void *), void *argument, mach_port_t *port)
{
	mach_port_t name;
	kern_return_t result = mach_thread_prepare(function, argument, &name);

	if (result != KERN_SUCCESS)
		return result;
	if (port != NULL)
		*port = name;
	result = thread_resume(name);
	if (port == NULL)
		mach_port_deallocate(mach_task_self(), name);
	return result;
}

void mach_thread_join(mach_port_t port)
{
	struct thread_data *thread;

	while (!is_dead(port))
		swtch_pri(0);
	mach_lock(&lock);
	for (thread = stacks; thread != NULL; thread = thread->next)
		if (thread->use != STACK_FREE && thread->port == port) {
			mach_port_deallocate(mach_task_self(), port);
			thread->use = STACK_FREE;
			break;
		}
	mach_unlock(&lock);
	mach_port_deallocate(mach_task_self(), port);
}

/* The child's stack is a copy of one of ours, which is free again when it has been copied. */
kern_return_t mach_task_prepare(void (*function)(void *), void *argument, mach_port_t *task,
	mach_port_t *port)
{
	struct thread_data *thread = prepare_stack(function, argument, TRUE);
	uintptr_t stack;
	kern_return_t result;

	if (thread == NULL)
		return KERN_RESOURCE_SHORTAGE;
	stack = build_frame(thread);
	result = task_create(mach_task_self(), TRUE, task);
	thread->use = STACK_FREE;
	if (result != KERN_SUCCESS)
		return result;
	result = create_thread(*task, stack, port);
	if (result != KERN_SUCCESS) {
		task_terminate(*task);
		mach_port_deallocate(mach_task_self(), *task);
	}
	return result;
}

kern_return_t mach_task_start(void (*function)(void *), void *argument, mach_port_t *task)
{
	mach_port_t port;
	kern_return_t result = mach_task_prepare(function, argument, task, &port);

	if (result != KERN_SUCCESS)
		return result;
	result = thread_resume(port);
	mach_port_deallocate(mach_task_self(), port);
	return result;
}
