/* SPDX-License-Identifier: BSD-2-Clause */
/* The wheels, against the plain rule: a timer fires in its tick, once, or is cancelled. */
#include <tests/unit/fakes.h>

#include <kern/percpu.h>
#include <kern/timer.h>

#define TIMERS 200

static struct timer timers[TIMERS];
static uint64_t due[TIMERS];		/* 0: not set */
static unsigned int fired;

static uint64_t ticks_of(uint32_t ms)
{
	return ((uint64_t)ms + TICK_MS - 1) / TICK_MS + 1;
}

static void set(unsigned int i, uint32_t ms)
{
	timer_set_ms(&timers[i], ms);
	due[i] = timer_now() + ticks_of(ms);
}

static void fire(void *arg)
{
	unsigned int i = (unsigned int)(uintptr_t)arg;

	ck_must(due[i] == timer_now());
	ck_must(!timer_is_set(&timers[i]));
	due[i] = 0;
	fired++;
}

/* One that sets itself again, and another that it cancels. */
static void fire_and_change(void *arg)
{
	unsigned int i = (unsigned int)(uintptr_t)arg;
	unsigned int other = fake_random() % TIMERS;

	fire(arg);
	if (timer_cancel(&timers[other]))
		due[other] = 0;
	set(i, fake_random() % 10000);
}

static void start(void (*function)(void *))
{
	unsigned int i;

	timer_subsystem_init();
	for (i = 0; i < TIMERS; i++)
		timer_init(&timers[i], function, (void *)(uintptr_t)i);
}

static void check_all_set(void)
{
	unsigned int i;

	for (i = 0; i < TIMERS; i++)
		ck_must(timer_is_set(&timers[i]) == (due[i] != 0) && due[i] != timer_now());
}

/* Delays of all sizes up to `bits` bits; for as many ticks as it takes. */
static void run_model(void (*function)(void *), unsigned int bits, uint32_t ticks)
{
	start(function);
	while (ticks-- > 0) {
		unsigned int i = fake_random() % TIMERS;

		if (fake_random() % 8 == 0)
			set(i, fake_random() >> (32 - 1 - fake_random() % bits));
		if (fake_random() % 64 == 0 && timer_cancel(&timers[i]))
			due[i] = 0;
		timer_advance(1);
		if (ticks % 1024 == 0)
			check_all_set();
	}
	ck_assert_uint_gt(fired, 100);
}

START_TEST(test_short_delays)
{
	run_model(fire, 12, 300000);
}
END_TEST

START_TEST(test_long_delays)
{
	run_model(fire, 26, 6000000);
}
END_TEST

START_TEST(test_changes_from_functions)
{
	run_model(fire_and_change, 14, 100000);
}
END_TEST

/* Each boundary of a wheel, from each side, at different times of day. */
START_TEST(test_boundaries)
{
	static const uint32_t ticks[] = {
		1, 2, 62, 63, 64, 65, 126, 127, 128, 4030, 4031, 4032, 4094, 4095, 4096, 4097, 8191,
		8192, 262143, 262144, 262145,
	};
	unsigned int i, n = sizeof(ticks) / sizeof(ticks[0]), round;

	start(fire);
	for (round = 0; round < 4; round++) {
		fired = 0;
		for (i = 0; i < n; i++)
			set(i, (ticks[i] - 1) * TICK_MS);
		timer_advance(262145);
		ck_assert_uint_eq(fired, n);
		timer_advance(997);
	}
}
END_TEST

START_TEST(test_edges)
{
	start(fire);
	/* Never early: the tick that runs has begun some time ago. */
	set(0, 0);
	ck_assert_uint_eq(due[0], timer_now() + 1);
	set(0, 1);
	ck_assert_uint_eq(due[0], timer_now() + 2);
	set(0, TICK_MS);
	ck_assert_uint_eq(due[0], timer_now() + 2);
	timer_advance(2);
	ck_assert_uint_eq(fired, 1);

	/* Ticks that have passed and are not accounted count as passed. */
	percpu_boot.ticks = 5;
	set(0, 10);
	due[0] += 5;
	percpu_boot.ticks = 0;
	timer_advance(6);
	ck_assert(timer_is_set(&timers[0]));
	timer_advance(1);
	ck_assert_uint_eq(fired, 2);

	/* The longest delay. */
	set(1, UINT32_MAX);
	timer_advance(1000000);
	ck_assert(timer_is_set(&timers[1]));
	ck_assert(timer_cancel(&timers[1]));
	ck_assert(!timer_cancel(&timers[1]));

	/* Setting again replaces. */
	set(2, 100);
	set(2, 500);
	timer_advance(20);
	ck_assert(timer_is_set(&timers[2]));
	timer_advance(31);
	ck_assert_uint_eq(fired, 3);
}
END_TEST

void unit_tests(TCase *tcase)
{
	tcase_add_test(tcase, test_edges);
	tcase_add_test(tcase, test_boundaries);
	tcase_add_test(tcase, test_short_delays);
	tcase_add_test(tcase, test_long_delays);
	tcase_add_test(tcase, test_changes_from_functions);
}
