/* SPDX-License-Identifier: BSD-2-Clause */
/* Maps and memory objects as text on the console; nothing is believed (kern/peek.h). */
#ifndef VM_PRINT_H
#define VM_PRINT_H

struct vm_map;
struct vm_object;

void vm_print_map(const struct vm_map *map);

/* The object, and those in which it looks for what it lacks. */
void vm_print_object(const struct vm_object *object);

#endif /* VM_PRINT_H */
