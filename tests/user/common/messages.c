/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages made by hand. */
#include "messages.h"

#include <libmach/string.h>
#include <mach.h>

#include "ports.h"
#include "tap.h"

void message_init(struct message *message, mach_port_t remote, unsigned int remote_type,
	mach_port_t local, unsigned int local_type)
{
	message->header = (mach_msg_header_t) {
		.msgh_bits = MACH_MSGH_BITS(remote_type, local_type),
		.msgh_size = sizeof message->header,
		.msgh_remote_port = remote,
		.msgh_local_port = local,
		.msgh_id = 1234,
	};
}

void message_word(struct message *message, uint32_t word)
{
	message->body[(message->header.msgh_size - sizeof message->header) / 4] = word;
	message->header.msgh_size += 4;
}

void message_type(struct message *message, unsigned int name, unsigned int size,
	unsigned int number, uint32_t bits)
{
	message_word(message, name | size << 8 | number << 16 | bits);
}

void message_long_type(struct message *message, unsigned int name, unsigned int size,
	unsigned int number, uint32_t bits)
{
	message_word(message, TYPE_LONG | bits);
	message_word(message, name | size << 16);
	message_word(message, number);
}

void message_right(struct message *message, mach_port_t name, unsigned int disposition)
{
	message->header.msgh_bits |= MACH_MSGH_BITS_COMPLEX;
	message_type(message, disposition, 32, 1, TYPE_INLINE);
	message_word(message, name);
}

void message_memory(struct message *message, unsigned int name, unsigned int size,
	unsigned int number, const void *data, uint32_t bits)
{
	message->header.msgh_bits |= MACH_MSGH_BITS_COMPLEX;
	message_long_type(message, name, size, number, bits);
	message_word(message, (uintptr_t) data);
}

mach_msg_return_t message_send_size(struct message *message, mach_msg_size_t size,
	mach_msg_option_t option, mach_msg_timeout_t timeout)
{
	return mach_msg_trap(&message->header, MACH_SEND_MSG | option, size, 0, MACH_PORT_NULL,
		timeout, MACH_PORT_NULL);
}

mach_msg_return_t message_send(struct message *message)
{
	return message_send_size(message, message->header.msgh_size, MACH_SEND_TIMEOUT, 0);
}

mach_msg_return_t message_receive_wait(struct message *message, mach_port_t port,
	mach_msg_timeout_t timeout)
{
	return mach_msg_trap(&message->header, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, sizeof *message,
		port, timeout, MACH_PORT_NULL);
}

mach_msg_return_t message_receive(struct message *message, mach_port_t port)
{
	return message_receive_wait(message, port, 0);
}

mach_msg_return_t send_simple(mach_port_t port, mach_msg_id_t id)
{
	mach_msg_header_t header = {
		.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, 0),
		.msgh_remote_port = port,
		.msgh_id = id,
	};
	mach_msg_return_t result;

	result = mach_msg_trap(&header, MACH_SEND_MSG | MACH_SEND_TIMEOUT, sizeof header, 0,
		MACH_PORT_NULL, 0, MACH_PORT_NULL);
	if (result == MACH_SEND_TIMED_OUT)
		mach_port_deallocate(mach_task_self(), header.msgh_remote_port);
	return result;
}

boolean_t notification_is(mach_port_t port, mach_msg_id_t kind, uint32_t word)
{
	struct message message;

	if (message_receive_wait(&message, port, 100) != MACH_MSG_SUCCESS) {
		tap_fail("no notification came, %d was due", kind);
		return FALSE;
	}
	if (!EXPECT(message.header.msgh_id, kind))
		return FALSE;
	return kind == MACH_NOTIFY_SEND_ONCE || EXPECT(message.body[1], word);
}

boolean_t queue_is_empty(mach_port_t port)
{
	struct message message;
	mach_msg_return_t result = message_receive(&message, port);

	if (result == MACH_RCV_TIMED_OUT)
		return TRUE;
	tap_fail("there was a message, id %d (code 0x%x)", message.header.msgh_id, result);
	return FALSE;
}

void sleep_for(unsigned int milliseconds)
{
	struct message message;
	mach_port_t port = mach_reply_port();

	message_receive_wait(&message, port, milliseconds);
	mach_port_mod_refs(mach_task_self(), port, MACH_PORT_RIGHT_RECEIVE, -1);
}
