/* SPDX-License-Identifier: BSD-2-Clause */
/* The routines on memory, each with every argument that it may be given. */
#include "../common/tap.h"
#include "tests.h"

static const struct test tests[] = {
	{ .name = "all ranges (VM-1, VM-6)", .run = test_sweeps, .ours = TRUE },
	{ .name = "all ranges of vm_pages_phys (VM-15)", .run = test_sweep_phys, .ours = TRUE },
	{ .name = "all ranges in messages (VM-1)", .run = test_sweep_messages, .ours = TRUE },
	{ .name = "masks (VM-4)", .run = test_masks, .ours = TRUE },
	{ .name = "protections and inheritances", .run = test_flags, .ours = TRUE },
	{ .name = "offsets of objects", .run = test_offsets, .ours = TRUE },
	{ .name = "ports of no task", .run = test_wrong_tasks, .ours = TRUE },
	{ .name = "codes of vm_set_size_limit (VM-17)", .run = test_limit_codes, .ours = TRUE },
	{ .name = "limits of memory (VM-17)", .run = test_limit_ways, .ours = TRUE },
	{ .name = "limits and messages (VM-17)", .run = test_limit_messages, .ours = TRUE },
	{ .name = "limits and children (VM-17)", .run = test_limit_children, .ours = TRUE },
	{ .name = "the quota of vm_wire (VM-10)", .run = test_wire_quota, .ours = TRUE },
	{ .name = "ten who wire (VM-10)", .run = test_wire_race, .ours = TRUE },
	{ .name = "what is done to wired memory", .run = test_wired_memory, .ours = TRUE },
	{ .name = "wiring what a pager has", .run = test_wire_paged, .ours = TRUE },
	{ .name = "wiring that is stopped", .run = test_wire_stopped, .ours = TRUE },
	{ .name = "vm_wire_all", .run = test_wire_all, .ours = TRUE },
	{ .name = "codes of vm_allocate_contiguous (VM-15)", .run = test_contiguous_codes,
	  .ours = TRUE },
	{ .name = "vm_allocate_contiguous (VM-15)", .run = test_contiguous, .ours = TRUE },
	{ .name = "contiguous memory in messages (VM-15)", .run = test_contiguous_sent,
	  .ours = TRUE },
	{ .name = "vm_pages_phys while pages come and go (VM-15)", .run = test_phys_race,
	  .ours = TRUE },
	{ .name = "a proxy of a region (VM-14)", .run = test_region_proxy, .ours = TRUE },
	{ .name = "codes of vm_region_create_proxy (VM-14)", .run = test_region_proxy_codes,
	  .ours = TRUE },
	{ .name = "a proxy keeps its region", .run = test_region_proxy_life, .ours = TRUE },
	{ .name = "a proxy of a proxy of a region", .run = test_region_proxy_nested,
	  .ours = TRUE },
	{ .name = "a proxy of paged memory", .run = test_region_proxy_paged, .ours = TRUE },
	{ .name = "copy strategy CALL (VM-18)", .run = test_call },
	{ .name = "CALL and inheritance (VM-18)", .run = test_call_inherited },
	{ .name = "CALL and memory in messages (VM-18)", .run = test_call_read, .ours = TRUE },
	{ .name = "the copy is refused", .run = test_call_refused, .ours = TRUE },
	{ .name = "copies of what a dead pager had (MO-6)", .run = test_copy_of_dead,
	  .ours = TRUE },
	{ .name = "writers during a copy by CALL", .run = test_call_written, .ours = TRUE },
	{ .name = "copies by CALL come and go", .run = test_call_churn, .ours = TRUE },
	{ .name = "vm_msync", .run = test_msync, .ours = TRUE },
	{ .name = "codes of vm_msync", .run = test_msync_codes, .ours = TRUE },
	{ .name = "vm_msync that invalidates", .run = test_msync_invalidate, .ours = TRUE },
	{ .name = "vm_object_sync", .run = test_object_sync, .ours = TRUE },
	{ .name = "codes of vm_object_sync", .run = test_object_sync_codes, .ours = TRUE },
	{ .name = "mach_vm_region_info", .run = test_region_info, .ours = TRUE },
	{ .name = "mach_vm_object_info", .run = test_object_info, .ours = TRUE },
	{ .name = "mach_vm_object_pages", .run = test_object_pages, .ours = TRUE },
	{ .name = "mach_vm_object_pages out of line", .run = test_many_object_pages,
	  .ours = TRUE },
	{ .name = "host_slab_info", .run = test_slab_info, .ours = TRUE },
	{ .name = "host_virtual_physical_table_info", .run = test_page_table_info, .ours = TRUE },
};

int main(int argc, char **argv)
{
	return tap_main(argc, argv, tests, COUNT_OF(tests));
}
