/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Receive trailers: what the kernel tells about a message behind it (spec/ipc.md, section 15).
 *
 * A receiver asks with MACH_RCV_TRAILER_TYPE(0) | MACH_RCV_TRAILER_ELEMENTS(n) in its option.
 * n counts what it wants, in the order of mach_msg_format_0_trailer_t, after type and size:
 *
 *	0	no trailer: nothing is as if trailers did not exist, since type 0 is 0 too
 *	1	(SEQNO) the sequence number, the same as the header's: 12 bytes
 *	2	(SENDER) also the sender's security token: 20 bytes
 *	3	(AUDIT) also the sender's audit token, task and thread: 28 bytes
 *
 * Any other type or number: MACH_RCV_INVALID_TRAILER, looked at before anything else when the call
 * receives; nothing is sent or received then.  A call that only sends may have any bits there.
 *
 * Where it is: at msgh_size rounded up to 4, behind a whole message, one with
 * MACH_RCV_BODY_ERROR too.  msgh_size is the message's alone, msgh_trailer_size the trailer's.
 * There is none behind a bare header (MACH_RCV_TOO_LARGE, MACH_RCV_HEADER_ERROR,
 * MACH_RCV_INVALID_NOTIFY), whose msgh_size is not where it ends, nor behind a message that
 * comes back to its sender.
 *
 * The buffer must hold both: else the message is too large, and with MACH_RCV_LARGE the size told
 * is that of both.  A trailer that cannot be written is like a message that cannot:
 * MACH_RCV_INVALID_DATA, and what was given to the receiver is taken back.
 *
 * Who the sender is is noted in the message when it is sent, so he may have died since.  The
 * security token is what his task had then; tasks begin with their parent's, those of the boot
 * script with 0, 0.  Ids are counted from 1; 0 is the kernel.  What the kernel itself
 * sends (replies of its objects, notifications, exceptions, whatever thread they are about) has
 * KERNEL_SECURITY_TOKEN_VALUE and task and thread 0.
 *
 * Timeouts, sets, MACH_RCV_NOTIFY and sending in the same call change nothing of this.  A
 * receiver that wants a trailer is served by the ordinary path only.
 */
#ifndef IPC_TRAILER_H
#define IPC_TRAILER_H

#include <stdbool.h>

#include <mach/message.h>

struct ipc_kmsg;
struct thread;

/* Who sent a message, in the form of the trailer. */
struct kmsg_sender {
	security_token_t token;
	audit_token_t audit;
};

#define KMSG_SENDER_KERNEL { KERNEL_SECURITY_TOKEN_VALUE, { 0, 0 } }

/* Is it a trailer that we know?  The option of a call that receives. */
bool ipc_trailer_known(mach_msg_option_t option);

/* What ipc_trailer_room answers when there is a trailer. */
mach_msg_size_t ipc_trailer_end(mach_msg_size_t size, mach_msg_option_t option);

/* Bytes that a buffer must have for a message of so many and for the trailer. */
static inline mach_msg_size_t ipc_trailer_room(mach_msg_size_t size, mach_msg_option_t option)
{
	if (__builtin_expect((option & MACH_RCV_TRAILER_MASK) == 0, 1))
		return size;
	return ipc_trailer_end(size, option);
}

/* Note in a message that a thread sends it. */
void ipc_trailer_sign(struct ipc_kmsg *kmsg, const struct thread *sender);

/*
 * Write the trailer behind a message, in user form, that lies at `msg` in the current task.
 *
 * Locks:    none.
 * Returns:  0, also when the option asks for none; 1 when it cannot be written.
 */
int ipc_trailer_put(const struct ipc_kmsg *kmsg, mach_msg_header_t *msg,
		    mach_msg_option_t option);

#endif /* IPC_TRAILER_H */
