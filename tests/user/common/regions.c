/* SPDX-License-Identifier: BSD-2-Clause */
#include "regions.h"

#include <libmach/print.h>
#include <libmach/string.h>
#include <mach.h>

#include "tap.h"

kern_return_t region_find(mach_port_t task, vm_offset_t address, struct region *region)
{
	kern_return_t result;

	*region = (struct region) { .address = address };
	result = vm_region(task, &region->address, &region->size, &region->protection,
		&region->max, &region->inheritance, &region->shared, &region->object,
		&region->offset);
	if (result == KERN_SUCCESS && MACH_PORT_VALID(region->object))
		EXPECT(mach_port_deallocate(mach_task_self(), region->object), KERN_SUCCESS);
	return result;
}

/* Is the second what the first would be if it went on? */
static boolean_t continues(const struct region *one, const struct region *two)
{
	return one->address + one->size == two->address && one->protection == two->protection
		&& one->max == two->max && one->inheritance == two->inheritance
		&& one->shared == two->shared && one->object == two->object
		&& (one->object == MACH_PORT_NULL || one->offset + one->size == two->offset);
}

void regions_join(struct regions *regions)
{
	unsigned int count = 0;

	for (unsigned int i = 0; i < regions->count; i++) {
		const struct region *next = &regions->region[i];

		if (count > 0 && continues(&regions->region[count - 1], next))
			regions->region[count - 1].size += next->size;
		else
			regions->region[count++] = *next;
	}
	regions->count = count;
}

void regions_take(mach_port_t task, struct regions *regions)
{
	struct region next = { 0 };

	memset(regions, 0, sizeof *regions);
	while (region_find(task, next.address + next.size, &next) == KERN_SUCCESS) {
		if (regions->count == REGIONS_MAX)
			regions_join(regions);
		if (regions->count == REGIONS_MAX) {
			tap_fail("more than %u regions", REGIONS_MAX);
			break;
		}
		regions->region[regions->count++] = next;
	}
	regions_join(regions);
}

/* The first that differs; the smaller count if there is none. */
static unsigned int first_difference(const struct regions *before, const struct regions *after)
{
	unsigned int i = 0;

	while (i < before->count && i < after->count &&
			memcmp(&before->region[i], &after->region[i], sizeof before->region[i]) == 0)
		i++;
	return i;
}

boolean_t regions_same(const struct regions *before, const struct regions *after)
{
	unsigned int i = first_difference(before, after);

	return i == before->count && i == after->count;
}

static void print_region(const char *when, const struct region *region)
{
	printf("# %s: %x, size %x, protection %d of %d, inheritance %d, shared %d, object %x\n",
		when, region->address, region->size, region->protection, region->max,
		region->inheritance, region->shared, region->object);
}

void regions_expect(mach_port_t task, const struct regions *before)
{
	static struct regions now;
	unsigned int i;

	regions_take(task, &now);
	if (EXPECT_TRUE(regions_same(before, &now)))
		return;
	i = first_difference(before, &now);
	if (i < before->count)
		print_region("expected", &before->region[i]);
	if (i < now.count)
		print_region("found", &now.region[i]);
}
