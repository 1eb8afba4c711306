/* SPDX-License-Identifier: BSD-2-Clause */
/* Known defects of other kernels with port rights and references, by their ids. */
#include "../common/tap.h"
#include "tests.h"

static const struct test tests[] = {
	{ .name = "PR-2 exceptions at the limit of references", .run = test_exceptions_at_limit,
		.ours = TRUE },
	{ .name = "PR-5 mach_ports_register: counts", .run = test_register_counts },
	{ .name = "PR-5 mach_ports_register: forms of the array", .run = test_register_forms },
	{ .name = "PR-5 mach_ports_register: what is in it", .run = test_register_contents },
	{ .name = "PR-5 mach_ports_register: again and again", .run = test_register_often },
	{ .name = "PR-7 mach_port_set_ktype", .run = test_set_ktype },
	{ .name = "PR-10 one reference, one deallocate", .run = test_one_reference },
	{ .name = "PR-11 a name that went in any way", .run = test_stale_own },
	{ .name = "PR-11 a name that another task took", .run = test_stale_remote },
	{ .name = "PR-11 a receive right that went", .run = test_stale_receive },
	{ .name = "PR-13 a message taken, the receive right moved", .run = test_taken_and_moved },
	{ .name = "PR-13 a message taken, the port dead", .run = test_taken_and_dead },
};

int main(int argc, char **argv)
{
	return tap_main(argc, argv, tests, COUNT_OF(tests));
}
