/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * exception_raise, straight to a handler that waits for it (spec/ipc.md, section 14).
 *
 * The thread that has the exception has all rights of its request in hand.  Where a handler waits
 * in mach_msg, has room for the request, and nothing is unusual, its names are made at once, the
 * request goes from the kernel stack to its buffer, and the processor and the stack with it: no
 * kmsg, no queue.  Otherwise nothing has changed, and the same rights go into a kmsg
 * (kern/exception.c).  The answer comes back by ipc/fast_path.h or by a kmsg, whatever way the
 * request took.
 */
#ifndef IPC_RAISE_H
#define IPC_RAISE_H

#include <ipc/ipc_types.h>
#include <kern/machine.h>

struct thread;

#define EXCEPTION_RAISE_ID 2400
#define EXCEPTION_REPLY_ID 2500

#define WORD_TYPE(name) (0x10012000u | (name))	/* one inline element of 32 bits */

/* What the request carries; a right is NULL, IP_DEAD or valid. */
struct ipc_raise {
	struct ipc_port *handler;	/* a send right */
	struct ipc_port *reply;		/* a send-once right; the port is of ipc_space_reply */
	struct ipc_port *thread, *task;	/* send rights */
	const uint32_t *code;		/* exception, code, subcode */
};

/* The request's body; rights are pointers or names, of one size. */
struct ipc_raise_body {
	uint32_t thread_type, thread;
	uint32_t task_type, task;
	uint32_t exception_type, exception;
	uint32_t code_type, code;
	uint32_t subcode_type, subcode;
};

#define RAISE_SIZE (sizeof(mach_msg_header_t) + sizeof(struct ipc_raise_body))
_Static_assert(RAISE_SIZE == 64, "exception_raise");

static inline struct ipc_raise_body ipc_raise_body(uint32_t thread, uint32_t task,
						   const uint32_t *code)
{
	return (struct ipc_raise_body){
		.thread_type = WORD_TYPE(MACH_MSG_TYPE_PORT_SEND),
		.thread = thread,
		.task_type = WORD_TYPE(MACH_MSG_TYPE_PORT_SEND),
		.task = task,
		.exception_type = WORD_TYPE(MACH_MSG_TYPE_INTEGER_32),
		.exception = code[0],
		.code_type = WORD_TYPE(MACH_MSG_TYPE_INTEGER_32),
		.code = code[1],
		.subcode_type = WORD_TYPE(MACH_MSG_TYPE_INTEGER_32),
		.subcode = code[2],
	};
}

/*
 * Try it for the current thread, which then waits for the answer on the reply port, with
 * `continuation`: as one that has called ipc_mqueue_receive with ipc.msg IPC_ANSWER.
 *
 * Locks:    none.
 * Owns:     consumes the rights when it does not return.
 * Returns:  when it gave up.  Otherwise the handler goes back to user mode.
 */
void ipc_raise_fast(struct thread *self, const struct ipc_raise *raise,
		    continuation_t continuation);

#endif /* IPC_RAISE_H */
