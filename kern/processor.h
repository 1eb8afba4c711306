/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The processor and the processor set: there is one of each, and all threads belong to it.
 * Neither is counted; they are there for ever.
 */
#ifndef KERN_PROCESSOR_H
#define KERN_PROCESSOR_H

#include <stdbool.h>
#include <stdint.h>

struct ipc_port;

struct processor {
	struct ipc_port *port;
	struct ipc_port *name_port;
};

struct processor_set {
	struct ipc_port *port;
	struct ipc_port *name_port;
	uint32_t policies;		/* POLICY_ bits that threads may choose; LOCK_HOST */
	int32_t max_priority;		/* of new threads */
};

extern struct processor processor_boot;
extern struct processor_set default_pset;

/* Make the ports; panics when there is no memory. */
void processor_init(void);

/* May threads have this policy? */
bool pset_policy_enabled(const struct processor_set *pset, int policy);

#endif /* KERN_PROCESSOR_H */
