/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The times of threads and tasks.  The clock counts instructions, so work of a known length takes
 * a known time.
 */
#include <libmach/thread.h>
#include <mach.h>
#include <mach/mach_traps.h>
#include <mach/thread_switch.h>
#include <mach/vm_param.h>

#include "../common/messages.h"
#include "../common/ports.h"
#include "../common/tap.h"
#include "tests.h"

#define MS	1000000		/* nanoseconds, and instructions */

/* So many instructions, roughly, without a call to the kernel. */
static void work_for(unsigned int milliseconds)
{
	unsigned int laps = milliseconds * (MS / 2);

	__asm__ volatile("1:\tdecl %0\n\tjnz 1b" : "+r" (laps) : : "cc");
}

/* How long that takes when nobody disturbs, in microseconds. */
static unsigned int measured(unsigned int milliseconds)
{
	uint64_t begin, end;

	thread_switch(MACH_PORT_NULL, SWITCH_OPTION_WAIT, 0);
	__asm__ volatile("rdtsc" : "=A" (begin));
	work_for(milliseconds);
	__asm__ volatile("rdtsc" : "=A" (end));
	return (unsigned int) (end - begin) / 1000;
}

static struct thread_basic_info times_of(mach_port_t thread)
{
	struct thread_basic_info info = { 0 };
	mach_msg_type_number_t count = THREAD_BASIC_INFO_COUNT;

	EXPECT(thread_info(thread, THREAD_BASIC_INFO, (thread_info_t) &info, &count),
		KERN_SUCCESS);
	return info;
}

static unsigned int microseconds(const time_value64_t *time)
{
	return (unsigned int) time->seconds * 1000000 + (unsigned int) time->nanoseconds / 1000;
}

/* The old fields say the same as the new ones. */
static boolean_t is_same(const rpc_time_value_t *old, const time_value64_t *new)
{
	return (int64_t) old->seconds == new->seconds
		&& old->microseconds == (integer_t) (new->nanoseconds / 1000)
		&& new->nanoseconds >= 0 && new->nanoseconds < 1000000000;
}

static boolean_t is_about(unsigned int value, unsigned int expected)
{
	tap_about("%u us, not %u us", value, expected);
	return value + expected / 50 + 300 >= expected && value <= expected + expected / 50 + 300;
}

static mach_port_t begun;		/* a message comes when the work is done */

static void tell_and_wait(void)
{
	send_simple(begun, 1);
	for (;;)
		thread_switch(MACH_PORT_NULL, SWITCH_OPTION_WAIT, 1000000);
}

static void work_at_once(void *unused)
{
	(void) unused;
	work_for(50);
	tell_and_wait();
}

/* Whenever the clock ticks it sleeps. */
static void work_in_pieces(void *unused)
{
	(void) unused;
	for (int i = 0; i < 10; i++) {
		thread_switch(MACH_PORT_NULL, SWITCH_OPTION_WAIT, 0);
		work_for(5);
	}
	tell_and_wait();
}

static void work_in_kernel(void *unused)
{
	(void) unused;
	for (int i = 0; i < 30000; i++) {
		vm_address_t page = 0;

		syscall_vm_allocate(mach_task_self(), &page, PAGE_SIZE, TRUE);
		syscall_vm_deallocate(mach_task_self(), page, PAGE_SIZE);
	}
	tell_and_wait();
}

static struct thread_basic_info times_after(void (*function)(void *), mach_port_t *thread)
{
	struct message message;

	EXPECT(mach_thread_start(function, NULL, thread), KERN_SUCCESS);
	EXPECT(message_receive_wait(&message, begun, 5000), MACH_MSG_SUCCESS);
	sleep_for(30);
	return times_of(*thread);
}

static void end(mach_port_t thread)
{
	EXPECT(thread_terminate(thread), KERN_SUCCESS);
	mach_thread_join(thread);
}

/* What it has worked is what it is said to have worked, however it did that. */
void test_thread_times(void)
{
	unsigned int length = measured(50), user, system;
	struct thread_basic_info info;
	mach_port_t thread;

	begun = port_new_with_send(1);
	info = times_after(work_at_once, &thread);
	user = microseconds(&info.user_time64);
	system = microseconds(&info.system_time64);
	EXPECT_TRUE(is_about(user + system, length));
	EXPECT_TRUE(user >= length / 100 * 95);
	EXPECT_TRUE(is_same(&info.user_time, &info.user_time64));
	EXPECT_TRUE(is_same(&info.system_time, &info.system_time64));
	EXPECT_TRUE(is_same(&info.creation_time, &info.creation_time64));
	end(thread);
	info = times_after(work_in_pieces, &thread);
	EXPECT_TRUE(is_about(microseconds(&info.user_time64) + microseconds(&info.system_time64),
		length));
	end(thread);
	info = times_after(work_in_kernel, &thread);
	user = microseconds(&info.user_time64);
	system = microseconds(&info.system_time64);
	tap_about("%u and %u us", user, system);
	EXPECT_TRUE(system > 20000 && user <= system / 3);	/* by where a dozen ticks came */
	end(thread);
	tap_about("%s", "");
	port_destroy(begun);
}

/* A thread's own times are those of this moment, and never go back. */
void test_own_times(void)
{
	mach_port_t self = mach_thread_self();
	struct thread_basic_info before = times_of(self), after;
	unsigned int length = measured(3);

	before = times_of(self);
	work_for(3);
	after = times_of(self);
	EXPECT_TRUE(is_about(microseconds(&after.user_time64) + microseconds(&after.system_time64)
		- microseconds(&before.user_time64) - microseconds(&before.system_time64), length));
	tap_about("%s", "");
	EXPECT(mach_port_deallocate(mach_task_self(), self), KERN_SUCCESS);
}

static void work_and_end(void *unused)
{
	(void) unused;
	work_for(20);
}

static void get_info(int flavor, void *info, mach_msg_type_number_t count)
{
	EXPECT(task_info(mach_task_self(), flavor, info, &count), KERN_SUCCESS);
}

/* Of threads that live one flavour tells, of those that have ended the other. */
void test_task_times(void)
{
	struct task_thread_times_info live, live_after;
	struct task_basic_info dead, dead_after;
	unsigned int length = measured(20);
	mach_port_t thread;

	get_info(TASK_BASIC_INFO, &dead, TASK_BASIC_INFO_COUNT);
	EXPECT(mach_thread_start(work_and_end, NULL, &thread), KERN_SUCCESS);
	sleep_for(60);
	mach_thread_join(thread);
	get_info(TASK_BASIC_INFO, &dead_after, TASK_BASIC_INFO_COUNT);
	EXPECT_TRUE(is_about(microseconds(&dead_after.user_time64)
		+ microseconds(&dead_after.system_time64) - microseconds(&dead.user_time64)
		- microseconds(&dead.system_time64), length));
	EXPECT_TRUE(is_same(&dead_after.user_time, &dead_after.user_time64));
	EXPECT_TRUE(is_same(&dead_after.system_time, &dead_after.system_time64));
	EXPECT_TRUE(is_same(&dead_after.creation_time, &dead_after.creation_time64));
	get_info(TASK_THREAD_TIMES_INFO, &live, TASK_THREAD_TIMES_INFO_COUNT);
	work_for(20);
	get_info(TASK_THREAD_TIMES_INFO, &live_after, TASK_THREAD_TIMES_INFO_COUNT);
	EXPECT_TRUE(is_about(microseconds(&live_after.user_time64)
		+ microseconds(&live_after.system_time64) - microseconds(&live.user_time64)
		- microseconds(&live.system_time64), length));
	EXPECT_TRUE(is_same(&live_after.user_time, &live_after.user_time64));
	EXPECT_TRUE(is_same(&live_after.system_time, &live_after.system_time64));
	tap_about("%s", "");
}

/* What has been used lately; it fades while the thread sleeps. */
void test_usage(void)
{
	mach_port_t thread;
	int usage, faded;

	begun = port_new_with_send(1);
	usage = times_after(work_at_once, &thread).cpu_usage;
	sleep_for(2600);
	faded = times_of(thread).cpu_usage;
	tap_about("%d and %d thousandths", usage, faded);
	EXPECT_TRUE(usage >= 15 && usage <= 60);
	EXPECT_TRUE(faded <= usage / 4);
	tap_about("%s", "");
	end(thread);
	port_destroy(begun);
}
