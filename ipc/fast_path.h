/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The fast path of a remote procedure call: mach_msg with send and receive, a short message, to a
 * port on which a thread of the same or a better priority waits.  The message is simple, or has a
 * few rights in its body (ipc/fast_rights.h).  Two relatives begin here, too: calls to the kernel
 * (ipc/kernel_call.h) and messages to oneself (ipc/self_call.h).
 *
 * The message goes from the sender's memory through the kernel stack to the receiver's, and the
 * processor and the stack with it.  Nothing is queued and no kmsg is made; a right that would
 * be made to travel and be consumed on arrival is not made.
 *
 * It first only looks; when anything is unusual it gives up, with nothing changed, and the
 * ordinary path takes the call.  Both have the same results: tests run every case down both
 * (`fast-path=0` on the kernel's command line turns this one off).
 *
 * The entry code reads the header together with the trap's arguments, and writes it to the
 * receiver's buffer on the way out: one window in which user memory is open each, and no call.
 */
#ifndef IPC_FAST_PATH_H
#define IPC_FAST_PATH_H

#include <ipc/mach_msg.h>
#include <vm/page.h>

struct thread;

/* As it lies at the top of the stack. */
struct fast_call {
	mach_msg_header_t header;	/* as the sender wrote it, but for its true size */
	struct mach_msg_args args;
};

/* What to call when both parts of mach_msg are asked for, and nothing else. */
typedef __attribute__((regparm(1))) void ipc_fast_path_t(struct thread *self,
							  struct fast_call call);
extern ipc_fast_path_t *ipc_fast_path;

/*
 * What takes a message for a thread that waits in the kernel, on a port of ipc_space_reply with
 * ipc.msg = IPC_ANSWER: it is simple, and NULLs stand for one without a body.  Runs as that thread.
 */
extern __attribute__((noreturn)) void (*ipc_fast_answer)(const mach_msg_header_t *header,
							  const void *body);

/* Not the user's: so the fast path looks for it only where a buffer cannot be written to. */
#define IPC_ANSWER ((mach_msg_header_t *)KERNEL_BASE)

/* Turn it on or off. */
void ipc_fast_path_enable(bool on);

/* Read the kernel's command line. */
void ipc_fast_path_init(const char *command_line);

/*
 * Try it, on behalf of the current thread.
 *
 * Locks:    none.  Interrupts off.
 * Returns:  when it gave up.  Otherwise the receiver goes back to user mode, and the caller waits.
 */
ipc_fast_path_t ipc_fast_path_try;

static inline bool ipc_fast_path_is_on(void)
{
	return ipc_fast_path == ipc_fast_path_try;
}

/*
 * In the receiver's context, when its buffer cannot be written: what it has got is taken back.
 * Returns the result of its call.
 */
mach_msg_return_t ipc_fast_path_failed(struct thread *receiver);

/* Where a thread goes on that waits to receive (mach_msg.c). */
void mach_msg_receive_continue(void);

#endif /* IPC_FAST_PATH_H */
