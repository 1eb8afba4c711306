/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names of every kind.  In one task a port's send and receive rights share a name; for a name
 * with the send right only, the receive right is put into a message that stays queued elsewhere.
 */
#include "subject.h"

#include <mach.h>

#include "messages.h"
#include "ports.h"
#include "tap.h"

static const char *const texts[KIND_COUNT] = {
	"no name", "null", "dead value", "receive", "send", "send, two references",
	"send and receive", "send-once", "dead name", "port set",
};

const char *kind_text(enum kind kind)
{
	return texts[kind];
}

boolean_t kind_has_send(enum kind kind)
{
	return kind == KIND_SEND || kind == KIND_SEND_2 || kind == KIND_SEND_RECEIVE;
}

boolean_t kind_has_receive(enum kind kind)
{
	return kind == KIND_RECEIVE || kind == KIND_SEND_RECEIVE;
}

/* Returns: the port in whose queue the receive right is now. */
static mach_port_t hide_receive_right(mach_port_t port)
{
	mach_port_t elsewhere = port_new_with_send(1);
	struct message message;

	message_init(&message, elsewhere, MACH_MSG_TYPE_COPY_SEND, MACH_PORT_NULL, 0);
	message_right(&message, port, MACH_MSG_TYPE_MOVE_RECEIVE);
	EXPECT(message_send(&message), MACH_MSG_SUCCESS);
	return elsewhere;
}

static mach_port_t unused_name(void)
{
	mach_port_t name = port_new();

	port_destroy(name);
	return name;
}

struct subject subject_make(enum kind kind)
{
	struct subject subject = { .kind = kind };

	switch (kind) {
	case KIND_NONE:
		subject.name = unused_name();
		break;
	case KIND_DEAD_VALUE:
		subject.name = MACH_PORT_DEAD;
		break;
	case KIND_RECEIVE:
		subject.name = port_new();
		break;
	case KIND_SEND:
	case KIND_SEND_2:
		subject.name = port_new_with_send(kind == KIND_SEND ? 1 : 2);
		subject.other = hide_receive_right(subject.name);
		break;
	case KIND_SEND_RECEIVE:
		subject.name = port_new_with_send(1);
		break;
	case KIND_SEND_ONCE:
		subject.other = port_new();
		subject.name = port_make_send_once(subject.other);
		break;
	case KIND_DEAD_NAME:
		subject.name = port_new_dead();
		break;
	case KIND_SET:
		subject.name = port_new_set();
		break;
	default:
		break;
	}
	return subject;
}

void subject_destroy(struct subject *subject)
{
	if (port_type(subject->name) != 0)
		port_destroy(subject->name);
	if (subject->other != MACH_PORT_NULL)
		port_destroy(subject->other);
	/* The send right to a port that has died only now is a dead name. */
	if (subject->name != MACH_PORT_NULL && port_type(subject->name) != 0)
		port_destroy(subject->name);
}
