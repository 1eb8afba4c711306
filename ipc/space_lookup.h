/* SPDX-License-Identifier: BSD-2-Clause */
/* What the routines on names share. */
#ifndef IPC_SPACE_LOOKUP_H
#define IPC_SPACE_LOOKUP_H

#include <ipc/space.h>

/*
 * The refreshed entry of a name that has one of the rights in `type` (MACH_PORT_TYPE_*).
 *
 * Locks:    none on entry; the space is locked on success.
 * Returns:  KERN_SUCCESS; KERN_INVALID_TASK for NULL or a dead space; KERN_INVALID_NAME;
 *           KERN_INVALID_RIGHT.
 */
kern_return_t ipc_space_lookup(struct ipc_space *space, mach_port_name_t name, uint32_t type,
			       struct ipc_entry **entryp);

/*
 * The live port of such a name; for rights that can outlive it.
 *
 * Locks:    none on entry; the space and the port are locked on success (ipc_space_unlock_port).
 * Returns:  as ipc_space_lookup; KERN_INVALID_RIGHT when the port has just died.
 */
kern_return_t ipc_space_lookup_port(struct ipc_space *space, mach_port_name_t name, uint32_t type,
				    struct ipc_port **portp);

static inline void ipc_space_unlock_port(struct ipc_space *space, struct ipc_port *port)
{
	ipc_port_unlock(port);
	ipc_space_unlock(space);
}

/* MACH_PORT_TYPE_* as mach_port_type tells them. */
static inline mach_port_type_t ipc_entry_user_type(const struct ipc_entry *entry)
{
	return entry_type(entry) | (entry->request != NULL ? MACH_PORT_TYPE_DNREQUEST : 0) |
	       (entry->bits & ENTRY_ACCEPTED ? MACH_PORT_TYPE_MAREQUEST : 0);
}

#endif /* IPC_SPACE_LOOKUP_H */
