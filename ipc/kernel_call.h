/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A call to the kernel, straight: mach_msg with a simple message, by a copied send right, to a
 * kernel object, whose answer is awaited on the reply port by a made send-once right.  That is what
 * nearly all calls are.
 *
 * The fast path, which finds nobody waiting at a kernel object, leaves its rights here.  The request
 * is served as any, and the answer, where it is simple and nothing has happened to the reply port,
 * does not stand in its queue.  Otherwise the ordinary ways go on with what there is.
 */
#ifndef IPC_KERNEL_CALL_H
#define IPC_KERNEL_CALL_H

#include <ipc/fast_path.h>

/*
 * Take the rights for a call, and its message with this body, into the current thread's ipc; its
 * arguments, too.
 *
 * Locks:    the caller's space, dest, which is a kernel object's, and reply, whose queue is empty.
 * Returns:  false when there is no memory for it; nothing has changed.
 */
bool ipc_kernel_call_take(struct thread *self, const struct fast_call *call, const void *body,
			  struct ipc_port *dest, struct ipc_port *reply);

/* The call itself, from an empty kernel stack.  Ends as mach_msg does. */
void ipc_kernel_call(void);

#endif /* IPC_KERNEL_CALL_H */
