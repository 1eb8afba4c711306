/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The life of tasks and threads: stopping, aborting and ending them in every state, by
 * themselves and by others, alone and against each other.
 */
#include <libmach/string.h>
#include <libmach/thread.h>
#include <mach.h>
#include <mach/thread_switch.h>

#include "../common/messages.h"
#include "../common/ports.h"
#include "../common/tap.h"
#include "../common/worker.h"

static void expect_dead(mach_port_t name)
{
	EXPECT(port_type(name), MACH_PORT_TYPE_DEAD_NAME);
	port_destroy(name);
}

static thread_basic_info_data_t thread_state_of(mach_port_t thread)
{
	thread_basic_info_data_t info;
	mach_msg_type_number_t count = THREAD_BASIC_INFO_COUNT;

	memset(&info, 0, sizeof info);
	EXPECT(thread_info(thread, THREAD_BASIC_INFO, (thread_info_t)&info, &count), KERN_SUCCESS);
	return info;
}

/* A thread without a stack of ours: for what never runs. */
static mach_port_t bare_thread(mach_port_t task)
{
	mach_port_t thread = MACH_PORT_NULL;

	EXPECT(thread_create(task, &thread), KERN_SUCCESS);
	return thread;
}

static mach_port_t bare_task(boolean_t inherit)
{
	mach_port_t task = MACH_PORT_NULL;

	EXPECT(task_create(mach_task_self(), inherit, &task), KERN_SUCCESS);
	return task;
}

/* A task with a copy of our memory, in which a thread will run the function. */
static mach_port_t task_running(void (*function)(void *), mach_port_t *thread)
{
	mach_port_t task = MACH_PORT_NULL;

	EXPECT(mach_task_prepare(function, NULL, &task, thread), KERN_SUCCESS);
	EXPECT(thread_resume(*thread), KERN_SUCCESS);
	return task;
}

static void spin(void *argument)
{
	(void)argument;
	for (;;)
		__asm__ volatile("");
}

static void receive_for_ever(void *argument)
{
	mach_msg_header_t header;

	(void)argument;
	for (;;)
		mach_msg_trap(&header, MACH_RCV_MSG, 0, sizeof header, mach_reply_port(), 0,
			      MACH_PORT_NULL);
}

static void wait_in_switch(void *argument)
{
	(void)argument;
	for (;;)
		thread_switch(MACH_PORT_NULL, SWITCH_OPTION_WAIT, 100000);
}

static void stop_self(void *argument)
{
	(void)argument;
	for (;;)
		thread_suspend(mach_thread_self());
}

static void end_task(void *argument)
{
	task_terminate(mach_task_self());
	spin(argument);
}

static void end_thread(void *argument)
{
	thread_terminate(mach_thread_self());
	spin(argument);
}

static void fault(void *argument)
{
	(void)argument;
	__asm__ volatile("ud2");
}

/* --- Threads ------------------------------------------------------------------------------ */

static void test_new_thread(void)
{
	mach_port_t thread = bare_thread(mach_task_self());
	thread_basic_info_data_t info = thread_state_of(thread);

	EXPECT(info.suspend_count, 1);
	EXPECT(info.run_state, TH_STATE_STOPPED);
	EXPECT(info.base_priority, 25);
	EXPECT(thread_suspend(thread), KERN_SUCCESS);
	EXPECT(thread_state_of(thread).suspend_count, 2);
	EXPECT(thread_resume(thread), KERN_SUCCESS);
	EXPECT(thread_abort(thread), KERN_SUCCESS);
	EXPECT(thread_state_of(thread).run_state, TH_STATE_HALTED);
	EXPECT(thread_terminate(thread), KERN_SUCCESS);
	expect_dead(thread);
}

static void test_resume_at_zero(void)
{
	struct worker worker;
	mach_port_t port = port_new();

	worker_receive(&worker, port);
	EXPECT(thread_resume(worker.thread), KERN_FAILURE);
	EXPECT(thread_state_of(worker.thread).run_state, TH_STATE_WAITING);
	EXPECT(thread_suspend(worker.thread), KERN_SUCCESS);
	EXPECT(thread_state_of(worker.thread).run_state, TH_STATE_STOPPED);
	port_destroy(port);
	sleep_for(30);
	EXPECT(worker.done, FALSE);
	EXPECT(thread_resume(worker.thread), KERN_SUCCESS);
	EXPECT(worker_end(&worker), MACH_RCV_PORT_DIED);
}

/* The registers of a suspended thread show the code already when thread_abort returns. */
static void test_abort_suspended(void)
{
	struct i386_thread_state state;
	mach_msg_type_number_t count = i386_THREAD_STATE_COUNT;
	mach_port_t port = port_new();
	struct worker worker;

	worker_receive(&worker, port);
	EXPECT(thread_suspend(worker.thread), KERN_SUCCESS);
	EXPECT(thread_abort(worker.thread), KERN_SUCCESS);
	EXPECT(thread_state_of(worker.thread).run_state, TH_STATE_HALTED);
	EXPECT(thread_get_state(worker.thread, i386_THREAD_STATE, (thread_state_t)&state, &count),
	       KERN_SUCCESS);
	EXPECT(state.eax, MACH_RCV_INTERRUPTED);
	EXPECT(worker.done, FALSE);
	EXPECT(thread_resume(worker.thread), KERN_SUCCESS);
	EXPECT(worker_end(&worker), MACH_RCV_INTERRUPTED);
	port_destroy(port);
}

static void test_self(void)
{
	mach_port_t self = mach_thread_self();
	struct i386_thread_state state;
	mach_msg_type_number_t count = i386_THREAD_STATE_COUNT;

	EXPECT(thread_abort(self), KERN_INVALID_ARGUMENT);
	EXPECT(thread_get_state(self, i386_THREAD_STATE, (thread_state_t)&state, &count),
	       KERN_INVALID_ARGUMENT);
	EXPECT(thread_set_state(self, i386_THREAD_STATE, (thread_state_t)&state, count),
	       KERN_INVALID_ARGUMENT);
	EXPECT(mach_port_deallocate(mach_task_self(), self), KERN_SUCCESS);
}

/* --- Ending in every state ---------------------------------------------------------------- */

static void (*const states[])(void *) = {
	spin, receive_for_ever, wait_in_switch, stop_self, end_task, end_thread,
	fault,			/* the last: it makes noise */
};

/* Three threads that do the same. */
static void run_three(void *argument)
{
	void (*function)(void *) = (void (*)(void *))argument;

	mach_thread_start(function, NULL, NULL);
	mach_thread_start(function, NULL, NULL);
	function(NULL);
}

static void test_terminate_task_in_state(void)
{
	for (unsigned int i = 0; i < COUNT_OF(states); i++) {
		mach_port_t task, thread;
		kern_return_t kr;

		tap_about("state %u", i);
		EXPECT(mach_task_prepare(run_three, (void *)states[i], &task, &thread),
		       KERN_SUCCESS);
		EXPECT(mach_port_deallocate(mach_task_self(), bare_thread(task)), KERN_SUCCESS);
		EXPECT(thread_resume(thread), KERN_SUCCESS);
		sleep_for(20);
		kr = task_terminate(task);
		EXPECT_TRUE(kr == KERN_SUCCESS || kr == MACH_SEND_INVALID_DEST);
		expect_dead(task);
		expect_dead(thread);
	}
	tap_about("%s", "");
}

static void test_terminate_thread_in_state(void)
{
	for (unsigned int i = 0; i < 4; i++) {
		mach_port_t thread, task = task_running(states[i], &thread);
		mach_port_array_t list;
		mach_msg_type_number_t count;

		tap_about("state %u", i);
		sleep_for(20);
		EXPECT(thread_terminate(thread), KERN_SUCCESS);
		expect_dead(thread);
		EXPECT(task_threads(task, &list, &count), KERN_SUCCESS);
		EXPECT(count, 0);
		EXPECT(task_terminate(task), KERN_SUCCESS);
		expect_dead(task);
	}
	tap_about("%s", "");
}

static void test_never_ran(void)
{
	mach_port_t task = bare_task(FALSE), threads[5];

	for (int i = 0; i < 5; i++)
		threads[i] = bare_thread(task);
	EXPECT(thread_terminate(threads[2]), KERN_SUCCESS);
	EXPECT(task_terminate(task), KERN_SUCCESS);
	expect_dead(task);
	for (int i = 0; i < 5; i++)
		expect_dead(threads[i]);
}

static void test_many(void)
{
	for (int i = 0; i < 500; i++) {
		/* The first state spins, a whole quantum each time: a few of them are enough. */
		unsigned int state = i < 60 ? i % (COUNT_OF(states) - 1) :
					      1 + i % (COUNT_OF(states) - 2);
		mach_port_t thread, task = task_running(states[state], &thread);

		if (i % 7 == 0)
			swtch();
		if (task_terminate(task) == KERN_SUCCESS)
			EXPECT(port_type(task), MACH_PORT_TYPE_DEAD_NAME);
		port_destroy(task);
		port_destroy(thread);
	}
}

/* --- Against each other ------------------------------------------------------------------- */

#define VICTIM_NAME ((mach_port_t)0x1234)

static void end_victim(void *argument)
{
	(void)argument;
	for (;;)
		task_terminate(VICTIM_NAME);
}

/* Two tasks that end each other. */
static void test_mutual(void)
{
	for (int round = 0; round < 20; round++) {
		mach_port_t a, b, ta, tb;

		EXPECT(mach_task_prepare(end_victim, NULL, &a, &ta), KERN_SUCCESS);
		EXPECT(mach_task_prepare(end_victim, NULL, &b, &tb), KERN_SUCCESS);
		EXPECT(mach_port_insert_right(b, VICTIM_NAME, a, MACH_MSG_TYPE_COPY_SEND),
		       KERN_SUCCESS);
		EXPECT(mach_port_insert_right(a, VICTIM_NAME, b, MACH_MSG_TYPE_COPY_SEND),
		       KERN_SUCCESS);
		EXPECT(task_suspend(a), KERN_SUCCESS);
		EXPECT(thread_resume(ta), KERN_SUCCESS);
		EXPECT(thread_resume(tb), KERN_SUCCESS);
		task_resume(a);		/* unless it is dead already */
		sleep_for(10);
		/* One is dead at least; it may have died before it could end the other. */
		EXPECT_TRUE(port_type(a) == MACH_PORT_TYPE_DEAD_NAME ||
			    port_type(b) == MACH_PORT_TYPE_DEAD_NAME);
		task_terminate(a);
		task_terminate(b);
		expect_dead(a);
		expect_dead(b);
		expect_dead(ta);
		expect_dead(tb);
	}
}

static volatile boolean_t stop;

/* Makes and ends threads as fast as it can. */
static void churn(void *argument)
{
	(void)argument;
	while (!stop) {
		mach_port_t thread = bare_thread(mach_task_self());

		swtch();
		EXPECT(thread_terminate(thread), KERN_SUCCESS);
		port_destroy(thread);
	}
}

static void test_threads_list_race(void)
{
	mach_port_t thread;
	int most = 0;

	stop = FALSE;
	EXPECT(mach_thread_start(churn, NULL, &thread), KERN_SUCCESS);
	for (int i = 0; i < 2000; i++) {
		mach_port_array_t list;
		mach_msg_type_number_t count;

		EXPECT(task_threads(mach_task_self(), &list, &count), KERN_SUCCESS);
		for (unsigned int n = 0; n < count; n++)
			if (MACH_PORT_VALID(list[n]))
				mach_port_deallocate(mach_task_self(), list[n]);
		if ((int)count > most)
			most = (int)count;
		vm_deallocate(mach_task_self(), (vm_address_t)list, count * sizeof *list);
		if (i % 7 == 0)
			swtch();
	}
	stop = TRUE;
	mach_thread_join(thread);
	EXPECT_TRUE(most == 2 || most == 3);
}

static void count_for_ever(void *argument)
{
	volatile unsigned int *counter = argument;

	while (!stop)
		++*counter;
}

static void test_suspend_stops(void)
{
	static volatile unsigned int counter;
	unsigned int seen;
	mach_port_t thread;

	stop = FALSE;
	EXPECT(mach_thread_start(count_for_ever, (void *)&counter, &thread), KERN_SUCCESS);
	for (int i = 0; i < 20; i++) {
		sleep_for(10);
		EXPECT(thread_suspend(thread), KERN_SUCCESS);
		seen = counter;
		sleep_for(20);
		EXPECT(counter, seen);
		EXPECT(thread_resume(thread), KERN_SUCCESS);
	}
	stop = TRUE;
	mach_thread_join(thread);
}

static void test_task_suspend_stops(void)
{
	mach_port_t thread, task = task_running(spin, &thread);
	struct task_thread_times_info before, after;
	mach_msg_type_number_t count = TASK_THREAD_TIMES_INFO_COUNT;

	sleep_for(30);
	EXPECT(task_suspend(task), KERN_SUCCESS);
	EXPECT(task_suspend(task), KERN_SUCCESS);
	EXPECT(task_resume(task), KERN_SUCCESS);
	sleep_for(10);		/* the way to where it stops is the thread's own */
	EXPECT(task_info(task, TASK_THREAD_TIMES_INFO, (task_info_t)&before, &count), KERN_SUCCESS);
	EXPECT_TRUE(before.user_time64.nanoseconds > 0);
	sleep_for(50);
	EXPECT(task_info(task, TASK_THREAD_TIMES_INFO, (task_info_t)&after, &count), KERN_SUCCESS);
	EXPECT_TRUE(memcmp(&before, &after, sizeof before) == 0);
	EXPECT(thread_state_of(thread).run_state, TH_STATE_STOPPED);
	EXPECT(thread_state_of(thread).suspend_count, 0);
	EXPECT(task_resume(task), KERN_SUCCESS);
	EXPECT(task_resume(task), KERN_FAILURE);
	sleep_for(50);
	EXPECT(task_info(task, TASK_THREAD_TIMES_INFO, (task_info_t)&after, &count), KERN_SUCCESS);
	EXPECT_TRUE(after.user_time64.nanoseconds > before.user_time64.nanoseconds);
	EXPECT(task_terminate(task), KERN_SUCCESS);
	expect_dead(task);
	expect_dead(thread);
}

static void test_wrong_port(void)
{
	EXPECT(task_terminate(MACH_PORT_NULL), MACH_SEND_INVALID_DEST);
	EXPECT(task_terminate(tap_host_priv), KERN_INVALID_ARGUMENT);
	EXPECT(thread_terminate(mach_task_self()), KERN_INVALID_ARGUMENT);
}

static const struct test tests[] = {
	{ .name = "a new thread", .run = test_new_thread },
	{ .name = "resume at 0", .run = test_resume_at_zero },
	{ .name = "abort of a suspended thread", .run = test_abort_suspended },
	{ .name = "on oneself", .run = test_self },
	{ .name = "a task ends in every state", .run = test_terminate_task_in_state },
	{ .name = "a thread ends in every state", .run = test_terminate_thread_in_state },
	{ .name = "threads that never ran", .run = test_never_ran },
	{ .name = "500 tasks come and go", .run = test_many },
	{ .name = "TH-1: two tasks end each other", .run = test_mutual },
	{ .name = "MK-12: task_threads while threads end", .run = test_threads_list_race },
	{ .name = "thread_suspend stops a thread", .run = test_suspend_stops },
	{ .name = "task_suspend stops a task", .run = test_task_suspend_stops },
	{ .name = "the wrong port", .run = test_wrong_port },
};

int main(int argc, char **argv)
{
	return tap_main(argc, argv, tests, COUNT_OF(tests));
}
