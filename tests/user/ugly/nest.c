/* SPDX-License-Identifier: BSD-2-Clause */
/* Receive rights in messages in queues of members of one set, and those that the kernel gets. */
#include <mach.h>
#include <mach/notify.h>

#include "../common/ports.h"
#include "../common/tap.h"
#include "tests.h"

#define DEPTH	100

static mach_msg_return_t send_receive_right(mach_port_t to, mach_port_t right)
{
	struct message message;

	message_init(&message, to, MACH_MSG_TYPE_MAKE_SEND, right, MACH_MSG_TYPE_MAKE_SEND);
	message_right(&message, right, MACH_MSG_TYPE_MOVE_RECEIVE);
	return message_send(&message);
}

/*
 * Each goes into the queue of the next one, from the set that both are in; each is to be sent to
 * `saved' instead of dying.  Then the last is destroyed, or the set is emptied by receiving.
 */
void test_nested_in_sets(void)
{
	for (unsigned int pass = 0; pass < 3; pass++) {
		mach_port_t set = port_new_set(), saved = port_new(), port[DEPTH];
		struct message message;
		unsigned int came = 0;

		tap_about("pass %u", pass);
		for (unsigned int i = 0; i < DEPTH; i++) {
			port[i] = port_new();
			EXPECT(mach_port_move_member(SELF, port[i], set), KERN_SUCCESS);
			if (pass == 1)
				EXPECT(port_request(port[i], MACH_NOTIFY_PORT_DESTROYED, 0, saved),
					KERN_SUCCESS);
		}
		for (unsigned int i = 0; i + 1 < DEPTH; i++)
			EXPECT(send_receive_right(port[i + 1], port[i]), MACH_MSG_SUCCESS);
		check_rights();
		if (pass == 2) {
			port_destroy(set);
			check_rights();
			port_destroy(port[DEPTH - 1]);
		} else if (pass == 1) {
			port_destroy(port[DEPTH - 1]);
			check_rights();
		}
		/* What is received is a member again, with the next one in its queue. */
		while (pass < 2 && message_receive(&message, pass == 0 ? set : saved)
				== MACH_MSG_SUCCESS) {
			mach_port_t got = message.body[1];

			if (pass == 0) {
				/* The send right, which was named first, is under the same name. */
				EXPECT(message.header.msgh_remote_port, got);
				EXPECT(mach_port_move_member(SELF, got, set), KERN_SUCCESS);
				EXPECT(port_status(got).mps_pset, set);
			} else {
				port_destroy(got);
			}
			if (came < DEPTH - 1)
				port[came] = got;	/* the old names are gone */
			came++;
			if (came % 10 == 0)
				check_rights();
		}
		if (pass == 0)
			EXPECT(came, DEPTH - 1);
		if (pass == 1)
			EXPECT(came, DEPTH);
		for (unsigned int i = 0; i < DEPTH; i++)
			if (port_type(port[i]) != 0)
				port_destroy(port[i]);
		if (pass != 2)
			port_destroy(set);
		port_destroy(saved);
		check_rights();
	}
	tap_about("%s", "");
}

/*
 * mach_port_insert_right of the very port to which the answer goes: into another task, which gets
 * the answer, into a dead one, and with a bad name.
 */
void test_reply_port_given_away(void)
{
	for (unsigned int pass = 0; pass < 4; pass++) {
		mach_port_t child, reply = port_new();
		struct message message;
		mach_port_status_t status;

		tap_about("pass %u", pass);
		EXPECT(task_create(SELF, FALSE, &child), KERN_SUCCESS);
		message_init(&message, child, MACH_MSG_TYPE_COPY_SEND, reply,
			pass == 3 ? MACH_MSG_TYPE_MAKE_SEND : MACH_MSG_TYPE_MAKE_SEND_ONCE);
		message.header.msgh_id = 3215;
		message_type(&message, MACH_MSG_TYPE_PORT_NAME, 32, 1, TYPE_INLINE);
		message_word(&message, pass == 1 ? 0 : 0x1234);
		message_right(&message, reply, MACH_MSG_TYPE_MOVE_RECEIVE);
		if (pass == 2)
			EXPECT(task_terminate(child), KERN_SUCCESS);
		EXPECT(message_send(&message),
			pass == 2 ? MACH_SEND_INVALID_DEST : MACH_MSG_SUCCESS);
		check_rights();
		if (pass == 0 || pass == 3) {
			EXPECT(mach_port_get_receive_status(child, 0x1234, &status), KERN_SUCCESS);
			EXPECT(status.mps_msgcount, 1);
		}
		EXPECT(port_type(reply), pass == 2 ? MACH_PORT_TYPE_RECEIVE : 0);
		if (pass == 2)
			port_destroy(reply);
		else
			EXPECT(task_terminate(child), KERN_SUCCESS);
		port_destroy(child);
		check_rights();
	}
	tap_about("%s", "");
}
