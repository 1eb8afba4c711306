/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Message queues: where messages meet receivers.
 *
 * A port's queue holds messages or waiting receivers, never both; a set's only
 * receivers (its members keep their messages and stand in the set's ready list).  A message
 * for which a receiver waits is handed over without being queued.
 *
 * Guarded by the lock of the port or set.  A thread that waits is linked by
 * `ipc.link`; who wants to end its wait claims it first (kern/sched.h).  A thread
 * that was claimed by a timeout or abort may still be linked until it runs: claims on it fail
 * and it is passed over.
 *
 * Senders that find a queue full wait in the order they came; whoever makes room moves
 * their messages into the queue for them.
 */
#ifndef IPC_MQUEUE_H
#define IPC_MQUEUE_H

#include <ipc/ipc_types.h>
#include <kern/queue.h>

struct thread;

struct ipc_mqueue {
	struct queue messages;		/* ipc_kmsg.link */
	struct queue receivers;		/* thread.ipc.link */
};

static inline void ipc_mqueue_init(struct ipc_mqueue *mqueue)
{
	queue_init(&mqueue->messages);
	queue_init(&mqueue->receivers);
}

/*
 * Send a message to its destination.
 *
 * The destination is the kernel: the message is served, and the reply, if any, is
 * delivered.  Dead destination or circular message: the message is destroyed.  Queue
 * full: waits, unless the option or the right forbids; then the caller's continuation
 * takes over (it never returns) and finds how it went in self->ipc.state and .kmsg.
 *
 * Locks:    none.
 * Owns:     consumes kmsg on MACH_MSG_SUCCESS only.
 *           *receiverp: a thread that was claimed to receive the message; the caller runs it. Or NULL.
 * Returns:  MACH_MSG_SUCCESS; MACH_SEND_TIMED_OUT (with option MACH_SEND_TIMEOUT and timeout 0).
 */
mach_msg_return_t ipc_mqueue_send(struct ipc_kmsg *kmsg, mach_msg_option_t option,
				  mach_msg_timeout_t timeout, void (*continuation)(void),
				  struct thread **receiverp);

/*
 * Deliver a message of the kernel's own: never waits, ignores the queue limit.  Consumes kmsg.
 * Messages of the kernel to kernel ports have no effect.
 */
void ipc_mqueue_deliver(struct ipc_kmsg *kmsg);

/* The same; returns a thread that was claimed to receive it, which the caller runs, or NULL. */
struct thread *ipc_mqueue_deliver_to(struct ipc_kmsg *kmsg);

/* The same for an answer of a kernel object's: nothing is noted when nobody pays for it. */
struct thread *ipc_mqueue_answer(struct ipc_kmsg *kmsg);

/* How the wait of a blocked sender ended; in its continuation.  Consumes the kmsg on success. */
mach_msg_return_t ipc_mqueue_send_finish(struct thread *self, struct ipc_kmsg **kmsgp);

/*
 * Receive a message on a port or set.  self->ipc holds the call's arguments and, in `object`, a
 * reference to what is received from, checked under the space's lock.
 *
 * Locks:    none.
 * Returns:  MACH_MSG_SUCCESS or MACH_RCV_TOO_LARGE with ipc.kmsg, ipc.seqno, ipc.msize set;
 *           MACH_RCV_PORT_DIED, MACH_RCV_PORT_CHANGED, MACH_RCV_IN_SET, MACH_RCV_TIMED_OUT;
 *           MACH_RCV_IN_PROGRESS: the thread has been queued and must block now.
 */
mach_msg_return_t ipc_mqueue_receive(struct thread *self);

/* After such a block: how the wait ended; unlinks the thread where it still is linked. */
mach_msg_return_t ipc_mqueue_receive_finish(struct thread *self);

/* End the waits of all receivers of a queue with a result.  Port or set locked. */
void ipc_mqueue_wake_receivers(struct ipc_mqueue *mqueue, mach_msg_return_t result);

/* Let blocked senders in while there is room.  Port locked. */
void ipc_mqueue_admit_senders(struct ipc_port *port);

/* A port with messages has come into a set with receivers: hand over.  Port and set locked. */
void ipc_mqueue_joined_set(struct ipc_port *port, struct ipc_pset *pset);

#endif /* IPC_MQUEUE_H */
