/* SPDX-License-Identifier: BSD-2-Clause */
/* Very many threads, and what they cost. */
#include <mach.h>
#include <mach/mach_host.h>
#include <mach/thread_status.h>
#include <mach/thread_switch.h>
#include <mach/vm_param.h>
#include <mach_debug/mach_debug.h>

#include "../common/messages.h"
#include "../common/tap.h"
#include "tests.h"

#define FEW 10
#define MANY 10000
#define LAPS 5				/* each, while it is counted */

extern char run_laps[];			/* laps.S */

static volatile unsigned int laps[MANY];
static const uint32_t no_arguments[8];
static mach_port_t task;

static void start(unsigned int index)
{
	struct i386_thread_state state = {
		.eip = (uintptr_t) run_laps,
		.edi = (uintptr_t) &laps[index],
		.uesp = (uintptr_t) &no_arguments[0],
	};
	mach_port_t thread;

	if (thread_create(task, &thread) != KERN_SUCCESS
			|| thread_set_state(thread, i386_THREAD_STATE, (thread_state_t) &state,
				i386_THREAD_STATE_COUNT) != KERN_SUCCESS
			|| thread_resume(thread) != KERN_SUCCESS)
		tap_fail("thread %u does not start", index);
	mach_port_deallocate(mach_task_self(), thread);
}

static unsigned int least_laps(unsigned int count)
{
	unsigned int least = laps[0];

	for (unsigned int i = 1; i < count; i++)
		if (laps[i] < least)
			least = laps[i];
	return least;
}

static uint64_t all_laps(unsigned int count)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < count; i++)
		sum += laps[i];
	return sum;
}

/* Instructions of one lap of one thread, all of them running. */
static unsigned int cost_of_lap(unsigned int count)
{
	uint64_t begin, before, done;
	unsigned int target = least_laps(count) + LAPS;

	before = all_laps(count);
	begin = cycles();
	for (unsigned int i = 0; i < 1000 && least_laps(count) < target; i++)
		sleep_for(20);
	EXPECT_TRUE(least_laps(count) >= target);
	done = cycles() - begin;
	return (unsigned int) done / (unsigned int) (all_laps(count) - before);
}

/*
 * They are another task's, whose memory is ours: its end is theirs.  Nobody starves, and to
 * choose one costs the same among ten and among ten thousand.
 */
void test_ten_thousand_threads(void)
{
	unsigned int few, many;
	vm_offset_t page = (vm_offset_t) laps & ~(vm_offset_t) (PAGE_SIZE - 1);

	EXPECT(vm_inherit(mach_task_self(), page, (vm_offset_t) (laps + MANY) - page,
		VM_INHERIT_SHARE), KERN_SUCCESS);
	EXPECT(task_create(mach_task_self(), TRUE, &task), KERN_SUCCESS);
	EXPECT(task_priority(task, 40, FALSE), KERN_SUCCESS);
	for (unsigned int i = 0; i < FEW; i++)
		start(i);
	few = cost_of_lap(FEW);
	for (unsigned int i = FEW; i < MANY; i++)
		start(i);
	cost_of_lap(MANY);	/* the first is longer: they have just been made */
	many = cost_of_lap(MANY);
	tap_about("a lap costs %u instructions among %u threads, %u among %u", few, FEW, many,
		MANY);
	EXPECT_TRUE(few > 0 && many <= few + few / 4);
	tap_about("%s", "");
	EXPECT(task_terminate(task), KERN_SUCCESS);
	EXPECT(mach_port_deallocate(mach_task_self(), task), KERN_SUCCESS);
}

/* Threads that wait in mach_msg have no stack. */
void test_stack_usage(void)
{
	vm_size_t reserved, space, resident, deepest;
	vm_offset_t where;
	mach_port_t host = mach_host_self();
	unsigned int total;

	EXPECT(host_stack_usage(host, &reserved, &total, &space, &resident, &deepest,
		&where), KERN_SUCCESS);
	EXPECT_TRUE(total >= 1 && total < 20);
	EXPECT(space, total * 8192);
	EXPECT(resident, space);
	EXPECT(reserved % 8192, 0);
	EXPECT_TRUE(deepest > 200 && deepest < 8192);
	EXPECT(where, 0);
	EXPECT(host_stack_usage(mach_task_self(), &reserved, &total, &space, &resident, &deepest,
		&where), KERN_INVALID_HOST);
	EXPECT(processor_set_stack_usage(host, &total, &space, &resident, &deepest,
		&where), KERN_INVALID_ARGUMENT);
	EXPECT(mach_port_deallocate(mach_task_self(), host), KERN_SUCCESS);
}
