/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The rights in the body of a message that goes straight to its receiver (ipc/fast_path.h).
 *
 * First the body is read, with nothing locked.  Then each name is looked up in the sender's space,
 * and its port locked.  When nothing can fail any more the rights are taken, one after the
 * other as a copyin takes them; and when the header's rights have their names they get theirs, one
 * after the other as a copyout gives them.  Space and port are those of ipc/right.h.
 *
 * It is given up, with nothing changed, where there is more than a few rights and plain data, all
 * of it inline: memory, arrays, receive rights; names that are dead, or have no such right; a
 * right that is moved and named twice, or whose going somebody is to be told of.
 */
#ifndef IPC_FAST_RIGHTS_H
#define IPC_FAST_RIGHTS_H

#include <ipc/ipc_types.h>

struct thread;

#define FAST_RIGHTS_MAX 8u

struct fast_right {
	mach_port_name_t *name;		/* in the body: the sender's, then the receiver's */
	uint32_t disposition;
	struct ipc_entry *entry;	/* the sender's */
	struct ipc_port *port;
	bool locked;			/* the port, by fast_rights_lock */
};

struct fast_rights {
	uint32_t count;
	struct fast_right right[FAST_RIGHTS_MAX];
};

/* What is locked already, and what the header takes away; each may be NULL. */
struct fast_rights_header {
	const void *locked[3];		/* ports */
	const struct ipc_entry *taken;	/* the sender's, of a right that is moved */
};

/* Find the rights in a complex body; the types in it become the receiver's.  False: gives up. */
bool fast_rights_read(struct fast_rights *rights, void *body, mach_msg_size_t size);

/*
 * See that all can be taken.
 *
 * Locks:    space locked; none of the ports but the header's.  On success they are, each once.
 * Blocks:   never: locks are only tried.
 * Returns:  false when it gives up, with no more locked than before.
 */
bool fast_rights_lock(struct fast_rights *rights, const struct ipc_space *space,
		      const struct fast_rights_header *header);
void fast_rights_unlock(const struct fast_rights *rights);

/* The point of no return has been passed: the rights leave the sender's space. */
void fast_rights_take(const struct fast_rights *rights, struct ipc_space *space);

/* They come into the receiver's, which has a slot for each, in message `id`. */
void fast_rights_put(const struct fast_rights *rights, struct ipc_space *space, mach_msg_id_t id);

/* As ipc_fast_path_failed, for a message with these rights. */
mach_msg_return_t fast_rights_failed(const struct fast_rights *rights, struct thread *receiver);

#endif /* IPC_FAST_RIGHTS_H */
