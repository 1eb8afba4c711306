/* SPDX-License-Identifier: BSD-2-Clause */
/* Maps that only say which pages of one small arena belong to whom. */
#ifndef TESTS_UNIT_FAKES_VM_H
#define TESTS_UNIT_FAKES_VM_H

struct vm_map;

struct vm_map *fake_map_create(void);
void fake_map_destroy(struct vm_map *map);

#endif /* TESTS_UNIT_FAKES_VM_H */
