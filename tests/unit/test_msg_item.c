/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The walk over the items of a message body: hand-made descriptors for each rule, boundary
 * values, and random bodies, compared with a second decoder, written from the contract only.
 * Bodies lie in buffers of their exact size, so that a byte read beyond the end is seen.
 */
#include <tests/unit/fakes.h>

#include <stdlib.h>
#include <string.h>

#include <ipc/msg_item.h>

/* --- The other decoder ------------------------------------------------------------------- */

struct reference {
	enum msg_item_status status;
	size_t step;			/* bytes of the whole item */
	size_t data;			/* offset of the data or the pointer */
	unsigned long long length;
	unsigned int name, size, number;
	bool is_inline, deallocate, longform, port;
};

static unsigned int byte_at(const uint8_t *p, size_t i)
{
	return p[i];
}

static unsigned int half_at(const uint8_t *p, size_t i)
{
	return byte_at(p, i) | byte_at(p, i + 1) << 8;
}

static bool reference_is_bad(const uint8_t *p, const struct reference *r)
{
	if (byte_at(p, 3) & 0x80)
		return true;
	if (r->longform &&
	    (byte_at(p, 0) || byte_at(p, 1) || byte_at(p, 2) || (byte_at(p, 3) & 15)))
		return true;
	if (r->is_inline && r->deallocate)
		return true;
	return r->port && r->size != 32;
}

/* All fields of a descriptor that is there as a whole. */
static void reference_fields(const uint8_t *p, struct reference *r)
{
	if (r->longform) {
		r->name = half_at(p, 4);
		r->size = half_at(p, 6);
		r->number = half_at(p, 8) | half_at(p, 10) << 16;
	} else {
		r->name = byte_at(p, 0);
		r->size = byte_at(p, 1);
		r->number = byte_at(p, 2) | (byte_at(p, 3) & 15) << 8;
	}
	r->is_inline = (byte_at(p, 3) & 0x10) != 0;
	r->deallocate = (byte_at(p, 3) & 0x40) != 0;
	switch (r->name) {
	case 16: case 17: case 18: case 19: case 20: case 21:
		r->port = true;
	}
}

static struct reference reference_decode(const uint8_t *p, size_t left)
{
	struct reference r = { .status = MSG_ITEM_OK };
	unsigned long long bits, needed;

	if (left == 0) {
		r.status = MSG_ITEM_END;
		return r;
	}
	r.status = MSG_ITEM_TOO_SMALL;
	if (left < 4)
		return r;
	r.longform = (byte_at(p, 3) & 0x20) != 0;
	r.data = r.longform ? 12 : 4;
	if (left < r.data)
		return r;
	reference_fields(p, &r);
	if (reference_is_bad(p, &r)) {
		r.status = MSG_ITEM_BAD_TYPE;
		return r;
	}
	bits = (unsigned long long)r.number * r.size;
	r.length = bits / 8 + (bits % 8 != 0);
	needed = r.is_inline ? r.length : 4;
	while (needed % 4 != 0)
		needed++;
	if (r.data + needed > left)
		return r;
	r.status = MSG_ITEM_OK;
	r.step = r.data + (size_t)needed;
	return r;
}

/* --- Comparison -------------------------------------------------------------------------- */

static void compare_item(uint8_t *at, const struct msg_item *item, const struct reference *r)
{
	ck_must(item->type == at);
	ck_must(item->data == at + r->data);
	ck_must(item->length == r->length);
	ck_must(item->number == r->number);
	ck_must(item->name == r->name);
	ck_must(item->size == r->size);
	ck_must(item->is_inline == r->is_inline);
	ck_must(item->deallocate == r->deallocate);
	ck_must(item->longform == r->longform);
	ck_must(item->is_port == r->port);
}

/* Walk with both decoders; returns how it ended. *items: how many were decoded. */
static enum msg_item_status walk(const void *bytes, size_t size, unsigned int *items)
{
	uint8_t *body = malloc(size);	/* exact */
	struct msg_item_iter iter = msg_items(body, size);
	struct msg_item item;
	size_t at = 0;

	*items = 0;
	if (size != 0)
		memcpy(body, bytes, size);
	for (;;) {
		struct reference r = reference_decode(body + at, size - at);
		enum msg_item_status status = msg_item_next(&iter, &item);

		ck_must(status == r.status);
		if (status != MSG_ITEM_OK) {
			ck_must(iter.next == body + at);
			free(body);
			return status;
		}
		compare_item(body + at, &item, &r);
		at += r.step;
		++*items;
		ck_must(at <= size && iter.next == body + at && iter.end == body + size);
	}
}

/* --- Hand-made --------------------------------------------------------------------------- */

#define INLINE 0x10000000u
#define LONG 0x20000000u
#define DEALLOC 0x40000000u
#define UNUSED 0x80000000u

#define SHORT_TYPE(name, size, number, flags) ((name) | (size) << 8 | (number) << 16 | (flags))
#define LONG_NAME(name, size) ((name) | (uint32_t)(size) << 16)

static const struct {
	enum msg_item_status end;
	unsigned int items;
	size_t size;
	uint32_t word[6];
} bodies[] = {
	{ MSG_ITEM_END, 0, 0, { 0 } },
	{ MSG_ITEM_END, 1, 8, { SHORT_TYPE(2u, 32u, 1u, INLINE), 7 } },
	{ MSG_ITEM_END, 2, 16,
	  { SHORT_TYPE(2u, 32u, 1u, INLINE), 7, SHORT_TYPE(9u, 8u, 3u, INLINE) } },
	{ MSG_ITEM_END, 1, 4, { SHORT_TYPE(2u, 32u, 0u, INLINE) } },
	{ MSG_ITEM_END, 1, 8, { SHORT_TYPE(2u, 32u, 0u, 0u), 0x1234 } },
	{ MSG_ITEM_END, 1, 8, { SHORT_TYPE(2u, 32u, 4095u, DEALLOC), 0x1234 } },
	{ MSG_ITEM_END, 1, 12, { LONG | INLINE, LONG_NAME(2u, 32), 0 } },
	{ MSG_ITEM_END, 1, 16, { LONG | INLINE, LONG_NAME(9u, 8), 4 } },
	{ MSG_ITEM_END, 1, 16, { LONG, LONG_NAME(9u, 8), ~0u, 0 } },
	/* A bit of a byte takes a word. */
	{ MSG_ITEM_END, 1, 8, { SHORT_TYPE(0u, 1u, 1u, INLINE) } },
	{ MSG_ITEM_END, 1, 8, { SHORT_TYPE(0u, 1u, 32u, INLINE) } },
	{ MSG_ITEM_TOO_SMALL, 0, 8, { SHORT_TYPE(0u, 1u, 33u, INLINE) } },
	/* The descriptor does not fit. */
	{ MSG_ITEM_TOO_SMALL, 0, 1, { SHORT_TYPE(2u, 32u, 0u, INLINE) } },
	{ MSG_ITEM_TOO_SMALL, 0, 3, { SHORT_TYPE(2u, 32u, 0u, INLINE) } },
	{ MSG_ITEM_TOO_SMALL, 0, 4, { LONG | INLINE } },
	{ MSG_ITEM_TOO_SMALL, 0, 8, { LONG | INLINE, LONG_NAME(2u, 32) } },
	{ MSG_ITEM_TOO_SMALL, 0, 8, { LONG | INLINE | UNUSED | 5, LONG_NAME(2u, 32) } },
	{ MSG_ITEM_TOO_SMALL, 1, 12, { SHORT_TYPE(2u, 32u, 1u, INLINE), 7, LONG } },
	/* The data or the pointer does not fit. */
	{ MSG_ITEM_TOO_SMALL, 0, 4, { SHORT_TYPE(2u, 32u, 1u, INLINE) } },
	{ MSG_ITEM_TOO_SMALL, 0, 8, { SHORT_TYPE(2u, 32u, 2u, INLINE), 7 } },
	{ MSG_ITEM_TOO_SMALL, 0, 8, { SHORT_TYPE(9u, 8u, 5u, INLINE), 7 } },
	{ MSG_ITEM_TOO_SMALL, 0, 4, { SHORT_TYPE(2u, 32u, 1u, 0u) } },
	{ MSG_ITEM_TOO_SMALL, 0, 4, { SHORT_TYPE(2u, 32u, 0u, 0u) } },
	{ MSG_ITEM_TOO_SMALL, 0, 12, { LONG, LONG_NAME(17u, 32), 1 } },
	/* Malformed. */
	{ MSG_ITEM_BAD_TYPE, 0, 8, { SHORT_TYPE(2u, 32u, 1u, INLINE | UNUSED), 7 } },
	{ MSG_ITEM_BAD_TYPE, 0, 8, { SHORT_TYPE(2u, 32u, 1u, INLINE | DEALLOC), 7 } },
	{ MSG_ITEM_BAD_TYPE, 0, 4, { SHORT_TYPE(2u, 32u, 0u, INLINE | DEALLOC) } },
	{ MSG_ITEM_BAD_TYPE, 0, 8, { SHORT_TYPE(17u, 8u, 1u, INLINE), 7 } },
	{ MSG_ITEM_BAD_TYPE, 0, 4, { SHORT_TYPE(16u, 0u, 0u, INLINE) } },
	{ MSG_ITEM_BAD_TYPE, 0, 8, { SHORT_TYPE(21u, 64u, 1u, 0u), 7 } },
	{ MSG_ITEM_BAD_TYPE, 0, 12, { LONG | INLINE | 1, LONG_NAME(2u, 32), 0 } },
	{ MSG_ITEM_BAD_TYPE, 0, 12, { LONG | INLINE | 0x100, LONG_NAME(2u, 32), 0 } },
	{ MSG_ITEM_BAD_TYPE, 0, 12, { LONG | INLINE | 0x10000, LONG_NAME(2u, 32), 0 } },
	{ MSG_ITEM_BAD_TYPE, 0, 12, { LONG | INLINE | 0x8000000, LONG_NAME(2u, 32), 0 } },
	{ MSG_ITEM_BAD_TYPE, 0, 12, { LONG | INLINE, LONG_NAME(17u, 16), 0 } },
	/* The type is looked at before the data. */
	{ MSG_ITEM_BAD_TYPE, 0, 4, { SHORT_TYPE(2u, 32u, 1u, INLINE | UNUSED) } },
	{ MSG_ITEM_BAD_TYPE, 0, 4, { SHORT_TYPE(18u, 8u, 1u, 0u) } },
	/* Names in full: these are plain data. */
	{ MSG_ITEM_END, 1, 8, { SHORT_TYPE(22u, 8u, 1u, INLINE) } },
	{ MSG_ITEM_END, 1, 8, { SHORT_TYPE(23u, 8u, 1u, INLINE) } },
	{ MSG_ITEM_END, 1, 8, { SHORT_TYPE(255u, 8u, 1u, INLINE) } },
	{ MSG_ITEM_END, 1, 16, { LONG | INLINE, LONG_NAME(0x111u, 8), 1 } },
	{ MSG_ITEM_END, 1, 16, { LONG | INLINE, LONG_NAME(0x1012u, 16), 2 } },
	/* Lengths of 32 bits would wrap. */
	{ MSG_ITEM_TOO_SMALL, 0, 16, { LONG | INLINE, LONG_NAME(19u, 32), 0x40000001 } },
	{ MSG_ITEM_TOO_SMALL, 0, 16, { LONG | INLINE, LONG_NAME(19u, 32), 0x40000000 } },
	{ MSG_ITEM_TOO_SMALL, 0, 16, { LONG | INLINE, LONG_NAME(9u, 8), 0x20000001 } },
	{ MSG_ITEM_TOO_SMALL, 0, 16, { LONG | INLINE, LONG_NAME(9u, 8), 0x80000000 } },
	{ MSG_ITEM_TOO_SMALL, 0, 16, { LONG | INLINE, LONG_NAME(9u, 8), ~0u } },
	{ MSG_ITEM_TOO_SMALL, 0, 16, { LONG | INLINE, LONG_NAME(9u, 8), ~0u - 3 } },
	{ MSG_ITEM_TOO_SMALL, 0, 16, { LONG | INLINE, LONG_NAME(9u, 65535), 0x80008 } },
	{ MSG_ITEM_TOO_SMALL, 0, 16, { LONG | INLINE, LONG_NAME(9u, 65535), ~0u } },
	{ MSG_ITEM_END, 1, 16, { LONG, LONG_NAME(19u, 32), 0x40000001 } },
};

START_TEST(test_hand_made)
{
	unsigned int items;
	enum msg_item_status end = walk(bodies[_i].word, bodies[_i].size, &items);

	ck_assert_int_eq(end, bodies[_i].end);
	ck_assert_uint_eq(items, bodies[_i].items);
}
END_TEST

/* Out of line, the length is told in full: the copyin refuses what is too long. */
START_TEST(test_long_lengths)
{
	static const struct {
		uint32_t size, number;
		uint64_t length;
	} cases[] = {
		{ 32, 0x40000000, 0x100000000 }, { 32, 0x40000001, 0x100000004 },
		{ 8, ~0u, 0xffffffff }, { 65535, ~0u, (0xffffffffull * 65535 + 7) / 8 },
		{ 65535, 0x10002, 0x10002ull * 65535 / 8 + 1 }, { 1, 9, 2 }, { 0, ~0u, 0 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint32_t body[4] = { LONG, LONG_NAME(9u, cases[i].size), cases[i].number, 0 };
		struct msg_item_iter iter = msg_items(body, sizeof(body));
		struct msg_item item;

		ck_assert_int_eq(msg_item_next(&iter, &item), MSG_ITEM_OK);
		ck_assert(item.length == cases[i].length);
		ck_assert_uint_eq(item.number, cases[i].number);
	}
}
END_TEST

/* Inline, with 8192 bytes, which is what the length would be if it wrapped. */
START_TEST(test_wrapped_size_present)
{
	uint32_t *body = calloc(1, 12 + 8192);
	struct msg_item_iter iter = msg_items(body, 12 + 8192);
	struct msg_item item;

	body[0] = LONG | INLINE;
	body[1] = LONG_NAME(9u, 65535);
	body[2] = 0x10002;
	ck_assert_int_eq(msg_item_next(&iter, &item), MSG_ITEM_TOO_SMALL);
	body[1] = LONG_NAME(9u, 8);
	body[2] = 8192;
	ck_assert_int_eq(msg_item_next(&iter, &item), MSG_ITEM_OK);
	ck_assert_int_eq(msg_item_next(&iter, &item), MSG_ITEM_END);
	free(body);
}
END_TEST

/* Every size of plain inline data around its place: fits exactly, or a byte less is too small. */
START_TEST(test_fit)
{
	for (uint32_t number = 0; number < 40; number++) {
		uint32_t padded = (number + 3) / 4 * 4;
		uint32_t body[16] = { SHORT_TYPE(9u, 8u, number, INLINE) };
		unsigned int items;

		ck_assert_int_eq(walk(body, 4 + padded, &items), MSG_ITEM_END);
		ck_assert_uint_eq(items, 1);
		for (uint32_t size = 1; size < 4 + padded; size++)
			ck_must(walk(body, size, &items) == MSG_ITEM_TOO_SMALL && items == 0);
	}
}
END_TEST

/* --- Changing descriptors ---------------------------------------------------------------- */

START_TEST(test_set)
{
	uint32_t body[6] = { SHORT_TYPE(19u, 32u, 1u, 0u), 0x5555,
			     LONG, LONG_NAME(19u, 32), 9, 0x77 };
	struct msg_item_iter iter = msg_items(body, sizeof(body));
	struct msg_item item;

	while (msg_item_next(&iter, &item) == MSG_ITEM_OK) {
		msg_item_set_name(&item, 17);
		msg_item_set_deallocate(&item, true);
		msg_item_set_size(&item, 0);
		msg_item_set_number(&item, 3);
	}
	ck_assert_uint_eq(body[0], SHORT_TYPE(17u, 0u, 3u, DEALLOC));
	ck_assert_uint_eq(body[1], 0x5555);
	ck_assert_uint_eq(body[2], LONG | DEALLOC);
	ck_assert_uint_eq(body[3], LONG_NAME(17u, 0));
	ck_assert_uint_eq(body[4], 3);
	ck_assert_uint_eq(body[5], 0x77);
	msg_item_set_deallocate(&item, false);
	ck_assert_uint_eq(body[2], LONG);
}
END_TEST

/* --- Random ------------------------------------------------------------------------------ */

static uint32_t one_of(const uint32_t *values, size_t count)
{
	return values[fake_random() % count];
}

/* A value likely to be at an edge of something. */
static uint32_t edge_number(void)
{
	static const uint32_t numbers[] = { 0, 1, 2, 3, 4, 5, 7, 8, 9, 31, 32, 33, 4095, 1u << 28,
		1u << 29, 1u << 30, 1u << 31, ~0u, ~0u - 3, 0x10002 };

	return one_of(numbers, sizeof(numbers) / sizeof(numbers[0])) + fake_random() % 3 - 1;
}

static uint32_t edge_name(void)
{
	return fake_random() % 4 == 0 ? fake_random() : 12 + fake_random() % 13;
}

static uint32_t edge_size(void)
{
	static const uint32_t sizes[] = { 0, 1, 7, 8, 9, 16, 31, 32, 32, 32, 32, 33, 64,
					  255, 0xffff };

	return one_of(sizes, sizeof(sizes) / sizeof(sizes[0]));
}

static uint32_t edge_flags(void)
{
	static const uint32_t flags[] = { INLINE, INLINE, INLINE, 0, DEALLOC, INLINE | DEALLOC };

	return one_of(flags, 6) | (fake_random() % 32 == 0 ? UNUSED : 0);
}

/* Bytes that look like descriptors, and the data between them as it comes. */
static size_t random_body(uint32_t *word, size_t words)
{
	size_t n = 0;

	while (n + 4 < words && fake_random() % 16 != 0) {
		if (fake_random() % 2 == 0) {
			word[n++] = SHORT_TYPE(edge_name() & 0xff, edge_size() & 0xff,
					       fake_random() % 5, edge_flags());
		} else {
			word[n++] = LONG | edge_flags() | (fake_random() % 16 == 0 ? 0x2000 : 0);
			word[n++] = LONG_NAME(edge_name() & 0xffff, edge_size());
			word[n++] = fake_random() % 2 ? fake_random() % 9 : edge_number();
		}
		for (uint32_t data = fake_random() % 3; data > 0 && n < words; data--)
			word[n++] = fake_random();
	}
	return n * sizeof(*word);
}

START_TEST(test_random)
{
	uint32_t ends[4] = { 0 }, total = 0;

	for (int i = 0; i < 300000; i++) {
		uint32_t word[40];
		size_t size = random_body(word, 40);
		unsigned int items;

		if (size > 0 && fake_random() % 3 == 0)
			size -= fake_random() % (size < 9 ? size : 9);
		ends[walk(word, size, &items)]++;
		total += items;
	}
	/* All ways to end are met often, or the generator is no good. */
	ck_assert_uint_gt(ends[MSG_ITEM_END], 10000);
	ck_assert_uint_gt(ends[MSG_ITEM_TOO_SMALL], 10000);
	ck_assert_uint_gt(ends[MSG_ITEM_BAD_TYPE], 10000);
	ck_assert_uint_gt(total, 200000);
}
END_TEST

START_TEST(test_noise)
{
	for (int i = 0; i < 100000; i++) {
		uint8_t bytes[64];
		unsigned int items;

		for (size_t j = 0; j < sizeof(bytes); j++)
			bytes[j] = (uint8_t)fake_random();
		walk(bytes, fake_random() % 65, &items);
	}
}
END_TEST

void unit_tests(TCase *tcase)
{
	tcase_add_loop_test(tcase, test_hand_made, 0, sizeof(bodies) / sizeof(bodies[0]));
	tcase_add_test(tcase, test_long_lengths);
	tcase_add_test(tcase, test_wrapped_size_present);
	tcase_add_test(tcase, test_fit);
	tcase_add_test(tcase, test_set);
	tcase_add_test(tcase, test_random);
	tcase_add_test(tcase, test_noise);
}
