/* SPDX-License-Identifier: BSD-2-Clause */
/* The model's messages: rights that go into the kernel and come out (sections 3, 4, 7, 8). */
#include <tests/unit/model_ipc.h>

#define SEND MACH_PORT_TYPE_SEND
#define RECEIVE MACH_PORT_TYPE_RECEIVE
#define ONCE MACH_PORT_TYPE_SEND_ONCE
#define DEAD MACH_PORT_TYPE_DEAD_NAME

#define MOVE_RECEIVE MACH_MSG_TYPE_MOVE_RECEIVE
#define MOVE_SEND MACH_MSG_TYPE_MOVE_SEND
#define MOVE_ONCE MACH_MSG_TYPE_MOVE_SEND_ONCE
#define COPY_SEND MACH_MSG_TYPE_COPY_SEND
#define MAKE_SEND MACH_MSG_TYPE_MAKE_SEND
#define MAKE_ONCE MACH_MSG_TYPE_MAKE_SEND_ONCE

uint32_t m_type_after(uint32_t disposition)
{
	static const uint32_t after[] = {
		[MOVE_RECEIVE] = MACH_MSG_TYPE_PORT_RECEIVE,
		[MOVE_SEND] = MACH_MSG_TYPE_PORT_SEND,
		[COPY_SEND] = MACH_MSG_TYPE_PORT_SEND,
		[MAKE_SEND] = MACH_MSG_TYPE_PORT_SEND,
		[MOVE_ONCE] = MACH_MSG_TYPE_PORT_SEND_ONCE,
		[MAKE_ONCE] = MACH_MSG_TYPE_PORT_SEND_ONCE,
	};

	return after[disposition];
}

bool m_takeable(const struct m_entry *entry, uint32_t disposition, bool dead)
{
	bool move_or_copy = disposition == MOVE_SEND || disposition == MOVE_ONCE ||
			    disposition == COPY_SEND;

	if (entry->type & DEAD)
		return dead && move_or_copy;
	if (disposition == MOVE_SEND || disposition == COPY_SEND)
		return (entry->type & SEND) != 0;
	if (disposition == MOVE_ONCE)
		return (entry->type & ONCE) != 0;
	return (entry->type & RECEIVE) != 0;
}

/* The receive right leaves; a send right under the name stays. */
static void take_receive(struct m_entry *entry)
{
	m_leave_space(entry->port);
	if (entry->type & SEND)
		entry->type = SEND;
	else
		m_entry_gone(entry);
}

struct m_right m_take(struct m_entry *entry, uint32_t disposition)
{
	struct m_right right = { entry->port, m_type_after(disposition) };
	struct m_port *port = entry->port;
	struct m_right *hold = NULL;

	if (entry->type & DEAD) {
		right.port = M_DEAD;
		if (disposition != COPY_SEND)
			m_drop_urefs(entry, 1);
		return right;
	}
	/* In someone's hands before the entry lets it go. */
	for (int i = 0; i < M_HANDS; i++)
		if (m_hand[i].type == 0)
			hold = &m_hand[i];
	ck_must(hold != NULL);
	*hold = right;
	if (disposition == MAKE_SEND)
		port->mscount++;
	else if (disposition == MOVE_SEND)
		m_drop_urefs(entry, 1);
	else if (disposition == MOVE_ONCE)
		m_entry_gone(entry);
	else if (disposition == MOVE_RECEIVE)
		take_receive(entry);
	hold->type = 0;
	return right;
}

kern_return_t m_copyin(struct m_space *space, mach_port_name_t name, uint32_t disposition,
		       struct m_right *right)
{
	struct m_entry *entry = m_lookup(space, name);

	if (entry == NULL)
		return KERN_INVALID_NAME;
	if (!m_takeable(entry, disposition, true))
		return KERN_INVALID_RIGHT;
	*right = m_take(entry, disposition);
	return KERN_SUCCESS;
}

/* --- Out --------------------------------------------------------------------------------- */

void m_copyout(struct m_space *space, struct m_right right, mach_port_name_t name)
{
	struct m_entry *entry = NULL;

	if (!m_is_port(right.port) || !right.port->alive) {
		ck_must(name == (right.port == NULL ? MACH_PORT_NULL : MACH_PORT_DEAD));
		return;
	}
	if (right.type != MACH_MSG_TYPE_PORT_SEND_ONCE)
		entry = m_entry_of_port(space, right.port);
	if (entry == NULL)
		entry = m_entry_new(space, name);
	ck_must(entry->name == name);
	entry->port = right.port;
	if (right.type == MACH_MSG_TYPE_PORT_SEND_ONCE) {
		entry->type = ONCE;
	} else if (right.type == MACH_MSG_TYPE_PORT_SEND) {
		if (!(entry->type & SEND))
			entry->urefs = 0;
		entry->type |= SEND;
		if (entry->urefs < 65534)
			entry->urefs++;
	} else {
		entry->type |= RECEIVE;
		right.port->receiver = space;
		right.port->queued_at = NULL;
	}
}

kern_return_t m_insert(struct m_space *space, mach_port_name_t name, struct m_right right)
{
	struct m_entry *entry;

	if (name == 0 || name == ~0u || right.type < MOVE_RECEIVE || right.type > MOVE_ONCE)
		return KERN_INVALID_VALUE;
	if (!m_is_port(right.port) || !right.port->alive)
		return KERN_INVALID_CAPABILITY;
	entry = m_entry_of_port(space, right.port);
	if (right.type == MACH_MSG_TYPE_PORT_SEND_ONCE)
		entry = NULL;
	if (entry != NULL && entry->name != name)
		return KERN_RIGHT_EXISTS;
	if (entry == NULL && m_lookup(space, name) != NULL)
		return KERN_NAME_EXISTS;
	if (entry != NULL && right.type == MACH_MSG_TYPE_PORT_SEND && (entry->type & SEND) &&
	    entry->urefs == 65534)
		return KERN_UREFS_OVERFLOW;
	if (entry == NULL && !m_alloc())
		return KERN_RESOURCE_SHORTAGE;
	m_copyout(space, right, name);
	return KERN_SUCCESS;
}

/* --- The header -------------------------------------------------------------------------- */

static bool header_type(uint32_t type)
{
	return type == MOVE_SEND || type == COPY_SEND || type == MAKE_SEND || type == MOVE_ONCE ||
	       type == MAKE_ONCE;
}

static bool header_bits(const struct m_header *h)
{
	if (h->reply_type == 0)
		return header_type(h->dest_type) && h->reply == 0;
	return header_type(h->dest_type) && header_type(h->reply_type);
}

/* Section 3, "order of checks", up to the pair on one name. */
static mach_msg_return_t header_check(struct m_space *space, const struct m_header *h)
{
	struct m_entry *dest = m_lookup(space, h->dest), *reply = m_lookup(space, h->reply);
	struct m_entry *notify = m_lookup(space, h->notify);

	if (h->cancel && h->notify == 0)
		return MACH_SEND_INVALID_NOTIFY;
	if (!header_bits(h))
		return MACH_SEND_INVALID_HEADER;
	if (h->cancel && (notify == NULL || !(notify->type & RECEIVE)))
		return MACH_SEND_INVALID_NOTIFY;
	if (dest == NULL)
		return MACH_SEND_INVALID_DEST;
	if (h->reply != 0 && h->reply != ~0u &&
	    (reply == NULL || !m_takeable(reply, h->reply_type, true)))
		return MACH_SEND_INVALID_REPLY;
	if (!m_takeable(dest, h->dest_type, false))
		return MACH_SEND_INVALID_DEST;
	return MACH_MSG_SUCCESS;
}

/* A request of the destination's entry that must not be answered any more. */
static void cancel(struct m_entry *entry, const struct m_port *notify)
{
	if (notify != NULL && entry->request && entry->notify == notify)
		entry->request = false;
}

/* Both rights from one name that has them: the table of section 3. */
static mach_msg_return_t same_name(struct m_entry *entry, const struct m_header *h,
				   struct m_port *notify, struct m_right *dest,
				   struct m_right *reply)
{
	uint32_t d = h->dest_type, r = h->reply_type;

	if (d == MOVE_ONCE || r == MOVE_ONCE)
		return MACH_SEND_INVALID_DEST;
	*dest = (struct m_right){ entry->port, m_type_after(d) };
	*reply = (struct m_right){ entry->port, m_type_after(r) };
	m_hand[0] = *dest;
	m_hand[1] = *reply;
	entry->port->mscount += (d == MAKE_SEND) + (r == MAKE_SEND);
	if (d == MOVE_SEND && r == MOVE_SEND) {
		if (entry->urefs < 2)
			return MACH_SEND_INVALID_DEST;
		if (entry->urefs == 2 && !(entry->type & RECEIVE))
			cancel(entry, notify);
		m_drop_urefs(entry, 2);
	} else if (d == MOVE_SEND || r == MOVE_SEND) {
		if (d == MOVE_SEND && entry->urefs == 1 && !(entry->type & RECEIVE))
			cancel(entry, notify);
		m_drop_urefs(entry, 1);
	}
	return MACH_MSG_SUCCESS;
}

static struct m_right take_reply(struct m_space *space, const struct m_header *h)
{
	struct m_right right = { NULL, 0 };

	if (h->reply_type == 0)
		return right;
	right.type = m_type_after(h->reply_type);
	if (h->reply == 0 || h->reply == ~0u)
		right.port = h->reply == 0 ? NULL : M_DEAD;
	else
		right = m_take(m_lookup(space, h->reply), h->reply_type);
	return right;
}

mach_msg_return_t m_header_copyin(struct m_space *space, const struct m_header *h,
				  struct m_right *dest, struct m_right *reply)
{
	mach_msg_return_t mr = header_check(space, h);
	struct m_port *notify = NULL;
	struct m_entry *entry;
	bool goes;

	if (mr != MACH_MSG_SUCCESS)
		return mr;
	ck_must(m_hand[0].type == 0 && m_hand[1].type == 0);
	entry = m_lookup(space, h->dest);
	if (h->cancel)
		notify = m_lookup(space, h->notify)->port;
	if (h->dest == h->reply) {
		mr = same_name(entry, h, notify, dest, reply);
		m_hand[0].type = m_hand[1].type = 0;
		return mr;
	}
	goes = h->dest_type == MOVE_ONCE ||
	       (h->dest_type == MOVE_SEND && entry->urefs == 1 && !(entry->type & RECEIVE));
	if (goes)
		cancel(entry, notify);
	*dest = m_take(entry, h->dest_type);
	m_hand[0] = *dest;		/* counts while the reply is taken */
	*reply = take_reply(space, h);
	m_hand[0].type = 0;
	return MACH_MSG_SUCCESS;
}
