/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The one walk over the typed items of a message body.
 *
 * An item is a type descriptor, short (4 bytes) or long (12 bytes), followed by its
 * data inline, padded to a multiple of 4, or by one pointer (spec/ipc.md, section
 * 4).  The iterator is given a range of bytes, trusts none of them, never reads beyond
 * the end, and computes all lengths in 64 bits.  Copyin, copyout, cleaning, printing
 * and the tests are loops over it.
 */
#ifndef IPC_MSG_ITEM_H
#define IPC_MSG_ITEM_H

#include <ipc/ipc_types.h>

struct msg_item {
	void *type;			/* the descriptor, in the message */
	void *data;			/* the inline data, or the pointer's slot */
	uint64_t length;		/* of the data, in bytes */
	uint32_t number;		/* of elements */
	uint16_t name;			/* MACH_MSG_TYPE_*, in full */
	uint16_t size;			/* of an element, in bits */
	bool is_inline;
	bool deallocate;
	bool longform;
	bool is_port;
};

struct msg_item_iter {
	uint8_t *next;
	uint8_t *end;
	bool copied_out;		/* an array that could not be given shows as size 0 */
};

enum msg_item_status {
	MSG_ITEM_OK,			/* *item is the next one */
	MSG_ITEM_END,			/* the body ended where an item ended */
	MSG_ITEM_TOO_SMALL,		/* descriptor, data or pointer does not fit */
	MSG_ITEM_BAD_TYPE,		/* a malformed descriptor */
};

/* Walk over [body, body + size). */
static inline struct msg_item_iter msg_items(void *body, size_t size)
{
	return (struct msg_item_iter){ .next = body, .end = (uint8_t *)body + size };
}

/*
 * Decode the next item and step over it.  On an error the iterator stays where it is and *item
 * is undefined.
 */
enum msg_item_status msg_item_next(struct msg_item_iter *iter, struct msg_item *item);

/* Is it a disposition that carries a right? */
static inline bool msg_type_is_port(uint32_t name)
{
	return name >= MACH_MSG_TYPE_MOVE_RECEIVE && name <= MACH_MSG_TYPE_MAKE_SEND_ONCE;
}

/* Change what an item's descriptor says, the form staying as it is. */
void msg_item_set_name(struct msg_item *item, uint32_t name);
void msg_item_set_deallocate(struct msg_item *item, bool deallocate);
void msg_item_set_size(struct msg_item *item, uint32_t size_bits);
void msg_item_set_number(struct msg_item *item, uint32_t number);

#endif /* IPC_MSG_ITEM_H */
