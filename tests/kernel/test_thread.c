/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of threads, the scheduler, timers, events and mutexes. */
#include "ktest.h"

#include <kern/event.h>
#include <kern/mutex.h>
#include <kern/sched.h>

static volatile int counter;
static volatile bool go;

/* --- Waits --------------------------------------------------------------------------------- */

static void test_sleep(void)
{
	uint64_t start = timer_now(), slept;

	ktest_sleep(50);
	slept = timer_now() - start;
	CHECK(slept >= 5 && slept <= 8);
	CHECK(thread_wait_result(current_thread()) == WAIT_TIMED_OUT);
}

static void count_and_end(void)
{
	counter++;
	thread_terminate_self();
}

static void test_threads_end(void)
{
	counter = 0;
	for (int i = 0; i < 200; i++)
		kernel_thread_create("counter", count_and_end, BASEPRI_KERNEL);
	for (int i = 0; i < 100 && counter < 200; i++)
		ktest_sleep(10);
	CHECK(counter == 200);
}

static void wait_for_event(void)
{
	event_will_wait((const void *)&go, true);
	thread_block(NULL);
	counter++;
	thread_terminate_self();
}

static void test_event_all(void)
{
	counter = 0;
	for (int i = 0; i < 20; i++)
		kernel_thread_create("waiter", wait_for_event, BASEPRI_KERNEL);
	ktest_sleep(30);
	CHECK(counter == 0);
	CHECK(event_wake_one((const void *)&go));
	ktest_sleep(30);
	CHECK(counter == 1);
	event_wake_all((const void *)&go);
	ktest_sleep(30);
	CHECK(counter == 20);
	CHECK(!event_wake_one((const void *)&go));
}

/* --- Mutexes --------------------------------------------------------------------------------- */

static struct mutex mutex;
static volatile int inside, worst;

static void contend(void)
{
	for (int i = 0; i < 50; i++) {
		mutex_lock(&mutex);
		if (++inside > worst)
			worst = inside;
		thread_yield();
		inside--;
		mutex_unlock(&mutex);
		thread_yield();
	}
	counter++;
	thread_terminate_self();
}

static void test_mutex(void)
{
	counter = inside = worst = 0;
	mutex_init(&mutex);
	for (int i = 0; i < 8; i++)
		kernel_thread_create("contender", contend, BASEPRI_KERNEL);
	for (int i = 0; i < 100 && counter < 8; i++)
		ktest_sleep(10);
	CHECK(counter == 8);
	CHECK(worst == 1);
	CHECK(mutex_try_lock(&mutex));
	CHECK(mutex_held(&mutex));
	mutex_unlock(&mutex);
}

/* --- Priorities -------------------------------------------------------------------------------- */

static int order[2];

static void note_high(void)
{
	order[counter++] = 1;
	thread_terminate_self();
}

static void note_low(void)
{
	order[counter++] = 2;
	thread_terminate_self();
}

static void test_priority(void)
{
	counter = 0;
	kernel_thread_create("low", note_low, 40);
	kernel_thread_create("high", note_high, 30);
	ktest_sleep(50);
	CHECK(counter == 2 && order[0] == 1 && order[1] == 2);
}

/* --- Timers --------------------------------------------------------------------------------------- */

#define TIMERS 300

static struct timer timers[TIMERS];
static uint64_t due[TIMERS];
static volatile int fired, early, late;

static void fire(void *arg)
{
	uint64_t when = due[(uintptr_t)arg], now = timer_now();

	fired++;
	if (now < when)
		early++;
	if (now > when + 2)
		late++;
}

static void test_timers(void)
{
	uint32_t seed = 12345;

	fired = early = late = 0;
	for (uintptr_t i = 0; i < TIMERS; i++) {
		uint32_t ms = (seed = seed * 1664525 + 1013904223) % 700;

		timer_init(&timers[i], fire, (void *)i);
		due[i] = timer_now() + (ms + TICK_MS - 1) / TICK_MS;
		timer_set_ms(&timers[i], ms);
	}
	CHECK(timer_cancel(&timers[7]) || fired > 0);
	CHECK(!timer_cancel(&timers[7]));
	ktest_sleep(800);
	CHECK(fired >= TIMERS - 1 && early == 0 && late == 0);
	for (uint32_t i = 0; i < TIMERS; i++)
		CHECK(!timer_is_set(&timers[i]));
}

static void test_long_timeout(void)
{
	struct timer timer;

	timer_init(&timer, fire, (void *)0);
	timer_set_ms(&timer, ~0u);
	ktest_sleep(20);
	CHECK(timer_is_set(&timer));
	CHECK(timer_cancel(&timer));
}

const struct ktest thread_tests[] = {
	{ "a wait times out, not early", test_sleep },
	{ "200 kernel threads run and end", test_threads_end },
	{ "events wake one and all", test_event_all },
	{ "a mutex lets one in at a time", test_mutex },
	{ "the better priority runs first", test_priority },
	{ "TH-9: 300 timers fire in their tick", test_timers },
	{ "a timeout of 2^32 - 1 ms is long", test_long_timeout },
	{ 0, 0 },
};
