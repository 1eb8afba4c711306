/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What one task may use of the kernel with its messages, ports and names.
 *
 * message_size: bytes of header and body of a message that it sends.  One that is longer fails
 *		with MACH_SEND_NO_BUFFER.
 * names:	names in its space.  One more gives KERN_NO_SPACE; in a message that it receives
 *		MACH_MSG_IPC_SPACE, and the right is lost.
 * memory:	bytes of kernel memory: messages that it has sent and nobody has received, answers
 *		and notifications that it has asked for and not received, its ports, port sets,
 *		requests, and the tables of its names; the kernel's ports for proxies that it has
 *		made, and for memory objects that it has mapped first.  Beyond it a send fails with
 *		MACH_SEND_NO_BUFFER (an out-of-line item with MACH_SEND_INVALID_MEMORY), all else
 *		with KERN_RESOURCE_SHORTAGE or MACH_MSG_IPC_KERNEL; answers and notifications
 *		to it are destroyed.
 *
 * Whoever is beyond a limit that is set below what it uses keeps what it has and gets no more.
 */
#ifndef _MACH_IPC_LIMITS_H_
#define _MACH_IPC_LIMITS_H_

#include <mach/machine/vm_types.h>
#include <mach/message.h>

/* Bounds of message_size: the largest message that there is; and what every task can send. */
#define IPC_LIMIT_MESSAGE_MAX		MACH_MSG_SIZE_MAX_INLINE
#define IPC_LIMIT_MESSAGE_MIN		4096u

#define IPC_LIMIT_NONE			0xffffffffu	/* for names and memory */

/* What a task has unless the host or its parent says otherwise. */
#define IPC_LIMIT_MESSAGE_DEFAULT	IPC_LIMIT_MESSAGE_MAX
#define IPC_LIMIT_NAMES_DEFAULT		(1u << 20)
#define IPC_LIMIT_MEMORY_SHARE		2	/* one half of what the kernel can use for itself */

struct ipc_limits {
	natural_t	il_message_size;
	natural_t	il_names;
	natural_t	il_memory;
};
typedef struct ipc_limits ipc_limits_t;

struct ipc_usage {
	natural_t	iu_memory;		/* bytes now */
	natural_t	iu_memory_highest;	/* and at most, since the task was made */
	natural_t	iu_names;
	natural_t	iu_refused_messages;	/* how often it met each limit */
	natural_t	iu_refused_names;
	natural_t	iu_refused_memory;
};
typedef struct ipc_usage ipc_usage_t;

#endif
