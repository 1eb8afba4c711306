/* SPDX-License-Identifier: BSD-2-Clause */
#include <mach.h>
#include <mach/porter.h>

#include "../common/tap.h"
#include "tests.h"

void check_rights(void)
{
	kern_return_t result = host_ipc_check(tap_host_priv);

	if (result != KERN_SUCCESS)
		EXPECT(result, KERN_FAILURE);
}

static const struct test tests[] = {
	{ .name = "each wait for a pager, and each end of it", .run = test_ends_of_waits,
		.ours = TRUE },
	{ .name = "names forged before they are taken back", .run = test_forged_names,
		.ours = TRUE },
	{ .name = "their array is a dying pager's by then", .run = test_array_replaced,
		.ours = TRUE },
	{ .name = "each bit of the options", .run = test_option_bits, .ours = TRUE },
	{ .name = "sizes with high bits", .run = test_huge_sizes, .ours = TRUE },
	{ .name = "complex, without items", .run = test_complex_without_items },
	{ .name = "as many empty items as fit", .run = test_empty_items, .ours = TRUE },
	{ .name = "as many items of one right as fit", .run = test_single_rights, .ours = TRUE },
	{ .name = "others run meanwhile", .run = test_others_run, .ours = TRUE },
	{ .name = "the notify port travels in the message", .run = test_notify_port_leaves,
		.ours = TRUE },
	{ .name = "a circle into a full queue", .run = test_circle_by_force, .ours = TRUE },
	{ .name = "notifications to dead tasks", .run = test_notices_for_the_dead, .ours = TRUE },
	{ .name = "msg-accepted to dead tasks", .run = test_accepted_for_the_dead, .ours = TRUE },
	{ .name = "receive rights queued within a set", .run = test_nested_in_sets, .ours = TRUE },
	{ .name = "the reply port is given away in the request",
		.run = test_reply_port_given_away, .ours = TRUE },
	{ .name = "no names left, in the middle of a message", .run = test_limit_in_copyout,
		.ours = TRUE },
	{ .name = "and a buffer that goes away", .run = test_limit_and_bad_buffer, .ours = TRUE },
	{ .name = "a task dies while calls on it wait", .run = test_target_dies, .ours = TRUE },
};

int main(int argc, char **argv)
{
	return tap_main(argc, argv, tests, COUNT_OF(tests));
}
