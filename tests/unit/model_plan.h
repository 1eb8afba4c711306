/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages to be sent: what is to be in them, and how it is laid out in user memory. */
#ifndef TESTS_UNIT_MODEL_PLAN_H
#define TESTS_UNIT_MODEL_PLAN_H

#include <tests/unit/model_ipc.h>

#define PLAN_ITEMS 5
#define PLAN_WORDS 128

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

/* A message to be sent.  `id` of 1000 and more. */
struct plan {
	struct m_header header;
	uint32_t id;
	unsigned int items;
	struct plan_item item[PLAN_ITEMS];
};

/* Lay the message out in a buffer of PLAN_WORDS.  Returns its size. */
mach_msg_size_t plan_build(struct m_space *space, struct plan *plan, uint32_t *buffer);

/* Its memory is still the space's, but for what `processed` items gave away. */
void plan_check(struct m_space *space, const struct plan *plan, unsigned int processed);

/* Free its memory as far as it is the space's; what `processed` items gave away is gone. */
void plan_free(struct m_space *space, const struct plan *plan, unsigned int processed);

/*
 * Rights and memory of the body come into the model's message, item by item, as a send does it.
 * *processed: how many items have been looked at, a failing one included whose memory was read.
 */
mach_msg_return_t plan_copyin(struct m_space *space, const struct plan *plan,
			      struct m_message *m, unsigned int *processed);

#endif /* TESTS_UNIT_MODEL_PLAN_H */
