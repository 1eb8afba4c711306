/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Msg-accepted requests: what MACH_SEND_NOTIFY leaves behind when it has put a message into a full
 * queue (spec/ipc.md, sections 5 and 11).
 *
 * A request belongs to its message and goes when that leaves the queue; a notification then tells
 * the name by which the message was sent.  While the name's entry is there it has the flag
 * ENTRY_ACCEPTED, and the space finds the request by the name, so that a rename or the end of
 * the entry is noted in it.
 */
#ifndef IPC_ACCEPTED_H
#define IPC_ACCEPTED_H

#include <ipc/ipc_types.h>

struct ipc_accepted {
	struct ipc_space *space;	/* a reference */
	mach_port_name_t name;		/* 0 when the entry is gone; the space's lock */
	struct ipc_port *notify;	/* a send-once right */
};

void ipc_accepted_init(void);

/*
 * Make the request for a message that is to be sent by force.
 *
 * Locks:    none.
 * Returns:  MACH_MSG_SUCCESS and a request; MACH_SEND_INVALID_NOTIFY, MACH_SEND_NOTIFY_IN_PROGRESS,
 *           MACH_SEND_NO_NOTIFY.  An entry that is gone or names something else is no error: it cannot
 *           have a request and is told as null.
 */
mach_msg_return_t ipc_accepted_create(struct ipc_space *space, mach_port_name_t name,
				      struct ipc_port *dest, mach_port_name_t notify,
				      struct ipc_accepted **requestp);

/* The message is out of the queue: tell it, and free the request.  No locks held. */
void ipc_accepted_fire(struct ipc_accepted *request);

/*
 * The name with the flag gets another, or (0) its entry goes.  Space locked.
 * Returns whether the new name's entry is to have the flag; without memory the name is lost and
 * will be told as null.
 */
bool ipc_accepted_renamed(struct ipc_space *space, mach_port_name_t name,
			  mach_port_name_t new_name);

/* How many requests there are, in all spaces. */
uint32_t ipc_accepted_pending(void);

#endif /* IPC_ACCEPTED_H */
