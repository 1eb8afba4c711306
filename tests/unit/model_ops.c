/* SPDX-License-Identifier: BSD-2-Clause */
#include <tests/unit/model_ops.h>

#include <stdlib.h>

#include <ipc/pset.h>
#include <ipc/right.h>
#include <mach/mach_port_server.h>
#include <mach/notify.h>
#include <vm/map.h>

#define SEND MACH_PORT_TYPE_SEND
#define RECEIVE MACH_PORT_TYPE_RECEIVE

static uint32_t live_at_start;

void (*model_settle)(void);
void (*model_rest)(void);

/* The operation is done, on both sides. */
static kern_return_t settled(kern_return_t kr)
{
	if (model_settle != NULL)
		model_settle();
	return kr;
}

/* --- Begin and end ----------------------------------------------------------------------- */

void model_start(void)
{
	fake_ipc_start();
	model_begin();
}

void model_begin(void)
{
	live_at_start = fake_ipc_live();
	for (int s = 0; s < M_SPACES; s++)
		m_space[s].task = fake_ipc_task();
}

void model_clear(void)
{
	if (model_rest != NULL)
		model_rest();
	for (int i = 0; i < M_HANDS; i++)
		if (m_hand[i].type != 0)
			op_release(i);
	for (int s = 0; s < M_SPACES; s++)
		for (int i = 0; i < M_ENTRIES; i++)
			if (m_space[s].entry[i].used)
				op_destroy(&m_space[s], m_space[s].entry[i].name);
	for (int i = 0; i < M_PORTS; i++)
		ck_must(!m_port[i].used || !m_port[i].alive);
	m_forget_dead();
	model_compare();
}

void model_finish(void)
{
	/* A port-destroyed notification may have put rights into spaces that were clear. */
	model_clear();
	model_check();
	for (int s = 0; s < M_SPACES; s++)
		fake_ipc_task_end(m_space[s].task);
	ck_assert_uint_eq(fake_ipc_live(), live_at_start);
}

/* --- Hands ------------------------------------------------------------------------------- */

int hand_put(struct m_right right)
{
	ck_must(right.type != 0);
	/* The first ones are the model's own. */
	for (int i = 2; i < M_HANDS - 1; i++) {
		if (m_hand[i].type != 0)
			continue;
		m_hand[i] = right;
		return i;
	}
	ck_abort_msg("hands are full");
}

static struct m_right hand_take(int hand)
{
	struct m_right right = { hand == DEAD_HAND ? M_DEAD : NULL, 0 };

	if (hand >= 0) {
		right = m_hand[hand];
		m_hand[hand].type = 0;
	}
	return right;
}

static void release_both(struct ipc_port *real, struct m_right right)
{
	ipc_right_in_hand_release(real, right.type);
	m_release(right);
}

void op_release(int hand)
{
	struct m_right right = hand_take(hand);

	release_both(model_real(right), right);
	settled(KERN_SUCCESS);
}

/* --- Names ------------------------------------------------------------------------------- */

static kern_return_t expected_allocate(struct m_space *space, mach_port_right_t right,
				       mach_port_name_t name, bool any)
{
	if (!any && (name == 0 || name == ~0u))
		return KERN_INVALID_VALUE;
	if (right != MACH_PORT_RIGHT_RECEIVE && right != MACH_PORT_RIGHT_PORT_SET &&
	    right != MACH_PORT_RIGHT_DEAD_NAME)
		return KERN_INVALID_VALUE;
	return !any && m_lookup(space, name) != NULL ? KERN_NAME_EXISTS : KERN_SUCCESS;
}

kern_return_t op_allocate(struct m_space *space, mach_port_right_t right, mach_port_name_t *namep)
{
	struct ipc_space *real = space->task->space;
	bool any = *namep == 0;
	kern_return_t kr = expected_allocate(space, right, *namep, any);
	struct m_entry *e;

	if (any)
		ck_must(mach_port_allocate(real, right, namep) == kr);
	else
		ck_must(mach_port_allocate_name(real, right, *namep) == kr);
	if (kr != KERN_SUCCESS)
		return kr;
	e = m_entry_new(space, *namep);
	e->type = MACH_PORT_TYPE(right);
	if (right == MACH_PORT_RIGHT_RECEIVE) {
		e->port = m_port_new(entry_port(ipc_entry_lookup(&real->table, *namep)));
		e->port->receiver = space;
	} else if (right == MACH_PORT_RIGHT_PORT_SET) {
		e->set = m_set_new(entry_pset(ipc_entry_lookup(&real->table, *namep)));
	} else {
		e->urefs = 1;
	}
	return kr;
}

kern_return_t op_deallocate(struct m_space *space, mach_port_name_t name)
{
	kern_return_t kr = m_deallocate(space, name);

	ck_must(mach_port_deallocate(space->task->space, name) == kr);
	return settled(kr);
}

kern_return_t op_destroy(struct m_space *space, mach_port_name_t name)
{
	kern_return_t kr = m_destroy(space, name);

	ck_must(mach_port_destroy(space->task->space, name) == kr);
	return settled(kr);
}

kern_return_t op_mod_refs(struct m_space *space, mach_port_name_t name, uint32_t right,
			  int32_t delta)
{
	kern_return_t kr = m_mod_refs(space, name, right, delta);

	ck_must(mach_port_mod_refs(space->task->space, name, right, delta) == kr);
	return settled(kr);
}

kern_return_t op_rename(struct m_space *space, mach_port_name_t from, mach_port_name_t to)
{
	kern_return_t kr = m_rename(space, from, to);

	ck_must(mach_port_rename(space->task->space, from, to) == kr);
	return settled(kr);
}

kern_return_t op_move_member(struct m_space *space, mach_port_name_t name, mach_port_name_t set)
{
	kern_return_t kr = m_move_member(space, name, set);

	ck_must(mach_port_move_member(space->task->space, name, set) == kr);
	return settled(kr);
}

static mach_port_type_t user_type(const struct m_entry *e)
{
	return e->type | (e->request ? MACH_PORT_TYPE_DNREQUEST : 0) |
	       (e->accepted != NULL ? MACH_PORT_TYPE_MAREQUEST : 0);
}

/* --- Questions --------------------------------------------------------------------------- */

static void ask_refs(struct m_space *space, mach_port_name_t name, uint32_t right)
{
	const struct m_entry *e = m_lookup(space, name);
	kern_return_t kr = e == NULL ? KERN_INVALID_NAME : KERN_SUCCESS;
	mach_port_urefs_t refs = 77, expected = 77;

	if (right > 4)
		kr = KERN_INVALID_VALUE;
	ck_must(mach_port_get_refs(space->task->space, name, right, &refs) == kr);
	if (kr == KERN_SUCCESS) {
		expected = (e->type & MACH_PORT_TYPE(right)) != 0;
		if (expected &&
		    (right == MACH_PORT_RIGHT_SEND || right == MACH_PORT_RIGHT_DEAD_NAME))
			expected = e->urefs;
	}
	ck_must(refs == expected);
}

static void ask_status(struct m_space *space, mach_port_name_t name)
{
	const struct m_entry *e = m_lookup(space, name);
	kern_return_t kr = e == NULL ? KERN_INVALID_NAME : KERN_SUCCESS;
	mach_port_status_t s;

	if (kr == KERN_SUCCESS && !(e->type & RECEIVE))
		kr = KERN_INVALID_RIGHT;
	ck_must(mach_port_get_receive_status(space->task->space, name, &s) == kr);
	if (kr != KERN_SUCCESS)
		return;
	ck_must((s.mps_pset != 0) == (e->port->set != NULL));
	ck_must(s.mps_mscount == e->port->mscount && s.mps_qlimit == e->port->qlimit);
	ck_must(s.mps_msgcount == m_queue_length(e->port));
	ck_must(s.mps_sorights == m_count_once(e->port));
	ck_must(s.mps_srights == (m_count_send(e->port) != 0));
	ck_must(s.mps_pdrequest == (e->port->pdrequest != NULL));
	ck_must(s.mps_nsrequest == (e->port->nsrequest != NULL));
}

void op_ask(struct m_space *space, mach_port_name_t name)
{
	const struct m_entry *e = m_lookup(space, name);
	mach_port_type_t type = 0;
	kern_return_t kr = mach_port_type(space->task->space, name, &type);

	ck_must(kr == (e == NULL ? KERN_INVALID_NAME : KERN_SUCCESS));
	if (e != NULL)
		ck_must(type == user_type(e));
	for (uint32_t right = 0; right < 7; right++)
		ask_refs(space, name, right);
	ask_status(space, name);
}

/* An array that a routine has given away. */
static uint32_t *read_copy(struct vm_map_copy *copy, uint32_t count)
{
	uint32_t *array = calloc(count + 1, sizeof(*array));

	ck_must(vm_map_copy_size(copy) == count * sizeof(*array));
	ck_must((copy == NULL) == (count == 0));
	if (count != 0)
		vm_map_copy_read(copy, 0, array, count * sizeof(*array));
	vm_map_copy_discard(copy);
	return array;
}

void op_names(struct m_space *space)
{
	struct vm_map_copy *names = NULL, *types = NULL;
	mach_msg_type_number_t count = 77, type_count = 77;
	uint32_t *name, *type, expected = 0;

	ck_must(mach_port_names(space->task->space, &names, &count, &types, &type_count) ==
		KERN_SUCCESS);
	ck_must(count == type_count);
	name = read_copy(names, count);
	type = read_copy(types, count);
	for (int i = 0; i < M_ENTRIES; i++)
		expected += space->entry[i].used;
	ck_must(count == expected);
	for (uint32_t i = 0; i < count; i++) {
		const struct m_entry *e = m_lookup(space, name[i]);

		ck_must(e != NULL);
		ck_must(type[i] == user_type(e));
		for (uint32_t j = 0; j < i; j++)
			ck_must(name[j] != name[i]);
	}
	free(name);
	free(type);
}

void op_members(struct m_space *space, mach_port_name_t name)
{
	const struct m_entry *e = m_lookup(space, name);
	kern_return_t kr = e == NULL ? KERN_INVALID_NAME : KERN_SUCCESS;
	struct vm_map_copy *copy = NULL;
	mach_msg_type_number_t count = 0;
	uint32_t *member, expected = 0;

	if (kr == KERN_SUCCESS && !(e->type & MACH_PORT_TYPE_PORT_SET))
		kr = KERN_INVALID_RIGHT;
	ck_must(mach_port_get_set_status(space->task->space, name, &copy, &count) == kr);
	if (kr != KERN_SUCCESS)
		return;
	member = read_copy(copy, count);
	for (int i = 0; i < M_PORTS; i++)
		expected += m_port[i].used && m_port[i].alive && m_port[i].set == e->set;
	ck_must(count == expected);
	for (uint32_t i = 0; i < count; i++)
		ck_must(m_lookup(space, member[i])->port->set == e->set);
	free(member);
}

/* --- Requests ---------------------------------------------------------------------------- */

kern_return_t op_request(struct m_space *space, mach_port_name_t name, uint32_t id, uint32_t sync,
			 int notify)
{
	struct m_right right = hand_take(notify);
	struct ipc_port *real = model_real(right), *real_previous = IP_NULL;
	struct m_port *previous;
	kern_return_t kr;

	kr = mach_port_request_notification(space->task->space, name, (mach_msg_id_t)id, sync, real,
					    &real_previous);
	if (m_hand[0].type != 0)
		ck_abort_msg("hand 0 is in use");
	m_hand[0] = right;	/* counts until it has found its place */
	ck_must(m_request(space, name, id, sync, right.port, &previous) == kr);
	m_hand[0].type = 0;
	if (kr != KERN_SUCCESS) {
		if (right.type != 0)
			release_both(real, right);
		return settled(kr);
	}
	ck_must(real_previous == (previous == NULL ? IP_NULL : previous->real));
	release_both(real_previous, (struct m_right){ previous, MACH_MSG_TYPE_PORT_SEND_ONCE });
	return settled(kr);
}

/* --- Rights in hand ---------------------------------------------------------------------- */

kern_return_t op_extract(struct m_space *space, mach_port_name_t name, uint32_t disposition,
			 int *handp)
{
	struct ipc_port *real = IP_NULL;
	mach_msg_type_name_t type = 0;
	struct m_right right = { NULL, 0 };
	kern_return_t kr = KERN_INVALID_VALUE;

	if (MACH_MSG_TYPE_PORT_ANY(disposition))
		kr = m_copyin(space, name, disposition, &right);
	ck_must(mach_port_extract_right(space->task->space, name, disposition, &real, &type) == kr);
	if (kr != KERN_SUCCESS)
		return kr;
	ck_must(type == right.type && real == model_real(right));
	*handp = hand_put(right);
	return settled(kr);
}

kern_return_t op_insert(struct m_space *space, mach_port_name_t name, int hand)
{
	struct m_right right = hand_take(hand);
	struct ipc_port *real = model_real(right);
	kern_return_t kr = m_insert(space, name, right);

	ck_must(mach_port_insert_right(space->task->space, name, real, right.type) == kr);
	if (kr != KERN_SUCCESS)
		release_both(real, right);
	return settled(kr);
}

mach_port_name_t op_copyout(struct m_space *space, int hand)
{
	struct m_right right = hand_take(hand);
	mach_port_name_t name = 77;
	struct ipc_debris debris;
	kern_return_t kr;

	ipc_debris_init(&debris);
	ipc_space_lock(space->task->space);
	kr = ipc_right_copyout(space->task->space, model_real(right), right.type, &name, &debris);
	ipc_space_unlock(space->task->space);
	ipc_debris_release(&debris);
	ck_must(kr == KERN_SUCCESS);
	m_copyout(space, right, name);
	settled(KERN_SUCCESS);
	return name;
}

/* --- Shorter forms ----------------------------------------------------------------------- */

mach_port_name_t make_receive(struct m_space *space)
{
	mach_port_name_t name = 0;

	ck_must(op_allocate(space, MACH_PORT_RIGHT_RECEIVE, &name) == KERN_SUCCESS);
	return name;
}

mach_port_name_t give_right(struct m_space *from, mach_port_name_t name, uint32_t disposition,
			    struct m_space *to)
{
	int hand;

	ck_must(op_extract(from, name, disposition, &hand) == KERN_SUCCESS);
	return op_copyout(to, hand);
}

void make_request(struct m_space *space, mach_port_name_t name, uint32_t id,
		  struct m_space *from, mach_port_name_t notify)
{
	int hand;

	ck_must(op_extract(from, notify, MACH_MSG_TYPE_MAKE_SEND_ONCE, &hand) == KERN_SUCCESS);
	ck_must(op_request(space, name, id, 0, hand) == KERN_SUCCESS);
}
