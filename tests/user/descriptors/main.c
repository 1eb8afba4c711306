/* SPDX-License-Identifier: BSD-2-Clause */
/* Descriptors that users set: i386_set_ldt, i386_get_ldt, i386_set_gdt, i386_get_gdt. */
#include "../common/tap.h"
#include "tests.h"

static const struct test tests[] = {
	{ .name = "entries of an LDT", .run = test_set_ldt },
	{ .name = "bad arguments", .run = test_bad_arguments, .ours = TRUE },
	{ .name = "all access bytes", .run = test_access_bytes, .ours = TRUE },
	{ .name = "the kernel's entries", .run = test_kernel_entries, .ours = TRUE },
	{ .name = "many entries", .run = test_many_entries },
	{ .name = "TM-2 a table that grows", .run = test_gap },
	{ .name = "TM-4 many lists that are refused", .run = test_many_bad_lists },
	{ .name = "tables end with their thread", .run = test_ldt_ends },
	{ .name = "two slots", .run = test_slots },
	{ .name = "slots that are the kernel's", .run = test_bad_slots, .ours = TRUE },
	{ .name = "fs and the LDT", .run = test_fs_ldt },
	{ .name = "fs and a slot", .run = test_fs_slot },
	{ .name = "each thread has its own", .run = test_each_thread },
	{ .name = "a segment that is changed meanwhile", .run = test_changed_meanwhile },
	{ .name = "a segment that is taken meanwhile", .run = test_taken_meanwhile },
	{ .name = "segments that are not there", .run = test_absent, .ours = TRUE },
	{ .name = "EX-8 code with another base", .run = test_far_code },
	{ .name = "all at once", .run = test_all_at_once },
};

int main(int argc, char **argv)
{
	return tap_main(argc, argv, tests, COUNT_OF(tests));
}
