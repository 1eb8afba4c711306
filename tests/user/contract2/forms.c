/* SPDX-License-Identifier: BSD-2-Clause */
/* Section 9: the bare form of messages that the receiver cannot take. */
#include <libmach/string.h>
#include <mach.h>
#include <mach/notify.h>

#include "../common/messages.h"
#include "../common/ports.h"
#include "../common/tap.h"
#include "tests.h"

#define SELF	mach_task_self()
#define PAYLOAD	0xfeedbeefu

/* How a message becomes bare. */
enum why { TOO_LARGE, BAD_NOTIFY, WHYS };

static mach_msg_return_t receive_bare(struct message *message, mach_port_t port, enum why why)
{
	memset(message, 0xee, sizeof *message);
	return mach_msg_trap(&message->header, MACH_RCV_MSG | MACH_RCV_TIMEOUT
		| (why == BAD_NOTIFY ? MACH_RCV_NOTIFY : 0), 0,
		why == TOO_LARGE ? 24 : sizeof *message, port, 0, MACH_PORT_NULL);
}

/*
 * A message with a reply right of a type, rights and memory: only its header arrives, and what it
 * carried is destroyed.
 */
static void try_bare(enum why why, unsigned int dest, unsigned int reply_how, uint32_t payload)
{
	mach_port_t port = port_new_with_send(1), reply = port_new_with_send(1), once = port_new();
	mach_port_t inner = port_new_with_send(1), array[2] = { once, MACH_PORT_NULL };
	mach_msg_size_t size;
	struct message message;

	tap_about("why %u, destination %u, reply %u, payload %u", why, dest, reply_how, payload);
	if (payload != 0)
		EXPECT(mach_port_set_protected_payload(SELF, port, PAYLOAD), KERN_SUCCESS);
	EXPECT(mach_port_set_seqno(SELF, port, 40), KERN_SUCCESS);
	EXPECT(port_request(inner, MACH_NOTIFY_DEAD_NAME, 0, once), KERN_SUCCESS);
	message_init(&message, port, dest, reply_how ? reply : MACH_PORT_NULL, reply_how);
	message_right(&message, inner, MACH_MSG_TYPE_MOVE_RECEIVE);
	message_right(&message, once, MACH_MSG_TYPE_MAKE_SEND_ONCE);
	message_memory(&message, MACH_MSG_TYPE_MAKE_SEND_ONCE, 32, 2, array, 0);
	message_memory(&message, MACH_MSG_TYPE_BYTE, 8, 5000, &message, 0);
	message.header.msgh_id = -5;
	size = message.header.msgh_size;
	EXPECT(message_send(&message), MACH_MSG_SUCCESS);
	EXPECT(receive_bare(&message, port, why), why == TOO_LARGE ? MACH_RCV_TOO_LARGE
		: MACH_RCV_INVALID_NOTIFY);
	EXPECT(message.header.msgh_bits, MACH_MSGH_BITS_COMPLEX | MACH_MSGH_BITS(
		reply_how == 0 ? 0 : reply_how == MACH_MSG_TYPE_MAKE_SEND_ONCE
			? MACH_MSG_TYPE_PORT_SEND_ONCE : MACH_MSG_TYPE_PORT_SEND,
		dest == MACH_MSG_TYPE_MAKE_SEND_ONCE ? MACH_MSG_TYPE_PORT_SEND_ONCE
			: MACH_MSG_TYPE_PORT_SEND));
	EXPECT(message.header.msgh_size, size);
	EXPECT(message.header.msgh_remote_port, MACH_PORT_NULL);
	EXPECT(message.header.msgh_local_port, port);
	EXPECT(message.header.msgh_seqno, 40);
	EXPECT(message.header.msgh_id, -5);
	EXPECT(message.body[0], 0xeeeeeeee);
	EXPECT(port_status(port).mps_seqno, 41);
	EXPECT(port_status(port).mps_sorights, 0);
	if (reply_how == MACH_MSG_TYPE_MAKE_SEND_ONCE)
		EXPECT_TRUE(notification_is(reply, MACH_NOTIFY_SEND_ONCE, 0));
	EXPECT_TRUE(queue_is_empty(reply));
	EXPECT(port_refs(reply, MACH_PORT_RIGHT_SEND), 1);
	EXPECT_TRUE(notification_is(once, MACH_NOTIFY_DEAD_NAME, inner));
	EXPECT_TRUE(notification_is(once, MACH_NOTIFY_SEND_ONCE, 0));
	EXPECT_TRUE(notification_is(once, MACH_NOTIFY_SEND_ONCE, 0));
	EXPECT_TRUE(queue_is_empty(once));
	port_destroy(inner);
	port_destroy(port);
	port_destroy(reply);
	port_destroy(once);
}

static void try_all(uint32_t payload)
{
	static const unsigned int dests[] = { MACH_MSG_TYPE_MAKE_SEND_ONCE,
		MACH_MSG_TYPE_COPY_SEND };
	static const unsigned int replies[] = { 0, MACH_MSG_TYPE_MAKE_SEND_ONCE,
		MACH_MSG_TYPE_COPY_SEND };

	for (enum why why = 0; why < WHYS; why++)
		for (unsigned int i = 0; i < COUNT_OF(dests) * COUNT_OF(replies); i++)
			try_bare(why, dests[i % 2], replies[i / 2], payload);
}

void test_bare_forms(void)
{
	try_all(0);
}

void test_bare_payload(void)
{
	try_all(PAYLOAD);
}
