/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A message to a port of one's own, sent by the call that receives it: into an empty queue and out
 * of it at once.  So it is neither queued nor made.
 */
#ifndef IPC_SELF_CALL_H
#define IPC_SELF_CALL_H

#include <ipc/fast_path.h>

/* By a copy of a send right, and no reply is asked for. */
#define IPC_SELF_CALL_BITS MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, 0)

/*
 * Try it for the current thread, for a message with these bits.  The body stays as it is.
 *
 * Locks:    none.  Interrupts off.
 * Returns:  false when it gives up, with nothing changed.  true: the message has been sent and
 *           received, and call->header is what the receiver gets.
 */
bool ipc_self_call_take(struct thread *self, struct fast_call *call);

#endif /* IPC_SELF_CALL_H */
