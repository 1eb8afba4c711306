/* SPDX-License-Identifier: BSD-2-Clause */
/* What tests of maps, case by case, have in common: one map, and small words for using it. */
#ifndef TESTS_UNIT_MAP_WORDS_H
#define TESTS_UNIT_MAP_WORDS_H

#include <vm/map.h>

#define PAGE PAGE_BYTES
#define TOP VM_USER_MAX

extern struct vm_map *map;

/* A fixture; in the end everything must have been given back. */
void map_setup(void);
void map_teardown(void);

uint32_t object_pages(void);		/* that are resident, of all objects */

/* Allocate anywhere, or there. */
vm_offset_t get(vm_size_t size);
void fix(vm_offset_t addr, vm_size_t size);

/* A child, for which there is memory. */
struct vm_map *fork_of(struct vm_map *parent);

/* Write or read a byte as the kernel does for others. */
void put_in(struct vm_map *m, vm_offset_t addr, char value);
char look_in(struct vm_map *m, vm_offset_t addr);

static inline void put(vm_offset_t addr, char value)
{
	put_in(map, addr, value);
}

static inline char look(vm_offset_t addr)
{
	return look_in(map, addr);
}

/* A program reads: through the mapping there is, or after a fault. */
char load(struct vm_map *m, vm_offset_t addr);

#endif /* TESTS_UNIT_MAP_WORDS_H */
