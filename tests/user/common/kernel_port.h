/* SPDX-License-Identifier: BSD-2-Clause */
/* A port of each kind that the kernel has, but for those of memory objects. */
#ifndef _KERNEL_PORT_H_
#define _KERNEL_PORT_H_

#include <mach/mach_types.h>

enum kernel_kind {
	KERNEL_TASK, KERNEL_THREAD, KERNEL_HOST, KERNEL_HOST_PRIV, KERNEL_MASTER,
	KERNEL_PROCESSOR, KERNEL_SET, KERNEL_SET_NAME, KERNEL_DEVICE, KERNEL_IO_PERM,
	KERNEL_KINDS,
};

struct kernel_port {
	enum kernel_kind	kind;
	mach_port_t		name;	/* one reference to a send right */
	mach_port_t		task;	/* of a thread */
};

/*
 * New as far as there can be more than one: a suspended task without memory, a thread in such a
 * task that never ran.
 */
struct kernel_port kernel_port_new(enum kernel_kind kind);

/* Give up the right.  Tasks end; it may be that they have ended. */
void kernel_port_end(struct kernel_port *port);

const char *kernel_port_text(enum kernel_kind kind);

#endif
