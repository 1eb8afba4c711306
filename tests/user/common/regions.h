/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What vm_region tells of a task's map, and all of it at one moment.  Neighbours that are alike count
 * as one: kernels may join them or not.
 */
#ifndef _REGIONS_H_
#define _REGIONS_H_

#include <mach/mach_types.h>

#define REGIONS_MAX	600

struct region {
	vm_offset_t	address;
	vm_size_t	size;
	vm_prot_t	protection;
	vm_prot_t	max;
	vm_inherit_t	inheritance;
	boolean_t	shared;
	mach_port_t	object;		/* a name that is given up already */
	vm_offset_t	offset;
};

struct regions {
	unsigned int	count;
	struct region	region[REGIONS_MAX];
};

/* The region at or above an address; the code of vm_region. */
kern_return_t region_find(mach_port_t task, vm_offset_t address, struct region *region);

void regions_take(mach_port_t task, struct regions *regions);

/* Have neighbours that are alike be one. */
void regions_join(struct regions *regions);

boolean_t regions_same(const struct regions *before, const struct regions *after);

/* Fails the test, and prints the first difference, if the task's map is not that. */
void regions_expect(mach_port_t task, const struct regions *before);

#endif
