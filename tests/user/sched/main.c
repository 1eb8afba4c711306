/* SPDX-License-Identifier: BSD-2-Clause */
/* Who gets the processor. */
#include "../common/tap.h"
#include "tests.h"

static const struct test tests[] = {
	{ .name = "a thread that is named runs next", .run = test_hint_runs_next, .ours = TRUE },
	{ .name = "names that are no threads", .run = test_hint_is_only_a_hint },
	{ .name = "two who give way to each other", .run = test_hints_starve_nobody },
	{ .name = "two of a fixed priority who do", .run = test_fixed_hints_starve_nobody,
	  .ours = TRUE },
	{ .name = "two who call each other", .run = test_calls_starve_nobody },
	{ .name = "one who sleeps whenever the clock ticks", .run = test_sleeping_at_ticks,
	  .ours = TRUE },
	{ .name = "one who depresses itself", .run = test_depressing },
	{ .name = "one who gives way to all", .run = test_giving_to_all },
	{ .name = "time slices", .run = test_slices_are_kept, .ours = TRUE },
	{ .name = "fixed priorities are strict", .run = test_fixed_is_strict, .ours = TRUE },
	{ .name = "TH-9 10,000 timeouts", .run = test_ten_thousand_timeouts },
	{ .name = "10,000 threads", .run = test_ten_thousand_threads, .ours = TRUE },
	{ .name = "stack usage", .run = test_stack_usage, .ours = TRUE },
};

int main(int argc, char **argv)
{
	return tap_main(argc, argv, tests, COUNT_OF(tests));
}
