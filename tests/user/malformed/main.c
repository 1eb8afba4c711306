/* SPDX-License-Identifier: BSD-2-Clause */
/* What is done to requests. */
#include <mach.h>
#include <mach/vm_param.h>

#include "../common/messages.h"
#include "../common/ports.h"
#include "../common/tap.h"
#include "world.h"

#define SELF		mach_task_self()
#define UNMAPPED	0x20000000u
#define KERNEL_MEMORY	0xc0100000u

static struct item items[ITEMS_MAX];
static unsigned int item_count;

static void about(const struct item *item, const char *what, uint32_t value)
{
	tap_about("%s (%d)%s, item at %u, %s 0x%x", world.routine->name, world.routine->id,
		world.silent ? " in silence" : "", item->word, what, value);
}

static boolean_t is_harmful(void)
{
	/* A driver's port is kept as long as it lives. */
	return routine_is_harmful(world.routine->id, world.kind) || world.routine->id == 2813;
}

/* --- rights that an item may bring ------------------------------------------------------------ */

/* A name of ours for an item with that type; it is gone when it was taken. */
static mach_port_t fresh_right(unsigned int type)
{
	switch (type) {
	case MACH_MSG_TYPE_MOVE_RECEIVE:
		return port_new();
	case MACH_MSG_TYPE_MOVE_SEND_ONCE:
		return port_make_send_once(ARGUMENT);
	default:
		return ARGUMENT;
	}
}

static void try_fresh(const struct item *item, unsigned int type, enum outcome outcome)
{
	mach_port_t name = fresh_right(type);

	item_set(&world.request, item, FIELD_NAME, type);
	if (item->is_inline)
		world.request.word[item->data] = name;
	if (type == MACH_MSG_TYPE_MOVE_SEND)
		port_make_send(name);
	world_try(outcome);
	if (name != ARGUMENT && port_type(name) != 0)
		port_destroy(name);
	else if (name == ARGUMENT && port_refs(name, MACH_PORT_RIGHT_SEND) > 1)
		EXPECT(mach_port_mod_refs(SELF, name, MACH_PORT_RIGHT_SEND, -1), KERN_SUCCESS);
}

/* --- types ------------------------------------------------------------------------------------ */

/* A wrong type is seen where the routine knows exactly what must come. */
static enum outcome expected(const struct item *item, uint32_t new_name)
{
	if (!item_is_single(item) || item_is_right(item->name) || item_is_right(new_name))
		return ANY_CODE;
	return REFUSED;
}

static void try_names(const struct item *item)
{
	static const uint32_t names[] = { 0, 1, 2, 8, 9, 11, 12, 15, 22, 23, 31, 0xff };

	for (unsigned int i = 0; i < COUNT_OF(names); i++) {
		if (names[i] == item->name)
			continue;
		about(item, "type", names[i]);
		item_set(&world.request, item, FIELD_NAME, names[i]);
		world_try(expected(item, names[i]));
	}
	for (unsigned int type = MACH_MSG_TYPE_MOVE_RECEIVE; type <= MACH_MSG_TYPE_MAKE_SEND_ONCE;
			type++) {
		if (type == item->name || !item_is_single(item))
			continue;
		about(item, "type", type);
		try_fresh(item, type, ANY_CODE);
	}
}

static void try_sizes_of_elements(const struct item *item)
{
	static const uint32_t sizes[] = { 0, 1, 8, 16, 31, 33, 64, 0xff };

	for (unsigned int i = 0; i < COUNT_OF(sizes); i++) {
		if (sizes[i] == item->size)
			continue;
		about(item, "size", sizes[i]);
		item_set(&world.request, item, FIELD_SIZE, sizes[i]);
		world_try(expected(item, 0));
	}
}

static void try_numbers(const struct item *item)
{
	const uint32_t numbers[] = { 0, 1, item->number - 1, item->number + 1, 0xfff, 0x10000,
		0x7fffffff, 0x80000000, 0xffffffff };

	for (unsigned int i = 0; i < COUNT_OF(numbers); i++) {
		if (numbers[i] == item->number || (!item->is_long && numbers[i] > 0xfff))
			continue;
		about(item, "number", numbers[i]);
		item_set(&world.request, item, FIELD_NUMBER, numbers[i]);
		world_try(expected(item, 0));
	}
}

static void try_bits(const struct item *item)
{
	static const uint32_t bits[] = { TYPE_INLINE, TYPE_LONG, TYPE_DEALLOCATE, TYPE_UNUSED };

	for (unsigned int i = 0; i < COUNT_OF(bits); i++) {
		about(item, "bit", bits[i]);
		world.request.word[item->word] ^= bits[i];
		world_try(expected(item, 0));
	}
}

/* --- values ----------------------------------------------------------------------------------- */

static const uint32_t values[] = {
	0, 1, 2, 3, 4, 7, 8, 16, 17, 0xff, PAGE_SIZE - 1, PAGE_SIZE, PAGE_SIZE + 1, 0x7fffffff,
	0x80000000, 0xbfffffff, 0xc0000000, -PAGE_SIZE, -1,
};

static boolean_t is_number(const struct item *item)
{
	return item->is_inline && item->number > 0 && !item_is_right(item->name);
}

/* The first of several is changed alone, too: structures have fields that count. */
static void try_values(const struct item *item)
{
	unsigned int words = (item->size * item->number + 31) / 32;

	if (!is_number(item) || is_harmful())
		return;
	for (unsigned int i = 0; i < COUNT_OF(values); i++) {
		about(item, "value", values[i]);
		world.request.word[item->data] = values[i];
		world_try(ANY_CODE);
		for (unsigned int w = 0; words > 1 && w < words; w++)
			world.request.word[item->data + w] = values[i];
		if (words > 1)
			world_try(ANY_CODE);
	}
	world_renew();
}

/* An address and a size, one behind the other, that wrap or end beyond what is a user's. */
static void try_ranges(const struct item *item)
{
	static const uint32_t ranges[][2] = {
		{ -PAGE_SIZE, PAGE_SIZE }, { -PAGE_SIZE, 2 * PAGE_SIZE }, { PAGE_SIZE, -PAGE_SIZE },
		{ 0xbffff000, 2 * PAGE_SIZE }, { 0x80000000, 0x80000000 }, { -1, -1 },
		{ PAGE_SIZE + 1, -1 }, { 0, 0xc0000000 },
	};

	if (item + 1 == items + item_count || is_harmful() || !item_is_single(item)
			|| !item_is_single(item + 1) || !is_number(item) || !is_number(item + 1))
		return;
	for (unsigned int i = 0; i < COUNT_OF(ranges); i++) {
		about(item, "range", ranges[i][0]);
		world.request.word[item[0].data] = ranges[i][0];
		world.request.word[item[1].data] = ranges[i][1];
		world_try(ANY_CODE);
	}
	world_renew();
}

/* --- rights ----------------------------------------------------------------------------------- */

/* Rights to ports of all kinds, and no rights. */
static void try_ports(const struct item *item)
{
	static const unsigned int types[] = { MACH_MSG_TYPE_COPY_SEND, MACH_MSG_TYPE_MOVE_SEND_ONCE };

	if (!item_is_right(item->name) || !item->is_inline || is_harmful())
		return;
	for (unsigned int kind = 0; kind < TARGET_KINDS; kind++)
		for (unsigned int i = 0; i < COUNT_OF(types); i++) {
			about(item, target_text(kind), types[i]);
			if (i > 0 && world.ports.port[kind] + 1 > 1)
				continue;	/* the name would be used up */
			item_set(&world.request, item, FIELD_NAME, types[i]);
			world.request.word[item->data] = world.ports.port[kind];
			world_try(ANY_CODE);
		}
	world_renew();
}

/* --- memory out of line ----------------------------------------------------------------------- */

static void try_memory(const struct item *item)
{
	static const uint32_t addresses[] = { 0, PAGE_SIZE - 1, UNMAPPED, ARGUMENT_MEMORY - 2,
		KERNEL_MEMORY, -1 };
	static const uint32_t numbers[] = { 0, 1, 2 * PAGE_SIZE, 0x100000, 0x7fffffff, 0xffffffff };

	if (item->is_inline)
		return;
	for (unsigned int i = 0; i < COUNT_OF(addresses); i++)
		for (unsigned int j = 0; j < 2 * COUNT_OF(numbers); j++) {
			about(item, "address", addresses[i]);
			world.request.word[item->data] = addresses[i];
			item_set(&world.request, item, FIELD_NUMBER, numbers[j / 2]);
			if (j % 2)
				world.request.word[item->word] ^= TYPE_DEALLOCATE;
			world_try(ANY_CODE);
		}
	world_renew();
}

/* --- the message ------------------------------------------------------------------------------ */

static void try_lengths(void)
{
	static const int lengths[] = { -8, -4, 4, 8, 0x400 };

	for (unsigned int i = 0; i < COUNT_OF(lengths); i++) {
		if (world.request.size + lengths[i] < sizeof(mach_msg_header_t))
			continue;
		tap_about("%s (%d), %d bytes more", world.routine->name, world.routine->id,
			lengths[i]);
		world.request.size += lengths[i];
		world_try(lengths[i] < 0 ? REFUSED : ANY_CODE);
	}
	tap_about("%s (%d), complex or not", world.routine->name, world.routine->id);
	if (is_harmful())	/* the bit goes by itself where nothing needs it */
		return;
	request_header(&world.request)->msgh_bits ^= MACH_MSGH_BITS_COMPLEX;
	world_try(ANY_CODE);
}

static void try_items(void)
{
	item_count = items_find(&world.good, items);
	for (const struct item *item = items; item < items + item_count; item++) {
		if (is_harmful() && item_is_right(item->name))
			continue;
		try_names(item);
		try_sizes_of_elements(item);
		try_numbers(item);
		try_bits(item);
		world_renew();
		try_values(item);
		try_ranges(item);
		try_ports(item);
		try_memory(item);
	}
}

/* As it is. */
static void try_good(void)
{
	if (!is_harmful())
		world_try(ANY_CODE);
	world_renew();
}

static void try_all(boolean_t silent)
{
	world_begin();
	for (unsigned int i = 0; i < routine_count; i++) {
		if (!world_open(i))
			continue;
		world.silent = silent;
		try_good();
		try_lengths();
		try_items();
		world.silent = FALSE;
		world_close();
	}
	world_end();
}

static void test_malformed(void)
{
	try_all(FALSE);
	EXPECT_TRUE(world_asked > 8000);
	EXPECT_TRUE(world_succeeded > 1000);
}

static void test_silent(void)
{
	try_all(TRUE);
	EXPECT_TRUE(world_asked > 2000);
}

/* What the other tests start from is as a rule what a routine accepts. */
static void test_good(void)
{
	unsigned int tried = 0;

	world_begin();
	for (unsigned int i = 0; i < routine_count; i++)
		if (world_open(i)) {
			tried++;
			try_good();
			world_close();
		}
	world_end();
	EXPECT_TRUE(world_succeeded * 10 > tried * 7);
}

static const struct test tests[] = {
	{ .name = "well-formed requests of all routines", .run = test_good, .ours = TRUE },
	{ .name = "MK-2 MK-3 each argument of each routine malformed", .run = test_malformed,
		.ours = TRUE },
	{ .name = "MK-2 MK-3 routines without a reply port", .run = test_silent, .ours = TRUE },
};

int main(int argc, char **argv)
{
	return tap_main(argc, argv, tests, COUNT_OF(tests));
}
