/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rights and names: each rule of sections 1, 11, 12 and 13 of spec/ipc.md by a scene of its own,
 * then random operations in four spaces, all compared with the model after every step.
 */
#include <tests/unit/model_ops.h>

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

/* --- What the observer has been told --------------------------------------------------- */

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

/* --- References ---------------------------------------------------------------------------- */

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
	static const int32_t deltas[] = { 0, 1, -1, 2, -2, -3, -4, 65532, 65533, 65534, 65535, 65536,
		-65534, -65535, -65536, INT32_MAX, INT32_MIN };
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

/* --- Death ------------------------------------------------------------------------------------- */

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

/* --- Notifications --------------------------------------------------------------------------------- */

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

/* --- Names ------------------------------------------------------------------------------------------- */

START_TEST(test_rename)
{
	static const mach_port_name_t names[] = { 0x1234, 0x80000001, 0xfffffffe, 7, 0x7fffffff, 1u << 24 };
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
	for (int i = 0; i < 40000; i++) {
		struct ipc_port *outer = ipc_port_create();

		/* A port-destroyed notification is the simplest message with a receive right. */
		ipc_notify_port_destroyed(ipc_port_make_sonce(outer), port);
		port = outer;
	}
	ck_assert_uint_eq(ipc_port_cache.live, 40001);
	ipc_port_release_receive(port);
	ck_assert_uint_eq(fake_ipc_live(), live);
}
END_TEST

/* --- Random ---------------------------------------------------------------------------------------------- */

static uint32_t pick(uint32_t n)
{
	return (fake_random() >> 3) % n;
}

static struct m_space *any_space(void)
{
	return &m_space[pick(M_SPACES)];
}

static mach_port_name_t odd_name(void)
{
	static const mach_port_name_t names[] = { 0, ~0u, 1, 2, 0x1234, 0x80000000, 0xfffffffe,
		0x01000001, 0x01000000, 0x7f000003 };

	return pick(3) == 0 ? 1 + pick(60) : names[pick(sizeof(names) / sizeof(names[0]))];
}

static mach_port_name_t any_name(struct m_space *space)
{
	uint32_t start = pick(M_ENTRIES);

	if (pick(12) == 0)
		return odd_name();
	for (uint32_t i = 0; i < M_ENTRIES; i++) {
		struct m_entry *e = &space->entry[(start + i) % M_ENTRIES];

		if (e->used)
			return e->name;
	}
	return odd_name();
}

static int any_hand(void)
{
	uint32_t start = pick(M_HANDS);

	for (uint32_t i = 0; i < M_HANDS; i++)
		if (m_hand[(start + i) % M_HANDS].type != 0)
			return (int)((start + i) % M_HANDS);
	return NO_HAND;
}

static uint32_t used_hands(void)
{
	uint32_t count = 0;

	for (int i = 0; i < M_HANDS; i++)
		count += m_hand[i].type != 0;
	return count;
}

static uint32_t used_entries(const struct m_space *space)
{
	uint32_t count = 0;

	for (int i = 0; i < M_ENTRIES; i++)
		count += space->entry[i].used;
	return count;
}

/* The contents of this world must stay small for it to be interesting. */
static bool crowded(void)
{
	uint32_t queued = 0, ports = 0;

	for (int i = 0; i < M_PORTS; i++)
		if (m_port[i].used && m_port[i].alive) {
			queued += m_queue_length(&m_port[i]);
			ports++;
		}
	for (int s = 0; s < M_SPACES; s++)
		if (used_entries(&m_space[s]) > 24)
			return true;
	return queued > 150 || ports > 40 || used_hands() > 14;
}

static void step_allocate(struct m_space *space)
{
	static const mach_port_right_t rights[] = { 1, 1, 1, 1, 3, 4, 0, 2, 9 };
	mach_port_name_t name = pick(3) == 0 ? odd_name() : 0;

	op_allocate(space, rights[pick(9)], &name);
}

static void step_mod_refs(struct m_space *space)
{
	static const int32_t deltas[] = { 0, 1, -1, 1, -1, 2, -2, 65532, 65533, 65534, -65533, -65534,
		-65535, 65535, INT32_MAX, INT32_MIN };
	mach_port_name_t name = any_name(space);
	struct m_entry *e = m_lookup(space, name);
	int32_t delta = deltas[pick(16)];

	if (e != NULL && pick(4) == 0)
		delta = (pick(2) ? 65534 : 0) - (int32_t)e->urefs - (int32_t)pick(3) + 1;
	op_mod_refs(space, name, pick(6), delta);
}

static void step_extract(struct m_space *space)
{
	int hand;

	op_extract(space, any_name(space), 15 + pick(8), &hand);
}

static void step_put(struct m_space *space)
{
	int hand = any_hand();

	if (hand == NO_HAND)
		return;
	if (pick(4) == 0)
		op_release(hand);
	else if (pick(2) == 0)
		op_insert(space, pick(2) ? any_name(space) : odd_name(), hand);
	else
		op_copyout(space, hand);
}

/* A right that is not send-once is for the stubs to refuse. */
static void step_request(struct m_space *space)
{
	static const uint32_t ids[] = { MACH_NOTIFY_DEAD_NAME, MACH_NOTIFY_DEAD_NAME,
		MACH_NOTIFY_NO_SENDERS, MACH_NOTIFY_PORT_DESTROYED, MACH_NOTIFY_PORT_DELETED };
	struct m_space *from = any_space();
	int hand = pick(8) == 0 ? DEAD_HAND : NO_HAND;

	if (pick(8) != 0 && op_extract(from, any_name(from), MAKE_ONCE, &hand) != KERN_SUCCESS)
		return;
	op_request(space, any_name(space), ids[pick(5)], pick(3) == 0 ? pick(4) : 0, hand);
}

static void step(void)
{
	struct m_space *space = any_space();

	switch (pick(20)) {
	case 0: case 1:
		return step_allocate(space);
	case 2:
		op_deallocate(space, any_name(space));
		return;
	case 3:
		op_destroy(space, any_name(space));
		return;
	case 4: case 5: case 6:
		return step_mod_refs(space);
	case 7:
		op_rename(space, any_name(space), pick(2) ? odd_name() : any_name(space));
		return;
	case 8:
		op_move_member(space, any_name(space), pick(4) ? any_name(space) : 0);
		return;
	case 9:
		return op_ask(space, any_name(space));
	case 10: case 11: case 12:
		return step_request(space);
	case 13: case 14: case 15: case 16:
		return step_extract(space);
	default:
		return step_put(space);
	}
}

START_TEST(test_random)
{
	model_start();
	for (uint32_t i = 0; i < 60000; i++) {
		step();
		model_compare();
		if (i % 32 == 0)
			model_check();
		if (crowded())
			op_destroy(any_space(), any_name(any_space()));
		if (i % 3000 == 2999 || (i % 16 == 0 && crowded()))
			model_clear();
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
