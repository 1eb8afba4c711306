/* SPDX-License-Identifier: BSD-2-Clause */
#include "handlers.h"

#include <libmach/string.h>
#include <libmach/thread.h>
#include <mach/notify.h>
#include <mach/task_special_ports.h>

#include "../common/ports.h"
#include "../common/tap.h"

#define PATIENCE 3000		/* milliseconds */

static void suffer(void *unused)
{
	(void) unused;
	for (;;)
		__asm__ volatile("int3\n\tud2");
}

void sufferer_prepare(struct sufferer *s, void (*function)(void *))
{
	s->by_thread = port_new_with_send(1);
	s->by_task = port_new_with_send(1);
	s->death = port_new();
	EXPECT(mach_task_prepare(function, NULL, &s->task, &s->thread), KERN_SUCCESS);
	EXPECT(thread_set_exception_port(s->thread, s->by_thread), KERN_SUCCESS);
	EXPECT(task_set_exception_port(s->task, s->by_task), KERN_SUCCESS);
	EXPECT(port_request(s->task, MACH_NOTIFY_DEAD_NAME, 1, s->death), KERN_SUCCESS);
}

void sufferer_start_with(struct sufferer *s, void (*function)(void *))
{
	sufferer_prepare(s, function);
	EXPECT(thread_resume(s->thread), KERN_SUCCESS);
}

void sufferer_start(struct sufferer *s)
{
	sufferer_start_with(s, suffer);
}

void sufferer_end(struct sufferer *s)
{
	task_terminate(s->task);
	port_destroy(s->task);
	port_destroy(s->thread);
	port_destroy(s->by_thread);
	port_destroy(s->by_task);
	port_destroy(s->death);
}

/* --- how a handler waits --------------------------------------------------------------------- */

static boolean_t is_straight;
static mach_port_t next;		/* what the next answer awaits */
static struct message came;		/* what it got */
static boolean_t has_come;

void handle_straight(boolean_t straight, mach_port_t port)
{
	is_straight = straight;
	next = port;
}

mach_msg_return_t answer_send(struct message *reply)
{
	mach_msg_return_t result;

	if (!is_straight)
		return message_send(reply);
	memcpy(&came, reply, reply->header.msgh_size);
	result = mach_msg(&came.header, MACH_SEND_MSG | MACH_RCV_MSG, reply->header.msgh_size,
		sizeof came, next, MACH_MSG_TIMEOUT_NONE, MACH_PORT_NULL);
	has_come = result == MACH_MSG_SUCCESS;
	return result;
}

static mach_msg_return_t receive(struct message *message, mach_port_t port)
{
	if (has_come) {
		has_come = FALSE;
		memcpy(message, &came, came.header.msgh_size);
		return MACH_MSG_SUCCESS;
	}
	if (is_straight)
		return mach_msg(&message->header, MACH_RCV_MSG, 0, sizeof *message, port,
			MACH_MSG_TIMEOUT_NONE, MACH_PORT_NULL);
	return message_receive_wait(message, port, PATIENCE);
}

boolean_t exception_arrives(mach_port_t port, struct message *message)
{
	return EXPECT(receive(message, port), MACH_MSG_SUCCESS);
}

boolean_t exception_comes(mach_port_t port, int exception, struct message *message)
{
	if (!exception_arrives(port, message))
		return FALSE;
	EXPECT(message->header.msgh_id, 2400);
	EXPECT(message->body[5], exception);
	EXPECT(mach_port_deallocate(SELF, message->body[1]), KERN_SUCCESS);
	EXPECT(mach_port_deallocate(SELF, message->body[3]), KERN_SUCCESS);
	return TRUE;
}

boolean_t exception_is_quiet(mach_port_t port)
{
	static struct message message;

	return message_receive_wait(&message, port, 50) == MACH_RCV_TIMED_OUT;
}

boolean_t sufferer_is_dead(struct sufferer *s)
{
	struct message message;

	if (receive(&message, s->death) != MACH_MSG_SUCCESS)
		return FALSE;
	EXPECT(message.header.msgh_id, MACH_NOTIFY_DEAD_NAME);
	return port_type(s->task) == MACH_PORT_TYPE_DEAD_NAME;
}

mach_msg_return_t answer_with(const struct message *request, kern_return_t result)
{
	struct message reply;

	message_init(&reply, request->header.msgh_remote_port, MACH_MSG_TYPE_MOVE_SEND_ONCE,
		MACH_PORT_NULL, 0);
	reply.header.msgh_id = 2500;
	message_type(&reply, MACH_MSG_TYPE_INTEGER_32, 32, 1, TYPE_INLINE);
	message_word(&reply, result);
	return answer_send(&reply);
}

void answer_yes(const struct message *request)
{
	EXPECT(answer_with(request, KERN_SUCCESS), MACH_MSG_SUCCESS);
}
