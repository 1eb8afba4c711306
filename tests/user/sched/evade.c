/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Threads that want more than their share, and threads that only work: the latter must get on.
 * What counts is what they have done, in laps.
 */
#include <libmach/thread.h>
#include <mach.h>
#include <mach/mach_host.h>
#include <mach/mach_traps.h>
#include <mach/thread_switch.h>

#include "../common/messages.h"
#include "../common/ports.h"
#include "../common/tap.h"
#include "tests.h"

#define WORKERS 3
#define SLOW 40			/* a priority that leaves room above: ours */
#define WATCH_MS 260

static volatile boolean_t stop;
static volatile unsigned int laps[WORKERS];
static mach_port_t threads[WORKERS];
static uint64_t tick;			/* in cycles */

uint64_t cycles_of_tick(void)
{
	uint64_t begin;

	thread_switch(MACH_PORT_NULL, SWITCH_OPTION_WAIT, 0);
	begin = cycles();
	thread_switch(MACH_PORT_NULL, SWITCH_OPTION_WAIT, 0);
	return cycles() - begin;
}

static void lap(unsigned int who)
{
	for (volatile int i = 0; i < 200; i++)
		continue;
	laps[who]++;
}

static void work(void *who)
{
	while (!stop)
		lap((unsigned int) (uintptr_t) who);
}

/* It sleeps whenever the clock ticks. */
static void work_between_ticks(void *who)
{
	while (!stop) {
		uint64_t begin;

		thread_switch(MACH_PORT_NULL, SWITCH_OPTION_WAIT, 0);
		begin = cycles();
		while (cycles() - begin < tick / 100 * 94)
			lap((unsigned int) (uintptr_t) who);
	}
}

/* It gives way to nobody, again and again. */
static void work_and_depress(void *who)
{
	while (!stop) {
		lap((unsigned int) (uintptr_t) who);
		thread_switch(MACH_PORT_NULL, SWITCH_OPTION_DEPRESS, 1);
		syscall_thread_depress_abort(threads[(uintptr_t) who]);
	}
}

/* It works with the others' time, as long as they let it. */
static void work_and_give(void *who)
{
	unsigned int i = 0;

	while (!stop) {
		lap((unsigned int) (uintptr_t) who);
		thread_switch(threads[++i % WORKERS], SWITCH_OPTION_NONE, 0);
	}
}

static void start(unsigned int who, void (*body)(void *))
{
	laps[who] = 0;
	EXPECT(mach_thread_prepare(body, (void *) (uintptr_t) who, &threads[who]), KERN_SUCCESS);
	EXPECT(thread_priority(threads[who], SLOW, FALSE), KERN_SUCCESS);
}

/* The first has at most so many hundredths of all laps; each of the others as many at least. */
static void share_with(void (*first)(void *), unsigned int most, unsigned int least)
{
	unsigned int sum = 0;

	stop = FALSE;
	for (unsigned int i = 0; i < WORKERS; i++)
		start(i, i == 0 ? first : work);
	for (unsigned int i = 0; i < WORKERS; i++)
		EXPECT(thread_resume(threads[i]), KERN_SUCCESS);
	sleep_for(WATCH_MS);
	for (unsigned int i = 0; i < WORKERS; i++)
		sum += laps[i];
	tap_about("%u, %u and %u laps", laps[0], laps[1], laps[2]);
	EXPECT_TRUE(laps[0] * 100 <= sum * most);
	EXPECT_TRUE(laps[1] * 100 >= sum * least && laps[2] * 100 >= sum * least);
	stop = TRUE;
	for (unsigned int i = 0; i < WORKERS; i++)
		mach_thread_join(threads[i]);
	tap_about("%s", "");
}

void test_sleeping_at_ticks(void)
{
	tick = cycles_of_tick();
	share_with(work_between_ticks, 45, 22);
}

void test_depressing(void)
{
	share_with(work_and_depress, 45, 22);
}

void test_giving_to_all(void)
{
	share_with(work_and_give, 45, 22);
}
