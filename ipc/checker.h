/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The checker: what must always hold of spaces, ports, queues and messages (spec/ipc.md,
 * section 16), by counting everything that points at a port and comparing.
 *
 * Meant for moments of rest: no thread is in the middle of an IPC operation.  It takes no locks,
 * which one CPU without kernel preemption allows.
 */
#ifndef IPC_CHECKER_H
#define IPC_CHECKER_H

#include <ipc/ipc_types.h>

/* How something outside spaces and messages holds a port. */
enum ipc_holding { IPC_HOLDS_REFERENCE, IPC_HOLDS_SEND, IPC_HOLDS_SEND_ONCE, IPC_HOLDS_RECEIVE };

struct ipc_check;

/* Tell the checker of one holding; NULL and dead ports count for nothing. */
void ipc_check_hold(struct ipc_check *check, struct ipc_port *port, enum ipc_holding holding);

/* A port of which somebody knows without holding it: a thread that waits to send there. */
void ipc_check_reach(struct ipc_check *check, struct ipc_port *port);

/* The same for all that a message holds. */
void ipc_check_hold_message(struct ipc_check *check, struct ipc_kmsg *kmsg);

/* Every port that tasks, threads and the host hold; called back by the checker (kern/holders.c). */
void kernel_visit_holders(struct ipc_check *check);

/*
 * Compare all.  Each thing that is wrong is told on the console in a line.
 * Returns how many are; or -1 when there was no memory for the comparison.
 */
int ipc_check_all(void);

#endif /* IPC_CHECKER_H */
