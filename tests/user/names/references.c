/* SPDX-License-Identifier: BSD-2-Clause */
/* References and their counts. */
#include <mach.h>

#include "../common/messages.h"
#include "../common/ports.h"
#include "../common/subject.h"
#include "../common/tap.h"
#include "tests.h"

#define SELF		mach_task_self()
#define UREFS_MAX	65534

void test_destroy(void)
{
	for (enum kind kind = 0; kind < KIND_COUNT; kind++) {
		struct subject subject = subject_make(kind);
		boolean_t exists = kind >= KIND_RECEIVE;

		tap_about("%s", kind_text(kind));
		EXPECT(mach_port_destroy(SELF, subject.name),
			exists ? KERN_SUCCESS : KERN_INVALID_NAME);
		EXPECT(port_type(subject.name), 0);
		if (kind == KIND_SEND_ONCE)
			EXPECT_TRUE(notification_is(subject.other, MACH_NOTIFY_SEND_ONCE, 0));
		subject_destroy(&subject);
	}
}

void test_deallocate(void)
{
	static const kern_return_t codes[KIND_COUNT] = {
		[KIND_NONE] = KERN_INVALID_NAME,
		[KIND_NULL] = KERN_INVALID_NAME,
		[KIND_DEAD_VALUE] = KERN_INVALID_NAME,
		[KIND_RECEIVE] = KERN_INVALID_RIGHT,
		[KIND_SET] = KERN_INVALID_RIGHT,
	};

	for (enum kind kind = 0; kind < KIND_COUNT; kind++) {
		struct subject subject = subject_make(kind);

		tap_about("%s", kind_text(kind));
		EXPECT(mach_port_deallocate(SELF, subject.name), codes[kind]);
		if (kind == KIND_SEND_2)
			EXPECT(port_refs(subject.name, MACH_PORT_RIGHT_SEND), 1);
		else if (kind == KIND_SEND_RECEIVE)
			EXPECT(port_type(subject.name), MACH_PORT_TYPE_RECEIVE);
		else if (codes[kind] == KERN_SUCCESS)
			EXPECT(port_type(subject.name), 0);
		if (kind == KIND_SEND_ONCE)
			EXPECT_TRUE(notification_is(subject.other, MACH_NOTIFY_SEND_ONCE, 0));
		subject_destroy(&subject);
	}
}

static unsigned int expected_refs(enum kind kind, mach_port_right_t right)
{
	switch (right) {
	case 0:
		return kind == KIND_SEND_2 ? 2 : kind_has_send(kind);
	case 1:
		return kind_has_receive(kind);
	case 2:
		return kind == KIND_SEND_ONCE;
	case 3:
		return kind == KIND_SET;
	default:
		return kind == KIND_DEAD_NAME;
	}
}

void test_get_refs(void)
{
	mach_port_urefs_t refs;

	for (enum kind kind = 0; kind < KIND_COUNT; kind++) {
		struct subject subject = subject_make(kind);

		for (mach_port_right_t right = 0; right < 5; right++) {
			tap_about("%s, right %u", kind_text(kind), right);
			refs = 99;
			if (kind < KIND_RECEIVE) {
				EXPECT(mach_port_get_refs(SELF, subject.name, right, &refs),
					KERN_INVALID_NAME);
				continue;
			}
			EXPECT(mach_port_get_refs(SELF, subject.name, right, &refs),
				KERN_SUCCESS);
			EXPECT(refs, expected_refs(kind, right));
		}
		EXPECT(mach_port_get_refs(SELF, subject.name, 5, &refs), KERN_INVALID_VALUE);
		subject_destroy(&subject);
	}
}

/* --- mach_port_mod_refs ---------------------------------------------------------------------- */

static kern_return_t expected_mod(enum kind kind, mach_port_right_t right, mach_port_delta_t delta)
{
	int refs = expected_refs(kind, right);

	if (right >= MACH_PORT_RIGHT_NUMBER)
		return KERN_INVALID_VALUE;
	if (kind < KIND_RECEIVE)
		return KERN_INVALID_NAME;
	if (refs == 0)
		return KERN_INVALID_RIGHT;
	if (delta < -refs)
		return KERN_INVALID_VALUE;
	if (delta <= 0)
		return KERN_SUCCESS;
	if (right != MACH_PORT_RIGHT_SEND && right != MACH_PORT_RIGHT_DEAD_NAME)
		return KERN_INVALID_VALUE;
	return delta > UREFS_MAX ? KERN_UREFS_OVERFLOW : KERN_SUCCESS;
}

static void try_mod(enum kind kind, mach_port_right_t right, mach_port_delta_t delta)
{
	struct subject subject = subject_make(kind);
	mach_port_type_t type = port_type(subject.name);
	mach_port_urefs_t send = port_refs(subject.name, MACH_PORT_RIGHT_SEND);
	mach_port_urefs_t dead = port_refs(subject.name, MACH_PORT_RIGHT_DEAD_NAME);
	kern_return_t expected = expected_mod(kind, right, delta);

	tap_about("%s, right %u, delta %d", kind_text(kind), right, delta);
	EXPECT(mach_port_mod_refs(SELF, subject.name, right, delta), expected);
	if (expected == KERN_SUCCESS && right < MACH_PORT_RIGHT_NUMBER) {
		EXPECT(port_refs(subject.name, right), expected_refs(kind, right) + delta);
	} else {
		EXPECT(port_type(subject.name), type);
		EXPECT(port_refs(subject.name, MACH_PORT_RIGHT_SEND), send);
		EXPECT(port_refs(subject.name, MACH_PORT_RIGHT_DEAD_NAME), dead);
		if (kind_has_receive(kind))
			EXPECT(port_status(subject.name).mps_srights, send > 0);
	}
	subject_destroy(&subject);
}

void test_mod_refs(void)
{
	static const mach_port_delta_t deltas[] = {
		0, 1, -1, 2, -2, -3, 1000, 0x7fffffff, -0x7fffffff, (mach_port_delta_t) 0x80000000,
	};

	for (enum kind kind = 0; kind < KIND_COUNT; kind++)
		for (mach_port_right_t right = 0; right <= 5; right++)
			for (unsigned int i = 0; i < COUNT_OF(deltas); i++)
				try_mod(kind, right, deltas[i]);
}

/* A count that was at its limit when a right came stays there: the name is never freed early. */
void test_references_overflow(void)
{
	mach_port_t port = port_new_with_send(1), carrier = port_new_with_send(1);
	struct message message;

	EXPECT(mach_port_mod_refs(SELF, port, MACH_PORT_RIGHT_SEND, UREFS_MAX - 1), KERN_SUCCESS);
	EXPECT(port_refs(port, MACH_PORT_RIGHT_SEND), UREFS_MAX);
	EXPECT(mach_port_mod_refs(SELF, port, MACH_PORT_RIGHT_SEND, 1), KERN_UREFS_OVERFLOW);
	EXPECT(mach_port_insert_right(SELF, port, port, MACH_MSG_TYPE_MAKE_SEND),
		KERN_UREFS_OVERFLOW);
	EXPECT(port_refs(port, MACH_PORT_RIGHT_SEND), UREFS_MAX);
	message_init(&message, carrier, MACH_MSG_TYPE_COPY_SEND, MACH_PORT_NULL, 0);
	message_right(&message, port, MACH_MSG_TYPE_MAKE_SEND);
	EXPECT(message_send(&message), MACH_MSG_SUCCESS);
	EXPECT(message_receive(&message, carrier), MACH_MSG_SUCCESS);
	EXPECT(message.body[1], port);
	EXPECT(port_refs(port, MACH_PORT_RIGHT_SEND), UREFS_MAX);
	EXPECT(mach_port_deallocate(SELF, port), KERN_SUCCESS);
	EXPECT(port_refs(port, MACH_PORT_RIGHT_SEND), UREFS_MAX);
	EXPECT(mach_port_mod_refs(SELF, port, MACH_PORT_RIGHT_SEND, -10), KERN_SUCCESS);
	EXPECT(port_refs(port, MACH_PORT_RIGHT_SEND), UREFS_MAX);
	EXPECT(mach_port_mod_refs(SELF, port, MACH_PORT_RIGHT_SEND, -UREFS_MAX), KERN_SUCCESS);
	EXPECT(port_type(port), MACH_PORT_TYPE_RECEIVE);
	port_destroy(port);
	port_destroy(carrier);
}

void test_receive_status(void)
{
	mach_port_t port = port_new_with_send(2), once = port_make_send_once(port);
	mach_port_t set = port_new_set();
	mach_port_status_t status = port_status(port);

	EXPECT(status.mps_pset, MACH_PORT_NULL);
	EXPECT(status.mps_seqno, 0);
	EXPECT(status.mps_mscount, 2);
	EXPECT(status.mps_qlimit, MACH_PORT_QLIMIT_DEFAULT);
	EXPECT(status.mps_msgcount, 0);
	EXPECT(status.mps_sorights, 1);
	EXPECT(status.mps_srights, TRUE);
	EXPECT(status.mps_pdrequest, FALSE);
	EXPECT(status.mps_nsrequest, FALSE);
	EXPECT(mach_port_set_mscount(SELF, port, 77), KERN_SUCCESS);
	EXPECT(port_status(port).mps_mscount, 77);
	EXPECT(mach_port_get_receive_status(SELF, once, &status), KERN_INVALID_RIGHT);
	EXPECT(mach_port_get_receive_status(SELF, set, &status), KERN_INVALID_RIGHT);
	EXPECT(mach_port_get_receive_status(SELF, 0, &status), KERN_INVALID_NAME);
	EXPECT(mach_port_set_mscount(SELF, set, 1), KERN_INVALID_RIGHT);
	EXPECT(mach_port_set_seqno(SELF, set, 1), KERN_INVALID_RIGHT);
	EXPECT(mach_port_set_seqno(SELF, 0, 1), KERN_INVALID_NAME);
	port_destroy(once);
	port_destroy(port);
	port_destroy(set);
}
