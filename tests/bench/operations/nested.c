/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Receive rights in the queues of ports whose receive rights travel themselves: each further one
 * must be told from a circle, however long the chain is.
 */
#include "nested.h"

#include <mach.h>

#include "../common/measure.h"

struct right_message {
	mach_msg_header_t	header;
	mach_msg_type_t		type;
	mach_port_t		right;
};

struct chain {
	mach_port_t	first;
	mach_port_t	last;		/* its receive right travels, a send right is here */
	unsigned int	ready;		/* of the ports that are to follow */
	mach_port_t	port[BATCH];
};

static mach_port_t new_port(void)
{
	mach_port_t port = mach_reply_port();

	must("send right", mach_port_insert_right(mach_task_self(), port, port,
		MACH_MSG_TYPE_MAKE_SEND));
	return port;
}

/* The next port's receive right goes to the last one's queue. */
static void nest(void *argument)
{
	struct chain *chain = argument;
	mach_port_t port = chain->port[--chain->ready];
	struct right_message message = {
		.header = {
			.msgh_bits = MACH_MSGH_BITS_COMPLEX
				| MACH_MSGH_BITS(MACH_MSG_TYPE_MOVE_SEND, 0),
			.msgh_remote_port = chain->last,
		},
		.type = {
			.msgt_name = MACH_MSG_TYPE_MOVE_RECEIVE,
			.msgt_size = 32,
			.msgt_number = 1,
			.msgt_inline = TRUE,
		},
		.right = port,
	};

	must("nest", mach_msg_trap(&message.header, MACH_SEND_MSG, sizeof message, 0,
		MACH_PORT_NULL, MACH_MSG_TIMEOUT_NONE, MACH_PORT_NULL));
	chain->last = port;
}

static void make_ready(void *argument)
{
	struct chain *chain = argument;

	while (chain->ready < BATCH)
		chain->port[chain->ready++] = new_port();
}

void measure_nested(const char *name, unsigned int length)
{
	static struct chain chain;

	chain.first = new_port();
	chain.last = chain.first;
	make_ready(&chain);
	for (unsigned int done = 0; done < length; done += BATCH) {
		while (chain.ready > 0)
			nest(&chain);
		make_ready(&chain);
	}
	measure(name, nest, &chain, make_ready);
	while (chain.ready > 0)
		mach_port_destroy(mach_task_self(), chain.port[--chain.ready]);
	mach_port_destroy(mach_task_self(), chain.first);
}
