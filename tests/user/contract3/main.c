/* SPDX-License-Identifier: BSD-2-Clause */
/* spec/observed.md on memory and pagers, and spec/abi.md on its limit, sentence by sentence. */
#include "../common/tap.h"
#include "tests.h"

static const struct test tests[] = {
	{ .name = "vm_allocate", .run = test_allocate },
	{ .name = "vm_map", .run = test_map },
	{ .name = "objects of vm_map", .run = test_map_objects, .ours = TRUE },
	{ .name = "ranges", .run = test_ranges, .ours = TRUE },
	{ .name = "vm_protect", .run = test_protect },
	{ .name = "access, and where faults are", .run = test_access },
	{ .name = "memory that was copied", .run = test_copied_memory },
	{ .name = "IL-1 less than a page, and nothing, copied", .run = test_short_copies,
		.ours = TRUE },
	{ .name = "sources that cannot be read", .run = test_unreadable_source },
	{ .name = "vm_write and vm_copy", .run = test_write_and_copy },
	{ .name = "vm_region", .run = test_regions },
	{ .name = "vm_machine_attribute and vm_msync", .run = test_other_calls },
	{ .name = "vm_wire", .run = test_wire },
	{ .name = "vm_allocate_contiguous and vm_pages_phys", .run = test_contiguous, .ours = TRUE },
	{ .name = "the size limit", .run = test_size_limit },
	{ .name = "one memory_object_init", .run = test_one_init },
	{ .name = "never ready, and unmapped", .run = test_never_ready },
	{ .name = "what the last unmapping returns", .run = test_last_unmap },
	{ .name = "after memory_object_destroy", .run = test_after_destroy },
	{ .name = "after a pager's death", .run = test_after_death },
	{ .name = "a pager dies before it is ready", .run = test_death_before_ready },
	{ .name = "protections of lock_request", .run = test_lock_values },
	{ .name = "rights to answer to", .run = test_rights_to_answer, .ours = TRUE },
	{ .name = "copies by DELAY and TEMPORARY", .run = test_delayed, .ours = TRUE },
};

int main(int argc, char **argv)
{
	return tap_main_conserving(argc, argv, tests, COUNT_OF(tests));
}
