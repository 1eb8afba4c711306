/* SPDX-License-Identifier: BSD-2-Clause */
/* Known defects of other kernels in the copyin and copyout of messages, by their ids. */
#include "../common/tap.h"
#include "tests.h"

static const struct test tests[] = {
	{ .name = "CI-1 reply name that is no receive right",
		.run = test_reply_is_no_receive_right, .ours = TRUE },
	{ .name = "CI-10 header copyin, two names", .run = test_header_two_names },
	{ .name = "CI-10 header copyin, the same name", .run = test_header_same_name },
	{ .name = "CI-5 rights inline, at the edges of buffers", .run = test_inline_edges },
	{ .name = "CI-5 rights out of line, at the edges of buffers", .run = test_array_edges },
	{ .name = "CI-8 mach_ports_register of nothing", .run = test_register_nothing },
	{ .name = "CI-9 rights and memory without room in the map", .run = test_map_full },
	{ .name = "CI-9 rights and memory beyond the size limit", .run = test_map_limit },
	{ .name = "CI-9 the kernel's replies without room", .run = test_answers_without_room },
	{ .name = "CI-9 the kernel's replies that nobody gets", .run = test_answers_for_nobody },
	{ .name = "CI-11 a bad right, inline", .run = test_partial_inline },
	{ .name = "CI-11 a bad right, out of line", .run = test_partial_out_of_line },
	{ .name = "CI-13 a message changes while it is sent", .run = test_flips },
	{ .name = "CI-16 a request that cannot be written", .run = test_lost_request,
		.ours = TRUE },
	{ .name = "CI-16 a reply that cannot be written", .run = test_lost_reply, .ours = TRUE },
	{ .name = "CI-16 rights and memory that cannot be written", .run = test_lost_queued,
		.ours = TRUE },
	{ .name = "CI-16 an exception that cannot be written", .run = test_lost_exception,
		.ours = TRUE },
	{ .name = "CI-16 too large and unwritable", .run = test_lost_too_large, .ours = TRUE },
	{ .name = "CI-19 receiving into memory without pages", .run = test_lazy_memory },
	{ .name = "CI-19 receiving into copied pages", .run = test_copied_memory },
};

int main(int argc, char **argv)
{
	return tap_main(argc, argv, tests, COUNT_OF(tests));
}
