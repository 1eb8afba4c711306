/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Spaces: a task's names.
 *
 * A space is active from creation until ipc_space_destroy; an inactive one has
 * no entries and gets none.  References: the task, and whoever works on it.
 *
 * The reverse hash finds the entry that holds send rights (without the receive
 * right) for a port.  It grows by linear hashing: an insertion splits at most
 * one bucket.
 */
#ifndef IPC_SPACE_H
#define IPC_SPACE_H

#include <ipc/account.h>
#include <ipc/entry.h>
#include <ipc/port.h>
#include <kern/lock.h>

#define HASH_INLINE 16u
#define HASH_PAGE_BUCKETS 1024u
#define HASH_PAGES_MAX 1024u

struct ipc_hash {
	uint32_t count;			/* entries in the hash */
	uint32_t buckets;		/* in use; between HASH_INLINE and the maximum */
	struct ipc_entry *first[HASH_INLINE];
	struct ipc_entry ***pages;	/* buckets from HASH_INLINE on; NULL until needed */
	struct ipc_account *account;	/* who pays for the pages; NULL: nobody */
};

struct ipc_space {
	struct spin_lock lock;		/* LOCK_SPACE */
	uint32_t ref_count;		/* atomic */
	bool active;
	struct ipc_table table;
	struct ipc_hash hash;
	struct radix_node *accepted;	/* msg-accepted requests by name */
	struct ipc_account *account;	/* NULL: the kernel's spaces, which nobody limits */
	struct task *task;		/* whose space it is, for debugging; borrowed */
	struct queue_link link;		/* in ipc_spaces */
};

extern struct queue ipc_spaces;		/* for the checker; LOCK_LEAF ipc_spaces_lock */
extern struct spin_lock ipc_spaces_lock;

/* The receiver of kernel ports.  Has no names. */
extern struct ipc_space ipc_space_kernel[1];

/* The receiver of ports on which threads wait inside the kernel.  Has no names either. */
extern struct ipc_space ipc_space_reply[1];

void ipc_space_init(void);

/* Returns a reference in *spacep, or KERN_RESOURCE_SHORTAGE. */
kern_return_t ipc_space_create(struct ipc_space **spacep);

/*
 * Change what a space may use.  Locks: none; *limits is read before.
 * The second: to what another space may use now.
 */
void ipc_space_set_limits(struct ipc_space *space, const struct ipc_limits *limits);
void ipc_space_inherit_limits(struct ipc_space *space, struct ipc_space *parent);

/*
 * Destroy every right in the space and make it inactive.  Keeps the caller's reference.
 * Locks: none.  Blocks: at preemption points.
 */
void ipc_space_destroy(struct ipc_space *space);

void ipc_space_reference(struct ipc_space *space);
void ipc_space_release(struct ipc_space *space);	/* consumes */

static inline void ipc_space_lock(struct ipc_space *space)
{
	spin_lock(&space->lock);
}

static inline void ipc_space_unlock(struct ipc_space *space)
{
	spin_unlock(&space->lock);
}

/* --- The reverse hash; space locked -------------------------------------------------- */

struct ipc_entry *ipc_hash_lookup(const struct ipc_hash *hash, const struct ipc_object *object);
void ipc_hash_insert(struct ipc_hash *hash, struct ipc_entry *entry);
void ipc_hash_remove(struct ipc_hash *hash, struct ipc_entry *entry);
void ipc_hash_destroy(struct ipc_hash *hash);
uint32_t ipc_hash_memory(const struct ipc_hash *hash);	/* bytes of the pages */

/* --- Names for the kernel's own use -------------------------------------------------- */

/*
 * Give the space a send right, under its present name for the port or a new one.
 *
 * Owns:     consumes the send right on success.  A dead port gives name ~0; NULL gives 0.
 * Returns:  KERN_SUCCESS; KERN_INVALID_TASK when the space is inactive;
 *           KERN_RESOURCE_SHORTAGE, KERN_NO_SPACE.
 */
kern_return_t ipc_space_insert_send(struct ipc_space *space, struct ipc_port *port,
				    mach_port_name_t *namep);

/*
 * The port for which a name holds send rights (or the receive right).
 *
 * Owns:     returns a port reference, no right.
 * Returns:  KERN_SUCCESS; KERN_INVALID_TASK; KERN_INVALID_NAME; KERN_INVALID_RIGHT.
 */
kern_return_t ipc_space_lookup_send(struct ipc_space *space, mach_port_name_t name,
				    struct ipc_port **portp);

/* Does the space hold send rights to a port that it does not receive from?  Locks: none. */
bool ipc_space_holds_send(struct ipc_space *space, const struct ipc_port *port);

#endif /* IPC_SPACE_H */
