/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of debug registers (TM-7): breakpoints and watchpoints of a thread. */
#include "tests.h"

#include <libmach/string.h>
#include <libmach/thread.h>
#include <mach/exception.h>
#include <mach/mach_traps.h>
#include <mach/vm_param.h>

#include "../common/fault.h"
#include "../common/messages.h"
#include "../common/ports.h"
#include "../common/tap.h"

#define ENABLE(n)	(1u << 2 * (n))
#define WRITE_WORD(n)	(0xdu << (16 + 4 * (n)))
#define ACCESS_WORD(n)	(0xfu << (16 + 4 * (n)))
#define COUNT		i386_DEBUG_STATE_COUNT

static kern_return_t set_own(const struct i386_debug_state *state)
{
	return thread_set_self_state(i386_DEBUG_STATE, (thread_state_t) state, COUNT);
}

/* --- stopping and going on ------------------------------------------------------------------- */

static void answer(struct message *message)
{
	struct message reply;

	message_init(&reply, message->header.msgh_remote_port, MACH_MSG_TYPE_MOVE_SEND_ONCE,
		MACH_PORT_NULL, 0);
	reply.header.msgh_id = 2500;
	message_type(&reply, MACH_MSG_TYPE_INTEGER_32, 32, 1, TYPE_INLINE);
	message_word(&reply, KERN_SUCCESS);
	EXPECT(message_send(&reply), MACH_MSG_SUCCESS);
	mach_port_deallocate(SELF, message->body[1]);
	mach_port_deallocate(SELF, message->body[3]);
}

static mach_port_t port;
static struct message message;

/* The next exception of a thread; FALSE when there is none. */
static boolean_t stopped(void)
{
	if (message_receive_wait(&message, port, 300) != MACH_MSG_SUCCESS)
		return FALSE;
	EXPECT(message.body[5], EXC_BREAKPOINT);
	EXPECT(message.body[7], EXC_I386_SGL);
	EXPECT(message.body[9], 0);
	return TRUE;
}

static mach_port_t start(void (*function)(void *), void *argument,
	const struct i386_debug_state *debug)
{
	mach_port_t thread;

	port = port_new_with_send(1);
	EXPECT(mach_thread_prepare(function, argument, &thread), KERN_SUCCESS);
	EXPECT(thread_set_exception_port(thread, port), KERN_SUCCESS);
	EXPECT(set_state(thread, i386_DEBUG_STATE, debug, COUNT), KERN_SUCCESS);
	EXPECT(thread_resume(thread), KERN_SUCCESS);
	return thread;
}

static void finish(mach_port_t thread)
{
	mach_thread_join(thread);
	port_destroy(port);
}

/* It stops before the instruction, each time that it comes there; a yes lets it go on. */
void test_breakpoint(void)
{
	struct i386_debug_state debug = { .dr = { [0] = (uintptr_t) count_up_at,
						  [7] = ENABLE(0) } };
	mach_port_t thread = start(count_up, NULL, &debug);
	struct i386_thread_state state;

	for (unsigned int i = 1; i <= 20; i++) {
		if (!EXPECT_TRUE(stopped()))
			break;
		get_state(thread, i386_THREAD_STATE, &state, i386_THREAD_STATE_COUNT);
		EXPECT(state.eip, (uintptr_t) count_up_at);
		EXPECT(state.efl & 0x10000, 0);
		EXPECT(counted, i);
		get_state(thread, i386_DEBUG_STATE, &debug, COUNT);
		EXPECT(debug.dr[6] & 0xf, 1);
		/* Also when the handler has set the state. */
		if (i % 2 == 0)
			EXPECT(set_state(thread, i386_THREAD_STATE, &state,
				i386_THREAD_STATE_COUNT), KERN_SUCCESS);
		if (i == 20)
			debug.dr[7] = 0;
		EXPECT(set_state(thread, i386_DEBUG_STATE, &debug, COUNT), KERN_SUCCESS);
		answer(&message);
	}
	EXPECT(stopped(), FALSE);
	finish(thread);
	EXPECT(counted, 1000);
}

static unsigned int watched[4];

static void store(void *unused)
{
	(void) unused;
	store_words(watched);
}

void test_four_watchpoints(void)
{
	struct i386_debug_state debug = { { 0 } };
	mach_port_t thread;

	for (unsigned int i = 0; i < 4; i++) {
		debug.dr[i] = (uintptr_t) &watched[i];
		debug.dr[7] |= ENABLE(i) | WRITE_WORD(i);
	}
	thread = start(store, NULL, &debug);
	for (unsigned int i = 0; i < 4; i++) {
		if (!EXPECT_TRUE(stopped()))
			break;
		EXPECT(watched[i], i + 1);
		get_state(thread, i386_DEBUG_STATE, &debug, COUNT);
		EXPECT(debug.dr[6] & 0xf, 1u << i);
		answer(&message);
	}
	finish(thread);
	store_words(watched);		/* nobody else is stopped */
}

/* --- what the kernel reads ------------------------------------------------------------------- */

static void trap_watched(void *sysenter)
{
	struct i386_debug_state debug = { .dr = { (uintptr_t) &watched_arguments[0],
		(uintptr_t) &watched_arguments[1] } };

	debug.dr[7] = ENABLE(0) | ACCESS_WORD(0) | ENABLE(1) | ACCESS_WORD(1);
	set_own(&debug);
	for (int i = 0; i < 100; i++)
		trap_with_arguments((uintptr_t) sysenter);
	debug.dr[7] = 0;
	set_own(&debug);
}

/* The arguments of traps, which the entry code reads. */
void test_watched_arguments(void)
{
	struct fault fault;

	fault_run(trap_watched, (void *) 0, &fault);
	EXPECT(fault.happened, FALSE);
	if (mach_used_entry() == MACH_ENTRY_SYSENTER) {
		fault_run(trap_watched, (void *) 1, &fault);
		EXPECT(fault.happened, FALSE);
	}
}

static unsigned int stack_selector;
static void (*shadowed)(const unsigned int *);

static void shadow(void *unused)
{
	struct i386_debug_state debug = { .dr = { [0] = (uintptr_t) &stack_selector,
		[7] = ENABLE(0) | ACCESS_WORD(0) } };

	(void) unused;
	set_own(&debug);
	shadowed(&stack_selector);
	debug.dr[7] = 0;
	set_own(&debug);
}

/*
 * A watched word goes to ss: the trap waits for the next instruction, which enters the kernel.
 * Whatever the thread is told, the kernel goes on.
 */
void test_shadowed_watchpoint(void)
{
	struct fault fault;

	stack_selector = 0x1f;
	shadowed = shadow_int3;
	fault_run(shadow, NULL, &fault);
	EXPECT_TRUE(fault.happened);
	EXPECT(fault.exception, EXC_BREAKPOINT);
	shadowed = shadow_lcall;
	fault_run(shadow, NULL, &fault);
	if (fault.happened)
		EXPECT(fault.exception, EXC_BREAKPOINT);
	if (mach_used_entry() != MACH_ENTRY_SYSENTER)
		return;
	shadowed = shadow_sysenter;
	fault_run(shadow, NULL, &fault);
	if (fault.happened)
		EXPECT(fault.exception, EXC_BREAKPOINT);
}

/* --- what is refused ------------------------------------------------------------------------- */

void test_debug_limits(void)
{
	mach_port_t thread = idle_thread();
	struct i386_debug_state debug = { { 0 } }, back;

	for (unsigned int i = 0; i < 4; i++) {
		static const unsigned int addresses[] = { 0, 1, VM_MAX_ADDRESS - 1, VM_MAX_ADDRESS,
			VM_MAX_ADDRESS + 1, 0xffffffff };

		for (unsigned int j = 0; j < COUNT_OF(addresses); j++) {
			tap_about("register %u, address 0x%x", i, addresses[j]);
			debug.dr[i] = addresses[j];
			EXPECT(set_state(thread, i386_DEBUG_STATE, &debug, COUNT),
				j < 3 ? KERN_SUCCESS : KERN_INVALID_ARGUMENT);
		}
		debug.dr[i] = 0x1000;
	}
	for (unsigned int i = 0; i < 32; i++) {
		boolean_t port_watch = i >= 16 && i % 4 == 1, detect = i == 13;

		tap_about("bit %u of the control register", i);
		debug.dr[7] = 1u << i;
		EXPECT(set_state(thread, i386_DEBUG_STATE, &debug, COUNT),
			port_watch || detect ? KERN_INVALID_ARGUMENT : KERN_SUCCESS);
		get_state(thread, i386_DEBUG_STATE, &back, COUNT);
		EXPECT(back.dr[7] & 0x2000, 0);
		EXPECT(back.dr[7] & 0x400, 0x400);
	}
	tap_about("%s", "");
	debug.dr[7] = ~0u;
	EXPECT(set_state(thread, i386_DEBUG_STATE, &debug, COUNT), KERN_INVALID_ARGUMENT);
	debug.dr[7] = 0;
	debug.dr[4] = debug.dr[5] = ~0u;
	EXPECT(set_state(thread, i386_DEBUG_STATE, &debug, COUNT), KERN_SUCCESS);
	get_state(thread, i386_DEBUG_STATE, &back, COUNT);
	EXPECT(back.dr[4] | back.dr[5], 0);
	end_thread(thread);
}

/* Watch a thread that runs, from outside; all other threads use the word freely. */
static volatile boolean_t stop;

static void write_watched(void *unused)
{
	(void) unused;
	while (!stop)
		((volatile unsigned int *) watched)[2] = 5;
}

void test_debug_elsewhere(void)
{
	struct i386_debug_state debug = { .dr = { [7] = 0 } };
	mach_port_t thread;

	stop = FALSE;
	thread = start(write_watched, NULL, &debug);
	EXPECT(stopped(), FALSE);
	watched[2] = 1;
	debug.dr[3] = (uintptr_t) &watched[2];
	debug.dr[7] = ENABLE(3) | WRITE_WORD(3);
	EXPECT(set_state(thread, i386_DEBUG_STATE, &debug, COUNT), KERN_SUCCESS);
	if (EXPECT_TRUE(stopped()))
		answer(&message);
	watched[2] = 1;
	EXPECT(thread_terminate(thread), KERN_SUCCESS);
	if (stopped())
		mach_msg_destroy(&message.header);
	finish(thread);
}
