/* SPDX-License-Identifier: BSD-2-Clause */
/* The routines on memory, each with every argument that it may be given. */
#include "../common/tap.h"
#include "tests.h"

static const struct test tests[] = {
	{ .name = "all ranges (VM-1, VM-6)", .run = test_sweeps, .ours = TRUE },
	{ .name = "all ranges of vm_pages_phys (VM-15)", .run = test_sweep_phys, .ours = TRUE },
	{ .name = "all ranges in messages (VM-1)", .run = test_sweep_messages, .ours = TRUE },
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
