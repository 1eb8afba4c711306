/* SPDX-License-Identifier: BSD-2-Clause */
/* Section 13: mach_port_insert_right and mach_port_extract_right, every disposition and kind. */
#include <mach.h>
#include <mach/notify.h>

#include "../common/messages.h"
#include "../common/ports.h"
#include "../common/subject.h"
#include "../common/tap.h"
#include "tests.h"

#define SELF		mach_task_self()
#define NAME		0x1234u
#define FIRST		MACH_MSG_TYPE_MOVE_RECEIVE
#define LAST		MACH_MSG_TYPE_MAKE_SEND_ONCE
#define SEND_MAX	65534

static mach_port_t child_new(void)
{
	mach_port_t child = MACH_PORT_NULL;

	EXPECT(task_create(SELF, FALSE, &child), KERN_SUCCESS);
	return child;
}

static void child_end(mach_port_t child)
{
	EXPECT(task_terminate(child), KERN_SUCCESS);
	port_destroy(child);
}

static mach_port_type_t type_in(mach_port_t task, mach_port_t name)
{
	mach_port_type_t type = 0;

	mach_port_type(task, name, &type);
	return type;
}

/* Can the disposition be taken from a name of that kind, dead names not counted? */
static boolean_t can_take(enum kind kind, unsigned int how)
{
	switch (how) {
	case MACH_MSG_TYPE_MOVE_SEND:
	case MACH_MSG_TYPE_COPY_SEND:
		return kind_has_send(kind);
	case MACH_MSG_TYPE_MOVE_SEND_ONCE:
		return kind == KIND_SEND_ONCE;
	default:
		return kind_has_receive(kind);
	}
}

static unsigned int type_after(unsigned int how)
{
	return how == MACH_MSG_TYPE_MOVE_RECEIVE ? MACH_MSG_TYPE_PORT_RECEIVE
		: how == MACH_MSG_TYPE_MOVE_SEND_ONCE || how == LAST
		? MACH_MSG_TYPE_PORT_SEND_ONCE : MACH_MSG_TYPE_PORT_SEND;
}

static mach_port_type_t name_type(unsigned int how)
{
	return type_after(how) == MACH_MSG_TYPE_PORT_RECEIVE ? MACH_PORT_TYPE_RECEIVE
		: type_after(how) == MACH_MSG_TYPE_PORT_SEND ? MACH_PORT_TYPE_SEND
		: MACH_PORT_TYPE_SEND_ONCE;
}

/* --- in -------------------------------- */

/* What the giver's name is afterwards. */
static mach_port_type_t left(enum kind kind, unsigned int how, mach_port_type_t before)
{
	if (how == MACH_MSG_TYPE_MOVE_RECEIVE)
		return before & ~MACH_PORT_TYPE_RECEIVE;
	if (how == MACH_MSG_TYPE_MOVE_SEND)
		return kind == KIND_SEND_2 ? before : before & ~MACH_PORT_TYPE_SEND;
	return how == MACH_MSG_TYPE_MOVE_SEND_ONCE ? 0 : before;
}

void test_insert_kinds(void)
{
	mach_port_t child = child_new();

	for (enum kind kind = 0; kind < KIND_COUNT; kind++)
		for (unsigned int how = FIRST; how <= LAST; how++) {
			struct subject subject = subject_make(kind);
			mach_port_type_t before = port_type(subject.name);
			boolean_t value = kind == KIND_NULL || kind == KIND_DEAD_VALUE;
			boolean_t dead = kind == KIND_DEAD_NAME && how >= MACH_MSG_TYPE_MOVE_SEND
				&& how <= MACH_MSG_TYPE_COPY_SEND;
			kern_return_t code = value || dead ? KERN_INVALID_CAPABILITY
				: can_take(kind, how) ? KERN_SUCCESS : MACH_SEND_INVALID_RIGHT;

			tap_about("%s by disposition %u", kind_text(kind), how);
			EXPECT(mach_port_insert_right(child, NAME, subject.name, how), code);
			if (code == KERN_SUCCESS) {
				EXPECT(type_in(child, NAME), name_type(how));
				EXPECT(port_type(subject.name), left(kind, how, before));
				EXPECT(mach_port_destroy(child, NAME), KERN_SUCCESS);
			} else {
				EXPECT(type_in(child, NAME), 0);
				EXPECT(port_type(subject.name), dead && how !=
					MACH_MSG_TYPE_COPY_SEND ? 0 : before);
			}
			subject_destroy(&subject);
		}
	child_end(child);
}

/* --- out -------------------------------- */

/* One name of a kind in the child; *portp a port that belongs to it, or null. */
static void child_name(mach_port_t child, enum kind kind, mach_port_t *portp)
{
	*portp = port_new();
	switch (kind) {
	case KIND_RECEIVE:
	case KIND_SEND_RECEIVE:
		if (kind == KIND_SEND_RECEIVE)
			EXPECT(mach_port_insert_right(child, NAME, *portp, MACH_MSG_TYPE_MAKE_SEND),
				KERN_SUCCESS);
		EXPECT(mach_port_insert_right(child, NAME, *portp, MACH_MSG_TYPE_MOVE_RECEIVE),
			KERN_SUCCESS);
		*portp = MACH_PORT_NULL;
		break;
	case KIND_SEND_2:
		EXPECT(mach_port_insert_right(child, NAME, *portp, MACH_MSG_TYPE_MAKE_SEND),
			KERN_SUCCESS);
		__attribute__((fallthrough));
	case KIND_SEND:
		EXPECT(mach_port_insert_right(child, NAME, *portp, MACH_MSG_TYPE_MAKE_SEND),
			KERN_SUCCESS);
		break;
	case KIND_SEND_ONCE:
		EXPECT(mach_port_insert_right(child, NAME, *portp, LAST), KERN_SUCCESS);
		break;
	case KIND_DEAD_NAME:
		EXPECT(mach_port_allocate_name(child, MACH_PORT_RIGHT_DEAD_NAME, NAME),
			KERN_SUCCESS);
		break;
	case KIND_SET:
		EXPECT(mach_port_allocate_name(child, MACH_PORT_RIGHT_PORT_SET, NAME),
			KERN_SUCCESS);
		break;
	default:
		break;
	}
}

static mach_port_t name_of(enum kind kind)
{
	return kind == KIND_NULL ? MACH_PORT_NULL : kind == KIND_DEAD_VALUE ? MACH_PORT_DEAD : NAME;
}

static void expect_extracted(mach_port_t child, enum kind kind, unsigned int how,
	mach_port_type_t before, mach_port_t got, mach_msg_type_name_t type)
{
	EXPECT(type, type_after(how));
	EXPECT(type_in(child, NAME), left(kind, how, before));
	if (type_after(how) == MACH_MSG_TYPE_PORT_SEND_ONCE)
		EXPECT(port_type(got), MACH_PORT_TYPE_SEND_ONCE);
	else
		EXPECT_TRUE(port_type(got) & name_type(how));
	port_destroy(got);
}

static void try_extract(mach_port_t child, enum kind kind, unsigned int how)
{
	boolean_t dead = kind == KIND_DEAD_NAME && how >= MACH_MSG_TYPE_MOVE_SEND
		&& how <= MACH_MSG_TYPE_COPY_SEND;
	mach_msg_type_name_t type = 0;
	mach_port_t port, got = 0x7e7e;
	mach_port_type_t before;

	child_name(child, kind, &port);
	before = type_in(child, NAME);
	EXPECT(mach_port_extract_right(child, name_of(kind), how, &got, &type),
		kind < KIND_RECEIVE ? KERN_INVALID_NAME
		: dead || can_take(kind, how) ? KERN_SUCCESS : KERN_INVALID_RIGHT);
	if (kind >= KIND_RECEIVE && dead) {
		EXPECT(got, MACH_PORT_DEAD);
		EXPECT(type_in(child, NAME), how == MACH_MSG_TYPE_COPY_SEND ? before : 0);
	} else if (kind >= KIND_RECEIVE && can_take(kind, how)) {
		expect_extracted(child, kind, how, before, got, type);
	} else {
		EXPECT(got, 0x7e7e);
		EXPECT(type_in(child, NAME), before);
	}
	if (type_in(child, NAME) != 0)
		EXPECT(mach_port_destroy(child, NAME), KERN_SUCCESS);
	if (port != MACH_PORT_NULL && port_type(port) != 0)
		port_destroy(port);
}

void test_extract_kinds(void)
{
	static const unsigned int bad[] = { 0, 1, 15, 22, 23, 0xffffffff };
	mach_port_t child = child_new(), host = mach_host_self(), got;
	mach_msg_type_name_t type;

	for (enum kind kind = 0; kind < KIND_COUNT; kind++)
		for (unsigned int how = FIRST; how <= LAST; how++) {
			tap_about("%s by disposition %u", kind_text(kind), how);
			try_extract(child, kind, how);
		}
	for (unsigned int i = 0; i < COUNT_OF(bad); i++) {
		tap_about("disposition %u", bad[i]);
		EXPECT(mach_port_extract_right(child, 0x5555, bad[i], &got, &type),
			KERN_INVALID_VALUE);
		EXPECT(mach_port_extract_right(host, 0x5555, bad[i], &got, &type),
			KERN_INVALID_TASK);
	}
	EXPECT(mach_port_deallocate(SELF, host), KERN_SUCCESS);
	child_end(child);
}

/* The right that arrives finds the count at its limit: it is consumed, and the count sticks. */
void test_extract_at_limit(void)
{
	mach_port_t port = port_new_with_send(1), child = child_new(), got;
	mach_msg_type_name_t type;

	EXPECT(mach_port_insert_right(child, NAME, port, MACH_MSG_TYPE_MAKE_SEND), KERN_SUCCESS);
	EXPECT(mach_port_mod_refs(SELF, port, MACH_PORT_RIGHT_SEND, SEND_MAX - 1), KERN_SUCCESS);
	EXPECT(mach_port_extract_right(child, NAME, MACH_MSG_TYPE_MOVE_SEND, &got, &type),
		KERN_SUCCESS);
	EXPECT(got, port);
	EXPECT(port_refs(port, MACH_PORT_RIGHT_SEND), SEND_MAX);
	EXPECT(mach_port_extract_right(SELF, port, MACH_MSG_TYPE_MOVE_SEND, &got, &type),
		KERN_SUCCESS);
	EXPECT(port_refs(port, MACH_PORT_RIGHT_SEND), SEND_MAX);
	EXPECT(mach_port_insert_right(child, NAME, port, MACH_MSG_TYPE_MOVE_SEND), KERN_SUCCESS);
	EXPECT(port_refs(port, MACH_PORT_RIGHT_SEND), SEND_MAX);
	EXPECT(mach_port_mod_refs(SELF, port, MACH_PORT_RIGHT_SEND, -SEND_MAX), KERN_SUCCESS);
	EXPECT(mach_port_destroy(child, NAME), KERN_SUCCESS);
	EXPECT(port_status(port).mps_srights, FALSE);
	port_destroy(port);
	child_end(child);
}

/* --- tasks that have ended -------------------------------- */

/* The task's name is dead: nothing of the request is done, and what it moved stays. */
void test_ending_tasks(void)
{
	mach_port_t child = child_new(), port = port_new_with_send(1), got;
	mach_port_t once = port_make_send_once(port);
	mach_msg_type_name_t type;

	EXPECT(task_terminate(child), KERN_SUCCESS);
	EXPECT(port_type(child), MACH_PORT_TYPE_DEAD_NAME);
	EXPECT(mach_port_insert_right(child, NAME, port, MACH_MSG_TYPE_MOVE_RECEIVE),
		MACH_SEND_INVALID_DEST);
	EXPECT(mach_port_insert_right(child, NAME, port, MACH_MSG_TYPE_MOVE_SEND),
		MACH_SEND_INVALID_DEST);
	EXPECT(mach_port_insert_right(child, NAME, once, MACH_MSG_TYPE_MOVE_SEND_ONCE),
		MACH_SEND_INVALID_DEST);
	EXPECT(mach_port_extract_right(child, NAME, MACH_MSG_TYPE_MOVE_SEND, &got, &type),
		MACH_SEND_INVALID_DEST);
	EXPECT(port_type(port), MACH_PORT_TYPE_SEND_RECEIVE);
	EXPECT(port_type(once), MACH_PORT_TYPE_SEND_ONCE);
	EXPECT_TRUE(queue_is_empty(port));
	port_destroy(once);
	EXPECT_TRUE(notification_is(port, MACH_NOTIFY_SEND_ONCE, 0));
	port_destroy(port);
	port_destroy(child);
}
