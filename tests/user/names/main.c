/* SPDX-License-Identifier: BSD-2-Clause */
/* The mach_port_ routines: what they do, and all their codes. */
#include <mach.h>

#include "../common/tap.h"
#include "tests.h"

static const struct test tests[] = {
	{ .name = "mach_port_allocate", .run = test_allocate },
	{ .name = "mach_port_allocate_name", .run = test_allocate_name },
	{ .name = "any number can be a name", .run = test_sparse_names },
	{ .name = "names are not used again soon", .run = test_generations, .ours = TRUE },
	{ .name = "mach_port_rename", .run = test_rename },
	{ .name = "mach_port_names", .run = test_names },
	{ .name = "names of a new task", .run = test_new_task },
	{ .name = "mach_port_type", .run = test_type },
	{ .name = "mach_port_destroy", .run = test_destroy },
	{ .name = "mach_port_deallocate", .run = test_deallocate },
	{ .name = "mach_port_get_refs", .run = test_get_refs },
	{ .name = "PR-3 mach_port_mod_refs", .run = test_mod_refs },
	{ .name = "PR-2 references at their limit", .run = test_references_overflow, .ours = TRUE },
	{ .name = "mach_port_insert_right", .run = test_insert_right },
	{ .name = "mach_port_insert_right: codes", .run = test_insert_codes },
	{ .name = "mach_port_extract_right", .run = test_extract_right },
	{ .name = "extracting the reply port", .run = test_extract_reply_port },
	{ .name = "mach_port_get_receive_status", .run = test_receive_status },
	{ .name = "another task's space", .run = test_other_space },
	{ .name = "NS-6 ports that are no task", .run = test_no_task },
	{ .name = "10000 names", .run = test_many_names },
	{ .name = "the traps of the same name", .run = test_traps },
};

int main(int argc, char **argv)
{
	return tap_main(argc, argv, tests, COUNT_OF(tests));
}
