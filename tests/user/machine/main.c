/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a program can do to the processor behind the kernel's back: segment registers, flags,
 * single steps over traps, debug registers; page tables (tables.c).
 */
#include <libmach/string.h>
#include <mach.h>
#include <mach/exception.h>
#include <mach/vm_param.h>

#include "../common/fault.h"
#include "../common/messages.h"
#include "../common/ports.h"
#include "../common/tap.h"
#include "code.h"
#include "tests.h"

#define CS		0x17
#define DS		0x1f
#define FLAT_DS		0x23	/* the kernel's own, which users can load as well */
#define FLAT_CS		0x1b
#define NO_SELECTOR	0x203

#define THREAD_SELF	-27
#define THREAD_SWITCH	-61
#define INVALID		-1

static boolean_t has_sysenter(void)
{
	return mach_used_entry() == MACH_ENTRY_SYSENTER;
}

/* --- data segments ------------------------------------------------------------------------ */

static const unsigned int odd_selectors[] = { 0, DS, FLAT_DS, CS, FLAT_CS };

static void try_segments(struct odd_call call, int result)
{
	tap_about("ds 0x%x, es 0x%x, trap %d by %s", call.ds, call.es, call.number,
		call.sysenter ? "sysenter" : "lcall");
	odd_call(&call);
	if (call.number == THREAD_SELF)
		EXPECT(mach_port_deallocate(mach_task_self(), call.result), KERN_SUCCESS);
	else
		EXPECT(call.result, result);
	EXPECT(call.ds_after, call.ds);
	EXPECT(call.es_after, call.es);
}

static void try_all_calls(unsigned int ds, unsigned int es, unsigned int sysenter)
{
	struct odd_call call = { .ds = ds, .es = es, .sysenter = sysenter };

	call.number = INVALID;
	try_segments(call, KERN_INVALID_ARGUMENT);
	call.number = THREAD_SELF;
	try_segments(call, 0);
	call.number = THREAD_SWITCH;
	call.arguments[1] = 7;
	try_segments(call, KERN_INVALID_ARGUMENT);
	call.arguments[1] = 2;
	call.arguments[2] = 5;
	try_segments(call, KERN_SUCCESS);
}

static void test_segments(void)
{
	for (unsigned int sysenter = 0; sysenter <= (unsigned int) has_sysenter(); sysenter++)
		for (unsigned int i = 0; i < COUNT_OF(odd_selectors); i++)
			for (unsigned int j = 0; j < COUNT_OF(odd_selectors); j++)
				try_all_calls(odd_selectors[i], odd_selectors[j], sysenter);
}

static void test_interrupts_without_segments(void)
{
	EXPECT(spin_without_segments(100000000), 0);
}

/* --- selectors that cannot be loaded ------------------------------------------------------ */

static struct i386_thread_state bad_state;

/* Gives the thread a state whose selectors the kernel finds bad only when it loads them. */
static void take_bad_state(void *argument)
{
	(void) argument;
	thread_set_self_state(i386_REGS_SEGS_STATE, (thread_state_t) &bad_state,
		i386_THREAD_STATE_COUNT);
	tap_fail("thread_set_self_state came back");
}

static void never_reached(void)
{
	tap_fail("code ran with a bad selector");
	for (;;)
		;
}

static void good_state(struct i386_thread_state *state)
{
	static char stack[1024];

	memset(state, 0, sizeof *state);
	state->cs = CS;
	state->ss = state->ds = state->es = state->fs = state->gs = DS;
	state->eip = (uintptr_t) never_reached;
	state->uesp = (uintptr_t) stack + sizeof stack;
	state->eax = 0xa0;
	state->ebx = 0xb0;
	state->ecx = 0xc0;
	state->edx = 0xd0;
	state->esi = 0xe0;
	state->edi = 0xf0;
	state->ebp = 0x90;
}

static void expect_registers_kept(const struct i386_thread_state *state)
{
	EXPECT(state->eip, bad_state.eip);
	EXPECT(state->uesp, bad_state.uesp);
	EXPECT(state->eax, bad_state.eax);
	EXPECT(state->ebx, bad_state.ebx);
	EXPECT(state->ecx, bad_state.ecx);
	EXPECT(state->edx, bad_state.edx);
	EXPECT(state->esi, bad_state.esi);
	EXPECT(state->edi, bad_state.edi);
	EXPECT(state->ebp, bad_state.ebp);
}

static void try_bad_state(const char *what, unsigned int selector)
{
	struct fault fault;

	tap_about("%s 0x%x", what, selector);
	fault_run(take_bad_state, NULL, &fault);
	if (!EXPECT_TRUE(fault.happened))
		return;
	EXPECT(fault.exception, EXC_BAD_INSTRUCTION);
	EXPECT(fault.code, EXC_I386_GPFLT);
	EXPECT(fault.subcode, selector & ~3);
	expect_registers_kept(&fault.state);
}

static void test_bad_selectors(void)
{
	static const struct {
		const char	*what;
		size_t		offset;
		unsigned int	selector;
	} cases[] = {
		{ "cs", offsetof(struct i386_thread_state, cs), 0x0b },
		{ "cs", offsetof(struct i386_thread_state, cs), DS },
		{ "cs", offsetof(struct i386_thread_state, cs), NO_SELECTOR },
		{ "cs", offsetof(struct i386_thread_state, cs), 0x2b },
		{ "cs", offsetof(struct i386_thread_state, cs), 0x3b },
		{ "cs", offsetof(struct i386_thread_state, cs), 0x07 },
		{ "ss", offsetof(struct i386_thread_state, ss), CS },
		{ "ss", offsetof(struct i386_thread_state, ss), 0x13 },
		{ "ss", offsetof(struct i386_thread_state, ss), NO_SELECTOR },
		{ "ds", offsetof(struct i386_thread_state, ds), NO_SELECTOR },
		{ "ds", offsetof(struct i386_thread_state, ds), 0x13 },
		{ "ds", offsetof(struct i386_thread_state, ds), 0x53 },
		{ "es", offsetof(struct i386_thread_state, es), NO_SELECTOR },
		{ "es", offsetof(struct i386_thread_state, es), 0x33 },
		{ "fs", offsetof(struct i386_thread_state, fs), NO_SELECTOR },
		{ "gs", offsetof(struct i386_thread_state, gs), 0x0b },
	};

	for (unsigned int i = 0; i < COUNT_OF(cases); i++) {
		good_state(&bad_state);
		*(unsigned int *) ((char *) &bad_state + cases[i].offset) = cases[i].selector;
		try_bad_state(cases[i].what, cases[i].selector);
	}
}

/* --- flags -------------------------------------------------------------------------------- */

static void try_step(const char *what, void (*function)(void *), const char *after)
{
	struct fault fault;

	tap_about("%s", what);
	fault_run(function, NULL, &fault);
	if (!EXPECT_TRUE(fault.happened))
		return;
	EXPECT(fault.exception, EXC_BREAKPOINT);
	EXPECT(fault.code, EXC_I386_SGL);
	EXPECT(fault.subcode, 0);
	EXPECT(fault.state.eip, (uintptr_t) after);
	EXPECT(fault.state.eax, MACH_PORT_NULL);
	EXPECT(fault.state.cs & 0xffff, CS);
	EXPECT(fault.state.ss & 0xffff, DS);
	EXPECT_TRUE(fault.state.efl & 0x100);
}

static void test_step_over_traps(void)
{
	try_step("lcall", step_lcall, step_lcall_after);
	if (has_sysenter())
		try_step("sysenter", step_sysenter, step_sysenter_after);
}

static void test_nested_task(void)
{
	struct fault fault;

	nested_lcall(NULL);
	if (has_sysenter())
		nested_sysenter(NULL);
	fault_run(nested_iret, NULL, &fault);
	EXPECT_TRUE(fault.happened);
	EXPECT(fault.exception, EXC_BAD_INSTRUCTION);
	EXPECT(fault.code, EXC_I386_INVTSSFLT);
	EXPECT(fault.state.eip, (uintptr_t) nested_iret_at);
}

/* --- debug registers ---------------------------------------------------------------------- */

#define DR7_WRITE_WORD	0x000d0001u	/* register 0: writes of four bytes */
#define DR7_ACCESS_WORD	0x000f0001u

static unsigned int watched[8];

static kern_return_t watch(const void *address, unsigned int control)
{
	struct i386_debug_state state = { .dr = { [0] = (uintptr_t) address, [7] = control } };

	return thread_set_self_state(i386_DEBUG_STATE, (thread_state_t) &state,
		i386_DEBUG_STATE_COUNT);
}

static void watch_and_store(void *argument)
{
	(void) argument;
	EXPECT(watch(watched, DR7_WRITE_WORD), KERN_SUCCESS);
	store_word(watched + 1);
	store_word(watched);
}

static void test_watchpoint(void)
{
	struct fault fault;

	fault_run(watch_and_store, NULL, &fault);
	if (!EXPECT_TRUE(fault.happened))
		return;
	EXPECT(fault.exception, EXC_BREAKPOINT);
	EXPECT(fault.code, EXC_I386_SGL);
	EXPECT(fault.state.eip, (uintptr_t) store_word_after);
	store_word(watched);		/* nobody else is watched */
}

/* The kernel reads and writes what is watched. */
static void watch_message(void *argument)
{
	static struct message message;
	mach_port_t port = port_new_with_send(1);

	(void) argument;
	EXPECT(watch(&message.header.msgh_id, DR7_ACCESS_WORD), KERN_SUCCESS);
	EXPECT(send_simple(port, 77), MACH_MSG_SUCCESS);
	EXPECT(message_receive(&message, port), MACH_MSG_SUCCESS);
	EXPECT(watch(NULL, 0), KERN_SUCCESS);
	EXPECT(message.header.msgh_id, 77);
	port_destroy(port);
}

static void test_watched_message(void)
{
	struct fault fault;

	fault_run(watch_message, NULL, &fault);
	EXPECT(fault.happened, FALSE);
}

static void test_refused_watchpoints(void)
{
	EXPECT(watch((void *) VM_MAX_ADDRESS, DR7_WRITE_WORD), KERN_INVALID_ARGUMENT);
	EXPECT(watch(watched, 0x2000), KERN_INVALID_ARGUMENT);
	EXPECT(watch(watched, ~0u), KERN_INVALID_ARGUMENT);
	EXPECT(watch((void *) 0x60, 0x00020001), KERN_INVALID_ARGUMENT);
	EXPECT(watch(NULL, 0), KERN_SUCCESS);
}

static const struct test tests[] = {
	{ .name = "traps with odd data segments", .run = test_segments, .ours = TRUE },
	{ .name = "interrupts without data segments", .run = test_interrupts_without_segments },
	{ .name = "selectors that cannot be loaded", .run = test_bad_selectors, .ours = TRUE },
	{ .name = "single steps over traps", .run = test_step_over_traps, .ours = TRUE },
	{ .name = "the flag NT", .run = test_nested_task, .ours = TRUE },
	{ .name = "a watchpoint", .run = test_watchpoint, .ours = TRUE },
	{ .name = "a watched message", .run = test_watched_message, .ours = TRUE },
	{ .name = "watchpoints that are refused", .run = test_refused_watchpoints, .ours = TRUE },
	{ .name = "TM-11 ranges over borders of page tables", .run = test_table_borders },
	{ .name = "TM-11 one range over many page tables", .run = test_many_tables },
	{ .name = "TM-11 wired pages beside borders", .run = test_wired_tables, .ours = TRUE },
	{ .name = "TM-11 the kernel's pages", .run = test_kernel_pages },
};

int main(int argc, char **argv)
{
	return tap_main(argc, argv, tests, COUNT_OF(tests));
}
