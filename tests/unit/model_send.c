/* SPDX-License-Identifier: BSD-2-Clause */
#include <tests/unit/model_send.h>

#include <string.h>

#include <mach/notify.h>
#include <vm/map.h>

#define WORD_TYPE 0x10012002u
#define INLINE 0x10000000u
#define LONG 0x20000000u
#define DEALLOC 0x40000000u
#define UNUSED 0x80000000u

#define BUFFER_WORDS 256

static struct actor *actor[M_SPACES];
static uint32_t buffer[BUFFER_WORDS];	/* user memory */

static mach_msg_header_t *const message = (mach_msg_header_t *)buffer;

void model_send_start(void)
{
	for (int s = 0; s < M_SPACES; s++)
		actor[s] = actor_create(m_space[s].task);
}

void model_send_finish(void)
{
	for (int s = 0; s < M_SPACES; s++)
		actor_end(actor[s]);
}

static struct actor *actor_of_space(const struct m_space *space)
{
	return actor[space - m_space];
}

/* --- Making the message ------------------------------------------------------------------ */

static uint32_t *put_type(uint32_t *w, const struct plan_item *i, uint32_t name, uint32_t bits,
			  uint32_t number, uint32_t flags)
{
	if (i->kind == PLAN_BAD_TYPE)
		flags |= UNUSED;
	if (!i->longform) {
		*w++ = name | bits << 8 | number << 16 | flags;
		return w;
	}
	*w++ = LONG | flags;
	*w++ = name | bits << 16;
	*w++ = number;
	return w;
}

static uint32_t *put_memory(struct m_space *space, uint32_t *w, struct plan_item *i)
{
	w = put_type(w, i, MACH_MSG_TYPE_BYTE, 8, i->size, i->deallocate ? DEALLOC : 0);
	if (i->kind == PLAN_HOLE) {
		*w++ = 0x100;
		return w;
	}
	if (i->size != 0) {
		i->address = fake_user_alloc(space->task->map, i->size + 100);
		i->address += 100;
		memset(i->address, (int)i->size, i->size);
	}
	*w++ = i->size == 0 ? 0x55555 : (uint32_t)(uintptr_t)i->address;
	return w;
}

static uint32_t *put_ports(struct m_space *space, uint32_t *w, struct plan_item *i)
{
	size_t bytes = i->count * sizeof(i->name[0]);
	bool inside = !i->out_of_line;

	w = put_type(w, i, i->disposition, 32, i->count,
		     inside ? INLINE : i->deallocate ? DEALLOC : 0);
	if (inside) {
		memcpy(w, i->name, bytes);
		return w + i->count;
	}
	if (i->count != 0) {
		i->address = fake_user_alloc(space->task->map, bytes);
		memcpy(i->address, i->name, bytes);
	}
	*w++ = i->count == 0 ? 0x66666 : (uint32_t)(uintptr_t)i->address;
	return w;
}

static uint32_t *put_item(struct m_space *space, uint32_t *w, struct plan_item *i)
{
	i->address = NULL;
	switch (i->kind) {
	case PLAN_PORTS:
		return put_ports(space, w, i);
	case PLAN_MEMORY: case PLAN_HOLE:
		return put_memory(space, w, i);
	default:
		w = put_type(w, i, MACH_MSG_TYPE_INTEGER_32, 32, 1, INLINE);
		if (i->kind != PLAN_CUT)
			*w++ = i->size;
		return w;
	}
}

/* Returns its size. */
static mach_msg_size_t build(struct m_space *space, struct plan *plan)
{
	uint32_t *w = (uint32_t *)(message + 1);

	*message = (mach_msg_header_t){
		.msgh_bits = MACH_MSGH_BITS(plan->header.dest_type, plan->header.reply_type) |
			     (plan->items != 0 ? MACH_MSGH_BITS_COMPLEX : 0),
		.msgh_size = 4,
		.msgh_remote_port = plan->header.dest,
		.msgh_local_port = plan->header.reply,
		.msgh_seqno = 77,
		.msgh_id = (mach_msg_id_t)plan->id,
	};
	for (unsigned int i = 0; i < plan->items; i++)
		w = put_item(space, w, &plan->item[i]);
	ck_must(w <= buffer + BUFFER_WORDS);
	return (mach_msg_size_t)((uint8_t *)w - (uint8_t *)buffer);
}

/* --- What the model does with the body --------------------------------------------------- */

static void add_right(struct m_message *m, struct m_right right)
{
	ck_must(m->rights < M_BODY);
	m->body[m->rights++] = right;
}

/* One name of an item: *circular if its receive right must not be queued. */
static kern_return_t copyin_name(struct m_space *space, struct m_message *m,
				 const struct plan_item *i, mach_port_name_t name, bool *circular)
{
	struct m_right right = { name == 0 ? NULL : M_DEAD, m_type_after(i->disposition) };
	kern_return_t kr;

	if (name != 0 && name != ~0u) {
		kr = m_copyin(space, name, i->disposition, &right);
		if (kr != KERN_SUCCESS)
			return kr;
		if (right.type == MACH_MSG_TYPE_PORT_RECEIVE) {
			if (m_circular(right.port, m->dest.port))
				*circular = true;
			else
				right.port->queued_at = m->dest.port;
		}
	}
	add_right(m, right);
	return KERN_SUCCESS;
}

static mach_msg_return_t copyin_item(struct m_space *space, struct m_message *m,
				     const struct plan_item *i, bool *circular)
{
	switch (i->kind) {
	case PLAN_WORD:
		if (!m->has_value)
			m->value = i->size;
		m->has_value = true;
		return MACH_MSG_SUCCESS;
	case PLAN_BAD_TYPE:
		return MACH_SEND_INVALID_TYPE;
	case PLAN_CUT:
		return MACH_SEND_MSG_TOO_SMALL;
	case PLAN_HOLE:
		return MACH_SEND_INVALID_MEMORY;
	case PLAN_MEMORY:
		m->complex = true;
		m->memory += i->size;
		return MACH_MSG_SUCCESS;
	default:
		m->complex = true;
		for (unsigned int n = 0; n < i->count; n++)
			if (copyin_name(space, m, i, i->name[n], circular) != KERN_SUCCESS)
				return MACH_SEND_INVALID_RIGHT;
		return MACH_MSG_SUCCESS;
	}
}

/* All rights that were taken are released: those of the failing item, the body's, the header's. */
static void give_up(struct m_message *m, unsigned int item_first)
{
	for (unsigned int i = m->rights; i > item_first; i--)
		m_release_from(&m->body[i - 1]);
	for (unsigned int i = 0; i < item_first; i++)
		m_release_from(&m->body[i]);
	m_release_from(&m->dest);
	m_release_from(&m->reply);
	m->used = false;
}

/* *processed: how many items have been looked at, the failing one included. */
static mach_msg_return_t copyin_body(struct m_space *space, const struct plan *plan,
				     struct m_message *m, bool *circular, unsigned int *processed)
{
	*processed = 0;
	for (unsigned int i = 0; i < plan->items; i++) {
		unsigned int first = m->rights;
		mach_msg_return_t mr = copyin_item(space, m, &plan->item[i], circular);

		*processed = i + 1;
		if (mr != MACH_MSG_SUCCESS) {
			give_up(m, first);
			return mr;
		}
	}
	return MACH_MSG_SUCCESS;
}

static mach_msg_return_t model_copyin(struct m_space *space, const struct plan *plan,
				      struct m_message **mp, bool *circular,
				      unsigned int *processed)
{
	struct m_right dest, reply;
	mach_msg_return_t mr = m_header_copyin(space, &plan->header, &dest, &reply);

	*processed = 0;
	if (mr != MACH_MSG_SUCCESS)
		return mr;
	*mp = m_message_new(dest, reply, plan->id);
	return copyin_body(space, plan, *mp, circular, processed);
}

/* --- Looking at a message in user memory ------------------------------------------------- */

struct reader {
	struct m_space *space;
	struct m_message *m;
	unsigned int rights;
	uint32_t memory;
};

/* A right leaves the message for the space. */
static void copyout_from(struct m_space *space, struct m_right *place, mach_port_name_t name)
{
	struct m_right right = *place;

	place->type = 0;
	m_copyout(space, right, name);
}

static void read_right(struct reader *r, mach_port_name_t name, uint32_t type)
{
	ck_must(r->rights < r->m->rights && type == r->m->body[r->rights].type);
	copyout_from(r->space, &r->m->body[r->rights++], name);
}

static void read_ports(struct reader *r, const struct msg_item *item)
{
	const mach_port_name_t *names = item->data;

	ck_must(item->deallocate == !item->is_inline);
	if (!item->is_inline)
		names = *(mach_port_name_t *const *)item->data;
	ck_must(item->number != 0 || item->is_inline || names == NULL);
	for (uint32_t i = 0; i < item->number; i++)
		read_right(r, names[i], item->name);
	if (!item->is_inline && item->number != 0)
		fake_user_free(r->space->task->map, (void *)(uintptr_t)names, item->number * 4);
}

static void read_memory(struct reader *r, const struct msg_item *item)
{
	uint8_t *address = *(uint8_t *const *)item->data;

	ck_must(item->deallocate);
	ck_must((item->length != 0) == (address != NULL));
	for (uint64_t i = 0; i < item->length; i++)
		ck_must(address[i] == (uint8_t)item->length);
	r->memory += (uint32_t)item->length;
	if (address != NULL)
		fake_user_free(r->space->task->map, address, (size_t)item->length);
}

/* The rights enter the model's space under the names that are found. */
static void read_body(struct m_space *space, struct m_message *m)
{
	struct msg_item_iter iter = msg_items(message + 1, message->msgh_size - sizeof(*message));
	struct reader r = { .space = space, .m = m };
	struct msg_item item;
	bool value = false;

	while (msg_item_next(&iter, &item) == MSG_ITEM_OK) {
		if (item.is_port) {
			read_ports(&r, &item);
		} else if (!item.is_inline) {
			read_memory(&r, &item);
		} else if (!value) {
			value = true;
			ck_must(*(uint32_t *)item.data == m->value);
		}
	}
	ck_must(r.rights == m->rights && r.memory == m->memory && value == m->has_value);
}

/* --- Sending ----------------------------------------------------------------------------- */

/* What out-of-line memory the message has left in the sender's map. */
static void free_memory(struct m_space *space, const struct plan *plan, unsigned int processed)
{
	for (unsigned int i = 0; i < plan->items; i++) {
		const struct plan_item *item = &plan->item[i];
		size_t size = item->kind == PLAN_PORTS ? item->count * 4 : item->size;
		unsigned int before = fake_user_pages;
		bool gone = item->deallocate && i < processed;

		if ((item->kind != PLAN_PORTS && item->kind != PLAN_MEMORY) ||
		    item->address == NULL)
			continue;
		fake_user_free(space->task->map, item->address, size);
		ck_must((fake_user_pages == before) == gone);
	}
}

/* It has come back in its pseudo-received form. */
static void came_back(struct m_space *space, const struct plan *plan, struct m_message *m,
		      mach_msg_size_t size)
{
	ck_must(message->msgh_bits == (MACH_MSGH_BITS(m->dest.type, m->reply.type) |
				       (m->complex ? MACH_MSGH_BITS_COMPLEX : 0)));
	ck_must(message->msgh_size == size && message->msgh_seqno == 0);
	ck_must(message->msgh_id == (mach_msg_id_t)plan->id);
	copyout_from(space, &m->dest, message->msgh_remote_port);
	copyout_from(space, &m->reply, message->msgh_local_port);
	read_body(space, m);
	m->used = false;
}

static mach_msg_return_t expected_send(const struct m_message *m, bool circular)
{
	if (m->dest.type == MACH_MSG_TYPE_PORT_SEND &&
	    m_queue_length(m->dest.port) >= m->dest.port->qlimit)
		return MACH_SEND_TIMED_OUT;
	return circular ? -1 : MACH_MSG_SUCCESS;
}

mach_msg_return_t op_send(struct m_space *space, struct plan *plan)
{
	struct actor *a = actor_of_space(space);
	mach_msg_size_t size = build(space, plan);
	struct m_message *m = NULL;
	bool circular = false;
	unsigned int processed;
	mach_msg_return_t mr = model_copyin(space, plan, &m, &circular, &processed), sent;

	actor_mach_msg(a, message, MACH_SEND_MSG | MACH_SEND_TIMEOUT |
		       (plan->header.cancel ? MACH_SEND_CANCEL : 0), size, 0, 0, 0,
		       plan->header.notify);
	ck_must(a->done);
	if (mr != MACH_MSG_SUCCESS) {
		ck_must(a->result == mr);
		free_memory(space, plan, processed);
		return mr;
	}
	m->size = size;
	sent = expected_send(m, circular);
	ck_must(a->result == (sent == -1 ? MACH_MSG_SUCCESS : sent));
	if (sent == MACH_SEND_TIMED_OUT)
		came_back(space, plan, m, size);
	else if (sent == -1)
		m_destroy_message(m);
	else
		m_enqueue(m);
	free_memory(space, plan, processed);
	return a->result;
}

/* --- Receiving --------------------------------------------------------------------------- */

static void check_notification(const struct m_message *m)
{
	static const struct {
		uint32_t id, size, bits, word;
	} forms[] = {
		{ MACH_NOTIFY_PORT_DELETED, 32, 0x1200, 0x1001200f },
		{ MACH_NOTIFY_DEAD_NAME, 32, 0x1200, 0x1001200f },
		{ MACH_NOTIFY_PORT_DESTROYED, 32, 0x80001200, 0x10012010 },
		{ MACH_NOTIFY_NO_SENDERS, 32, 0x1200, 0x10012002 },
		{ MACH_NOTIFY_SEND_ONCE, 24, 0x1200, 0 },
	};

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (forms[i].id != m->id)
			continue;
		ck_must(message->msgh_bits == forms[i].bits && message->msgh_size == forms[i].size);
		ck_must(message->msgh_remote_port == 0);
		ck_must(forms[i].word == 0 || buffer[6] == forms[i].word);
	}
}

/* The header of what has come; bare: without anything but the destination. */
static void check_header(struct m_space *space, const struct m_message *m, bool bare)
{
	const struct m_port *port = m->dest.port;
	uint32_t local = port->has_payload && !bare ? MACH_MSG_TYPE_PROTECTED_PAYLOAD
						     : m->dest.type;
	uint32_t complex = m->complex || (m->rights != 0 && m->id < 1000);

	ck_must(message->msgh_bits == (MACH_MSGH_BITS(m->reply.type, local) |
				       (complex ? MACH_MSGH_BITS_COMPLEX : 0)));
	ck_must(m->size == 0 || message->msgh_size == m->size);
	ck_must(message->msgh_seqno == port->seqno - 1);
	if (local == MACH_MSG_TYPE_PROTECTED_PAYLOAD)
		ck_must(message->msgh_local_port == port->payload);
	else
		ck_must(message->msgh_local_port == m_entry_of_port(space, port)->name);
	if (bare)
		ck_must(message->msgh_remote_port == 0);
	else
		ck_must(message->msgh_id == (mach_msg_id_t)m->id);
}

/* The destination's right is used up by arriving. */
static void use_dest(struct m_message *m)
{
	if (m->dest.type == MACH_MSG_TYPE_PORT_SEND)
		m_release_from(&m->dest);
	m->dest.type = 0;
}

static void arrived(struct m_space *space, struct m_message *m)
{
	check_header(space, m, false);
	if (m->id < 1000 && !m->dest.port->has_payload)
		check_notification(m);
	copyout_from(space, &m->reply, message->msgh_remote_port);
	use_dest(m);
	read_body(space, m);
}

/* All but the destination is destroyed. */
static void arrived_bare(struct m_space *space, struct m_message *m)
{
	check_header(space, m, true);
	for (unsigned int i = 0; i < m->rights; i++)
		m_release_from(&m->body[i]);
	use_dest(m);
	m_release_from(&m->reply);
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

static void arrived_nowhere(struct m_space *space, struct m_message *m)
{
	mach_port_name_t reply, name[M_BODY];
	uint32_t reply_type = m->reply.type, type[M_BODY];

	reply = pass_through(space, &m->reply, 0xf0000000);
	use_dest(m);
	for (unsigned int i = 0; i < m->rights; i++) {
		type[i] = m->body[i].type;
		name[i] = pass_through(space, &m->body[i], 0xf0000001 + i);
	}
	for (unsigned int i = 0; i < m->rights; i++)
		take_back(space, name[i], type[i]);
	take_back(space, reply, reply_type);
}

static mach_msg_return_t expected_receive(const struct m_entry *e, enum receive_how how)
{
	static const mach_msg_return_t with_message[] = { MACH_MSG_SUCCESS, MACH_RCV_TOO_LARGE,
		MACH_RCV_TOO_LARGE, MACH_RCV_INVALID_DATA };

	if (e == NULL || !(e->type & MACH_PORT_TYPE_RECEIVE))
		return MACH_RCV_INVALID_NAME;
	if (e->port->set != NULL)
		return MACH_RCV_IN_SET;
	return e->port->queue == NULL ? MACH_RCV_TIMED_OUT : with_message[how];
}

/* A buffer that is too small has room for all of a header but its id. */
#define SMALL_SIZE 20

static void call_receive(struct actor *a, mach_port_name_t name, enum receive_how how)
{
	bool is_small = how == RECEIVE_SMALL || how == RECEIVE_LARGE;
	mach_msg_option_t large = how == RECEIVE_LARGE ? MACH_RCV_LARGE : 0;
	void *to = how == RECEIVE_BAD_BUFFER ? (void *)0x1000 : buffer;

	memset(buffer, 0xee, sizeof(buffer));
	actor_mach_msg(a, to, MACH_RCV_MSG | MACH_RCV_TIMEOUT | large, 0,
		       is_small ? SMALL_SIZE : sizeof(buffer), name, 0, 0);
	ck_must(a->done);
	ck_must(!is_small || buffer[SMALL_SIZE / 4] == 0xeeeeeeee);
}

/* Only the size is told. */
static void stays(const struct m_message *m)
{
	ck_must(m->size == 0 || message->msgh_size == m->size);
	ck_must(buffer[0] == 0xeeeeeeee && buffer[2] == 0xeeeeeeee);
}

static void leaves(struct m_space *space, struct m_port *port, enum receive_how how)
{
	struct m_message *m = port->queue;

	port->queue = m->next;
	port->seqno++;
	if (how == RECEIVE_WELL)
		arrived(space, m);
	else if (how == RECEIVE_SMALL)
		arrived_bare(space, m);
	else
		arrived_nowhere(space, m);
	m->used = false;
}

mach_msg_return_t op_receive(struct m_space *space, mach_port_name_t name, enum receive_how how)
{
	struct actor *a = actor_of_space(space);
	struct m_entry *e = m_lookup(space, name);
	mach_msg_return_t mr;

	if (e != NULL && (e->type & MACH_PORT_TYPE_PORT_SET))
		return MACH_RCV_INVALID_NAME;	/* test_mqueue.c does this */
	mr = expected_receive(e, how);
	call_receive(a, name, how);
	ck_must(a->result == mr);
	if (e == NULL || e->port == NULL || e->port->set != NULL || e->port->queue == NULL ||
	    mr == MACH_RCV_INVALID_NAME)
		return mr;
	if (how == RECEIVE_LARGE)
		stays(e->port->queue);
	else
		leaves(space, e->port, how);
	return mr;
}
