/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory that several threads copy, send, write and unmap at the same time. */
#include "../common/tap.h"
#include "tests.h"

static const struct test tests[] = {
	{ .name = "VM-11 the sender goes on writing", .run = test_sender_writes },
	{ .name = "VM-11 the sender unmaps what it has sent", .run = test_sender_unmaps },
	{ .name = "VM-11 the sender gives its memory away", .run = test_sender_moves },
	{ .name = "VM-11 writes through another mapping", .run = test_other_mapping },
	{ .name = "VM-11 writes by another task", .run = test_other_task },
	{ .name = "VM-11 given away, and mapped elsewhere", .run = test_moved_and_mapped },
	{ .name = "VM-11 the pager changes its mind", .run = test_pager_flushes },
	{ .name = "VM-5 protection comes and goes", .run = test_protect_anonymous },
	{ .name = "VM-5 the same in shared memory", .run = test_protect_shared },
	{ .name = "VM-5 the same in a memory object", .run = test_protect_object },
	{ .name = "VM-5 another object comes and goes", .run = test_switch },
	{ .name = "copies of tasks while all write", .run = test_forks },
	{ .name = "all calls at the same time", .run = test_mixture },
	{ .name = "all calls at the same time, shared", .run = test_mixture_shared },
};

int main(int argc, char **argv)
{
	return tap_main_conserving(argc, argv, tests, COUNT_OF(tests));
}
