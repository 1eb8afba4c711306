/* SPDX-License-Identifier: BSD-2-Clause */
/* The words of type descriptors, and the items that nearly all are (see ipc/msg_item.h). */
#ifndef IPC_MSG_SHORT_H
#define IPC_MSG_SHORT_H

#include <ipc/msg_item.h>

/* The short descriptor word, from the low end (spec/abi.md, Message header and types). */
#define MSG_TYPE_NAME_SHIFT 0
#define MSG_TYPE_NAME_BITS 8
#define MSG_TYPE_SIZE_SHIFT 8
#define MSG_TYPE_SIZE_BITS 8
#define MSG_TYPE_NUMBER_SHIFT 16
#define MSG_TYPE_NUMBER_BITS 12
#define MSG_TYPE_INLINE (1u << 28)
#define MSG_TYPE_LONGFORM (1u << 29)
#define MSG_TYPE_DEALLOCATE (1u << 30)
#define MSG_TYPE_UNUSED (1u << 31)

#define MSG_SHORT_FORM 4u

static inline uint32_t msg_type_field(uint32_t word, int shift, int bits)
{
	return (word >> shift) & ((1u << bits) - 1);
}

/* What makes an item another than nearly all are. */
#define MSG_TYPE_UNUSUAL (MSG_TYPE_LONGFORM | MSG_TYPE_DEALLOCATE | MSG_TYPE_UNUSED)

/*
 * Decode an inline item with a short descriptor and step over it, in 32 bits, as its length is less
 * than 2^17; false when it is another, or wrong, or there is none: then msg_item_next looks again.
 */
static inline bool msg_short_next(struct msg_item_iter *iter, struct msg_item *item)
{
	const uint32_t *type = (const void *)iter->next;
	uint32_t left = iter->end - iter->next, word, name, size, number, length;

	if (left < MSG_SHORT_FORM)
		return false;
	word = *type;
	if ((word & (MSG_TYPE_UNUSUAL | MSG_TYPE_INLINE)) != MSG_TYPE_INLINE)
		return false;
	name = msg_type_field(word, MSG_TYPE_NAME_SHIFT, MSG_TYPE_NAME_BITS);
	size = msg_type_field(word, MSG_TYPE_SIZE_SHIFT, MSG_TYPE_SIZE_BITS);
	number = msg_type_field(word, MSG_TYPE_NUMBER_SHIFT, MSG_TYPE_NUMBER_BITS);
	length = (number * size + 7) / 8;
	if (((length + 3) & ~3u) > left - MSG_SHORT_FORM || (msg_type_is_port(name) && size != 32))
		return false;
	item->type = iter->next;
	item->data = iter->next + MSG_SHORT_FORM;
	item->length = length;
	item->number = number;
	item->name = name;
	item->size = size;
	item->is_inline = true;
	item->deallocate = false;
	item->longform = false;
	item->is_port = msg_type_is_port(name);
	iter->next += MSG_SHORT_FORM + ((length + 3) & ~3u);
	return true;
}

/* Change what such an item's descriptor says. */
static inline void msg_short_set_name(struct msg_item *item, uint32_t name)
{
	uint32_t *type = item->type;

	item->name = name;
	*type = (*type & ~((1u << MSG_TYPE_NAME_BITS) - 1)) | name;
}

#endif /* IPC_MSG_SHORT_H */
