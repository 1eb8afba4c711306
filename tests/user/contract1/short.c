/* SPDX-License-Identifier: BSD-2-Clause */
/* Sections 2 to 8: what a call answers when something is short, and what it leaves. */
#include <libmach/string.h>
#include <mach.h>
#include <mach/gnumach.h>
#include <mach/mach_host.h>
#include <mach/mig_support.h>
#include <mach/porter.h>
#include <mach/vm_param.h>

#include "../common/messages.h"
#include "../common/ports.h"
#include "../common/snapshot.h"
#include "../common/subject.h"
#include "../common/tap.h"
#include "tests.h"

#define SELF	mach_task_self()

static ipc_limits_t old_limits;

/*
 * Leave the task memory for one small message, that in which it asks for it.  The usage is read by
 * such a message, which counts then.
 */
static void leave_one_message(void)
{
	ipc_limits_t limits;
	ipc_usage_t usage;

	mig_get_reply_port();
	EXPECT(task_get_ipc_limits(tap_host_priv, SELF, &old_limits), KERN_SUCCESS);
	limits = old_limits;
	EXPECT(task_ipc_usage(tap_host_priv, SELF, &usage), KERN_SUCCESS);
	limits.il_memory = usage.iu_memory;
	EXPECT(task_set_ipc_limits(tap_host_priv, SELF, limits), KERN_SUCCESS);
}

static void restore_limits(void)
{
	EXPECT(task_set_ipc_limits(tap_host_priv, SELF, old_limits), KERN_SUCCESS);
}

static mach_msg_return_t send_word(mach_port_t port, mach_port_t notify)
{
	struct message message;

	message_init(&message, port, MACH_MSG_TYPE_COPY_SEND, 0, 0);
	return mach_msg_trap(&message.header, MACH_SEND_MSG | MACH_SEND_NOTIFY, 24, 0, 0, 0,
		notify);
}

/* --- memory ---------------------------------------------------------------------------------- */

/* No room for the message itself: nothing happened. */
void test_no_buffer(void)
{
	mach_port_t port = port_new_with_send(1), reply = port_new();
	struct message message, before;
	mach_msg_return_t result;

	leave_one_message();
	EXPECT(send_simple(port, 1), MACH_MSG_SUCCESS);
	message_init(&message, port, MACH_MSG_TYPE_MOVE_SEND, reply, MACH_MSG_TYPE_MAKE_SEND);
	before = message;
	result = message_send(&message);
	EXPECT(memcmp(&message, &before, 24), 0);
	EXPECT(message_receive(&message, port), MACH_MSG_SUCCESS);
	restore_limits();
	EXPECT(result, MACH_SEND_NO_BUFFER);
	EXPECT(port_refs(port, MACH_PORT_RIGHT_SEND), 1);
	EXPECT(port_status(reply).mps_mscount, 0);
	port_destroy(port);
	port_destroy(reply);
}

/* The header's rights are gone, and those of the items before. */
void test_no_memory_for_array(void)
{
	mach_port_t port = port_new_with_send(2), reply = port_new();
	static mach_port_t names[1024];
	struct message message, other;
	mach_msg_return_t result;

	for (unsigned int i = 0; i < COUNT_OF(names); i++)
		names[i] = reply;
	message_init(&message, port, MACH_MSG_TYPE_MOVE_SEND, reply, MACH_MSG_TYPE_MAKE_SEND_ONCE);
	message_memory(&message, MACH_MSG_TYPE_MAKE_SEND, 32, COUNT_OF(names), names, 0);
	EXPECT(send_simple(port, 1), MACH_MSG_SUCCESS);
	leave_one_message();
	EXPECT(message_receive(&other, port), MACH_MSG_SUCCESS);	/* and one notification */
	result = message_send(&message);
	EXPECT(message_receive(&message, reply), MACH_MSG_SUCCESS);
	restore_limits();
	EXPECT(message.header.msgh_id, MACH_NOTIFY_SEND_ONCE);
	EXPECT(result, MACH_SEND_INVALID_MEMORY);
	EXPECT(port_refs(port, MACH_PORT_RIGHT_SEND), 1);
	EXPECT(port_status(reply).mps_mscount, 0);
	port_destroy(port);
	port_destroy(reply);
}

/* MACH_SEND_NOTIFY without memory for the request: last of the checks, the message comes back. */
void test_no_notify(void)
{
	mach_port_t port = port_new_with_send(1), notify = port_new();
	mach_msg_return_t null, bad, none;

	EXPECT(mach_port_set_qlimit(SELF, port, 0), KERN_SUCCESS);
	leave_one_message();
	null = send_word(port, MACH_PORT_NULL);
	bad = send_word(port, MACH_PORT_DEAD);
	none = send_word(port, notify);
	restore_limits();
	EXPECT(null, MACH_SEND_INVALID_NOTIFY);
	EXPECT(bad, MACH_SEND_INVALID_NOTIFY);
	EXPECT(none, MACH_SEND_NO_NOTIFY);
	EXPECT(port_type(port), MACH_PORT_TYPE_SEND_RECEIVE);
	EXPECT(port_refs(port, MACH_PORT_RIGHT_SEND), 4);
	EXPECT(port_status(notify).mps_sorights, 0);
	EXPECT_TRUE(queue_is_empty(notify));
	port_destroy(port);
	port_destroy(notify);
}

/* MACH_RCV_NOTIFY without memory for the request: a bare header. */
void test_no_request(void)
{
	mach_port_t port = port_new_with_send(1), reply = port_new();
	struct message message;
	mach_msg_return_t result;

	leave_one_message();
	message_init(&message, port, MACH_MSG_TYPE_COPY_SEND, reply, MACH_MSG_TYPE_MAKE_SEND_ONCE);
	EXPECT(message_send(&message), MACH_MSG_SUCCESS);
	memset(&message, 0xee, sizeof message);
	result = mach_msg_trap(&message.header, MACH_RCV_MSG | MACH_RCV_NOTIFY, 0, sizeof message,
		port, 0, reply);
	restore_limits();
	EXPECT(result, MACH_RCV_HEADER_ERROR | MACH_MSG_IPC_KERNEL);
	EXPECT(message.header.msgh_bits, MACH_MSGH_BITS(MACH_MSG_TYPE_PORT_SEND_ONCE,
		MACH_MSG_TYPE_PORT_SEND));
	EXPECT(message.header.msgh_remote_port, MACH_PORT_NULL);
	EXPECT(message.header.msgh_local_port, port);
	EXPECT(message.body[0], 0xeeeeeeee);
	port_destroy(port);
	port_destroy(reply);
}

/* --- names and the map ----------------------------------------------------------------------- */

/* One item has no name, another no memory: both are told, and all items are done. */
void test_two_shortages(void)
{
	mach_port_t port = port_new_with_send(1), reply = port_new(), names[2] = { reply, reply };
	vm_size_t size_limit, size_max;
	struct message message;
	mach_msg_return_t result;
	ipc_limits_t limits;
	ipc_usage_t usage;

	mig_get_reply_port();
	message_init(&message, port, MACH_MSG_TYPE_COPY_SEND, 0, 0);
	message_right(&message, reply, MACH_MSG_TYPE_MAKE_SEND_ONCE);
	message_memory(&message, MACH_MSG_TYPE_BYTE, 8, 100, &message, 0);
	message_memory(&message, MACH_MSG_TYPE_MAKE_SEND_ONCE, 32, 2, names, 0);
	message_right(&message, reply, MACH_MSG_TYPE_MAKE_SEND);
	message_memory(&message, MACH_MSG_TYPE_BYTE, 8, 0, names, 0);
	EXPECT(message_send(&message), MACH_MSG_SUCCESS);
	EXPECT(task_get_ipc_limits(tap_host_priv, SELF, &old_limits), KERN_SUCCESS);
	EXPECT(task_ipc_usage(tap_host_priv, SELF, &usage), KERN_SUCCESS);
	EXPECT(vm_get_size_limit(SELF, &size_limit, &size_max), KERN_SUCCESS);
	limits = old_limits;
	limits.il_names = usage.iu_names;
	EXPECT(task_set_ipc_limits(tap_host_priv, SELF, limits), KERN_SUCCESS);
	EXPECT(vm_set_size_limit(tap_host_priv, SELF, PAGE_SIZE, size_max), KERN_SUCCESS);
	result = message_receive(&message, port);
	EXPECT(vm_set_size_limit(tap_host_priv, SELF, size_limit, size_max), KERN_SUCCESS);
	restore_limits();
	EXPECT(result, MACH_RCV_BODY_ERROR | MACH_MSG_IPC_SPACE | MACH_MSG_VM_SPACE);
	EXPECT(message.header.msgh_size, 24 + 16 * 4);
	EXPECT(message.body[0], TYPE_INLINE | 1 << 16 | 32 << 8 | MACH_MSG_TYPE_PORT_SEND_ONCE);
	EXPECT(message.body[1], MACH_PORT_NULL);
	EXPECT(message.body[2], TYPE_LONG | TYPE_DEALLOCATE);
	EXPECT(message.body[3], MACH_MSG_TYPE_BYTE);	/* size 0 */
	EXPECT(message.body[4], 100);
	EXPECT(message.body[5], 0);
	EXPECT(message.body[6], TYPE_LONG | TYPE_DEALLOCATE);
	EXPECT(message.body[7], MACH_MSG_TYPE_PORT_SEND_ONCE);
	EXPECT(message.body[8], 2);
	EXPECT(message.body[9], 0);
	EXPECT(message.body[11], reply);
	EXPECT(message.body[12], TYPE_LONG | TYPE_DEALLOCATE);
	EXPECT(message.body[15], 0);
	EXPECT(port_refs(reply, MACH_PORT_RIGHT_SEND), 1);
	for (unsigned int i = 0; i < 3; i++)
		EXPECT_TRUE(notification_is(reply, MACH_NOTIFY_SEND_ONCE, 0));
	EXPECT_TRUE(queue_is_empty(reply));
	port_destroy(port);
	port_destroy(reply);
}

/* A message that cannot be written back, since its sender may only read it: the same code. */
void test_unwritable_sender(void)
{
	mach_port_t port = port_new_with_send(1);
	vm_offset_t memory = 0;
	mach_msg_header_t *header;

	EXPECT(mach_port_set_qlimit(SELF, port, 0), KERN_SUCCESS);
	EXPECT(vm_allocate(SELF, &memory, PAGE_SIZE, TRUE), KERN_SUCCESS);
	header = (mach_msg_header_t *) memory;
	message_init((struct message *) header, port, MACH_MSG_TYPE_COPY_SEND, 0, 0);
	EXPECT(vm_protect(SELF, memory, PAGE_SIZE, FALSE, VM_PROT_READ), KERN_SUCCESS);
	EXPECT(mach_msg_trap(header, MACH_SEND_MSG | MACH_SEND_TIMEOUT, 24, 0, 0, 0, 0),
		MACH_SEND_TIMED_OUT);
	EXPECT(header->msgh_bits, MACH_MSG_TYPE_COPY_SEND);
	EXPECT(port_refs(port, MACH_PORT_RIGHT_SEND), 1);	/* what could not come back is gone */
	vm_deallocate(SELF, memory, PAGE_SIZE);
	port_destroy(port);
}
