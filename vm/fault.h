/* SPDX-License-Identifier: BSD-2-Clause */
/* What page faults have done, all tasks together. */
#ifndef VM_FAULT_H
#define VM_FAULT_H

#include <stdint.h>

/* Only ever counted up, by who happens to run: a figure for people. */
struct vm_fault_counts {
	uint32_t faults, zero_fills, copies;
};

extern struct vm_fault_counts vm_fault_counts;

#endif /* VM_FAULT_H */
