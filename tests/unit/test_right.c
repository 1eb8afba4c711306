/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rights and names: each rule of sections 1, 11, 12 and 13 of spec/ipc.md by a scene of its own,
 * then random operations in four spaces, all compared with the model after every step.
 */
#include <tests/unit/model_random.h>

#include <stdlib.h>

#include <ipc/right.h>
#include <kern/slab.h>
#include <mach/mach_port_server.h>
#include <mach/notify.h>

#define A (&m_space[0])
#define B (&m_space[1])
#define OBSERVER (&m_space[3])

#define RIGHT_SEND MACH_PORT_RIGHT_SEND
#define RIGHT_RECEIVE MACH_PORT_RIGHT_RECEIVE
#define RIGHT_ONCE MACH_PORT_RIGHT_SEND_ONCE
#define RIGHT_SET MACH_PORT_RIGHT_PORT_SET
#define RIGHT_DEAD MACH_PORT_RIGHT_DEAD_NAME

#define MOVE_RECEIVE MACH_MSG_TYPE_MOVE_RECEIVE
#define MOVE_SEND MACH_MSG_TYPE_MOVE_SEND
#define MOVE_ONCE MACH_MSG_TYPE_MOVE_SEND_ONCE
#define COPY_SEND MACH_MSG_TYPE_COPY_SEND
#define MAKE_SEND MACH_MSG_TYPE_MAKE_SEND
#define MAKE_ONCE MACH_MSG_TYPE_MAKE_SEND_ONCE

/* --- What the observer has been told ----------------------------------------------------- */

static uint32_t count_notices(struct m_space *space, mach_port_name_t name, uint32_t id)
{
	uint32_t count = 0;

	for (struct m_message *m = m_lookup(space, name)->port->queue; m != NULL; m = m->next)
		count += m->id == id;
	return count;
}

/* The model's queue is the kernel's, so only the model need be looked at. */
static void expect_notices(mach_port_name_t observer, uint32_t id, uint32_t count)
{
	model_compare();
	ck_assert_uint_eq(count_notices(OBSERVER, observer, id), count);
}

static void expect_type(struct m_space *space, mach_port_name_t name, uint32_t type)
{
	model_compare();
	if (type == 0)
		ck_assert_ptr_null(m_lookup(space, name));
	else
		ck_assert_uint_eq(m_lookup(space, name)->type, type);
}

static uint32_t refs_of(struct m_space *space, mach_port_name_t name)
{
	model_compare();
	return m_lookup(space, name)->urefs;
}

static int once_to(mach_port_name_t observer)
{
	int hand;

	ck_must(op_extract(OBSERVER, observer, MAKE_ONCE, &hand) == KERN_SUCCESS);
	return hand;
}

/* --- References -------------------------------------------------------------------------- */

/* SEND and RECEIVE share a name; send-once rights never share. */
START_TEST(test_sharing)
{
	mach_port_name_t r, s, o1, o2;

	model_start();
	r = make_receive(A);
	ck_assert_uint_eq(give_right(A, r, MAKE_SEND, A), r);
	expect_type(A, r, MACH_PORT_TYPE_SEND_RECEIVE);
	s = give_right(A, r, COPY_SEND, B);
	ck_assert_uint_eq(give_right(A, r, MAKE_SEND, B), s);
	ck_assert_uint_eq(refs_of(B, s), 2);
	o1 = give_right(A, r, MAKE_ONCE, B);
	o2 = give_right(A, r, MAKE_ONCE, B);
	ck_assert(o1 != o2 && o1 != s && o2 != s);
	/* The receive right joins the send rights under their name. */
	ck_assert_uint_eq(give_right(A, r, MOVE_RECEIVE, B), s);
	expect_type(A, r, MACH_PORT_TYPE_SEND);
	expect_type(B, s, MACH_PORT_TYPE_SEND_RECEIVE);
	ck_assert_uint_eq(m_lookup(B, s)->port->mscount, 0);
	model_finish();
}
END_TEST

/* A count that is full sticks, in life and in death. */
START_TEST(test_sticky)
{
	mach_port_name_t r, s;
	int hand;

	model_start();
	r = make_receive(A);
	s = give_right(A, r, MAKE_SEND, B);
	ck_assert_int_eq(op_mod_refs(B, s, RIGHT_SEND, 65534), KERN_UREFS_OVERFLOW);
	ck_assert_int_eq(op_mod_refs(B, s, RIGHT_SEND, 65533), KERN_SUCCESS);
	ck_assert_uint_eq(give_right(A, r, MAKE_SEND, B), s);
	ck_assert_uint_eq(refs_of(B, s), 65534);
	ck_assert_int_eq(op_deallocate(B, s), KERN_SUCCESS);
	ck_assert_int_eq(op_mod_refs(B, s, RIGHT_SEND, -65533), KERN_SUCCESS);
	op_extract(B, s, MOVE_SEND, &hand);
	op_release(hand);
	ck_assert_uint_eq(refs_of(B, s), 65534);
	ck_assert_int_eq(op_destroy(A, r), KERN_SUCCESS);
	ck_assert_uint_eq(refs_of(B, s), 65535);
	ck_assert_int_eq(op_deallocate(B, s), KERN_SUCCESS);
	ck_assert_int_eq(op_mod_refs(B, s, RIGHT_DEAD, -65534), KERN_SUCCESS);
	ck_assert_uint_eq(refs_of(B, s), 65535);
	ck_assert_int_eq(op_mod_refs(B, s, RIGHT_DEAD, -65535), KERN_SUCCESS);
	expect_type(B, s, 0);
	model_finish();
}
END_TEST

START_TEST(test_sticky_ends)
{
	mach_port_name_t r, s;

	model_start();
	r = make_receive(A);
	s = give_right(A, r, MAKE_SEND, B);
	ck_assert_int_eq(op_mod_refs(B, s, RIGHT_SEND, 65533), KERN_SUCCESS);
	ck_assert_int_eq(op_mod_refs(B, s, RIGHT_SEND, -65535), KERN_INVALID_VALUE);
	ck_assert_int_eq(op_mod_refs(B, s, RIGHT_SEND, -65534), KERN_SUCCESS);
	expect_type(B, s, 0);
	s = give_right(A, r, MAKE_SEND, B);
	ck_assert_int_eq(op_mod_refs(B, s, RIGHT_SEND, 65533), KERN_SUCCESS);
	ck_assert_int_eq(op_destroy(B, s), KERN_SUCCESS);
	expect_type(B, s, 0);
	model_finish();
}
END_TEST

/* Every delta on every kind of name, each right. */
START_TEST(test_deltas)
{
	static const int32_t deltas[] = { 0, 1, -1, 2, -2, -3, -4, 65532, 65533, 65534, 65535,
		65536, -65534, -65535, -65536, INT32_MAX, INT32_MIN };
	static const uint32_t kinds = 6;

	model_start();
	for (uint32_t i = 0; i < kinds * 6 * (sizeof(deltas) / sizeof(deltas[0])); i++) {
		int32_t delta = deltas[i / kinds / 6];
		mach_port_name_t r = make_receive(A), name = r;

		if (i % kinds == 1 || i % kinds == 2)
			give_right(A, r, MAKE_SEND, A);
		if (i % kinds == 2 || i % kinds == 3) {
			name = give_right(A, r, MAKE_SEND, B);
			op_mod_refs(B, name, RIGHT_SEND, 2);
		}
		if (i % kinds == 3)
			op_destroy(A, r);
		if (i % kinds == 4)
			name = give_right(A, r, MAKE_ONCE, B);
		if (i % kinds == 5) {
			name = 0;
			op_allocate(B, RIGHT_SET, &name);
		}
		op_mod_refs(i % kinds < 2 ? A : B, name, i / kinds % 6, delta);
		model_compare();
		model_clear();
	}
	model_finish();
}
END_TEST

/* --- Death ------------------------------------------------------------------------------- */

START_TEST(test_death)
{
	mach_port_name_t n, r, s, o;

	model_start();
	n = make_receive(OBSERVER);
	r = make_receive(A);
	s = give_right(A, r, MAKE_SEND, B);
	o = give_right(A, r, MAKE_ONCE, B);
	make_request(B, s, MACH_NOTIFY_DEAD_NAME, OBSERVER, n);
	make_request(B, o, MACH_NOTIFY_DEAD_NAME, OBSERVER, n);
	make_request(A, r, MACH_NOTIFY_NO_SENDERS, OBSERVER, n);
	ck_assert_int_eq(op_mod_refs(A, r, RIGHT_RECEIVE, -1), KERN_SUCCESS);
	expect_notices(n, MACH_NOTIFY_DEAD_NAME, 2);
	expect_notices(n, MACH_NOTIFY_SEND_ONCE, 1);
	expect_type(B, s, MACH_PORT_TYPE_DEAD_NAME);
	ck_assert_uint_eq(refs_of(B, s), 2);
	ck_assert_uint_eq(refs_of(B, o), 2);
	ck_assert_int_eq(op_mod_refs(B, s, RIGHT_SEND, 0), KERN_INVALID_RIGHT);
	op_ask(B, s);
	ck_assert_int_eq(op_deallocate(B, s), KERN_SUCCESS);
	ck_assert_uint_eq(refs_of(B, s), 1);
	ck_assert_int_eq(op_deallocate(B, s), KERN_SUCCESS);
	expect_type(B, s, 0);
	expect_notices(n, MACH_NOTIFY_PORT_DELETED, 0);
	model_finish();
}
END_TEST

/* A dead name that nobody looks at is still right to the port's memory, and lets it go. */
START_TEST(test_unseen_death)
{
	uint32_t ports;

	model_start();
	ports = ipc_port_cache.live;
	for (int i = 0; i < 40; i++) {
		mach_port_name_t r = make_receive(A);

		give_right(A, r, i % 2 ? MAKE_SEND : MAKE_ONCE, B);
		op_destroy(A, r);
	}
	ck_assert_uint_eq(ipc_port_cache.live, ports + 40);
	model_compare();
	for (int i = 0; i < M_ENTRIES; i++)
		if (B->entry[i].used)
			op_ask(B, B->entry[i].name);
	ck_assert_uint_eq(ipc_port_cache.live, ports);
	model_finish();
}
END_TEST

/* The owner's own names: dead if they outlive the port, deleted if they do not. */
START_TEST(test_own_requests)
{
	mach_port_name_t n, r;

	model_start();
	n = make_receive(OBSERVER);
	r = make_receive(A);
	make_request(A, r, MACH_NOTIFY_DEAD_NAME, OBSERVER, n);
	ck_assert_int_eq(op_mod_refs(A, r, RIGHT_RECEIVE, -1), KERN_SUCCESS);
	expect_notices(n, MACH_NOTIFY_PORT_DELETED, 1);
	r = make_receive(A);
	give_right(A, r, MAKE_SEND, A);
	make_request(A, r, MACH_NOTIFY_DEAD_NAME, OBSERVER, n);
	ck_assert_int_eq(op_mod_refs(A, r, RIGHT_RECEIVE, -1), KERN_SUCCESS);
	expect_notices(n, MACH_NOTIFY_DEAD_NAME, 1);
	expect_type(A, r, MACH_PORT_TYPE_DEAD_NAME);
	ck_assert_uint_eq(refs_of(A, r), 2);
	r = make_receive(A);
	give_right(A, r, MAKE_SEND, A);
	make_request(A, r, MACH_NOTIFY_DEAD_NAME, OBSERVER, n);
	ck_assert_int_eq(op_destroy(A, r), KERN_SUCCESS);
	expect_notices(n, MACH_NOTIFY_PORT_DELETED, 2);
	expect_type(A, r, 0);
	model_finish();
}
END_TEST

/* --- Notifications ----------------------------------------------------------------------- */

START_TEST(test_no_senders)
{
	mach_port_name_t n, r, s;

	model_start();
	n = make_receive(OBSERVER);
	r = make_receive(A);
	/* At once: there are none, and the count is not asked to be more than it is. */
	make_request(A, r, MACH_NOTIFY_NO_SENDERS, OBSERVER, n);
	expect_notices(n, MACH_NOTIFY_NO_SENDERS, 1);
	s = give_right(A, r, MAKE_SEND, B);
	give_right(A, r, MAKE_SEND, B);
	make_request(A, r, MACH_NOTIFY_NO_SENDERS, OBSERVER, n);
	op_deallocate(B, s);
	expect_notices(n, MACH_NOTIFY_NO_SENDERS, 1);
	op_deallocate(B, s);
	expect_notices(n, MACH_NOTIFY_NO_SENDERS, 2);
	/* Not at once with a higher sync; then at the next 0, whatever the count. */
	ck_assert_int_eq(op_request(A, r, MACH_NOTIFY_NO_SENDERS, 9, once_to(n)), KERN_SUCCESS);
	expect_notices(n, MACH_NOTIFY_NO_SENDERS, 2);
	mach_port_set_mscount(A->task->space, r, 20);
	m_lookup(A, r)->port->mscount = 20;
	expect_notices(n, MACH_NOTIFY_NO_SENDERS, 2);
	/* It moves with the receive right. */
	r = give_right(A, r, MOVE_RECEIVE, B);
	s = give_right(B, r, MAKE_SEND, A);
	op_destroy(A, s);
	expect_notices(n, MACH_NOTIFY_NO_SENDERS, 3);
	model_finish();
}
END_TEST

START_TEST(test_replace_and_cancel)
{
	static const uint32_t ids[] = { MACH_NOTIFY_DEAD_NAME, MACH_NOTIFY_NO_SENDERS,
		MACH_NOTIFY_PORT_DESTROYED };

	model_start();
	for (int i = 0; i < 3; i++) {
		mach_port_name_t n = make_receive(OBSERVER), r = make_receive(A);

		give_right(A, r, MAKE_SEND, A);
		make_request(A, r, ids[i], OBSERVER, n);
		make_request(A, r, ids[i], OBSERVER, n);	/* destroys the first */
		expect_notices(n, MACH_NOTIFY_SEND_ONCE, 1);
		ck_assert_int_eq(op_request(A, r, ids[i], 0, NO_HAND), KERN_SUCCESS);
		expect_notices(n, MACH_NOTIFY_SEND_ONCE, 2);
		ck_assert_int_eq(op_request(A, r, ids[i], 0, NO_HAND), KERN_SUCCESS);
		ck_assert_int_eq(op_request(A, r, ids[i], 0, DEAD_HAND), KERN_INVALID_CAPABILITY);
		op_destroy(A, r);
		expect_notices(n, MACH_NOTIFY_SEND_ONCE, 2);
	}
	model_finish();
}
END_TEST

/* The checks of a request, in order; each error uses up the right. */
START_TEST(test_request_errors)
{
	mach_port_name_t n, r, s, set = 0, dead = 0;
	uint32_t told = 0;

	model_start();
	n = make_receive(OBSERVER);
	r = make_receive(A);
	s = give_right(A, r, MAKE_SEND, B);
	op_allocate(A, RIGHT_SET, &set);
	op_allocate(A, RIGHT_DEAD, &dead);
	const struct {
		struct m_space *space;
		mach_port_name_t name;
		uint32_t id, sync;
		kern_return_t kr;
	} cases[] = {
		{ A, 0x777, MACH_NOTIFY_PORT_DESTROYED, 1, KERN_INVALID_VALUE },
		{ A, 0x777, MACH_NOTIFY_PORT_DESTROYED, 0, KERN_INVALID_NAME },
		{ A, 0x777, 1, 0, KERN_INVALID_NAME },
		{ A, 0, MACH_NOTIFY_DEAD_NAME, 0, KERN_INVALID_NAME },
		{ A, ~0u, MACH_NOTIFY_DEAD_NAME, 0, KERN_INVALID_NAME },
		{ B, s, MACH_NOTIFY_PORT_DESTROYED, 0, KERN_INVALID_RIGHT },
		{ B, s, MACH_NOTIFY_NO_SENDERS, 0, KERN_INVALID_RIGHT },
		{ A, set, MACH_NOTIFY_DEAD_NAME, 0, KERN_INVALID_RIGHT },
		{ A, set, MACH_NOTIFY_NO_SENDERS, 0, KERN_INVALID_RIGHT },
		{ A, dead, MACH_NOTIFY_DEAD_NAME, 0, KERN_INVALID_ARGUMENT },
		{ A, r, 1, 0, KERN_INVALID_VALUE },
		{ A, r, MACH_NOTIFY_PORT_DELETED, 0, KERN_INVALID_VALUE },
		{ A, r, MACH_NOTIFY_MSG_ACCEPTED, 0, KERN_INVALID_VALUE },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ck_assert_int_eq(op_request(cases[i].space, cases[i].name, cases[i].id,
					    cases[i].sync, once_to(n)), cases[i].kr);
		expect_notices(n, MACH_NOTIFY_SEND_ONCE, ++told);
	}
	ck_assert_int_eq(op_request(A, dead, MACH_NOTIFY_DEAD_NAME, 1, once_to(n)), KERN_SUCCESS);
	expect_notices(n, MACH_NOTIFY_DEAD_NAME, 1);
	ck_assert_uint_eq(refs_of(A, dead), 2);
	op_mod_refs(A, dead, RIGHT_DEAD, 65533);
	ck_assert_int_eq(op_request(A, dead, MACH_NOTIFY_DEAD_NAME, 1, once_to(n)),
			 KERN_UREFS_OVERFLOW);
	model_finish();
}
END_TEST

START_TEST(test_port_destroyed)
{
	mach_port_name_t n, r, s;

	model_start();
	n = make_receive(OBSERVER);
	r = make_receive(A);
	give_right(A, r, MAKE_SEND, A);
	s = give_right(A, r, MAKE_SEND, B);
	make_request(A, r, MACH_NOTIFY_PORT_DESTROYED, OBSERVER, n);
	make_request(A, r, MACH_NOTIFY_DEAD_NAME, OBSERVER, n);
	make_request(A, r, MACH_NOTIFY_NO_SENDERS, OBSERVER, n);
	ck_assert_int_eq(op_mod_refs(A, r, RIGHT_RECEIVE, -1), KERN_SUCCESS);
	expect_notices(n, MACH_NOTIFY_PORT_DESTROYED, 1);
	expect_notices(n, MACH_NOTIFY_DEAD_NAME, 1);
	expect_type(A, r, MACH_PORT_TYPE_DEAD_NAME);
	/* It lives on: its send right, and the request for their end. */
	expect_type(B, s, MACH_PORT_TYPE_SEND);
	op_destroy(B, s);
	expect_notices(n, MACH_NOTIFY_NO_SENDERS, 1);
	model_finish();
}
END_TEST

/* The port dies if the notification would end in its own queue. */
START_TEST(test_port_destroyed_circular)
{
	mach_port_name_t p, q, s;

	model_start();
	/* The notify port is the port itself. */
	p = make_receive(A);
	s = give_right(A, p, MAKE_SEND, B);
	make_request(A, p, MACH_NOTIFY_PORT_DESTROYED, A, p);
	op_destroy(A, p);
	expect_type(B, s, MACH_PORT_TYPE_DEAD_NAME);
	/* It is dead. */
	p = make_receive(A);
	q = make_receive(A);
	s = give_right(A, p, MAKE_SEND, B);
	make_request(A, p, MACH_NOTIFY_PORT_DESTROYED, A, q);
	op_destroy(A, q);
	op_destroy(A, p);
	expect_type(B, s, MACH_PORT_TYPE_DEAD_NAME);
	/* Two ports name each other: the first lives in the second's queue, until that dies. */
	p = make_receive(A);
	q = make_receive(A);
	s = give_right(A, p, MAKE_SEND, B);
	make_request(A, p, MACH_NOTIFY_PORT_DESTROYED, A, q);
	make_request(A, q, MACH_NOTIFY_PORT_DESTROYED, A, p);
	op_destroy(A, p);
	expect_type(B, s, MACH_PORT_TYPE_SEND);
	op_destroy(A, q);
	expect_type(B, s, MACH_PORT_TYPE_DEAD_NAME);
	model_finish();
}
END_TEST

/* Without memory a notification is lost, its right dropped; a port that was to travel dies. */
START_TEST(test_no_memory)
{
	mach_port_name_t n, r, s;
	uint32_t lost;

	model_start();
	n = make_receive(OBSERVER);
	r = make_receive(A);
	s = give_right(A, r, MAKE_SEND, B);
	make_request(A, r, MACH_NOTIFY_PORT_DESTROYED, OBSERVER, n);
	lost = ipc_kmsg_lost;
	m_lookup(A, r)->port->pdrequest = NULL;		/* what the model is to expect */
	ck_assert_int_eq(m_destroy(A, r), KERN_SUCCESS);
	slab_fail_after(1);
	ck_assert_int_eq(mach_port_destroy(A->task->space, r), KERN_SUCCESS);
	slab_fail_after(0);
	ck_assert_uint_eq(ipc_kmsg_lost, lost + 1);
	expect_type(B, s, MACH_PORT_TYPE_DEAD_NAME);
	expect_notices(n, MACH_NOTIFY_SEND_ONCE, 0);
	model_finish();
}
END_TEST

/* --- Names ------------------------------------------------------------------------------- */

START_TEST(test_rename)
{
	static const mach_port_name_t names[] = { 0x1234, 0x80000001, 0xfffffffe, 7,
						  0x7fffffff, 1u << 24 };
	mach_port_name_t n, r, s, o;

	model_start();
	n = make_receive(OBSERVER);
	r = make_receive(A);
	s = give_right(A, r, MAKE_SEND, B);
	o = give_right(A, r, MAKE_ONCE, B);
	make_request(B, s, MACH_NOTIFY_DEAD_NAME, OBSERVER, n);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		ck_assert_int_eq(op_rename(B, s, names[i]), KERN_SUCCESS);
		s = names[i];
		model_compare();
		/* The right is found under its new name. */
		ck_assert_uint_eq(give_right(A, r, MAKE_SEND, B), s);
	}
	ck_assert_int_eq(op_rename(B, s, s), KERN_NAME_EXISTS);
	ck_assert_int_eq(op_rename(B, s, o), KERN_NAME_EXISTS);
	ck_assert_int_eq(op_rename(B, 0x4444, o), KERN_NAME_EXISTS);
	ck_assert_int_eq(op_rename(B, 0x4444, 0x5555), KERN_INVALID_NAME);
	ck_assert_int_eq(op_rename(B, s, 0), KERN_INVALID_VALUE);
	ck_assert_int_eq(op_rename(B, s, ~0u), KERN_INVALID_VALUE);
	expect_notices(n, MACH_NOTIFY_PORT_DELETED, 0);
	op_destroy(A, r);
	model_compare();
	ck_assert_uint_eq(m_lookup(OBSERVER, n)->port->queue->value, s);
	model_finish();
}
END_TEST

START_TEST(test_insert)
{
	mach_port_name_t r, s, other;
	int hand;

	model_start();
	r = make_receive(A);
	other = make_receive(B);
	s = give_right(A, r, MAKE_SEND, B);
	op_extract(A, r, MAKE_SEND, &hand);
	ck_assert_int_eq(op_insert(B, 0, hand), KERN_INVALID_VALUE);
	op_extract(A, r, MAKE_SEND, &hand);
	ck_assert_int_eq(op_insert(B, 0x99, hand), KERN_RIGHT_EXISTS);
	op_extract(A, r, MAKE_ONCE, &hand);
	ck_assert_int_eq(op_insert(B, other, hand), KERN_NAME_EXISTS);
	op_extract(A, r, MAKE_SEND, &hand);
	ck_assert_int_eq(op_insert(B, s, hand), KERN_SUCCESS);
	op_mod_refs(B, s, RIGHT_SEND, 65532);
	op_extract(A, r, MAKE_SEND, &hand);
	ck_assert_int_eq(op_insert(B, s, hand), KERN_UREFS_OVERFLOW);
	ck_assert_uint_eq(refs_of(B, s), 65534);
	/* Dead rights, also where the name would be wrong in other ways. */
	op_extract(A, r, MAKE_ONCE, &hand);
	op_destroy(A, r);
	ck_assert_int_eq(op_insert(B, other, hand), KERN_INVALID_CAPABILITY);
	model_finish();
}
END_TEST

START_TEST(test_insert_dead_send)
{
	mach_port_name_t r, s, other;
	int first, second;

	model_start();
	r = make_receive(A);
	other = make_receive(B);
	s = give_right(A, r, MAKE_SEND, B);
	op_extract(A, r, MAKE_SEND, &first);
	op_extract(A, r, MAKE_SEND, &second);
	op_destroy(A, r);
	ck_assert_int_eq(op_insert(B, other, first), KERN_INVALID_CAPABILITY);
	ck_assert_int_eq(op_insert(B, s, second), KERN_INVALID_CAPABILITY);
	expect_type(B, s, MACH_PORT_TYPE_DEAD_NAME);
	model_finish();
}
END_TEST

START_TEST(test_extract)
{
	mach_port_name_t r, dead = 0;
	int hand;

	model_start();
	r = make_receive(A);
	op_allocate(A, RIGHT_DEAD, &dead);
	op_mod_refs(A, dead, RIGHT_DEAD, 1);
	for (uint32_t type = 0; type < 24; type++)
		if (op_extract(B, 0x55, type, &hand) != KERN_INVALID_NAME)
			ck_assert(!MACH_MSG_TYPE_PORT_ANY(type));
	ck_assert_int_eq(op_extract(A, dead, COPY_SEND, &hand), KERN_SUCCESS);
	ck_assert_ptr_eq(m_hand[hand].port, M_DEAD);
	ck_assert_int_eq(op_extract(A, dead, MOVE_ONCE, &hand), KERN_SUCCESS);
	ck_assert_int_eq(op_extract(A, dead, MAKE_SEND, &hand), KERN_INVALID_RIGHT);
	ck_assert_int_eq(op_extract(A, dead, MOVE_RECEIVE, &hand), KERN_INVALID_RIGHT);
	ck_assert_int_eq(op_extract(A, dead, MOVE_SEND, &hand), KERN_SUCCESS);
	expect_type(A, dead, 0);
	ck_assert_int_eq(op_extract(A, r, COPY_SEND, &hand), KERN_INVALID_RIGHT);
	ck_assert_int_eq(op_extract(A, r, MOVE_ONCE, &hand), KERN_INVALID_RIGHT);
	model_finish();
}
END_TEST

/* Ports, each in a message in the queue of the next one: they come apart on an ordinary stack. */
START_TEST(test_nesting)
{
	struct ipc_port *port;
	uint32_t live;

	fake_ipc_start();
	live = fake_ipc_live();
	port = ipc_port_create();
	ck_must(port != NULL);
	for (int i = 0; i < 40000; i++) {
		struct ipc_port *outer = ipc_port_create();

		ck_must(outer != NULL);
		/* A port-destroyed notification is the simplest message with a receive right. */
		ipc_notify_port_destroyed(ipc_port_make_sonce(outer), port);
		port = outer;
	}
	ck_assert_uint_eq(ipc_port_cache.live, 40001);
	ipc_port_release_receive(port);
	ck_assert_uint_eq(fake_ipc_live(), live);
}
END_TEST

/* --- Random ------------------------------------------------------------------------------ */

START_TEST(test_random)
{
	model_start();
	for (uint32_t i = 0; i < 60000; i++) {
		model_random_step();
		model_compare();
		if (i % 32 == 0)
			model_check();
		if (i % 3000 == 2999)
			model_clear();
		else
			model_thin_out();
	}
	model_finish();
}
END_TEST

void unit_tests(TCase *tcase)
{
	tcase_add_test(tcase, test_sharing);
	tcase_add_test(tcase, test_sticky);
	tcase_add_test(tcase, test_sticky_ends);
	tcase_add_test(tcase, test_deltas);
	tcase_add_test(tcase, test_death);
	tcase_add_test(tcase, test_unseen_death);
	tcase_add_test(tcase, test_own_requests);
	tcase_add_test(tcase, test_no_senders);
	tcase_add_test(tcase, test_replace_and_cancel);
	tcase_add_test(tcase, test_request_errors);
	tcase_add_test(tcase, test_port_destroyed);
	tcase_add_test(tcase, test_port_destroyed_circular);
	tcase_add_test(tcase, test_no_memory);
	tcase_add_test(tcase, test_rename);
	tcase_add_test(tcase, test_insert);
	tcase_add_test(tcase, test_insert_dead_send);
	tcase_add_test(tcase, test_extract);
	tcase_add_test(tcase, test_nesting);
	tcase_add_test(tcase, test_random);
}
