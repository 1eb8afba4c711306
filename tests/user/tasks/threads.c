/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of threads. */
#include <libmach/thread.h>
#include <mach.h>
#include <mach/mach_host.h>
#include <mach/gnumach.h>
#include <mach/thread_switch.h>
#include <mach/vm_param.h>

#include "../common/messages.h"
#include "../common/ports.h"
#include "../common/tap.h"
#include "../common/worker.h"
#include "tests.h"

#define SELF	mach_task_self()

static struct thread_basic_info info_of(mach_port_t thread)
{
	struct thread_basic_info info = { 0 };
	mach_msg_type_number_t count = THREAD_BASIC_INFO_COUNT;

	EXPECT(thread_info(thread, THREAD_BASIC_INFO, (thread_info_t) &info, &count),
		KERN_SUCCESS);
	return info;
}

void test_new_thread(void)
{
	struct i386_thread_state state = { 0 };
	mach_msg_type_number_t count = i386_THREAD_STATE_COUNT;
	mach_port_t thread;

	EXPECT(thread_create(SELF, &thread), KERN_SUCCESS);
	EXPECT(info_of(thread).suspend_count, 1);
	EXPECT(info_of(thread).run_state, TH_STATE_STOPPED);
	EXPECT(thread_get_state(thread, i386_THREAD_STATE, (thread_state_t) &state, &count),
		KERN_SUCCESS);
	EXPECT(count, 17);
	EXPECT(state.cs, 0x17);
	EXPECT(state.ss, 0x1f);
	EXPECT(state.ds, 0x1f);
	EXPECT(state.es, 0x1f);
	EXPECT(state.efl, 0x200);
	EXPECT(thread_terminate(thread), KERN_SUCCESS);
	EXPECT(port_type(thread), MACH_PORT_TYPE_DEAD_NAME);
	port_destroy(thread);
}

/* --- suspension ------------------------------------------------------------------------------ */

static volatile unsigned int counter;
static volatile boolean_t stop;

static void count(void *unused)
{
	(void) unused;
	while (!stop)
		counter++;
}

static boolean_t is_counting(void)
{
	unsigned int before = counter;

	sleep_for(50);
	return counter != before;
}

void test_thread_suspension(void)
{
	mach_port_t thread;

	stop = FALSE;
	EXPECT(mach_thread_start(count, NULL, &thread), KERN_SUCCESS);
	EXPECT_TRUE(is_counting());
	EXPECT(thread_resume(thread), KERN_FAILURE);
	EXPECT(thread_suspend(thread), KERN_SUCCESS);
	EXPECT(is_counting(), FALSE);
	EXPECT(thread_suspend(thread), KERN_SUCCESS);
	EXPECT(info_of(thread).suspend_count, 2);
	EXPECT(thread_resume(thread), KERN_SUCCESS);
	EXPECT(is_counting(), FALSE);
	EXPECT(thread_resume(thread), KERN_SUCCESS);
	EXPECT_TRUE(is_counting());
	stop = TRUE;
	mach_thread_join(thread);
}

static void suspend_self(void *unused)
{
	mach_port_t self = mach_thread_self();

	(void) unused;
	counter = 1;
	thread_suspend(self);
	counter = 2;
	mach_port_deallocate(SELF, self);
}

static void try_self_suspension(void)
{
	mach_port_t thread;

	counter = 0;
	EXPECT(mach_thread_start(suspend_self, NULL, &thread), KERN_SUCCESS);
	sleep_for(30);
	EXPECT(counter, 1);
	EXPECT(thread_resume(thread), KERN_SUCCESS);
	mach_thread_join(thread);
	EXPECT(counter, 2);
}

void test_thread_special_ports(void)
{
	mach_port_t thread, port = port_new_with_send(1), got = MACH_PORT_NULL;

	try_self_suspension();
	EXPECT(thread_create(SELF, &thread), KERN_SUCCESS);
	EXPECT(thread_get_kernel_port(thread, &got), KERN_SUCCESS);
	EXPECT(got, thread);
	mach_port_deallocate(SELF, got);
	EXPECT(thread_get_exception_port(thread, &got), KERN_SUCCESS);
	EXPECT(got, MACH_PORT_NULL);
	EXPECT(thread_set_exception_port(thread, port), KERN_SUCCESS);
	EXPECT(thread_get_exception_port(thread, &got), KERN_SUCCESS);
	EXPECT(got, port);
	EXPECT(thread_get_special_port(thread, 2, &got), KERN_INVALID_ARGUMENT);
	EXPECT(thread_get_special_port(thread, 4, &got), KERN_INVALID_ARGUMENT);
	EXPECT(thread_set_special_port(thread, 4, port), KERN_INVALID_ARGUMENT);
	EXPECT(port_refs(port, MACH_PORT_RIGHT_SEND), 2);
	EXPECT(mach_port_mod_refs(SELF, port, MACH_PORT_RIGHT_SEND, -2), KERN_SUCCESS);
	EXPECT(port_status(port).mps_srights, TRUE);
	EXPECT(thread_terminate(thread), KERN_SUCCESS);
	for (int i = 0; i < 50 && port_status(port).mps_srights; i++)
		sleep_for(10);
	EXPECT(port_status(port).mps_srights, FALSE);
	port_destroy(thread);
	port_destroy(port);
}

/* What stands for a thread or task may be anything, also nothing; the thread itself is as before. */
void test_other_self_ports(void)
{
	mach_port_t self = mach_thread_self(), other = port_new_with_send(1), dead = port_new_dead();
	mach_port_t got = MACH_PORT_NULL, task = mach_task_self();

	EXPECT(thread_set_kernel_port(self, other), KERN_SUCCESS);
	EXPECT((mach_thread_self)(), other);
	EXPECT(thread_set_kernel_port(self, MACH_PORT_NULL), KERN_SUCCESS);
	EXPECT((mach_thread_self)(), MACH_PORT_NULL);
	EXPECT(thread_set_kernel_port(self, dead), KERN_SUCCESS);
	EXPECT(thread_get_kernel_port(self, &got), KERN_SUCCESS);
	EXPECT(got, MACH_PORT_DEAD);
	EXPECT(thread_set_exception_port(self, dead), KERN_SUCCESS);
	EXPECT(thread_get_exception_port(self, &got), KERN_SUCCESS);
	EXPECT(got, MACH_PORT_DEAD);
	EXPECT(thread_set_exception_port(self, MACH_PORT_NULL), KERN_SUCCESS);
	EXPECT(info_of(self).suspend_count, 0);
	EXPECT(thread_set_kernel_port(self, self), KERN_SUCCESS);
	EXPECT((mach_thread_self)(), self);
	EXPECT(task_set_kernel_port(task, other), KERN_SUCCESS);
	EXPECT((mach_task_self)(), other);
	EXPECT(task_set_kernel_port(task, dead), KERN_SUCCESS);
	EXPECT(task_get_kernel_port(task, &got), KERN_SUCCESS);
	EXPECT(got, MACH_PORT_DEAD);
	EXPECT(task_set_kernel_port(task, task), KERN_SUCCESS);
	EXPECT((mach_task_self)(), task);
	EXPECT(mach_port_deallocate(task, task), KERN_SUCCESS);
	EXPECT(mach_port_deallocate(task, self), KERN_SUCCESS);
	EXPECT(mach_port_deallocate(task, self), KERN_SUCCESS);
	port_destroy(other);
	port_destroy(dead);
}

void test_thread_info(void)
{
	mach_port_t self = mach_thread_self();
	integer_t words[THREAD_INFO_MAX];
	mach_msg_type_number_t size;

	EXPECT(info_of(self).run_state, TH_STATE_RUNNING);
	EXPECT(info_of(self).suspend_count, 0);
	size = THREAD_SCHED_INFO_COUNT;
	EXPECT(thread_info(self, THREAD_SCHED_INFO, words, &size), KERN_SUCCESS);
	EXPECT(size, THREAD_SCHED_INFO_COUNT);
	size = 12;
	EXPECT(thread_info(self, THREAD_BASIC_INFO, words, &size), KERN_INVALID_ARGUMENT);
	size = THREAD_INFO_MAX;
	EXPECT(thread_info(self, 99, words, &size), KERN_INVALID_ARGUMENT);
	for (size = 13; size <= THREAD_BASIC_INFO_COUNT; size++) {
		mach_msg_type_number_t got = size;

		EXPECT(thread_info(self, THREAD_BASIC_INFO, words, &got), KERN_SUCCESS);
		EXPECT(got, size);
	}
	mach_port_deallocate(SELF, self);
}

/* --- thread_abort ---------------------------------------------------------------------------- */

static void wait_in_thread_switch(void *result)
{
	*(volatile kern_return_t *) result = thread_switch(MACH_PORT_NULL, SWITCH_OPTION_WAIT,
		60000);
}

/* Receives and sends are in the tests of queues. */
void test_thread_abort(void)
{
	static struct worker worker;
	static volatile kern_return_t result;
	mach_port_t thread, port = port_new(), self = mach_thread_self();

	EXPECT(thread_abort(self), KERN_INVALID_ARGUMENT);
	mach_port_deallocate(SELF, self);
	result = 77;
	EXPECT(mach_thread_start(wait_in_thread_switch, (void *) &result, &thread), KERN_SUCCESS);
	sleep_for(30);
	EXPECT(result, 77);
	EXPECT(thread_abort(thread), KERN_SUCCESS);
	mach_thread_join(thread);
	EXPECT(result, KERN_SUCCESS);
	worker_receive(&worker, port);
	EXPECT(info_of(worker.thread).run_state, TH_STATE_WAITING);
	EXPECT(thread_suspend(worker.thread), KERN_SUCCESS);
	EXPECT(thread_abort(worker.thread), KERN_SUCCESS);
	EXPECT(worker_is_done(&worker), FALSE);
	EXPECT(thread_resume(worker.thread), KERN_SUCCESS);
	EXPECT(worker_end(&worker), MACH_RCV_INTERRUPTED);
	port_destroy(port);
}

/* In every state: not yet run, running, waiting, suspended. */
void test_thread_terminate(void)
{
	static struct worker worker;
	mach_port_t port = port_new(), thread;

	worker_receive(&worker, port);
	EXPECT(thread_terminate(worker.thread), KERN_SUCCESS);
	mach_thread_join(worker.thread);
	stop = FALSE;
	EXPECT(mach_thread_start(count, NULL, &thread), KERN_SUCCESS);
	EXPECT(thread_terminate(thread), KERN_SUCCESS);
	EXPECT(is_counting(), FALSE);
	mach_thread_join(thread);
	EXPECT(mach_thread_start(count, NULL, &thread), KERN_SUCCESS);
	EXPECT(thread_suspend(thread), KERN_SUCCESS);
	EXPECT(thread_terminate(thread), KERN_SUCCESS);
	mach_thread_join(thread);
	EXPECT(mach_thread_prepare(count, NULL, &thread), KERN_SUCCESS);
	EXPECT(thread_terminate(thread), KERN_SUCCESS);
	EXPECT(thread_resume(thread), MACH_SEND_INVALID_DEST);
	mach_thread_join(thread);
	port_destroy(port);
}

static volatile unsigned int met;

static void meet(void *unused)
{
	(void) unused;
	__atomic_add_fetch(&met, 1, __ATOMIC_SEQ_CST);
}

static void wait_for_ever(void *unused)
{
	(void) unused;
	thread_switch(MACH_PORT_NULL, SWITCH_OPTION_WAIT, 1000000);
}

/* It gives back, in the task named, the thread's name, a reply port and memory. */
void test_terminate_release(void)
{
	mach_port_t thread, reply = port_new();
	vm_address_t memory = 0;
	vm_size_t size = 2 * PAGE_SIZE;
	mach_port_urefs_t refs;

	EXPECT(mach_thread_start(wait_for_ever, NULL, &thread), KERN_SUCCESS);
	EXPECT(vm_allocate(mach_task_self(), &memory, size, TRUE), KERN_SUCCESS);
	refs = port_refs(thread, MACH_PORT_RIGHT_SEND);
	EXPECT(mach_port_mod_refs(mach_task_self(), thread, MACH_PORT_RIGHT_SEND, 1),
		KERN_SUCCESS);
	EXPECT(thread_terminate_release(thread, mach_task_self(), thread, reply, memory, size),
		KERN_SUCCESS);
	sleep_for(20);
	EXPECT(port_type(thread), MACH_PORT_TYPE_DEAD_NAME);
	EXPECT(port_refs(thread, MACH_PORT_RIGHT_DEAD_NAME), refs);
	EXPECT(port_type(reply), 0);
	EXPECT(vm_copy(mach_task_self(), memory, PAGE_SIZE, memory), KERN_INVALID_ADDRESS);
	mach_thread_join(thread);
}

void test_many_threads(void)
{
	enum { MANY = 200 };
	static mach_port_t threads[MANY];

	met = 0;
	for (int i = 0; i < MANY; i++)
		EXPECT(mach_thread_start(meet, NULL, &threads[i]), KERN_SUCCESS);
	for (int i = 0; i < MANY; i++)
		mach_thread_join(threads[i]);
	EXPECT(met, MANY);
}

void test_priorities(void)
{
	struct thread_sched_info info;
	mach_msg_type_number_t size = THREAD_SCHED_INFO_COUNT;
	mach_port_t thread;

	EXPECT(thread_create(SELF, &thread), KERN_SUCCESS);
	EXPECT(thread_info(thread, THREAD_SCHED_INFO, (thread_info_t) &info, &size),
		KERN_SUCCESS);
	EXPECT(thread_priority(thread, info.base_priority + 3, FALSE), KERN_SUCCESS);
	EXPECT(info_of(thread).base_priority, info.base_priority + 3);
	EXPECT(thread_priority(thread, 65, FALSE), KERN_INVALID_ARGUMENT);
	EXPECT(thread_priority(thread, -1, FALSE), KERN_INVALID_ARGUMENT);
	EXPECT(thread_priority(thread, info.max_priority - 1, FALSE), KERN_FAILURE);
	EXPECT(info_of(thread).base_priority, info.base_priority + 3);
	EXPECT(thread_priority(thread, info.max_priority, TRUE), KERN_SUCCESS);
	EXPECT(thread_terminate(thread), KERN_SUCCESS);
	port_destroy(thread);
}
