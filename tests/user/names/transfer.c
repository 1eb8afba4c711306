/* SPDX-License-Identifier: BSD-2-Clause */
/* Rights put into spaces and taken out of them; the task argument; the traps. */
#include <mach.h>
#include <mach/notify.h>
#include <mach/vm_param.h>

#include "../common/messages.h"
#include "../common/ports.h"
#include "../common/subject.h"
#include "../common/tap.h"
#include "tests.h"

#define SELF		mach_task_self()
#define NO_NAME		0x7ffff123

static mach_port_t new_task(void)
{
	mach_port_t task = MACH_PORT_NULL;

	EXPECT(task_create(SELF, FALSE, &task), KERN_SUCCESS);
	return task;
}

static void end_task(mach_port_t task)
{
	EXPECT(task_terminate(task), KERN_SUCCESS);
	EXPECT(mach_port_deallocate(SELF, task), KERN_SUCCESS);
}

static mach_port_type_t type_in(mach_port_t task, mach_port_t name)
{
	mach_port_type_t type = 0;

	mach_port_type(task, name, &type);
	return type;
}

void test_insert_right(void)
{
	mach_port_t port = port_new_with_send(2), task = new_task();
	mach_port_t once = port_make_send_once(port);

	EXPECT(mach_port_insert_right(task, 0x10, port, MACH_MSG_TYPE_MAKE_SEND), KERN_SUCCESS);
	EXPECT(type_in(task, 0x10), MACH_PORT_TYPE_SEND);
	EXPECT(mach_port_insert_right(task, 0x10, port, MACH_MSG_TYPE_COPY_SEND), KERN_SUCCESS);
	EXPECT(mach_port_insert_right(task, 0x10, port, MACH_MSG_TYPE_MOVE_SEND), KERN_SUCCESS);
	EXPECT(port_refs(port, MACH_PORT_RIGHT_SEND), 1);
	EXPECT(mach_port_insert_right(task, 0x11, once, MACH_MSG_TYPE_MOVE_SEND_ONCE),
		KERN_SUCCESS);
	EXPECT(port_type(once), 0);
	EXPECT(type_in(task, 0x11), MACH_PORT_TYPE_SEND_ONCE);
	EXPECT(mach_port_insert_right(task, 0x12, port, MACH_MSG_TYPE_MAKE_SEND_ONCE),
		KERN_SUCCESS);
	EXPECT(mach_port_insert_right(task, 0x10, port, MACH_MSG_TYPE_MOVE_RECEIVE),
		KERN_SUCCESS);
	EXPECT(type_in(task, 0x10), MACH_PORT_TYPE_SEND_RECEIVE);
	EXPECT(port_type(port), MACH_PORT_TYPE_SEND);
	end_task(task);
	port_destroy(port);
}

void test_insert_codes(void)
{
	mach_port_t port = port_new_with_send(1), other = port_new(), task = new_task();

	EXPECT(mach_port_insert_right(task, 0, port, MACH_MSG_TYPE_COPY_SEND),
		KERN_INVALID_VALUE);
	EXPECT(mach_port_insert_right(task, ~0u, port, MACH_MSG_TYPE_COPY_SEND),
		KERN_INVALID_VALUE);
	EXPECT(mach_port_insert_right(task, 0x10, MACH_PORT_NULL, MACH_MSG_TYPE_COPY_SEND),
		KERN_INVALID_CAPABILITY);
	EXPECT(mach_port_insert_right(task, 0x10, MACH_PORT_DEAD, MACH_MSG_TYPE_COPY_SEND),
		KERN_INVALID_CAPABILITY);
	EXPECT(mach_port_insert_right(task, 0x10, port, MACH_MSG_TYPE_COPY_SEND), KERN_SUCCESS);
	EXPECT(mach_port_insert_right(task, 0x11, port, MACH_MSG_TYPE_COPY_SEND),
		KERN_RIGHT_EXISTS);
	EXPECT(mach_port_insert_right(task, 0x10, other, MACH_MSG_TYPE_MAKE_SEND),
		KERN_NAME_EXISTS);
	EXPECT(port_status(other).mps_srights, FALSE);
	EXPECT(mach_port_insert_right(task, 0x12, other, MACH_MSG_TYPE_COPY_SEND),
		MACH_SEND_INVALID_RIGHT);
	end_task(task);
	port_destroy(port);
	port_destroy(other);
}

static kern_return_t extract(mach_port_t task, mach_port_t name, mach_msg_type_name_t how,
	mach_port_t *got)
{
	mach_msg_type_name_t type;

	*got = MACH_PORT_NULL;
	return mach_port_extract_right(task, name, how, got, &type);
}

void test_extract_right(void)
{
	mach_port_t port = port_new(), dead = port_new_dead(), set = port_new_set(), got;

	EXPECT(extract(SELF, port, MACH_MSG_TYPE_MAKE_SEND, &got), KERN_SUCCESS);
	EXPECT(got, port);
	EXPECT(extract(SELF, port, MACH_MSG_TYPE_COPY_SEND, &got), KERN_SUCCESS);
	EXPECT(port_refs(port, MACH_PORT_RIGHT_SEND), 2);
	EXPECT(extract(SELF, port, MACH_MSG_TYPE_MOVE_SEND, &got), KERN_SUCCESS);
	EXPECT(port_refs(port, MACH_PORT_RIGHT_SEND), 2);
	EXPECT(extract(SELF, port, MACH_MSG_TYPE_MAKE_SEND_ONCE, &got), KERN_SUCCESS);
	EXPECT(port_type(got), MACH_PORT_TYPE_SEND_ONCE);
	port_destroy(got);
	EXPECT(extract(SELF, NO_NAME, 1, &got), KERN_INVALID_VALUE);
	EXPECT(extract(SELF, NO_NAME, MACH_MSG_TYPE_COPY_SEND, &got), KERN_INVALID_NAME);
	EXPECT(extract(SELF, set, MACH_MSG_TYPE_COPY_SEND, &got), KERN_INVALID_RIGHT);
	EXPECT(extract(SELF, port, MACH_MSG_TYPE_MOVE_SEND_ONCE, &got), KERN_INVALID_RIGHT);
	EXPECT(extract(SELF, dead, MACH_MSG_TYPE_COPY_SEND, &got), KERN_SUCCESS);
	EXPECT(got, MACH_PORT_DEAD);
	EXPECT(port_type(dead), MACH_PORT_TYPE_DEAD_NAME);
	EXPECT(extract(SELF, dead, MACH_MSG_TYPE_MOVE_SEND, &got), KERN_SUCCESS);
	EXPECT(got, MACH_PORT_DEAD);
	EXPECT(port_type(dead), 0);
	port_destroy(port);
	port_destroy(set);
}

/* The receive right of the port that waits for the reply cannot come in that reply. */
void test_extract_reply_port(void)
{
	mach_port_t reply = port_new(), watch = port_new();
	struct message message;

	port_make_send(reply);
	EXPECT(port_request(reply, MACH_NOTIFY_DEAD_NAME, 0, watch), KERN_SUCCESS);
	message_init(&message, SELF, MACH_MSG_TYPE_COPY_SEND, reply, MACH_MSG_TYPE_MAKE_SEND_ONCE);
	message.header.msgh_id = 3216;	/* mach_port_extract_right */
	message_type(&message, MACH_MSG_TYPE_PORT_NAME, 32, 1, TYPE_INLINE);
	message_word(&message, reply);
	message_type(&message, MACH_MSG_TYPE_INTEGER_32, 32, 1, TYPE_INLINE);
	message_word(&message, MACH_MSG_TYPE_MOVE_RECEIVE);
	EXPECT(mach_msg_trap(&message.header, MACH_SEND_MSG | MACH_RCV_MSG,
		message.header.msgh_size, sizeof message, reply, 0, MACH_PORT_NULL),
		MACH_RCV_INVALID_NAME);
	EXPECT_TRUE(notification_is(watch, MACH_NOTIFY_DEAD_NAME, reply));
	EXPECT(port_type(reply), MACH_PORT_TYPE_DEAD_NAME);
	port_destroy(reply);
	port_destroy(watch);
}

/* What is asked about a task is answered about its space, not about ours. */
void test_other_space(void)
{
	mach_port_t task = new_task(), port = MACH_PORT_NULL, mine = port_new(), got;

	EXPECT(mach_port_allocate(task, MACH_PORT_RIGHT_RECEIVE, &port), KERN_SUCCESS);
	EXPECT(mach_port_allocate_name(task, MACH_PORT_RIGHT_RECEIVE, 0x7abc), KERN_SUCCESS);
	EXPECT(type_in(task, 0x7abc), MACH_PORT_TYPE_RECEIVE);
	EXPECT(port_type(0x7abc), 0);
	EXPECT(extract(task, 0x7abc, MACH_MSG_TYPE_MAKE_SEND, &got), KERN_SUCCESS);
	EXPECT(port_type(got), MACH_PORT_TYPE_SEND);
	EXPECT(mach_port_destroy(task, 0x7abc), KERN_SUCCESS);
	EXPECT(port_type(got), MACH_PORT_TYPE_DEAD_NAME);
	port_destroy(got);
	EXPECT(extract(task, port, MACH_MSG_TYPE_MOVE_RECEIVE, &got), KERN_SUCCESS);
	EXPECT(port_type(got), MACH_PORT_TYPE_RECEIVE);
	EXPECT(type_in(task, port), 0);
	port_destroy(got);
	port_destroy(mine);
	end_task(task);
}

void test_no_task(void)
{
	mach_port_t thread = mach_thread_self(), host = mach_host_self(), dead = new_task(), name;
	mach_port_type_t type;

	EXPECT(mach_port_type(thread, thread, &type), KERN_INVALID_TASK);
	EXPECT(mach_port_type(host, thread, &type), KERN_INVALID_TASK);
	EXPECT(mach_port_allocate(host, MACH_PORT_RIGHT_RECEIVE, &name), KERN_INVALID_TASK);
	EXPECT(mach_port_destroy(thread, thread), KERN_INVALID_TASK);
	EXPECT(mach_port_type(MACH_PORT_NULL, thread, &type), MACH_SEND_INVALID_DEST);
	EXPECT(mach_port_type(MACH_PORT_DEAD, thread, &type), MACH_SEND_INVALID_DEST);
	EXPECT(task_terminate(dead), KERN_SUCCESS);
	EXPECT(mach_port_type(dead, thread, &type), MACH_SEND_INVALID_DEST);
	mach_port_deallocate(SELF, dead);
	mach_port_deallocate(SELF, thread);
	mach_port_deallocate(SELF, host);
}

void test_traps(void)
{
	mach_port_t port = MACH_PORT_NULL, self = (mach_task_self)(), thread = mach_thread_self();
	mach_port_urefs_t refs = port_refs(thread, MACH_PORT_RIGHT_SEND);

	EXPECT(self, mach_task_self());
	EXPECT(mach_port_deallocate(SELF, self), KERN_SUCCESS);
	EXPECT(mach_thread_self(), thread);
	EXPECT(port_refs(thread, MACH_PORT_RIGHT_SEND), refs + 1);
	EXPECT(mach_port_mod_refs(SELF, thread, MACH_PORT_RIGHT_SEND, -2), KERN_SUCCESS);
	EXPECT(syscall_mach_port_allocate(SELF, MACH_PORT_RIGHT_RECEIVE, &port), KERN_SUCCESS);
	EXPECT(port_type(port), MACH_PORT_TYPE_RECEIVE);
	EXPECT(syscall_mach_port_insert_right(SELF, port, port, MACH_MSG_TYPE_MAKE_SEND),
		KERN_SUCCESS);
	EXPECT(port_type(port), MACH_PORT_TYPE_SEND_RECEIVE);
	EXPECT(syscall_mach_port_deallocate(SELF, port), KERN_SUCCESS);
	EXPECT(syscall_mach_port_deallocate(SELF, port), KERN_INVALID_RIGHT);
	EXPECT(syscall_mach_port_deallocate(SELF, NO_NAME), KERN_INVALID_NAME);
	EXPECT(syscall_mach_port_allocate_name(SELF, MACH_PORT_RIGHT_RECEIVE, port),
		KERN_NAME_EXISTS);
	EXPECT(syscall_mach_port_allocate(port, MACH_PORT_RIGHT_RECEIVE, &port),
		MACH_SEND_INTERRUPTED);
	EXPECT(syscall_mach_port_allocate(0, MACH_PORT_RIGHT_RECEIVE, &port),
		MACH_SEND_INTERRUPTED);
	port_destroy(port);
}
