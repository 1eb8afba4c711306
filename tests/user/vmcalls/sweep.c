/* SPDX-License-Identifier: BSD-2-Clause */
#include "sweep.h"

#include <libmach/string.h>
#include <mach.h>

#include "../common/pager.h"
#include "../common/tap.h"

const uint32_t sweep_numbers[] = {
	0, 1, PAGE_SIZE - 1, PAGE_SIZE, PAGE_SIZE + 1, 2 * PAGE_SIZE,
	PLAIN - 1, PLAIN, PLAIN + 1, PLAIN + PAGE_SIZE, PLAIN + 3 * PAGE_SIZE, FIXED, FIXED + 5,
	FIXED + 2 * PAGE_SIZE, GUARD, GUARD + PAGE_SIZE,
	0x7fffffff, 0x80000000, TOP - 2 * PAGE_SIZE, LAST - 1, LAST, LAST + 1, TOP - 1, TOP,
	TOP + 1, TOP + PAGE_SIZE, 0u - PLAIN, 0u - 2 * PAGE_SIZE, 0u - PAGE_SIZE - 1,
	0u - PAGE_SIZE, 0u - PAGE_SIZE + 1, 0xfffffffe, 0xffffffff,
};
const unsigned int sweep_number_count = COUNT_OF(sweep_numbers);

/* --- the task ------------------------------------------------------------------------------- */

static void allocate(mach_port_t task, vm_offset_t address, unsigned int pages)
{
	EXPECT(vm_allocate(task, &address, pages * PAGE_SIZE, FALSE), KERN_SUCCESS);
}

mach_port_t sweep_task(struct regions *regions)
{
	mach_port_t task = MACH_PORT_NULL;

	EXPECT(task_create(SELF, FALSE, &task), KERN_SUCCESS);
	allocate(task, PLAIN, 4);
	allocate(task, FIXED, 2);
	EXPECT(vm_protect(task, FIXED, 2 * PAGE_SIZE, TRUE, VM_PROT_READ), KERN_SUCCESS);
	allocate(task, GUARD, 2);
	EXPECT(vm_protect(task, GUARD, 2 * PAGE_SIZE, FALSE, VM_PROT_NONE), KERN_SUCCESS);
	allocate(task, LAST, 1);
	regions_take(task, regions);
	EXPECT(regions->count, 4);
	return task;
}

void sweep_end(mach_port_t task)
{
	EXPECT(task_terminate(task), KERN_SUCCESS);
	EXPECT(mach_port_deallocate(SELF, task), KERN_SUCCESS);
}

/* --- oracles' parts --------------------------------------------------------------------------- */

boolean_t pages_of(vm_offset_t address, vm_size_t size, vm_offset_t *start, vm_offset_t *end)
{
	uint64_t beyond = (uint64_t) address + size;

	*start = address & -PAGE_SIZE;
	if (beyond > 0xffffffffu)
		return FALSE;
	*end = beyond >= TOP ? TOP : (beyond + PAGE_SIZE - 1) & -PAGE_SIZE;
	if (size == 0 || *start > *end)
		*end = *start;
	return TRUE;
}

static boolean_t overlaps(const struct region *region, vm_offset_t start, vm_offset_t end)
{
	return region->address < end && region->address + region->size > start;
}

boolean_t any_mapped(const struct regions *regions, vm_offset_t start, vm_offset_t end)
{
	for (unsigned int i = 0; i < regions->count; i++)
		if (overlaps(&regions->region[i], start, end))
			return TRUE;
	return FALSE;
}

boolean_t all_mapped(const struct regions *regions, vm_offset_t start, vm_offset_t end)
{
	for (unsigned int i = 0; i < regions->count && start < end; i++)
		if (overlaps(&regions->region[i], start, start + 1))
			start = regions->region[i].address + regions->region[i].size;
	return start >= end;
}

boolean_t all_allow(const struct regions *regions, vm_offset_t start, vm_offset_t end,
	vm_prot_t current, vm_prot_t max)
{
	for (unsigned int i = 0; i < regions->count; i++)
		if (overlaps(&regions->region[i], start, end)
				&& ((current & ~regions->region[i].protection)
				|| (max & ~regions->region[i].max)))
			return FALSE;
	return TRUE;
}

void regions_insert(struct regions *regions, const struct region *region)
{
	unsigned int at = 0;

	while (at < regions->count && regions->region[at].address < region->address)
		at++;
	memmove(&regions->region[at + 1], &regions->region[at],
		(regions->count - at) * sizeof *region);
	regions->region[at] = *region;
	regions->count++;
}

static void cut(struct regions *regions, vm_offset_t at)
{
	for (unsigned int i = 0; i < regions->count; i++) {
		struct region upper = regions->region[i];

		if (upper.address >= at || upper.address + upper.size <= at)
			continue;
		regions->region[i].size = at - upper.address;
		upper.size -= at - upper.address;
		upper.address = at;
		regions_insert(regions, &upper);
	}
}

void regions_remove(struct regions *regions, vm_offset_t start, vm_offset_t end)
{
	unsigned int kept = 0;

	cut(regions, start);
	cut(regions, end);
	for (unsigned int i = 0; i < regions->count; i++)
		if (!overlaps(&regions->region[i], start, end))
			regions->region[kept++] = regions->region[i];
	regions->count = kept;
}

void regions_change(struct regions *regions, vm_offset_t start, vm_offset_t end,
	void (*change)(struct region *region))
{
	cut(regions, start);
	cut(regions, end);
	for (unsigned int i = 0; i < regions->count; i++)
		if (overlaps(&regions->region[i], start, end))
			change(&regions->region[i]);
}

/* --- running -------------------------------------------------------------------------------- */

static void try(const struct sweep *sweep, mach_port_t *task, struct regions *before,
	vm_offset_t address, vm_size_t size)
{
	static struct regions expected;
	kern_return_t code;

	tap_about("%s: address %x, size %x", sweep->name, address, size);
	expected = *before;
	code = sweep->oracle(&expected, address, size);
	EXPECT(sweep->call(*task, address, size), code);
	regions_join(&expected);
	regions_expect(*task, &expected);
	if (regions_same(before, &expected))
		return;
	sweep_end(*task);
	*task = sweep_task(before);
}

void sweep_run(const struct sweep *sweep)
{
	static struct regions before;
	mach_port_t task = sweep_task(&before);

	for (unsigned int i = 0; i < sweep_number_count; i++)
		for (unsigned int j = 0; j < sweep_number_count; j++)
			try(sweep, &task, &before, sweep_numbers[i], sweep_numbers[j]);
	tap_about("%s", "");
	sweep_end(task);
}
