/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tests of the dispatcher.  Requests are bare headers, to a task that nobody needs: what takes
 * no more arguments than the port may run.
 */
#include <libmach/string.h>
#include <mach.h>

#include "../common/messages.h"
#include "../common/ports.h"
#include "../common/tap.h"
#include "ids.h"
#include "tests.h"

#define SELF		mach_task_self()
#define NO_REPLY	0x7eadbeef

static mach_port_t new_task(void)
{
	mach_port_t task = MACH_PORT_NULL;

	EXPECT(task_create(SELF, FALSE, &task), KERN_SUCCESS);
	return task;
}

/* Returns: the code in the reply. */
static kern_return_t request(mach_port_t port, int id, struct message *message)
{
	mach_port_t reply = mach_reply_port();
	kern_return_t result = NO_REPLY;

	message_init(message, port, MACH_MSG_TYPE_COPY_SEND, reply,
		MACH_MSG_TYPE_MAKE_SEND_ONCE);
	message->header.msgh_id = id;
	EXPECT(message_send(message), MACH_MSG_SUCCESS);
	if (message_receive(message, reply) == MACH_MSG_SUCCESS) {
		EXPECT(message->header.msgh_id, id + 100);
		EXPECT(message->body[0], 0x10012002);
		result = message->body[1];
		if (message->header.msgh_bits & MACH_MSGH_BITS_COMPLEX)
			mach_msg_destroy(&message->header);
	}
	port_destroy(reply);
	return result;
}

/* To a task of its own each time, which ends afterwards. */
static kern_return_t request_to_task(int id)
{
	struct message message;
	mach_port_t task = new_task();
	kern_return_t result = request(task, id, &message);

	task_terminate(task);
	port_destroy(task);
	return result;
}

void test_unknown_ids(void)
{
	static const int ids[] = {
		0, 1, -1, 64, 65, 69, 72, 100, 1000, 1999, 2000, 2006, 2013, 2015, 2020, 2022,
		2100, 2107, 2199, 2200, 2299, 2400, 2599, 2650, 2700, 2799, 2900, 3199, 3209, 3219,
		3220, 3224, 3300, 4006, 4100, 4217, 4300, 4400, 5000, 10000, 0x7fffffff,
		(int) 0x80000000, 0x10000 + 3201, 0x1000000 + 2012,
	};

	for (unsigned int i = 0; i < COUNT_OF(ids); i++) {
		tap_about("id %d", ids[i]);
		EXPECT(request_to_task(ids[i]), MIG_BAD_ID);
	}
}

/* A bare header is answered by every routine in one way or another. */
void test_listed_ids(void)
{
	for (unsigned int i = 0; i < served_count; i++)
		for (int id = served_ids[i].first; id <= served_ids[i].last; id++) {
			kern_return_t result = request_to_task(id);

			tap_about("id %d", id);
			EXPECT_TRUE(result != MIG_BAD_ID);
			EXPECT_TRUE(result != NO_REPLY);
		}
	for (unsigned int i = 0; i < other_count; i++)
		for (int id = other_ids[i].first; id <= other_ids[i].last; id++)
			request_to_task(id);
}

void test_reply_form(void)
{
	struct message message;
	mach_port_t task = new_task();

	EXPECT(request(task, 2056, &message), KERN_SUCCESS);
	EXPECT(message.header.msgh_bits, MACH_MSGH_BITS(0, MACH_MSG_TYPE_PORT_SEND_ONCE));
	EXPECT(message.header.msgh_size, 32);
	EXPECT(message.header.msgh_remote_port, MACH_PORT_NULL);
	EXPECT(message.header.msgh_seqno, 0);
	task_terminate(task);
	port_destroy(task);
}

static kern_return_t send_words(const uint32_t *words, unsigned int count)
{
	mach_port_t reply = mach_reply_port();
	struct message message;
	kern_return_t result = NO_REPLY;

	message_init(&message, SELF, MACH_MSG_TYPE_COPY_SEND, reply,
		MACH_MSG_TYPE_MAKE_SEND_ONCE);
	message.header.msgh_id = 3201;
	for (unsigned int i = 0; i < count; i++)
		message_word(&message, words[i]);
	EXPECT(message_send(&message), MACH_MSG_SUCCESS);
	if (message_receive(&message, reply) == MACH_MSG_SUCCESS)
		result = message.body[1];
	port_destroy(reply);
	return result;
}

/* mach_port_type, whose one argument is a name: each bit of the type word wrong in turn. */
void test_bad_requests(void)
{
	mach_port_t port = port_new();
	uint32_t words[] = { 0x1001200f, port, 0 };

	EXPECT(send_words(words, 2), KERN_SUCCESS);
	EXPECT(send_words(words, 0), MIG_BAD_ARGUMENTS);
	EXPECT(send_words(words, 1), MIG_BAD_ARGUMENTS);
	EXPECT(send_words(words, 3), MIG_BAD_ARGUMENTS);
	for (int bit = 0; bit < 32; bit++) {
		tap_about("bit %d", bit);
		words[0] = 0x1001200f ^ 1u << bit;
		EXPECT(send_words(words, 2), MIG_BAD_ARGUMENTS);
	}
	port_destroy(port);
}

/* Null, dead, a kernel port, none: the routine runs all the same. */
void test_no_reply_right(void)
{
	mach_port_t task = new_task(), dead = port_new_dead();
	static const struct {
		mach_port_t	name;
		unsigned int	type;
	} replies[] = {
		{ MACH_PORT_NULL, 0 },
		{ MACH_PORT_NULL, MACH_MSG_TYPE_MAKE_SEND_ONCE },
		{ MACH_PORT_DEAD, MACH_MSG_TYPE_COPY_SEND },
	};
	struct message message;
	struct task_basic_info info;
	mach_msg_type_number_t count = TASK_BASIC_INFO_COUNT;

	for (unsigned int i = 0; i < COUNT_OF(replies); i++) {
		message_init(&message, task, MACH_MSG_TYPE_COPY_SEND, replies[i].name,
			replies[i].type);
		message.header.msgh_id = 2056;
		EXPECT(message_send(&message), MACH_MSG_SUCCESS);
	}
	message_init(&message, task, MACH_MSG_TYPE_COPY_SEND, dead, MACH_MSG_TYPE_COPY_SEND);
	message.header.msgh_id = 2056;
	EXPECT(message_send(&message), MACH_MSG_SUCCESS);
	message_init(&message, task, MACH_MSG_TYPE_COPY_SEND, SELF, MACH_MSG_TYPE_COPY_SEND);
	message.header.msgh_id = 2056;
	EXPECT(message_send(&message), MACH_MSG_SUCCESS);
	EXPECT(task_info(task, TASK_BASIC_INFO, (task_info_t) &info, &count), KERN_SUCCESS);
	EXPECT(info.suspend_count, 5);
	task_terminate(task);
	port_destroy(task);
	port_destroy(dead);
}

/* What a refused request carried is destroyed, all of it, and only once. */
void test_request_rights(void)
{
	static const int ids[] = { 1999, 2056, 2059, 3201, 3215 };
	mach_port_t reply = port_new(), port = port_new(), task = new_task();
	struct message message;

	for (unsigned int i = 0; i < COUNT_OF(ids); i++) {
		tap_about("id %d", ids[i]);
		message_init(&message, task, MACH_MSG_TYPE_COPY_SEND, reply,
			MACH_MSG_TYPE_MAKE_SEND_ONCE);
		message.header.msgh_id = ids[i];
		message_right(&message, port, MACH_MSG_TYPE_MAKE_SEND);
		message_right(&message, port, MACH_MSG_TYPE_MAKE_SEND_ONCE);
		message_memory(&message, MACH_MSG_TYPE_MAKE_SEND, 32, 1, &port, 0);
		message_memory(&message, MACH_MSG_TYPE_BYTE, 8, 100, &message, 0);
		EXPECT(message_send(&message), MACH_MSG_SUCCESS);
		EXPECT(message_receive(&message, reply), MACH_MSG_SUCCESS);
		EXPECT(message.body[1], i == 0 ? MIG_BAD_ID : MIG_BAD_ARGUMENTS);
		EXPECT_TRUE(notification_is(port, MACH_NOTIFY_SEND_ONCE, 0));
		EXPECT(port_status(port).mps_srights, FALSE);
		EXPECT(port_status(port).mps_sorights, 0);
		EXPECT(port_status(port).mps_msgcount, 0);
	}
	task_terminate(task);
	port_destroy(task);
	port_destroy(reply);
	port_destroy(port);
}
