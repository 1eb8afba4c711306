/* SPDX-License-Identifier: BSD-2-Clause */
#include <tests/unit/model_storm.h>

#include <mach/mach_port_server.h>
#include <tests/unit/model_call.h>
#include <tests/unit/model_ops.h>
#include <tests/unit/model_random.h>

#define MOVE_RECEIVE MACH_MSG_TYPE_MOVE_RECEIVE
#define MOVE_SEND MACH_MSG_TYPE_MOVE_SEND
#define MOVE_ONCE MACH_MSG_TYPE_MOVE_SEND_ONCE
#define COPY_SEND MACH_MSG_TYPE_COPY_SEND
#define MAKE_SEND MACH_MSG_TYPE_MAKE_SEND
#define MAKE_ONCE MACH_MSG_TYPE_MAKE_SEND_ONCE

static uint32_t last_id = 1000;

void model_storm_start(void)
{
	model_start();
	model_call_start();
}

void model_storm_finish(void)
{
	model_call_finish();
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

static void random_message(struct m_space *space, struct plan *plan)
{
	unsigned int room = M_BODY;

	*plan = (struct plan){ .id = ++last_id, .header.dest = any_name(space) };
	plan->header.dest_type = fitting(space, plan->header.dest);
	if (pick(3) != 0) {
		plan->header.reply = pick(8) == 0 ? plan->header.dest : any_name(space);
		plan->header.reply_type = fitting(space, plan->header.reply);
	}
	plan->items = pick(3) == 0 ? 0 : pick(PLAN_ITEMS);
	for (unsigned int i = 0; i < plan->items; i++) {
		plan->item[i] = random_item(space, &room);
		if (plan->item[i].kind == PLAN_CUT)
			plan->items = i + 1;
	}
}

/* A name to receive from: one with messages, if there is one, or any. */
static mach_port_name_t random_source(struct m_space *space)
{
	uint32_t start = pick(M_ENTRIES);

	if (pick(4) == 0)
		return any_name(space);
	for (uint32_t i = 0; i < M_ENTRIES; i++) {
		const struct m_entry *e = &space->entry[(start + i) % M_ENTRIES];

		if (!e->used)
			continue;
		if (e->type & MACH_PORT_TYPE_PORT_SET)
			return e->name;
		if ((e->type & MACH_PORT_TYPE_RECEIVE) && e->port->queue != NULL)
			return e->name;
	}
	return any_name(space);
}

static void random_send(struct m_actor *actor)
{
	static const mach_msg_option_t options[] = { MACH_SEND_TIMEOUT, MACH_SEND_TIMEOUT,
		0, MACH_SEND_NOTIFY, MACH_SEND_NOTIFY, MACH_SEND_NOTIFY | MACH_SEND_TIMEOUT };

	random_message(actor->space, &actor->plan);
	actor->option |= MACH_SEND_MSG | options[pick(6)];
	if (pick(8) == 0)
		actor->option |= MACH_SEND_CANCEL;
	actor->plan.header.cancel = (actor->option & MACH_SEND_CANCEL) != 0;
	actor->plan.header.notify = actor->notify;
}

static void random_receive(struct m_actor *actor)
{
	static const uint32_t sizes[] = { 20, 24, 28, 32, 40, 80 };

	actor->rcv_name = random_source(actor->space);
	actor->option |= MACH_RCV_MSG;
	if (pick(3) != 0)
		actor->option |= MACH_RCV_TIMEOUT;
	if (pick(4) == 0)
		actor->option |= MACH_RCV_LARGE;
	if (pick(6) == 0)
		actor->option |= MACH_RCV_NOTIFY;
	if (pick(4) == 0)
		actor->option |= MACH_RCV_TRAILER_ELEMENTS(pick(4));
	if (pick(64) == 0)
		actor->option |= pick(2) ? MACH_RCV_TRAILER_ELEMENTS(4) : MACH_RCV_TRAILER_TYPE(3);
	if (pick(4) == 0)
		actor->rcv_size = sizes[pick(6)];
	actor->bad_buffer = !(actor->option & MACH_SEND_MSG) && pick(8) == 0;
}

static void random_call(struct m_actor *actor)
{
	uint32_t what = pick(5);

	actor->option = 0;
	actor->rcv_size = sizeof(actor->buffer);
	actor->bad_buffer = false;
	actor->timeout = pick(3) == 0 ? 10 : 0;
	actor->notify = pick(8) == 0 ? 0 : any_name(actor->space);
	if (what < 3)
		random_send(actor);
	if (what > 1)
		random_receive(actor);
	op_call(actor);
}

/* A thread that is in a call comes out of it now and then; all others can call. */
static void random_act(void)
{
	struct m_actor *actor = &m_actor[pick(M_ACTORS)];

	if (actor->state == M_IDLE)
		random_call(actor);
	else if (pick(4) == 0)
		op_wake(actor, actor->real->timeout_set && pick(2) ? WAIT_TIMED_OUT
								   : WAIT_INTERRUPTED);
}

static mach_port_name_t some_set(struct m_space *space)
{
	mach_port_name_t name = 0;

	for (int i = 0; i < M_ENTRIES; i++)
		if (space->entry[i].used && (space->entry[i].type & MACH_PORT_TYPE_PORT_SET))
			return space->entry[i].name;
	op_allocate(space, MACH_PORT_RIGHT_PORT_SET, &name);
	return name;
}

/* What a thread waits to receive from goes away, or into a set. */
static void random_disturbance(void)
{
	struct m_actor *actor = &m_actor[pick(M_ACTORS)];
	struct m_port *port = actor->port;

	if (!actor->waits || actor->state != M_RECEIVING || port == NULL)
		return;
	if (pick(2) == 0)
		op_move_member(port->receiver, m_entry_of_port(port->receiver, port)->name,
			       some_set(port->receiver));
	else
		op_destroy(port->receiver, m_entry_of_port(port->receiver, port)->name);
}

/* Attributes of receive rights. */
static void random_attribute(struct m_space *space)
{
	struct ipc_space *real = space->task->space;
	mach_port_name_t name = any_name(space);
	struct m_entry *e = m_lookup(space, name);
	uint32_t value = pick(pick(4) == 0 ? 20 : 5), what = pick(3);
	kern_return_t kr = e == NULL ? KERN_INVALID_NAME : KERN_SUCCESS;

	if (e != NULL && !(e->type & MACH_PORT_TYPE_RECEIVE))
		kr = KERN_INVALID_RIGHT;
	if (what == 0) {
		if (value > MACH_PORT_QLIMIT_MAX)
			kr = KERN_INVALID_VALUE;
		ck_must(mach_port_set_qlimit(real, name, value) == kr);
	} else if (what == 1) {
		ck_must(mach_port_set_mscount(real, name, value) == kr);
	} else {
		ck_must(mach_port_set_seqno(real, name, value) == kr);
	}
	if (kr != KERN_SUCCESS)
		return;
	if (what == 0) {
		e->port->qlimit = value;
		m_admit_senders(e->port);
	} else if (what == 1) {
		e->port->mscount = value;
	} else {
		e->port->seqno = value;
	}
	op_settle();
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

	if (what < 6)
		model_random_step();
	else if (what < 17)
		random_act();
	else if (what < 18)
		random_disturbance();
	else if (what < 19)
		random_payload(any_space());
	else if (pick(16) == 0)
		op_task_ends(any_space());
	else
		random_attribute(any_space());
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
