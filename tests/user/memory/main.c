/* SPDX-License-Identifier: BSD-2-Clause */
/* Virtual memory: anonymous memory, protection, inheritance, copies. */
#include "../common/tap.h"
#include "tests.h"

static const struct test tests[] = {
	{ .name = "vm_allocate", .run = test_allocate },
	{ .name = "codes of vm_allocate", .run = test_allocate_codes },
	{ .name = "vm_deallocate", .run = test_deallocate },
	{ .name = "vm_map", .run = test_map },
	{ .name = "codes of vm_map", .run = test_map_codes },
	{ .name = "vm_protect", .run = test_protect },
	{ .name = "codes of vm_inherit", .run = test_inherit_codes },
	{ .name = "vm_region", .run = test_region },
	{ .name = "new memory is zero", .run = test_zero_fill },
	{ .name = "vm_machine_attribute, vm_msync, vm_statistics", .run = test_other_routines },
	{ .name = "more than there is", .run = test_limits },
	{ .name = "the traps of the same name", .run = test_traps },
	{ .name = "inheritance: share, copy, none", .run = test_inheritance },
	{ .name = "copies of copies", .run = test_copy_chain },
	{ .name = "vm_read", .run = test_read },
	{ .name = "vm_write", .run = test_write },
	{ .name = "vm_copy", .run = test_copy },
	{ .name = "protection of what is copied", .run = test_protection_of_copies },
	{ .name = "300 generations of copies", .run = test_many_copies },
};

int main(int argc, char **argv)
{
	return tap_main_conserving(argc, argv, tests, COUNT_OF(tests));
}
