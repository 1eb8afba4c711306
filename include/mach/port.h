/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Port names, rights and what can be asked about them. A name is a 32-bit
 * number with a meaning in one task's space only; it is never a pointer, in the
 * kernel either.
 */
#ifndef _MACH_PORT_H_
#define _MACH_PORT_H_

#include <mach/boolean.h>
#include <mach/machine/vm_types.h>

typedef unsigned int			mach_port_name_t;
typedef mach_port_name_t		*mach_port_name_array_t;
typedef const mach_port_name_t		*const_mach_port_name_array_t;

/* A name that stands for a right in a message or an argument list. */
typedef mach_port_name_t		mach_port_t;
typedef mach_port_t			*mach_port_array_t;
typedef const mach_port_t		*const_mach_port_array_t;

/* The two values that are never names. */
#define MACH_PORT_NULL			0
#define MACH_PORT_DEAD			((mach_port_t) ~0)
#define MACH_PORT_NAME_NULL		((mach_port_name_t) 0)
#define MACH_PORT_NAME_DEAD		((mach_port_name_t) ~0)
#define MACH_PORT_VALID(name) \
	(((name) != MACH_PORT_NULL) && ((name) != MACH_PORT_DEAD))
#define MACH_PORT_NAME_VALID(name)	MACH_PORT_VALID(name)

/* Kinds of right, as an argument. */
typedef natural_t mach_port_right_t;
#define MACH_PORT_RIGHT_SEND		((mach_port_right_t) 0)
#define MACH_PORT_RIGHT_RECEIVE		((mach_port_right_t) 1)
#define MACH_PORT_RIGHT_SEND_ONCE	((mach_port_right_t) 2)
#define MACH_PORT_RIGHT_PORT_SET	((mach_port_right_t) 3)
#define MACH_PORT_RIGHT_DEAD_NAME	((mach_port_right_t) 4)
#define MACH_PORT_RIGHT_NUMBER		((mach_port_right_t) 5)

/* Kinds of right, as a set: what a name holds. */
typedef natural_t			mach_port_type_t;
typedef mach_port_type_t		*mach_port_type_array_t;
#define MACH_PORT_TYPE(right)		((mach_port_type_t) (1 << ((right) + 16)))
#define MACH_PORT_TYPE_NONE		((mach_port_type_t) 0)
#define MACH_PORT_TYPE_SEND		MACH_PORT_TYPE(MACH_PORT_RIGHT_SEND)
#define MACH_PORT_TYPE_RECEIVE		MACH_PORT_TYPE(MACH_PORT_RIGHT_RECEIVE)
#define MACH_PORT_TYPE_SEND_ONCE	MACH_PORT_TYPE(MACH_PORT_RIGHT_SEND_ONCE)
#define MACH_PORT_TYPE_PORT_SET		MACH_PORT_TYPE(MACH_PORT_RIGHT_PORT_SET)
#define MACH_PORT_TYPE_DEAD_NAME	MACH_PORT_TYPE(MACH_PORT_RIGHT_DEAD_NAME)
#define MACH_PORT_TYPE_SEND_RECEIVE	(MACH_PORT_TYPE_SEND | MACH_PORT_TYPE_RECEIVE)
#define MACH_PORT_TYPE_SEND_RIGHTS	(MACH_PORT_TYPE_SEND | MACH_PORT_TYPE_SEND_ONCE)
#define MACH_PORT_TYPE_PORT_RIGHTS	(MACH_PORT_TYPE_SEND_RIGHTS | MACH_PORT_TYPE_RECEIVE)
#define MACH_PORT_TYPE_PORT_OR_DEAD	(MACH_PORT_TYPE_PORT_RIGHTS | MACH_PORT_TYPE_DEAD_NAME)
#define MACH_PORT_TYPE_ALL_RIGHTS	(MACH_PORT_TYPE_PORT_OR_DEAD | MACH_PORT_TYPE_PORT_SET)

/* Further bits that mach_port_type and mach_port_names report. */
#define MACH_PORT_TYPE_DNREQUEST	0x80000000U	/* dead-name request pending */
#define MACH_PORT_TYPE_MAREQUEST	0x40000000	/* msg-accepted request pending */
#define MACH_PORT_TYPE_COMPAT		0x20000000	/* never set */

/* Counts. */
typedef natural_t	mach_port_urefs_t;
typedef integer_t	mach_port_delta_t;
typedef natural_t	mach_port_seqno_t;
typedef unsigned int	mach_port_mscount_t;
typedef unsigned int	mach_port_msgcount_t;
typedef unsigned int	mach_port_rights_t;

#define MACH_PORT_QLIMIT_DEFAULT	((mach_port_msgcount_t) 5)
#define MACH_PORT_QLIMIT_MAX		((mach_port_msgcount_t) 16)

/* Answer of mach_port_get_receive_status. */
typedef struct mach_port_status {
	mach_port_name_t	mps_pset;	/* the set that it is in, or null */
	mach_port_seqno_t	mps_seqno;	/* of the next message */
	mach_port_mscount_t	mps_mscount;	/* make-send count */
	mach_port_msgcount_t	mps_qlimit;
	mach_port_msgcount_t	mps_msgcount;	/* messages queued */
	mach_port_rights_t	mps_sorights;	/* send-once rights anywhere */
	boolean_t		mps_srights;	/* are there send rights? */
	boolean_t		mps_pdrequest;	/* port-destroyed requested? */
	boolean_t		mps_nsrequest;	/* no-senders requested? */
} mach_port_status_t;

/* mach_port_set_ktype: what the kernel shall take a user's port for. */
#define MACH_PORT_KTYPE_NONE		0
#define MACH_PORT_KTYPE_USER_DEVICE	28

#endif
