/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mach_port_set_ktype (PR-7): it returns, whatever the port is doing.  What others call a kernel
 * port is for us a name without the receive right: KERN_INVALID_RIGHT.
 */
#include <mach.h>
#include <mach/mach_host.h>

#include "../common/messages.h"
#include "../common/ports.h"
#include "../common/race.h"
#include "../common/subject.h"
#include "../common/tap.h"
#include "tests.h"

#define SELF		mach_task_self()
#define USER_DEVICE	28

static kern_return_t set_ktype(mach_port_t name, unsigned int ktype)
{
	return mach_port_set_ktype(tap_host_priv, SELF, name, MACH_PORT_RIGHT_RECEIVE, ktype);
}

static mach_port_t toggled;

static void toggle(struct racer *self)
{
	EXPECT(set_ktype(toggled, race_random(self, 2) * USER_DEVICE), KERN_SUCCESS);
}

static void check_kinds(void)
{
	for (enum kind kind = 0; kind < KIND_COUNT; kind++) {
		struct subject subject = subject_make(kind);

		tap_about("%s", kind_text(kind));
		EXPECT(set_ktype(subject.name, USER_DEVICE), kind < KIND_RECEIVE
			? KERN_INVALID_NAME : kind_has_receive(kind) ? KERN_SUCCESS
			: KERN_INVALID_RIGHT);
		subject_destroy(&subject);
	}
}

void test_set_ktype(void)
{
	struct racer field[] = {
		{ .step = toggle, .steps = tap_rounds(300, 10000) },
		{ .step = toggle, .steps = tap_rounds(300, 10000) },
	};
	mach_port_t host = mach_host_self();
	struct message message;

	toggled = port_new_with_send(1);
	EXPECT(send_simple(toggled, 1), MACH_MSG_SUCCESS);
	race_run(field, COUNT_OF(field));
	EXPECT(message_receive(&message, toggled), MACH_MSG_SUCCESS);
	EXPECT(message.header.msgh_id, 1);
	EXPECT(set_ktype(toggled, USER_DEVICE), KERN_SUCCESS);
	EXPECT(send_simple(toggled, 2), MACH_MSG_SUCCESS);
	EXPECT(message_receive(&message, toggled), MACH_MSG_SUCCESS);
	EXPECT(set_ktype(toggled, 1), KERN_INVALID_ARGUMENT);
	EXPECT(set_ktype(SELF, USER_DEVICE), KERN_INVALID_RIGHT);
	EXPECT(set_ktype(tap_host_priv, USER_DEVICE), KERN_INVALID_RIGHT);
	EXPECT(mach_port_set_ktype(host, SELF, toggled, MACH_PORT_RIGHT_RECEIVE, USER_DEVICE),
		KERN_INVALID_HOST);
	EXPECT(mach_port_set_ktype(tap_host_priv, tap_host_priv, toggled, MACH_PORT_RIGHT_RECEIVE,
		USER_DEVICE), KERN_INVALID_TASK);
	check_kinds();
	EXPECT(mach_port_deallocate(SELF, host), KERN_SUCCESS);
	port_destroy(toggled);
}
