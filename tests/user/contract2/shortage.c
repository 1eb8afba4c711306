/* SPDX-License-Identifier: BSD-2-Clause */
/* Sections 9 and 15: forms and trailers of messages when the task may have no more names. */
#include <libmach/string.h>
#include <mach.h>
#include <mach/ipc_limits.h>
#include <mach/notify.h>
#include <mach/porter.h>

#include "../common/messages.h"
#include "../common/ports.h"
#include "../common/tap.h"
#include "tests.h"

#define SELF	mach_task_self()
#define BLANK	0xeeeeeeee
#define ALL	MACH_RCV_TRAILER_ELEMENTS(MACH_RCV_TRAILER_AUDIT)

static ipc_limits_t ample;

/* From now on no name more than there are, and as before. */
static void names_end(void)
{
	ipc_limits_t limits;
	ipc_usage_t usage;

	EXPECT(task_get_ipc_limits(tap_host_priv, SELF, &ample), KERN_SUCCESS);
	EXPECT(task_ipc_usage(tap_host_priv, SELF, &usage), KERN_SUCCESS);
	limits = ample;
	limits.il_names = usage.iu_names;
	EXPECT(task_set_ipc_limits(tap_host_priv, SELF, limits), KERN_SUCCESS);
}

static void names_again(void)
{
	EXPECT(task_set_ipc_limits(tap_host_priv, SELF, ample), KERN_SUCCESS);
}

static mach_msg_return_t receive_all(struct message *message, mach_port_t port,
	mach_msg_option_t option)
{
	memset(message, 0xee, sizeof *message);
	return mach_msg_trap(&message->header, MACH_RCV_MSG | MACH_RCV_TIMEOUT | option, 0,
		sizeof *message, port, 0, MACH_PORT_NULL);
}

static boolean_t is_blank(const struct message *message, unsigned int first)
{
	for (unsigned int i = first; i < MESSAGE_WORDS; i++)
		if (message->body[i] != BLANK)
			return FALSE;
	return TRUE;
}

/* Is the trailer there, behind so many words, and nothing behind it? */
static void expect_trailer(const struct message *message, unsigned int words, unsigned int seqno)
{
	EXPECT(message->body[words], 0);
	EXPECT(message->body[words + 1], 28);
	EXPECT(message->body[words + 2], seqno);
	EXPECT_TRUE(message->body[words + 5] != 0 && message->body[words + 5] != BLANK);
	EXPECT_TRUE(message->body[words + 6] != 0 && message->body[words + 6] != BLANK);
	EXPECT_TRUE(is_blank(message, words + 7));
}

/* The reply right finds no name: a bare header without a trailer, and everything is destroyed. */
void test_bare_without_names(void)
{
	mach_port_t port = port_new_with_send(1), reply = port_new(), inner = port_new();
	static struct message message;

	for (unsigned int i = 0; i < 4; i++) {
		tap_about("%s, %s", i & 1 ? "with trailer" : "without", i & 2 ? "payload" : "name");
		if (i & 2)
			EXPECT(mach_port_set_protected_payload(SELF, port, 77), KERN_SUCCESS);
		message_init(&message, port, MACH_MSG_TYPE_COPY_SEND, reply,
			MACH_MSG_TYPE_MAKE_SEND_ONCE);
		message_right(&message, inner, MACH_MSG_TYPE_MAKE_SEND_ONCE);
		EXPECT(message_send(&message), MACH_MSG_SUCCESS);
		names_end();
		EXPECT(receive_all(&message, port, i & 1 ? ALL : 0),
			MACH_RCV_HEADER_ERROR | MACH_MSG_IPC_SPACE);
		names_again();
		EXPECT(message.header.msgh_bits, MACH_MSGH_BITS_COMPLEX
			| MACH_MSGH_BITS(MACH_MSG_TYPE_PORT_SEND_ONCE, MACH_MSG_TYPE_PORT_SEND));
		EXPECT(message.header.msgh_size, 32);
		EXPECT(message.header.msgh_remote_port, MACH_PORT_NULL);
		EXPECT(message.header.msgh_local_port, port);
		EXPECT(message.header.msgh_seqno, i);
		EXPECT(message.header.msgh_id, 1234);
		EXPECT_TRUE(is_blank(&message, 0));
		EXPECT_TRUE(notification_is(reply, MACH_NOTIFY_SEND_ONCE, 0));
		EXPECT_TRUE(notification_is(inner, MACH_NOTIFY_SEND_ONCE, 0));
		EXPECT(port_refs(port, MACH_PORT_RIGHT_SEND), 1);
	}
	port_destroy(port);
	port_destroy(reply);
	port_destroy(inner);
}

/* A right in the body finds none: the message is whole, and so is its trailer. */
void test_trailer_behind_error(void)
{
	mach_port_t port = port_new_with_send(1), inner = port_new();
	static struct message message;

	for (unsigned int i = 0; i < 2; i++) {
		message_init(&message, port, MACH_MSG_TYPE_COPY_SEND, MACH_PORT_NULL, 0);
		message_right(&message, inner, MACH_MSG_TYPE_MAKE_SEND_ONCE);
		EXPECT(message_send(&message), MACH_MSG_SUCCESS);
		names_end();
		EXPECT(receive_all(&message, port, i ? ALL : 0),
			MACH_RCV_BODY_ERROR | MACH_MSG_IPC_SPACE);
		names_again();
		EXPECT(message.header.msgh_size, 32);
		EXPECT(message.body[1], MACH_PORT_NULL);
		EXPECT_TRUE(notification_is(inner, MACH_NOTIFY_SEND_ONCE, 0));
		if (i)
			expect_trailer(&message, 2, 1);
		else
			EXPECT_TRUE(is_blank(&message, 2));
	}
	port_destroy(port);
	port_destroy(inner);
}

/* A message that comes back has no trailer; rights in it that find no name are told in the code. */
void test_back_without_names(void)
{
	mach_port_t port = port_new_with_send(1), reply = port_new(), inner = port_new();
	static struct message message;

	EXPECT(mach_port_set_qlimit(SELF, port, 0), KERN_SUCCESS);
	for (unsigned int i = 0; i < 3; i++) {
		tap_about("reply %u, body %u", i & 1, i >> 1);
		memset(&message, 0xee, sizeof message);
		message_init(&message, port, MACH_MSG_TYPE_COPY_SEND,
			i & 1 ? reply : MACH_PORT_NULL,
			i & 1 ? MACH_MSG_TYPE_MAKE_SEND_ONCE : 0);
		if (i & 2)
			message_right(&message, inner, MACH_MSG_TYPE_MAKE_SEND_ONCE);
		names_end();
		EXPECT(mach_msg_trap(&message.header, MACH_SEND_MSG | MACH_RCV_MSG
			| MACH_SEND_TIMEOUT | ALL, message.header.msgh_size, sizeof message, port,
			0, MACH_PORT_NULL), MACH_SEND_TIMED_OUT | (i ? MACH_MSG_IPC_SPACE : 0));
		names_again();
		EXPECT(message.header.msgh_remote_port, port);
		EXPECT(message.header.msgh_local_port, MACH_PORT_NULL);
		EXPECT_TRUE(is_blank(&message, i & 2));
		if (i & 1)
			EXPECT_TRUE(notification_is(reply, MACH_NOTIFY_SEND_ONCE, 0));
		if (i & 2) {
			EXPECT(message.body[1], MACH_PORT_NULL);
			EXPECT_TRUE(notification_is(inner, MACH_NOTIFY_SEND_ONCE, 0));
		}
		EXPECT(port_refs(port, MACH_PORT_RIGHT_SEND), 2);
		EXPECT(mach_port_deallocate(SELF, port), KERN_SUCCESS);
	}
	port_destroy(port);
	port_destroy(reply);
	port_destroy(inner);
}

/* An unknown trailer is found before all that may be wrong besides. */
void test_trailer_first(void)
{
	const mach_msg_option_t bad = MACH_SEND_MSG | MACH_RCV_MSG | MACH_RCV_TRAILER_ELEMENTS(9);
	mach_port_t port = port_new_with_send(1);
	struct message message;

	message_init(&message, port, MACH_MSG_TYPE_MOVE_SEND, MACH_PORT_NULL, 0);
	EXPECT(mach_msg_trap(NULL, bad, 24, 0, 0, 0, 0), MACH_RCV_INVALID_TRAILER);
	EXPECT(mach_msg_trap(&message.header, bad, 3, 0, port, 0, 0), MACH_RCV_INVALID_TRAILER);
	EXPECT(mach_msg_trap(&message.header, bad, 24, 0, 0x5555, 0, 0), MACH_RCV_INVALID_TRAILER);
	message.header.msgh_bits = 0x7f7f;
	EXPECT(mach_msg_trap(&message.header, bad, 24, 0, port, 0, 0), MACH_RCV_INVALID_TRAILER);
	EXPECT(mach_msg_trap(&message.header, bad & ~MACH_SEND_MSG, 24, 0, 0x5555, 0, 0),
		MACH_RCV_INVALID_TRAILER);
	EXPECT(mach_msg_trap(&message.header, bad & ~MACH_RCV_MSG, 24, 0, 0, 0, 0),
		MACH_SEND_INVALID_HEADER);
	EXPECT(port_refs(port, MACH_PORT_RIGHT_SEND), 1);
	EXPECT_TRUE(queue_is_empty(port));
	port_destroy(port);
}
