/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Messages: a header of 24 bytes, then, if MACH_MSGH_BITS_COMPLEX is set, a
 * sequence of items, each a type descriptor followed by its data (inline, padded
 * to words) or by a pointer (out of line).
 */
#ifndef _MACH_MESSAGE_H_
#define _MACH_MESSAGE_H_

#include <mach/kern_return.h>
#include <mach/port.h>

typedef natural_t	mach_msg_timeout_t;	/* milliseconds */
typedef unsigned int	mach_msg_bits_t;
typedef unsigned int	mach_msg_size_t;	/* bytes */
typedef natural_t	mach_msg_seqno_t;
typedef integer_t	mach_msg_id_t;

#define MACH_MSG_TIMEOUT_NONE		((mach_msg_timeout_t) 0)

/* Header bits. The kernel clears on sending all bits that are not named here. */
#define MACH_MSGH_BITS_ZERO		0x00000000
#define MACH_MSGH_BITS_REMOTE_MASK	0x000000ff
#define MACH_MSGH_BITS_LOCAL_MASK	0x0000ff00
#define MACH_MSGH_BITS_PORTS_MASK \
	(MACH_MSGH_BITS_REMOTE_MASK | MACH_MSGH_BITS_LOCAL_MASK)
#define MACH_MSGH_BITS_COMPLEX		0x80000000U
#define MACH_MSGH_BITS_CIRCULAR		0x40000000	/* the kernel's own */
/* No longer used; other headers name them. */
#define MACH_MSGH_BITS_COMPLEX_PORTS	0x20000000
#define MACH_MSGH_BITS_COMPLEX_DATA	0x10000000
#define MACH_MSGH_BITS_MIGRATED		0x08000000
#define MACH_MSGH_BITS_UNUSED		0x07ff0000

#define MACH_MSGH_BITS(remote, local)	((remote) | ((local) << 8))
#define MACH_MSGH_BITS_REMOTE(bits)	((bits) & MACH_MSGH_BITS_REMOTE_MASK)
#define MACH_MSGH_BITS_LOCAL(bits)	(((bits) & MACH_MSGH_BITS_LOCAL_MASK) >> 8)
#define MACH_MSGH_BITS_PORTS(bits)	((bits) & MACH_MSGH_BITS_PORTS_MASK)
#define MACH_MSGH_BITS_OTHER(bits)	((bits) & ~MACH_MSGH_BITS_PORTS_MASK)

/*
 * In a message to be sent `remote' is the destination, `local' the reply port;
 * in a received one `remote' is where to reply and `local' where it arrived.
 */
typedef struct mach_msg_header {
	mach_msg_bits_t		msgh_bits;
	mach_msg_size_t		msgh_size;
	mach_port_t		msgh_remote_port;
	union {
		mach_port_t	msgh_local_port;
		rpc_uintptr_t	msgh_protected_payload;
	};
	mach_port_seqno_t	msgh_seqno;
	mach_msg_id_t		msgh_id;
} mach_msg_header_t;

#define msgh_kind			msgh_seqno
#define mach_msg_kind_t			mach_port_seqno_t
#define MACH_MSGH_KIND_NORMAL		0x00000000

/* What the types can express; and what the kernel takes in one message. */
#define MACH_MSG_SIZE_MAX		((mach_msg_size_t) ~0)
#define MACH_MSG_SIZE_MAX_INLINE	((mach_msg_size_t) 0x110000)

/* Type descriptors. */
typedef unsigned int	mach_msg_type_name_t;
typedef unsigned int	mach_msg_type_size_t;	/* bits */
typedef natural_t	mach_msg_type_number_t;	/* elements */

typedef struct {
	unsigned int	msgt_name	: 8,
			msgt_size	: 8,
			msgt_number	: 12,
			msgt_inline	: 1,
			msgt_longform	: 1,
			msgt_deallocate	: 1,
			msgt_unused	: 1;
} mach_msg_type_t;

/* With msgt_longform: the first three fields of the header are 0. */
typedef struct {
	mach_msg_type_t	msgtl_header;
	unsigned short	msgtl_name;
	unsigned short	msgtl_size;
	natural_t	msgtl_number;
} mach_msg_type_long_t;

/* Type names: plain data ... */
#define MACH_MSG_TYPE_UNSTRUCTURED	0
#define MACH_MSG_TYPE_BIT		0
#define MACH_MSG_TYPE_BOOLEAN		0
#define MACH_MSG_TYPE_INTEGER_16	1
#define MACH_MSG_TYPE_INTEGER_32	2
#define MACH_MSG_TYPE_CHAR		8
#define MACH_MSG_TYPE_BYTE		9
#define MACH_MSG_TYPE_INTEGER_8		9
#define MACH_MSG_TYPE_REAL		10
#define MACH_MSG_TYPE_INTEGER_64	11
#define MACH_MSG_TYPE_STRING		12
#define MACH_MSG_TYPE_STRING_C		12
#define MACH_MSG_TYPE_PORT_NAME		15	/* a number, not a right */

/* ... and rights: what the sender gives, ... */
#define MACH_MSG_TYPE_MOVE_RECEIVE	16
#define MACH_MSG_TYPE_MOVE_SEND		17
#define MACH_MSG_TYPE_MOVE_SEND_ONCE	18
#define MACH_MSG_TYPE_COPY_SEND		19
#define MACH_MSG_TYPE_MAKE_SEND		20
#define MACH_MSG_TYPE_MAKE_SEND_ONCE	21

/* ... and what the receiver gets. */
#define MACH_MSG_TYPE_PORT_RECEIVE	MACH_MSG_TYPE_MOVE_RECEIVE
#define MACH_MSG_TYPE_PORT_SEND		MACH_MSG_TYPE_MOVE_SEND
#define MACH_MSG_TYPE_PORT_SEND_ONCE	MACH_MSG_TYPE_MOVE_SEND_ONCE

/* In the header's local type: the port has a payload, here it is. */
#define MACH_MSG_TYPE_PROTECTED_PAYLOAD	23

#define MACH_MSG_TYPE_LAST		23
#define MACH_MSG_TYPE_POLYMORPHIC	((mach_msg_type_name_t) -1)

#define MACH_MSG_TYPE_PORT_ANY(x) \
	((x) >= MACH_MSG_TYPE_MOVE_RECEIVE && (x) <= MACH_MSG_TYPE_MAKE_SEND_ONCE)
#define MACH_MSG_TYPE_PORT_ANY_SEND(x) \
	((x) >= MACH_MSG_TYPE_MOVE_SEND && (x) <= MACH_MSG_TYPE_MAKE_SEND_ONCE)
#define MACH_MSG_TYPE_PORT_ANY_RIGHT(x) \
	((x) >= MACH_MSG_TYPE_MOVE_RECEIVE && (x) <= MACH_MSG_TYPE_MOVE_SEND_ONCE)

/* Options of mach_msg. */
typedef integer_t mach_msg_option_t;
#define MACH_MSG_OPTION_NONE		0x00000000
#define MACH_SEND_MSG			0x00000001
#define MACH_RCV_MSG			0x00000002
#define MACH_SEND_TIMEOUT		0x00000010
#define MACH_SEND_NOTIFY		0x00000020
#define MACH_SEND_INTERRUPT		0x00000040	/* the library does not restart */
#define MACH_SEND_CANCEL		0x00000080
#define MACH_RCV_TIMEOUT		0x00000100
#define MACH_RCV_NOTIFY			0x00000200
#define MACH_RCV_INTERRUPT		0x00000400	/* the library does not restart */
#define MACH_RCV_LARGE			0x00000800	/* keep what does not fit queued */
#define MACH_SEND_ALWAYS		0x00010000	/* the kernel's own: no queue limit */

/*
 * Trailers: with MACH_RCV_TRAILER_TYPE(0) | MACH_RCV_TRAILER_ELEMENTS(n) in the
 * receive options, the first n elements of mach_msg_format_0_trailer_t, counted
 * after type and size, follow the message at the next multiple of four; n is one
 * of the numbers below. The receive buffer must hold both. MACH_RCV_TRAILER_NULL
 * asks for nothing. A bare header is followed by none.
 */
#define MACH_RCV_TRAILER_NULL		0
#define MACH_RCV_TRAILER_SEQNO		1
#define MACH_RCV_TRAILER_SENDER		2	/* also the security token */
#define MACH_RCV_TRAILER_AUDIT		3	/* also the audit token */
#define MACH_RCV_TRAILER_TYPE(x)	(((x) & 0xf) << 28)
#define MACH_RCV_TRAILER_ELEMENTS(x)	(((x) & 0xf) << 24)
#define MACH_RCV_TRAILER_MASK		((mach_msg_option_t) 0xff000000)

typedef unsigned int mach_msg_trailer_type_t;
typedef unsigned int mach_msg_trailer_size_t;
#define MACH_MSG_TRAILER_FORMAT_0	0

/* Who the sender is, as set with task_set_security_token; inherited. */
typedef struct {
	unsigned int	val[2];
} security_token_t;

/* That of the kernel's own messages, which come from task and thread 0. */
#define KERNEL_SECURITY_TOKEN_VALUE	{ { 0, 1 } }

/* Which task and thread sent it: numbers from 1 that are not used again. */
typedef struct {
	natural_t	task;
	natural_t	thread;
} audit_token_t;

typedef struct {
	mach_msg_trailer_type_t	msgh_trailer_type;
	mach_msg_trailer_size_t	msgh_trailer_size;
} mach_msg_trailer_t;

typedef struct {
	mach_msg_trailer_type_t	msgh_trailer_type;
	mach_msg_trailer_size_t	msgh_trailer_size;
	mach_port_seqno_t	msgh_seqno;
	security_token_t	msgh_sender;
	audit_token_t		msgh_audit;
} mach_msg_format_0_trailer_t;

#define MACH_MSG_TRAILER_MINIMUM_SIZE	sizeof(mach_msg_trailer_t)
#define MAX_TRAILER_SIZE		sizeof(mach_msg_format_0_trailer_t)

/* Results of mach_msg. */
typedef kern_return_t mach_msg_return_t;
#define MACH_MSG_SUCCESS		0x00000000

/* What went wrong with the body's rights and memory: or-ed to the errors with ERROR in them. */
#define MACH_MSG_MASK			0x00003c00
#define MACH_MSG_IPC_SPACE		0x00002000	/* no room for names */
#define MACH_MSG_VM_SPACE		0x00001000	/* no room in the address space */
#define MACH_MSG_IPC_KERNEL		0x00000800	/* kernel memory, for rights */
#define MACH_MSG_VM_KERNEL		0x00000400	/* kernel memory, for data */

#define MACH_SEND_IN_PROGRESS		0x10000001
#define MACH_SEND_INVALID_DATA		0x10000002	/* the message cannot be read */
#define MACH_SEND_INVALID_DEST		0x10000003
#define MACH_SEND_TIMED_OUT		0x10000004
#define MACH_SEND_WILL_NOTIFY		0x10000005
#define MACH_SEND_NOTIFY_IN_PROGRESS	0x10000006
#define MACH_SEND_INTERRUPTED		0x10000007
#define MACH_SEND_MSG_TOO_SMALL		0x10000008	/* size and contents disagree */
#define MACH_SEND_INVALID_REPLY		0x10000009
#define MACH_SEND_INVALID_RIGHT		0x1000000a	/* of a name in the body */
#define MACH_SEND_INVALID_NOTIFY	0x1000000b
#define MACH_SEND_INVALID_MEMORY	0x1000000c	/* out-of-line data */
#define MACH_SEND_NO_BUFFER		0x1000000d
#define MACH_SEND_NO_NOTIFY		0x1000000e
#define MACH_SEND_INVALID_TYPE		0x1000000f
#define MACH_SEND_INVALID_HEADER	0x10000010

#define MACH_RCV_IN_PROGRESS		0x10004001
#define MACH_RCV_INVALID_NAME		0x10004002
#define MACH_RCV_TIMED_OUT		0x10004003
#define MACH_RCV_TOO_LARGE		0x10004004
#define MACH_RCV_INTERRUPTED		0x10004005
#define MACH_RCV_PORT_CHANGED		0x10004006
#define MACH_RCV_INVALID_NOTIFY		0x10004007
#define MACH_RCV_INVALID_DATA		0x10004008	/* the buffer cannot be written */
#define MACH_RCV_PORT_DIED		0x10004009
#define MACH_RCV_IN_SET			0x1000400a
#define MACH_RCV_HEADER_ERROR		0x1000400b
#define MACH_RCV_BODY_ERROR		0x1000400c
#define MACH_RCV_INVALID_TRAILER	0x1000400f	/* no such type or elements */

#ifndef KERNEL
/* The trap, and the library's form of it, which restarts interrupted calls. */
mach_msg_return_t mach_msg_trap(mach_msg_header_t *msg, mach_msg_option_t option,
	mach_msg_size_t send_size, mach_msg_size_t rcv_size, mach_port_name_t rcv_name,
	mach_msg_timeout_t timeout, mach_port_name_t notify);
mach_msg_return_t mach_msg(mach_msg_header_t *msg, mach_msg_option_t option,
	mach_msg_size_t send_size, mach_msg_size_t rcv_size, mach_port_name_t rcv_name,
	mach_msg_timeout_t timeout, mach_port_name_t notify);
extern __typeof__(mach_msg) __mach_msg;
extern __typeof__(mach_msg_trap) __mach_msg_trap;
#endif

#endif
