/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A task that is killed while others wait for it.  The program makes a second task, the victim,
 * which offers a port and never receives from it.  Three threads come to wait for that port,
 * each in another way; then the victim is killed, and none of them waits for ever.
 */
#include <libmach/print.h>
#include <libmach/thread.h>
#include <mach.h>

#include "echo.h"
#include "netname.h"

#define NAME		"victim"
#define PATIENCE	20	/* milliseconds in which a thread surely comes to wait */

struct waiter {
	mach_port_t	port;		/* what it waits for */
	mach_port_t	thread;
	kern_return_t	result;
};

static void sleep(unsigned int milliseconds)
{
	mach_msg_header_t nothing;
	mach_port_t port = mach_reply_port();

	mach_msg(&nothing, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, sizeof nothing, port,
		milliseconds, MACH_PORT_NULL);
	mach_port_mod_refs(mach_task_self(), port, MACH_PORT_RIGHT_RECEIVE, -1);
}

/* --- the victim ------------------------------------------------------------------------------ */

/* The name server is its bootstrap port too, inherited from us, under a name of its own. */
static void victim(void *unused)
{
	mach_port_t names, port = mach_reply_port();

	(void) unused;
	mach_port_insert_right(mach_task_self(), port, port, MACH_MSG_TYPE_MAKE_SEND);
	task_get_bootstrap_port(mach_task_self(), &names);
	netname_check_in(names, NAME, MACH_PORT_NULL, port);
	for (;;)
		sleep(1000);
}

static kern_return_t make_victim(mach_port_t names, mach_port_t *task, mach_port_t *port)
{
	kern_return_t result = mach_task_start(victim, NULL, task);

	if (result != KERN_SUCCESS)
		return result;
	while (netname_look_up(names, "", NAME, port) != KERN_SUCCESS)
		sleep(PATIENCE);
	return KERN_SUCCESS;
}

/* --- those who wait -------------------------------------------------------------------------- */

static kern_return_t send(mach_port_t port, mach_msg_option_t option)
{
	mach_msg_header_t message = {
		.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, 0),
		.msgh_remote_port = port,
	};

	return mach_msg(&message, MACH_SEND_MSG | option, sizeof message, 0, MACH_PORT_NULL,
		0, MACH_PORT_NULL);
}

static void wait_for_reply(void *argument)
{
	struct waiter *self = argument;

	self->result = echo_nothing(self->port);
}

static void wait_for_room(void *argument)
{
	struct waiter *self = argument;

	while (send(self->port, MACH_SEND_TIMEOUT) == MACH_MSG_SUCCESS)
		;
	self->result = send(self->port, 0);
}

static void wait_for_message(void *argument)
{
	struct waiter *self = argument;
	mach_msg_header_t message;

	self->result = mach_msg(&message, MACH_RCV_MSG, 0, sizeof message, self->port,
		MACH_MSG_TIMEOUT_NONE, MACH_PORT_NULL);
}

static kern_return_t start(struct waiter *waiter, void (*function)(void *))
{
	kern_return_t result = mach_thread_start(function, waiter, &waiter->thread);

	sleep(PATIENCE);
	return result;
}

/* --- the story ------------------------------------------------------------------------------- */

static kern_return_t hear_of_death(mach_port_t port, mach_port_t notify)
{
	mach_dead_name_notification_t message;
	kern_return_t result;

	result = mach_msg(&message.not_header, MACH_RCV_MSG, 0, sizeof message, notify,
		MACH_MSG_TIMEOUT_NONE, MACH_PORT_NULL);
	if (result != KERN_SUCCESS)
		return result;
	printf("[victim] Who asked for a notification: name %u is dead, it says (%s).\n",
		message.not_port, message.not_header.msgh_id == MACH_NOTIFY_DEAD_NAME
			&& message.not_port == port ? "right" : "WRONG");
	return KERN_SUCCESS;
}

static kern_return_t kill_while_others_wait(mach_port_t task, mach_port_t port)
{
	struct waiter reply = { .port = port }, room = { .port = port };
	mach_port_t notify = mach_reply_port(), previous;
	kern_return_t result;

	result = mach_port_request_notification(mach_task_self(), port, MACH_NOTIFY_DEAD_NAME, 1,
		notify, MACH_MSG_TYPE_MAKE_SEND_ONCE, &previous);
	if (result == KERN_SUCCESS)
		result = start(&reply, wait_for_reply);
	if (result == KERN_SUCCESS)
		result = start(&room, wait_for_room);
	if (result != KERN_SUCCESS)
		return result;
	printf("[victim] One thread waits for its reply, one for room in its full queue,\n"
		"[victim] one has asked for a notification of its death. I kill it.\n");
	result = task_terminate(task);
	if (result != KERN_SUCCESS)
		return result;
	mach_thread_join(reply.thread);
	printf("[victim] Who waited for the reply: \"%s\".\n", mach_error_string(reply.result));
	mach_thread_join(room.thread);
	printf("[victim] Who waited for room: \"%s\", its message is gone with the queue.\n",
		mach_error_string(room.result));
	return hear_of_death(port, notify);
}

static kern_return_t destroy_while_receiving(void)
{
	struct waiter waiter = { .port = mach_reply_port() };
	kern_return_t result = start(&waiter, wait_for_message);

	if (result != KERN_SUCCESS)
		return result;
	result = mach_port_destroy(mach_task_self(), waiter.port);
	mach_thread_join(waiter.thread);
	printf("[victim] I destroyed a port on which a thread of mine was receiving:\n"
		"[victim] \"%s\".\n", mach_error_string(waiter.result));
	return result;
}

int main(void)
{
	mach_port_t names, task, port;
	kern_return_t result;

	result = task_get_bootstrap_port(mach_task_self(), &names);
	if (result == KERN_SUCCESS)
		result = make_victim(names, &task, &port);
	if (result == KERN_SUCCESS) {
		printf("[victim] I made a task with a copy of my memory; it offers a port.\n");
		result = kill_while_others_wait(task, port);
	}
	if (result == KERN_SUCCESS && netname_look_up(names, "", NAME, &port) != KERN_SUCCESS)
		printf("[victim] The name server has heard of it too: the name is gone.\n");
	if (result == KERN_SUCCESS)
		result = destroy_while_receiving();
	if (result != KERN_SUCCESS)
		mach_error("[victim] FAILED", result);
	return result;
}
