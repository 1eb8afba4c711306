/* SPDX-License-Identifier: BSD-2-Clause */
#include <tests/unit/model_plan.h>

#include <string.h>

#include <vm/map.h>

#define INLINE 0x10000000u
#define LONG 0x20000000u
#define DEALLOC 0x40000000u
#define UNUSED 0x80000000u

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

mach_msg_size_t plan_build(struct m_space *space, struct plan *plan, uint32_t *buffer)
{
	mach_msg_header_t *message = (mach_msg_header_t *)buffer;
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
	ck_must(w <= buffer + PLAN_WORDS);
	return (mach_msg_size_t)((uint8_t *)w - (uint8_t *)buffer);
}

/* --- What the model does with the body --------------------------------------------------- */

static void add_right(struct m_message *m, struct m_right right, uint8_t array)
{
	ck_must(m->rights < M_BODY);
	m->array[m->rights] = array;
	m->body[m->rights++] = right;
}

/* One name of an item.  A receive right may make the message circular. */
static kern_return_t copyin_name(struct m_space *space, struct m_message *m,
				 const struct plan_item *i, mach_port_name_t name, uint8_t array)
{
	struct m_right right = { name == 0 ? NULL : M_DEAD, m_type_after(i->disposition) };
	kern_return_t kr;

	if (name != 0 && name != ~0u) {
		kr = m_copyin(space, name, i->disposition, &right);
		if (kr != KERN_SUCCESS)
			return kr;
		if (right.type == MACH_MSG_TYPE_PORT_RECEIVE) {
			if (m_circular(right.port, m->dest.port))
				m->circular = true;
			else
				right.port->queued_at = m->dest.port;
		}
	}
	add_right(m, right, array);
	return KERN_SUCCESS;
}

static mach_msg_return_t copyin_item(struct m_space *space, struct m_message *m,
				     const struct plan_item *i, uint8_t number)
{
	uint8_t array = i->kind == PLAN_PORTS && i->out_of_line ? number : 0;

	if ((i->kind == PLAN_MEMORY || array != 0) && i->address != NULL && !m_alloc())
		return MACH_SEND_INVALID_MEMORY;
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
			if (copyin_name(space, m, i, i->name[n], array) != KERN_SUCCESS)
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

mach_msg_return_t plan_copyin(struct m_space *space, const struct plan *plan,
			      struct m_message *m, unsigned int *processed)
{
	*processed = 0;
	for (unsigned int i = 0; i < plan->items; i++) {
		unsigned int first = m->rights;
		mach_msg_return_t mr = copyin_item(space, m, &plan->item[i], (uint8_t)(i + 1));

		*processed = i + (mr != MACH_SEND_INVALID_MEMORY);
		if (mr != MACH_MSG_SUCCESS) {
			give_up(m, first);
			return mr;
		}
	}
	return MACH_MSG_SUCCESS;
}

/* --- Afterwards ----------------------------------------------------------------------- */

void plan_check(struct m_space *space, const struct plan *plan, unsigned int processed)
{
	for (unsigned int i = 0; i < plan->items; i++) {
		const struct plan_item *item = &plan->item[i];

		if (item->address != NULL)
			ck_must(fake_user_owns(space->task->map, item->address) !=
				(item->deallocate && i < processed));
	}
}

void plan_free(struct m_space *space, const struct plan *plan, unsigned int processed)
{
	plan_check(space, plan, processed);
	for (unsigned int i = 0; i < plan->items; i++) {
		const struct plan_item *item = &plan->item[i];

		if (item->address != NULL)
			fake_user_free(space->task->map, item->address, item->kind == PLAN_PORTS ?
				       item->count * 4 : item->size);
	}
}
