/* SPDX-License-Identifier: BSD-2-Clause */
#include <tests/unit/model_wait.h>

static struct m_actor *to_run;
static uint32_t ready_clock;

static struct m_actor *saved_to_run;
static uint32_t saved_ready_clock;

void m_wait_save(void)
{
	saved_to_run = to_run;
	saved_ready_clock = ready_clock;
}

void m_wait_restore(void)
{
	to_run = saved_to_run;
	ready_clock = saved_ready_clock;
}

static void append(struct m_actor **list, struct m_actor *actor)
{
	while (*list != NULL)
		list = &(*list)->next;
	actor->next = NULL;
	*list = actor;
}

static struct m_actor *take(struct m_actor **list)
{
	struct m_actor *actor = *list;

	if (actor != NULL)
		*list = actor->next;
	return actor;
}

void m_goes_on(struct m_actor *actor, mach_msg_return_t result)
{
	actor->waits = false;
	actor->result = result;
	append(&to_run, actor);
}

void m_goes_first(struct m_actor *actor)
{
	actor->next = to_run;
	to_run = actor;
}

struct m_actor *m_next_to_run(void)
{
	return take(&to_run);
}

void m_wait(struct m_actor *actor, struct m_actor **line, enum m_state state)
{
	actor->state = state;
	actor->waits = true;
	append(line, actor);
}

static struct m_actor **line_of(const struct m_actor *actor)
{
	if (actor->state == M_SENDING)
		return &actor->port->senders;
	return actor->port != NULL ? &actor->port->receivers : &actor->set->receivers;
}

void m_leave_line(struct m_actor *actor)
{
	struct m_actor **place = line_of(actor);

	while (*place != actor)
		place = &(*place)->next;
	*place = actor->next;
	actor->waits = false;
}

/* --- Messages and receivers -------------------------------------------------------------- */

uint32_t m_room(const struct m_message *message, mach_msg_option_t option)
{
	static const uint32_t trailer[] = { 0, 12, 20, 28 };

	return message->size + trailer[(uint32_t)option >> 24];
}

static void give(struct m_actor *receiver, struct m_message *message, mach_msg_return_t result)
{
	receiver->waits = false;
	receiver->message = message;
	receiver->seqno = message->dest.port->seqno++;
	receiver->result = result;
}

/* To the first of a line who can take it; those who only want to know its size are told. */
static struct m_actor *offer(struct m_actor **line, struct m_message *message)
{
	struct m_actor *receiver;

	while ((receiver = take(line)) != NULL) {
		if (m_room(message, receiver->option) <= receiver->rcv_size) {
			give(receiver, message, MACH_MSG_SUCCESS);
			return receiver;
		}
		if (!(receiver->option & MACH_RCV_LARGE)) {
			give(receiver, message, MACH_RCV_TOO_LARGE);
			return receiver;
		}
		receiver->told = m_room(message, receiver->option);
		m_goes_on(receiver, MACH_RCV_TOO_LARGE);
	}
	return NULL;
}

static struct m_actor **receivers_for(struct m_port *port)
{
	return port->set != NULL ? &port->set->receivers : &port->receivers;
}

struct m_actor *m_place(struct m_message *message)
{
	struct m_port *port = message->dest.port;
	struct m_actor *receiver = NULL;
	struct m_message **end = &port->queue;

	if (port->queue == NULL)
		receiver = offer(receivers_for(port), message);
	if (receiver != NULL)
		return receiver;
	if (port->queue == NULL)
		port->ready = ++ready_clock;
	while (*end != NULL)
		end = &(*end)->next;
	*end = message;
	message->next = NULL;
	return NULL;
}

void m_take_first(struct m_actor *actor, struct m_port *port)
{
	struct m_message *message = port->queue;

	port->queue = message->next;
	give(actor, message, MACH_MSG_SUCCESS);
	port->ready = ++ready_clock;
	m_admit_senders(port);
}

void m_wake_receivers(struct m_actor **line, mach_msg_return_t result)
{
	struct m_actor *receiver;

	while ((receiver = take(line)) != NULL)
		m_goes_on(receiver, result);
}

/* --- Senders ----------------------------------------------------------------------------- */

/* The port has died: they find their messages still in hand. */
void m_wake_senders(struct m_port *port)
{
	struct m_actor *sender;

	while ((sender = take(&port->senders)) != NULL)
		m_goes_on(sender, MACH_MSG_SUCCESS);
}

void m_admit_senders(struct m_port *port)
{
	struct m_actor *sender, *receiver = NULL;

	while (m_queue_length(port) < port->qlimit && (sender = take(&port->senders)) != NULL) {
		if (!sender->message->circular) {
			receiver = m_place(sender->message);
			sender->message = NULL;
			if (receiver != NULL)
				m_goes_on(receiver, receiver->result);
		}
		m_goes_on(sender, MACH_MSG_SUCCESS);
	}
}

/* --- Sets -------------------------------------------------------------------------------- */

void m_joined_set(struct m_port *port)
{
	struct m_actor *receiver;

	while (port->queue != NULL) {
		struct m_message *message = port->queue;

		receiver = offer(&port->set->receivers, message);
		if (receiver == NULL)
			break;
		port->queue = message->next;
		m_goes_on(receiver, receiver->result);
	}
	port->ready = ++ready_clock;
	m_admit_senders(port);
}

struct m_port *m_next_ready(const struct m_set *set)
{
	struct m_port *first = NULL;

	for (int i = 0; i < M_PORTS; i++) {
		struct m_port *port = &m_port[i];

		if (port->used && port->alive && port->set == set && port->queue != NULL &&
		    (first == NULL || port->ready < first->ready))
			first = port;
	}
	return first;
}
