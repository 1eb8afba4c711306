/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Port sets.
 *
 * `ready` lists the members that have messages, in the order in which they are served:
 * a member goes to the end after each message, so that none starves.
 * A port's membership (port->pset, pset_link) changes with both locks held, port first.
 *
 * A set dies in the step in which its name goes.  Its members leave one by one after that;
 * a port that is still in a dead set is in none, for everybody else (ipc_port_set).
 */
#ifndef IPC_PSET_H
#define IPC_PSET_H

#include <ipc/mqueue.h>
#include <ipc/port.h>

struct ipc_pset {
	struct ipc_object object;
	mach_port_name_t name;
	struct ipc_mqueue mqueue;	/* receivers only */
	struct queue members;		/* ipc_port.pset_link; each holds a reference on us */
	struct queue ready;		/* ipc_port.ready_link */
	uint32_t member_count;
	struct ipc_account *payer;
};

static inline void ipc_pset_lock(struct ipc_pset *pset)
{
	spin_lock(&pset->object.lock);
}

static inline void ipc_pset_unlock(struct ipc_pset *pset)
{
	spin_unlock(&pset->object.lock);
}

/* A new, active set with one reference; NULL when memory is short, the payer's or the kernel's. */
struct ipc_pset *ipc_pset_create(struct ipc_account *payer);
void ipc_pset_reference(struct ipc_pset *pset);
void ipc_pset_release(struct ipc_pset *pset);

/*
 * Put a port into a set, out of the one it is in; receivers that wait on the port alone
 * leave with MACH_RCV_PORT_CHANGED.
 * Locks: none; the space of both is locked, so neither dies.  *oldp: a set to release
 * when unlocked, or NULL.
 */
void ipc_pset_move_member(struct ipc_port *port, struct ipc_pset *pset, struct ipc_pset **oldp);

/* Take a port out of its set.  Port locked.  Returns the set, whose reference the caller gets. */
struct ipc_pset *ipc_pset_remove_locked(struct ipc_port *port);

/* The set that a port is in, or NULL.  Port locked. */
static inline struct ipc_pset *ipc_port_set(const struct ipc_port *member)
{
	struct ipc_pset *pset = member->pset;

	return pset != NULL && pset->object.active ? pset : NULL;
}

/* Its name, or null.  Port locked, and its space, without which no set is renamed. */
static inline mach_port_name_t ipc_port_set_name(const struct ipc_port *member)
{
	const struct ipc_pset *pset = ipc_port_set(member);

	return pset != NULL ? pset->name : MACH_PORT_NULL;
}

/* The step from life to death: receivers get MACH_RCV_PORT_DIED.  ipc_pset_destroy must follow. */
void ipc_pset_deactivate(struct ipc_pset *pset);

/* The set dies, if it has not yet, and its members leave.  Consumes a reference.  Locks: none. */
void ipc_pset_destroy(struct ipc_pset *pset);

#endif /* IPC_PSET_H */
