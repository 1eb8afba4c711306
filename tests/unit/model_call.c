/* SPDX-License-Identifier: BSD-2-Clause */
#include <tests/unit/model_call.h>

#include <string.h>

#include <mach/mach_port_server.h>
#include <tests/unit/model_ops.h>

#define SEND_ALL (MACH_SEND_TIMEOUT | MACH_SEND_NOTIFY)

struct m_actor m_actor[M_ACTORS];

static struct {
	mach_msg_return_t mr;
	uint32_t count;
} results[48];

static void note(mach_msg_return_t mr)
{
	size_t i = 0;

	while (results[i].count != 0 && results[i].mr != mr)
		i++;
	results[i].mr = mr;
	results[i].count++;
}

uint32_t model_call_results(mach_msg_return_t mr)
{
	for (size_t i = 0; i < sizeof(results) / sizeof(results[0]); i++)
		if (results[i].count != 0 && results[i].mr == mr)
			return results[i].count;
	return 0;
}

/* The call is over in the model: so it is in the kernel. */
static void finish(struct m_actor *actor, mach_msg_return_t mr)
{
	if (!actor->real->done || actor->real->result != mr)
		ck_abort_msg("thread %d: %s %x, expected %x", (int)(actor - m_actor),
			     actor->real->done ? "has got" : "still waits, not", actor->real->result,
			     mr);
	actor->state = M_IDLE;
	actor->message = NULL;
	note(mr);
}

/* --- Receiving --------------------------------------------------------------------------- */

/* A message that forced its way in: its request is answered when it leaves. */
static void fire_accepted(struct m_message *m)
{
	if (m->accepted)
		m_fire_accepted(m);
}

/* MACH_RCV_NOTIFY: NULL if it is not asked for; *bad if it names no receive right. */
static struct m_port *receive_notify(const struct m_actor *actor, bool *bad)
{
	const struct m_entry *entry;

	*bad = false;
	if (!(actor->option & MACH_RCV_NOTIFY))
		return NULL;
	entry = m_lookup(actor->space, actor->notify);
	*bad = entry == NULL || !(entry->type & MACH_PORT_TYPE_RECEIVE);
	return *bad ? NULL : entry->port;
}

static mach_msg_return_t deliver(struct m_actor *actor, struct m_message *m)
{
	mach_msg_return_t mr = MACH_MSG_SUCCESS;
	struct m_port *notify;
	bool bad;

	fire_accepted(m);
	notify = receive_notify(actor, &bad);
	if ((actor->option & MACH_RCV_NOTIFY) && !m_alloc()) {
		arrive_bare(actor, m);
		mr = MACH_RCV_HEADER_ERROR | MACH_MSG_IPC_KERNEL;
	} else if (bad) {
		arrive_bare(actor, m);
		mr = MACH_RCV_INVALID_NOTIFY;
	} else if (actor->bad_buffer) {
		arrive_nowhere(actor, m, notify);
	} else {
		mr = arrive(actor, m, notify);
	}
	return actor->bad_buffer ? MACH_RCV_INVALID_DATA : mr;
}

/* Of a message that is too large only the size is told, if it stays. */
static void stays(const struct m_actor *actor)
{
	for (int i = 0; i < PLAN_WORDS; i++)
		if (i == 1 && !actor->bad_buffer)
			ck_must(actor->buffer[i] == actor->told);
		else
			ck_must(actor->buffer[i] == actor->before[i]);
}

static void deliver_too_large(struct m_actor *actor, struct m_message *m)
{
	if (m == NULL) {
		stays(actor);
		return;
	}
	fire_accepted(m);
	arrive_bare(actor, m);
}

/* Nothing is written beyond what was asked for. */
static void check_rest(const struct m_actor *actor)
{
	for (uint32_t i = (actor->rcv_size + 3) / 4; i < PLAN_WORDS; i++)
		ck_must(actor->buffer[i] == actor->before[i]);
}

static void receive_complete(struct m_actor *actor)
{
	mach_msg_return_t mr = actor->result;

	if (mr == MACH_MSG_SUCCESS)
		mr = deliver(actor, actor->message);
	else if (mr == MACH_RCV_TOO_LARGE)
		deliver_too_large(actor, actor->message);
	check_rest(actor);
	finish(actor, mr);
}

static void take(struct m_actor *actor, struct m_port *port)
{
	uint32_t room = m_room(port->queue, actor->option);
	bool fits = room <= actor->rcv_size;

	actor->message = NULL;
	if (!fits && (actor->option & MACH_RCV_LARGE)) {
		actor->told = room;
		actor->result = MACH_RCV_TOO_LARGE;
		return;
	}
	m_take_first(actor, port);
	actor->result = fits ? MACH_MSG_SUCCESS : MACH_RCV_TOO_LARGE;
}

/* What to receive from, in the actor's port or set. */
static mach_msg_return_t find_source(struct m_actor *actor)
{
	const struct m_entry *entry = m_lookup(actor->space, actor->rcv_name);

	if (entry == NULL ||
	    !(entry->type & (MACH_PORT_TYPE_RECEIVE | MACH_PORT_TYPE_PORT_SET)))
		return MACH_RCV_INVALID_NAME;
	if ((entry->type & MACH_PORT_TYPE_RECEIVE) && entry->port->set != NULL)
		return MACH_RCV_IN_SET;
	actor->port = entry->port;
	actor->set = entry->set;
	return MACH_MSG_SUCCESS;
}

/* Returns false when it waits now. */
static bool receive_now(struct m_actor *actor)
{
	struct m_port *port = actor->port;

	if (port == NULL)
		port = m_next_ready(actor->set);
	if (port != NULL && port->queue != NULL) {
		take(actor, port);
		return true;
	}
	if ((actor->option & MACH_RCV_TIMEOUT) && actor->timeout == 0) {
		actor->result = MACH_RCV_TIMED_OUT;
		return true;
	}
	m_wait(actor, actor->port != NULL ? &actor->port->receivers : &actor->set->receivers,
	       M_RECEIVING);
	return false;
}

/* `partner` has got a message from this actor: it runs first if the actor waits. */
static void receive(struct m_actor *actor, struct m_actor *partner)
{
	mach_msg_return_t mr = find_source(actor);
	bool complete = true;

	if (mr == MACH_MSG_SUCCESS)
		complete = receive_now(actor);
	if (partner != NULL && complete)
		m_goes_on(partner, partner->result);
	else if (partner != NULL)
		m_goes_first(partner);
	if (mr != MACH_MSG_SUCCESS)
		finish(actor, mr);
	else if (complete)
		receive_complete(actor);
}

/* --- Sending ----------------------------------------------------------------------------- */

/* The message is in the queue, or where else it went. */
static void sent(struct m_actor *actor, struct m_actor *partner)
{
	if (actor->option & MACH_RCV_MSG) {
		receive(actor, partner);
		return;
	}
	if (partner != NULL)
		m_goes_on(partner, partner->result);
	finish(actor, MACH_MSG_SUCCESS);
}

static void give_back(struct m_actor *actor, struct m_message *m, mach_msg_return_t mr)
{
	mr |= come_back(actor, m);
	finish(actor, mr);
}

/* MACH_SEND_NOTIFY: the checks in their order; then the message has its request. */
static mach_msg_return_t request_accepted(struct m_actor *actor, struct m_message *m)
{
	struct m_entry *entry = m_lookup(actor->space, actor->plan.header.dest);
	const struct m_entry *notify = m_lookup(actor->space, actor->notify);

	if (entry != NULL && entry->port != m->dest.port)
		entry = NULL;
	if (actor->notify == MACH_PORT_NULL)
		return MACH_SEND_INVALID_NOTIFY;
	if (entry != NULL && entry->accepted != NULL)
		return MACH_SEND_NOTIFY_IN_PROGRESS;
	if (notify == NULL || !(notify->type & MACH_PORT_TYPE_RECEIVE))
		return MACH_SEND_INVALID_NOTIFY;
	if (!m_alloc())
		return MACH_SEND_NO_NOTIFY;
	m->accepted = true;
	m->accepted_notify = notify->port;
	m->accepted_entry = entry;
	if (entry != NULL)
		entry->accepted = m;
	return MACH_MSG_SUCCESS;
}

static void send_failed(struct m_actor *actor, mach_msg_return_t mr)
{
	struct m_message *m = actor->message;

	if (mr == MACH_SEND_TIMED_OUT && (actor->option & MACH_SEND_NOTIFY)) {
		mr = request_accepted(actor, m);
		if (mr == MACH_MSG_SUCCESS) {
			if (m->circular || !m->dest.port->alive)
				m_destroy_message(m);
			else
				m_enqueue(m);
			finish(actor, MACH_SEND_WILL_NOTIFY);
			return;
		}
	}
	give_back(actor, m, mr);
}

/* The wait for room is over. */
static void send_complete(struct m_actor *actor)
{
	if (actor->result != MACH_MSG_SUCCESS) {
		send_failed(actor, actor->result);
		return;
	}
	if (actor->message != NULL)	/* circular, or the port has died */
		m_destroy_message(actor->message);
	actor->message = NULL;
	sent(actor, NULL);
}

static bool must_wait(const struct m_message *m)
{
	return m->dest.type == MACH_MSG_TYPE_PORT_SEND &&
	       m_queue_length(m->dest.port) >= m->dest.port->qlimit;
}

static void enqueue(struct m_actor *actor, struct m_message *m)
{
	mach_msg_option_t how = actor->option & SEND_ALL;
	struct m_actor *partner = NULL;

	actor->message = m;
	if (!m->dest.port->alive) {
		m_destroy_message(m);
	} else if (must_wait(m)) {
		if (how == MACH_SEND_NOTIFY || ((how & MACH_SEND_TIMEOUT) && actor->timeout == 0)) {
			send_failed(actor, MACH_SEND_TIMED_OUT);
			return;
		}
		actor->port = m->dest.port;
		m_wait(actor, &m->dest.port->senders, M_SENDING);
		return;
	} else if (m->circular) {
		m_destroy_message(m);
	} else {
		partner = m_place(m);
	}
	actor->message = NULL;
	sent(actor, partner);
}

static void sign(const struct m_actor *actor, struct m_message *m)
{
	const struct task *task = actor->space->task;

	m->sender[0] = task->security_token.val[0];
	m->sender[1] = task->security_token.val[1];
	m->sender[2] = task->id;
	m->sender[3] = actor->real->thread.id;
}

static void send(struct m_actor *actor)
{
	struct m_right dest, reply;
	struct m_message *m;
	mach_msg_return_t mr = MACH_SEND_NO_BUFFER;

	if (m_alloc())
		mr = m_header_copyin(actor->space, &actor->plan.header, &dest, &reply);
	if (mr == MACH_MSG_SUCCESS) {
		m = m_message_new(dest, reply, actor->plan.id);
		m->size = actor->send_size;
		sign(actor, m);
		mr = plan_copyin(actor->space, &actor->plan, m, &actor->processed);
	}
	if (mr != MACH_MSG_SUCCESS) {
		finish(actor, mr);
		return;
	}
	enqueue(actor, m);
}

/* --- The operations ---------------------------------------------------------------------- */

static struct m_actor saved[M_ACTORS];

void model_save(void)
{
	m_save();
	m_wait_save();
	memcpy(saved, m_actor, sizeof(saved));
}

/* What is in the buffers is the kernel's, not the model's. */
void model_restore(void)
{
	m_restore();
	m_wait_restore();
	memcpy(m_actor, saved, sizeof(saved));
}

void op_settle(void)
{
	struct m_actor *actor;

	actors_run();
	while ((actor = m_next_to_run()) != NULL) {
		if (actor->state == M_SENDING)
			send_complete(actor);
		else
			receive_complete(actor);
	}
	for (int i = 0; i < M_ACTORS; i++)
		ck_must(m_actor[i].real->done == (m_actor[i].state == M_IDLE));
}

static void prepare(struct m_actor *actor)
{
	memset(actor->buffer, 0xee, sizeof(actor->buffer));
	actor->send_size = 0;
	actor->processed = 0;
	actor->message = NULL;
	actor->port = NULL;
	actor->set = NULL;
	if (actor->option & MACH_SEND_MSG)
		actor->send_size = plan_build(actor->space, &actor->plan, actor->buffer);
	memcpy(actor->before, actor->buffer, sizeof(actor->before));
}

void call_kernel(struct m_actor *actor)
{
	prepare(actor);
	actor_mach_msg(actor->real, actor->bad_buffer ? (void *)0x1000 : actor->buffer,
		       actor->option, actor->send_size, actor->rcv_size, actor->rcv_name,
		       actor->timeout, actor->notify);
}

void call_model(struct m_actor *actor)
{
	if ((actor->option & MACH_RCV_MSG) &&
	    (uint32_t)actor->option >> 24 > MACH_RCV_TRAILER_AUDIT)
		finish(actor, MACH_RCV_INVALID_TRAILER);
	else if (actor->option & MACH_SEND_MSG)
		send(actor);
	else
		receive(actor, NULL);
	op_settle();
	if (!(actor->option & MACH_SEND_MSG))
		return;
	if (!m_trial)
		plan_free(actor->space, &actor->plan, actor->processed);
	else if (fake_user_copies_out == 0)	/* else its pages may be others by now */
		plan_check(actor->space, &actor->plan, actor->processed);
}

void op_call(struct m_actor *actor)
{
	call_kernel(actor);
	call_model(actor);
}

void op_wake(struct m_actor *actor, enum wait_result how)
{
	static const mach_msg_return_t ends[2][2] = {
		{ MACH_SEND_INTERRUPTED, MACH_SEND_TIMED_OUT },
		{ MACH_RCV_INTERRUPTED, MACH_RCV_TIMED_OUT },
	};

	ck_must(actor->waits && actor_wake(actor->real, how));
	m_leave_line(actor);
	m_goes_on(actor, ends[actor->state == M_RECEIVING][how == WAIT_TIMED_OUT]);
	op_settle();
}

void op_wake_all(void)
{
	for (int i = 0; i < M_ACTORS; i++)
		if (m_actor[i].state != M_IDLE)
			op_wake(&m_actor[i], WAIT_INTERRUPTED);
}

/* The names in the order in which the kernel will destroy them. */
static uint32_t list_names(struct m_space *space, mach_port_name_t *names)
{
	struct ipc_table_cursor cursor = { .index = 0 };
	struct ipc_entry *entry;
	uint32_t count = 0;

	ipc_space_lock(space->task->space);
	while ((entry = ipc_table_next(&space->task->space->table, &cursor)) != NULL)
		names[count++] = entry->name;
	ipc_space_unlock(space->task->space);
	return count;
}

static void actors_begin(struct m_space *space)
{
	uint32_t number = (uint32_t)(space - m_space);

	space->task->id = 1 + number;
	space->task->security_token = (security_token_t){ { 100 + number, 7 } };
	for (uint32_t i = number; i < M_ACTORS; i += M_SPACES) {
		m_actor[i].space = space;
		m_actor[i].real = actor_create(space->task);
		m_actor[i].real->thread.id = 1 + i;
	}
}

static void actors_end(struct m_space *space)
{
	for (int i = 0; i < M_ACTORS; i++)
		if (m_actor[i].space == space) {
			if (m_actor[i].state != M_IDLE)
				op_wake(&m_actor[i], WAIT_INTERRUPTED);
			actor_end(m_actor[i].real);
			m_actor[i].real = NULL;
			m_actor[i].space = NULL;
		}
}

void op_task_ends(struct m_space *space)
{
	mach_port_name_t names[M_ENTRIES];
	struct task *task = space->task;
	uint32_t count;

	for (int i = 0; i < M_ACTORS; i++)
		if (m_actor[i].space == space && m_actor[i].state != M_IDLE)
			op_wake(&m_actor[i], WAIT_INTERRUPTED);
	count = list_names(space, names);
	ipc_space_destroy(task->space);
	for (uint32_t i = 0; i < count; i++)
		m_destroy(space, names[i]);
	op_settle();
	actors_end(space);
	fake_ipc_task_end(task);
	space->task = fake_ipc_task();
	actors_begin(space);
}

void model_call_start(void)
{
	for (int s = 0; s < M_SPACES; s++)
		actors_begin(&m_space[s]);
	model_settle = op_settle;
	model_rest = op_wake_all;
}

void model_call_finish(void)
{
	model_settle = model_rest = NULL;
	op_wake_all();
	for (int s = 0; s < M_SPACES; s++)
		actors_end(&m_space[s]);
}
