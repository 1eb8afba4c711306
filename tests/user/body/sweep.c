/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bodies of one item with one or two bits changed (CI-15, CI-2): the answer must be that of the
 * function `expected', which is section 4 of the contract in the plainest form.  Names are null,
 * or what is no name of ours; out-of-line memory is one page of nulls, with nothing behind it.
 */
#include "sweep.h"

#include <libmach/server.h>
#include <libmach/string.h>
#include <mach.h>
#include <mach/vm_param.h>

#include "../common/messages.h"
#include "../common/ports.h"
#include "../common/tap.h"

#define SELF		mach_task_self()
#define WORDS_MAX	8
#define NOT_TRIED	(-1)
#define PORTS		MACH_MSG_TYPE_COPY_SEND

static mach_port_t port;
static vm_offset_t page;

struct body {
	const char	*what;
	unsigned int	count;
	uint32_t	words[WORDS_MAX];
};

/* Where a word is the page's address, once there is one. */
#define HERE	0xadd7e55u

static const struct body bodies[] = {
	{ "two words inline", 3, { TYPE_INLINE | 2 << 16 | 32 << 8 | 2, 0, 0 } },
	{ "a right inline", 2, { TYPE_INLINE | 1 << 16 | 32 << 8 | PORTS, 0 } },
	{ "100 bytes out of line", 2, { 100 << 16 | 8 << 8 | MACH_MSG_TYPE_BYTE, HERE } },
	{ "rights out of line", 2, { 3 << 16 | 32 << 8 | PORTS, HERE } },
	{ "moved memory", 2,
		{ TYPE_DEALLOCATE | 100 << 16 | 8 << 8 | MACH_MSG_TYPE_BYTE, HERE } },
	{ "long, words inline", 6, { TYPE_LONG | TYPE_INLINE, 32 << 16 | 2, 3, 0, 0, 0 } },
	{ "long, rights inline", 5, { TYPE_LONG | TYPE_INLINE, 32 << 16 | PORTS, 2, 0, 0 } },
	{ "long, bytes out of line", 4, { TYPE_LONG, 8 << 16 | MACH_MSG_TYPE_BYTE, 77, HERE } },
	{ "long, rights out of line", 4, { TYPE_LONG, 32 << 16 | PORTS, 5, HERE } },
	{ "long, moved rights", 4,
		{ TYPE_LONG | TYPE_DEALLOCATE, 32 << 16 | PORTS, 5, HERE } },
};

/* --- what the contract says ------------------------------------------------------------------ */

static boolean_t is_port(uint32_t name)
{
	return name >= MACH_MSG_TYPE_MOVE_RECEIVE && name <= MACH_MSG_TYPE_MAKE_SEND_ONCE;
}

static boolean_t is_wrong(uint32_t type, uint32_t name, uint32_t size)
{
	return (is_port(name) && size != 32) || (type & TYPE_UNUSED)
		|| ((type & TYPE_LONG) && (type & 0x0fffffff) != 0)
		|| (type & (TYPE_DEALLOCATE | TYPE_INLINE)) == (TYPE_DEALLOCATE | TYPE_INLINE);
}

static boolean_t is_mapped(vm_offset_t address)
{
	vm_offset_t at = address, offset;
	vm_prot_t protection, max;
	vm_inherit_t inheritance;
	boolean_t shared;
	mach_port_t object = MACH_PORT_NULL;
	vm_size_t size;

	if (vm_region(SELF, &at, &size, &protection, &max, &inheritance, &shared, &object,
			&offset) != KERN_SUCCESS)
		return FALSE;
	if (MACH_PORT_VALID(object))
		EXPECT(mach_port_deallocate(SELF, object), KERN_SUCCESS);
	return at <= address;
}

/*
 * Of memory out of line.  gone: the page has been deallocated by an item before.  Other memory of
 * ours is not tried.
 */
static mach_msg_return_t expected_memory(uint32_t address, uint64_t length, boolean_t gone)
{
	if (address < page || address >= page + PAGE_SIZE)
		return is_mapped(address) ? NOT_TRIED : MACH_SEND_INVALID_MEMORY;
	return !gone && address + length <= page + PAGE_SIZE ? MACH_MSG_SUCCESS
		: MACH_SEND_INVALID_MEMORY;
}

/* Of inline rights.  What would take a real one is not tried. */
static mach_msg_return_t expected_names(const uint32_t *names, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		if (names[i] != MACH_PORT_NULL && names[i] != MACH_PORT_DEAD)
			return port_type(names[i]) != 0 ? NOT_TRIED : MACH_SEND_INVALID_RIGHT;
	return MACH_MSG_SUCCESS;
}

static mach_msg_return_t expected(const uint32_t *words, unsigned int count)
{
	mach_msg_return_t result = MACH_MSG_SUCCESS;
	boolean_t gone = FALSE;

	while (count > 0 && result == MACH_MSG_SUCCESS) {
		uint32_t type = words[0], head = type & TYPE_LONG ? 3 : 1, size, name;
		uint64_t length;

		if (count < head)
			return MACH_SEND_MSG_TOO_SMALL;
		name = head == 3 ? words[1] & 0xffff : type & 0xff;
		size = head == 3 ? words[1] >> 16 : type >> 8 & 0xff;
		if (is_wrong(type, name, size))
			return MACH_SEND_INVALID_TYPE;
		length = head == 3 ? words[2] : type >> 16 & 0xfff;
		length = (length * size + 7) / 8;
		words += head;
		count -= head;
		if ((type & TYPE_INLINE ? (length + 3) / 4 : 1) > count)
			return MACH_SEND_MSG_TOO_SMALL;
		if ((type & TYPE_INLINE) && is_port(name))
			result = expected_names(words, length / 4);
		if (!(type & TYPE_INLINE) && length > 0) {
			result = expected_memory(words[0], length, gone);
			gone |= (type & TYPE_DEALLOCATE) != 0;
		}
		words += type & TYPE_INLINE ? (length + 3) / 4 : 1;
		count -= type & TYPE_INLINE ? (length + 3) / 4 : 1;
	}
	return result;
}

/* --- one message ----------------------------------------------------------------------------- */

static void try_words(const uint32_t *words, unsigned int count)
{
	mach_msg_return_t should = expected(words, count);
	struct message message;

	if (should == NOT_TRIED)
		return;
	message_init(&message, port, MACH_MSG_TYPE_COPY_SEND, MACH_PORT_NULL, 0);
	message.header.msgh_bits |= MACH_MSGH_BITS_COMPLEX;
	for (unsigned int i = 0; i < count; i++)
		message_word(&message, words[i]);
	EXPECT(message_send(&message), should);
	if (should == MACH_MSG_SUCCESS
			&& EXPECT(message_receive(&message, port), MACH_MSG_SUCCESS)) {
		EXPECT(message.header.msgh_size, sizeof message.header + 4 * count);
		mach_msg_destroy(&message.header);
	}
	/* It may have been deallocated, or not. */
	vm_allocate(SELF, &page, PAGE_SIZE, FALSE);
}

static void copy_words(const struct body *body, uint32_t *words)
{
	for (unsigned int i = 0; i < body->count; i++)
		words[i] = body->words[i] == HERE ? page : body->words[i];
}

/* Bit `second' is changed, too, unless it is the first. */
static void try_bits(const struct body *body, unsigned int first, unsigned int second)
{
	uint32_t words[WORDS_MAX];

	tap_about("%s, bits %u and %u", body->what, first, second);
	copy_words(body, words);
	words[first / 32] ^= 1u << first % 32;
	if (second != first)
		words[second / 32] ^= 1u << second % 32;
	try_words(words, body->count);
}

/* Every bit, and every pair of bits; in the short form pairs of the first word only. */
static void try_body(const struct body *body)
{
	unsigned int bits = 32 * body->count;
	unsigned int pairs = tap_rounds(32, bits);

	for (unsigned int first = 0; first < bits; first++)
		for (unsigned int second = first; second < bits; second++)
			if (second == first || second < pairs)
				try_bits(body, first, second);
}

void test_changed_bits(void)
{
	port = port_new_with_send(1);
	EXPECT(vm_allocate(SELF, &page, PAGE_SIZE, TRUE), KERN_SUCCESS);
	for (unsigned int i = 0; i < COUNT_OF(bodies); i++) {
		uint32_t words[WORDS_MAX];

		tap_about("%s", bodies[i].what);
		copy_words(&bodies[i], words);
		EXPECT(expected(words, bodies[i].count), MACH_MSG_SUCCESS);
		for (unsigned int count = 1; count <= bodies[i].count; count++)
			try_words(words, count);
		try_body(&bodies[i]);
	}
	EXPECT(vm_deallocate(SELF, page, PAGE_SIZE), KERN_SUCCESS);
	EXPECT(port_refs(port, MACH_PORT_RIGHT_SEND), 1);
	port_destroy(port);
}
