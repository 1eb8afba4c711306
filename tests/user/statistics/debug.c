/* SPDX-License-Identifier: BSD-2-Clause */
/* What goes wrong with these routines; and those of mach_debug that are about ports. */
#include <mach.h>
#include <mach/porter.h>
#include <mach_debug/mach_debug.h>

#include "../common/messages.h"
#include "../common/ports.h"
#include "../common/subject.h"
#include "../common/tap.h"
#include "tests.h"

#define SELF	mach_task_self()

/* The codes of all routines for a host and a task; `other' where a task is no space's. */
static void expect_codes(mach_port_t host, mach_port_t task, kern_return_t expected)
{
	struct port_statistics port;
	struct space_statistics space;
	stuck_port_array_t ports;
	stuck_thread_array_t threads;
	right_origin_array_t origins;
	mach_msg_type_number_t count;
	natural_t number;
	kernel_debug_name_t name;

	EXPECT(port_statistics(host, task, SELF, &port), expected);
	EXPECT(space_statistics(host, task, &space), expected);
	EXPECT(space_stuck_ports(host, task, &ports, &count), expected);
	EXPECT(space_origins(host, task, MACH_PORT_NULL, &origins, &count), expected);
	EXPECT(task_stuck_threads(host, task, &threads, &count), expected);
	EXPECT(task_identity(host, task, &number, name), expected);
}

void test_codes(void)
{
	mach_port_t host = mach_host_self(), port = port_new_with_send(1), set = port_new_set();
	mach_port_t dead = port_new_dead(), thread = mach_thread_self(), child;
	struct port_statistics have;

	expect_codes(host, SELF, KERN_INVALID_HOST);
	expect_codes(SELF, SELF, KERN_INVALID_HOST);
	expect_codes(tap_host_priv, thread, KERN_INVALID_TASK);
	expect_codes(tap_host_priv, host, KERN_INVALID_TASK);
	expect_codes(tap_host_priv, port, KERN_INVALID_TASK);
	expect_codes(tap_host_priv, MACH_PORT_NULL, KERN_INVALID_TASK);
	EXPECT(task_create(SELF, FALSE, &child), KERN_SUCCESS);
	EXPECT(task_terminate(child), KERN_SUCCESS);
	expect_codes(tap_host_priv, child, KERN_INVALID_TASK);
	EXPECT(port_statistics(tap_host_priv, SELF, 0x7654321, &have), KERN_INVALID_NAME);
	EXPECT(port_statistics(tap_host_priv, SELF, MACH_PORT_NULL, &have), KERN_INVALID_NAME);
	EXPECT(port_statistics(tap_host_priv, SELF, MACH_PORT_DEAD, &have), KERN_INVALID_NAME);
	EXPECT(port_statistics(tap_host_priv, SELF, set, &have), KERN_INVALID_RIGHT);
	EXPECT(port_statistics(tap_host_priv, SELF, dead, &have), KERN_INVALID_RIGHT);
	mach_port_deallocate(SELF, host);
	mach_port_deallocate(SELF, thread);
	port_destroy(child);
	port_destroy(port);
	port_destroy(set);
	port_destroy(dead);
}

static unsigned int srights(mach_port_t port)
{
	mach_port_rights_t count = -1;

	EXPECT(mach_port_get_srights(SELF, port, &count), KERN_SUCCESS);
	return count;
}

/* References under one name are one right; a right in a message is another. */
void test_srights(void)
{
	mach_port_t port = port_new(), other = port_new_with_send(1);
	struct message message;

	EXPECT(srights(port), 0);
	port_make_send(port);
	port_make_send(port);
	EXPECT(srights(port), 1);
	message_init(&message, other, MACH_MSG_TYPE_COPY_SEND, MACH_PORT_NULL, 0);
	message_right(&message, port, MACH_MSG_TYPE_COPY_SEND);
	EXPECT(message_send(&message), MACH_MSG_SUCCESS);
	EXPECT(srights(port), 2);
	EXPECT(message_receive(&message, other), MACH_MSG_SUCCESS);
	EXPECT(srights(port), 1);
	EXPECT(port_refs(port, MACH_PORT_RIGHT_SEND), 3);
	EXPECT(mach_port_mod_refs(SELF, port, MACH_PORT_RIGHT_SEND, -3), KERN_SUCCESS);
	EXPECT(srights(port), 0);
	port_destroy(port);
	port_destroy(other);
}

static void expect_requests(mach_port_t port, unsigned int expected)
{
	unsigned int total = -1, used = -1;

	EXPECT(mach_port_dnrequest_info(SELF, port, &total, &used), KERN_SUCCESS);
	EXPECT(used, expected);
	EXPECT_TRUE(total >= used);
}

void test_dnrequests(void)
{
	mach_port_t port = port_new_with_send(1), notify = port_new(), once;
	mach_port_t previous = MACH_PORT_NULL;

	expect_requests(port, 0);
	EXPECT(port_request(port, MACH_NOTIFY_DEAD_NAME, 0, notify), KERN_SUCCESS);
	expect_requests(port, 1);
	EXPECT(port_request(port, MACH_NOTIFY_DEAD_NAME, 0, notify), KERN_SUCCESS);
	expect_requests(port, 1);
	EXPECT_TRUE(notification_is(notify, MACH_NOTIFY_SEND_ONCE, 0));
	once = port_make_send_once(port);
	EXPECT(port_request(once, MACH_NOTIFY_DEAD_NAME, 0, notify), KERN_SUCCESS);
	expect_requests(port, 2);
	port_destroy(once);
	expect_requests(port, 1);
	EXPECT_TRUE(notification_is(notify, MACH_NOTIFY_PORT_DELETED, once));
	EXPECT(mach_port_request_notification(SELF, port, MACH_NOTIFY_DEAD_NAME, 0,
		MACH_PORT_NULL, MACH_MSG_TYPE_MAKE_SEND_ONCE, &previous), KERN_SUCCESS);
	mach_port_deallocate(SELF, previous);
	expect_requests(port, 0);
	port_destroy(port);
	port_destroy(notify);
}

/* The number of requests in all buckets; the rest of the buckets' memory is clean (IL-3). */
static unsigned int pending(void)
{
	hash_info_bucket_t room[64], *info = room;
	mach_msg_type_number_t count = COUNT_OF(room);
	mach_port_t host = mach_host_self();
	unsigned int max = 0, sum = 0;

	EXPECT(host_ipc_marequest_info(host, &max, &info, &count), KERN_SUCCESS);
	mach_port_deallocate(SELF, host);
	for (unsigned int i = 0; i < count; i++)
		sum += info[i].hib_count;
	EXPECT_TRUE(max >= sum);
	if (info != room) {
		expect_clean_end(info, count * sizeof *info);
		vm_deallocate(SELF, (vm_address_t) (uintptr_t) info, count * sizeof *info);
	}
	return sum;
}

void test_marequests(void)
{
	mach_port_t port = port_new_with_send(1), notify = port_new();
	struct message message;

	EXPECT(pending(), 0);
	EXPECT(mach_port_set_qlimit(SELF, port, 0), KERN_SUCCESS);
	message_init(&message, port, MACH_MSG_TYPE_COPY_SEND, MACH_PORT_NULL, 0);
	EXPECT(mach_msg_trap(&message.header, MACH_SEND_MSG | MACH_SEND_NOTIFY,
		sizeof message.header, 0, MACH_PORT_NULL, 0, notify), MACH_SEND_WILL_NOTIFY);
	EXPECT(pending(), 1);
	EXPECT(message_receive(&message, port), MACH_MSG_SUCCESS);
	EXPECT(pending(), 0);
	port_destroy(port);
	port_destroy(notify);
}

static vm_offset_t expect_object(mach_port_t name, unsigned int expected)
{
	vm_offset_t object = -1;
	unsigned int type = -1;

	EXPECT(mach_port_kernel_object(SELF, name, &type, &object), KERN_SUCCESS);
	EXPECT(type, expected);
	EXPECT_TRUE(object < 0xc0000000u);	/* it is no address of the kernel's */
	return object;
}

void test_kernel_objects(void)
{
	mach_port_t port = port_new(), thread = mach_thread_self(), host = mach_host_self();
	mach_port_t child = MACH_PORT_NULL;
	vm_offset_t task;

	EXPECT(task_create(SELF, FALSE, &child), KERN_SUCCESS);
	EXPECT(expect_object(port, 0), 0);
	task = expect_object(SELF, 2);
	EXPECT_TRUE(task != 0);
	EXPECT(expect_object(SELF, 2), task);
	EXPECT_TRUE(expect_object(child, 2) != task);
	EXPECT_TRUE(expect_object(thread, 1) != task);
	EXPECT_TRUE(expect_object(host, 3) != expect_object(tap_host_priv, 4));
	EXPECT(task_terminate(child), KERN_SUCCESS);
	port_destroy(child);
	port_destroy(port);
	mach_port_deallocate(SELF, thread);
	mach_port_deallocate(SELF, host);
}

/* Receive rights only: every other kind of name, and none. */
static kern_return_t code_for(enum kind kind, boolean_t other)
{
	switch (kind) {
	case KIND_NONE: case KIND_NULL: case KIND_DEAD_VALUE:
		return KERN_INVALID_NAME;
	case KIND_RECEIVE: case KIND_SEND_RECEIVE:
		return KERN_SUCCESS;
	case KIND_SEND: case KIND_SEND_2:
		return other ? KERN_SUCCESS : KERN_INVALID_RIGHT;
	default:
		return KERN_INVALID_RIGHT;
	}
}

static void expect_debug_codes(mach_port_t task, mach_port_t name, kern_return_t receive,
	kern_return_t object)
{
	mach_port_rights_t rights;
	unsigned int a, b;
	vm_offset_t address;

	EXPECT(mach_port_get_srights(task, name, &rights), receive);
	EXPECT(mach_port_dnrequest_info(task, name, &a, &b), receive);
	EXPECT(mach_port_kernel_object(task, name, &a, &address), object);
}

void test_debug_codes(void)
{
	mach_port_t thread = mach_thread_self(), host = mach_host_self(), task;
	hash_info_bucket_t room[4], *info = room;
	mach_msg_type_number_t count = COUNT_OF(room);
	unsigned int max;

	for (enum kind kind = 0; kind < KIND_COUNT; kind++) {
		struct subject subject = subject_make(kind);

		tap_about("%s", kind_text(kind));
		expect_debug_codes(SELF, subject.name, code_for(kind, FALSE),
			code_for(kind, TRUE));
		subject_destroy(&subject);
	}
	tap_about("no task");
	expect_debug_codes(thread, SELF, KERN_INVALID_TASK, KERN_INVALID_TASK);
	expect_debug_codes(host, SELF, KERN_INVALID_TASK, KERN_INVALID_TASK);
	EXPECT(host_ipc_marequest_info(SELF, &max, &info, &count), KERN_INVALID_HOST);
	EXPECT(task_create(SELF, FALSE, &task), KERN_SUCCESS);
	EXPECT(task_terminate(task), KERN_SUCCESS);
	expect_debug_codes(task, SELF, MACH_SEND_INVALID_DEST, MACH_SEND_INVALID_DEST);
	expect_debug_codes(MACH_PORT_NULL, SELF, MACH_SEND_INVALID_DEST, MACH_SEND_INVALID_DEST);
	port_destroy(task);
	mach_port_deallocate(SELF, thread);
	mach_port_deallocate(SELF, host);
}
