/* SPDX-License-Identifier: BSD-2-Clause */
/* The kernel's state against the model's. */
#include <tests/unit/model_call.h>
#include <tests/unit/model_ops.h>

#include <stdio.h>

#include <sanitizer/asan_interface.h>

#include <ipc/accepted.h>
#include <ipc/checker.h>
#include <ipc/notify.h>
#include <ipc/pset.h>
#include <ipc/right.h>
#include <vm/map.h>

#define SEND MACH_PORT_TYPE_SEND
#define RECEIVE MACH_PORT_TYPE_RECEIVE

struct ipc_port *model_real(struct m_right right)
{
	if (right.port == NULL)
		return IP_NULL;
	return right.port == M_DEAD ? IP_DEAD : right.port->real;
}

/* --- Entries ----------------------------------------------------------------------------- */

/* An entry whose port has died but which nobody has looked at since. */
static bool dead_unseen(const struct ipc_entry *entry)
{
	uint32_t type = entry_type(entry);

	return type != MACH_PORT_TYPE_DEAD_NAME && type != MACH_PORT_TYPE_PORT_SET &&
	       !entry->object->active;
}

/* The references that it will have when it is looked at. */
static uint32_t urefs_to_be(const struct ipc_entry *entry)
{
	uint32_t urefs = entry_urefs(entry);

	if ((entry->bits & SEND) && urefs == 65534)
		return 65535;
	return urefs + (entry->request != NULL && urefs < 65535);
}

static void compare_request(const struct m_entry *e, const struct ipc_entry *entry)
{
	ck_must(e->request == (entry->request != NULL));
	if (e->request) {
		ck_must(entry->request->notify == e->notify->real);
		ck_must(entry->request->name == e->name);
	}
}

/* The same threads wait, in the same order. */
static void compare_line(const struct m_actor *actor, const struct queue *line)
{
	queue_for_each(link, line) {
		ck_must(actor != NULL);
		ck_must(container_of(link, struct thread, ipc.link) == &actor->real->thread);
		actor = actor->next;
	}
	ck_must(actor == NULL);
}

static void compare_entry(struct m_space *space, const struct m_entry *e)
{
	struct ipc_entry *entry = ipc_entry_lookup(&space->task->space->table, e->name);

	ck_must(entry != NULL);
	if (dead_unseen(entry)) {
		ck_must(e->type == MACH_PORT_TYPE_DEAD_NAME);
		ck_must(e->urefs == urefs_to_be(entry));
		return;
	}
	ck_must(e->type == entry_type(entry));
	if (e->type & (SEND | MACH_PORT_TYPE_DEAD_NAME))
		ck_must(e->urefs == entry_urefs(entry));
	if (e->port != NULL)
		ck_must(entry_port(entry) == e->port->real);
	else if (e->set != NULL)
		ck_must(entry_pset(entry) == e->set->real);
	else
		ck_must(entry->object == NULL);
	if (e->set != NULL) {
		ck_must(e->set->real->name == e->name);
		compare_line(e->set->receivers, &e->set->real->mqueue.receivers);
	}
	compare_request(e, entry);
}

static void compare_space(struct m_space *space)
{
	uint32_t used = 0;

	for (int i = 0; i < M_ENTRIES; i++) {
		if (!space->entry[i].used)
			continue;
		used++;
		compare_entry(space, &space->entry[i]);
	}
	ck_must(used == space->task->space->table.used);
}

/* --- Messages ---------------------------------------------------------------------------- */

struct contents {
	bool has_value;
	uint32_t value;
	uint32_t memory;
	unsigned int rights;
	struct {
		struct ipc_port *port;
		uint32_t type;
	} right[M_BODY];
};

static void read_ports(struct contents *c, const struct msg_item *item)
{
	struct ipc_port **ports = item->data;

	if (item->number == 0)
		return;
	if (!item->is_inline)
		ports = *(struct ipc_port ***)item->data;
	for (uint32_t i = 0; i < item->number; i++) {
		ck_must(c->rights < M_BODY);
		c->right[c->rights].port = ports[i];
		c->right[c->rights++].type = item->name;
	}
}

static struct contents read_body(struct ipc_kmsg *kmsg)
{
	struct msg_item_iter iter = kmsg_items(kmsg);
	struct contents c = { .rights = 0 };
	struct msg_item item;
	enum msg_item_status status;

	while ((status = msg_item_next(&iter, &item)) == MSG_ITEM_OK) {
		if (item.is_port) {
			read_ports(&c, &item);
		} else if (item.is_inline && !c.has_value && item.length == 4) {
			c.has_value = true;
			c.value = *(uint32_t *)item.data;
		} else if (!item.is_inline) {
			c.memory += vm_map_copy_size(*(struct vm_map_copy **)item.data);
		}
	}
	ck_must(status == MSG_ITEM_END);
	return c;
}

/* Was it sent by force, and by this name? */
static bool same_request(const struct m_message *m, const struct ipc_kmsg *kmsg)
{
	mach_port_name_t name = m->accepted_entry != NULL ? m->accepted_entry->name : 0;

	if (m->accepted != (kmsg->accepted != NULL))
		return false;
	return !m->accepted || (kmsg->accepted->notify == m->accepted_notify->real &&
				kmsg->accepted->name == name);
}

static bool same_message(struct m_message *m, struct ipc_kmsg *kmsg)
{
	struct contents c = read_body(kmsg);
	bool same = (uint32_t)kmsg->header.id == m->id &&
		    kmsg->header.remote == model_real(m->dest) &&
		    kmsg->header.local == model_real(m->reply) &&
		    MACH_MSGH_BITS_PORTS(kmsg->header.bits) ==
			    MACH_MSGH_BITS(m->dest.type, m->reply.type);

	same = same && same_request(m, kmsg) && c.has_value == m->has_value &&
	       (!c.has_value || m_value_is(m, c.value));
	if (!same || c.rights != m->rights || c.memory != m->memory)
		return false;
	for (unsigned int i = 0; i < c.rights; i++)
		if (c.right[i].port != model_real(m->body[i]) ||
		    c.right[i].type != m->body[i].type)
			return false;
	return true;
}

static struct m_message *take_match(struct m_message **list, struct ipc_kmsg *kmsg)
{
	for (; *list != NULL; list = &(*list)->next) {
		struct m_message *m = *list;

		if (same_message(m, kmsg)) {
			*list = m->next;
			return m;
		}
		if (m->id >= 1000 && kmsg->header.id >= 1000)
			return NULL;
	}
	return NULL;
}

/* What was found instead of what. */
static void explain(const struct m_port *port, struct ipc_kmsg *kmsg, const struct m_message *rest)
{
	struct contents c = read_body(kmsg);

	fprintf(stderr, "in the queue of %p: id %d, bits %x, value %x, %u rights, forced %d; expected:\n",
		(void *)port->real, kmsg->header.id, kmsg->header.bits, c.value, c.rights,
		kmsg->accepted != NULL);
	for (; rest != NULL; rest = rest->next)
		fprintf(stderr, "\tid %u, types %x %x, value %x, %u rights, forced %d\n", rest->id,
			rest->dest.type, rest->reply.type, rest->value, rest->rights,
			rest->accepted);
}

/*
 * The same messages.  The contract does not say in which order the notifications of one event come:
 * the model takes over the kernel's.  The users' messages keep theirs.
 */
static void compare_queue(struct m_port *port)
{
	struct m_message *rest = port->queue, **end = &port->queue;
	uint32_t count = 0;

	queue_for_each(link, &port->real->mqueue.messages) {
		struct ipc_kmsg *kmsg = container_of(link, struct ipc_kmsg, link);
		struct m_message *m = take_match(&rest, kmsg);

		if (m == NULL)
			explain(port, kmsg, rest);
		ck_must(m != NULL);
		*end = m;
		end = &m->next;
		count++;
	}
	*end = NULL;
	ck_must(rest == NULL);
	ck_must(count == port->real->msgcount);
}

/* --- Ports ------------------------------------------------------------------------------- */

static struct ipc_port *real_or_null(const struct m_port *port)
{
	return port == NULL ? IP_NULL : port->real;
}

static void compare_port(struct m_port *port)
{
	const struct ipc_port *real = port->real;

	ck_must(!__asan_address_is_poisoned(real));	/* it has been freed */
	ck_must(real->object.active);
	ck_must(real->srights == m_count_send(port));
	ck_must(real->sorights == m_count_once(port));
	ck_must(real->mscount == port->mscount);
	ck_must(real->seqno == port->seqno);
	ck_must(real->qlimit == port->qlimit);
	ck_must(real->has_payload == port->has_payload);
	ck_must(!port->has_payload || real->payload == port->payload);
	ck_must(real->nsrequest == real_or_null(port->nsrequest));
	ck_must(real->pdrequest == real_or_null(port->pdrequest));
	ck_must(real->pset == (port->set == NULL ? NULL : port->set->real));
	if (port->receiver != NULL) {
		ck_must(real->receiver == port->receiver->task->space);
		ck_must(real->receiver_name == m_entry_of_port(port->receiver, port)->name);
	} else {
		ck_must(real->receiver == NULL);
		ck_must(real->destination == real_or_null(port->queued_at));
	}
	compare_line(port->receivers, &port->real->mqueue.receivers);
	compare_line(port->senders, &port->real->senders);
	compare_queue(port);
}

void model_compare(void)
{
	for (int s = 0; s < M_SPACES; s++)
		compare_space(&m_space[s]);
	for (int i = 0; i < M_PORTS; i++)
		if (m_port[i].used && m_port[i].alive)
			compare_port(&m_port[i]);
}

/* --- The checker ------------------------------------------------------------------------- */

/* What threads wait for. */
static void hold_sources(struct ipc_check *check)
{
	for (int i = 0; i < M_ACTORS; i++) {
		struct actor *real = m_actor[i].real;
		struct ipc_object *object = real != NULL ? real->thread.ipc.object : NULL;

		if (m_actor[i].waits && m_actor[i].state == M_SENDING)
			ipc_check_reach(check, m_actor[i].port->real);
		if (object != NULL && object->kind == IOT_PORT)
			ipc_check_hold(check, (struct ipc_port *)object, IPC_HOLDS_REFERENCE);
	}
}

static void hold_hands(struct ipc_check *check)
{
	hold_sources(check);
	for (int i = 0; i < M_HANDS; i++) {
		struct ipc_port *port = model_real(m_hand[i]);

		if (m_hand[i].type == MACH_MSG_TYPE_PORT_SEND)
			ipc_check_hold(check, port, IPC_HOLDS_SEND);
		else if (m_hand[i].type == MACH_MSG_TYPE_PORT_SEND_ONCE)
			ipc_check_hold(check, port, IPC_HOLDS_SEND_ONCE);
		else if (m_hand[i].type == MACH_MSG_TYPE_PORT_RECEIVE)
			ipc_check_hold(check, port, IPC_HOLDS_RECEIVE);
	}
}

void model_check(void)
{
	fake_ipc_holders = hold_hands;
	ck_must(ipc_check_all() == 0);
}
