/* SPDX-License-Identifier: BSD-2-Clause */
#include <ipc/msg_item.h>

#include <kern/assert.h>

/* The short descriptor word, from the low end (spec/abi.md, Message header and types). */
#define TYPE_NAME_SHIFT 0
#define TYPE_NAME_BITS 8
#define TYPE_SIZE_SHIFT 8
#define TYPE_SIZE_BITS 8
#define TYPE_NUMBER_SHIFT 16
#define TYPE_NUMBER_BITS 12
#define TYPE_INLINE (1u << 28)
#define TYPE_LONGFORM (1u << 29)
#define TYPE_DEALLOCATE (1u << 30)
#define TYPE_UNUSED (1u << 31)

#define SHORT_FORM 4u
#define LONG_FORM 12u

struct long_type {
	uint32_t word;
	uint16_t name;
	uint16_t size;
	uint32_t number;
};
_Static_assert(sizeof(struct long_type) == LONG_FORM, "long type descriptor");

static uint32_t field(uint32_t word, int shift, int bits)
{
	return (word >> shift) & ((1u << bits) - 1);
}

/* What a copyout makes of memory for which there is no room (spec/ipc.md, section 8). */
static bool is_nothing(const struct msg_item *item)
{
	return !item->is_inline && item->size == 0;
}

/* Fill in what the descriptor at `type` says; false when it is malformed. */
static bool decode(struct msg_item *item, void *type, bool copied_out)
{
	const struct long_type *t = type;
	uint32_t word = t->word;

	item->type = type;
	item->is_inline = (word & TYPE_INLINE) != 0;
	item->deallocate = (word & TYPE_DEALLOCATE) != 0;
	item->longform = (word & TYPE_LONGFORM) != 0;
	item->name = field(word, TYPE_NAME_SHIFT, TYPE_NAME_BITS);
	item->size = field(word, TYPE_SIZE_SHIFT, TYPE_SIZE_BITS);
	item->number = field(word, TYPE_NUMBER_SHIFT, TYPE_NUMBER_BITS);
	if (item->longform) {
		if (item->name != 0 || item->size != 0 || item->number != 0)
			return false;
		item->name = t->name;
		item->size = t->size;
		item->number = t->number;
	}
	item->is_port = msg_type_is_port(item->name);
	return (word & TYPE_UNUSED) == 0 && !(item->is_inline && item->deallocate) &&
	       (!item->is_port || item->size == 32 || (copied_out && is_nothing(item)));
}

/* What makes an item another than nearly all are. */
#define TYPE_UNUSUAL (TYPE_LONGFORM | TYPE_DEALLOCATE | TYPE_UNUSED)

/*
 * Decode an inline item with a short descriptor, in 32 bits, as its length is less than 2^17; false
 * when it is another, or wrong: then msg_item_next looks again.
 */
static inline bool decode_short(struct msg_item_iter *iter, struct msg_item *item, size_t left)
{
	const struct long_type *t = (const void *)iter->next;
	uint32_t word = t->word, name, size, number, length;

	if ((word & (TYPE_UNUSUAL | TYPE_INLINE)) != TYPE_INLINE)
		return false;
	name = field(word, TYPE_NAME_SHIFT, TYPE_NAME_BITS);
	size = field(word, TYPE_SIZE_SHIFT, TYPE_SIZE_BITS);
	number = field(word, TYPE_NUMBER_SHIFT, TYPE_NUMBER_BITS);
	length = (number * size + 7) / 8;
	if (((length + 3) & ~3u) > left - SHORT_FORM || (msg_type_is_port(name) && size != 32))
		return false;
	item->type = iter->next;
	item->data = iter->next + SHORT_FORM;
	item->length = length;
	item->number = number;
	item->name = name;
	item->size = size;
	item->is_inline = true;
	item->deallocate = false;
	item->longform = false;
	item->is_port = msg_type_is_port(name);
	iter->next += SHORT_FORM + ((length + 3) & ~3u);
	return true;
}

enum msg_item_status msg_item_next(struct msg_item_iter *iter, struct msg_item *item)
{
	size_t left = iter->end - iter->next;
	size_t form = SHORT_FORM;
	uint64_t space;

	if (left == 0)
		return MSG_ITEM_END;
	if (left < SHORT_FORM)
		return MSG_ITEM_TOO_SMALL;
	if (__builtin_expect(decode_short(iter, item, left), 1))
		return MSG_ITEM_OK;
	if (*(const uint32_t *)(const void *)iter->next & TYPE_LONGFORM)
		form = LONG_FORM;
	if (left < form)
		return MSG_ITEM_TOO_SMALL;
	if (!decode(item, iter->next, iter->copied_out))
		return MSG_ITEM_BAD_TYPE;
	item->length = ((uint64_t)item->number * item->size + 7) / 8;
	space = item->is_inline ? (item->length + 3) & ~(uint64_t)3 : sizeof(void *);
	if (space > left - form)
		return MSG_ITEM_TOO_SMALL;
	item->data = iter->next + form;
	iter->next += form + (size_t)space;
	return MSG_ITEM_OK;
}

void msg_item_set_name(struct msg_item *item, uint32_t name)
{
	struct long_type *t = item->type;

	item->name = name;
	if (item->longform)
		t->name = name;
	else
		t->word = (t->word & ~0xffu) | name;
}

void msg_item_set_deallocate(struct msg_item *item, bool deallocate)
{
	uint32_t *word = item->type;

	item->deallocate = deallocate;
	*word = deallocate ? *word | TYPE_DEALLOCATE : *word & ~TYPE_DEALLOCATE;
}

void msg_item_set_size(struct msg_item *item, uint32_t size_bits)
{
	struct long_type *t = item->type;

	item->size = size_bits;
	if (item->longform)
		t->size = size_bits;
	else
		t->word = (t->word & ~0xff00u) | (size_bits << TYPE_SIZE_SHIFT);
}

void msg_item_set_number(struct msg_item *item, uint32_t number)
{
	struct long_type *t = item->type;

	item->number = number;
	if (item->longform)
		t->number = number;
	else
		t->word = (t->word & ~0x0fff0000u) | (number << TYPE_NUMBER_SHIFT);
	assert(item->longform || number < (1u << TYPE_NUMBER_BITS));
}
