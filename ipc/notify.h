/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Notifications (spec/ipc.md, section 11), and dead-name requests.
 *
 * Each function sends one notification with the send-once right `notify`, which it consumes.
 * They queue past the limit and never block; without memory the right is dropped and counted in
 * ipc_kmsg_lost.  No locks held.
 */
#ifndef IPC_NOTIFY_H
#define IPC_NOTIFY_H

#include <ipc/ipc_types.h>
#include <kern/queue.h>

void ipc_notify_port_deleted(struct ipc_port *notify, mach_port_name_t name);
void ipc_notify_msg_accepted(struct ipc_port *notify, mach_port_name_t name);
void ipc_notify_dead_name(struct ipc_port *notify, mach_port_name_t name);
void ipc_notify_no_senders(struct ipc_port *notify, mach_port_mscount_t mscount);
void ipc_notify_send_once(struct ipc_port *notify);

/* Also consumes the receive right; without memory the port is destroyed. */
void ipc_notify_port_destroyed(struct ipc_port *notify, struct ipc_port *right);

/*
 * A dead-name request: belongs to the port's list (port's lock) and is pointed at by its entry
 * (space's lock).  When the port dies the list is taken off; an entry that still has its
 * pointer then knows that its request fired.
 */
struct ipc_request {
	struct queue_link link;		/* in port->requests or on a list to be sent */
	struct ipc_port *notify;	/* a send-once right */
	mach_port_name_t name;
	struct ipc_account *payer;
};

void ipc_request_init(void);
/* NULL when memory is short, the payer's or the kernel's. */
struct ipc_request *ipc_request_alloc(struct ipc_account *payer);
void ipc_request_free(struct ipc_request *request);

/* Send dead-name (port-deleted) for every request of a list, and free them. */
void ipc_requests_fire_dead(struct queue *requests);
void ipc_requests_fire_deleted(struct queue *requests);

#endif /* IPC_NOTIFY_H */
