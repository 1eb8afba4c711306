/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Physical maps as lists of what was entered.  The kernel's are mapped for real, at the same
 * address in the test's process.
 */
#ifndef TESTS_UNIT_FAKES_PMAP_H
#define TESTS_UNIT_FAKES_PMAP_H

#include <vm/pmap.h>

struct fake_mapping {
	struct fake_mapping *next;
	vm_offset_t va;
	phys_addr_t pa;
	vm_prot_t prot;
	bool wired;
};

struct pmap {
	struct fake_mapping *mappings;
	uint32_t count;
	struct pmap *next;		/* of all user pmaps */
};

/* The next pmap_enter of a new page that needs memory fails once: after n more. 0: never. */
extern unsigned int fake_pmap_fail_after;

/* User pmaps that exist. */
extern unsigned int fake_pmap_count;

struct fake_mapping *fake_pmap_lookup(struct pmap *pmap, vm_offset_t va);

/* Map physical memory at `where`, or anywhere for NULL; prot as for mmap. */
void *fake_map_phys(void *where, phys_addr_t pa, size_t size, int prot);

#endif /* TESTS_UNIT_FAKES_PMAP_H */
