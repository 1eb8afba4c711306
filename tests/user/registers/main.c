/* SPDX-License-Identifier: BSD-2-Clause */
/* Thread state: all flavours, at all moments. */
#include "../common/tap.h"
#include "tests.h"

static const struct test tests[] = {
	{ .name = "flavours and their lengths", .run = test_counts, .ours = TRUE },
	{ .name = "IL-5 TH-3 a thread that never ran", .run = test_never_ran },
	{ .name = "flags that can be set", .run = test_flags },
	{ .name = "selectors that can be set", .run = test_selectors, .ours = TRUE },
	{ .name = "the map of I/O ports", .run = test_port_map, .ours = TRUE },
	{ .name = "virtual 8086 mode", .run = test_v86, .ours = TRUE },
	{ .name = "thread_set_self_state", .run = test_self_state },
	{ .name = "a thread in mach_msg", .run = test_in_receive },
	{ .name = "a thread with an exception", .run = test_in_exception },
	{ .name = "a thread that runs", .run = test_running },
	{ .name = "all flavours wherever the thread is", .run = test_all_places, .ours = TRUE },
	{ .name = "TM-5 flags survive", .run = test_flags_survive, .ours = TRUE },
	{ .name = "the size of the FPU's state", .run = test_xstate_size, .ours = TRUE },
	{ .name = "TM-6 the FPU of a fresh thread", .run = test_fresh_float, .ours = TRUE },
	{ .name = "TM-6 a new thread's registers are empty", .run = test_clean_registers },
	{ .name = "TM-6 all registers of a thread", .run = test_xstate_of_thread, .ours = TRUE },
	{ .name = "TM-6 states that are refused", .run = test_xstate_refused, .ours = TRUE },
	{ .name = "TM-6 all bits of MXCSR", .run = test_mxcsr, .ours = TRUE },
	{ .name = "TM-6 random states", .run = test_random_images, .ours = TRUE },
	{ .name = "TM-6 an error that is left behind", .run = test_pending_error },
	{ .name = "TM-7 a breakpoint", .run = test_breakpoint, .ours = TRUE },
	{ .name = "TM-7 four watchpoints", .run = test_four_watchpoints, .ours = TRUE },
	{ .name = "TM-7 watched arguments of traps", .run = test_watched_arguments, .ours = TRUE },
	{ .name = "TM-7 a watched selector of the stack", .run = test_shadowed_watchpoint,
		.ours = TRUE },
	{ .name = "TM-7 what cannot be watched", .run = test_debug_limits, .ours = TRUE },
	{ .name = "TM-7 watching another thread", .run = test_debug_elsewhere, .ours = TRUE },
};

int main(int argc, char **argv)
{
	return tap_main(argc, argv, tests, COUNT_OF(tests));
}
