/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ports and port sets as objects: what they count, and the moves of right counts.
 *
 * References.  ref_count is one for each: entry that holds any right (not dead
 * name) to the port, right in a message, kernel pointer to a right, member link of a
 * waiting thread, and the kernel's own pointer for kernel ports.
 *
 * Rights.  srights and sorights count send and send-once rights alive anywhere.
 * A right comes with a reference on the port: making a right takes one,
 * releasing a right drops it.
 *
 * State: `active` is true from creation to death.
 *   receiver != NULL, not the kernel's: in that space under receiver_name.
 *   receiver == ipc_space_kernel:       a kernel object (kotype, kobject).
 *   receiver == NULL, active:           the receive right is in transit, in a message
 *                                       queued at `destination` (a reference) or not yet queued.
 *   !active:                            dead since `death_stamp`.
 */
#ifndef IPC_PORT_H
#define IPC_PORT_H

#include <ipc/ipc_types.h>
#include <ipc/kobject.h>
#include <ipc/mqueue.h>
#include <ipc/transit.h>
#include <kern/lock.h>
#include <kern/queue.h>

enum ipc_object_kind { IOT_PORT = 1, IOT_PSET = 2 };

struct ipc_account;

/* What ports and sets share; first member of both. */
struct ipc_object {
	struct spin_lock lock;
	uint32_t ref_count;		/* atomic */
	uint8_t kind;			/* enum ipc_object_kind */
	bool active;
};

/* What port_statistics tells besides: changes off the short ways only. */
struct ipc_port_counts {
	uint32_t received;		/* until seqno was last set; it counts since then */
	uint32_t blocked;		/* sends that had to wait for room */
	uint32_t failed;		/* sends that were not let in */
	uint32_t longest;		/* the largest msgcount */
};

/* ipc_port_create sets each field by itself: a new one is to be added there. */
struct ipc_port {
	struct ipc_object object;
	/* Guarded by object.lock. */
	uint8_t kotype;			/* enum ipc_kobject_type */
	bool has_payload;
	uint16_t qlimit;
	struct ipc_space *receiver;
	union {
		mach_port_name_t receiver_name;
		struct ipc_port *destination;
		uint32_t death_stamp;
	};
	void *kobject;
	uint32_t srights;
	uint32_t sorights;
	mach_port_mscount_t mscount;
	mach_port_seqno_t seqno;
	uint32_t msgcount;
	rpc_uintptr_t payload;
	struct ipc_mqueue mqueue;
	struct ipc_pset *pset;		/* the set it is in, or NULL; a reference */
	struct queue_link pset_link;	/* in pset->members; the set's lock */
	struct queue_link ready_link;	/* in pset->ready while messages wait; the set's lock */
	struct queue senders;		/* threads that wait for room, by ipc.link */
	struct ipc_port *nsrequest;	/* send-once right or NULL */
	struct ipc_port *pdrequest;	/* send-once right or NULL */
	struct queue requests;		/* dead-name requests (ipc/notify.h) */
	uint32_t request_count;
	uint32_t serial;		/* its number, given once; constant */
	struct ipc_port_counts counts;
	struct ipc_account *payer;	/* who pays for it and for answers in its queue; or NULL */
	struct transit_node transit;	/* where the receive right is; LOCK_CIRCULAR */
};

extern struct slab_cache ipc_port_cache, ipc_pset_cache;

void ipc_port_init(void);

static inline void ipc_port_lock(struct ipc_port *port)
{
	spin_lock(&port->object.lock);
}

static inline void ipc_port_unlock(struct ipc_port *port)
{
	spin_unlock(&port->object.lock);
}

/* Set the next message's number.  Port locked. */
static inline void ipc_port_set_seqno(struct ipc_port *port, mach_port_seqno_t seqno)
{
	port->counts.received += port->seqno - seqno;
	port->seqno = seqno;
}

/* Lock one or two ports, in order of address; `b` may be NULL or the same as `a`. */
static inline void ipc_port_lock_pair(struct ipc_port *a, struct ipc_port *b)
{
	if (b == NULL || b == a) {
		ipc_port_lock(a);
	} else if (a < b) {
		ipc_port_lock(a);
		spin_lock_second(&b->object.lock);
	} else {
		ipc_port_lock(b);
		spin_lock_second(&a->object.lock);
	}
}

static inline void ipc_port_unlock_pair(struct ipc_port *a, struct ipc_port *b)
{
	if (b != NULL && b != a)
		ipc_port_unlock(b);
	ipc_port_unlock(a);
}

/* Take a reference for another holder; the caller has one or the lock. */
void ipc_port_reference(struct ipc_port *port);

/* Consumes a reference; frees the port with the last one (it is dead then).  No port lock held. */
void ipc_port_release(struct ipc_port *port);

/* --- Rights.  Every change of srights and sorights is made by these ------------------ */

/*
 * Make a send right, counted in mscount, from a receive right.
 * Locks: none.  Owns: returns the right.  Returns IP_DEAD for a dead port.
 */
struct ipc_port *ipc_port_make_send(struct ipc_port *port);

/* The same, port locked and active. */
void ipc_port_make_send_locked(struct ipc_port *port);

/* One more send right where the caller holds one.  IP_DEAD when the port died; NULL stays NULL. */
struct ipc_port *ipc_port_copy_send(struct ipc_port *port);
void ipc_port_copy_send_locked(struct ipc_port *port);

/* Make a send-once right.  Locks: none. */
struct ipc_port *ipc_port_make_sonce(struct ipc_port *port);
void ipc_port_make_sonce_locked(struct ipc_port *port);

/* Destroy a send right (consumes it); fires the no-senders request.  NULL and IP_DEAD do nothing. */
void ipc_port_release_send(struct ipc_port *port);

/* Destroy an unused send-once right (consumes it): a send-once notification goes out. */
void ipc_port_release_sonce(struct ipc_port *port);

/*
 * Destroy a receive right that is in no space: the port dies, or port-destroyed takes it.  After
 * ipc_port_abandon the port may be dead already; then this deals with what it has left.
 */
void ipc_port_release_receive(struct ipc_port *port);

/* Drop a send-once right without a notification (its use failed for want of memory). */
void ipc_port_drop_sonce(struct ipc_port *port);

/* --- Life --------------------------------------------------------------------------- */

/*
 * A new active port with one reference, its receive right in the caller's hands; or NULL.  Nobody
 * pays for it yet.
 */
struct ipc_port *ipc_port_create(void);

/*
 * Somebody else is to pay for a port: its receive right comes into another space.  Port locked.
 * Returns false, with nothing changed, when that one's account does not allow it.
 */
bool ipc_port_change_payer(struct ipc_port *port, struct ipc_account *payer);

/*
 * The receive right leaves its space (or the kernel): mscount, seqno, payload and set are
 * reset, waiting receivers leave with MACH_RCV_PORT_DIED.  Port locked.
 * Returns a set to release when unlocked, or NULL.
 */
struct ipc_pset *ipc_port_leave_space(struct ipc_port *port);

/*
 * The same for a right that is to be destroyed: the port dies in this very step, unless
 * port-destroyed is requested.  The caller goes on, unlocked, with ipc_port_release_receive.
 */
struct ipc_pset *ipc_port_abandon(struct ipc_port *port);

/* The receive right in transit arrives in a space.  Port locked.  Returns a destination to release. */
struct ipc_port *ipc_port_arrive(struct ipc_port *port, struct ipc_space *space,
				 mach_port_name_t name);

/*
 * The receive right in hand is put into a message for `dest`.
 * Returns false when the port would then contain its own queue: the message is circular.
 * Locks: none.
 */
bool ipc_port_depart(struct ipc_port *port, struct ipc_port *dest);

/* The port dies; its receive right is in no space (section 12).  Consumes the right's reference. */
void ipc_port_destroy(struct ipc_port *port);

/* Is the port alive with a receiver in this space?  Unlocked answer that holds while the space is
 * locked. */
static inline bool ipc_port_received_by(const struct ipc_port *port, const struct ipc_space *space)
{
	return port->receiver == space;
}

#endif /* IPC_PORT_H */
