/* SPDX-License-Identifier: BSD-2-Clause */
/* A port of every kind, to send requests to. */
#ifndef _TARGETS_H_
#define _TARGETS_H_

#include <mach/mach_types.h>

#include "kernel_port.h"

/* Kinds of ports, besides those of enum kernel_kind; those before OBJECT_KINDS are the kernel's. */
enum target_kind {
	TARGET_CONTROL = KERNEL_KINDS, TARGET_MEMORY_NAME, TARGET_PROXY, OBJECT_KINDS,
	TARGET_ORDINARY = OBJECT_KINDS,
	TARGET_DEAD_TASK, TARGET_DEAD_THREAD, TARGET_DEAD_NAME, TARGET_RECEIVE, TARGET_PORT_SET,
	TARGET_NONE, TARGET_NULL, TARGET_DEAD, TARGET_KINDS,
};

const char *target_text(unsigned int kind);

/* A port of each kind, new as far as there can be more than one. */
struct targets {
	struct kernel_port	object[KERNEL_KINDS];
	mach_port_t		port[TARGET_KINDS];	/* the names, and those of the other kinds */
	mach_port_t		pager;			/* of the memory object, mapped at: */
	vm_address_t		mapped;
};

void targets_make(struct targets *targets);
void targets_end(struct targets *targets);

/* Only that of a kind before OBJECT_KINDS; those of a memory object come together. */
void targets_make_one(struct targets *targets, unsigned int kind);
void targets_end_one(struct targets *targets, unsigned int kind);

#endif
