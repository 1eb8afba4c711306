/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Long answers about a space: a walk over its names in parts, with others let in between, and a
 * list of elements that grows meanwhile.  So the answer is not of one instant.
 */
#ifndef IPC_REPORT_H
#define IPC_REPORT_H

#include <ipc/space.h>
#include <kern/mig_support.h>

struct ipc_report {
	uint8_t *data;			/* from kmem_alloc; NULL while there is none */
	uint32_t element;		/* bytes of one */
	uint32_t count, room;		/* in elements */
};

/*
 * Room for so many elements more.
 *
 * Locks:    none.
 * Returns:  false when memory is short; what is there stays.
 */
bool ipc_report_reserve(struct ipc_report *report, uint32_t more);

/* The next element, to be filled in whole; there is room. */
void *ipc_report_add(struct ipc_report *report);

/*
 * End with a result: on success the elements are the answer (NULL for none), else they go.
 *
 * Returns:  kr; KERN_RESOURCE_SHORTAGE when there is no memory for the answer.
 */
kern_return_t ipc_report_end(struct ipc_report *report, kern_return_t kr, vm_map_copy_t *copyp,
			     mach_msg_type_number_t *countp);

/* Slots of the table that are looked at with the space locked. */
#define IPC_WALK_STEPS 128u

struct ipc_space_visitor {
	/* For each name, refreshed, with the space locked; frees nothing. */
	void (*visit)(struct ipc_space_visitor *self, struct ipc_space *space,
		      struct ipc_entry *entry);
	struct ipc_report *report;	/* has room for IPC_WALK_STEPS elements; or NULL */
	void *arg;
};

/*
 * Visit all names of a space.
 *
 * Locks:    none.
 * Blocks:   at preemption points.
 * Returns:  KERN_SUCCESS; KERN_INVALID_TASK when the space is inactive; KERN_RESOURCE_SHORTAGE.
 */
kern_return_t ipc_space_visit(struct ipc_space *space, struct ipc_space_visitor *visitor);

#endif /* IPC_REPORT_H */
