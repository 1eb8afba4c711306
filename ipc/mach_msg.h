/* SPDX-License-Identifier: BSD-2-Clause */
/* The trap through which programs send and receive (spec/ipc.md, sections 2, 5 and 6). */
#ifndef IPC_MACH_MSG_H
#define IPC_MACH_MSG_H

#include <ipc/ipc_types.h>

/* The trap's arguments, as they lie on the stack. */
struct mach_msg_args {
	mach_msg_header_t *msg;
	mach_msg_option_t option;
	mach_msg_size_t send_size;
	mach_msg_size_t rcv_size;
	mach_port_name_t rcv_name;
	mach_msg_timeout_t timeout;
	mach_port_name_t notify;
};

/*
 * The ordinary way; the entry code tries ipc/fast_path.h first.
 *
 * Locks:    none.  Interrupts are off on entry.
 * Blocks:   with a continuation: then it does not return but goes back to user mode itself.
 */
__attribute__((regparm(0))) mach_msg_return_t mach_msg_trap(struct mach_msg_args args);

struct ipc_kmsg;
struct thread;

/*
 * The current thread has called the kernel: deliver the answer (NULL: there is none), and receive,
 * with the arguments in self->ipc.
 *
 * Owns:     consumes the answer.
 */
_Noreturn void mach_msg_receive_answer(struct thread *self, struct ipc_kmsg *answer);

#endif /* IPC_MACH_MSG_H */
