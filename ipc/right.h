/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rights: what entries hold, and how rights enter and leave a space.
 *
 * An entry counts user references; the port counts one send right for an entry with any
 * number of them, and one for each send right in a message or in the kernel's hands.  An
 * entry with rights holds one reference on its port.
 *
 * Whatever an operation takes out of a space while the space is locked is collected in
 * a struct ipc_debris and dealt with when it is unlocked, since that may send messages.
 *
 * All functions here want the space locked and active unless they say otherwise.
 * An entry whose port has died turns into a dead name when it is looked at: every
 * function that is given an entry does that first (ipc_right_refresh).
 */
#ifndef IPC_RIGHT_H
#define IPC_RIGHT_H

#include <ipc/notify.h>
#include <ipc/space.h>

struct ipc_debris {
	bool any;			/* something is noted; until then all else is undefined */
	struct ipc_port *send;		/* rights to be released */
	struct ipc_port *sonce;
	struct ipc_port *receive;
	struct ipc_pset *dead_set;	/* a set that dies */
	struct ipc_pset *left_set;	/* a reference to drop */
	struct ipc_port *reference;	/* likewise */
	struct ipc_port *nsrequest;	/* a no-senders notification to send */
	mach_port_mscount_t mscount;	/* with this count */
	struct queue deleted;		/* requests: port-deleted goes out */
	struct queue died;		/* requests: dead-name goes out */
};

static inline void ipc_debris_init(struct ipc_debris *debris)
{
	debris->any = false;
}

/* The debris, ready to be written to. */
static inline struct ipc_debris *ipc_debris_note(struct ipc_debris *debris)
{
	if (!debris->any) {
		*debris = (struct ipc_debris){ .any = true };
		queue_init(&debris->deleted);
		queue_init(&debris->died);
	}
	return debris;
}

void ipc_debris_release_noted(struct ipc_debris *debris);

/* Deal with what was collected, usually nothing.  No locks held. */
static inline void ipc_debris_release(struct ipc_debris *debris)
{
	if (__builtin_expect(debris->any, 0))
		ipc_debris_release_noted(debris);
}

void ipc_right_refresh_dead(struct ipc_space *space, struct ipc_entry *entry);

/* Turn an entry whose port has died into a dead name. */
static inline void ipc_right_refresh(struct ipc_space *space, struct ipc_entry *entry)
{
	const uint32_t sender = MACH_PORT_TYPE_SEND | MACH_PORT_TYPE_SEND_ONCE;

	assert_locked(&space->lock);
	if ((entry->bits & sender) != 0 && (entry->bits & MACH_PORT_TYPE_RECEIVE) == 0 &&
	    __builtin_expect(!entry->object->active, 0))
		ipc_right_refresh_dead(space, entry);
}

/* The name's entry, refreshed; NULL when there is none. */
static inline struct ipc_entry *ipc_right_lookup(struct ipc_space *space, mach_port_name_t name)
{
	struct ipc_entry *entry = ipc_entry_lookup(&space->table, name);

	if (__builtin_expect(entry != NULL, 1))
		ipc_right_refresh(space, entry);
	return entry;
}

/* The entry that holds send rights or the receive right for a port in this space, or NULL. */
struct ipc_entry *ipc_right_find(struct ipc_space *space, struct ipc_port *port);

/* The type in the kernel that a sender's disposition becomes. */
static inline uint32_t ipc_type_after_copyin(uint32_t disposition)
{
	switch (disposition) {
	case MACH_MSG_TYPE_MOVE_RECEIVE:
		return MACH_MSG_TYPE_PORT_RECEIVE;
	case MACH_MSG_TYPE_MOVE_SEND_ONCE:
	case MACH_MSG_TYPE_MAKE_SEND_ONCE:
		return MACH_MSG_TYPE_PORT_SEND_ONCE;
	case 0:
		return 0;
	default:
		return MACH_MSG_TYPE_PORT_SEND;
	}
}

/* --- Into the kernel ------------------------------------------------------------------- */

/*
 * Could a right be taken from the (refreshed) entry with this disposition?  dead_ok: from a
 * dead name MOVE and COPY dispositions take a dead right.
 */
static inline bool ipc_right_takeable(const struct ipc_entry *entry, uint32_t disposition,
				      bool dead_ok)
{
	uint32_t dead = dead_ok ? MACH_PORT_TYPE_DEAD_NAME : 0;

	switch (disposition) {
	case MACH_MSG_TYPE_MAKE_SEND:
	case MACH_MSG_TYPE_MAKE_SEND_ONCE:
	case MACH_MSG_TYPE_MOVE_RECEIVE:
		return (entry->bits & MACH_PORT_TYPE_RECEIVE) != 0;
	case MACH_MSG_TYPE_COPY_SEND:
	case MACH_MSG_TYPE_MOVE_SEND:
		return (entry->bits & (MACH_PORT_TYPE_SEND | dead)) != 0;
	case MACH_MSG_TYPE_MOVE_SEND_ONCE:
		return (entry->bits & (MACH_PORT_TYPE_SEND_ONCE | dead)) != 0;
	default:
		return false;
	}
}

/*
 * Take it: the point of no return.  The entry is takeable; a live port is locked.  The entry may
 * be gone afterwards.
 * Returns the right in hand, or IP_DEAD.
 */
struct ipc_port *ipc_right_take(struct ipc_space *space, struct ipc_entry *entry,
				uint32_t disposition, struct ipc_debris *debris);

/*
 * Both, with the port's lock.  Returns KERN_SUCCESS and the right in *portp; KERN_INVALID_NAME;
 * KERN_INVALID_RIGHT.
 */
kern_return_t ipc_right_copyin(struct ipc_space *space, mach_port_name_t name,
			       uint32_t disposition, bool dead_ok, struct ipc_port **portp,
			       struct ipc_debris *debris);

/* --- Out of the kernel --------------------------------------------------------------------- */

/*
 * Give a right in hand (PORT_SEND, PORT_SEND_ONCE, PORT_RECEIVE) a name.
 *
 * Owns:     consumes the right on success; a dead port becomes name ~0, null 0.
 * Returns:  KERN_SUCCESS; KERN_RESOURCE_SHORTAGE; KERN_NO_SPACE.
 */
kern_return_t ipc_right_copyout(struct ipc_space *space, struct ipc_port *port, uint32_t type,
				mach_port_name_t *namep, struct ipc_debris *debris);

/*
 * The same into a given entry that is free of rights (insert_right, alloc_name), or that already
 * names the port.  Cannot fail.  Port locked and active.
 */
void ipc_right_put(struct ipc_space *space, struct ipc_entry *entry, struct ipc_port *port,
		   uint32_t type, struct ipc_debris *debris);

/* --- User's operations ------------------------------------------------------------------------ */

/* Release one user reference: mach_port_deallocate. */
kern_return_t ipc_right_deallocate(struct ipc_space *space, struct ipc_entry *entry,
				   struct ipc_debris *debris);

/* mach_port_mod_refs; right is MACH_PORT_RIGHT_*, checked to be known. */
kern_return_t ipc_right_delta(struct ipc_space *space, struct ipc_entry *entry, uint32_t right,
			      int32_t delta, struct ipc_debris *debris);

/* Everything under the name goes: mach_port_destroy. */
void ipc_right_destroy(struct ipc_space *space, struct ipc_entry *entry,
		       struct ipc_debris *debris);

/* A new entry for a fresh port's receive right; name 0: any. Codes of ipc_entry_alloc. */
kern_return_t ipc_right_alloc_port(struct ipc_space *space, mach_port_name_t name,
				   struct ipc_port **portp, mach_port_name_t *namep);

#endif /* IPC_RIGHT_H */
