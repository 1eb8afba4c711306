/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of registers seen and set while a thread runs, waits in a trap, or has an exception. */
#include "tests.h"

#include <libmach/string.h>
#include <libmach/thread.h>
#include <mach/exception.h>
#include <mach/i386/eflags.h>
#include <mach/mach_traps.h>

#include "../common/fault.h"
#include "../common/messages.h"
#include "../common/ports.h"
#include "../common/tap.h"

#define THREAD_COUNT i386_THREAD_STATE_COUNT

static void expect_marks(const struct i386_thread_state *state)
{
	EXPECT(state->ebx, 0xb0);
	EXPECT(state->esi, 0x51);
	EXPECT(state->edi, 0xd1);
	EXPECT(state->ebp, 0xb9);
	EXPECT(state->cs, 0x17);
	EXPECT(state->ss, 0x1f);
	EXPECT(state->ds, 0x1f);
	EXPECT(state->es, 0x1f);
	EXPECT_TRUE(state->efl & EFL_IF);
}

/* --- in mach_msg ----------------------------------------------------------------------------- */

static mach_port_t receive_port;
static struct message received;
static unsigned int by_sysenter;

static void receive(void *unused)
{
	const unsigned int arguments[] = { (uintptr_t) &received, MACH_RCV_MSG, 0, sizeof received,
		receive_port, 0, MACH_PORT_NULL };

	(void) unused;
	receive_by(by_sysenter, arguments);
}

static mach_port_t start_receiver(unsigned int sysenter)
{
	mach_port_t thread;

	by_sysenter = sysenter;
	receive_port = port_new_with_send(1);
	memset(&received, 0, sizeof received);
	EXPECT(mach_thread_start(receive, NULL, &thread), KERN_SUCCESS);
	sleep_for(30);
	return thread;
}

static void try_in_receive(unsigned int sysenter)
{
	const char *after = sysenter ? receive_sysenter_after : receive_lcall_after;
	mach_port_t thread = start_receiver(sysenter);
	struct i386_thread_state state, again;

	get_state(thread, i386_THREAD_STATE, &state, THREAD_COUNT);
	expect_marks(&state);
	EXPECT(state.eip, (uintptr_t) after);
	EXPECT(thread_suspend(thread), KERN_SUCCESS);
	EXPECT(set_state(thread, i386_REGS_SEGS_STATE, &state, THREAD_COUNT), KERN_SUCCESS);
	EXPECT(thread_resume(thread), KERN_SUCCESS);
	EXPECT(send_simple(receive_port, 55), MACH_MSG_SUCCESS);
	mach_thread_join(thread);
	EXPECT(received.header.msgh_id, 55);
	port_destroy(receive_port);

	thread = start_receiver(sysenter);
	EXPECT(thread_suspend(thread), KERN_SUCCESS);
	EXPECT(thread_abort(thread), KERN_SUCCESS);
	get_state(thread, i386_THREAD_STATE, &again, THREAD_COUNT);
	expect_marks(&again);
	EXPECT(again.eax, MACH_RCV_INTERRUPTED);
	EXPECT(again.eip, (uintptr_t) after);
	EXPECT(thread_resume(thread), KERN_SUCCESS);
	mach_thread_join(thread);
	port_destroy(receive_port);
}

void test_in_receive(void)
{
	try_in_receive(0);
	if (mach_used_entry() == MACH_ENTRY_SYSENTER)
		try_in_receive(1);
}

/* --- in an exception ------------------------------------------------------------------------- */

void test_in_exception(void)
{
	struct fault fault;

	fault_run(mark_and_break, NULL, &fault);
	EXPECT_TRUE(fault.happened);
	expect_marks(&fault.state);
	EXPECT(fault.state.eip, (uintptr_t) mark_and_break_after);
	EXPECT(fault.state.eax, 0xa0);
	EXPECT(fault.state.ecx, 0xc0);
	EXPECT(fault.state.edx, 0xd0);
}

/* --- on the run ------------------------------------------------------------------------------ */

static volatile boolean_t stop;
static volatile unsigned int rounds;

static void run(void *unused)
{
	(void) unused;
	while (!stop)
		rounds++;
}

static void count_and_end(void)
{
	rounds = 1;
	mach_thread_exit();
}

/* The state of a thread that was preempted can be read, and set as it is, or to other code. */
void test_running(void)
{
	struct i386_thread_state state;
	mach_port_t thread;

	stop = FALSE;
	rounds = 0;
	EXPECT(mach_thread_start(run, NULL, &thread), KERN_SUCCESS);
	for (int i = 0; i < 20; i++) {
		sleep_for(10);
		get_state(thread, i386_THREAD_STATE, &state, THREAD_COUNT);
		EXPECT(set_state(thread, i386_THREAD_STATE, &state, THREAD_COUNT), KERN_SUCCESS);
	}
	EXPECT_TRUE(rounds > 1000);
	state.eip = (uintptr_t) count_and_end;
	EXPECT(set_state(thread, i386_REGS_SEGS_STATE, &state, THREAD_COUNT), KERN_SUCCESS);
	mach_thread_join(thread);
	EXPECT(rounds, 1);
}

/* --- flags ----------------------------------------------------------------------------------- */

static unsigned int trap_with_flags(unsigned int flags)
{
	unsigned int after;

	__asm__ volatile(
		"pushfl\n\t"
		"pushl %1\n\t"
		"popfl\n\t"
		"movl $-10, %%eax\n\t"
		"lcall $7, $0\n\t"
		"pushfl\n\t"
		"popl %0\n\t"
		"popfl"
		: "=&S" (after) : "D" (flags) : "eax", "ecx", "edx", "cc", "memory");
	return after;
}

static unsigned int interrupted_with_flags(unsigned int flags)
{
	unsigned int after;

	__asm__ volatile(
		"pushfl\n\t"
		"pushl %1\n\t"
		"popfl\n\t"
		"movl $20000000, %%ecx\n"
		"1:\tleal -1(%%ecx), %%ecx\n\t"
		"jecxz 2f\n\t"
		"jmp 1b\n"
		"2:\tpushfl\n\t"
		"popl %0\n\t"
		"popfl"
		: "=&S" (after) : "D" (flags) : "ecx", "cc", "memory");
	return after;
}

static void fault_with_flags(void *flags)
{
	__asm__ volatile("pushl %0\n\tpopfl\n\tint3" : : "r" (flags) : "memory");
}

/* TM-5: flags that are the user's own, before traps, interrupts and faults. */
void test_flags_survive(void)
{
	static const unsigned int flags[] = { 0, EFL_DF, EFL_AC, EFL_NT, EFL_ID, EFL_DF | EFL_NT,
		EFL_DF | EFL_AC | EFL_NT | EFL_ID, EFL_CF | EFL_ZF | EFL_OF };
	struct fault fault;

	for (unsigned int i = 0; i < COUNT_OF(flags); i++) {
		unsigned int all = flags[i] | EFL_IF | 2;

		tap_about("flags 0x%x", flags[i]);
		EXPECT((trap_with_flags(all) ^ all) & (EFL_DF | EFL_AC | EFL_ID | EFL_IF | EFL_IOPL
			| EFL_TF), 0);
		EXPECT(interrupted_with_flags(all) & ~(EFL_NT | 0), all & ~EFL_NT);
		fault_run(fault_with_flags, (void *) (uintptr_t) all, &fault);
		EXPECT(fault.exception, EXC_BREAKPOINT);
		EXPECT(fault.state.efl, all & ~(EFL_NT | 2));
	}
}
