/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of threads, tasks and handlers that end while an exception waits for its answer. */
#include "handlers.h"

#include <libmach/thread.h>
#include <mach/mach_traps.h>
#include <mach/notify.h>
#include <mach/task_special_ports.h>

#include "../common/ports.h"
#include "../common/snapshot.h"
#include "../common/tap.h"

static struct message request;

/* --- EX-1: no answer ------------------------------------------------------------------------- */

static void break_now(void *unused)
{
	(void) unused;
	__asm__ volatile("int3");
}

static mach_port_t handler;

static mach_port_t start_thread(void)
{
	mach_port_t thread;

	EXPECT(mach_thread_prepare(break_now, NULL, &thread), KERN_SUCCESS);
	EXPECT(thread_set_exception_port(thread, handler), KERN_SUCCESS);
	EXPECT(thread_resume(thread), KERN_SUCCESS);
	return thread;
}

/* Who was to have the answer has gone, or goes now. */
static void drop_request(void)
{
	mach_port_t reply = request.header.msgh_remote_port;

	for (int i = 0; i < 100 && port_type(reply) != MACH_PORT_TYPE_DEAD_NAME; i++)
		swtch_pri(0);
	EXPECT(port_type(reply), MACH_PORT_TYPE_DEAD_NAME);
	EXPECT(mach_port_deallocate(SELF, reply), KERN_SUCCESS);
}

static void thread_unanswered(void)
{
	mach_port_t thread = start_thread();

	exception_comes(handler, EXC_BREAKPOINT, &request);
	EXPECT(thread_terminate(thread), KERN_SUCCESS);
	mach_thread_join(thread);
	drop_request();
}

static void task_unanswered(void)
{
	struct sufferer s;

	sufferer_start(&s);
	exception_comes(s.by_thread, EXC_BREAKPOINT, &request);
	EXPECT(task_terminate(s.task), KERN_SUCCESS);
	EXPECT_TRUE(sufferer_is_dead(&s));
	drop_request();
	sufferer_end(&s);
}

static void thread_aborted(void)
{
	mach_port_t thread = start_thread();

	exception_comes(handler, EXC_BREAKPOINT, &request);
	EXPECT(thread_suspend(thread), KERN_SUCCESS);
	EXPECT(thread_abort(thread), KERN_SUCCESS);
	drop_request();
	EXPECT(thread_terminate(thread), KERN_SUCCESS);
	mach_thread_join(thread);
}

/* The kernel keeps nothing of them. */
void test_unanswered(void)
{
	handler = port_new_with_send(1);
	snapshot_conserved(thread_unanswered, tap_rounds(300, 10000));
	snapshot_conserved(thread_aborted, tap_rounds(300, 10000));
	snapshot_conserved(task_unanswered, tap_rounds(50, 10000));
	port_destroy(handler);
}

/* The instruction is tried again, unless the state was changed. */
void test_abort(void)
{
	struct i386_thread_state state;
	mach_msg_type_number_t count = i386_THREAD_STATE_COUNT;
	struct sufferer s;

	sufferer_start(&s);
	exception_comes(s.by_thread, EXC_BREAKPOINT, &request);
	answer_yes(&request);
	for (int i = 0; i < 5; i++) {
		exception_comes(s.by_thread, EXC_BAD_INSTRUCTION, &request);
		EXPECT(thread_abort(s.thread), KERN_SUCCESS);
		drop_request();
	}
	exception_comes(s.by_thread, EXC_BAD_INSTRUCTION, &request);
	EXPECT(thread_suspend(s.thread), KERN_SUCCESS);
	EXPECT(thread_abort(s.thread), KERN_SUCCESS);
	drop_request();
	EXPECT(thread_get_state(s.thread, i386_THREAD_STATE, (thread_state_t) &state, &count),
		KERN_SUCCESS);
	state.eip += 2;
	EXPECT(thread_set_state(s.thread, i386_THREAD_STATE, (thread_state_t) &state, count),
		KERN_SUCCESS);
	EXPECT(thread_resume(s.thread), KERN_SUCCESS);
	exception_comes(s.by_thread, EXC_BREAKPOINT, &request);
	EXPECT_TRUE(exception_is_quiet(s.by_task));
	sufferer_end(&s);
	EXPECT(mach_port_deallocate(SELF, request.header.msgh_remote_port), KERN_SUCCESS);
}

/* An answer for a thread that waits no more has no effect on it, whatever it does then. */
void test_late_answers(void)
{
	struct sufferer s;
	struct message late;

	sufferer_start(&s);
	exception_comes(s.by_thread, EXC_BREAKPOINT, &request);
	answer_yes(&request);
	exception_comes(s.by_thread, EXC_BAD_INSTRUCTION, &late);
	EXPECT(thread_abort(s.thread), KERN_SUCCESS);
	exception_comes(s.by_thread, EXC_BAD_INSTRUCTION, &request);
	EXPECT(answer_with(&late, KERN_SUCCESS), MACH_SEND_INVALID_DEST);
	EXPECT(answer_with(&late, KERN_FAILURE), MACH_SEND_INVALID_DEST);
	EXPECT_TRUE(exception_is_quiet(s.by_thread));
	EXPECT_TRUE(exception_is_quiet(s.by_task));
	EXPECT(task_terminate(s.task), KERN_SUCCESS);
	EXPECT_TRUE(sufferer_is_dead(&s));
	EXPECT(answer_with(&request, KERN_SUCCESS), MACH_SEND_INVALID_DEST);
	EXPECT(mach_port_deallocate(SELF, late.header.msgh_remote_port), KERN_SUCCESS);
	EXPECT(mach_port_deallocate(SELF, request.header.msgh_remote_port), KERN_SUCCESS);
	sufferer_end(&s);
}

/* --- EX-4: the handler ends the thread, or its own task -------------------------------------- */

void test_terminated_by_handler(void)
{
	struct sufferer s;

	sufferer_start(&s);
	exception_comes(s.by_thread, EXC_BREAKPOINT, &request);
	EXPECT(thread_terminate(s.thread), KERN_SUCCESS);
	EXPECT(port_type(s.thread), MACH_PORT_TYPE_DEAD_NAME);
	EXPECT(answer_with(&request, KERN_SUCCESS), MACH_SEND_INVALID_DEST);
	EXPECT(mach_port_deallocate(SELF, request.header.msgh_remote_port), KERN_SUCCESS);
	EXPECT_TRUE(exception_is_quiet(s.by_task));
	sufferer_end(&s);
}

/* A handler in the task of the thread that faults, with an answer or without. */
static mach_port_t own_handler;

static void end_own_task(void *unused)
{
	(void) unused;
	message_receive_wait(&request, own_handler, 3000);
	task_terminate(SELF);
}

static void fault_with_own_handler(void *unused)
{
	mach_port_t thread = mach_thread_self();

	own_handler = port_new_with_send(1);
	mach_thread_start(end_own_task, NULL, NULL);
	thread_set_exception_port(thread, own_handler);
	break_now(unused);
	for (;;)
		swtch_pri(0);
}

static void try_end(void (*function)(void *))
{
	struct sufferer s = { .death = port_new() };
	struct message message;

	EXPECT(mach_task_start(function, NULL, &s.task), KERN_SUCCESS);
	EXPECT(port_request(s.task, MACH_NOTIFY_DEAD_NAME, 1, s.death), KERN_SUCCESS);
	EXPECT(message_receive_wait(&message, s.death, 3000), MACH_MSG_SUCCESS);
	EXPECT(port_type(s.task), MACH_PORT_TYPE_DEAD_NAME);
	task_terminate(s.task);
	port_destroy(s.task);
	port_destroy(s.death);
}

void test_own_task_ends(void)
{
	for (int i = 0; i < 20; i++)
		try_end(fault_with_own_handler);
}

/* --- handlers that die ----------------------------------------------------------------------- */

/* With the request received, or still in its queue. */
void test_handler_dies(void)
{
	for (int queued = 0; queued < 2; queued++) {
		struct sufferer s;

		tap_about("queued: %d", queued);
		sufferer_start(&s);
		if (queued)
			sleep_for(50);
		else
			exception_comes(s.by_thread, EXC_BREAKPOINT, &request);
		port_destroy(s.by_thread);
		s.by_thread = port_new();
		if (!queued)
			EXPECT(mach_port_deallocate(SELF, request.header.msgh_remote_port),
				KERN_SUCCESS);
		exception_comes(s.by_task, EXC_BREAKPOINT, &request);
		answer_yes(&request);
		/* The thread's handler is dead: not asked again. */
		exception_comes(s.by_task, EXC_BAD_INSTRUCTION, &request);
		port_destroy(s.by_task);
		s.by_task = port_new();
		EXPECT(mach_port_deallocate(SELF, request.header.msgh_remote_port), KERN_SUCCESS);
		EXPECT_TRUE(sufferer_is_dead(&s));
		sufferer_end(&s);
	}
}

/* A handler that faults itself, and is its own handler: it waits for itself, and can be ended. */
static void handle_badly(void *unused)
{
	thread_set_exception_port(mach_thread_self(), handler);
	message_receive_wait(&request, handler, 3000);
	break_now(unused);
}

static void fault_and_wait(void *unused)
{
	handler = port_new_with_send(1);
	mach_thread_start(handle_badly, NULL, NULL);
	thread_set_exception_port(mach_thread_self(), handler);
	break_now(unused);
}

void test_handler_of_itself(void)
{
	mach_port_t task;

	EXPECT(mach_task_start(fault_and_wait, NULL, &task), KERN_SUCCESS);
	sleep_for(100);
	EXPECT(port_type(task), MACH_PORT_TYPE_SEND);
	EXPECT(task_terminate(task), KERN_SUCCESS);
	EXPECT(port_type(task), MACH_PORT_TYPE_DEAD_NAME);
	port_destroy(task);
}
