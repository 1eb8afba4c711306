/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Catching exceptions.  The thread that shall fault gets a port of ours as its exception port; if
 * it does not fault, it sends a message of its own to that port at its end.
 */
#include "fault.h"

#include <libmach/thread.h>
#include <mach.h>
#include <mach/exception.h>

#include "messages.h"
#include "ports.h"
#include "tap.h"

#define EXCEPTION_ID	2400
#define END_ID		1
#define PATIENCE	3000	/* milliseconds */

struct run {
	void		(*function)(void *);
	void		*argument;
	mach_port_t	port;
	mach_port_t	thread;
	struct message	message;
};

static void begin(void *argument)
{
	struct run *run = argument;

	run->function(run->argument);
	EXPECT(send_simple(run->port, END_ID), MACH_MSG_SUCCESS);
}

static void start(struct run *run, void (*function)(void *), void *argument)
{
	run->function = function;
	run->argument = argument;
	run->port = port_new_with_send(1);
	EXPECT(mach_thread_prepare(begin, run, &run->thread), KERN_SUCCESS);
	EXPECT(thread_set_exception_port(run->thread, run->port), KERN_SUCCESS);
	EXPECT(thread_resume(run->thread), KERN_SUCCESS);
}

/* Waits for one of the two messages.  Returns: whether it was the exception. */
static boolean_t wait_for_fault(struct run *run, struct fault *fault)
{
	struct message *message = &run->message;
	mach_msg_type_number_t count = i386_THREAD_STATE_COUNT;

	fault->happened = FALSE;
	if (message_receive_wait(message, run->port, PATIENCE) != MACH_MSG_SUCCESS) {
		tap_fail("neither an exception nor the end of the code");
		return FALSE;
	}
	if (message->header.msgh_id != EXCEPTION_ID)
		return FALSE;
	fault->happened = TRUE;
	EXPECT(message->body[1], run->thread);
	EXPECT(message->body[3], mach_task_self());
	fault->exception = message->body[5];
	fault->code = message->body[7];
	fault->subcode = message->body[9];
	EXPECT(thread_get_state(run->thread, i386_THREAD_STATE, (thread_state_t) &fault->state,
		&count), KERN_SUCCESS);
	EXPECT(mach_port_deallocate(mach_task_self(), message->body[1]), KERN_SUCCESS);
	EXPECT(mach_port_deallocate(mach_task_self(), message->body[3]), KERN_SUCCESS);
	return TRUE;
}

static void end(struct run *run)
{
	thread_terminate(run->thread);
	mach_thread_join(run->thread);
	port_destroy(run->port);
}

void fault_run(void (*function)(void *), void *argument, struct fault *fault)
{
	static struct run run;

	start(&run, function, argument);
	if (wait_for_fault(&run, fault)) {
		mach_port_t reply = run.message.header.msgh_remote_port;

		thread_terminate(run.thread);
		EXPECT(mach_port_deallocate(mach_task_self(), reply), KERN_SUCCESS);
	}
	end(&run);
}

static void answer(struct run *run, kern_return_t result)
{
	struct message *message = &run->message;

	message_init(message, message->header.msgh_remote_port, MACH_MSG_TYPE_MOVE_SEND_ONCE,
		MACH_PORT_NULL, 0);
	message->header.msgh_id = EXCEPTION_ID + 100;
	message_type(message, MACH_MSG_TYPE_INTEGER_32, 32, 1, TYPE_INLINE);
	message_word(message, result);
	EXPECT(message_send(message), MACH_MSG_SUCCESS);
}

boolean_t fault_run_and_resume(void (*function)(void *), void *argument, struct fault *fault,
	uintptr_t resume)
{
	static struct run run;
	struct fault second;
	boolean_t ended = FALSE;

	start(&run, function, argument);
	if (wait_for_fault(&run, fault)) {
		struct i386_thread_state state = fault->state;

		state.eip = resume;
		EXPECT(thread_set_state(run.thread, i386_THREAD_STATE, (thread_state_t) &state,
			i386_THREAD_STATE_COUNT), KERN_SUCCESS);
		answer(&run, KERN_SUCCESS);
		ended = !wait_for_fault(&run, &second);
	}
	end(&run);
	return ended;
}

boolean_t fault_kills_task(void (*function)(void *), void *argument)
{
	mach_port_t task, notify = port_new();
	struct message message;
	boolean_t died;

	EXPECT(mach_task_start(function, argument, &task), KERN_SUCCESS);
	EXPECT(port_request(task, MACH_NOTIFY_DEAD_NAME, 1, notify), KERN_SUCCESS);
	died = message_receive_wait(&message, notify, PATIENCE) == MACH_MSG_SUCCESS
		&& message.header.msgh_id == MACH_NOTIFY_DEAD_NAME;
	if (!died)
		task_terminate(task);
	port_destroy(task);
	port_destroy(notify);
	return died;
}
