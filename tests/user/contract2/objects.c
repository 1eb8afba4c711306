/* SPDX-License-Identifier: BSD-2-Clause */
/* Section 10: traps on ports of the wrong kind, and the counters of calls. */
#include <mach.h>
#include <mach/mach_host.h>
#include <mach/mach_traps.h>
#include <mach/porter.h>

#include "../common/kernel_port.h"
#include "../common/messages.h"
#include "../common/ports.h"
#include "../common/tap.h"
#include "tests.h"

#define SELF	mach_task_self()

/* The traps leave all but tasks to the message. */
void test_wrong_kind_traps(void)
{
	mach_port_t name;

	for (enum kernel_kind kind = 0; kind < KERNEL_KINDS; kind++) {
		struct kernel_port object = kernel_port_new(kind);
		mach_port_t port = object.name, there = MACH_PORT_NULL;
		mach_port_type_t type;

		tap_about("%s", kernel_port_text(kind));
		if (kind == KERNEL_TASK) {
			EXPECT(syscall_mach_port_allocate(port, MACH_PORT_RIGHT_RECEIVE, &there),
				KERN_SUCCESS);
			EXPECT(mach_port_type(port, there, &type), KERN_SUCCESS);
			EXPECT(type, MACH_PORT_TYPE_RECEIVE);
			EXPECT(syscall_mach_port_insert_right(port, there, 0x7ffff123,
				MACH_MSG_TYPE_MAKE_SEND), KERN_INVALID_NAME);
			EXPECT(syscall_mach_port_deallocate(port, there), KERN_INVALID_RIGHT);
			EXPECT(syscall_task_suspend(port), KERN_SUCCESS);
		} else {
			EXPECT(syscall_mach_port_allocate(port, MACH_PORT_RIGHT_RECEIVE, &name),
				MACH_SEND_INTERRUPTED);
			EXPECT(syscall_mach_port_deallocate(port, 1), MACH_SEND_INTERRUPTED);
			EXPECT(syscall_task_suspend(port), MACH_SEND_INTERRUPTED);
			EXPECT(syscall_task_terminate(port), MACH_SEND_INTERRUPTED);
		}
		kernel_port_end(&object);
	}
}

/* There is one set only. */
void test_assignment(void)
{
	mach_port_t thread = mach_thread_self(), set = MACH_PORT_NULL;

	EXPECT(processor_set_default(tap_host_priv, &set), KERN_SUCCESS);
	EXPECT(task_assign(SELF, MACH_PORT_NULL, FALSE), KERN_FAILURE);
	EXPECT(task_assign(SELF, set, FALSE), KERN_FAILURE);
	EXPECT(task_assign_default(SELF, FALSE), KERN_FAILURE);
	EXPECT(thread_assign(thread, MACH_PORT_NULL), KERN_FAILURE);
	EXPECT(thread_assign(thread, set), KERN_FAILURE);
	EXPECT(thread_assign_default(thread), KERN_FAILURE);
	EXPECT(mach_port_deallocate(SELF, set), KERN_SUCCESS);
	EXPECT(mach_port_deallocate(SELF, thread), KERN_SUCCESS);
}

/* --- counters -------------------------------- */

static natural_t calls_of(mach_msg_id_t id)
{
	natural_t count = 0;

	EXPECT(host_rpc_calls(tap_host_priv, id, &count), KERN_SUCCESS);
	return count;
}

/* Each request counts, whatever becomes of it; those that nobody serves have no counter. */
void test_counters(void)
{
	natural_t before = calls_of(3201), own = calls_of(4800), count;
	mach_port_t host = mach_host_self();
	mach_port_type_t type;

	EXPECT(mach_port_type(SELF, SELF, &type), KERN_SUCCESS);
	EXPECT(mach_port_type(SELF, 0x7ffff123, &type), KERN_INVALID_NAME);
	EXPECT(mach_port_type(host, SELF, &type), KERN_INVALID_TASK);
	EXPECT(calls_of(3201), before + 3);
	EXPECT(calls_of(4800), own + 2);
	EXPECT(host_rpc_calls(host, 3201, &count), KERN_INVALID_HOST);
	EXPECT(host_rpc_calls(SELF, 3201, &count), KERN_INVALID_HOST);
	EXPECT(host_rpc_calls(host, 0, &count), KERN_INVALID_HOST);
	static const mach_msg_id_t unknown[] = { 0, -1, 72, 1999, 3209, 4899, 4900, 0x7fffffff };

	for (unsigned int i = 0; i < COUNT_OF(unknown); i++) {
		tap_about("id %d", unknown[i]);
		EXPECT(host_rpc_calls(tap_host_priv, unknown[i], &count), KERN_INVALID_ARGUMENT);
	}
	EXPECT(mach_port_deallocate(SELF, host), KERN_SUCCESS);
}

/* The reply goes by the right and the type that were given, and uses the right up. */
void test_reply_dispositions(void)
{
	for (unsigned int how = MACH_MSG_TYPE_MOVE_SEND; how <= MACH_MSG_TYPE_MAKE_SEND_ONCE;
			how++) {
		mach_port_t port = port_new_with_send(1), once = port_make_send_once(port);
		mach_port_t reply = how == MACH_MSG_TYPE_MOVE_SEND_ONCE ? once : port;
		boolean_t is_once = how == MACH_MSG_TYPE_MOVE_SEND_ONCE
			|| how == MACH_MSG_TYPE_MAKE_SEND_ONCE;
		struct message message;

		tap_about("disposition %u", how);
		message_init(&message, SELF, MACH_MSG_TYPE_COPY_SEND, reply, how);
		message.header.msgh_id = 3201;
		message_type(&message, MACH_MSG_TYPE_PORT_NAME, 32, 1, TYPE_INLINE);
		message_word(&message, 0x5555);
		EXPECT(message_send(&message), MACH_MSG_SUCCESS);
		EXPECT(message_receive(&message, port), MACH_MSG_SUCCESS);
		EXPECT(message.header.msgh_bits, MACH_MSGH_BITS(0, is_once
			? MACH_MSG_TYPE_PORT_SEND_ONCE : MACH_MSG_TYPE_PORT_SEND));
		EXPECT(message.header.msgh_id, 3301);
		EXPECT(message.header.msgh_size, 32);
		EXPECT(message.header.msgh_remote_port, MACH_PORT_NULL);
		EXPECT(message.header.msgh_local_port, port);
		EXPECT(message.body[0], 0x10012002);
		EXPECT(message.body[1], KERN_INVALID_NAME);
		EXPECT(port_refs(port, MACH_PORT_RIGHT_SEND), how == MACH_MSG_TYPE_MOVE_SEND ? 0
			: 1);
		EXPECT(port_status(port).mps_sorights, how == MACH_MSG_TYPE_MOVE_SEND_ONCE ? 0
			: 1);
		EXPECT(port_status(port).mps_srights, how != MACH_MSG_TYPE_MOVE_SEND);
		EXPECT(port_status(port).mps_mscount, 1 + (how == MACH_MSG_TYPE_MAKE_SEND));
		EXPECT_TRUE(how == MACH_MSG_TYPE_MOVE_SEND_ONCE ? port_type(once) == 0
			: port_type(once) == MACH_PORT_TYPE_SEND_ONCE);
		port_destroy(port);
		if (port_type(once) != 0)
			port_destroy(once);
	}
}
