/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages at random: well made, nearly well made, and garbage. */
#include <mach.h>

#include "../common/messages.h"
#include "storm.h"

#define SEND_RCV	(MACH_SEND_MSG | MACH_RCV_MSG)
#define TIMEOUTS	(MACH_SEND_TIMEOUT | MACH_RCV_TIMEOUT)
#define BUFFER_SIZE	(BUFFER_WORDS * 4)

/* --- building --------------------------------------------------------------------------------- */

struct build {
	uint32_t	*next, *end;
};

static void put(struct build *build, uint32_t word)
{
	if (build->next < build->end)
		*build->next++ = word;
}

/* A type descriptor, short or long; now and then with a bit wrong. */
static void put_type(struct worker_state *self, struct build *build, uint32_t name, uint32_t size,
	uint32_t number, uint32_t bits)
{
	uint32_t wrong = once_in(self, 24) ? 1u << random_below(self, 32) : 0;

	if (number > 0xfff || once_in(self, 4)) {
		put(build, (TYPE_LONG | bits) ^ wrong);
		put(build, name | size << 16);
		put(build, number);
	} else {
		put(build, (name | size << 8 | number << 16 | bits) ^ wrong);
	}
}

static uint32_t random_disposition(struct worker_state *self)
{
	return once_in(self, 16) ? random_below(self, 32)
		: MACH_MSG_TYPE_MOVE_RECEIVE + random_below(self, 6);
}

static void put_inline(struct worker_state *self, struct build *build)
{
	uint32_t number = random_below(self, once_in(self, 8) ? 1500 : 8);

	put_type(self, build, MACH_MSG_TYPE_INTEGER_32, 32, number, TYPE_INLINE);
	while (number-- > 0)
		put(build, random_word(self));
}

static void put_rights(struct worker_state *self, struct build *build)
{
	uint32_t number = random_below(self, 4);

	put_type(self, build, random_disposition(self), 32, number, TYPE_INLINE);
	while (number-- > 0)
		put(build, random_name(self));
}

static uint32_t random_length(struct worker_state *self)
{
	return once_in(self, 12) ? random_argument(self) : random_below(self, 0x8000);
}

static void put_memory(struct worker_state *self, struct build *build)
{
	put_type(self, build, MACH_MSG_TYPE_BYTE, 8, random_length(self),
		once_in(self, 4) ? TYPE_DEALLOCATE : 0);
	put(build, random_address(self));
}

static void put_array(struct worker_state *self, struct build *build)
{
	uint32_t number = once_in(self, 12) ? random_argument(self) : random_below(self, 64);
	uint32_t *names = (uint32_t *) (ARENA + (random_word(self) & (ARENA_SIZE / 2 - 4)));

	if (number < 64)
		for (uint32_t i = 0; i < number; i++)
			names[i] = once_in(self, 8) ? random_name(self)
				: NAME_PORT + random_below(self, PORTS);
	put_type(self, build, once_in(self, 3) ? random_disposition(self)
		: MACH_MSG_TYPE_COPY_SEND, 32, number, once_in(self, 6) ? TYPE_DEALLOCATE : 0);
	put(build, (uintptr_t) names);
}

static void put_item(struct worker_state *self, struct build *build)
{
	switch (random_below(self, 8)) {
	case 0:
		put(build, random_word(self));
		break;
	case 1:
	case 2:
		put_inline(self, build);
		break;
	case 3:
		put_memory(self, build);
		break;
	case 4:
		put_array(self, build);
		break;
	default:
		put_rights(self, build);
	}
}

/* A message in the worker's buffer; returns its size. */
static mach_msg_size_t build_message(struct worker_state *self)
{
	mach_msg_header_t *header = self->message;
	struct build build = { (uint32_t *) (header + 1), (uint32_t *) header + BUFFER_WORDS };
	boolean_t complex = once_in(self, 2);

	*header = (mach_msg_header_t) {
		.msgh_bits = MACH_MSGH_BITS(once_in(self, 4) ? random_disposition(self)
			: MACH_MSG_TYPE_COPY_SEND, once_in(self, 3) ? random_disposition(self) : 0),
		.msgh_remote_port = random_name(self),
		.msgh_id = random_word(self),
	};
	if (MACH_MSGH_BITS_LOCAL(header->msgh_bits) != 0)
		header->msgh_local_port = random_name(self);
	if (complex)
		header->msgh_bits |= MACH_MSGH_BITS_COMPLEX;
	for (unsigned int items = complex ? random_below(self, 5) : 0; items > 0; items--)
		put_item(self, &build);
	if (!complex)
		build.next += random_below(self, once_in(self, 8) ? BUFFER_WORDS - 6 : 20);
	if (once_in(self, 16))
		header->msgh_bits ^= 1u << random_below(self, 32);
	header->msgh_size = (uint8_t *) build.next - (uint8_t *) header;
	return header->msgh_size;
}

/* --- sending and receiving -------------------------------------------------------------------- */

static mach_msg_return_t call(struct worker_state *self, mach_msg_option_t option,
	mach_msg_size_t send_size, mach_msg_size_t rcv_size, mach_port_t rcv_name)
{
	mach_msg_return_t result;

	result = mach_msg_trap(self->message, option, send_size, rcv_size, rcv_name,
		random_below(self, 4) * 3, once_in(self, 4) ? random_name(self) : MACH_PORT_NULL);
	if (result == MACH_MSG_SUCCESS && (option & MACH_RCV_MSG))
		digest_message(self, self->message);
	return result;
}

void digest_message(struct worker_state *self, mach_msg_header_t *message)
{
	const uint32_t *body = (const uint32_t *) (message + 1);

	self->recent[self->newest++ % RECENT] = message->msgh_remote_port;
	if ((message->msgh_bits & MACH_MSGH_BITS_COMPLEX) && message->msgh_size >= 32)
		self->recent[self->newest++ % RECENT] = body[1];
	if (!once_in(self, 4))
		mach_msg_destroy(message);
}

static mach_port_t random_source(struct worker_state *self)
{
	if (once_in(self, 16))
		return random_name(self);
	if (once_in(self, 4))
		return NAME_SET + random_below(self, SETS);
	return NAME_PORT + random_below(self, PORTS);
}

/* As a client does: the fast path, if the other side plays along. */
static void be_client(struct worker_state *self)
{
	mach_msg_size_t size = 24 + 4 * random_below(self, 20);

	*self->message = (mach_msg_header_t) {
		.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, MACH_MSG_TYPE_MAKE_SEND_ONCE),
		.msgh_remote_port = NAME_PORT + random_below(self, PORTS),
		.msgh_local_port = once_in(self, 16) ? random_name(self) : self->reply,
		.msgh_id = random_word(self),
	};
	call(self, once_in(self, 8) ? SEND_RCV | MACH_RCV_TIMEOUT : SEND_RCV, size, BUFFER_SIZE,
		once_in(self, 8) ? random_source(self) : self->reply);
}

/* As a server does: each reply goes with the next receive. */
static void be_server(struct worker_state *self)
{
	mach_port_t from = random_source(self);
	mach_msg_return_t result = mach_msg_trap(self->message, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0,
		BUFFER_SIZE, from, 3, MACH_PORT_NULL);

	for (unsigned int n = random_below(self, 6); n > 0 && result == MACH_MSG_SUCCESS; n--) {
		mach_msg_bits_t bits = MACH_MSGH_BITS_REMOTE(self->message->msgh_bits);

		if (bits != MACH_MSG_TYPE_PORT_SEND_ONCE)
			break;
		self->message->msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_MOVE_SEND_ONCE, 0);
		self->message->msgh_local_port = MACH_PORT_NULL;
		result = mach_msg_trap(self->message,
			once_in(self, 3) ? SEND_RCV | MACH_RCV_TIMEOUT : SEND_RCV,
			24 + 4 * random_below(self, 20), BUFFER_SIZE, from, 2, MACH_PORT_NULL);
	}
	if (result == MACH_MSG_SUCCESS)
		digest_message(self, self->message);
}

/* Odd places and sizes for the message. */
static void be_odd(struct worker_state *self)
{
	mach_msg_size_t size = build_message(self);
	uintptr_t end = (uintptr_t) self->message + BUFFER_SIZE;
	mach_msg_header_t *place = self->message;

	if (once_in(self, 2))
		size = random_argument(self);
	if (once_in(self, 2))
		place = (mach_msg_header_t *) (once_in(self, 2) ? random_address(self)
			: end - 4 * random_below(self, 40));
	mach_msg_trap(place, random_word(self) & (once_in(self, 4) ? ~0u : 0xf33u),
		size, random_argument(self), random_source(self), random_below(self, 4),
		random_name(self));
}

void step_message(struct worker_state *self)
{
	switch (random_below(self, 16)) {
	case 0:
	case 1:
	case 2:
	case 3:
		call(self, MACH_SEND_MSG | MACH_SEND_TIMEOUT, build_message(self), 0,
			MACH_PORT_NULL);
		break;
	case 4:
	case 5:
		call(self, SEND_RCV | TIMEOUTS, build_message(self), BUFFER_SIZE, self->reply);
		break;
	case 6:
	case 7:
	case 8:
		call(self, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, BUFFER_SIZE, random_source(self));
		break;
	case 9:
		call(self, (MACH_RCV_MSG | MACH_RCV_TIMEOUT)
			| (once_in(self, 2) ? MACH_RCV_LARGE : 0), 0,
			random_below(self, 100), random_source(self));
		break;
	case 10:
		call(self, SEND_RCV | (once_in(self, 2) ? MACH_RCV_TIMEOUT : 0),
			build_message(self), BUFFER_SIZE, random_source(self));
		break;
	case 11:
	case 12:
		be_client(self);
		break;
	case 13:
		be_server(self);
		break;
	default:
		be_odd(self);
	}
}
