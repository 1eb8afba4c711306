/* SPDX-License-Identifier: BSD-2-Clause */
/* Receive trailers: who sent a message, told behind it.  Every byte of a buffer counts (IL-1). */
#include <mach.h>

#include "../common/tap.h"
#include "tests.h"

static const struct test tests[] = {
	{ .name = "elements of a queued message", .run = test_queued, .ours = TRUE },
	{ .name = "elements of a message handed over", .run = test_handed_over, .ours = TRUE },
	{ .name = "elements from a set", .run = test_set, .ours = TRUE },
	{ .name = "unknown trailers", .run = test_unknown, .ours = TRUE },
	{ .name = "the buffer holds message and trailer", .run = test_sizes, .ours = TRUE },
	{ .name = "a trailer that cannot be written", .run = test_unwritable, .ours = TRUE },
	{ .name = "none behind a bare header", .run = test_bare, .ours = TRUE },
	{ .name = "timeouts", .run = test_timeouts, .ours = TRUE },
	{ .name = "a call and its answer", .run = test_calls, .ours = TRUE },
	{ .name = "what memory had before", .run = test_secrets, .ours = TRUE },
	{ .name = "threads have numbers", .run = test_threads, .ours = TRUE },
	{ .name = "tasks have numbers", .run = test_tasks, .ours = TRUE },
	{ .name = "the sender has died", .run = test_dead_sender, .ours = TRUE },
	{ .name = "security tokens", .run = test_tokens, .ours = TRUE },
	{ .name = "security tokens: refused", .run = test_token_refused, .ours = TRUE },
	{ .name = "the kernel's messages", .run = test_kernel_messages, .ours = TRUE },
	{ .name = "the kernel's messages about names", .run = test_name_messages, .ours = TRUE },
	{ .name = "the kernel's exceptions", .run = test_exception, .ours = TRUE },
};

int main(int argc, char **argv)
{
	return tap_main(argc, argv, tests, COUNT_OF(tests));
}
