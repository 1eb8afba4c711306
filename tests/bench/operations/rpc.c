/* SPDX-License-Identifier: BSD-2-Clause */
/* Round trips. */
#include "rpc.h"

#include <libmach/string.h>
#include <libmach/thread.h>
#include <mach.h>

#include "../common/measure.h"

#define REQUEST_ID	7000
#define SERVER_NAME	0x1000		/* the port's name in a server task */
#define ROOM		2048

struct message {
	mach_msg_header_t	header;
	mach_msg_type_t		type;
	union {
		char		bytes[1024];
		mach_port_t	right;
	};
	char			room[ROOM - 1024];
};

struct client {
	mach_port_t		service;
	mach_port_t		reply;
	mach_msg_bits_t		bits;
	mach_msg_size_t		size;
	struct message		message;
};

/* --- the server ------------------------------------------------------------------------------ */

static _Noreturn void serve(mach_port_t receive)
{
	struct message message;
	mach_msg_option_t option = MACH_RCV_MSG;

	for (;;) {
		mach_msg_trap(&message.header, option, sizeof message.header, sizeof message,
			receive, MACH_MSG_TIMEOUT_NONE, MACH_PORT_NULL);
		message.header.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_MOVE_SEND_ONCE, 0);
		message.header.msgh_local_port = MACH_PORT_NULL;
		message.header.msgh_id = REQUEST_ID + 100;
		option = MACH_SEND_MSG | MACH_RCV_MSG;
	}
}

static void serve_on_port(void *argument)
{
	serve((mach_port_t) (uintptr_t) argument);
}

static void serve_on_set(void *argument)
{
	mach_port_t set, port = (mach_port_t) (uintptr_t) argument;

	must("set", mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_PORT_SET, &set));
	must("member", mach_port_move_member(mach_task_self(), port, set));
	serve(set);
}

static mach_port_t start_thread(mach_port_t port)
{
	mach_port_t thread;

	must("thread", mach_thread_start(serve_on_port, (void *) (uintptr_t) port, &thread));
	return thread;
}

/* The receive right moves into the new task before that runs; the send right stays. */
static mach_port_t start_task(mach_port_t port, enum server kind)
{
	void (*function)(void *) = kind == SERVER_TASK ? serve_on_port : serve_on_set;
	mach_port_t task, thread;

	must("task", mach_task_prepare(function, (void *) SERVER_NAME, &task, &thread));
	must("insert", mach_port_insert_right(task, SERVER_NAME, port,
		MACH_MSG_TYPE_MOVE_RECEIVE));
	must("resume", thread_resume(thread));
	mach_port_deallocate(mach_task_self(), thread);
	return task;
}

/* --- the client ------------------------------------------------------------------------------ */

static void round_trip(void *argument)
{
	struct client *client = argument;
	mach_msg_header_t *header = &client->message.header;

	header->msgh_bits = client->bits;
	header->msgh_size = client->size;
	header->msgh_remote_port = client->service;
	header->msgh_local_port = client->reply;
	header->msgh_id = REQUEST_ID;
	mach_msg_trap(header, MACH_SEND_MSG | MACH_RCV_MSG, client->size,
		sizeof client->message, client->reply, MACH_MSG_TIMEOUT_NONE, MACH_PORT_NULL);
}

static void set_type(struct client *client, unsigned int name, unsigned int size,
	unsigned int number)
{
	client->message.type = (mach_msg_type_t) {
		.msgt_name = name,
		.msgt_size = size,
		.msgt_number = number,
		.msgt_inline = TRUE,
	};
	client->size = sizeof client->message.header + sizeof client->message.type
		+ size * number / 8;
}

static void set_load(struct client *client, enum load load)
{
	client->bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, MACH_MSG_TYPE_MAKE_SEND_ONCE);
	client->size = sizeof client->message.header;
	switch (load) {
	case LOAD_NONE:
		break;
	case LOAD_64_BYTES:
		set_type(client, MACH_MSG_TYPE_BYTE, 8, 64);
		break;
	case LOAD_1024_BYTES:
		set_type(client, MACH_MSG_TYPE_BYTE, 8, 1024);
		break;
	case LOAD_RIGHT:
		client->bits |= MACH_MSGH_BITS_COMPLEX;
		client->message.right = client->service;
		set_type(client, MACH_MSG_TYPE_COPY_SEND, 32, 1);
		break;
	}
}

/* The first round trip shows that the path works at all, the last that it still does. */
static void check(struct client *client)
{
	round_trip(client);
	must("round trip", client->message.header.msgh_id == REQUEST_ID + 100
		? KERN_SUCCESS : KERN_FAILURE);
}

static void stop(enum server kind, mach_port_t server, const struct client *client)
{
	if (kind == SERVER_THREAD) {
		thread_terminate(server);
		mach_thread_join(server);
	} else {
		task_terminate(server);
		mach_port_deallocate(mach_task_self(), server);
	}
	mach_port_destroy(mach_task_self(), client->service);
	mach_port_destroy(mach_task_self(), client->reply);
}

void measure_rpc(const char *name, enum server kind, enum load load)
{
	static struct client client;
	mach_port_t server;

	memset(&client, 0, sizeof client);
	client.service = mach_reply_port();
	client.reply = mach_reply_port();
	must("send right", mach_port_insert_right(mach_task_self(), client.service,
		client.service, MACH_MSG_TYPE_MAKE_SEND));
	set_load(&client, load);
	server = kind == SERVER_THREAD ? start_thread(client.service)
		: start_task(client.service, kind);
	check(&client);
	measure(name, round_trip, &client, NULL);
	check(&client);
	stop(kind, server, &client);
}
