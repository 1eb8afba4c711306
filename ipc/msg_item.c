/* SPDX-License-Identifier: BSD-2-Clause */
#include <ipc/msg_item.h>

#include <ipc/msg_short.h>
#include <kern/assert.h>

#define LONG_FORM 12u

struct long_type {
	uint32_t word;
	uint16_t name;
	uint16_t size;
	uint32_t number;
};
_Static_assert(sizeof(struct long_type) == LONG_FORM, "long type descriptor");

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
	item->is_inline = (word & MSG_TYPE_INLINE) != 0;
	item->deallocate = (word & MSG_TYPE_DEALLOCATE) != 0;
	item->longform = (word & MSG_TYPE_LONGFORM) != 0;
	item->name = msg_type_field(word, MSG_TYPE_NAME_SHIFT, MSG_TYPE_NAME_BITS);
	item->size = msg_type_field(word, MSG_TYPE_SIZE_SHIFT, MSG_TYPE_SIZE_BITS);
	item->number = msg_type_field(word, MSG_TYPE_NUMBER_SHIFT, MSG_TYPE_NUMBER_BITS);
	if (item->longform) {
		if (item->name != 0 || item->size != 0 || item->number != 0)
			return false;
		item->name = t->name;
		item->size = t->size;
		item->number = t->number;
	}
	item->is_port = msg_type_is_port(item->name);
	return (word & MSG_TYPE_UNUSED) == 0 && !(item->is_inline && item->deallocate) &&
	       (!item->is_port || item->size == 32 || (copied_out && is_nothing(item)));
}

enum msg_item_status msg_item_next(struct msg_item_iter *iter, struct msg_item *item)
{
	size_t left = iter->end - iter->next;
	size_t form = MSG_SHORT_FORM;
	uint64_t space;

	if (__builtin_expect(msg_short_next(iter, item), 1))
		return MSG_ITEM_OK;
	if (left == 0)
		return MSG_ITEM_END;
	if (left < MSG_SHORT_FORM)
		return MSG_ITEM_TOO_SMALL;
	if (*(const uint32_t *)(const void *)iter->next & MSG_TYPE_LONGFORM)
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
	*word = deallocate ? *word | MSG_TYPE_DEALLOCATE : *word & ~MSG_TYPE_DEALLOCATE;
}

void msg_item_set_size(struct msg_item *item, uint32_t size_bits)
{
	struct long_type *t = item->type;

	item->size = size_bits;
	if (item->longform)
		t->size = size_bits;
	else
		t->word = (t->word & ~0xff00u) | (size_bits << MSG_TYPE_SIZE_SHIFT);
}

void msg_item_set_number(struct msg_item *item, uint32_t number)
{
	struct long_type *t = item->type;

	item->number = number;
	if (item->longform)
		t->number = number;
	else
		t->word = (t->word & ~0x0fff0000u) | (number << MSG_TYPE_NUMBER_SHIFT);
	assert(item->longform || number < (1u << MSG_TYPE_NUMBER_BITS));
}
