/* SPDX-License-Identifier: BSD-2-Clause */
/* The rules of maps, entries and families that always hold when nothing is in progress. */
#ifndef TESTS_UNIT_MAP_CHECK_H
#define TESTS_UNIT_MAP_CHECK_H

#include <vm/map.h>

/* Check a map and the families of all its entries. */
void map_check(struct vm_map *map);

#endif /* TESTS_UNIT_MAP_CHECK_H */
