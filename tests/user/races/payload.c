/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Messages that are received while the port's protected payload comes and goes, its receive right
 * moves away, or the port dies and the message holds the last reference (CI-17).  The header is
 * of one piece: a payload with the payload's type, or a name, null or dead with the right's type.
 */
#include <mach.h>

#include "../common/messages.h"
#include "../common/ports.h"
#include "../common/race.h"
#include "../common/tap.h"
#include "tests.h"

#define SELF	mach_task_self()

static volatile mach_port_t port;	/* changes all the time */
static unsigned int with_payload, with_name, without;

static uint32_t payload_of(mach_port_t name)
{
	return name ^ 0x80555555;
}

static void change_payload(struct racer *self)
{
	mach_port_t name = port;

	if (race_random(self, 2) == 0)
		mach_port_set_protected_payload(SELF, name, payload_of(name));
	else
		mach_port_clear_protected_payload(SELF, name);
}

static void receive(struct racer *self)
{
	mach_port_t name = port;
	struct message message;

	(void) self;
	if (message_receive_wait(&message, name, 20) != MACH_MSG_SUCCESS)
		return;
	if (MACH_MSGH_BITS_LOCAL(message.header.msgh_bits) == MACH_MSG_TYPE_PROTECTED_PAYLOAD) {
		with_payload++;
		EXPECT(message.header.msgh_protected_payload, payload_of(name));
		return;
	}
	EXPECT(MACH_MSGH_BITS_LOCAL(message.header.msgh_bits), MACH_MSG_TYPE_PORT_SEND);
	if (message.header.msgh_local_port == name)
		with_name++;
	else if (message.header.msgh_local_port == MACH_PORT_NULL
			|| message.header.msgh_local_port == MACH_PORT_DEAD)
		without++;
	else
		tap_fail("local port 0x%x, not 0x%x", message.header.msgh_local_port, name);
}

static void move_away(mach_port_t name)
{
	mach_port_t sink = port_new();
	struct message message;

	message_init(&message, sink, MACH_MSG_TYPE_MAKE_SEND, MACH_PORT_NULL, 0);
	message_right(&message, name, MACH_MSG_TYPE_MOVE_RECEIVE);
	EXPECT(message_send(&message), MACH_MSG_SUCCESS);
	port_destroy(sink);
}

/* A port lives for a few messages, each of which has the only send right. */
static void send_and_change(struct racer *self)
{
	struct message message;

	for (uint32_t i = race_random(self, 4) + 1; i > 0; i--) {
		message_init(&message, port, MACH_MSG_TYPE_MAKE_SEND, MACH_PORT_NULL, 0);
		if (message_send(&message) == MACH_SEND_TIMED_OUT)
			EXPECT(mach_port_deallocate(SELF, port), KERN_SUCCESS);
		if (race_random(self, 2) == 0)
			race_pause(self);
	}
	if (race_random(self, 3) == 0)
		return;
	if (race_random(self, 2) == 0)
		move_away(port);
	else
		port_destroy(port);
	port = port_new();
}

void test_payload_changes(void)
{
	struct racer field[] = {
		{ .step = send_and_change, .steps = tap_rounds(3000, 100000) },
		{ .step = change_payload },
		{ .step = receive },
		{ .step = receive },
	};

	with_payload = with_name = without = 0;
	port = port_new();
	race_run(field, COUNT_OF(field));
	port_destroy(port);
	EXPECT_TRUE(with_payload > 100);
	EXPECT_TRUE(with_name > 100);
	EXPECT_TRUE(without > 10);
}
