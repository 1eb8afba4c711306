/* SPDX-License-Identifier: BSD-2-Clause */
#include "conserved.h"

#include <libmach/string.h>
#include <mach.h>
#include <mach_debug/mach_debug.h>

#include "messages.h"
#include "tap.h"

#define SETTLE_STEP	10	/* milliseconds */
#define SETTLE_STEPS	100
#define WIRED_MARGIN	64

static vm_statistics_data_t statistics(void)
{
	vm_statistics_data_t now = { 0 };

	EXPECT(vm_statistics(mach_task_self(), &now), KERN_SUCCESS);
	return now;
}

static void count_pages(struct conserved *conserved)
{
	vm_statistics_data_t now = statistics();

	conserved->wired_pages = now.wire_count;
	conserved->pages = now.free_count + now.active_count + now.inactive_count + now.wire_count;
}

static void count_objects(struct conserved *conserved)
{
	mach_port_t host = mach_host_self();
	cache_info_array_t rows;
	mach_msg_type_number_t count;

	EXPECT(host_slab_info(host, &rows, &count), KERN_SUCCESS);
	EXPECT(mach_port_deallocate(mach_task_self(), host), KERN_SUCCESS);
	EXPECT_TRUE(count <= CONSERVED_CACHES);
	conserved->count = count < CONSERVED_CACHES ? count : CONSERVED_CACHES;
	memcpy(conserved->cache, rows, conserved->count * sizeof *rows);
	EXPECT(vm_deallocate(mach_task_self(), (vm_offset_t) rows, count * sizeof *rows),
		KERN_SUCCESS);
}

void conserved_take(struct conserved *conserved)
{
	count_objects(conserved);
	count_pages(conserved);
}

/* The test's own pages, touched now; stacks of the kernel's, of which some are kept. */
static boolean_t varies(const char *cache)
{
	return strcmp(cache, "mapping") == 0 || strcmp(cache, "kmem_range") == 0;
}

static boolean_t is_more(const struct conserved *before, const struct conserved *after,
	unsigned int i, unsigned int more)
{
	return after->cache[i].nr_objs > before->cache[i].nr_objs + more
		&& !varies(after->cache[i].name);
}

static boolean_t is_conserved(const struct conserved *before, const struct conserved *after,
	unsigned int more)
{
	for (unsigned int i = 0; i < after->count; i++)
		if (is_more(before, after, i, more))
			return FALSE;
	return after->pages == before->pages
		&& after->wired_pages <= before->wired_pages + WIRED_MARGIN;
}

static void print_objects(const struct conserved *before, const struct conserved *after,
	unsigned int more)
{
	for (unsigned int i = 0; i < after->count; i++)
		if (is_more(before, after, i, more))
			tap_fail("%s: %lu objects, before %lu", after->cache[i].name,
				after->cache[i].nr_objs, before->cache[i].nr_objs);
}

void conserved_expect(const struct conserved *before, unsigned int more)
{
	static struct conserved after;

	conserved_take(&after);
	for (int i = 0; i < SETTLE_STEPS && !is_conserved(before, &after, more); i++) {
		sleep_for(SETTLE_STEP);
		conserved_take(&after);
	}
	EXPECT(after.count, before->count);
	print_objects(before, &after, more);
	EXPECT(after.pages, before->pages);
	if (after.wired_pages > before->wired_pages + WIRED_MARGIN)
		tap_fail("%u wired pages, before %u", after.wired_pages, before->wired_pages);
}

unsigned int paged_out(void)
{
	return statistics().pageouts;
}

unsigned int paged_in(void)
{
	return statistics().pageins;
}
