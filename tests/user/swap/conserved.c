/* SPDX-License-Identifier: BSD-2-Clause */
#include "conserved.h"

#include <libmach/string.h>
#include <mach.h>
#include <mach_debug/mach_debug.h>

#include "../common/messages.h"
#include "../common/tap.h"

#define SETTLE		300	/* milliseconds */
#define OBJECTS_MARGIN	24
#define PAGES_MARGIN	64	/* the kernel's caches grow by pages */

static const char *const caches[] = {
	"vm_map", "vm_map_entry", "vm_extent", "vm_object", "vm_pager", "vm_store", "vm_away",
	"page_request", "task", "thread", "ipc_port", "ipc_space", "ipc_kmsg",
};

static void count_objects(struct conserved *conserved)
{
	mach_port_t host = mach_host_self();
	cache_info_array_t rows;
	mach_msg_type_number_t count;

	EXPECT(host_slab_info(host, &rows, &count), KERN_SUCCESS);
	EXPECT(mach_port_deallocate(mach_task_self(), host), KERN_SUCCESS);
	for (unsigned int row = 0; row < count; row++)
		for (unsigned int i = 0; i < COUNT_OF(caches); i++)
			if (strcmp(rows[row].name, caches[i]) == 0)
				conserved->objects[i] = rows[row].nr_objs;
	EXPECT(vm_deallocate(mach_task_self(), (vm_offset_t) rows, count * sizeof *rows),
		KERN_SUCCESS);
}

static vm_statistics_data_t statistics(void)
{
	vm_statistics_data_t now = { 0 };

	EXPECT(vm_statistics(mach_task_self(), &now), KERN_SUCCESS);
	return now;
}

void conserved_take(struct conserved *conserved)
{
	memset(conserved, 0, sizeof *conserved);
	sleep_for(SETTLE);
	count_objects(conserved);
	conserved->wired_pages = statistics().wire_count;
}

void conserved_expect(const struct conserved *before)
{
	struct conserved after;

	conserved_take(&after);
	for (unsigned int i = 0; i < COUNT_OF(caches); i++) {
		tap_about("%s: %u, then %u", caches[i], before->objects[i], after.objects[i]);
		EXPECT_TRUE(after.objects[i] <= before->objects[i] + OBJECTS_MARGIN);
	}
	tap_about("wired pages: %u, then %u", before->wired_pages, after.wired_pages);
	EXPECT_TRUE(after.wired_pages <= before->wired_pages + PAGES_MARGIN);
	tap_about("%s", "");
}

unsigned int paged_out(void)
{
	return statistics().pageouts;
}

unsigned int paged_in(void)
{
	return statistics().pageins;
}
