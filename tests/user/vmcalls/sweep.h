/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sweeps: a routine called with all addresses and sizes of a list, on the map of a task made for
 * it; the code and the map afterwards compared with what an oracle says.
 */
#ifndef _SWEEP_H_
#define _SWEEP_H_

#include "../common/regions.h"

#define TOP	0xc0000000u

/* Numbers at which something might wrap, be rounded or be cut. */
extern const uint32_t sweep_numbers[];
extern const unsigned int sweep_number_count;

/* Where the sweeps' regions are. */
#define PLAIN	0x00400000u	/* 4 pages, as vm_allocate makes them */
#define FIXED	0x00404000u	/* 2 pages after them: may be read, and no more ever */
#define GUARD	0x00800000u	/* 2 pages that may not be touched, and could be */
#define LAST	0xbffff000u	/* the last page */

/* A task with these regions; what its map is. */
mach_port_t sweep_task(struct regions *regions);
void sweep_end(mach_port_t task);

struct sweep {
	const char	*name;
	kern_return_t	(*call)(mach_port_t task, vm_offset_t address, vm_size_t size);
	/* Predicts the code, and changes the regions as the call does; both are untouched before. */
	kern_return_t	(*oracle)(struct regions *regions, vm_offset_t address, vm_size_t size);
};

/* All addresses with all sizes; the task is made anew after each call that changes it. */
void sweep_run(const struct sweep *sweep);

/* --- what oracles are made of ----------------------------------------------------------------- */

/* The whole pages of a range, cut at the top; start == end: none.  FALSE when it wraps. */
boolean_t pages_of(vm_offset_t address, vm_size_t size, vm_offset_t *start, vm_offset_t *end);

/* Is all of it mapped?  Any of it?  All of it with this protection, as far as it is mapped? */
boolean_t all_mapped(const struct regions *regions, vm_offset_t start, vm_offset_t end);
boolean_t any_mapped(const struct regions *regions, vm_offset_t start, vm_offset_t end);
boolean_t all_allow(const struct regions *regions, vm_offset_t start, vm_offset_t end,
	vm_prot_t current, vm_prot_t max);

/* Take a range out; put memory in that is like this one; then change it in its range. */
void regions_remove(struct regions *regions, vm_offset_t start, vm_offset_t end);
void regions_insert(struct regions *regions, const struct region *region);
void regions_change(struct regions *regions, vm_offset_t start, vm_offset_t end,
	void (*change)(struct region *region));

#endif
