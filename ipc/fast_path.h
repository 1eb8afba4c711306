/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The fast path of a remote procedure call: mach_msg with send and receive, a short simple
 * message, to a port on which a thread of the same or a better priority waits.
 *
 * The message goes from the sender's memory through the kernel stack to the receiver's, and the
 * processor and the stack with it.  Nothing is queued and no kmsg is made; a right that would
 * be made to travel and be consumed on arrival is not made.
 *
 * It first only looks; when anything is unusual it gives up, with nothing changed, and the
 * ordinary path takes the call.  Both have the same results: tests run every case down both
 * (`fast-path=0` on the kernel's command line turns this one off).
 */
#ifndef IPC_FAST_PATH_H
#define IPC_FAST_PATH_H

#include <ipc/ipc_types.h>

struct mach_msg_args;
struct thread;

extern bool ipc_fast_path_enabled;

/* Read the kernel's command line. */
void ipc_fast_path_init(const char *command_line);

/*
 * Try it.  The arguments are those of a mach_msg whose option is MACH_SEND_MSG | MACH_RCV_MSG.
 *
 * Locks:    none.  Interrupts off.
 * Returns:  when it gave up.  Otherwise the receiver goes back to user mode, and the caller waits.
 */
void ipc_fast_path(struct thread *self, const struct mach_msg_args *args);

/* Where a thread goes on that waits to receive (mach_msg.c). */
void mach_msg_receive_continue(void);

#endif /* IPC_FAST_PATH_H */
