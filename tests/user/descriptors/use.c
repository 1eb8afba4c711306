/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of segments in use, by threads that run. */
#include "tests.h"

#include <libmach/string.h>
#include <libmach/thread.h>
#include <mach/exception.h>
#include <mach/i386/eflags.h>

#include "../common/fault.h"
#include "../common/messages.h"
#include "../common/ports.h"
#include "../common/tap.h"

static unsigned int words[4] = { 0x1111, 0x2222, 0x3333, 0x4444 };

static descriptor_t word_segment(unsigned int i)
{
	return flat((uintptr_t) &words[i], DATA);
}

/* The address of a thread's words is in its segment. */
static void read_by_ldt(void *argument)
{
	EXPECT(set_own(4, word_segment((uintptr_t) argument)), KERN_SUCCESS);
	for (int i = 0; i < 50; i++) {
		EXPECT(load_word(LDT(4)), words[(uintptr_t) argument]);
		swtch_pri(0);
	}
}

void test_fs_ldt(void)
{
	struct fault fault;

	fault_run(read_by_ldt, (void *) 1, &fault);
	EXPECT(fault.happened, FALSE);
}

static void read_by_slot(void *argument)
{
	int selector = -1;

	EXPECT(set_own_slot(&selector, word_segment((uintptr_t) argument)), KERN_SUCCESS);
	EXPECT(selector, SLOT_0);
	EXPECT(load_word(selector), words[(uintptr_t) argument]);
	EXPECT(set_own_slot(&selector, word_segment(3)), KERN_SUCCESS);
	EXPECT(load_word(selector), words[3]);
	EXPECT(set_own_slot(&selector, (descriptor_t) { 0, 0 }), KERN_SUCCESS);
	load_word(selector);
}

static void expect_bad_selector(const struct fault *fault, const char *at, unsigned int selector)
{
	EXPECT_TRUE(fault->happened);
	EXPECT(fault->exception, EXC_BAD_INSTRUCTION);
	EXPECT(fault->code, EXC_I386_GPFLT);
	EXPECT(fault->subcode, selector & ~3u);
	if (at != NULL)
		EXPECT(fault->state.eip, (uintptr_t) at);
}

/* Until the slot is empty again. */
void test_fs_slot(void)
{
	struct fault fault;

	fault_run(read_by_slot, (void *) 2, &fault);
	expect_bad_selector(&fault, load_word_at, SLOT_0);
}

static void load_alone(void *selector)
{
	load_word((uintptr_t) selector);
}

/* Four threads, each with its own; and one that has none. */
void test_each_thread(void)
{
	mach_port_t threads[4];
	struct fault fault;

	for (unsigned int i = 0; i < 4; i++)
		EXPECT(mach_thread_start(read_by_ldt, (void *) (uintptr_t) i, &threads[i]),
			KERN_SUCCESS);
	fault_run(load_alone, (void *) LDT(4), &fault);
	expect_bad_selector(&fault, load_word_at, LDT(4));
	fault_run(load_alone, (void *) SLOT_0, &fault);
	expect_bad_selector(&fault, load_word_at, SLOT_0);
	for (unsigned int i = 0; i < 4; i++)
		mach_thread_join(threads[i]);
}

/* --- changes from outside ------------------------------------------------------------------ */

static volatile boolean_t ready, stop;
static volatile unsigned int seen;

static void watch_word(void *unused)
{
	(void) unused;
	EXPECT(set_own(4, word_segment(0)), KERN_SUCCESS);
	__asm__ volatile("movl %0, %%fs" : : "r" (LDT(4)));
	ready = TRUE;
	while (!stop)
		__asm__ volatile("movl %%fs:0, %0" : "=r" (seen));
	__asm__ volatile("movl %0, %%fs" : : "r" (0x1f));
}

static void wait_until_ready(void)
{
	while (!ready)
		sleep_for(10);
	ready = FALSE;
}

/* The thread reads by fs all the time, and never loads it. */
void test_changed_meanwhile(void)
{
	mach_port_t thread;

	stop = FALSE;
	EXPECT(mach_thread_start(watch_word, NULL, &thread), KERN_SUCCESS);
	wait_until_ready();
	for (unsigned int i = 0; i < 4; i++) {
		EXPECT(set_one(thread, 4, word_segment(i)), KERN_SUCCESS);
		EXPECT(set_one(thread, 100 * (i + 1), word_segment(i)), KERN_SUCCESS);
		sleep_for(50);
		EXPECT(seen, words[i]);
	}
	stop = TRUE;
	mach_thread_join(thread);
}

static mach_port_t watcher;

static void take_word(void *unused)
{
	(void) unused;
	wait_until_ready();
	EXPECT(set_one(watcher, 4, (descriptor_t) { 0, 0 }), KERN_SUCCESS);
}

static void watch_and_tell(void *unused)
{
	watcher = mach_thread_self();
	watch_word(unused);
}

/* It notices the next time that it is switched to. */
void test_taken_meanwhile(void)
{
	struct fault fault;
	mach_port_t taker;

	stop = FALSE;
	EXPECT(mach_thread_start(take_word, NULL, &taker), KERN_SUCCESS);
	fault_run(watch_and_tell, NULL, &fault);
	expect_bad_selector(&fault, NULL, LDT(4));
	mach_thread_join(taker);
	EXPECT(mach_port_deallocate(SELF, watcher), KERN_SUCCESS);
}

/* --- what is not there, and code elsewhere -------------------------------------------------- */

static void load_absent(void *unused)
{
	(void) unused;
	EXPECT(set_own(4, flat(0, ABSENT_DATA)), KERN_SUCCESS);
	load_word(LDT(4));
}

static void load_absent_stack(void *unused)
{
	(void) unused;
	EXPECT(set_own(4, flat(0, ABSENT_DATA)), KERN_SUCCESS);
	load_ss((void *) LDT(4));
}

static void expect_fault(const struct fault *fault, int code, const char *at)
{
	EXPECT_TRUE(fault->happened);
	EXPECT(fault->exception, EXC_BAD_INSTRUCTION);
	EXPECT(fault->code, code);
	EXPECT(fault->subcode, LDT(4) & ~3u);
	EXPECT(fault->state.eip, (uintptr_t) at);
}

void test_absent(void)
{
	struct fault fault;

	fault_run(load_absent, NULL, &fault);
	expect_fault(&fault, EXC_I386_SEGNPFLT, load_word_at);
	fault_run(load_absent_stack, NULL, &fault);
	expect_fault(&fault, EXC_I386_STKFLT, load_ss_at);
}

static unsigned int far_offset(const char *place)
{
	return place - far_base;
}

/* Start a thread there, with a handler.  Returns: whether an exception came. */
static boolean_t run_far(const char *place, mach_port_t *thread, struct message *message)
{
	static char stack[256];
	mach_port_t port = port_new_with_send(1);
	struct i386_thread_state state;
	mach_msg_type_number_t count = i386_THREAD_STATE_COUNT;
	boolean_t came;

	*thread = idle_thread();
	EXPECT(thread_get_state(*thread, i386_REGS_SEGS_STATE, (thread_state_t) &state, &count),
		KERN_SUCCESS);
	state.cs = LDT(9);
	state.eip = far_offset(place);
	state.uesp = (uintptr_t) stack + sizeof stack;
	EXPECT(set_one(*thread, 9, flat((uintptr_t) far_base, CODE)), KERN_SUCCESS);
	EXPECT(thread_set_state(*thread, i386_REGS_SEGS_STATE, (thread_state_t) &state, count),
		KERN_SUCCESS);
	EXPECT(thread_set_exception_port(*thread, port), KERN_SUCCESS);
	EXPECT(thread_resume(*thread), KERN_SUCCESS);
	came = EXPECT(message_receive_wait(message, port, 1000), MACH_MSG_SUCCESS);
	port_destroy(port);
	return came;
}

static void try_far(const char *what, const char *place, int exception, int code, const char *at)
{
	struct i386_thread_state state = { 0 };
	mach_msg_type_number_t count = i386_THREAD_STATE_COUNT;
	static struct message message;
	mach_port_t thread;

	tap_about("%s", what);
	if (run_far(place, &thread, &message)) {
		EXPECT(message.body[5], exception);
		EXPECT(message.body[7], code);
		EXPECT(message.body[9], 0);
		EXPECT(thread_get_state(thread, i386_REGS_SEGS_STATE, (thread_state_t) &state,
			&count), KERN_SUCCESS);
		EXPECT(state.eip, far_offset(at));
		EXPECT(state.cs, LDT(9));
	}
	EXPECT(thread_terminate(thread), KERN_SUCCESS);
	mach_msg_destroy(&message.header);
	port_destroy(thread);
}

/* EX-8: eip counts from the segment's base, and the kernel leaves it so. */
void test_far_code(void)
{
	try_far("int3", far_int3, EXC_BREAKPOINT, EXC_I386_BPT, far_int3_after);
	try_far("hlt", far_hlt, EXC_BAD_INSTRUCTION, EXC_I386_GPFLT, far_hlt_at);
	try_far("a load", far_load, EXC_BAD_ACCESS, KERN_INVALID_ADDRESS, far_load_at);
	try_far("a trap", far_trap, EXC_BREAKPOINT, EXC_I386_BPT, far_trap_after);
}

/* --- a storm -------------------------------------------------------------------------------- */

#define STORMERS 4

static mach_port_t stormers[STORMERS];
static volatile unsigned int loads;

static unsigned int next_random(unsigned int *seed)
{
	*seed = *seed * 1103515245u + 12345u;
	return *seed >> 8;
}

static descriptor_t any_descriptor(unsigned int *seed)
{
	descriptor_t descriptor = { next_random(seed) << 8, next_random(seed) << 8 };

	return next_random(seed) % 2 == 0 ? word_segment(0) : descriptor;
}

/* Each changes the tables of all, and its own loads end in exceptions again and again. */
static void storm(void *argument)
{
	unsigned int seed = (uintptr_t) argument;

	while (!stop) {
		mach_port_t thread = stormers[next_random(&seed) % STORMERS];
		unsigned int index = 4 + next_random(&seed) % 4;
		int selector = next_random(&seed) % 2 == 0 ? SLOT_0 : SLOT_1;

		set_one(thread, index * (1 + next_random(&seed) % 100), any_descriptor(&seed));
		set_one(thread, index, any_descriptor(&seed));
		i386_set_gdt(thread, &selector, any_descriptor(&seed));
		load_word(next_random(&seed) % 2 == 0 ? (unsigned int) selector : LDT(index));
		loads++;
	}
}

static boolean_t is_in_load_word(unsigned int eip)
{
	return eip >= (uintptr_t) load_word_at && eip <= (uintptr_t) load_word_after;
}

/* Goes on with good selectors, behind the load if that has failed. */
static void go_on(struct message *message)
{
	mach_port_t thread = message->body[1];
	struct i386_thread_state state;
	mach_msg_type_number_t count = i386_THREAD_STATE_COUNT;
	struct message reply;

	if (thread_get_state(thread, i386_REGS_SEGS_STATE, (thread_state_t) &state, &count)
		== KERN_SUCCESS) {
		state.fs = state.gs = 0x1f;
		if (is_in_load_word(state.eip)) {
			state.eip = (uintptr_t) load_word_after;
			state.edx = 0x1f;
		}
		thread_set_state(thread, i386_REGS_SEGS_STATE, (thread_state_t) &state, count);
	}
	message_init(&reply, message->header.msgh_remote_port, MACH_MSG_TYPE_MOVE_SEND_ONCE,
		MACH_PORT_NULL, 0);
	reply.header.msgh_id = 2500;
	message_type(&reply, MACH_MSG_TYPE_INTEGER_32, 32, 1, TYPE_INLINE);
	message_word(&reply, KERN_SUCCESS);
	EXPECT(message_send(&reply), MACH_MSG_SUCCESS);
	mach_port_deallocate(SELF, message->body[1]);
	mach_port_deallocate(SELF, message->body[3]);
}

void test_all_at_once(void)
{
	static struct message message;
	mach_port_t port = port_new_with_send(1);
	unsigned int rounds = tap_rounds(3000, 100000), exceptions = 0;

	stop = FALSE;
	loads = 0;
	for (unsigned int i = 0; i < STORMERS; i++)
		EXPECT(mach_thread_prepare(storm, (void *) (uintptr_t) (i + 1), &stormers[i]),
			KERN_SUCCESS);
	for (unsigned int i = 0; i < STORMERS; i++) {
		EXPECT(thread_set_exception_port(stormers[i], port), KERN_SUCCESS);
		EXPECT(thread_resume(stormers[i]), KERN_SUCCESS);
	}
	while (loads < rounds)
		if (message_receive_wait(&message, port, 20) == MACH_MSG_SUCCESS) {
			go_on(&message);
			exceptions++;
		}
	stop = TRUE;
	while (message_receive_wait(&message, port, 200) == MACH_MSG_SUCCESS)
		go_on(&message);
	for (unsigned int i = 0; i < STORMERS; i++)
		mach_thread_join(stormers[i]);
	EXPECT_TRUE(exceptions > rounds / 100);
	port_destroy(port);
}
