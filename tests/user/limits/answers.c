/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages that a task has asked for and does not take, at its limit. */
#include <mach.h>
#include <mach/notify.h>

#include "../common/messages.h"
#include "../common/ports.h"
#include "../common/tap.h"
#include "tests.h"

#define PORT_NAMES_ID	3200	/* mach_port_names: an answer with memory out of line */
#define PORT_TYPE_ID	3201

/* A task that asks, by a port of its own. */
struct asker {
	mach_port_t	task, port;
};

static struct asker asker_new(void)
{
	struct asker asker = { .task = room_new() };

	EXPECT(mach_port_allocate(asker.task, MACH_PORT_RIGHT_RECEIVE, &asker.port), KERN_SUCCESS);
	return asker;
}

static mach_port_t asker_right(const struct asker *asker)
{
	mach_msg_type_name_t type;
	mach_port_t once = MACH_PORT_NULL;

	EXPECT(mach_port_extract_right(asker->task, asker->port, MACH_MSG_TYPE_MAKE_SEND_ONCE,
		&once, &type), KERN_SUCCESS);
	return once;
}

static unsigned int asker_messages(const struct asker *asker)
{
	mach_port_status_t status = { 0 };

	EXPECT(mach_port_get_receive_status(asker->task, asker->port, &status), KERN_SUCCESS);
	return status.mps_msgcount;
}

/* What one of a kind of messages costs, and that it is refused just below that. */
static void try_message(void (*cause)(const struct asker *asker, boolean_t arrives))
{
	struct asker asker = asker_new();
	natural_t before = usage_of(asker.task).iu_memory, cost;
	unsigned int refused;

	cause(&asker, TRUE);
	cost = usage_of(asker.task).iu_memory - before;
	EXPECT_TRUE(cost >= 64);
	EXPECT(asker_messages(&asker), 1);
	refused = usage_of(asker.task).iu_refused_memory;
	before += cost;
	set_memory(asker.task, before + cost - 1);
	cause(&asker, FALSE);
	EXPECT(asker_messages(&asker), 1);
	EXPECT(usage_of(asker.task).iu_memory, before);
	EXPECT(usage_of(asker.task).iu_refused_memory, refused + 1);
	set_memory(asker.task, before + cost);
	cause(&asker, TRUE);
	EXPECT(asker_messages(&asker), 2);
	EXPECT(usage_of(asker.task).iu_memory, before + cost);
	room_end(asker.task);
}

/* A server's answer, ours, with a right in it, which is released when the answer is refused. */
static void answer(const struct asker *asker, boolean_t arrives)
{
	static struct message message;
	mach_port_t ours = port_new();
	natural_t before = usage_of(mach_task_self()).iu_memory;

	message_init(&message, asker_right(asker), MACH_MSG_TYPE_MOVE_SEND_ONCE, MACH_PORT_NULL, 0);
	message_right(&message, ours, MACH_MSG_TYPE_MAKE_SEND_ONCE);
	EXPECT(message_send(&message), MACH_MSG_SUCCESS);
	if (arrives) {
		EXPECT(usage_of(mach_task_self()).iu_memory, before);	/* it is not our matter */
		EXPECT_TRUE(queue_is_empty(ours));
	} else {
		EXPECT_TRUE(notification_is(ours, MACH_NOTIFY_SEND_ONCE, 0));
	}
	port_destroy(ours);
}

void test_answers(void)
{
	try_message(answer);
}

static void ask_kernel(const struct asker *asker, mach_msg_id_t id, unsigned int words)
{
	static struct message message;

	message_init(&message, asker->task, MACH_MSG_TYPE_COPY_SEND, asker_right(asker),
		MACH_MSG_TYPE_MOVE_SEND_ONCE);
	message.header.msgh_id = id;
	if (words != 0) {
		message_type(&message, MACH_MSG_TYPE_PORT_NAME, 32, 1, TYPE_INLINE);
		message_word(&message, asker->port);
	}
	EXPECT(message_send(&message), MACH_MSG_SUCCESS);
}

static void ask_type(const struct asker *asker, boolean_t arrives)
{
	(void) arrives;
	ask_kernel(asker, PORT_TYPE_ID, 1);
}

static void ask_names(const struct asker *asker, boolean_t arrives)
{
	(void) arrives;
	ask_kernel(asker, PORT_NAMES_ID, 0);
}

void test_kernel_answers(void)
{
	try_message(ask_type);
	try_message(ask_names);
}

/* By a notification the asker learns that a port of ours has died. */
static void die(const struct asker *asker, boolean_t arrives)
{
	mach_port_t victim = port_new(), previous;

	(void) arrives;
	EXPECT(mach_port_request_notification(mach_task_self(), victim, MACH_NOTIFY_NO_SENDERS, 0,
		asker_right(asker), MACH_MSG_TYPE_MOVE_SEND_ONCE, &previous), KERN_SUCCESS);
	EXPECT(previous, MACH_PORT_NULL);
	port_destroy(victim);
}

void test_notifications(void)
{
	try_message(die);
}
