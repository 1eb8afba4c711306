/* SPDX-License-Identifier: BSD-2-Clause */
/* Making, renaming and listing names. */
#include <libmach/memory.h>
#include <mach.h>

#include "../common/messages.h"
#include "../common/ports.h"
#include "../common/snapshot.h"
#include "../common/subject.h"
#include "../common/tap.h"
#include "tests.h"

#define SELF		mach_task_self()
#define NO_NAME		0x7ffff123

void test_allocate(void)
{
	static const mach_port_type_t types[] = {
		[MACH_PORT_RIGHT_RECEIVE] = MACH_PORT_TYPE_RECEIVE,
		[MACH_PORT_RIGHT_PORT_SET] = MACH_PORT_TYPE_PORT_SET,
		[MACH_PORT_RIGHT_DEAD_NAME] = MACH_PORT_TYPE_DEAD_NAME,
	};
	mach_port_t name;

	for (mach_port_right_t right = 0; right < 8; right++) {
		boolean_t valid = right < COUNT_OF(types) && types[right] != 0;

		tap_about("right %u", right);
		name = 0;
		EXPECT(mach_port_allocate(SELF, right, &name),
			valid ? KERN_SUCCESS : KERN_INVALID_VALUE);
		if (valid) {
			EXPECT(port_type(name), types[right]);
			EXPECT_TRUE(name < 0x80000000);
			port_destroy(name);
		}
	}
}

void test_allocate_name(void)
{
	EXPECT(mach_port_allocate_name(SELF, MACH_PORT_RIGHT_RECEIVE, 0x5000), KERN_SUCCESS);
	EXPECT(port_type(0x5000), MACH_PORT_TYPE_RECEIVE);
	EXPECT(mach_port_allocate_name(SELF, MACH_PORT_RIGHT_RECEIVE, 0x5000), KERN_NAME_EXISTS);
	EXPECT(mach_port_allocate_name(SELF, MACH_PORT_RIGHT_SEND, 0x5000), KERN_INVALID_VALUE);
	EXPECT(mach_port_allocate_name(SELF, MACH_PORT_RIGHT_SEND, 0x5001), KERN_INVALID_VALUE);
	EXPECT(mach_port_allocate_name(SELF, MACH_PORT_RIGHT_SEND_ONCE, 0x5001),
		KERN_INVALID_VALUE);
	EXPECT(mach_port_allocate_name(SELF, 5, 0x5001), KERN_INVALID_VALUE);
	EXPECT(mach_port_allocate_name(SELF, MACH_PORT_RIGHT_RECEIVE, 0), KERN_INVALID_VALUE);
	EXPECT(mach_port_allocate_name(SELF, MACH_PORT_RIGHT_RECEIVE, ~0u), KERN_INVALID_VALUE);
	EXPECT(mach_port_allocate_name(SELF, MACH_PORT_RIGHT_PORT_SET, 0x5001), KERN_SUCCESS);
	EXPECT(mach_port_allocate_name(SELF, MACH_PORT_RIGHT_DEAD_NAME, 0x5002), KERN_SUCCESS);
	for (mach_port_t name = 0x5000; name <= 0x5002; name++)
		port_destroy(name);
	EXPECT(port_type(0x5000), 0);
}

static const mach_port_t sparse[] = {
	1, 2, 0xff, 0x1234, 0xfffff, 0x123456, 0x1234567, 0x40000000, 0x7fffffff, 0x80000000,
	0x80000001, 0xc0000000, 0xfedcba98, 0xfffffffe,
};

void test_sparse_names(void)
{
	boolean_t mine[COUNT_OF(sparse)];

	for (unsigned int i = 0; i < COUNT_OF(sparse); i++) {
		tap_about("0x%x", sparse[i]);
		mine[i] = port_type(sparse[i]) == 0;
		EXPECT(mach_port_allocate_name(SELF, MACH_PORT_RIGHT_RECEIVE, sparse[i]),
			mine[i] ? KERN_SUCCESS : KERN_NAME_EXISTS);
	}
	for (unsigned int i = 0; i < COUNT_OF(sparse); i++) {
		if (!mine[i])
			continue;
		tap_about("0x%x", sparse[i]);
		port_make_send(sparse[i]);
		EXPECT(send_simple(sparse[i], i), MACH_MSG_SUCCESS);
		EXPECT(port_status(sparse[i]).mps_msgcount, 1);
		EXPECT(port_type(sparse[i]), MACH_PORT_TYPE_SEND_RECEIVE);
	}
	for (unsigned int i = 0; i < COUNT_OF(sparse); i++)
		if (mine[i])
			port_destroy(sparse[i]);
}

void test_generations(void)
{
	mach_port_t first = port_new();

	port_destroy(first);
	for (int i = 0; i < 60; i++) {
		mach_port_t name = port_new();

		EXPECT_TRUE(name != first);
		port_destroy(name);
		EXPECT(send_simple(first, 0), MACH_SEND_INVALID_DEST);
	}
}

void test_rename(void)
{
	mach_port_t port = port_new_with_send(2), other = port_new(), notify = port_new();
	struct message message;

	EXPECT(send_simple(port, 5), MACH_MSG_SUCCESS);
	EXPECT(port_request(port, MACH_NOTIFY_DEAD_NAME, 0, notify), KERN_SUCCESS);
	EXPECT(mach_port_rename(SELF, port, 0x6000), KERN_SUCCESS);
	EXPECT(port_type(port), 0);
	EXPECT(port_refs(0x6000, MACH_PORT_RIGHT_SEND), 2);
	EXPECT_TRUE(queue_is_empty(notify));
	EXPECT(message_receive(&message, 0x6000), MACH_MSG_SUCCESS);
	EXPECT(message.header.msgh_local_port, 0x6000);
	EXPECT(mach_port_rename(SELF, 0x6000, 0xf0000001), KERN_SUCCESS);
	EXPECT(send_simple(0xf0000001, 6), MACH_MSG_SUCCESS);
	EXPECT(mach_port_rename(SELF, 0xf0000001, 0), KERN_INVALID_VALUE);
	EXPECT(mach_port_rename(SELF, 0xf0000001, ~0u), KERN_INVALID_VALUE);
	EXPECT(mach_port_rename(SELF, 0xf0000001, other), KERN_NAME_EXISTS);
	EXPECT(mach_port_rename(SELF, 0xf0000001, 0xf0000001), KERN_NAME_EXISTS);
	EXPECT(mach_port_rename(SELF, NO_NAME, other), KERN_NAME_EXISTS);
	EXPECT(mach_port_rename(SELF, NO_NAME, 0x6000), KERN_INVALID_NAME);
	EXPECT(mach_port_mod_refs(SELF, 0xf0000001, MACH_PORT_RIGHT_RECEIVE, -1), KERN_SUCCESS);
	EXPECT_TRUE(notification_is(notify, MACH_NOTIFY_DEAD_NAME, 0xf0000001));
	port_destroy(0xf0000001);
	port_destroy(other);
	port_destroy(notify);
}

void test_names(void)
{
	struct subject subjects[KIND_COUNT];
	static struct snapshot snapshot;

	for (enum kind kind = KIND_RECEIVE; kind < KIND_COUNT; kind++)
		subjects[kind] = subject_make(kind);
	snapshot_take(SELF, &snapshot);
	for (enum kind kind = KIND_RECEIVE; kind < KIND_COUNT; kind++) {
		unsigned int found = 0;

		tap_about("%s", kind_text(kind));
		for (unsigned int i = 0; i < snapshot.count; i++)
			if (snapshot.entry[i].name == subjects[kind].name) {
				found++;
				EXPECT(snapshot.entry[i].type, port_type(subjects[kind].name));
			}
		EXPECT(found, 1);
	}
	for (enum kind kind = KIND_RECEIVE; kind < KIND_COUNT; kind++)
		subject_destroy(&subjects[kind]);
}

void test_new_task(void)
{
	mach_port_name_array_t names = NULL;
	mach_port_type_array_t types = NULL;
	mach_msg_type_number_t count = 9, type_count = 9;
	mach_port_t task;

	EXPECT(task_create(SELF, FALSE, &task), KERN_SUCCESS);
	EXPECT(mach_port_names(task, &names, &count, &types, &type_count), KERN_SUCCESS);
	EXPECT(count, 0);
	EXPECT(type_count, 0);
	EXPECT((uintptr_t) names, 0);
	EXPECT((uintptr_t) types, 0);
	EXPECT(task_terminate(task), KERN_SUCCESS);
	EXPECT(mach_port_deallocate(SELF, task), KERN_SUCCESS);
}

void test_type(void)
{
	static const mach_port_type_t types[KIND_COUNT] = {
		[KIND_RECEIVE] = MACH_PORT_TYPE_RECEIVE,
		[KIND_SEND] = MACH_PORT_TYPE_SEND,
		[KIND_SEND_2] = MACH_PORT_TYPE_SEND,
		[KIND_SEND_RECEIVE] = MACH_PORT_TYPE_SEND_RECEIVE,
		[KIND_SEND_ONCE] = MACH_PORT_TYPE_SEND_ONCE,
		[KIND_DEAD_NAME] = MACH_PORT_TYPE_DEAD_NAME,
		[KIND_SET] = MACH_PORT_TYPE_PORT_SET,
	};

	for (enum kind kind = 0; kind < KIND_COUNT; kind++) {
		struct subject subject = subject_make(kind);
		mach_port_type_t type = 0;

		tap_about("%s", kind_text(kind));
		EXPECT(mach_port_type(SELF, subject.name, &type),
			types[kind] == 0 ? KERN_INVALID_NAME : KERN_SUCCESS);
		EXPECT(type, types[kind]);
		subject_destroy(&subject);
	}
}

void test_many_names(void)
{
	enum { MANY = 10000 };
	mach_port_t *names = malloc(MANY * sizeof *names);

	for (int i = 0; i < MANY; i++)
		names[i] = mach_reply_port();
	for (int i = 0; i < MANY; i += 97)
		EXPECT(port_type(names[i]), MACH_PORT_TYPE_RECEIVE);
	for (int i = 0; i < MANY; i += 2)
		port_destroy(names[i]);
	for (int i = 0; i < MANY; i += 2)
		names[i] = mach_reply_port();
	for (int i = 0; i < MANY; i++) {
		EXPECT(port_type(names[i]), MACH_PORT_TYPE_RECEIVE);
		port_destroy(names[i]);
	}
	free(names);
}
