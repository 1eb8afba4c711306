/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading and changing the type descriptors of a request. */
#include <mach/message.h>

#include "../common/messages.h"
#include "tests.h"

static void read_descriptor(const struct request *request, unsigned int w, struct item *item)
{
	uint32_t type = request->word[w];

	*item = (struct item) {
		.word = w, .data = w + 1,
		.name = type & 0xff, .size = type >> 8 & 0xff, .number = type >> 16 & 0xfff,
		.is_long = (type & TYPE_LONG) != 0, .is_inline = (type & TYPE_INLINE) != 0,
	};
	if (!item->is_long)
		return;
	item->data = w + 3;
	item->name = request->word[w + 1] & 0xffff;
	item->size = request->word[w + 1] >> 16;
	item->number = request->word[w + 2];
}

unsigned int items_find(const struct request *request, struct item items[ITEMS_MAX])
{
	unsigned int count = 0, w = sizeof(mach_msg_header_t) / 4;

	while (w + 1 < request->size / 4 && count < ITEMS_MAX) {
		struct item *item = &items[count++];

		read_descriptor(request, w, item);
		w = item->data + (item->is_inline ? (item->size * item->number + 31) / 32 : 1);
	}
	return count;
}

boolean_t item_is_right(uint32_t name)
{
	return name >= MACH_MSG_TYPE_MOVE_RECEIVE && name <= MACH_MSG_TYPE_MAKE_SEND_ONCE;
}

boolean_t item_is_single(const struct item *item)
{
	return item->is_inline && !item->is_long && item->size == 32 && item->number == 1;
}

static void set_bits(uint32_t *word, unsigned int shift, uint32_t mask, uint32_t value)
{
	*word = (*word & ~(mask << shift)) | (value & mask) << shift;
}

void item_set(struct request *request, const struct item *item, enum field field, uint32_t value)
{
	uint32_t *word = &request->word[item->word];

	if (item->is_long && field == FIELD_NUMBER)
		word[2] = value;
	else if (item->is_long)
		set_bits(&word[1], field == FIELD_NAME ? 0 : 16, 0xffff, value);
	else if (field == FIELD_NUMBER)
		set_bits(word, 16, 0xfff, value);
	else
		set_bits(word, field == FIELD_NAME ? 0 : 8, 0xff, value);
}
