/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The child task of a storm: its workers, the keeper, the catcher.
 *
 * The keeper is the task's first thread.  Workers are on stacks that are aligned to their size, so
 * that a worker knows which it is; a second one that begins on a stack is the first one no more.
 */
#include <libmach/string.h>
#include <libmach/thread.h>
#include <mach.h>
#include <mach/exception.h>
#include <mach/thread_switch.h>
#include <mach/vm_param.h>
#include <mach_init.h>

#include "storm.h"

#define STACK_SIZE	0x10000u
#define CATCH_NAME	0x7d000130	/* these are far from what is chosen at random */
#define SELF_NAME	0x7d000200
#define WORKER_NAME	0x7d000300
#define BUFFERS		0x20000000u		/* of the workers, with a hole behind each */
#define BUFFER_STRIDE	(4 * PAGE_SIZE)
#define LOW_MEMORY	0x100000u
#define RAISE_ID	2400

struct worker_state workers[WORKERS + 1];
mach_port_t victim_task, victim_thread;

static struct storm *storm;
static volatile unsigned int rounds_done;
static unsigned int steps_seen[WORKERS];
static mach_port_t keeper, catcher;
struct tally *tally;
static uint8_t stacks[WORKERS + 1][STACK_SIZE] __attribute__((aligned(STACK_SIZE)));

/* --- what there is in the task ---------------------------------------------------------------- */

void renew_port(unsigned int index)
{
	mach_port_name_t name = NAME_PORT + index;

	if (syscall_mach_port_allocate_name(mach_task_self(), MACH_PORT_RIGHT_RECEIVE, name)
			== KERN_SUCCESS)
		syscall_mach_port_insert_right(mach_task_self(), name, name,
			MACH_MSG_TYPE_MAKE_SEND);
}

void make_ports(void)
{
	for (unsigned int i = 0; i < PORTS; i++)
		renew_port(i);
	for (unsigned int i = 0; i < SETS; i++)
		syscall_mach_port_allocate_name(mach_task_self(), MACH_PORT_RIGHT_PORT_SET,
			NAME_SET + i);
	syscall_mach_port_allocate_name(mach_task_self(), MACH_PORT_RIGHT_DEAD_NAME, NAME_DEAD);
}

void make_arena(void)
{
	vm_offset_t address = ARENA;

	if (syscall_vm_allocate(mach_task_self(), &address, ARENA_SIZE, FALSE) == KERN_SUCCESS)
		vm_protect(mach_task_self(), ARENA, ARENA_SIZE, FALSE, VM_PROT_ALL);
	vm_inherit(mach_task_self(), ARENA, ARENA_SIZE / 2, VM_INHERIT_SHARE);
}

/* Small numbers are addresses that can be used, so that stubs take them as pointers too. */
static void make_low_memory(void)
{
	for (vm_offset_t address = 0; address < LOW_MEMORY; address += LOW_MEMORY / 4)
		vm_allocate(mach_task_self(), &address, LOW_MEMORY / 4, FALSE);
}

static void make_buffers(void)
{
	for (unsigned int i = 0; i <= WORKERS; i++) {
		vm_offset_t address = BUFFERS + i * BUFFER_STRIDE;

		vm_allocate(mach_task_self(), &address, BUFFER_WORDS * 4, FALSE);
		workers[i].message = (mach_msg_header_t *) address;
	}
}

/* --- workers ---------------------------------------------------------------------------------- */

static void step(struct worker_state *self)
{
	const struct mix *mix = &storm->mix;
	unsigned int dice = random_below(self, 16);

	if (dice < mix->messages)
		step_message(self);
	else if ((dice -= mix->messages) < mix->traps)
		step_trap(self);
	else if ((dice -= mix->traps) < mix->calls)
		step_call(self);
	else if ((dice -= mix->calls) < mix->threads)
		step_thread(self);
	else if ((dice -= mix->threads) < mix->memory)
		step_memory(self);
	else if ((dice -= mix->memory) < mix->state)
		step_state(self);
	else
		step_code(self);
}

static _Noreturn void work(struct worker_state *self)
{
	if (self == &workers[WORKERS]) {	/* in another task than it says in memory */
		mach_init();
		make_ports();
		self->reply = mach_reply_port();
	}
	for (;;) {
		step(self);
		self->steps++;
		rounds_done++;
		tally->steps++;
	}
}

/* Where a worker begins, and begins again. */
static void begin_state(unsigned int index, struct i386_thread_state *state)
{
	uintptr_t *top = (uintptr_t *) (stacks[index] + STACK_SIZE - 64);

	memset(state, 0, sizeof *state);
	top[0] = 0;
	top[1] = (uintptr_t) &workers[index];
	state->eip = (uintptr_t) work;
	state->uesp = (uintptr_t) top;
}

static kern_return_t set_begin(unsigned int index, mach_port_t thread)
{
	struct i386_thread_state state;

	begin_state(index, &state);
	return thread_set_state(thread, i386_THREAD_STATE, (thread_state_t) &state,
		i386_THREAD_STATE_COUNT);
}

/* A name that random numbers do not hit; the old one if that cannot be. */
static mach_port_t rename(mach_port_t name, mach_port_t new_name)
{
	mach_port_destroy(mach_task_self(), new_name);
	return mach_port_rename(mach_task_self(), name, new_name) == KERN_SUCCESS ? new_name : name;
}

static boolean_t is_ours(mach_port_t thread)
{
	for (unsigned int i = 0; i < WORKERS; i++)
		if (workers[i].thread == thread)
			return TRUE;
	return thread == keeper || thread == catcher;
}

/* The name of a worker may be lost while its thread goes on: end all threads that nobody knows. */
static void end_strangers(void)
{
	thread_array_t threads;
	mach_msg_type_number_t count;

	if (task_threads(mach_task_self(), &threads, &count) != KERN_SUCCESS)
		return;
	for (mach_msg_type_number_t i = 0; i < count; i++) {
		if (!is_ours(threads[i]))
			thread_terminate(threads[i]);
		mach_port_deallocate(mach_task_self(), threads[i]);
	}
	vm_deallocate(mach_task_self(), (vm_offset_t) threads, count * sizeof *threads);
}

/* Stop the worker wherever it is, and have it begin again. */
static void restart_worker(unsigned int index)
{
	mach_port_t thread = workers[index].thread;

	thread_suspend(thread);
	thread_abort(thread);
	set_begin(index, thread);
	while (thread_resume(thread) == KERN_SUCCESS)
		continue;
}

static void start_worker(unsigned int index)
{
	struct worker_state *worker = &workers[index];
	mach_port_t thread;

	worker->thread = MACH_PORT_NULL;
	end_strangers();
	worker->reply = mach_reply_port();
	if (thread_create(mach_task_self(), &thread) != KERN_SUCCESS)
		return;
	worker->thread = rename(thread, WORKER_NAME + index);
	restart_worker(index);
}

/* --- the victim ------------------------------------------------------------------------------- */

static boolean_t is_alive(mach_port_t thread)
{
	mach_port_type_t type;

	return mach_port_type(mach_task_self(), thread, &type) == KERN_SUCCESS
		&& (type & MACH_PORT_TYPE_SEND);
}

/* It knows some of our ports by the names that its own would have. */
static void start_victim(void)
{
	workers[WORKERS].random = workers[0].random | 1;
	for (unsigned int i = 0; i < PORTS / 2; i++)
		mach_port_insert_right(victim_task, NAME_PORT + i, NAME_PORT + i,
			MACH_MSG_TYPE_COPY_SEND);
	set_begin(WORKERS, victim_thread);
	thread_resume(victim_thread);
}

void renew_victim(void)
{
	if (is_alive(victim_thread))
		return;
	if (victim_task != MACH_PORT_NULL) {
		task_terminate(victim_task);
		mach_port_destroy(mach_task_self(), victim_task);
		mach_port_destroy(mach_task_self(), victim_thread);
	}
	victim_task = victim_thread = MACH_PORT_NULL;
	if (task_create(mach_task_self(), TRUE, &victim_task) != KERN_SUCCESS
			|| thread_create(victim_task, &victim_thread) != KERN_SUCCESS)
		return;
	if (storm != NULL)
		start_victim();
}

/* --- the catcher ------------------------------------------------------------------------------ */

struct raise {
	mach_msg_header_t	header;
	mach_msg_type_t		thread_type;
	mach_port_t		thread;
	mach_msg_type_t		task_type;
	mach_port_t		task;
	uint32_t		words[16];
};

struct raise_reply {
	mach_msg_header_t	header;
	mach_msg_type_t		type;
	kern_return_t		result;
};

/* A worker begins again, another thread of ours ends, one of the victim's takes it along. */
static kern_return_t treat(mach_port_t thread, mach_port_t task)
{
	tally->faults++;
	for (unsigned int i = 0; i < WORKERS; i++)
		if (workers[i].thread == thread)
			return set_begin(i, thread);
	if (task != mach_task_self())
		return KERN_FAILURE;
	return thread_terminate(thread);
}

static void answer_raise(struct raise *raise)
{
	struct raise_reply reply = {
		.header = {
			.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_MOVE_SEND_ONCE, 0),
			.msgh_remote_port = raise->header.msgh_remote_port,
			.msgh_id = RAISE_ID + 100,
		},
		.type = { .msgt_name = MACH_MSG_TYPE_INTEGER_32, .msgt_size = 32,
			.msgt_number = 1, .msgt_inline = TRUE },
		.result = treat(raise->thread, raise->task),
	};

	mach_msg_trap(&reply.header, MACH_SEND_MSG | MACH_SEND_TIMEOUT, sizeof reply, 0,
		MACH_PORT_NULL, 0, MACH_PORT_NULL);
	mach_port_deallocate(mach_task_self(), raise->thread);
	mach_port_deallocate(mach_task_self(), raise->task);
}

static void make_catch_port(void)
{
	if (syscall_mach_port_allocate_name(mach_task_self(), MACH_PORT_RIGHT_RECEIVE, CATCH_NAME)
			== KERN_SUCCESS)
		syscall_mach_port_insert_right(mach_task_self(), CATCH_NAME, CATCH_NAME,
			MACH_MSG_TYPE_MAKE_SEND);
	syscall_task_set_special_port(mach_task_self(), TASK_EXCEPTION_PORT, CATCH_NAME);
}

static void catch_faults(void *argument)
{
	struct raise raise;

	(void) argument;
	for (;;) {
		if (mach_msg_trap(&raise.header, MACH_RCV_MSG, 0, sizeof raise, CATCH_NAME, 0,
				MACH_PORT_NULL) != MACH_MSG_SUCCESS)
			make_catch_port();
		else if (raise.header.msgh_id == RAISE_ID)
			answer_raise(&raise);
		else
			mach_msg_destroy(&raise.header);
	}
}

/* --- the keeper ------------------------------------------------------------------------------- */

static void keep_worker(unsigned int index)
{
	struct worker_state *worker = &workers[index];
	unsigned int steps = worker->steps;

	if (!is_alive(worker->thread))
		start_worker(index);
	else if (steps == steps_seen[index])
		restart_worker(index);
	else if (once_in(worker, 2))
		thread_abort(worker->thread);
	steps_seen[index] = steps;
}

/* Our own name for our task is a right like others, and can be lost or renamed. */
static void renew_self(void)
{
	mach_port_t self = (mach_task_self)();

	if (self != mach_task_self_)
		mach_task_self_ = rename(self, SELF_NAME);
	else
		mach_port_deallocate(self, self);
}

static void renew_all(void)
{
	renew_self();
	make_catch_port();
	make_ports();
	make_arena();
	make_buffers();
	renew_victim();
}

static void keep(void)
{
	for (unsigned int i = 0; rounds_done < storm->rounds || storm->linger; i++) {
		thread_switch(MACH_PORT_NULL, SWITCH_OPTION_WAIT, 1);
		keep_worker(i % WORKERS);
		if (i % 4 == 0)
			renew_all();
	}
}

static mach_msg_return_t pass(mach_msg_header_t *message, mach_msg_option_t option,
	mach_msg_size_t send_size, mach_msg_size_t rcv_size, mach_port_t rcv_name,
	mach_msg_timeout_t timeout, mach_port_t notify)
{
	return mach_msg_trap(message, option, send_size, rcv_size, rcv_name, timeout, notify);
}

static mach_msg_return_t hook(mach_msg_header_t *message, mach_msg_option_t option,
	mach_msg_size_t send_size, mach_msg_size_t rcv_size, mach_port_t rcv_name,
	mach_msg_timeout_t timeout, mach_port_t notify)
{
	uintptr_t here = (uintptr_t) __builtin_frame_address(0) - (uintptr_t) stacks;

	if (here < sizeof stacks)
		return change_call(&workers[here / STACK_SIZE], message, option, send_size,
			rcv_size, rcv_name);
	return pass(message, option, send_size, rcv_size, rcv_name, timeout, notify);
}

void storm_child(void *argument)
{
	storm = argument;
	keeper = mach_thread_self();
	make_low_memory();
	renew_all();
	hook_messages(hook);
	mach_thread_start(catch_faults, NULL, &catcher);
	for (unsigned int i = 0; i < WORKERS; i++) {
		workers[i].random = storm->seed * 0x9e3779b1u + i;
		if (workers[i].random == 0)
			workers[i].random = 1;
		start_worker(i);
	}
	tally->begun++;
	keep();
	tally->ended++;
}
