/* SPDX-License-Identifier: BSD-2-Clause */
/* Page-out: memory beyond what the machine has, by a default memory manager in the test. */
#include "../common/tap.h"
#include "tests.h"

static const struct test tests[] = {
	{ .name = "all memory, without a manager", .run = test_without_manager, .ours = TRUE },
	{ .name = "a page comes when memory is short", .run = test_supply_in_need, .ours = TRUE },
	{ .name = "twice the machine's memory", .run = test_more_than_there_is, .ours = TRUE,
		.keeps = TRUE },	/* the manager's port */
	{ .name = "full, given up, and full again", .run = test_full_again, .ours = TRUE },
	{ .name = "TH-7 a manager that makes threads", .run = test_breeding_manager, .ours = TRUE },
	{ .name = "copies out and in", .run = test_copies, .ours = TRUE },
	{ .name = "pages of another pager (MO-9)", .run = test_external_pages, .ours = TRUE },
	{ .name = "a manager that is silent (MO-9)", .run = test_silent_manager, .ours = TRUE },
	{ .name = "who waits for memory is stopped", .run = test_stopped_waiters, .ours = TRUE },
	{ .name = "a manager dies (MO-9)", .run = test_manager_dies, .ours = TRUE },
};

int main(int argc, char **argv)
{
	return tap_main_conserving(argc, argv, tests, COUNT_OF(tests));
}
