/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names that have been used, also by the fast path, and then go or change in every way that
 * there is (PR-11): the next use must see it.
 */
#include <libmach/thread.h>
#include <mach.h>

#include "../common/messages.h"
#include "../common/ports.h"
#include "../common/tap.h"
#include "tests.h"

#define SELF		mach_task_self()
#define NEW_NAME	0x5678
#define NAME		0x4321	/* in another task */
#define COMMANDS	0x1111
#define RESULTS		0x1112

static mach_port_t server_port, reply_port;

static mach_msg_return_t call(mach_port_t name, mach_port_t reply)
{
	mach_msg_header_t header[2] = { {
		.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, MACH_MSG_TYPE_MAKE_SEND_ONCE),
		.msgh_remote_port = name,
		.msgh_local_port = reply,
		.msgh_id = 6,
	} };

	return mach_msg_trap(header, MACH_SEND_MSG | MACH_RCV_MSG, sizeof header[0], sizeof header,
		reply, 0, MACH_PORT_NULL);
}

static void serve(void *argument)
{
	struct message message;
	mach_msg_return_t result = message_receive_wait(&message, server_port, 5000);

	(void) argument;
	while (result == MACH_MSG_SUCCESS) {
		message.header.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_MOVE_SEND_ONCE, 0);
		message.header.msgh_local_port = MACH_PORT_NULL;
		result = mach_msg_trap(&message.header, MACH_SEND_MSG | MACH_RCV_MSG,
			sizeof message.header, sizeof message, server_port, 0, MACH_PORT_NULL);
		if (result == MACH_SEND_INVALID_DEST)	/* who called wants no reply */
			result = message_receive_wait(&message, server_port, 5000);
	}
}

/* --- in our own space ------------------------------------------------------------------------ */

static void send_in_message(mach_port_t name, unsigned int how)
{
	mach_port_t sink = port_new_with_send(1), names[] = { name };
	struct message message;

	message_init(&message, sink, MACH_MSG_TYPE_COPY_SEND, how == 0 ? name : MACH_PORT_NULL,
		how == 0 ? MACH_MSG_TYPE_MOVE_SEND : 0);
	if (how == 1)
		message_right(&message, name, MACH_MSG_TYPE_MOVE_SEND);
	if (how == 2)
		message_memory(&message, MACH_MSG_TYPE_MOVE_SEND, 32, 1, names, 0);
	EXPECT(message_send(&message), MACH_MSG_SUCCESS);
	port_destroy(sink);
}

static void go_deallocate(mach_port_t name)
{
	EXPECT(mach_port_deallocate(SELF, name), KERN_SUCCESS);
}

static void go_mod_refs(mach_port_t name)
{
	EXPECT(mach_port_mod_refs(SELF, name, MACH_PORT_RIGHT_SEND, -1), KERN_SUCCESS);
}

static void go_trap(mach_port_t name)
{
	EXPECT(syscall_mach_port_deallocate(SELF, name), KERN_SUCCESS);
}

static void go_rename(mach_port_t name)
{
	EXPECT(mach_port_rename(SELF, name, NEW_NAME), KERN_SUCCESS);
	EXPECT(call(NEW_NAME, reply_port), MACH_MSG_SUCCESS);
}

static void go_destroy(mach_port_t name)
{
	EXPECT(mach_port_destroy(SELF, name), KERN_SUCCESS);
}

/* To the port itself: its server sends the message back, to nobody. */
static void go_destination(mach_port_t name)
{
	struct message message;

	message_init(&message, name, MACH_MSG_TYPE_MOVE_SEND, MACH_PORT_DEAD,
		MACH_MSG_TYPE_MOVE_SEND_ONCE);
	EXPECT(message_send(&message), MACH_MSG_SUCCESS);
}

static void go_reply(mach_port_t name)
{
	send_in_message(name, 0);
}

static void go_inline(mach_port_t name)
{
	send_in_message(name, 1);
}

static void go_out_of_line(mach_port_t name)
{
	send_in_message(name, 2);
}

static const struct {
	const char	*text;
	void		(*go)(mach_port_t name);
} own_ways[] = {
	{ "deallocate", go_deallocate }, { "mod_refs", go_mod_refs },
	{ "deallocate by the trap", go_trap }, { "rename", go_rename },
	{ "destroy", go_destroy }, { "moved as a reply", go_reply },
	{ "moved inline", go_inline }, { "moved out of line", go_out_of_line },
	{ "moved as the destination", go_destination },
};

/* A send right to the server's port, whose receive right is elsewhere, so that the name goes. */
static mach_port_t server_right(mach_port_t owner)
{
	mach_port_t name = MACH_PORT_NULL;
	mach_msg_type_name_t type;

	EXPECT(mach_port_extract_right(owner, server_port, MACH_MSG_TYPE_MAKE_SEND, &name, &type),
		KERN_SUCCESS);
	return name;
}

static void serve_in_task(void *argument)
{
	server_port = COMMANDS;
	serve(argument);
}

static mach_port_t start_server(mach_port_t *thread)
{
	mach_port_t task;

	server_port = COMMANDS;
	EXPECT(mach_task_prepare(serve_in_task, NULL, &task, thread), KERN_SUCCESS);
	EXPECT(mach_port_allocate_name(task, MACH_PORT_RIGHT_RECEIVE, COMMANDS), KERN_SUCCESS);
	EXPECT(thread_resume(*thread), KERN_SUCCESS);
	return task;
}

static void end_task(mach_port_t task, mach_port_t thread)
{
	EXPECT(task_terminate(task), KERN_SUCCESS);
	port_destroy(task);
	port_destroy(thread);
}

void test_stale_own(void)
{
	mach_port_t thread, task = start_server(&thread);

	reply_port = port_new();
	for (unsigned int i = 0; i < COUNT_OF(own_ways); i++) {
		mach_port_t name = server_right(task);

		tap_about("%s", own_ways[i].text);
		for (int round = 0; round < 3; round++)
			EXPECT(call(name, reply_port), MACH_MSG_SUCCESS);
		own_ways[i].go(name);
		EXPECT(call(name, reply_port), MACH_SEND_INVALID_DEST);
		EXPECT(port_type(name), 0);
		if (port_type(NEW_NAME) != 0)
			EXPECT(mach_port_deallocate(SELF, NEW_NAME), KERN_SUCCESS);
	}
	end_task(task, thread);
	port_destroy(reply_port);
}

/* --- another task's name --------------------------------------------------------------------- */

/* Calls NAME as often as it is told, and tells the results. */
static void obey(void *argument)
{
	mach_port_t reply = mach_reply_port();
	struct message message;

	(void) argument;
	while (message_receive_wait(&message, COMMANDS, 5000) == MACH_MSG_SUCCESS) {
		mach_msg_return_t result = call(NAME, reply);

		message_init(&message, RESULTS, MACH_MSG_TYPE_COPY_SEND, MACH_PORT_NULL, 0);
		message_word(&message, result);
		message_send(&message);
	}
}

static mach_msg_return_t tell(mach_port_t commands, mach_port_t results)
{
	struct message message;

	EXPECT(send_simple(commands, 1), MACH_MSG_SUCCESS);
	if (!EXPECT(message_receive_wait(&message, results, 5000), MACH_MSG_SUCCESS))
		return ~0u;
	return message.body[0];
}

static void take_by_extract(mach_port_t task)
{
	mach_port_t got = MACH_PORT_NULL;
	mach_msg_type_name_t type;

	EXPECT(mach_port_extract_right(task, NAME, MACH_MSG_TYPE_MOVE_SEND, &got, &type),
		KERN_SUCCESS);
	EXPECT(mach_port_deallocate(SELF, got), KERN_SUCCESS);
}

static void take_by_deallocate(mach_port_t task)
{
	EXPECT(mach_port_deallocate(task, NAME), KERN_SUCCESS);
}

static void take_by_mod_refs(mach_port_t task)
{
	EXPECT(mach_port_mod_refs(task, NAME, MACH_PORT_RIGHT_SEND, -1), KERN_SUCCESS);
}

static void take_by_destroy(mach_port_t task)
{
	EXPECT(mach_port_destroy(task, NAME), KERN_SUCCESS);
}

static void take_by_rename(mach_port_t task)
{
	EXPECT(mach_port_rename(task, NAME, NEW_NAME), KERN_SUCCESS);
	EXPECT(mach_port_deallocate(task, NEW_NAME), KERN_SUCCESS);
}

/* The name is another thing then, a receive right: to send there is no right. */
static void take_by_replacing(mach_port_t task)
{
	EXPECT(mach_port_deallocate(task, NAME), KERN_SUCCESS);
	EXPECT(mach_port_allocate_name(task, MACH_PORT_RIGHT_RECEIVE, NAME), KERN_SUCCESS);
}

void test_stale_remote(void)
{
	static void (*const ways[])(mach_port_t task) = {
		take_by_extract, take_by_deallocate, take_by_mod_refs, take_by_destroy,
		take_by_rename, take_by_replacing,
	};
	mach_port_t results = port_new(), commands, task, thread, server;
	mach_msg_type_name_t type;

	server_port = port_new();
	EXPECT(mach_thread_start(serve, NULL, &server), KERN_SUCCESS);
	EXPECT(mach_task_prepare(obey, NULL, &task, &thread), KERN_SUCCESS);
	EXPECT(mach_port_allocate_name(task, MACH_PORT_RIGHT_RECEIVE, COMMANDS), KERN_SUCCESS);
	EXPECT(mach_port_insert_right(task, RESULTS, results, MACH_MSG_TYPE_MAKE_SEND),
		KERN_SUCCESS);
	EXPECT(mach_port_extract_right(task, COMMANDS, MACH_MSG_TYPE_MAKE_SEND, &commands, &type),
		KERN_SUCCESS);
	EXPECT(thread_resume(thread), KERN_SUCCESS);
	for (unsigned int i = 0; i < COUNT_OF(ways); i++) {
		tap_about("way %u", i);
		EXPECT(mach_port_insert_right(task, NAME, server_port, MACH_MSG_TYPE_MAKE_SEND),
			KERN_SUCCESS);
		EXPECT(tell(commands, results), MACH_MSG_SUCCESS);
		EXPECT(tell(commands, results), MACH_MSG_SUCCESS);
		ways[i](task);
		EXPECT(tell(commands, results), MACH_SEND_INVALID_DEST);
		EXPECT(port_status(server_port).mps_srights, FALSE);
	}
	port_destroy(server_port);
	mach_thread_join(server);
	end_task(task, thread);
	port_destroy(commands);
	port_destroy(results);
}

/* --- receive rights -------------------------------------------------------------------------- */

/* Sending by the receive right, receiving from it, and from the set that it was in. */
void test_stale_receive(void)
{
	mach_port_t port = port_new_with_send(1), set = port_new_set();
	mach_port_t sink = port_new_with_send(1);
	struct message message;

	EXPECT(mach_port_move_member(SELF, port, set), KERN_SUCCESS);
	EXPECT(send_simple(port, 1), MACH_MSG_SUCCESS);
	EXPECT(message_receive(&message, set), MACH_MSG_SUCCESS);
	EXPECT(mach_port_move_member(SELF, port, MACH_PORT_NULL), KERN_SUCCESS);
	EXPECT(send_simple(port, 2), MACH_MSG_SUCCESS);
	EXPECT(message_receive(&message, set), MACH_RCV_TIMED_OUT);
	EXPECT(message_receive(&message, port), MACH_MSG_SUCCESS);
	message_init(&message, sink, MACH_MSG_TYPE_COPY_SEND, MACH_PORT_NULL, 0);
	message_right(&message, port, MACH_MSG_TYPE_MOVE_RECEIVE);
	EXPECT(message_send(&message), MACH_MSG_SUCCESS);
	EXPECT(message_receive(&message, port), MACH_RCV_INVALID_NAME);
	message_init(&message, port, MACH_MSG_TYPE_MAKE_SEND, MACH_PORT_NULL, 0);
	EXPECT(message_send(&message), MACH_SEND_INVALID_DEST);
	EXPECT(call(sink, port), MACH_SEND_INVALID_REPLY);
	EXPECT(send_simple(port, 3), MACH_MSG_SUCCESS);
	port_destroy(sink);
	EXPECT(send_simple(port, 4), MACH_SEND_INVALID_DEST);
	port_destroy(port);
	port_destroy(set);
}
