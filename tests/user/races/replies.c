/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Clients of a server, whose reply ports or whose threads die while it replies (CI-18).  What is
 * tested is that everyone goes on, and that no right is left.
 */
#include <libmach/thread.h>
#include <mach.h>

#include "../common/messages.h"
#include "../common/ports.h"
#include "../common/race.h"
#include "../common/tap.h"
#include "tests.h"

#define SELF	mach_task_self()

static mach_port_t service;
static volatile mach_port_t reply_port;
static unsigned int served, unwanted;

/* Replies to each request in the call that waits for the next; until the service dies. */
static void serve(void *argument)
{
	struct racer chance = { .seed = 99 };
	struct message message;
	mach_msg_return_t result = message_receive_wait(&message, service, 5000);

	(void) argument;
	while (result != MACH_RCV_PORT_DIED && result != MACH_RCV_INVALID_NAME) {
		mach_port_t reply = message.header.msgh_remote_port;

		race_pause(&chance);
		if (MACH_PORT_VALID(reply)) {
			message.header.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_MOVE_SEND_ONCE, 0);
			message.header.msgh_local_port = MACH_PORT_NULL;
			result = mach_msg_trap(&message.header, MACH_SEND_MSG | MACH_RCV_MSG,
				sizeof message.header, sizeof message, service, 0,
				MACH_PORT_NULL);
			served++;
		}
		if (!MACH_PORT_VALID(reply) || result == MACH_SEND_INVALID_DEST) {
			if (MACH_PORT_VALID(reply))
				EXPECT(mach_port_deallocate(SELF, reply), KERN_SUCCESS);
			unwanted++;
			result = message_receive_wait(&message, service, 5000);
		}
	}
}

static mach_msg_return_t call(mach_port_t reply)
{
	mach_msg_header_t header[2] = { {
		.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, MACH_MSG_TYPE_MAKE_SEND_ONCE),
		.msgh_remote_port = service,
		.msgh_local_port = reply,
	} };

	return mach_msg_trap(header, MACH_SEND_MSG | MACH_RCV_MSG, sizeof header[0], sizeof header,
		reply, 0, MACH_PORT_NULL);
}

static void start_service(mach_port_t *thread)
{
	served = unwanted = 0;
	service = port_new_with_send(1);
	EXPECT(mach_thread_start(serve, NULL, thread), KERN_SUCCESS);
}

static void end_service(mach_port_t thread)
{
	sleep_for(20);		/* the last request */
	port_destroy(service);
	mach_thread_join(thread);
}

/* --- a port dies ----------------------------------------------------------------------------- */

static void call_once(struct racer *self)
{
	mach_port_t reply = port_new();
	mach_msg_return_t result;

	reply_port = reply;
	race_pause(self);
	result = call(reply);
	EXPECT_TRUE(result == MACH_MSG_SUCCESS || result == MACH_RCV_PORT_DIED
		|| result == MACH_RCV_INVALID_NAME || result == MACH_SEND_INVALID_DEST
		|| result == MACH_SEND_INVALID_REPLY);
	mach_port_mod_refs(SELF, reply, MACH_PORT_RIGHT_RECEIVE, -1);
}

static void destroy_reply_port(struct racer *self)
{
	if (race_random(self, 2) == 0)
		mach_port_mod_refs(SELF, reply_port, MACH_PORT_RIGHT_RECEIVE, -1);
}

void test_reply_port_dies(void)
{
	struct racer field[] = {
		{ .step = call_once, .steps = tap_rounds(3000, 100000) },
		{ .step = destroy_reply_port },
	};
	mach_port_t thread;

	reply_port = MACH_PORT_NULL;
	start_service(&thread);
	race_run(field, COUNT_OF(field));
	end_service(thread);
	EXPECT_TRUE(served > field[0].steps / 4);
	EXPECT_TRUE(unwanted > 0);
}

/* --- a thread dies --------------------------------------------------------------------------- */

static void call_for_ever(void *argument)
{
	struct racer chance = { .seed = (uintptr_t) argument };

	for (;;) {
		EXPECT(call(reply_port), MACH_MSG_SUCCESS);
		race_pause(&chance);
	}
}

/* Its reply right, if the server has one, then leads to a port that nobody receives from. */
static void kill_client(struct racer *self)
{
	mach_port_t thread;

	reply_port = port_new();
	EXPECT(mach_thread_start(call_for_ever, (void *) (uintptr_t) self->seed, &thread),
		KERN_SUCCESS);
	for (uint32_t i = race_random(self, 5) + 1; i > 0; i--)
		race_pause(self);
	EXPECT(thread_terminate(thread), KERN_SUCCESS);
	if (race_random(self, 2) == 0)
		port_destroy(reply_port);
	mach_thread_join(thread);
	if (port_type(reply_port) != 0)
		port_destroy(reply_port);
}

void test_client_dies(void)
{
	struct racer field[] = {
		{ .step = kill_client, .steps = tap_rounds(500, 100000) },
	};
	mach_port_t thread;

	start_service(&thread);
	race_run(field, COUNT_OF(field));
	end_service(thread);
	EXPECT_TRUE(served > field[0].steps / 4);
}
