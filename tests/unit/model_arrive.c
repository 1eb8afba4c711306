/* SPDX-License-Identifier: BSD-2-Clause */
/* What is in a buffer after a message has come there (sections 7 to 9), against the model. */
#include <tests/unit/model_call.h>

#include <mach/notify.h>
#include <vm/map.h>

struct reader {
	struct m_space *space;
	struct m_message *m;
	unsigned int rights;
	uint32_t memory;
	mach_msg_return_t bits;		/* of what got lost for want of memory */
};

static mach_msg_header_t *header_of(struct m_actor *actor)
{
	return (mach_msg_header_t *)actor->buffer;
}

/* --- The body ---------------------------------------------------------------------------- */

/* A right leaves the message for the space. */
static void copyout_from(struct m_space *space, struct m_right *place, mach_port_name_t name)
{
	struct m_right right = *place;

	place->type = 0;
	m_copyout(space, right, name);
}

/* Will the right make an entry in the space? */
static bool makes_entry(struct m_space *space, const struct m_right *right)
{
	if (!m_is_port(right->port) || !right->port->alive || right->type == 0)
		return false;
	return right->type == MACH_MSG_TYPE_PORT_SEND_ONCE ||
	       m_entry_of_port(space, right->port) == NULL;
}

/* A right that gets no name is destroyed and shows as null. */
static mach_msg_return_t name_right(struct m_space *space, struct m_right *place,
				    mach_port_name_t name)
{
	if (makes_entry(space, place) && !m_alloc()) {
		ck_must(name == MACH_PORT_NULL);
		m_release_from(place);
		return MACH_MSG_IPC_KERNEL;
	}
	copyout_from(space, place, name);
	return 0;
}

static void read_right(struct reader *r, mach_port_name_t name, uint32_t type)
{
	ck_must(r->rights < r->m->rights && type == r->m->body[r->rights].type);
	r->bits |= name_right(r->space, &r->m->body[r->rights++], name);
}

static void user_free(struct m_space *space, void *address, size_t size)
{
	if (!m_trial)
		fake_user_free(space->task->map, address, size);
}

static bool array_named(struct m_space *space, struct m_message *m, unsigned int first,
			unsigned int end, mach_port_name_t *name);

/* An array for which there was no memory, before or after its rights had names. */
static void read_no_ports(struct reader *r, const struct msg_item *item)
{
	mach_port_name_t name[M_BODY];
	unsigned int first = r->rights;

	r->rights += item->number;
	ck_must(r->rights <= r->m->rights && item->name == r->m->body[first].type);
	ck_must(!array_named(r->space, r->m, first, r->rights, name));
	r->bits |= MACH_MSG_VM_KERNEL;
}

static void read_ports(struct reader *r, const struct msg_item *item)
{
	const mach_port_name_t *names = item->data;

	ck_must(item->deallocate == !item->is_inline);
	if (!item->is_inline)
		names = *(mach_port_name_t *const *)item->data;
	ck_must(item->number != 0 || item->is_inline || names == NULL);
	if (item->size == 0) {
		ck_must(names == NULL);
		read_no_ports(r, item);
		return;
	}
	if (!item->is_inline && item->number != 0)
		ck_must(m_alloc());
	for (uint32_t i = 0; i < item->number; i++)
		read_right(r, names[i], item->name);
	if (!item->is_inline && item->number != 0) {
		ck_must(m_alloc());
		user_free(r->space, (void *)(uintptr_t)names, item->number * 4);
	}
}

static void read_memory(struct reader *r, const struct msg_item *item)
{
	uint8_t *address = *(uint8_t *const *)item->data;

	ck_must(item->deallocate);
	ck_must((item->length != 0) == (address != NULL));
	if (item->number != 0 && !m_alloc()) {
		ck_must(item->size == 0);
		r->memory += item->number;
		r->bits |= MACH_MSG_VM_KERNEL;
		return;
	}
	ck_must(item->size == 8);
	for (uint64_t i = 0; i < item->length; i++)
		ck_must(address[i] == (uint8_t)item->length);
	r->memory += (uint32_t)item->length;
	if (address != NULL)
		user_free(r->space, address, (size_t)item->length);
}

/* The rights enter the model's space under the names that are found.  Returns bits of errors. */
static mach_msg_return_t read_body(struct m_actor *actor, struct m_message *m)
{
	const mach_msg_header_t *header = header_of(actor);
	struct msg_item_iter iter = msg_items(header_of(actor) + 1,
					      header->msgh_size - sizeof(*header));
	struct reader r = { .space = actor->space, .m = m };
	struct msg_item item;
	bool value = false;

	iter.copied_out = true;
	while (msg_item_next(&iter, &item) == MSG_ITEM_OK) {
		if (item.is_port) {
			read_ports(&r, &item);
		} else if (!item.is_inline) {
			read_memory(&r, &item);
		} else if (!value) {
			value = true;
			ck_must(m_value_is(m, *(uint32_t *)item.data));
		}
	}
	ck_must(r.rights == m->rights && r.memory == m->memory && value == m->has_value);
	return r.bits;
}

/* --- Back to the sender ------------------------------------------------------------------ */

mach_msg_return_t come_back(struct m_actor *actor, struct m_message *m)
{
	const mach_msg_header_t *header = header_of(actor);
	mach_msg_return_t bits;

	ck_must(header->msgh_bits == (MACH_MSGH_BITS(m->dest.type, m->reply.type) |
				      (m->complex ? MACH_MSGH_BITS_COMPLEX : 0)));
	ck_must(header->msgh_size == actor->send_size && header->msgh_seqno == 0);
	ck_must(header->msgh_id == (mach_msg_id_t)m->id);
	bits = name_right(actor->space, &m->dest, header->msgh_remote_port);
	bits |= name_right(actor->space, &m->reply, header->msgh_local_port);
	bits |= read_body(actor, m);
	m->used = false;
	return bits;
}

/* --- At the receiver's ------------------------------------------------------------------- */

static void check_notification(struct m_actor *actor, const struct m_message *m)
{
	static const struct {
		uint32_t id, size, bits, word;
	} forms[] = {
		{ MACH_NOTIFY_PORT_DELETED, 32, 0x1200, 0x1001200f },
		{ MACH_NOTIFY_MSG_ACCEPTED, 32, 0x1200, 0x1001200f },
		{ MACH_NOTIFY_DEAD_NAME, 32, 0x1200, 0x1001200f },
		{ MACH_NOTIFY_PORT_DESTROYED, 32, 0x80001200, 0x10012010 },
		{ MACH_NOTIFY_NO_SENDERS, 32, 0x1200, 0x10012002 },
		{ MACH_NOTIFY_SEND_ONCE, 24, 0x1200, 0 },
	};
	const mach_msg_header_t *header = header_of(actor);

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (forms[i].id != m->id)
			continue;
		ck_must(header->msgh_bits == forms[i].bits && header->msgh_size == forms[i].size);
		ck_must(header->msgh_remote_port == 0);
		ck_must(forms[i].word == 0 || actor->buffer[6] == forms[i].word);
	}
}

/* By the order of the two deaths, if both have died. */
static bool reply_died_first(const struct m_message *m, bool bare)
{
	const struct m_port *reply = m->reply.port;

	return !bare && m_is_port(reply) && !reply->alive && reply->death < m->dest.port->death;
}

/* What the receiver is told of the port; *typep is changed for a payload. */
static uint32_t local_name(struct m_space *space, const struct m_message *m, bool bare,
			   uint32_t *typep)
{
	const struct m_port *port = m->dest.port;

	if (!port->alive)
		return reply_died_first(m, bare) ? MACH_PORT_NULL : MACH_PORT_DEAD;
	if (port->receiver != space)
		return MACH_PORT_NULL;
	if (!port->has_payload || bare)
		return m_entry_of_port(space, port)->name;
	*typep = MACH_MSG_TYPE_PROTECTED_PAYLOAD;
	return port->payload;
}

/* The header of what has come, as far as there was room for it. */
static void check_header(struct m_actor *actor, const struct m_message *m, bool bare)
{
	const mach_msg_header_t *header = header_of(actor);
	uint32_t type = m->dest.type, name = local_name(actor->space, m, bare, &type);
	uint32_t complex = m->complex || (m->rights != 0 && m->id < 1000);

	ck_must(header->msgh_bits == (MACH_MSGH_BITS(m->reply.type, type) |
				      (complex ? MACH_MSGH_BITS_COMPLEX : 0)));
	ck_must(header->msgh_size == m->size && header->msgh_seqno == actor->seqno);
	ck_must(header->msgh_local_port == name);
	if (bare)
		ck_must(header->msgh_remote_port == 0);
	ck_must(header->msgh_id == (mach_msg_id_t)m->id || (bare && actor->rcv_size < 24));
}

/* The destination's right is used up by arriving, if the port is still here. */
static void use_dest(struct m_space *space, struct m_message *m)
{
	struct m_right right = m->dest;

	m->dest.type = 0;
	if (right.type == MACH_MSG_TYPE_PORT_SEND || right.port->receiver != space)
		m_release(right);
}

/* A reply right that has made an entry gets a request, which answers to the receive right. */
static void request_for_reply(struct m_space *space, mach_port_name_t name, bool fresh,
			      struct m_port *notify)
{
	struct m_entry *entry = m_lookup(space, name);

	if (notify == NULL || !fresh || entry == NULL)
		return;
	entry->request = true;
	entry->notify = notify;
}

/* Behind the message is what was asked for of its trailer. */
static void check_trailer(const struct m_actor *actor, const struct m_message *m)
{
	const uint32_t *trailer = actor->buffer + m->size / 4;
	uint32_t words = (m_room(m, actor->option) - m->size) / 4;

	if (words == 0)
		return;
	ck_must(trailer[0] == 0 && trailer[1] == words * 4 && trailer[2] == actor->seqno);
	for (uint32_t i = 3; i < words; i++)
		ck_must(trailer[i] == m->sender[i - 3]);
}

mach_msg_return_t arrive(struct m_actor *actor, struct m_message *m, struct m_port *notify)
{
	mach_port_name_t reply = header_of(actor)->msgh_remote_port;
	bool fresh = makes_entry(actor->space, &m->reply);
	mach_msg_return_t bits;

	if (fresh && !m_alloc()) {
		arrive_bare(actor, m);
		return MACH_RCV_HEADER_ERROR | MACH_MSG_IPC_KERNEL;
	}
	check_header(actor, m, false);
	if (m->id < 1000 && header_of(actor)->msgh_bits >> 8 % 256 != 0 &&
	    !m->dest.port->has_payload)
		check_notification(actor, m);
	copyout_from(actor->space, &m->reply, reply);
	request_for_reply(actor->space, reply, fresh, notify);
	use_dest(actor->space, m);
	check_trailer(actor, m);
	bits = read_body(actor, m);
	m->used = false;
	return bits == 0 ? MACH_MSG_SUCCESS : MACH_RCV_BODY_ERROR | bits;
}

/* All but the destination is destroyed. */
void arrive_bare(struct m_actor *actor, struct m_message *m)
{
	for (unsigned int i = 0; i < m->rights; i++)
		m_release_from(&m->body[i]);
	if (!actor->bad_buffer)
		check_header(actor, m, true);
	use_dest(actor->space, m);
	m_release_from(&m->reply);
	m->used = false;
}

/*
 * The buffer could not be written: rights come into the space as if it could, under names that
 * only the kernel knows, and are taken back.
 */
static mach_port_name_t pass_through(struct m_space *space, struct m_right *place,
				     mach_port_name_t name)
{
	struct m_right right = *place;
	struct m_entry *e = NULL;

	if (makes_entry(space, place) && !m_alloc()) {
		m_release_from(place);
		return MACH_PORT_NULL;
	}
	if (!m_is_port(right.port) || !right.port->alive)
		name = right.port == NULL ? 0 : ~0u;
	else if (right.type != MACH_MSG_TYPE_PORT_SEND_ONCE)
		e = m_entry_of_port(space, right.port);
	if (e != NULL)
		name = e->name;
	copyout_from(space, place, name);
	return name;
}

static void take_back(struct m_space *space, mach_port_name_t name, uint32_t type)
{
	if (name == 0 || name == ~0u)
		return;
	if (type == MACH_MSG_TYPE_PORT_RECEIVE)
		m_mod_refs(space, name, MACH_PORT_RIGHT_RECEIVE, -1);
	else
		m_deallocate(space, name);
}

/* Names for the rights of an array, if its memory can be had and written; false if it cannot. */
static bool array_named(struct m_space *space, struct m_message *m, unsigned int first,
			unsigned int end, mach_port_name_t *name)
{
	uint32_t type[M_BODY];

	if (!m_alloc()) {
		for (unsigned int i = first; i < end; i++)
			m_release_from(&m->body[i]);
		return false;
	}
	for (unsigned int i = first; i < end; i++) {
		type[i] = m->body[i].type;
		name[i] = pass_through(space, &m->body[i], M_UNKNOWN_NAME + 1 + i);
	}
	if (m_alloc())
		return true;
	for (unsigned int i = first; i < end; i++)
		take_back(space, name[i], type[i]);
	return false;
}

/* All of the body gets names: an array at a time, or one; null for those that get none. */
static void name_body(struct m_space *space, struct m_message *m, mach_port_name_t *name)
{
	for (unsigned int i = 0, end; i < m->rights; i = end) {
		end = i + 1;
		if (m->array[i] == 0) {
			name[i] = pass_through(space, &m->body[i], M_UNKNOWN_NAME + 1 + i);
			continue;
		}
		while (end < m->rights && m->array[end] == m->array[i])
			end++;
		if (array_named(space, m, i, end, name))
			continue;
		for (unsigned int n = i; n < end; n++)
			name[n] = MACH_PORT_NULL;
	}
}

void arrive_nowhere(struct m_actor *actor, struct m_message *m, struct m_port *notify)
{
	struct m_space *space = actor->space;
	mach_port_name_t reply, name[M_BODY];
	uint32_t reply_type = m->reply.type, type[M_BODY];
	bool fresh = makes_entry(space, &m->reply);

	if (fresh && !m_alloc()) {
		arrive_bare(actor, m);
		return;
	}
	reply = M_UNKNOWN_NAME;
	if (!fresh)
		reply = pass_through(space, &m->reply, reply);
	else
		copyout_from(space, &m->reply, reply);
	request_for_reply(space, reply, fresh, notify);
	use_dest(space, m);
	for (unsigned int i = 0; i < m->rights; i++)
		type[i] = m->body[i].type;
	name_body(space, m, name);
	for (unsigned int i = 0; i < m->rights; i++)
		take_back(space, name[i], type[i]);
	take_back(space, reply, reply_type);
	m->used = false;
}
