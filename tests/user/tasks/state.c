/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of thread state: getting and setting registers. */
#include <libmach/string.h>
#include <libmach/thread.h>
#include <mach.h>

#include "../common/messages.h"
#include "../common/ports.h"
#include "../common/tap.h"
#include "../common/worker.h"
#include "tests.h"

#define SELF	mach_task_self()

static mach_port_t new_thread(void)
{
	mach_port_t thread = MACH_PORT_NULL;

	EXPECT(thread_create(SELF, &thread), KERN_SUCCESS);
	return thread;
}

static void end_thread(mach_port_t thread)
{
	EXPECT(thread_terminate(thread), KERN_SUCCESS);
	port_destroy(thread);
}

static struct i386_thread_state get(mach_port_t thread)
{
	struct i386_thread_state state = { 0 };
	mach_msg_type_number_t count = i386_THREAD_STATE_COUNT;

	EXPECT(thread_get_state(thread, i386_THREAD_STATE, (thread_state_t) &state, &count),
		KERN_SUCCESS);
	return state;
}

static kern_return_t set(mach_port_t thread, int flavor, struct i386_thread_state *state)
{
	return thread_set_state(thread, flavor, (thread_state_t) state, i386_THREAD_STATE_COUNT);
}

void test_get_state(void)
{
	static const struct {
		int		flavor;
		unsigned int	count;
	} flavors[] = { { 0, 4 }, { 1, 17 }, { 5, 17 }, { 2, 30 } };
	static thread_state_data_t words;
	mach_port_t thread = new_thread();
	mach_msg_type_number_t count;

	for (unsigned int i = 0; i < COUNT_OF(flavors); i++) {
		tap_about("flavour %d", flavors[i].flavor);
		count = THREAD_STATE_MAX;
		EXPECT(thread_get_state(thread, flavors[i].flavor, words, &count), KERN_SUCCESS);
		EXPECT(count, flavors[i].count);
		count = flavors[i].count - 1;
		EXPECT(thread_get_state(thread, flavors[i].flavor, words, &count),
			KERN_INVALID_ARGUMENT);
	}
	count = THREAD_STATE_MAX;
	EXPECT(thread_get_state(thread, 99, words, &count), KERN_INVALID_ARGUMENT);
	EXPECT(thread_set_state(thread, 99, words, 17), KERN_INVALID_ARGUMENT);
	EXPECT(thread_set_state(thread, i386_THREAD_STATE, words, 16), KERN_INVALID_ARGUMENT);
	end_thread(thread);
}

void test_set_state(void)
{
	mach_port_t thread = new_thread();
	struct i386_thread_state state = get(thread), back;

	state.eax = 1;
	state.ebx = 2;
	state.ecx = 3;
	state.edx = 4;
	state.esi = 5;
	state.edi = 6;
	state.ebp = 7;
	state.uesp = 0xbffffff8;
	state.eip = 0xdeadbeef;
	EXPECT(set(thread, i386_THREAD_STATE, &state), KERN_SUCCESS);
	back = get(thread);
	EXPECT(back.eax, 1);
	EXPECT(back.ebx, 2);
	EXPECT(back.ecx, 3);
	EXPECT(back.edx, 4);
	EXPECT(back.esi, 5);
	EXPECT(back.edi, 6);
	EXPECT(back.ebp, 7);
	EXPECT(back.uesp, 0xbffffff8);
	EXPECT(back.eip, 0xdeadbeef);
	EXPECT(back.cs, 0x17);
	end_thread(thread);
}

void test_state_of_self(void)
{
	mach_port_t self = mach_thread_self();
	struct i386_thread_state state = { 0 };
	mach_msg_type_number_t count = i386_THREAD_STATE_COUNT;

	EXPECT(thread_get_state(self, i386_THREAD_STATE, (thread_state_t) &state, &count),
		KERN_INVALID_ARGUMENT);
	EXPECT(set(self, i386_THREAD_STATE, &state), KERN_INVALID_ARGUMENT);
	mach_port_deallocate(SELF, self);
}

/* The privileged bits do not get through; the interrupt flag is always set. */
void test_flags_are_checked(void)
{
	mach_port_t thread = new_thread();
	struct i386_thread_state state = get(thread);

	state.efl = 0xffffffff;
	EXPECT(set(thread, i386_THREAD_STATE, &state), KERN_SUCCESS);
	EXPECT(get(thread).efl & 0x3000, 0);
	EXPECT(get(thread).efl & 0x4000, 0);
	EXPECT(get(thread).efl & 0x200, 0x200);
	EXPECT(get(thread).efl & 0xcd5, 0xcd5);
	state.efl = 0;
	EXPECT(set(thread, i386_THREAD_STATE, &state), KERN_SUCCESS);
	EXPECT(get(thread).efl & 0x200, 0x200);
	end_thread(thread);
}

/* Flavour 1 leaves the code and stack segments alone or checks them; 5 sets and checks them. */
void test_segments_are_checked(void)
{
	static const unsigned int bad[] = { 0, 0x8, 0x10, 0x14, 0x3 };
	mach_port_t thread = new_thread();
	struct i386_thread_state state;

	for (unsigned int i = 0; i < COUNT_OF(bad); i++) {
		tap_about("selector 0x%x", bad[i]);
		state = get(thread);
		state.cs = bad[i];
		EXPECT(set(thread, i386_REGS_SEGS_STATE, &state), KERN_INVALID_ARGUMENT);
		state = get(thread);
		state.ss = bad[i];
		EXPECT(set(thread, i386_REGS_SEGS_STATE, &state), KERN_INVALID_ARGUMENT);
		EXPECT(get(thread).cs, 0x17);
		EXPECT(get(thread).ss, 0x1f);
	}
	end_thread(thread);
}

/* Setting the state of a thread that waits and is suspended does not end its wait. */
void test_set_state_while_blocked(void)
{
	static struct worker worker;
	mach_port_t port = port_new_with_send(1);
	struct i386_thread_state state;

	worker_receive(&worker, port);
	EXPECT(thread_suspend(worker.thread), KERN_SUCCESS);
	state = get(worker.thread);
	EXPECT(set(worker.thread, i386_THREAD_STATE, &state), KERN_SUCCESS);
	EXPECT(thread_resume(worker.thread), KERN_SUCCESS);
	EXPECT(worker_is_done(&worker), FALSE);
	EXPECT(send_simple(port, 4), MACH_MSG_SUCCESS);
	EXPECT(worker_end(&worker), MACH_MSG_SUCCESS);
	EXPECT(worker.message.header.msgh_id, 4);
	port_destroy(port);
}

/* --- preemption ------------------------------------------------------------------------------ */

static volatile boolean_t stop;
static volatile unsigned int errors;

/* All registers but esp hold known values over many clock ticks. */
static void hold_registers(void *seed)
{
	unsigned int good, mark = (uintptr_t) seed;

	while (!stop) {
		__asm__ volatile(
			"pushl %%ebp\n\t"
			"movl %1, %%eax\n\t"
			"leal 1(%%eax), %%ebx\n\t"
			"leal 2(%%eax), %%edx\n\t"
			"leal 3(%%eax), %%esi\n\t"
			"leal 4(%%eax), %%edi\n\t"
			"leal 5(%%eax), %%ebp\n\t"
			"movl $100000, %%ecx\n"
			"1:\tdecl %%ecx\n\t"
			"jnz 1b\n\t"
			"addl %%eax, %%ebx\n\t"
			"addl %%edx, %%ebx\n\t"
			"addl %%esi, %%ebx\n\t"
			"addl %%edi, %%ebx\n\t"
			"addl %%ebp, %%ebx\n\t"
			"popl %%ebp\n\t"
			"movl %%ebx, %0"
			: "=a" (good) : "0" (mark)
			: "ebx", "ecx", "edx", "esi", "edi", "cc", "memory");
		if (good != 6 * mark + 15)
			errors++;
	}
}

void test_registers_survive(void)
{
	mach_port_t threads[4];

	stop = FALSE;
	errors = 0;
	for (unsigned int i = 0; i < COUNT_OF(threads); i++)
		EXPECT(mach_thread_start(hold_registers, (void *) (0x1000 * (i + 1)), &threads[i]),
			KERN_SUCCESS);
	sleep_for(300);
	stop = TRUE;
	for (unsigned int i = 0; i < COUNT_OF(threads); i++)
		mach_thread_join(threads[i]);
	EXPECT(errors, 0);
}
