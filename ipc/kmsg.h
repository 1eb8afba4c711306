/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Messages in the kernel.
 *
 * A kmsg owns every right, reference and byte of memory in it.  Its life:
 *
 *	ipc_kmsg_get            the user's bytes, nothing owned yet  (`user` view)
 *	ipc_kmsg_copyin         names become ports, memory becomes copies (`header` view)
 *	...queued, received...
 *	ipc_kmsg_copyout        the way back                          (`user` view)
 *	...bytes to the user, and the buffer is freed (mach_msg.c)
 *
 * Names and pointers have one size on i386, so the conversion is in place; kmsg_copyin.c and
 * kmsg_copyout.c are the only files that use both views.
 */
#ifndef IPC_KMSG_H
#define IPC_KMSG_H

#include <ipc/account.h>
#include <ipc/ipc_types.h>
#include <ipc/msg_item.h>
#include <ipc/trailer.h>
#include <kern/assert.h>
#include <kern/queue.h>
#include <kern/sched.h>

/* The kernel's form of a header; the user's is mach_msg_header_t. */
struct kmsg_header {
	mach_msg_bits_t bits;		/* remote: type of the destination; local: of the reply */
	mach_msg_size_t size;
	struct ipc_port *remote;	/* destination: a right */
	struct ipc_port *local;		/* reply: a right, IP_NULL or IP_DEAD */
	mach_port_seqno_t seqno;
	mach_msg_id_t id;
};
_Static_assert(sizeof(struct kmsg_header) == sizeof(mach_msg_header_t), "message header");
_Static_assert(sizeof(mach_msg_header_t) == 24, "message header");

/*
 * In header.bits, for the kernel only: a receiver that waits and has no room for the message is told
 * so, and gets nothing of it (exceptions; section 14).  A message that is queued loses it.
 */
#define KMSG_ALL_OR_NOTHING 0x20000000u

struct ipc_kmsg {
	struct queue_link link;		/* in a port's queue or a thread's graveyard */
	uint32_t room;			/* bytes for header and body */
	struct ipc_accepted *accepted;	/* msg-accepted request (ipc/accepted.h), or NULL */
	struct kmsg_sender sender;	/* for the trailer */
	struct ipc_account *payer;	/* who pays (ipc/account.h), NULL: nobody */
	uint32_t charge;		/* bytes of kernel memory */
	union {
		struct kmsg_header header;
		mach_msg_header_t user;
	};
};

#define KMSG_OVERHEAD offsetof(struct ipc_kmsg, header)
#define KMSG_SMALL_ROOM (256u - (uint32_t)KMSG_OVERHEAD)

#define KMSG_BATCH 64u		/* ports or items between two preemption points */

/* Number of messages whose notification was lost for want of memory. */
extern uint32_t ipc_kmsg_lost;

void ipc_kmsg_init(void);

static inline void *kmsg_body(struct ipc_kmsg *kmsg)
{
	return &kmsg->header + 1;
}

static inline struct msg_item_iter kmsg_items(struct ipc_kmsg *kmsg)
{
	return msg_items(kmsg_body(kmsg), kmsg->header.size - sizeof(kmsg->header));
}

/*
 * A buffer with room for `size` bytes of header and body, contents undefined, for a message of the
 * kernel's (ipc_trailer_sign says otherwise); nobody pays for it yet.
 * Blocks: never.  Returns NULL when memory is short or size is over MACH_MSG_SIZE_MAX_INLINE.
 */
struct ipc_kmsg *ipc_kmsg_alloc(uint32_t size);

/* The same, paid by the current task; NULL also when that is too much for it. */
struct ipc_kmsg *ipc_kmsg_alloc_paid(uint32_t size);

/* Nobody pays for a message of ipc_kmsg_alloc: no limit is in its way when it is queued. */
static inline void ipc_kmsg_is_free(struct ipc_kmsg *kmsg)
{
	kmsg->charge = 0;
}

/* More memory for a message: the payer's is charged.  False when it is too much. */
static inline bool ipc_kmsg_charge(struct ipc_kmsg *kmsg, uint32_t bytes)
{
	if (!ipc_account_charge(kmsg->payer, bytes))
		return false;
	kmsg->charge += bytes;
	return true;
}

/*
 * Another than until now pays for the message from now on; it is in kernel form.
 * Returns false, with nothing changed, when that one's account does not allow it.
 */
bool ipc_kmsg_change_payer(struct ipc_kmsg *kmsg, struct ipc_account *payer);

/* Bytes of kernel memory that a message in kernel form takes, by looking at all of it. */
uint32_t ipc_kmsg_measure(struct ipc_kmsg *kmsg);

/* The message has left its queue: whoever forced it in is told. */
void ipc_kmsg_fire_accepted(struct ipc_kmsg *kmsg);

/* Free the buffer only. */
void ipc_kmsg_free(struct ipc_kmsg *kmsg);

/*
 * Destroy a message in kernel form with all that it owns.  Bounded stack whatever is
 * nested in it: messages met on the way are put off until this one is done.
 * Locks: none.
 */
void ipc_kmsg_destroy(struct ipc_kmsg *kmsg);

/*
 * Destroy a message that has been received in the kernel: its destination right has been used,
 * so nobody is told of its end.  The same when it could not be queued because nobody pays for it.
 */
void ipc_kmsg_destroy_received(struct ipc_kmsg *kmsg);

/* Release what the body owns, of its first `size` bytes; the header's rights stay. */
void ipc_kmsg_clean_body(struct ipc_kmsg *kmsg, uint32_t size);

/* Release one right in hand by the type that it has in a message. */
void ipc_right_in_hand_release(struct ipc_port *port, uint32_t type);

/* The same for an array of them.  Locks: none.  Blocks: at preemption points. */
void ipc_rights_in_hand_release(struct ipc_port *const *ports, uint32_t number, uint32_t type);

/*
 * At the end of step number i over the ports of a message: arrays are long, so let others run
 * now and then.  Locks: none.
 */
static inline void kmsg_breathe(uint32_t i)
{
	if (__builtin_expect(i % KMSG_BATCH == KMSG_BATCH - 1, 0))
		preemption_point();
}

/*
 * Step 1 of a send: the user's bytes, paid by the current task.
 * Returns: MACH_MSG_SUCCESS; MACH_SEND_MSG_TOO_SMALL; MACH_SEND_NO_BUFFER; MACH_SEND_INVALID_DATA.
 */
mach_msg_return_t ipc_kmsg_get(mach_msg_header_t *msg, mach_msg_size_t size,
			       struct ipc_kmsg **kmsgp);

/*
 * Steps 2 and 3: header and body (spec/ipc.md, sections 3 and 4).  `notify` counts with
 * MACH_SEND_CANCEL in option.
 *
 * Locks:    none.
 * Blocks:   in copying out-of-line memory.
 * Returns:  MACH_MSG_SUCCESS and the kmsg is in kernel form; MACH_SEND_INVALID_...: the buffer alone
 *           is left for the caller to free, what section 2 says has happened.
 */
mach_msg_return_t ipc_kmsg_copyin(struct ipc_kmsg *kmsg, struct ipc_space *space,
				  struct vm_map *map, mach_msg_option_t option,
				  mach_port_name_t notify);

/*
 * Section 7 and 8: all of a message.
 *
 * Returns:  MACH_MSG_SUCCESS or MACH_RCV_BODY_ERROR | bits: in user form, ready to put.
 *           MACH_RCV_HEADER_ERROR | bits: still in kernel form and intact.
 */
mach_msg_return_t ipc_kmsg_copyout(struct ipc_kmsg *kmsg, struct ipc_space *space,
				   struct vm_map *map);

/*
 * The same with MACH_RCV_NOTIFY: a new entry of the header's reply right gets a dead-name request
 * that answers to the receive right `notify`; if that is none, MACH_RCV_INVALID_NOTIFY, and the
 * message is intact.
 */
mach_msg_return_t ipc_kmsg_copyout_notify(struct ipc_kmsg *kmsg, struct ipc_space *space,
					  struct vm_map *map, mach_port_name_t notify);

/* Section 9, bare: the destination copied out, all else destroyed; user form, a header. */
void ipc_kmsg_copyout_bare(struct ipc_kmsg *kmsg, struct ipc_space *space);

/* Section 9, pseudo-received: user form.  Returns body error bits or 0. */
mach_msg_return_t ipc_kmsg_copyout_pseudo(struct ipc_kmsg *kmsg, struct ipc_space *space,
					  struct vm_map *map);

/* Take back what a copyout has put into the space and map; user form. */
void ipc_kmsg_copyout_undo(struct ipc_kmsg *kmsg, struct ipc_space *space, struct vm_map *map);
void ipc_kmsg_copyout_pseudo_undo(struct ipc_kmsg *kmsg, struct ipc_space *space,
				  struct vm_map *map);

#endif /* IPC_KMSG_H */
