/* SPDX-License-Identifier: BSD-2-Clause */
/* Whole messages, sent and received by mach_msg, on the kernel and the model at once. */
#ifndef TESTS_UNIT_MODEL_SEND_H
#define TESTS_UNIT_MODEL_SEND_H

#include <tests/unit/model_ops.h>

#define PLAN_ITEMS 5

enum plan_kind {
	PLAN_WORD,		/* plain data, one word */
	PLAN_PORTS,
	PLAN_MEMORY,		/* out-of-line data */
	PLAN_BAD_TYPE,		/* a descriptor with a wrong bit */
	PLAN_CUT,		/* the message ends in the middle of the item */
	PLAN_HOLE,		/* out-of-line data that is not there */
};

struct plan_item {
	enum plan_kind kind;
	bool longform;
	bool out_of_line;		/* of ports */
	bool deallocate;
	uint32_t disposition;
	unsigned int count;		/* of names */
	mach_port_name_t name[M_BODY];
	uint32_t size;			/* of memory, bytes */
	uint8_t *address;		/* what was made of it */
};

/* A message to be sent.  `id` of 1000 and more, ascending. */
struct plan {
	struct m_header header;
	uint32_t id;
	unsigned int items;
	struct plan_item item[PLAN_ITEMS];
};

/* Once, after model_start. */
void model_send_start(void);
void model_send_finish(void);

/*
 * Send, without waiting when the queue is full.  A message that comes back in its pseudo-received
 * form is looked at too.
 */
mach_msg_return_t op_send(struct m_space *space, struct plan *plan);

/* How a message is to be received. */
enum receive_how { RECEIVE_WELL, RECEIVE_SMALL, RECEIVE_LARGE, RECEIVE_BAD_BUFFER };

/* Receive from a port of the space's, without waiting. */
mach_msg_return_t op_receive(struct m_space *space, mach_port_name_t name, enum receive_how how);

#endif /* TESTS_UNIT_MODEL_SEND_H */
