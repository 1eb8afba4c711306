/* SPDX-License-Identifier: BSD-2-Clause */
/* Each limit at its exact value. */
#include <libmach/string.h>
#include <mach.h>
#include <mach/mach_traps.h>
#include <mach/notify.h>
#include <mach/porter.h>
#include <mach/vm_param.h>

#include "../common/messages.h"
#include "../common/ports.h"
#include "../common/tap.h"
#include "tests.h"

#define SPARSE	0x90000001u

void test_arguments(void)
{
	mach_port_t task = mach_task_self(), host = mach_host_self(), thread = mach_thread_self();
	struct ipc_limits before, limits, wrong;
	struct ipc_usage usage;

	EXPECT(host_get_ipc_limits(tap_host_priv, &before), KERN_SUCCESS);
	EXPECT(before.il_message_size, MACH_MSG_SIZE_MAX_INLINE);
	EXPECT(before.il_names, 1 << 20);
	EXPECT_TRUE(before.il_memory >= 4u << 20 && before.il_memory % PAGE_SIZE == 0);
	EXPECT(host_get_ipc_limits(host, &limits), KERN_INVALID_HOST);
	EXPECT(host_set_ipc_limits(host, before), KERN_INVALID_HOST);
	EXPECT(task_get_ipc_limits(host, task, &limits), KERN_INVALID_HOST);
	EXPECT(task_set_ipc_limits(host, task, before), KERN_INVALID_HOST);
	EXPECT(task_ipc_usage(host, task, &usage), KERN_INVALID_HOST);
	EXPECT(task_get_ipc_limits(tap_host_priv, thread, &limits), KERN_INVALID_TASK);
	EXPECT(task_set_ipc_limits(tap_host_priv, thread, before), KERN_INVALID_TASK);
	EXPECT(task_ipc_usage(tap_host_priv, thread, &usage), KERN_INVALID_TASK);
	wrong = before;
	wrong.il_message_size = IPC_LIMIT_MESSAGE_MIN - 1;
	EXPECT(host_set_ipc_limits(tap_host_priv, wrong), KERN_INVALID_VALUE);
	EXPECT(task_set_ipc_limits(tap_host_priv, task, wrong), KERN_INVALID_VALUE);
	wrong.il_message_size = IPC_LIMIT_MESSAGE_MAX + 1;
	EXPECT(host_set_ipc_limits(tap_host_priv, wrong), KERN_INVALID_VALUE);
	EXPECT(task_set_ipc_limits(tap_host_priv, task, wrong), KERN_INVALID_VALUE);
	limits = limits_of(task);
	EXPECT_TRUE(memcmp(&limits, &before, sizeof limits) == 0);
	port_destroy(host);
	port_destroy(thread);
}

void test_inheritance(void)
{
	mach_port_t parent = room_new(), child;
	struct ipc_limits own = limits_of(mach_task_self()), limits = limits_of(parent);
	const struct ipc_limits other = { IPC_LIMIT_MESSAGE_MIN, 5000, 1 << 20 };

	EXPECT_TRUE(memcmp(&limits, &own, sizeof limits) == 0);
	set_limits(parent, other);
	EXPECT(task_create(parent, FALSE, &child), KERN_SUCCESS);
	limits = limits_of(child);
	EXPECT_TRUE(memcmp(&limits, &other, sizeof limits) == 0);
	set_limits(parent, own);
	limits = limits_of(child);
	EXPECT_TRUE(memcmp(&limits, &other, sizeof limits) == 0);
	/* The host's are those of tasks without a parent. */
	EXPECT(host_set_ipc_limits(tap_host_priv, other), KERN_SUCCESS);
	EXPECT(host_get_ipc_limits(tap_host_priv, &limits), KERN_SUCCESS);
	EXPECT_TRUE(memcmp(&limits, &other, sizeof limits) == 0);
	EXPECT(host_set_ipc_limits(tap_host_priv, own), KERN_SUCCESS);
	room_end(child);
	room_end(parent);
}

/* --- sizes --------------------------------------------------------------------------------- */

static mach_msg_return_t send_bytes(mach_port_t port, mach_msg_size_t size)
{
	static mach_msg_header_t message[3 * IPC_LIMIT_MESSAGE_MIN / sizeof(mach_msg_header_t)];

	message[0] = (mach_msg_header_t) {
		.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_MAKE_SEND_ONCE, 0),
		.msgh_remote_port = port,
	};
	return mach_msg_trap(message, MACH_SEND_MSG, size, 0, MACH_PORT_NULL, 0, MACH_PORT_NULL);
}

void test_message_size(void)
{
	struct ipc_limits before = limits_of(mach_task_self()), limits = before;
	mach_port_t port = port_new();
	struct ipc_usage usage = usage_of(mach_task_self());
	static const natural_t sizes[] = { IPC_LIMIT_MESSAGE_MIN, IPC_LIMIT_MESSAGE_MIN + 4,
		2 * IPC_LIMIT_MESSAGE_MIN };

	for (unsigned int i = 0; i < COUNT_OF(sizes); i++) {
		limits.il_message_size = sizes[i];
		set_limits(mach_task_self(), limits);
		EXPECT(send_bytes(port, sizes[i]), MACH_MSG_SUCCESS);
		EXPECT(send_bytes(port, sizes[i] + 4), MACH_SEND_NO_BUFFER);
		EXPECT(port_status(port).mps_msgcount, i + 1);
	}
	limits.il_message_size = IPC_LIMIT_MESSAGE_MIN + 3;	/* not one of a message */
	set_limits(mach_task_self(), limits);
	EXPECT(send_bytes(port, IPC_LIMIT_MESSAGE_MIN), MACH_MSG_SUCCESS);
	EXPECT(send_bytes(port, IPC_LIMIT_MESSAGE_MIN + 4), MACH_SEND_NO_BUFFER);
	set_limits(mach_task_self(), before);
	EXPECT(usage_of(mach_task_self()).iu_refused_messages, usage.iu_refused_messages + 4);
	port_destroy(port);
}

/* --- names --------------------------------------------------------------------------------- */

void test_names(void)
{
	static const mach_port_right_t rights[] = { MACH_PORT_RIGHT_RECEIVE,
		MACH_PORT_RIGHT_PORT_SET, MACH_PORT_RIGHT_DEAD_NAME };
	mach_port_t task = room_new(), ours = port_new(), name[3], other;

	set_names(task, 3);
	for (unsigned int i = 0; i < 3; i++)
		EXPECT(mach_port_allocate(task, MACH_PORT_RIGHT_RECEIVE, &name[i]), KERN_SUCCESS);
	for (unsigned int i = 0; i < COUNT_OF(rights); i++) {
		EXPECT(mach_port_allocate(task, rights[i], &other), KERN_NO_SPACE);
		EXPECT(mach_port_allocate_name(task, rights[i], 0x1234), KERN_NO_SPACE);
		EXPECT(mach_port_allocate_name(task, rights[i], SPARSE), KERN_NO_SPACE);
	}
	EXPECT(mach_port_insert_right(task, 0x1234, ours, MACH_MSG_TYPE_MAKE_SEND), KERN_NO_SPACE);
	EXPECT(mach_port_allocate_name(task, MACH_PORT_RIGHT_RECEIVE, name[0]), KERN_NAME_EXISTS);
	EXPECT(usage_of(task).iu_names, 3);
	EXPECT(usage_of(task).iu_refused_names, 10);
	EXPECT(usage_of(task).iu_refused_memory, 0);
	/* Another name for what has one is no name more. */
	EXPECT(mach_port_rename(task, name[0], 0x1234), KERN_SUCCESS);
	EXPECT(mach_port_rename(task, 0x1234, SPARSE), KERN_SUCCESS);
	EXPECT(mach_port_destroy(task, SPARSE), KERN_SUCCESS);
	EXPECT(mach_port_insert_right(task, 0x1234, ours, MACH_MSG_TYPE_MAKE_SEND), KERN_SUCCESS);
	EXPECT(mach_port_insert_right(task, 0x1234, ours, MACH_MSG_TYPE_MAKE_SEND), KERN_SUCCESS);
	EXPECT(mach_port_allocate(task, MACH_PORT_RIGHT_RECEIVE, &other), KERN_NO_SPACE);
	set_names(task, 4);
	EXPECT(mach_port_allocate(task, MACH_PORT_RIGHT_RECEIVE, &other), KERN_SUCCESS);
	EXPECT(mach_port_allocate(task, MACH_PORT_RIGHT_RECEIVE, &other), KERN_NO_SPACE);
	room_end(task);
	port_destroy(ours);
}

/* A message to oneself with a send-once right as reply, or in the body. */
static mach_msg_return_t receive_right(mach_port_t port, boolean_t reply, struct message *message)
{
	if (reply) {
		message_init(message, port, MACH_MSG_TYPE_MAKE_SEND_ONCE, port,
			MACH_MSG_TYPE_MAKE_SEND_ONCE);
	} else {
		message_init(message, port, MACH_MSG_TYPE_MAKE_SEND_ONCE, MACH_PORT_NULL, 0);
		message_right(message, port, MACH_MSG_TYPE_MAKE_SEND_ONCE);
	}
	EXPECT(message_send(message), MACH_MSG_SUCCESS);
	return message_receive(message, port);
}

void test_names_in_messages(void)
{
	struct ipc_limits before = limits_of(mach_task_self());
	static struct message message;
	mach_port_t port = port_new();
	natural_t names = usage_of(mach_task_self()).iu_names;

	set_names(mach_task_self(), names);
	EXPECT(receive_right(port, TRUE, &message), MACH_RCV_HEADER_ERROR | MACH_MSG_IPC_SPACE);
	EXPECT_TRUE(notification_is(port, MACH_NOTIFY_SEND_ONCE, 0));
	EXPECT(receive_right(port, FALSE, &message), MACH_RCV_BODY_ERROR | MACH_MSG_IPC_SPACE);
	EXPECT(message.body[1], MACH_PORT_NULL);
	EXPECT_TRUE(notification_is(port, MACH_NOTIFY_SEND_ONCE, 0));
	EXPECT(mach_reply_port(), MACH_PORT_NULL);
	EXPECT(usage_of(mach_task_self()).iu_names, names);
	set_names(mach_task_self(), names + 1);
	EXPECT(receive_right(port, TRUE, &message), MACH_MSG_SUCCESS);
	port_destroy(message.header.msgh_remote_port);
	EXPECT_TRUE(notification_is(port, MACH_NOTIFY_SEND_ONCE, 0));
	EXPECT(receive_right(port, FALSE, &message), MACH_MSG_SUCCESS);
	port_destroy(message.body[1]);
	set_limits(mach_task_self(), before);
	port_destroy(port);
}

/* --- memory -------------------------------------------------------------------------------- */

enum thing { PORT, SET, REQUEST, SPARSE_NAME, FAR_NAME, THINGS };

/* In a task that has a port under `base'. */
static kern_return_t make(mach_port_t task, enum thing thing, mach_port_t base, mach_port_t *name)
{
	mach_port_t notify, previous = MACH_PORT_NULL;
	kern_return_t result;

	switch (thing) {
	case PORT:
		return mach_port_allocate(task, MACH_PORT_RIGHT_RECEIVE, name);
	case SET:
		return mach_port_allocate(task, MACH_PORT_RIGHT_PORT_SET, name);
	case SPARSE_NAME:
		*name = SPARSE;
		return mach_port_allocate_name(task, MACH_PORT_RIGHT_DEAD_NAME, SPARSE);
	case FAR_NAME:		/* in another page of the table */
		*name = 0x5000;
		return mach_port_allocate_name(task, MACH_PORT_RIGHT_RECEIVE, 0x5000);
	default:
		notify = port_new();
		result = mach_port_request_notification(task, base, MACH_NOTIFY_DEAD_NAME, 0,
			notify, MACH_MSG_TYPE_MAKE_SEND_ONCE, &previous);
		EXPECT(previous, MACH_PORT_NULL);
		port_destroy(notify);
		return result;
	}
}

static void unmake(mach_port_t task, enum thing thing, mach_port_t base, mach_port_t name)
{
	mach_port_t previous;

	if (thing != REQUEST) {
		EXPECT(mach_port_destroy(task, name), KERN_SUCCESS);
		return;
	}
	EXPECT(mach_port_request_notification(task, base, MACH_NOTIFY_DEAD_NAME, 0, MACH_PORT_NULL,
		MACH_MSG_TYPE_MAKE_SEND_ONCE, &previous), KERN_SUCCESS);
	EXPECT(previous, MACH_PORT_DEAD);
}

static void try_thing(mach_port_t task, mach_port_t base, enum thing thing)
{
	struct ipc_usage before = usage_of(task), after;
	mach_port_t name;
	natural_t cost;

	EXPECT(make(task, thing, base, &name), KERN_SUCCESS);
	cost = usage_of(task).iu_memory - before.iu_memory;
	EXPECT_TRUE(cost > 0);
	unmake(task, thing, base, name);
	if (thing == FAR_NAME) {	/* the page of the table stays */
		EXPECT_TRUE(usage_of(task).iu_memory == before.iu_memory + PAGE_SIZE);
		return;
	}
	EXPECT(usage_of(task).iu_memory, before.iu_memory);
	set_memory(task, before.iu_memory + cost - 1);
	EXPECT(make(task, thing, base, &name), KERN_RESOURCE_SHORTAGE);
	after = usage_of(task);
	EXPECT(after.iu_memory, before.iu_memory);
	EXPECT(after.iu_names, before.iu_names);
	EXPECT_TRUE(after.iu_refused_memory > before.iu_refused_memory);
	set_memory(task, before.iu_memory + cost);
	EXPECT(make(task, thing, base, &name), KERN_SUCCESS);
	EXPECT(usage_of(task).iu_memory, before.iu_memory + cost);
	unmake(task, thing, base, name);
	set_memory(task, IPC_LIMIT_NONE);
}

void test_memory(void)
{
	mach_port_t task = room_new(), base;

	EXPECT(mach_port_allocate(task, MACH_PORT_RIGHT_RECEIVE, &base), KERN_SUCCESS);
	for (enum thing thing = 0; thing < THINGS; thing++) {
		tap_about("thing %u", thing);
		try_thing(task, base, thing);
	}
	tap_about("%s", "");
	room_end(task);
	/* The first name needs tables. */
	task = room_new();
	set_memory(task, usage_of(task).iu_memory + PAGE_SIZE);
	EXPECT(mach_port_allocate(task, MACH_PORT_RIGHT_DEAD_NAME, &base), KERN_RESOURCE_SHORTAGE);
	EXPECT(usage_of(task).iu_names, 0);
	room_end(task);
}

void test_lowered(void)
{
	mach_port_t task = room_new(), name[4], other;
	natural_t used;

	for (unsigned int i = 0; i < 4; i++)
		EXPECT(mach_port_allocate(task, MACH_PORT_RIGHT_RECEIVE, &name[i]), KERN_SUCCESS);
	used = usage_of(task).iu_memory;
	set_memory(task, 1);
	set_names(task, 0);
	EXPECT(mach_port_allocate(task, MACH_PORT_RIGHT_RECEIVE, &other), KERN_RESOURCE_SHORTAGE);
	EXPECT(mach_port_allocate(task, MACH_PORT_RIGHT_DEAD_NAME, &other), KERN_NO_SPACE);
	EXPECT(usage_of(task).iu_memory, used);
	EXPECT(mach_port_destroy(task, name[0]), KERN_SUCCESS);
	EXPECT(mach_port_rename(task, name[1], 0x50), KERN_SUCCESS);
	EXPECT(usage_of(task).iu_names, 3);
	EXPECT_TRUE(usage_of(task).iu_memory < used);
	room_end(task);
}

void test_moved_port(void)
{
	mach_port_t from = room_new(), to = room_new(), name, moved, sender;
	mach_msg_type_name_t type;
	natural_t before, cost, there;

	EXPECT(mach_port_allocate(to, MACH_PORT_RIGHT_DEAD_NAME, &name), KERN_SUCCESS);
	EXPECT(mach_port_allocate(from, MACH_PORT_RIGHT_DEAD_NAME, &name), KERN_SUCCESS);
	before = usage_of(from).iu_memory;
	EXPECT(mach_port_allocate(from, MACH_PORT_RIGHT_RECEIVE, &name), KERN_SUCCESS);
	cost = usage_of(from).iu_memory - before;
	EXPECT(mach_port_extract_right(from, name, MACH_MSG_TYPE_MOVE_RECEIVE, &moved, &type),
		KERN_SUCCESS);
	EXPECT(usage_of(from).iu_memory, before);
	there = usage_of(to).iu_memory;
	set_memory(to, there + cost);
	EXPECT(mach_port_insert_right(to, 0x50, moved, MACH_MSG_TYPE_MOVE_RECEIVE), KERN_SUCCESS);
	EXPECT(usage_of(to).iu_memory, there + cost);
	/* There is no room for a second; the right of the failed call goes. */
	moved = port_new_with_send(1);
	EXPECT(mach_port_extract_right(mach_task_self(), moved, MACH_MSG_TYPE_MOVE_RECEIVE, &sender,
		&type), KERN_SUCCESS);
	EXPECT(mach_port_insert_right(to, 0x51, sender, MACH_MSG_TYPE_MOVE_RECEIVE),
		KERN_RESOURCE_SHORTAGE);
	EXPECT(port_type(moved), MACH_PORT_TYPE_DEAD_NAME);
	EXPECT(usage_of(to).iu_memory, there + cost);
	EXPECT(usage_of(to).iu_names, 2);
	port_destroy(moved);
	room_end(from);
	room_end(to);
}

/* --- bodies -------------------------------------------------------------------------------- */

#define ARRAY	1000u

/* One item out of line to ourselves, when `left' bytes of memory may be used. */
static mach_msg_return_t send_item(mach_port_t port, boolean_t ports, const void *data,
	natural_t size, natural_t left)
{
	struct ipc_limits before = limits_of(mach_task_self());
	static struct message message;
	mach_msg_return_t result;

	message_init(&message, port, MACH_MSG_TYPE_MAKE_SEND_ONCE, MACH_PORT_NULL, 0);
	message_memory(&message, ports ? MACH_MSG_TYPE_MAKE_SEND : MACH_MSG_TYPE_INTEGER_32, 32,
		size / 4, data, 0);
	set_memory(mach_task_self(), usage_of(mach_task_self()).iu_memory + left);
	result = message_send(&message);
	set_limits(mach_task_self(), before);
	return result;
}

void test_body(void)
{
	static mach_port_t names[ARRAY];
	mach_port_t port = port_new();
	natural_t before = usage_of(mach_task_self()).iu_memory;

	/* The RPC that reads the use is in it both times. */
	for (unsigned int ports = 0; ports < 2; ports++) {
		for (unsigned int i = 0; i < ARRAY; i++)
			names[i] = port;
		EXPECT(send_item(port, ports, names, sizeof names, 2048), MACH_SEND_INVALID_MEMORY);
		EXPECT(port_status(port).mps_msgcount, 1);	/* its header's right is used up */
		EXPECT_TRUE(notification_is(port, MACH_NOTIFY_SEND_ONCE, 0));
		EXPECT(port_status(port).mps_srights, 0);
		EXPECT(send_item(port, ports, names, sizeof names, 16384), MACH_MSG_SUCCESS);
		EXPECT_TRUE(usage_of(mach_task_self()).iu_memory >= before + sizeof names);
		port_destroy(port);
		port = port_new();
		EXPECT(usage_of(mach_task_self()).iu_memory, before);
	}
	port_destroy(port);
}
