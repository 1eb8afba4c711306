/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Kernel objects: ports whose receiver is the kernel, and the dispatcher for
 * messages to them.
 *
 * A kernel port has a type and an object pointer, both guarded by the port's lock.
 * The owner of the object clears them (ipc_kobject_clear) before the object goes,
 * so whoever reads the pointer under the lock may take a reference.
 */
#ifndef IPC_KOBJECT_H
#define IPC_KOBJECT_H

#include <ipc/ipc_types.h>

/* Numbers as mach_port_kernel_object shows them. */
enum ipc_kobject_type {
	IKOT_NONE = 0,
	IKOT_THREAD = 1,
	IKOT_TASK = 2,
	IKOT_HOST = 3,
	IKOT_HOST_PRIV = 4,
	IKOT_PROCESSOR = 5,
	IKOT_PSET = 6,
	IKOT_PSET_NAME = 7,
	IKOT_PAGER = 8,
	IKOT_PAGING_REQUEST = 9,
	IKOT_DEVICE = 10,
	IKOT_XMM_OBJECT = 11,
	IKOT_PAGING_NAME = 17,
	IKOT_MASTER_DEVICE = 20,
	IKOT_PAGER_PROXY = 27,
	IKOT_USER_DEVICE = 28,
	IKOT_IO_PERM = 29,
	IKOT_PROCESSOR_NAME = 30,
	IKOT_MAX
};

/*
 * A new port with the kernel as receiver.
 *
 * Owns:     returns a reference; no rights exist yet.
 * Returns:  NULL when memory is short.
 */
struct ipc_port *ipc_port_alloc_kernel(enum ipc_kobject_type type, void *object);

/* The same, paid by the current task, which has asked for it.  NULL: or it has no room for that. */
struct ipc_port *ipc_port_alloc_kernel_paid(enum ipc_kobject_type type, void *object);

/* Change what a kernel port stands for. */
void ipc_kobject_set(struct ipc_port *port, enum ipc_kobject_type type, void *object);

/* End a kernel port: it dies as if its receive right were destroyed.  Consumes the reference. */
void ipc_port_dealloc_kernel(struct ipc_port *port);

/*
 * Have a function called when the last send right to a port of this type has gone.  The port is dead
 * by then, and what its object pointer counted for is the function's.
 */
void ipc_kobject_on_no_senders(enum ipc_kobject_type type, void (*function)(void *object));

/*
 * The object pointer of a port that is not the kernel's: what the kernel knows it by, as the pager of
 * a memory object.  When such a port dies the function is called with it, and what it
 * counted for is the function's.
 */
void ipc_port_on_loss(void (*function)(void *object));

/*
 * A kernel port has lost its last send right: see whether that means something.
 * Locks: none.  Owns: borrows the port; consumes the kernel's own reference if it ends.
 */
void ipc_kobject_no_senders(struct ipc_port *port);

/* Build the table of routines from the MIG subsystems; at start-up. */
void ipc_kobject_init(void);

/*
 * Serve a message to a kernel port: find the routine by id, run it, make the reply.
 *
 * Owns:     consumes request; returns the reply, with the reply right as its destination;
 *           NULL when there is nothing to send.
 * Locks:    none.
 * Blocks:   as the routine does.
 */
struct ipc_kmsg *ipc_kobject_server(struct ipc_kmsg *request);

/* How often a routine was called; false when the id is not served. */
bool ipc_kobject_calls(mach_msg_id_t id, uint32_t *calls);

#endif /* IPC_KOBJECT_H */
