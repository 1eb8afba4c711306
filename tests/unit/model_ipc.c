/* SPDX-License-Identifier: BSD-2-Clause */
#include <tests/unit/model_wait.h>

#include <string.h>

#include <mach/notify.h>

#define SEND MACH_PORT_TYPE_SEND
#define RECEIVE MACH_PORT_TYPE_RECEIVE
#define ONCE MACH_PORT_TYPE_SEND_ONCE
#define SET MACH_PORT_TYPE_PORT_SET
#define DEAD MACH_PORT_TYPE_DEAD_NAME

#define SEND_LIMIT 65534u
#define DEAD_LIMIT 65535u

#define NO_RIGHT ((struct m_right){ NULL, 0 })

struct m_space m_space[M_SPACES];
struct m_port m_port[M_PORTS];
struct m_right m_hand[M_HANDS];
struct m_port m_dead_port;

static struct m_message message_pool[M_MESSAGES];
static int message_end;			/* all behind are free */
static uint32_t death_clock;

/* A request that is to be answered, about this name; notify NULL: none. */
struct fired {
	struct m_port *notify;
	mach_port_name_t name;
};

static struct m_set set_pool[M_ENTRIES * M_SPACES];

/* --- State ------------------------------------------------------------------------------- */

struct m_entry *m_lookup(struct m_space *space, mach_port_name_t name)
{
	for (int i = 0; i < M_ENTRIES; i++)
		if (space->entry[i].used && space->entry[i].name == name)
			return &space->entry[i];
	return NULL;
}

struct m_entry *m_entry_new(struct m_space *space, mach_port_name_t name)
{
	ck_must(name != 0 && name != ~0u && m_lookup(space, name) == NULL);
	for (int i = 0; i < M_ENTRIES; i++) {
		struct m_entry *entry = &space->entry[i];

		if (entry->used)
			continue;
		*entry = (struct m_entry){ .used = true, .name = name };
		return entry;
	}
	ck_abort_msg("the model has no room for entries");
}

static bool message_refers(const struct m_message *message, const struct m_port *port)
{
	bool refers = message->dest.port == port || message->reply.port == port ||
		      (message->accepted && message->accepted_notify == port);

	for (unsigned int i = 0; i < message->rights; i++)
		refers |= message->body[i].port == port;
	return message->used && refers;
}

/* Is a dead port still held by anyone? */
static bool port_referred(const struct m_port *port)
{
	bool refers = false;

	for (int i = 0; i < M_HANDS; i++)
		refers |= m_hand[i].type != 0 && m_hand[i].port == port;
	for (int i = 0; i < message_end; i++)
		refers |= message_refers(&message_pool[i], port);
	for (int i = 0; i < M_PORTS; i++)
		refers |= m_port[i].used && m_port[i].alive &&
			  (m_port[i].nsrequest == port || m_port[i].pdrequest == port);
	for (int s = 0; s < M_SPACES; s++)
		for (int i = 0; i < M_ENTRIES; i++)
			refers |= m_space[s].entry[i].used && m_space[s].entry[i].request &&
				  m_space[s].entry[i].notify == port;
	return refers;
}

void m_forget_dead(void)
{
	for (int i = 0; i < M_PORTS; i++)
		if (m_port[i].used && !m_port[i].alive && !port_referred(&m_port[i]))
			m_port[i].used = false;
	while (message_end > 0 && !message_pool[message_end - 1].used)
		message_end--;
}

static struct m_port *unused_port(void)
{
	for (int i = 0; i < M_PORTS; i++)
		if (!m_port[i].used)
			return &m_port[i];
	return NULL;
}

struct m_port *m_port_new(struct ipc_port *real)
{
	struct m_port *port = unused_port();

	if (port == NULL) {
		m_forget_dead();
		port = unused_port();
	}
	if (port == NULL)
		ck_abort_msg("the model has no room for ports");
	*port = (struct m_port){ .used = true, .alive = true, .qlimit = 5, .real = real };
	return port;
}

struct m_set *m_set_new(struct ipc_pset *real)
{
	for (size_t i = 0; i < sizeof(set_pool) / sizeof(set_pool[0]); i++) {
		if (set_pool[i].used)
			continue;
		set_pool[i] = (struct m_set){ .used = true, .real = real };
		return &set_pool[i];
	}
	ck_abort_msg("the model has no room for sets");
}

struct m_message *m_message_new(struct m_right dest, struct m_right reply, uint32_t id)
{
	for (int i = 0; i < M_MESSAGES; i++) {
		struct m_message *m = &message_pool[i];

		if (m->used)
			continue;
		*m = (struct m_message){
			.used = true, .dest = dest, .reply = reply, .id = id,
			.sender = { 0, 1, 0, 0 },	/* the kernel */
		};
		if (message_end <= i)
			message_end = i + 1;
		return m;
	}
	ck_abort_msg("the model has no room for messages");
}

struct m_entry *m_entry_of_port(struct m_space *space, const struct m_port *port)
{
	for (int i = 0; i < M_ENTRIES; i++) {
		struct m_entry *entry = &space->entry[i];

		if (entry->used && entry->port == port && (entry->type & (SEND | RECEIVE)))
			return entry;
	}
	return NULL;
}

/* --- Memory that runs short ---------------------------------------------------------------- */

bool m_trial;

static uint32_t alloc_count, alloc_fails;

void m_fail_after(uint32_t n)
{
	alloc_count = 0;
	alloc_fails = n;
}

bool m_alloc(void)
{
	return ++alloc_count != alloc_fails;
}

uint32_t m_allocs(void)
{
	return alloc_count;
}

/* Pointers stay good: each thing comes back to its own place. */
static struct {
	struct m_space space[M_SPACES];
	struct m_port port[M_PORTS];
	struct m_right hand[M_HANDS];
	struct m_message message[M_MESSAGES];
	int message_end;
	uint32_t death_clock;
	struct m_set set[M_ENTRIES * M_SPACES];
} saved;

void m_save(void)
{
	memcpy(saved.space, m_space, sizeof(m_space));
	memcpy(saved.port, m_port, sizeof(m_port));
	memcpy(saved.hand, m_hand, sizeof(m_hand));
	memcpy(saved.message, message_pool, sizeof(message_pool));
	memcpy(saved.set, set_pool, sizeof(set_pool));
	saved.message_end = message_end;
	saved.death_clock = death_clock;
}

void m_restore(void)
{
	memcpy(m_space, saved.space, sizeof(m_space));
	memcpy(m_port, saved.port, sizeof(m_port));
	memcpy(m_hand, saved.hand, sizeof(m_hand));
	memcpy(message_pool, saved.message, sizeof(message_pool));
	memcpy(set_pool, saved.set, sizeof(set_pool));
	message_end = saved.message_end;
	death_clock = saved.death_clock;
}

/* --- Counting ---------------------------------------------------------------------------- */

static uint32_t count_right(const struct m_right *right, const struct m_port *port, uint32_t type)
{
	return right->port == port && right->type == type;
}

/* Rights of a type in messages and in the test's hands. */
static uint32_t count_in_transit(const struct m_port *port, uint32_t type)
{
	uint32_t count = 0;

	for (int i = 0; i < M_HANDS; i++)
		count += count_right(&m_hand[i], port, type);
	for (int i = 0; i < message_end; i++) {
		const struct m_message *m = &message_pool[i];

		if (!m->used)
			continue;
		count += count_right(&m->dest, port, type) + count_right(&m->reply, port, type);
		count += m->accepted && m->accepted_notify == port &&
			 type == MACH_MSG_TYPE_PORT_SEND_ONCE;
		for (unsigned int j = 0; j < m->rights; j++)
			count += count_right(&m->body[j], port, type);
	}
	return count;
}

static uint32_t count_entries(const struct m_port *port, uint32_t type)
{
	uint32_t count = 0;

	for (int s = 0; s < M_SPACES; s++)
		for (int i = 0; i < M_ENTRIES; i++) {
			const struct m_entry *e = &m_space[s].entry[i];

			count += e->used && e->port == port && (e->type & type) != 0;
		}
	return count;
}

uint32_t m_count_send(const struct m_port *port)
{
	return count_entries(port, SEND) + count_in_transit(port, MACH_MSG_TYPE_PORT_SEND);
}

/* Requests hold send-once rights too. */
uint32_t m_count_once(const struct m_port *port)
{
	uint32_t count = count_entries(port, ONCE) +
			 count_in_transit(port, MACH_MSG_TYPE_PORT_SEND_ONCE);

	for (int s = 0; s < M_SPACES; s++)
		for (int i = 0; i < M_ENTRIES; i++) {
			const struct m_entry *e = &m_space[s].entry[i];

			count += e->used && e->request && e->notify == port;
		}
	for (int i = 0; i < M_PORTS; i++)
		if (m_port[i].used && m_port[i].alive)
			count += (m_port[i].nsrequest == port) + (m_port[i].pdrequest == port);
	return count;
}

uint32_t m_queue_length(const struct m_port *port)
{
	uint32_t length = 0;

	for (const struct m_message *m = port->queue; m != NULL; m = m->next)
		length++;
	return length;
}

/* --- Messages ---------------------------------------------------------------------------- */

bool m_circular(const struct m_port *port, const struct m_port *dest)
{
	while (dest != NULL && dest != port)
		dest = dest->alive && dest->receiver == NULL ? dest->queued_at : NULL;
	return dest == port;
}

void m_enqueue(struct m_message *message)
{
	struct m_actor *receiver = m_place(message);

	if (receiver != NULL)
		m_goes_on(receiver, receiver->result);
}

void m_fire_accepted(struct m_message *message)
{
	struct m_entry *entry = message->accepted_entry;
	mach_port_name_t name = entry != NULL ? entry->name : MACH_PORT_NULL;

	if (entry != NULL)
		entry->accepted = NULL;
	message->accepted = false;
	m_notify(message->accepted_notify, MACH_NOTIFY_MSG_ACCEPTED, name, true, NO_RIGHT);
}

void m_release_from(struct m_right *place)
{
	struct m_right right = *place;

	place->type = 0;
	m_release(right);
}

void m_destroy_message(struct m_message *message)
{
	if (message->accepted)
		m_fire_accepted(message);
	m_release_from(&message->dest);
	m_release_from(&message->reply);
	for (unsigned int i = 0; i < message->rights; i++)
		m_release_from(&message->body[i]);
	message->used = false;
}

static void die(struct m_port *port);

void m_notify(struct m_port *notify, uint32_t id, uint32_t value, bool has_value,
	      struct m_right carried)
{
	struct m_right dest = { notify, MACH_MSG_TYPE_PORT_SEND_ONCE };
	struct m_message *m;
	bool circular = false;

	if (!m_alloc()) {	/* it is lost, and the right in it */
		if (carried.type != 0)
			die(carried.port);
		return;
	}
	m = m_message_new(dest, NO_RIGHT, id);
	m->value = value;
	m->has_value = has_value;
	m->size = id == MACH_NOTIFY_SEND_ONCE ? 24 : 32;
	if (carried.type != 0) {
		m->body[m->rights++] = carried;
		circular = m_circular(carried.port, notify);
		carried.port->queued_at = circular ? NULL : notify;
	}
	if (!notify->alive || circular)
		m_destroy_message(m);
	else
		m_enqueue(m);
}

/* --- Death ------------------------------------------------------------------------------- */

/* Every right to the port becomes a dead name; requests that fire are collected. */
static unsigned int entries_die(struct m_port *port, struct fired *fired)
{
	unsigned int count = 0;

	for (int s = 0; s < M_SPACES; s++)
		for (int i = 0; i < M_ENTRIES; i++) {
			struct m_entry *e = &m_space[s].entry[i];

			if (!e->used || e->port != port)
				continue;
			if (!(e->type & SEND))
				e->urefs = 1;
			if (e->urefs == SEND_LIMIT)
				e->urefs = DEAD_LIMIT;
			if (e->request)
				fired[count++] = (struct fired){ e->notify, e->name };
			if (e->request && e->urefs < DEAD_LIMIT)
				e->urefs++;
			e->request = false;
			e->type = DEAD;
			e->port = NULL;
		}
	return count;
}

static void die(struct m_port *port)
{
	struct fired fired[M_SPACES * M_ENTRIES];
	struct m_port *nsrequest = port->nsrequest;
	struct m_message *queue = port->queue;
	unsigned int count;

	port->alive = false;
	port->death = ++death_clock;
	port->queue = NULL;
	port->nsrequest = NULL;
	count = entries_die(port, fired);
	m_wake_receivers(&port->receivers, MACH_RCV_PORT_DIED);
	m_wake_senders(port);
	if (nsrequest != NULL)
		m_release((struct m_right){ nsrequest, MACH_MSG_TYPE_PORT_SEND_ONCE });
	while (queue != NULL) {
		struct m_message *next = queue->next;

		m_destroy_message(queue);
		queue = next;
	}
	for (unsigned int i = 0; i < count; i++)
		m_notify(fired[i].notify, MACH_NOTIFY_DEAD_NAME, fired[i].name, true, NO_RIGHT);
}

void m_leave_space(struct m_port *port)
{
	m_wake_receivers(&port->receivers, MACH_RCV_PORT_DIED);
	port->receiver = NULL;
	port->queued_at = NULL;
	port->mscount = 0;
	port->seqno = 0;
	port->has_payload = false;
	port->set = NULL;
}

static void release_receive(struct m_port *port)
{
	struct m_port *pdrequest = port->pdrequest;

	m_leave_space(port);
	port->pdrequest = NULL;
	if (pdrequest != NULL)
		m_notify(pdrequest, MACH_NOTIFY_PORT_DESTROYED, 0, false,
			 (struct m_right){ port, MACH_MSG_TYPE_PORT_RECEIVE });
	else
		die(port);
}

static void check_no_senders(struct m_port *port)
{
	struct m_port *notify = port->nsrequest;

	if (!port->alive || notify == NULL || m_count_send(port) != 0)
		return;
	port->nsrequest = NULL;
	m_notify(notify, MACH_NOTIFY_NO_SENDERS, port->mscount, true, NO_RIGHT);
}

void m_release(struct m_right right)
{
	if (!m_is_port(right.port) || right.type == 0)
		return;
	if (right.type == MACH_MSG_TYPE_PORT_SEND)
		check_no_senders(right.port);
	else if (right.type == MACH_MSG_TYPE_PORT_RECEIVE)
		release_receive(right.port);
	else if (right.port->alive)
		m_notify(right.port, MACH_NOTIFY_SEND_ONCE, 0, false, NO_RIGHT);
}

/* --- Entries ----------------------------------------------------------------------------- */

/* The entry goes.  Its request is to be told, when what was under the name has been dealt with. */
static struct fired entry_leave(struct m_entry *entry)
{
	entry->used = false;
	if (entry->accepted != NULL)
		entry->accepted->accepted_entry = NULL;
	return (struct fired){ entry->request ? entry->notify : NULL, entry->name };
}

static void tell_deleted(struct fired fired)
{
	if (fired.notify != NULL)
		m_notify(fired.notify, MACH_NOTIFY_PORT_DELETED, fired.name, true, NO_RIGHT);
}

void m_entry_gone(struct m_entry *entry)
{
	tell_deleted(entry_leave(entry));
}

void m_drop_urefs(struct m_entry *entry, uint32_t count)
{
	uint32_t limit = entry->type & SEND ? SEND_LIMIT : DEAD_LIMIT;
	struct m_port *port = entry->port;
	struct fired fired = { NULL, 0 };

	ck_must(count <= entry->urefs);
	if (entry->urefs == limit && count < limit)
		return;		/* it sticks */
	entry->urefs -= count;
	if (entry->urefs != 0)
		return;
	if (entry->type & RECEIVE)
		entry->type = RECEIVE;
	else
		fired = entry_leave(entry);
	if (port != NULL)
		check_no_senders(port);
	tell_deleted(fired);
}

static void end_once(struct m_entry *entry)
{
	struct fired fired = entry_leave(entry);

	m_release((struct m_right){ entry->port, MACH_MSG_TYPE_PORT_SEND_ONCE });
	tell_deleted(fired);
}

/* The receive right goes.  What else the name has becomes a dead name. */
static void end_receive(struct m_entry *entry)
{
	struct m_port *port = entry->port, *notify = entry->notify;
	bool had_send = (entry->type & SEND) != 0, fires = entry->request && had_send;
	struct fired fired = { NULL, 0 };

	if (had_send) {
		entry->type = DEAD;
		if (entry->urefs == SEND_LIMIT)
			entry->urefs = DEAD_LIMIT;
		if (fires && entry->urefs < DEAD_LIMIT)
			entry->urefs++;
		entry->request = false;
		entry->port = NULL;
	} else {
		fired = entry_leave(entry);
	}
	release_receive(port);
	if (had_send)
		check_no_senders(port);
	if (fires)
		m_notify(notify, MACH_NOTIFY_DEAD_NAME, entry->name, true, NO_RIGHT);
	tell_deleted(fired);
}

static void end_set(struct m_entry *entry)
{
	m_wake_receivers(&entry->set->receivers, MACH_RCV_PORT_DIED);
	for (int i = 0; i < M_PORTS; i++)
		if (m_port[i].set == entry->set)
			m_port[i].set = NULL;
	entry->set->used = false;
	entry->used = false;
}

kern_return_t m_deallocate(struct m_space *space, mach_port_name_t name)
{
	struct m_entry *entry = m_lookup(space, name);

	if (entry == NULL)
		return KERN_INVALID_NAME;
	if (entry->type & (SEND | DEAD))
		m_drop_urefs(entry, 1);
	else if (entry->type & ONCE)
		end_once(entry);
	else
		return KERN_INVALID_RIGHT;
	return KERN_SUCCESS;
}

/* The end of the send rights is told when the port has died. */
static void end_both(struct m_entry *entry)
{
	struct m_port *port = entry->port, *notify = port->nsrequest;
	uint32_t mscount = port->mscount;

	entry->type = RECEIVE;
	if (m_count_send(port) != 0)
		notify = NULL;
	if (notify != NULL)
		port->nsrequest = NULL;
	end_receive(entry);
	if (notify != NULL)
		m_notify(notify, MACH_NOTIFY_NO_SENDERS, mscount, true, NO_RIGHT);
}

kern_return_t m_destroy(struct m_space *space, mach_port_name_t name)
{
	struct m_entry *entry = m_lookup(space, name);

	if (entry == NULL)
		return KERN_INVALID_NAME;
	if (entry->type & SET) {
		end_set(entry);
	} else if (entry->type & ONCE) {
		end_once(entry);
	} else {
		if ((entry->type & (SEND | RECEIVE)) == (SEND | RECEIVE))
			end_both(entry);
		else if (entry->type & RECEIVE)
			end_receive(entry);
		else
			m_drop_urefs(entry, entry->urefs);
	}
	return KERN_SUCCESS;
}

static kern_return_t mod_counted(struct m_entry *entry, uint32_t type, uint32_t limit,
				 int32_t delta)
{
	int64_t sum;

	if (!(entry->type & type))
		return KERN_INVALID_RIGHT;
	sum = (int64_t)entry->urefs + delta;
	if (sum < 0)
		return KERN_INVALID_VALUE;
	if (sum > limit)
		return KERN_UREFS_OVERFLOW;
	if (delta >= 0)
		entry->urefs = (uint32_t)sum;
	else
		m_drop_urefs(entry, (uint32_t)-(int64_t)delta);
	return KERN_SUCCESS;
}

kern_return_t m_mod_refs(struct m_space *space, mach_port_name_t name, uint32_t right,
			 int32_t delta)
{
	struct m_entry *entry = m_lookup(space, name);

	if (right > 4)
		return KERN_INVALID_VALUE;
	if (entry == NULL)
		return KERN_INVALID_NAME;
	if (right == MACH_PORT_RIGHT_SEND)
		return mod_counted(entry, SEND, SEND_LIMIT, delta);
	if (right == MACH_PORT_RIGHT_DEAD_NAME)
		return mod_counted(entry, DEAD, DEAD_LIMIT, delta);
	if (!(entry->type & MACH_PORT_TYPE(right)))
		return KERN_INVALID_RIGHT;
	if (delta != 0 && delta != -1)
		return KERN_INVALID_VALUE;
	if (delta == 0)
		return KERN_SUCCESS;
	if (right == MACH_PORT_RIGHT_RECEIVE)
		end_receive(entry);
	else if (right == MACH_PORT_RIGHT_PORT_SET)
		end_set(entry);
	else
		end_once(entry);
	return KERN_SUCCESS;
}

kern_return_t m_rename(struct m_space *space, mach_port_name_t from, mach_port_name_t to)
{
	struct m_entry *entry;

	if (to == 0 || to == ~0u)
		return KERN_INVALID_VALUE;
	if (m_lookup(space, to) != NULL)
		return KERN_NAME_EXISTS;
	if (m_lookup(space, from) == NULL)
		return KERN_INVALID_NAME;
	if (!m_alloc())
		return KERN_RESOURCE_SHORTAGE;
	entry = m_lookup(space, from);
	if (entry->accepted != NULL && !m_alloc()) {	/* it will tell null */
		entry->accepted->accepted_entry = NULL;
		entry->accepted = NULL;
	}
	entry->name = to;
	return KERN_SUCCESS;
}

/* --- Requests ---------------------------------------------------------------------------- */

static kern_return_t request_dead(struct m_entry *entry, uint32_t sync, struct m_port *notify,
				  struct m_port **previous)
{
	if (entry->type & SET)
		return KERN_INVALID_RIGHT;
	if (entry->type & DEAD) {
		if (sync == 0 || notify == NULL)
			return KERN_INVALID_ARGUMENT;
		if (entry->urefs == DEAD_LIMIT)
			return KERN_UREFS_OVERFLOW;
		entry->urefs++;
		m_notify(notify, MACH_NOTIFY_DEAD_NAME, entry->name, true, NO_RIGHT);
		return KERN_SUCCESS;
	}
	*previous = entry->request ? entry->notify : NULL;
	entry->request = notify != NULL;
	entry->notify = notify;
	return KERN_SUCCESS;
}

static kern_return_t request_no_senders(struct m_port *port, uint32_t sync, struct m_port *notify,
					struct m_port **previous)
{
	*previous = port->nsrequest;
	port->nsrequest = notify;
	if (notify != NULL && sync <= port->mscount)
		check_no_senders(port);
	return KERN_SUCCESS;
}

kern_return_t m_request(struct m_space *space, mach_port_name_t name, uint32_t id, uint32_t sync,
			struct m_port *notify, struct m_port **previous)
{
	struct m_entry *entry = m_lookup(space, name);

	*previous = NULL;
	if (notify == M_DEAD)
		return KERN_INVALID_CAPABILITY;
	if (id == MACH_NOTIFY_PORT_DESTROYED && sync != 0)
		return KERN_INVALID_VALUE;
	if (entry == NULL)
		return KERN_INVALID_NAME;
	if (id == MACH_NOTIFY_DEAD_NAME)
		return request_dead(entry, sync, notify, previous);
	if (id != MACH_NOTIFY_PORT_DESTROYED && id != MACH_NOTIFY_NO_SENDERS)
		return KERN_INVALID_VALUE;
	if (!(entry->type & RECEIVE))
		return KERN_INVALID_RIGHT;
	if (id == MACH_NOTIFY_NO_SENDERS)
		return request_no_senders(entry->port, sync, notify, previous);
	*previous = entry->port->pdrequest;
	entry->port->pdrequest = notify;
	return KERN_SUCCESS;
}

/* --- Sets -------------------------------------------------------------------------------- */

kern_return_t m_move_member(struct m_space *space, mach_port_name_t member,
			    mach_port_name_t after)
{
	struct m_entry *entry = m_lookup(space, member), *set = m_lookup(space, after);

	if (entry == NULL)
		return KERN_INVALID_NAME;
	if (!(entry->type & RECEIVE))
		return KERN_INVALID_RIGHT;
	if (after == 0) {
		if (entry->port->set == NULL)
			return KERN_NOT_IN_SET;
		entry->port->set = NULL;
		return KERN_SUCCESS;
	}
	if (set == NULL)
		return KERN_INVALID_NAME;
	if (!(set->type & SET))
		return KERN_INVALID_RIGHT;
	if (entry->port->set == set->set)
		return KERN_SUCCESS;
	m_wake_receivers(&entry->port->receivers, MACH_RCV_PORT_CHANGED);
	entry->port->set = set->set;
	m_joined_set(entry->port);
	return KERN_SUCCESS;
}
