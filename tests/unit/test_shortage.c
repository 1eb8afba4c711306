/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory that runs short, beside the model: every routine on names and every form of message, with
 * its first, second, third allocation failing, until it makes no more.  Each time the answer and all
 * that there is afterwards must be what is documented for the failure of some one allocation.
 */
#include <tests/unit/model_call.h>
#include <tests/unit/model_random.h>

#include <ipc/right.h>
#include <kern/slab.h>
#include <mach/mach_port_server.h>
#include <mach/notify.h>
#include <vm/map.h>

#define SEND MACH_PORT_TYPE_SEND
#define RECEIVE MACH_PORT_TYPE_RECEIVE

#define STEPS 12000u

enum kind { ALLOCATE, DEALLOCATE, DESTROY, MOD_REFS, RENAME, REQUEST, EXTRACT, INSERT, COPYOUT,
	RELEASE, NAMES, MEMBERS, MESSAGE, KINDS };

struct call {
	enum kind kind;
	struct m_space *space;
	mach_port_name_t name, name2;
	uint32_t right, id, sync;
	int32_t delta;
	int hand;			/* an index of m_hand, or NO_HAND, DEAD_HAND */
	struct m_actor *actor;		/* of a message; the arguments are in it */
	/* What the kernel has answered. */
	kern_return_t kr;
	mach_port_name_t given;		/* name */
	struct ipc_port *port;
	uint32_t count;
};

static uint32_t fired[KINDS];		/* calls in which an allocation has failed */
static uint32_t lost;			/* those that succeeded all the same, and lost something */

static struct m_right hand_of(const struct call *c)
{
	if (c->hand >= 0)
		return m_hand[c->hand];
	return (struct m_right){ c->hand == DEAD_HAND ? M_DEAD : NULL, 0 };
}

static struct m_right hand_leaves(const struct call *c)
{
	struct m_right right = hand_of(c);

	if (c->hand >= 0)
		m_hand[c->hand].type = 0;
	return right;
}

/* --- The kernel --------------------------------------------------------------------------- */

static kern_return_t kernel_copyout(struct call *c)
{
	struct m_right right = hand_of(c);
	struct ipc_debris debris;
	kern_return_t kr;

	ipc_debris_init(&debris);
	ipc_space_lock(c->space->task->space);
	kr = ipc_right_copyout(c->space->task->space, model_real(right), right.type, &c->given,
			       &debris);
	ipc_space_unlock(c->space->task->space);
	ipc_debris_release(&debris);
	return kr;
}

static kern_return_t kernel_lists(struct call *c)
{
	struct vm_map_copy *one = NULL, *two = NULL;
	mach_msg_type_number_t count = 0, count2 = 0;
	kern_return_t kr;

	if (c->kind == NAMES)
		kr = mach_port_names(c->space->task->space, &one, &count, &two, &count2);
	else
		kr = mach_port_get_set_status(c->space->task->space, c->name, &one, &count);
	if (kr != KERN_SUCCESS)
		return kr;
	ck_must(vm_map_copy_size(one) == count * 4 && vm_map_copy_size(two) == count2 * 4);
	vm_map_copy_discard(one);
	vm_map_copy_discard(two);
	c->count = count;
	return KERN_SUCCESS;
}

static kern_return_t kernel_does(struct call *c)
{
	struct ipc_space *space = c->space->task->space;
	mach_msg_type_name_t type;

	switch (c->kind) {
	case ALLOCATE:
		c->given = c->name;
		return c->name == 0 ? mach_port_allocate(space, c->right, &c->given)
				    : mach_port_allocate_name(space, c->right, c->name);
	case DEALLOCATE:
		return mach_port_deallocate(space, c->name);
	case DESTROY:
		return mach_port_destroy(space, c->name);
	case MOD_REFS:
		return mach_port_mod_refs(space, c->name, c->right, c->delta);
	case RENAME:
		return mach_port_rename(space, c->name, c->name2);
	case REQUEST:
		c->port = IP_NULL;
		return mach_port_request_notification(space, c->name, (mach_msg_id_t)c->id, c->sync,
						      model_real(hand_of(c)), &c->port);
	case EXTRACT:
		return mach_port_extract_right(space, c->name, c->right, &c->port, &type);
	case INSERT:
		return mach_port_insert_right(space, c->name, model_real(hand_of(c)),
					      hand_of(c).type);
	case COPYOUT:
		return kernel_copyout(c);
	case RELEASE:
		ipc_right_in_hand_release(model_real(hand_of(c)), hand_of(c).type);
		return KERN_SUCCESS;
	case MESSAGE:
		call_kernel(c->actor);
		return c->actor->real->done ? c->actor->real->result : 0;
	default:
		return kernel_lists(c);
	}
}

/* --- The model ---------------------------------------------------------------------------- */

static kern_return_t model_allocate(struct call *c)
{
	struct ipc_table *table = &c->space->task->space->table;
	struct m_entry *e;

	if (c->name == ~0u || (c->right != MACH_PORT_RIGHT_RECEIVE &&
	    c->right != MACH_PORT_RIGHT_PORT_SET && c->right != MACH_PORT_RIGHT_DEAD_NAME))
		return KERN_INVALID_VALUE;
	/* Which of the two a port that cannot be made or a name that is there comes to is open. */
	if (!m_alloc())
		return KERN_RESOURCE_SHORTAGE;
	if (c->name != 0 && m_lookup(c->space, c->name) != NULL)
		return KERN_NAME_EXISTS;
	ck_must(c->kr == KERN_SUCCESS);		/* or there is no name to go on with */
	e = m_entry_new(c->space, c->given);
	e->type = MACH_PORT_TYPE(c->right);
	e->urefs = c->right == MACH_PORT_RIGHT_DEAD_NAME;
	if (c->right == MACH_PORT_RIGHT_RECEIVE) {
		e->port = m_port_new(entry_port(ipc_entry_lookup(table, c->given)));
		e->port->receiver = c->space;
	} else if (c->right == MACH_PORT_RIGHT_PORT_SET) {
		e->set = m_set_new(entry_pset(ipc_entry_lookup(table, c->given)));
	}
	return KERN_SUCCESS;
}

/* The right stays in hand when it fails: the dispatcher's part is not played here. */
static kern_return_t model_request(struct call *c)
{
	struct m_right right = hand_of(c);
	struct m_port *previous = NULL;
	kern_return_t kr;

	if (right.port != M_DEAD && (c->id != MACH_NOTIFY_PORT_DESTROYED || c->sync == 0) &&
	    !m_alloc())
		return KERN_RESOURCE_SHORTAGE;
	kr = m_request(c->space, c->name, c->id, c->sync, right.port, &previous);
	if (kr != KERN_SUCCESS)
		return kr;
	if (c->hand >= 0)
		m_hand[c->hand].type = 0;
	ck_must(c->port == (previous == NULL ? IP_NULL : previous->real));
	if (previous != NULL)
		m_hand[M_HANDS - 2] = (struct m_right){ previous, MACH_MSG_TYPE_PORT_SEND_ONCE };
	return KERN_SUCCESS;
}

static kern_return_t model_extract(struct call *c)
{
	struct m_right right = { NULL, 0 };
	kern_return_t kr = KERN_INVALID_VALUE;

	if (MACH_MSG_TYPE_PORT_ANY(c->right))
		kr = m_copyin(c->space, c->name, c->right, &right);
	if (kr == KERN_SUCCESS) {
		ck_must(c->port == model_real(right));
		hand_put(right);
	}
	return kr;
}

static kern_return_t model_copyout(struct call *c)
{
	struct m_right right = hand_of(c);
	bool fresh = m_is_port(right.port) && right.port->alive &&
		     (right.type == MACH_MSG_TYPE_PORT_SEND_ONCE ||
		      m_entry_of_port(c->space, right.port) == NULL);

	if (fresh && !m_alloc())
		return KERN_RESOURCE_SHORTAGE;
	ck_must(c->kr == KERN_SUCCESS);
	m_copyout(c->space, hand_leaves(c), c->given);
	return KERN_SUCCESS;
}

static kern_return_t model_lists(struct call *c)
{
	const struct m_entry *e = m_lookup(c->space, c->name);
	uint32_t count = 0;

	if (!m_alloc())
		return KERN_RESOURCE_SHORTAGE;
	if (c->kind == NAMES) {
		for (int i = 0; i < M_ENTRIES; i++)
			count += c->space->entry[i].used;
	} else {
		if (e == NULL)
			return KERN_INVALID_NAME;
		if (!(e->type & MACH_PORT_TYPE_PORT_SET))
			return KERN_INVALID_RIGHT;
		for (int i = 0; i < M_PORTS; i++)
			count += m_port[i].used && m_port[i].alive && m_port[i].set == e->set;
	}
	ck_must(c->kr != KERN_SUCCESS || c->count == count);
	return KERN_SUCCESS;
}

static kern_return_t model_does(struct call *c)
{
	struct m_right right;
	kern_return_t kr;

	switch (c->kind) {
	case ALLOCATE:
		return model_allocate(c);
	case DEALLOCATE:
		return m_deallocate(c->space, c->name);
	case DESTROY:
		return m_destroy(c->space, c->name);
	case MOD_REFS:
		return m_mod_refs(c->space, c->name, c->right, c->delta);
	case RENAME:
		return m_rename(c->space, c->name, c->name2);
	case REQUEST:
		return model_request(c);
	case EXTRACT:
		return model_extract(c);
	case INSERT:
		right = hand_leaves(c);
		kr = m_insert(c->space, c->name, right);
		if (kr != KERN_SUCCESS)
			m_hand[c->hand] = right;
		return kr;
	case COPYOUT:
		return model_copyout(c);
	case RELEASE:
		m_release(hand_leaves(c));
		return KERN_SUCCESS;
	case MESSAGE:
		call_model(c->actor);
		return c->kr;
	default:
		return model_lists(c);
	}
}

static void model_follows(void *arg)
{
	struct call *c = arg;

	ck_must(model_does(c) == c->kr);
	op_settle();
	model_compare();
}

/* --- Both --------------------------------------------------------------------------------- */

/* Find the failure in the model that leads to what the kernel has done; 0: none. */
static uint32_t explain(struct call *c, bool failed)
{
	uint32_t k = 0, most = 0;

	model_save();
	m_trial = true;
	for (;; k++) {
		m_fail_after(k);
		if (expectations_hold(model_follows, c))
			break;
		if (m_allocs() > most)
			most = m_allocs();
		model_restore();
		if (!failed || k > most)
			ck_abort_msg("kind %d, answer 0x%x: %s", c->kind, c->kr,
				     expectation_missed());
	}
	model_restore();
	m_trial = false;
	m_fail_after(k);
	model_follows(c);
	m_fail_after(0);
	return k;
}

/* Nothing has happened: the call can be made again. */
static bool did_nothing(const struct call *c)
{
	return c->kr == (c->kind == MESSAGE ? MACH_SEND_NO_BUFFER : KERN_RESOURCE_SHORTAGE);
}

/* With the n-th allocation failing; if that comes to nothing, with the next one. */
static void perform(struct call *c, unsigned int n)
{
	bool failed;

	do {
		slab_fail_after(n++);
		fake_user_copies_out = 0;
		c->kr = kernel_does(c);
		actors_run();
		failed = slab_fail_pending() == 0;
		slab_fail_after(0);
		fired[c->kind] += failed;
		lost += explain(c, failed) != 0 && c->kr == KERN_SUCCESS;
	} while (failed && did_nothing(c));
	if (m_hand[M_HANDS - 2].type != 0)
		op_release(M_HANDS - 2);
}

/* --- Random calls ------------------------------------------------------------------------- */

static int some_hand(void)
{
	uint32_t start = pick(M_HANDS - 3);

	for (uint32_t i = 0; i < M_HANDS - 3; i++)
		if (m_hand[(start + i) % (M_HANDS - 3)].type != 0)
			return (int)((start + i) % (M_HANDS - 3));
	return NO_HAND;
}

static uint32_t used_hands(void)
{
	uint32_t count = 0;

	for (int i = 0; i < M_HANDS; i++)
		count += m_hand[i].type != 0;
	return count;
}

static bool choose_request(struct call *c)
{
	static const uint32_t ids[] = { MACH_NOTIFY_DEAD_NAME, MACH_NOTIFY_DEAD_NAME,
		MACH_NOTIFY_NO_SENDERS, MACH_NOTIFY_PORT_DESTROYED, MACH_NOTIFY_PORT_DELETED };
	struct m_space *from = any_space();

	c->id = ids[pick(5)];
	c->sync = pick(3) == 0 ? pick(4) : 0;
	if (pick(8) == 0)
		c->hand = pick(2) ? NO_HAND : DEAD_HAND;
	else if (op_extract(from, any_name(from), MACH_MSG_TYPE_MAKE_SEND_ONCE, &c->hand) !=
		 KERN_SUCCESS)
		return false;
	return true;
}

/* Dispositions that the names allow, mostly. */
static uint32_t fitting(struct m_space *space, mach_port_name_t name)
{
	const struct m_entry *e = m_lookup(space, name);

	if (e == NULL || pick(10) == 0)
		return MACH_MSG_TYPE_MOVE_SEND + pick(5);
	if (e->type & MACH_PORT_TYPE_SEND_ONCE)
		return MACH_MSG_TYPE_MOVE_SEND_ONCE;
	if ((e->type & SEND) && pick(2))
		return pick(2) ? MACH_MSG_TYPE_COPY_SEND : MACH_MSG_TYPE_MOVE_SEND;
	return pick(2) ? MACH_MSG_TYPE_MAKE_SEND : MACH_MSG_TYPE_MAKE_SEND_ONCE;
}

static struct plan_item some_item(struct m_space *space, unsigned int *room)
{
	struct plan_item i = {
		.kind = pick(4) == 0 ? PLAN_MEMORY : PLAN_PORTS,
		.longform = pick(2),
		.out_of_line = pick(2),
		.deallocate = pick(2),
		.disposition = MACH_MSG_TYPE_MOVE_RECEIVE + pick(6),
		.size = pick(200),
	};

	if (i.kind == PLAN_MEMORY)
		return i;
	i.count = pick(4);
	if (i.count > *room)
		i.count = *room;
	*room -= i.count;
	for (unsigned int n = 0; n < i.count; n++)
		i.name[n] = pick(8) == 0 ? 0 : any_name(space);
	if (i.count != 0 && pick(6) != 0)
		i.disposition = fitting(space, i.name[0]);
	return i;
}

/* The first entry that is as wanted, in any space, from anywhere on; false if there is none. */
static bool find_entry(struct call *c, bool (*wanted)(const struct m_entry *e))
{
	uint32_t start = pick(M_SPACES * M_ENTRIES);

	for (uint32_t i = 0; i < M_SPACES * M_ENTRIES; i++) {
		uint32_t place = (start + i) % (M_SPACES * M_ENTRIES);
		const struct m_entry *e = &m_space[place / M_ENTRIES].entry[place % M_ENTRIES];

		if (!e->used || !wanted(e))
			continue;
		c->space = &m_space[place / M_ENTRIES];
		c->name = e->name;
		return true;
	}
	return false;
}

static bool has_messages(const struct m_entry *e)
{
	return (e->type & RECEIVE) && e->port->queue != NULL && e->port->set == NULL;
}

static bool has_members(const struct m_entry *e)
{
	for (int i = 0; e->set != NULL && i < M_PORTS; i++)
		if (m_port[i].used && m_port[i].alive && m_port[i].set == e->set)
			return true;
	return false;
}

static bool has_request(const struct m_entry *e)
{
	return e->request || ((e->type & RECEIVE) && (e->port->nsrequest != NULL ||
						      e->port->pdrequest != NULL));
}

static bool can_be_sent_to(const struct m_entry *e)
{
	return (e->type & (SEND | RECEIVE | MACH_PORT_TYPE_SEND_ONCE)) != 0;
}

static bool is_set(const struct m_entry *e)
{
	return e->set != NULL;
}

/* A port goes into a set of its space's, if there is one. */
static void fill_a_set(void)
{
	struct call c;

	if (find_entry(&c, is_set))
		op_move_member(c.space, any_name(c.space), c.name);
}

static struct m_actor *idle_actor(const struct m_space *space)
{
	for (int i = 0; i < M_ACTORS; i++)
		if (m_actor[i].space == space && m_actor[i].state == M_IDLE)
			return &m_actor[i];
	return NULL;
}

static void choose_plan(struct call *c)
{
	static uint32_t last_id = 1000;
	struct plan *plan = &c->actor->plan;
	unsigned int room = M_BODY;

	*plan = (struct plan){ .id = ++last_id, .header.dest = c->name };
	plan->header.dest_type = fitting(c->space, c->name);
	if (pick(3) != 0) {
		plan->header.reply = any_name(c->space);
		plan->header.reply_type = fitting(c->space, plan->header.reply);
	}
	plan->items = pick(4);
	for (unsigned int i = 0; i < plan->items; i++)
		plan->item[i] = some_item(c->space, &room);
}

/* To send, to receive what is there, or both; sometimes with a notify name, seldom waiting. */
static bool choose_message(struct call *c)
{
	static const uint32_t sizes[] = { 4 * PLAN_WORDS, 4 * PLAN_WORDS, 4 * PLAN_WORDS, 24, 20 };
	bool receives = pick(2);

	if (!(receives ? find_entry(c, has_messages) : find_entry(c, can_be_sent_to)))
		return false;
	c->actor = idle_actor(c->space);
	if (c->actor == NULL)
		return false;
	c->actor->option = pick(8) ? MACH_SEND_TIMEOUT | MACH_RCV_TIMEOUT : 0;
	c->actor->timeout = 0;
	c->actor->rcv_name = receives ? c->name : any_name(c->space);
	c->actor->rcv_size = sizes[pick(5)];
	c->actor->bad_buffer = receives && pick(4) == 0;
	c->actor->notify = any_name(c->space);
	if (receives)
		c->actor->option |= MACH_RCV_MSG | (pick(3) ? 0 : MACH_RCV_NOTIFY) |
				    (pick(4) ? 0 : MACH_RCV_LARGE);
	else
		choose_plan(c);
	if (!receives)
		c->actor->option |= MACH_SEND_MSG | (pick(3) ? 0 : MACH_SEND_NOTIFY) |
				    (pick(4) ? 0 : MACH_RCV_MSG);
	return true;
}

/* Arguments; false when there are none. */
static bool choose(struct call *c)
{
	static const mach_port_right_t rights[] = { 1, 1, 1, 3, 4 };
	static const int32_t deltas[] = { 0, 1, -1, -1, -2, 65533, -65534 };

	c->space = any_space();
	c->name = any_name(c->space);
	c->hand = some_hand();
	switch (c->kind) {
	case ALLOCATE:
		c->name = pick(2) ? odd_name() : 0;
		c->right = rights[pick(5)];
		return true;
	case DEALLOCATE: case DESTROY:
		return pick(2) || find_entry(c, has_request);
	case MOD_REFS:
		c->right = pick(6);
		c->delta = deltas[pick(7)];
		if (pick(2) && find_entry(c, has_request))
			c->right = pick(2);
		return true;
	case RENAME:
		c->name2 = pick(3) ? odd_name() : any_name(c->space);
		return true;
	case REQUEST:
		return choose_request(c);
	case EXTRACT:
		c->right = MACH_MSG_TYPE_MOVE_RECEIVE + pick(7);
		if (pick(2))
			find_entry(c, has_request);
		return used_hands() < 14;
	case INSERT:
		c->name = pick(3) ? odd_name() : c->name;
		return c->hand >= 0;
	case COPYOUT: case RELEASE:
		return c->hand >= 0;
	case MESSAGE:
		return choose_message(c);
	case MEMBERS:
		return pick(8) == 0 || find_entry(c, has_members);
	default:
		return true;
	}
}

/* Slots are used up now and then, so that the table must grow for the next name. */
static void use_up_slots(void)
{
	struct ipc_table *table = &any_space()->task->space->table;

	while (pick(4) != 0 && table->free_head != NULL) {
		struct ipc_entry *entry = table->free_head;

		table->free_head = entry->free_next;
		if (table->free_head == NULL)
			table->free_tail = NULL;
		else
			table->free_head->free_prev = NULL;
		entry->bits = ENTRY_RETIRED;	/* as one whose names are all taken */
	}
}

START_TEST(test_random)
{
	static const uint8_t kinds[] = { ALLOCATE, ALLOCATE, DEALLOCATE, DESTROY, MOD_REFS, RENAME,
		REQUEST, REQUEST, REQUEST, EXTRACT, EXTRACT, EXTRACT, EXTRACT, INSERT, COPYOUT,
		COPYOUT, RELEASE, NAMES, MEMBERS, MESSAGE, MESSAGE, MESSAGE, MESSAGE, MESSAGE, MESSAGE,
		MESSAGE, MESSAGE };

	model_start();
	model_call_start();
	for (uint32_t i = 0; i < STEPS; i++) {
		struct call c = { .kind = kinds[pick(sizeof(kinds))] };

		use_up_slots();
		if (pick(4) == 0)
			model_random_step();
		if (pick(16) == 0)
			fill_a_set();
		if (pick(64) == 0)
			op_wake_all();
		if (choose(&c))
			perform(&c, pick(2) ? 1 : 1 + pick(6));
		if (i % 16 == 0)
			model_check();
		if (i % 3000 == 2999)
			model_clear();
		else
			model_thin_out();
	}
	for (int kind = 0; kind < KINDS; kind++)
		ck_assert_uint_ge(fired[kind], 5);
	ck_assert_uint_gt(lost, 80);
	model_call_finish();
	model_finish();
}
END_TEST

void unit_tests(TCase *tcase)
{
	tcase_add_test(tcase, test_random);
}
