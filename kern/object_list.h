/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Answers that are an array with a port for each of many objects: threads of a task, tasks of the
 * host.
 */
#ifndef KERN_OBJECT_LIST_H
#define KERN_OBJECT_LIST_H

#include <stdint.h>

#include <ipc/ipc_types.h>
#include <kern/lock.h>
#include <mach/kern_return.h>

struct object_list {
	struct spin_lock *lock;		/* guards the list */

	/*
	 * Visit the objects, locked: returns how many there are, and stores the first `room`,
	 * with a reference for each.
	 */
	uint32_t (*visit)(void *arg, void **objects, uint32_t room);
	void *arg;

	/* A send right for an object; consumes the reference. */
	struct ipc_port *(*to_port)(void *object);
};

/*
 * Snapshot a list into an array of objects.
 *
 * Locks:    none.
 * Owns:     returns the array, from kalloc, with the references; NULL when it is empty.
 * Returns:  KERN_SUCCESS; KERN_RESOURCE_SHORTAGE.
 */
kern_return_t object_list_snapshot(const struct object_list *list, void ***objectsp,
				   uint32_t *countp);

/*
 * Snapshot a list into an array of send rights.
 *
 * Locks:    none.
 * Owns:     returns the array, from kalloc, with the rights; NULL when it is empty.
 * Returns:  KERN_SUCCESS; KERN_RESOURCE_SHORTAGE.
 */
kern_return_t object_list_to_ports(const struct object_list *list, struct ipc_port ***portsp,
				   uint32_t *countp);

/* An answer of one right, which is consumed; otherwise the same. */
kern_return_t port_array_of_one(struct ipc_port *right, struct ipc_port ***arrayp,
				uint32_t *countp);

#endif /* KERN_OBJECT_LIST_H */
