/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of all flavours: lengths, a fresh thread, what is refused and what is changed. */
#include "tests.h"

#include <libmach/string.h>
#include <libmach/thread.h>
#include <mach/i386/eflags.h>
#include <mach/i386/mach_i386.h>
#include <mach/mach_traps.h>

#include "../common/ports.h"
#include "../common/tap.h"

mach_port_t idle_thread(void)
{
	mach_port_t thread = MACH_PORT_NULL;

	EXPECT(thread_create(SELF, &thread), KERN_SUCCESS);
	return thread;
}

void end_thread(mach_port_t thread)
{
	EXPECT(thread_terminate(thread), KERN_SUCCESS);
	port_destroy(thread);
}

void get_state(mach_port_t thread, int flavor, void *state, unsigned int count)
{
	mach_msg_type_number_t number = count;

	EXPECT(thread_get_state(thread, flavor, (thread_state_t) state, &number), KERN_SUCCESS);
	EXPECT(number, count);
}

kern_return_t set_state(mach_port_t thread, int flavor, const void *state, unsigned int count)
{
	return thread_set_state(thread, flavor, (thread_state_t) state, count);
}

unsigned int next_random(void)
{
	static unsigned int state = 4711;

	state = state * 1103515245u + 12345u;
	return state >> 8 ^ state << 13;
}

static unsigned int words[THREAD_STATE_MAX];

static unsigned int xfloat_count(void)
{
	vm_size_t size = 0;

	EXPECT(i386_get_xstate_size(tap_host_priv, &size), KERN_SUCCESS);
	return size / sizeof words[0];
}

static void try_counts(mach_port_t thread, int flavor, unsigned int count)
{
	mach_msg_type_number_t number;

	for (unsigned int room = 0; room < count; room++) {
		number = room;
		EXPECT(thread_get_state(thread, flavor, words, &number), KERN_INVALID_ARGUMENT);
		EXPECT(thread_set_state(thread, flavor, words, room), KERN_INVALID_ARGUMENT);
	}
	number = THREAD_STATE_MAX;
	EXPECT(thread_get_state(thread, flavor, words, &number), KERN_SUCCESS);
	EXPECT(number, count);
}

void test_counts(void)
{
	const unsigned int counts[] = { 4, 17, 30, 32, 2, 17, 8, 0, xfloat_count() };
	mach_port_t thread = idle_thread();

	for (int flavor = -1; flavor < 20; flavor++) {
		mach_msg_type_number_t number = THREAD_STATE_MAX;

		tap_about("flavour %d", flavor);
		if (flavor >= 0 && flavor < (int) COUNT_OF(counts) && counts[flavor] != 0) {
			try_counts(thread, flavor, counts[flavor]);
			EXPECT(set_state(thread, flavor, words, number),
				flavor == 0 ? KERN_INVALID_ARGUMENT : KERN_SUCCESS);
		} else {
			EXPECT(thread_get_state(thread, flavor, words, &number),
				KERN_INVALID_ARGUMENT);
			EXPECT(set_state(thread, flavor, words, number), KERN_INVALID_ARGUMENT);
		}
	}
	tap_about("%s", "");
	get_state(thread, 0, words, 4);
	for (unsigned int i = 0; i < 4; i++)
		EXPECT(words[i], i + 1);
	end_thread(thread);
}

#define USER_FLAGS (EFL_CF | EFL_PF | EFL_AF | EFL_ZF | EFL_SF | EFL_TF | EFL_DF | EFL_OF | EFL_AC \
	| EFL_ID)

/* Each bit alone, and all. */
void test_flags(void)
{
	mach_port_t thread = idle_thread();
	struct i386_thread_state state;

	get_state(thread, i386_THREAD_STATE, &state, i386_THREAD_STATE_COUNT);
	for (int i = -1; i < 32; i++) {
		unsigned int bit = i < 0 ? ~0u : 1u << i;

		for (int flavor = i386_THREAD_STATE; flavor <= i386_REGS_SEGS_STATE; flavor += 4) {
			tap_about("flavour %d, flags 0x%x", flavor, bit);
			state.efl = bit;
			EXPECT(set_state(thread, flavor, &state, i386_THREAD_STATE_COUNT),
				KERN_SUCCESS);
			get_state(thread, flavor, &state, i386_THREAD_STATE_COUNT);
			EXPECT(state.efl, (bit & USER_FLAGS) | EFL_IF);
		}
	}
	end_thread(thread);
}

static void try_selector(mach_port_t thread, unsigned int *field, struct i386_thread_state *state,
	boolean_t may_be_null)
{
	unsigned int old = *field;

	for (unsigned int selector = 0; selector < 0x60; selector++) {
		boolean_t null = (selector & ~3u) == 0;
		boolean_t good = (null && may_be_null) || (!null && (selector & 3) == 3);

		tap_about("selector 0x%x, register %u", selector,
			(unsigned int) (field - (unsigned int *) state));
		*field = selector | 0xabcd0000;		/* of which 16 bits count */
		EXPECT(set_state(thread, i386_REGS_SEGS_STATE, state, i386_THREAD_STATE_COUNT),
			good ? KERN_SUCCESS : KERN_INVALID_ARGUMENT);
		if (!good)
			continue;
		get_state(thread, i386_REGS_SEGS_STATE, state, i386_THREAD_STATE_COUNT);
		/* The kernel's own flat segments are shown as the user's. */
		EXPECT(*field, selector == 0x1b && field == &state->cs ? 0x17
			: selector == 0x23 && field == &state->ss ? 0x1f : selector);
	}
	*field = old;
	EXPECT(set_state(thread, i386_REGS_SEGS_STATE, state, i386_THREAD_STATE_COUNT),
		KERN_SUCCESS);
}

void test_selectors(void)
{
	mach_port_t thread = idle_thread();
	struct i386_thread_state state;

	get_state(thread, i386_REGS_SEGS_STATE, &state, i386_THREAD_STATE_COUNT);
	try_selector(thread, &state.cs, &state, FALSE);
	try_selector(thread, &state.ss, &state, FALSE);
	try_selector(thread, &state.ds, &state, TRUE);
	try_selector(thread, &state.es, &state, TRUE);
	try_selector(thread, &state.fs, &state, TRUE);
	try_selector(thread, &state.gs, &state, TRUE);
	end_thread(thread);
}

/* What is allowed by i386_io_perm_modify is seen; nothing is allowed in this way. */
void test_port_map(void)
{
	mach_port_t thread = idle_thread(), range = MACH_PORT_NULL;
	unsigned int map[32];

	EXPECT(i386_io_perm_create(tap_device_master, 0x80, 0x8f, &range), KERN_SUCCESS);
	get_state(thread, i386_ISA_PORT_MAP_STATE, map, 32);
	for (unsigned int i = 0; i < 32; i++)
		EXPECT(map[i], ~0u);
	map[4] = 0xffff0000;
	EXPECT(set_state(thread, i386_ISA_PORT_MAP_STATE, map, 32), KERN_INVALID_ARGUMENT);
	EXPECT(i386_io_perm_modify(SELF, range, TRUE), KERN_SUCCESS);
	get_state(thread, i386_ISA_PORT_MAP_STATE, map, 32);
	EXPECT(map[3], ~0u);
	EXPECT(map[4], 0xffff0000);
	EXPECT(set_state(thread, i386_ISA_PORT_MAP_STATE, map, 32), KERN_SUCCESS);
	map[31] &= 0x7fffffff;
	EXPECT(set_state(thread, i386_ISA_PORT_MAP_STATE, map, 32), KERN_INVALID_ARGUMENT);
	EXPECT(i386_io_perm_modify(SELF, range, FALSE), KERN_SUCCESS);
	get_state(thread, i386_ISA_PORT_MAP_STATE, map, 32);
	EXPECT(map[4], ~0u);
	EXPECT(mach_port_deallocate(SELF, range), KERN_SUCCESS);
	end_thread(thread);
}

void test_v86(void)
{
	mach_port_t thread = idle_thread();
	unsigned int state[2] = { 1, 1 };

	get_state(thread, i386_V86_ASSIST_STATE, state, 2);
	EXPECT(state[0] | state[1], 0);
	EXPECT(set_state(thread, i386_V86_ASSIST_STATE, state, 2), KERN_SUCCESS);
	state[1] = 1;
	EXPECT(set_state(thread, i386_V86_ASSIST_STATE, state, 2), KERN_INVALID_ARGUMENT);
	state[1] = 0;
	state[0] = 0x1000;
	EXPECT(set_state(thread, i386_V86_ASSIST_STATE, state, 2), KERN_INVALID_ARGUMENT);
	end_thread(thread);
}

/* By trap, as long as 150 words. */
void test_self_state(void)
{
	struct i386_debug_state debug = { { 0 } };
	static unsigned int long_state[151];

	EXPECT(thread_set_self_state(i386_DEBUG_STATE, (thread_state_t) &debug, 0),
		KERN_INVALID_ARGUMENT);
	EXPECT(thread_set_self_state(i386_DEBUG_STATE, (thread_state_t) &debug, 7),
		KERN_INVALID_ARGUMENT);
	EXPECT(thread_set_self_state(i386_DEBUG_STATE, (thread_state_t) &debug, 8), KERN_SUCCESS);
	EXPECT(thread_set_self_state(i386_DEBUG_STATE, long_state, 150), KERN_SUCCESS);
	EXPECT(thread_set_self_state(i386_DEBUG_STATE, long_state, 151), KERN_INVALID_ARGUMENT);
	EXPECT(thread_set_self_state(i386_DEBUG_STATE, NULL, 8), KERN_INVALID_ARGUMENT);
	EXPECT(thread_set_self_state(i386_DEBUG_STATE, (thread_state_t) 0xc0000000, 8),
		KERN_INVALID_ARGUMENT);
	EXPECT(thread_set_self_state(i386_FLOAT_STATE, long_state, i386_FLOAT_STATE_COUNT),
		KERN_SUCCESS);
	for (int flavor = -1; flavor < 20; flavor++)
		if (flavor <= 0 || flavor == 7 || flavor > 8)
			EXPECT(thread_set_self_state(flavor, long_state, 150),
				KERN_INVALID_ARGUMENT);
}

/* IL-5, TH-3: a thread that never ran shows what it will begin with, and can be given all. */
void test_never_ran(void)
{
	mach_port_t thread = idle_thread();
	struct i386_thread_state state;
	struct i386_debug_state debug = { .dr = { [0] = 0x1000, [7] = 1 } };
	struct thread_basic_info info;
	mach_msg_type_number_t count = THREAD_BASIC_INFO_COUNT;

	get_state(thread, i386_THREAD_STATE, &state, i386_THREAD_STATE_COUNT);
	EXPECT(state.eax | state.ebx | state.ecx | state.edx | state.esi | state.edi | state.ebp, 0);
	EXPECT(state.eip | state.uesp | state.esp, 0);
	EXPECT(state.cs, 0x17);
	EXPECT(state.ss, 0x1f);
	EXPECT(state.ds, 0x1f);
	EXPECT(state.es, 0x1f);
	EXPECT(state.fs, 0x1f);
	EXPECT(state.gs, 0x1f);
	EXPECT(state.efl, EFL_IF);
	EXPECT(set_state(thread, i386_DEBUG_STATE, &debug, 8), KERN_SUCCESS);
	EXPECT(thread_info(thread, THREAD_BASIC_INFO, (thread_info_t) &info, &count), KERN_SUCCESS);
	EXPECT(info.run_state, TH_STATE_STOPPED);
	EXPECT(thread_suspend(thread), KERN_SUCCESS);
	EXPECT(thread_abort(thread), KERN_SUCCESS);
	get_state(thread, i386_THREAD_STATE, &state, i386_THREAD_STATE_COUNT);
	EXPECT(state.eax | state.eip, 0);
	end_thread(thread);
}
