/* SPDX-License-Identifier: BSD-2-Clause */
/* Very many threads that wait for different times at once: none comes too early, none late. */
#include <mach.h>
#include <mach/mach_traps.h>
#include <mach/thread_status.h>
#include <mach/thread_switch.h>
#include <mach/vm_param.h>

#include "../common/messages.h"
#include "../common/tap.h"
#include "tests.h"

#define WAITERS		10000
#define TIMEOUT_MAX	2000		/* milliseconds */
#define CROWD_MS	250		/* while all of them begin, the processor is short */
#define STACK_WORDS	128
#define PORT_NAME	0x5000		/* where nothing comes, in their task */
#define HELD_UP		20		/* so many may have lost the processor just then */

/* Shared with their task. */
static struct waiter {
	uint64_t	begin, took;
	kern_return_t	result;
	unsigned int	timeout;
	boolean_t	ready;
	uintptr_t	stack[STACK_WORDS];
} waiters[WAITERS];

static _Noreturn void wait_once(struct waiter *self)
{
	mach_msg_header_t header;

	self->begin = cycles();
	self->result = mach_msg_trap(&header, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, sizeof header,
		PORT_NAME, self->timeout, MACH_PORT_NULL);
	self->took = cycles() - self->begin;
	self->ready = TRUE;
	for (;;)
		thread_switch(MACH_PORT_NULL, SWITCH_OPTION_WAIT, 1000000);
}

static void make_waiter(mach_port_t task, unsigned int index)
{
	struct waiter *waiter = &waiters[index];
	uintptr_t *argument = &waiter->stack[STACK_WORDS - 4];
	struct i386_thread_state state = {
		.eip = (uintptr_t) wait_once, .uesp = (uintptr_t) (argument - 1),
	};
	mach_port_t thread;

	*argument = (uintptr_t) waiter;
	waiter->timeout = index * 37 % (TIMEOUT_MAX + 1);
	if (thread_create(task, &thread) != KERN_SUCCESS
			|| thread_set_state(thread, i386_THREAD_STATE, (thread_state_t) &state,
				i386_THREAD_STATE_COUNT) != KERN_SUCCESS
			|| thread_resume(thread) != KERN_SUCCESS)
		tap_fail("waiter %u does not start", index);
	mach_port_deallocate(mach_task_self(), thread);
}

static mach_port_t make_task(void)
{
	vm_offset_t begin = (vm_offset_t) waiters & ~(vm_offset_t) (PAGE_SIZE - 1);
	mach_port_t task = MACH_PORT_NULL;

	EXPECT(vm_inherit(mach_task_self(), begin, (vm_offset_t) (waiters + WAITERS) - begin,
		VM_INHERIT_SHARE), KERN_SUCCESS);
	EXPECT(task_create(mach_task_self(), TRUE, &task), KERN_SUCCESS);
	EXPECT(task_suspend(task), KERN_SUCCESS);
	EXPECT(mach_port_allocate_name(task, MACH_PORT_RIGHT_RECEIVE, PORT_NAME), KERN_SUCCESS);
	for (unsigned int i = 0; i < WAITERS; i++)
		make_waiter(task, i);
	return task;
}

/* TH-9: at least as long as was asked for, at most two ticks longer. */
void test_ten_thousand_timeouts(void)
{
	uint64_t tick = cycles_of_tick();
	mach_port_t task = make_task();
	unsigned int early = 0, late = 0, unfinished = 0, wrong = 0;

	EXPECT(task_resume(task), KERN_SUCCESS);
	sleep_for(TIMEOUT_MAX + 3 * CROWD_MS);
	for (unsigned int i = 0; i < WAITERS; i++) {
		const struct waiter *waiter = &waiters[i];
		uint64_t least = waiter->timeout * (tick / 10), most = least + 2 * tick + tick / 4;

		unfinished += !waiter->ready;
		wrong += waiter->ready && waiter->result != MACH_RCV_TIMED_OUT;
		early += waiter->ready && waiter->took < least;
		late += waiter->timeout > CROWD_MS && waiter->took > most;
	}
	EXPECT(unfinished, 0);
	EXPECT(wrong, 0);
	EXPECT(early, 0);
	EXPECT_TRUE(late <= HELD_UP);
	EXPECT(task_terminate(task), KERN_SUCCESS);
	EXPECT(mach_port_deallocate(mach_task_self(), task), KERN_SUCCESS);
}
