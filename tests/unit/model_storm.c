/* SPDX-License-Identifier: BSD-2-Clause */
#include <tests/unit/model_storm.h>

#include <mach/mach_port_server.h>
#include <tests/unit/model_random.h>
#include <tests/unit/model_send.h>

#define MOVE_RECEIVE MACH_MSG_TYPE_MOVE_RECEIVE
#define MOVE_SEND MACH_MSG_TYPE_MOVE_SEND
#define MOVE_ONCE MACH_MSG_TYPE_MOVE_SEND_ONCE
#define COPY_SEND MACH_MSG_TYPE_COPY_SEND
#define MAKE_SEND MACH_MSG_TYPE_MAKE_SEND
#define MAKE_ONCE MACH_MSG_TYPE_MAKE_SEND_ONCE

static uint32_t last_id = 1000;

static struct {
	mach_msg_return_t mr;
	uint32_t count;
} results[32];

static void note(mach_msg_return_t mr)
{
	size_t i = 0;

	while (results[i].count != 0 && results[i].mr != mr)
		i++;
	results[i].mr = mr;
	results[i].count++;
}

uint32_t model_storm_results(mach_msg_return_t mr)
{
	for (size_t i = 0; i < 32; i++)
		if (results[i].count != 0 && results[i].mr == mr)
			return results[i].count;
	return 0;
}

void model_storm_start(void)
{
	model_start();
	model_send_start();
}

void model_storm_finish(void)
{
	model_send_finish();
	model_finish();
}

/* --- Random ------------------------------------------------------------------------------ */

static void random_names(struct m_space *space, struct plan_item *i, unsigned int *room)
{
	i->count = pick(3);
	if (i->count > *room)
		i->count = *room;
	*room -= i->count;
	for (unsigned int n = 0; n < i->count; n++)
		i->name[n] = pick(6) == 0 ? (pick(2) ? 0 : ~0u) : any_name(space);
}

static struct plan_item random_item(struct m_space *space, unsigned int *room)
{
	static const enum plan_kind kinds[] = { PLAN_PORTS, PLAN_PORTS, PLAN_PORTS, PLAN_PORTS,
		PLAN_PORTS, PLAN_PORTS, PLAN_MEMORY, PLAN_MEMORY, PLAN_WORD, PLAN_WORD,
		PLAN_BAD_TYPE, PLAN_CUT, PLAN_HOLE };
	struct plan_item i = {
		.kind = kinds[pick(pick(4) ? 10 : 13)],
		.longform = pick(2),
		.out_of_line = pick(3) == 0,
		.deallocate = pick(2),
		.disposition = MOVE_RECEIVE + pick(6),
		.size = pick(200),
	};

	if (i.kind == PLAN_MEMORY && pick(4) == 0)
		i.size = pick(2) ? 0 : 4000 + pick(95);
	if (i.kind == PLAN_MEMORY && i.size > 4095)
		i.size = 4095;
	if (i.kind == PLAN_HOLE)
		i.size++;		/* no bytes are no hole */
	if (i.kind == PLAN_PORTS)
		random_names(space, &i, room);
	return i;
}

/* Dispositions that the names allow, mostly. */
static uint32_t fitting(struct m_space *space, mach_port_name_t name)
{
	const struct m_entry *e = m_lookup(space, name);
	uint32_t any = MOVE_SEND + pick(5);

	if (e == NULL || pick(8) == 0)
		return any;
	if (e->type & MACH_PORT_TYPE_SEND_ONCE)
		return MOVE_ONCE;
	if ((e->type & MACH_PORT_TYPE_SEND) && pick(2))
		return pick(2) ? COPY_SEND : MOVE_SEND;
	if (e->type & MACH_PORT_TYPE_RECEIVE)
		return pick(2) ? MAKE_SEND : MAKE_ONCE;
	return COPY_SEND;
}

static void random_send(struct m_space *space)
{
	struct plan plan = { .id = ++last_id, .header.dest = any_name(space) };
	unsigned int room = M_BODY;

	plan.header.dest_type = fitting(space, plan.header.dest);
	if (pick(3) != 0) {
		plan.header.reply = pick(8) == 0 ? plan.header.dest : any_name(space);
		plan.header.reply_type = fitting(space, plan.header.reply);
	}
	if (pick(8) == 0) {
		plan.header.cancel = true;
		plan.header.notify = any_name(space);
	}
	plan.items = pick(3) == 0 ? 0 : pick(PLAN_ITEMS);
	for (unsigned int i = 0; i < plan.items; i++) {
		plan.item[i] = random_item(space, &room);
		if (plan.item[i].kind == PLAN_CUT)
			plan.items = i + 1;
	}
	note(op_send(space, &plan));
}

static void random_receive(struct m_space *space)
{
	static const enum receive_how hows[] = { RECEIVE_WELL, RECEIVE_WELL, RECEIVE_WELL,
		RECEIVE_SMALL, RECEIVE_LARGE, RECEIVE_BAD_BUFFER };
	mach_port_name_t name = any_name(space);
	uint32_t start = pick(M_ENTRIES);

	/* A port with messages, if there is one. */
	for (uint32_t i = 0; i < M_ENTRIES; i++) {
		const struct m_entry *e = &space->entry[(start + i) % M_ENTRIES];

		if (e->used && (e->type & MACH_PORT_TYPE_RECEIVE) && e->port->queue != NULL)
			name = e->name;
	}
	note(op_receive(space, name, hows[pick(6)]));
}

static void random_payload(struct m_space *space)
{
	mach_port_name_t name = any_name(space);
	struct m_entry *e = m_lookup(space, name);
	uint32_t payload = pick(3);

	if (e == NULL || !(e->type & MACH_PORT_TYPE_RECEIVE))
		return;
	if (pick(2) == 0)
		mach_port_set_protected_payload(space->task->space, name, payload);
	else
		mach_port_clear_protected_payload(space->task->space, name);
	e->port->has_payload = entry_port(ipc_entry_lookup(&space->task->space->table, name))
				       ->has_payload;
	e->port->payload = payload;
}

void model_storm_step(uint32_t i)
{
	uint32_t what = pick(20);

	if (what < 7)
		model_random_step();
	else if (what < 13)
		random_send(any_space());
	else if (what < 19)
		random_receive(any_space());
	else
		random_payload(any_space());
	model_compare();
	if (i % 32 == 0)
		model_check();
	if (i % 3000 == 2999)
		model_clear();
	else
		model_thin_out();
}

void model_storm(uint32_t seed, uint32_t count)
{
	model_seed(seed);
	model_storm_start();
	for (uint32_t i = 0; i < count; i++)
		model_storm_step(i);
	model_storm_finish();
}
