/* SPDX-License-Identifier: BSD-2-Clause */
/* Section 13: the order of checks of the mach_port routines, with two or three things wrong. */
#include <mach.h>
#include <mach/mach_traps.h>
#include <mach/notify.h>
#include <mach_debug/mach_debug.h>

#include "../common/messages.h"
#include "../common/ports.h"
#include "../common/subject.h"
#include "../common/tap.h"
#include "tests.h"

#define SELF		mach_task_self()
#define SEND_MAX	65534

static mach_port_t missing_name(void)
{
	mach_port_t name = port_new();

	port_destroy(name);
	return name;
}

static boolean_t is_value(enum kind kind)
{
	return kind == KIND_NULL || kind == KIND_DEAD_VALUE;
}

/* --- allocation -------------------------------- */

void test_allocate_codes(void)
{
	static const mach_port_right_t bad[] = { MACH_PORT_RIGHT_SEND, MACH_PORT_RIGHT_SEND_ONCE, 5,
		6, 0x7fffffff, 0xffffffff };
	static const mach_port_right_t good[] = { MACH_PORT_RIGHT_RECEIVE,
		MACH_PORT_RIGHT_PORT_SET, MACH_PORT_RIGHT_DEAD_NAME };
	mach_port_t host = mach_host_self(), name = 0x7e7e7e7e;

	for (unsigned int i = 0; i < COUNT_OF(bad); i++) {
		tap_about("right %u", bad[i]);
		EXPECT(mach_port_allocate(host, bad[i], &name), KERN_INVALID_TASK);
		EXPECT(mach_port_allocate(SELF, bad[i], &name), KERN_INVALID_VALUE);
		EXPECT(mach_port_allocate_name(host, bad[i], 0), KERN_INVALID_TASK);
		for (enum kind kind = 0; kind < KIND_COUNT; kind++) {
			struct subject subject = subject_make(kind);

			EXPECT(mach_port_allocate_name(SELF, bad[i], subject.name),
				KERN_INVALID_VALUE);
			subject_destroy(&subject);
		}
	}
	EXPECT(name, 0x7e7e7e7e);
	for (enum kind kind = 0; kind < KIND_COUNT; kind++)
		for (unsigned int i = 0; i < COUNT_OF(good); i++) {
			struct subject subject = subject_make(kind);
			mach_port_type_t type = port_type(subject.name);

			tap_about("right %u, name %s", good[i], kind_text(kind));
			EXPECT(mach_port_allocate_name(host, good[i], subject.name),
				KERN_INVALID_TASK);
			EXPECT(mach_port_allocate_name(SELF, good[i], subject.name),
				is_value(kind) ? KERN_INVALID_VALUE
				: kind == KIND_NONE ? KERN_SUCCESS : KERN_NAME_EXISTS);
			EXPECT(port_type(subject.name), kind == KIND_NONE
				? MACH_PORT_TYPE(good[i]) : type);
			subject_destroy(&subject);
		}
	EXPECT(mach_port_deallocate(SELF, host), KERN_SUCCESS);
}

void test_rename_codes(void)
{
	mach_port_t host = mach_host_self();

	for (enum kind from = 0; from < KIND_COUNT; from++)
		for (enum kind to = 0; to < KIND_COUNT; to++) {
			struct subject a = subject_make(from), b = subject_make(to);
			mach_port_type_t type = port_type(a.name);
			kern_return_t code = is_value(to) ? KERN_INVALID_VALUE
				: to != KIND_NONE ? KERN_NAME_EXISTS
				: from < KIND_RECEIVE ? KERN_INVALID_NAME : KERN_SUCCESS;

			tap_about("%s to %s", kind_text(from), kind_text(to));
			EXPECT(mach_port_rename(host, a.name, b.name), KERN_INVALID_TASK);
			EXPECT(mach_port_rename(SELF, a.name, b.name), code);
			if (code == KERN_SUCCESS) {
				EXPECT(port_type(a.name), 0);
				EXPECT(port_type(b.name), type);
				a.name = b.name;
				b.name = MACH_PORT_NULL;
			}
			if (from >= KIND_RECEIVE)
				EXPECT(mach_port_rename(SELF, a.name, a.name), KERN_NAME_EXISTS);
			subject_destroy(&a);
			if (b.name != MACH_PORT_NULL)
				subject_destroy(&b);
		}
	EXPECT(mach_port_deallocate(SELF, host), KERN_SUCCESS);
}

/* --- what a receive right or a set is needed for -------------------------------- */

#define ROUTINES	10

/* Routine `which' on a name; those that can go wrong in another way do when `bad'. */
static kern_return_t on_receive(mach_port_t task, unsigned int which, mach_port_t name)
{
	mach_port_status_t status;
	mach_port_rights_t rights;
	mach_port_t *members = NULL;
	unsigned int total, used;
	mach_msg_type_number_t count = 0;
	kern_return_t kr;

	switch (which) {
	case 0:
		return mach_port_set_qlimit(task, name, 16);
	case 1:
		return mach_port_set_mscount(task, name, 0xffffffff);
	case 2:
		return mach_port_set_seqno(task, name, 0xffffffff);
	case 3:
		return mach_port_set_protected_payload(task, name, 0);
	case 4:
		return mach_port_clear_protected_payload(task, name);
	case 5:
		return mach_port_get_receive_status(task, name, &status);
	case 6:
		return mach_port_get_srights(task, name, &rights);
	case 7:
		return mach_port_dnrequest_info(task, name, &total, &used);
	case 8:
		return mach_port_move_member(task, name, MACH_PORT_NULL);
	default:
		kr = mach_port_get_set_status(task, name, &members, &count);
		if (kr == KERN_SUCCESS) {
			EXPECT(count, 0);
			EXPECT((uintptr_t) members, 0);
		}
		return kr;
	}
}

void test_receive_codes(void)
{
	mach_port_t host = mach_host_self();

	for (unsigned int which = 0; which < ROUTINES; which++)
		for (enum kind kind = 0; kind < KIND_COUNT; kind++) {
			struct subject subject = subject_make(kind);
			boolean_t fits = which == 9 ? kind == KIND_SET : kind_has_receive(kind);

			tap_about("routine %u, %s", which, kind_text(kind));
			EXPECT(on_receive(host, which, subject.name), KERN_INVALID_TASK);
			EXPECT(on_receive(SELF, which, subject.name), kind < KIND_RECEIVE
				? KERN_INVALID_NAME : !fits ? KERN_INVALID_RIGHT
				: which == 8 ? KERN_NOT_IN_SET : KERN_SUCCESS);
			EXPECT(mach_port_set_qlimit(host, subject.name, 17), KERN_INVALID_TASK);
			EXPECT(mach_port_set_qlimit(SELF, subject.name, 17), KERN_INVALID_VALUE);
			EXPECT(mach_port_set_qlimit(SELF, subject.name, 0xffffffff),
				KERN_INVALID_VALUE);
			subject_destroy(&subject);
		}
	EXPECT(mach_port_deallocate(SELF, host), KERN_SUCCESS);
}

/* The member's name comes first, then its right, then those of the set. */
void test_member_codes(void)
{
	for (enum kind member = 0; member < KIND_COUNT; member++)
		for (enum kind set = 0; set < KIND_COUNT; set++) {
			struct subject a = subject_make(member), b = subject_make(set);
			kern_return_t code = member < KIND_RECEIVE ? KERN_INVALID_NAME
				: !kind_has_receive(member) ? KERN_INVALID_RIGHT
				: set == KIND_NULL ? KERN_NOT_IN_SET
				: set < KIND_RECEIVE ? KERN_INVALID_NAME
				: set != KIND_SET ? KERN_INVALID_RIGHT : KERN_SUCCESS;

			tap_about("%s into %s", kind_text(member), kind_text(set));
			EXPECT(mach_port_move_member(SELF, a.name, b.name), code);
			if (code == KERN_SUCCESS) {
				EXPECT(mach_port_move_member(SELF, a.name, b.name), KERN_SUCCESS);
				EXPECT(mach_port_move_member(SELF, a.name, 0x7ffff123),
					KERN_INVALID_NAME);
				EXPECT(mach_port_move_member(SELF, a.name, a.name),
					KERN_INVALID_RIGHT);
				EXPECT(port_status(a.name).mps_pset, b.name);
				EXPECT(mach_port_move_member(SELF, a.name, 0), KERN_SUCCESS);
				EXPECT(mach_port_move_member(SELF, a.name, 0), KERN_NOT_IN_SET);
			}
			subject_destroy(&a);
			subject_destroy(&b);
		}
}

/* --- insertion -------------------------------- */

static kern_return_t insert(mach_port_t name, mach_port_t right, unsigned int how)
{
	return mach_port_insert_right(SELF, name, right, how);
}

void test_insert_order(void)
{
	mach_port_t port = port_new_with_send(1), other = port_new(), set = port_new_set(), dead;
	mach_port_t missing = missing_name(), host = mach_host_self(), hidden, elsewhere;
	struct subject subject = subject_make(KIND_SEND);

	hidden = subject.name;
	elsewhere = port_new();
	tap_about("the send comes before all else");
	EXPECT(insert(0, missing, MACH_MSG_TYPE_COPY_SEND), MACH_SEND_INVALID_RIGHT);
	EXPECT(insert(0, set, MACH_MSG_TYPE_MAKE_SEND), MACH_SEND_INVALID_RIGHT);
	EXPECT(mach_port_insert_right(host, 0, missing, MACH_MSG_TYPE_COPY_SEND),
		MACH_SEND_INVALID_RIGHT);
	EXPECT(mach_port_insert_right(host, 0, MACH_PORT_NULL, MACH_MSG_TYPE_COPY_SEND),
		KERN_INVALID_TASK);
	tap_about("the name comes before the right");
	EXPECT(insert(0, MACH_PORT_NULL, MACH_MSG_TYPE_COPY_SEND), KERN_INVALID_VALUE);
	EXPECT(insert(MACH_PORT_DEAD, MACH_PORT_DEAD, MACH_MSG_TYPE_MAKE_SEND), KERN_INVALID_VALUE);
	tap_about("a null or dead right comes before a name in use");
	for (unsigned int how = MACH_MSG_TYPE_MOVE_RECEIVE; how <= MACH_MSG_TYPE_MAKE_SEND_ONCE;
			how++) {
		EXPECT(insert(set, MACH_PORT_NULL, how), KERN_INVALID_CAPABILITY);
		EXPECT(insert(set, MACH_PORT_DEAD, how), KERN_INVALID_CAPABILITY);
	}
	dead = port_new_dead();
	EXPECT(insert(set, dead, MACH_MSG_TYPE_COPY_SEND), KERN_INVALID_CAPABILITY);
	EXPECT(insert(set, dead, MACH_MSG_TYPE_MOVE_SEND), KERN_INVALID_CAPABILITY);
	EXPECT(port_type(dead), 0);
	tap_about("another name of the port comes before a name in use");
	EXPECT(insert(set, port, MACH_MSG_TYPE_COPY_SEND), KERN_RIGHT_EXISTS);
	EXPECT(insert(set, port, MACH_MSG_TYPE_MAKE_SEND), KERN_RIGHT_EXISTS);
	EXPECT(insert(missing, other, MACH_MSG_TYPE_MAKE_SEND), KERN_RIGHT_EXISTS);
	EXPECT(insert(set, hidden, MACH_MSG_TYPE_COPY_SEND), KERN_RIGHT_EXISTS);
	EXPECT(insert(set, port, MACH_MSG_TYPE_MAKE_SEND_ONCE), KERN_NAME_EXISTS);
	EXPECT_TRUE(notification_is(port, MACH_NOTIFY_SEND_ONCE, 0));
	EXPECT(insert(port, port, MACH_MSG_TYPE_MAKE_SEND_ONCE), KERN_NAME_EXISTS);
	EXPECT_TRUE(notification_is(port, MACH_NOTIFY_SEND_ONCE, 0));
	tap_about("the limit comes last");
	EXPECT(mach_port_mod_refs(SELF, port, MACH_PORT_RIGHT_SEND, SEND_MAX - 1), KERN_SUCCESS);
	EXPECT(insert(set, port, MACH_MSG_TYPE_COPY_SEND), KERN_RIGHT_EXISTS);
	EXPECT(insert(port, port, MACH_MSG_TYPE_COPY_SEND), KERN_UREFS_OVERFLOW);
	EXPECT(insert(port, port, MACH_MSG_TYPE_MAKE_SEND), KERN_UREFS_OVERFLOW);
	EXPECT(port_refs(port, MACH_PORT_RIGHT_SEND), SEND_MAX);
	EXPECT(mach_port_deallocate(SELF, host), KERN_SUCCESS);
	subject_destroy(&subject);
	port_destroy(elsewhere);
	port_destroy(port);
	port_destroy(other);
	port_destroy(set);
}

/* A right that was moved for a call that fails is gone. */
void test_insert_lost(void)
{
	mach_port_t set = port_new_set(), port = port_new_with_send(3), once, notify = port_new();
	static const mach_port_t names[] = { 0, ~0u };

	for (unsigned int i = 0; i < 2; i++) {
		tap_about("name 0x%x", names[i]);
		EXPECT(insert(names[i], port, MACH_MSG_TYPE_MOVE_SEND), KERN_INVALID_VALUE);
		EXPECT(port_refs(port, MACH_PORT_RIGHT_SEND), 2 - i);
		once = port_make_send_once(port);
		EXPECT(insert(names[i], once, MACH_MSG_TYPE_MOVE_SEND_ONCE), KERN_INVALID_VALUE);
		EXPECT(port_type(once), 0);
		EXPECT_TRUE(notification_is(port, MACH_NOTIFY_SEND_ONCE, 0));
		EXPECT(port_request(port, MACH_NOTIFY_PORT_DESTROYED, 0, notify), KERN_SUCCESS);
	}
	tap_about("a name in use, a receive right");
	EXPECT(port_refs(port, MACH_PORT_RIGHT_SEND), 1);
	EXPECT(mach_port_deallocate(SELF, port), KERN_SUCCESS);
	EXPECT_TRUE(notification_is(notify, MACH_NOTIFY_SEND_ONCE, 0));
	EXPECT(insert(set, port, MACH_MSG_TYPE_MOVE_RECEIVE), KERN_NAME_EXISTS);
	EXPECT(port_type(port), 0);
	struct message message;

	EXPECT(message_receive(&message, notify), MACH_MSG_SUCCESS);
	EXPECT(message.header.msgh_id, MACH_NOTIFY_PORT_DESTROYED);
	port = message.body[1];
	port_make_send(port);
	EXPECT(insert(set, port, MACH_MSG_TYPE_MOVE_RECEIVE), KERN_RIGHT_EXISTS);
	EXPECT(port_type(port), MACH_PORT_TYPE_DEAD_NAME);
	port_destroy(port);
	EXPECT_TRUE(queue_is_empty(notify));
	port_destroy(notify);
	port_destroy(set);
}

/* --- traps -------------------------------- */

void test_trap_codes(void)
{
	mach_port_t port = port_new(), set = port_new_set(), missing = missing_name(), name;
	mach_port_t host = mach_host_self(), dead = port_new_dead();
	const mach_port_t others[] = { MACH_PORT_NULL, MACH_PORT_DEAD, missing, port, set, dead,
		host };

	for (unsigned int i = 0; i < COUNT_OF(others); i++) {
		tap_about("task %u", i);
		EXPECT(syscall_mach_port_allocate(others[i], 99, &name), MACH_SEND_INTERRUPTED);
		EXPECT(syscall_mach_port_allocate_name(others[i], 99, 0), MACH_SEND_INTERRUPTED);
		EXPECT(syscall_mach_port_deallocate(others[i], missing), MACH_SEND_INTERRUPTED);
		EXPECT(syscall_mach_port_insert_right(others[i], 0, missing, 99),
			MACH_SEND_INTERRUPTED);
	}
	tap_about("%s", "");
	EXPECT(syscall_mach_port_allocate(SELF, 99, &name), KERN_INVALID_VALUE);
	EXPECT(syscall_mach_port_allocate(SELF, MACH_PORT_RIGHT_SEND, (mach_port_t *) 4),
		KERN_INVALID_VALUE);
	EXPECT(syscall_mach_port_allocate_name(SELF, 99, port), KERN_INVALID_VALUE);
	EXPECT(syscall_mach_port_allocate_name(SELF, MACH_PORT_RIGHT_RECEIVE, 0),
		KERN_INVALID_VALUE);
	EXPECT(syscall_mach_port_allocate_name(SELF, MACH_PORT_RIGHT_PORT_SET, port),
		KERN_NAME_EXISTS);
	EXPECT(syscall_mach_port_deallocate(SELF, 0), KERN_INVALID_NAME);
	EXPECT(syscall_mach_port_deallocate(SELF, set), KERN_INVALID_RIGHT);
	EXPECT(syscall_mach_port_insert_right(SELF, 0, missing, 99), KERN_INVALID_VALUE);
	EXPECT(syscall_mach_port_insert_right(SELF, 0, missing, MACH_MSG_TYPE_COPY_SEND),
		KERN_INVALID_NAME);
	EXPECT(syscall_mach_port_insert_right(SELF, 0, set, MACH_MSG_TYPE_COPY_SEND),
		KERN_INVALID_RIGHT);
	EXPECT(syscall_mach_port_insert_right(SELF, 0, port, MACH_MSG_TYPE_MAKE_SEND),
		KERN_INVALID_VALUE);
	EXPECT(syscall_mach_port_insert_right(SELF, set, MACH_PORT_NULL, MACH_MSG_TYPE_COPY_SEND),
		KERN_INVALID_CAPABILITY);
	EXPECT(syscall_mach_port_insert_right(SELF, set, dead, MACH_MSG_TYPE_MOVE_SEND),
		KERN_INVALID_CAPABILITY);
	EXPECT(port_type(dead), 0);
	EXPECT(syscall_mach_port_insert_right(SELF, set, port, MACH_MSG_TYPE_MAKE_SEND),
		KERN_RIGHT_EXISTS);
	EXPECT(syscall_mach_port_insert_right(SELF, set, port, MACH_MSG_TYPE_MAKE_SEND_ONCE),
		KERN_NAME_EXISTS);
	EXPECT_TRUE(notification_is(port, MACH_NOTIFY_SEND_ONCE, 0));
	EXPECT(port_status(port).mps_srights, FALSE);
	EXPECT(mach_port_deallocate(SELF, host), KERN_SUCCESS);
	port_destroy(port);
	port_destroy(set);
}
