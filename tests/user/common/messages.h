/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Messages made by hand.  A struct message is a header and room for words; a body is built by
 * adding items to it, and msgh_size counts along.
 */
#ifndef _MESSAGES_H_
#define _MESSAGES_H_

#include <mach/mach_types.h>
#include <mach/message.h>

#define MESSAGE_WORDS	2100

struct message {
	mach_msg_header_t	header;
	uint32_t		body[MESSAGE_WORDS];
};

/* An empty message to `remote', with `local' as reply; the types are dispositions. */
void message_init(struct message *message, mach_port_t remote, unsigned int remote_type,
	mach_port_t local, unsigned int local_type);

/* A word, a short or a long type descriptor.  Type bits: those of abi.md. */
#define TYPE_INLINE	0x10000000u
#define TYPE_LONG	0x20000000u
#define TYPE_DEALLOCATE	0x40000000u
#define TYPE_UNUSED	0x80000000u
void message_word(struct message *message, uint32_t word);
void message_type(struct message *message, unsigned int name, unsigned int size,
	unsigned int number, uint32_t bits);
void message_long_type(struct message *message, unsigned int name, unsigned int size,
	unsigned int number, uint32_t bits);

/* One right, inline; sets the complex bit. */
void message_right(struct message *message, mach_port_t name, unsigned int disposition);

/* Data or rights out of line, long form; sets the complex bit. */
void message_memory(struct message *message, unsigned int name, unsigned int size,
	unsigned int number, const void *data, uint32_t bits);

/* Send with msgh_size; it does not wait. */
mach_msg_return_t message_send(struct message *message);

/* Send so many bytes, with these options besides MACH_SEND_MSG. */
mach_msg_return_t message_send_size(struct message *message, mach_msg_size_t size,
	mach_msg_option_t option, mach_msg_timeout_t timeout);

/* Receive what is there, or wait so many milliseconds. */
mach_msg_return_t message_receive(struct message *message, mach_port_t port);
mach_msg_return_t message_receive_wait(struct message *message, mach_port_t port,
	mach_msg_timeout_t timeout);

/* A header only, by a copy of our send right; no reference more when the queue is full. */
mach_msg_return_t send_simple(mach_port_t port, mach_msg_id_t id);

/* Is there a notification of this kind with this word?  Takes it.  24-byte kinds: word 0. */
boolean_t notification_is(mach_port_t port, mach_msg_id_t kind, uint32_t word);

/* Is there no message? */
boolean_t queue_is_empty(mach_port_t port);

/* Wait so long, whatever happens. */
void sleep_for(unsigned int milliseconds);

#endif
