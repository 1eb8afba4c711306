/* SPDX-License-Identifier: BSD-2-Clause */
#include <tests/unit/model_random.h>

#include <mach/notify.h>

static uint32_t random_state = 2463534242;

static uint32_t pick_at_random(uint32_t n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 17;
	random_state ^= random_state << 5;
	return (random_state >> 3) % n;
}

uint32_t (*model_pick)(uint32_t n) = pick_at_random;

void model_seed(uint32_t seed)
{
	/* Seeds that follow each other must not lead to similar numbers; 0 leads to none. */
	random_state = seed * 2654435761u | 1;
	for (int i = 0; i < 8; i++)
		pick_at_random(1);
}

struct m_space *any_space(void)
{
	return &m_space[pick(M_SPACES)];
}

mach_port_name_t odd_name(void)
{
	static const mach_port_name_t names[] = { 0, ~0u, 1, 2, 0x1234, 0x80000000, 0xfffffffe,
		0x01000001, 0x01000000, 0x7f000003 };

	return pick(3) == 0 ? 1 + pick(60) : names[pick(sizeof(names) / sizeof(names[0]))];
}

mach_port_name_t any_name(struct m_space *space)
{
	uint32_t start = pick(M_ENTRIES);

	if (pick(12) == 0)
		return odd_name();
	for (uint32_t i = 0; i < M_ENTRIES; i++) {
		struct m_entry *e = &space->entry[(start + i) % M_ENTRIES];

		if (e->used)
			return e->name;
	}
	return odd_name();
}

static int any_hand(void)
{
	uint32_t start = pick(M_HANDS);

	for (uint32_t i = 0; i < M_HANDS; i++)
		if (m_hand[(start + i) % M_HANDS].type != 0)
			return (int)((start + i) % M_HANDS);
	return NO_HAND;
}

static uint32_t used_hands(void)
{
	uint32_t count = 0;

	for (int i = 0; i < M_HANDS; i++)
		count += m_hand[i].type != 0;
	return count;
}

static uint32_t used_entries(const struct m_space *space)
{
	uint32_t count = 0;

	for (int i = 0; i < M_ENTRIES; i++)
		count += space->entry[i].used;
	return count;
}

/* The contents of this world must stay small for it to be interesting. */
static bool crowded(void)
{
	uint32_t queued = 0, ports = 0;

	for (int i = 0; i < M_PORTS; i++)
		if (m_port[i].used && m_port[i].alive) {
			queued += m_queue_length(&m_port[i]);
			ports++;
		}
	for (int s = 0; s < M_SPACES; s++)
		if (used_entries(&m_space[s]) > 24)
			return true;
	return queued > 150 || ports > 40 || used_hands() > 14;
}

static void step_allocate(struct m_space *space)
{
	static const mach_port_right_t rights[] = { 1, 1, 1, 1, 3, 4, 0, 2, 9 };
	mach_port_name_t name = pick(3) == 0 ? odd_name() : 0;

	op_allocate(space, rights[pick(9)], &name);
}

static void step_mod_refs(struct m_space *space)
{
	static const int32_t deltas[] = { 0, 1, -1, 1, -1, 2, -2, 65532, 65533, 65534, -65533,
		-65534, -65535, 65535, INT32_MAX, INT32_MIN };
	mach_port_name_t name = any_name(space);
	struct m_entry *e = m_lookup(space, name);
	int32_t delta = deltas[pick(16)];

	if (e != NULL && pick(4) == 0)
		delta = (pick(2) ? 65534 : 0) - (int32_t)e->urefs - (int32_t)pick(3) + 1;
	op_mod_refs(space, name, pick(6), delta);
}

static void step_extract(struct m_space *space)
{
	int hand;

	op_extract(space, any_name(space), 15 + pick(8), &hand);
}

static void step_put(struct m_space *space)
{
	int hand = any_hand();

	if (hand == NO_HAND)
		return;
	if (pick(4) == 0)
		op_release(hand);
	else if (pick(2) == 0)
		op_insert(space, pick(2) ? any_name(space) : odd_name(), hand);
	else
		op_copyout(space, hand);
}

/* A right that is not send-once is for the stubs to refuse. */
static void step_request(struct m_space *space)
{
	static const uint32_t ids[] = { MACH_NOTIFY_DEAD_NAME, MACH_NOTIFY_DEAD_NAME,
		MACH_NOTIFY_NO_SENDERS, MACH_NOTIFY_PORT_DESTROYED, MACH_NOTIFY_PORT_DELETED };
	struct m_space *from = any_space();
	int hand = pick(8) == 0 ? DEAD_HAND : NO_HAND;

	if (pick(8) != 0 && op_extract(from, any_name(from), MACH_MSG_TYPE_MAKE_SEND_ONCE,
				       &hand) != KERN_SUCCESS)
		return;
	op_request(space, any_name(space), ids[pick(5)], pick(3) == 0 ? pick(4) : 0, hand);
}

void model_random_step(void)
{
	struct m_space *space = any_space();

	switch (pick(20)) {
	case 0: case 1:
		return step_allocate(space);
	case 2:
		op_deallocate(space, any_name(space));
		return;
	case 3:
		op_destroy(space, any_name(space));
		return;
	case 4: case 5: case 6:
		return step_mod_refs(space);
	case 7:
		op_rename(space, any_name(space), pick(2) ? odd_name() : any_name(space));
		return;
	case 8:
		op_move_member(space, any_name(space), pick(4) ? any_name(space) : 0);
		return;
	case 9:
		op_ask(space, any_name(space));
		op_members(space, any_name(space));
		return pick(4) == 0 ? op_names(space) : (void)0;
	case 10: case 11: case 12:
		return step_request(space);
	case 13: case 14: case 15: case 16:
		return step_extract(space);
	default:
		return step_put(space);
	}
}

void model_thin_out(void)
{
	for (int i = 0; i < 200 && crowded(); i++) {
		struct m_space *space = any_space();

		op_destroy(space, any_name(space));
		if (used_hands() > 14)
			op_release(any_hand());
	}
	if (crowded())
		model_clear();
}
