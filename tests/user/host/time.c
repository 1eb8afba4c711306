/* SPDX-License-Identifier: BSD-2-Clause */
/* The time of day: set, and adjusted bit by bit; both widths tell the same. */
#include <mach.h>
#include <mach/mach_host.h>

#include "../common/messages.h"
#include "../common/tap.h"
#include "tests.h"

#define SECOND 1000000000ll

static int64_t ns_of(time_value64_t time)
{
	return time.seconds * SECOND + time.nanoseconds;
}

static int64_t now64(void)
{
	time_value64_t time = { 0, 0 };

	EXPECT(host_get_time64(tap_host_priv, &time), KERN_SUCCESS);
	EXPECT_TRUE(time.nanoseconds >= 0 && time.nanoseconds < SECOND);
	return ns_of(time);
}

static int64_t now32(void)
{
	time_value_t time = { 0, 0 };

	EXPECT(host_get_time(tap_host_priv, &time), KERN_SUCCESS);
	EXPECT_TRUE(time.microseconds >= 0 && time.microseconds < 1000000);
	return (int64_t) (unsigned int) time.seconds * SECOND + time.microseconds * 1000;
}

static int64_t uptime(void)
{
	time_value64_t time = { 0, 0 };

	EXPECT(host_get_uptime64(tap_host_priv, &time), KERN_SUCCESS);
	EXPECT_TRUE(time.nanoseconds >= 0 && time.nanoseconds < SECOND);
	return ns_of(time);
}

/* Is it so much, and little more? */
static boolean_t is_about(int64_t ns, int64_t expected)
{
	tap_about("%d ms, where %d are due", (int) (ns / 1000000), (int) (expected / 1000000));
	return ns >= expected && ns < expected + SECOND / 20;
}

void test_set_time(void)
{
	int64_t start = now64(), up = uptime(), up_later;
	time_value_t time = { 1000000000, 250000 };
	time_value64_t time64 = { 0xf3456789ll, 7 };

	EXPECT(host_set_time(tap_host_priv, time), KERN_SUCCESS);
	EXPECT_TRUE(is_about(now64(), 1000000000ll * SECOND + SECOND / 4));
	EXPECT_TRUE(is_about(now32(), 1000000000ll * SECOND + SECOND / 4));
	EXPECT(host_set_time64(tap_host_priv, time64), KERN_SUCCESS);
	EXPECT_TRUE(is_about(now64(), 0xf3456789ll * SECOND + 7));
	up_later = uptime();
	EXPECT_TRUE(is_about(up_later, up));
	time64 = (time_value64_t) { start / SECOND, start % SECOND };
	EXPECT(host_set_time64(tap_host_priv, time64), KERN_SUCCESS);
	EXPECT_TRUE(is_about(now64(), start));
}

void test_bad_times(void)
{
	static const time_value64_t bad[] = {
		{ 0, -1 }, { 0, SECOND }, { 0, INT64_MAX }, { 0, INT64_MIN },
		{ INT64_MAX, 0 }, { INT64_MIN, 0 }, { 1ll << 33, 0 },
	};
	static const time_value_t bad32[] = {
		{ 0, -1 }, { 0, 1000000 }, { 0, 0x7fffffff }, { 0, -0x7fffffff - 1 },
	};
	mach_port_t host = mach_host_self();
	time_value64_t old, time64 = { 5, 5 };
	time_value_t old32, time = { 5, 5 };
	int64_t start = now64();

	for (unsigned int i = 0; i < COUNT_OF(bad); i++)
		EXPECT(host_set_time64(tap_host_priv, bad[i]), KERN_INVALID_ARGUMENT);
	for (unsigned int i = 0; i < COUNT_OF(bad32); i++)
		EXPECT(host_set_time(tap_host_priv, bad32[i]), KERN_INVALID_ARGUMENT);
	for (unsigned int i = 1; i < COUNT_OF(bad); i++)
		EXPECT(host_adjust_time64(tap_host_priv, bad[i], &old), KERN_INVALID_ARGUMENT);
	EXPECT(host_set_time(host, time), KERN_INVALID_HOST);
	EXPECT(host_set_time64(host, time64), KERN_INVALID_HOST);
	EXPECT(host_adjust_time(host, time, &old32), KERN_INVALID_HOST);
	EXPECT(host_adjust_time64(host, time64, &old), KERN_INVALID_HOST);
	EXPECT(host_get_time64(mach_task_self(), &old), KERN_INVALID_HOST);
	EXPECT(host_get_uptime64(mach_task_self(), &old), KERN_INVALID_HOST);
	EXPECT_TRUE(is_about(now64(), start));
	EXPECT(mach_port_deallocate(mach_task_self(), host), KERN_SUCCESS);
}

/* What is left of the adjustment; nothing changes. */
static int64_t left(void)
{
	time_value64_t old = { 0, 0 };

	EXPECT(host_adjust_time64(tap_host_priv, (time_value64_t) { 0, -1 }, &old), KERN_SUCCESS);
	return ns_of(old);
}

static int64_t adjust(int64_t ns)
{
	time_value64_t old, new = { ns / SECOND, ns % SECOND };

	EXPECT(host_adjust_time64(tap_host_priv, new, &old), KERN_SUCCESS);
	return ns_of(old);
}

/*
 * Whatever has been adjusted is gone from what is left, to the nanosecond but for the time that
 * passes between two questions.
 */
static void adjust_by(int64_t ns)
{
	int64_t begin, up, gained, rest;

	EXPECT(adjust(ns), 0);
	begin = now64();
	up = uptime();
	sleep_for(600);
	gained = now64() - begin - (uptime() - up);
	rest = left();
	tap_about("%d us adjusted, %d us left of %d", (int) (gained / 1000), (int) (rest / 1000),
		(int) (ns / 1000));
	EXPECT_TRUE(ns < 0 ? gained < -1000000 && rest > ns : gained > 1000000 && rest < ns);
	EXPECT_TRUE(gained + rest - ns < 1000000 && ns - gained - rest < 1000000);
	EXPECT_TRUE(now64() > begin);		/* never backwards */
	rest = adjust(0);
	EXPECT_TRUE(ns < 0 ? rest < 0 : rest > 0);
	EXPECT(left(), 0);
}

void test_adjust_time(void)
{
	time_value_t old, new = { 0, 1000 };

	adjust_by(SECOND);
	adjust_by(-SECOND);
	/* A new one takes the place of the old, of which the rest is told. */
	EXPECT(adjust(5 * SECOND), 0);
	EXPECT_TRUE(adjust(-3 * SECOND - 7) > 4 * SECOND);
	EXPECT_TRUE(left() < -2 * SECOND);
	EXPECT(host_adjust_time(tap_host_priv, (time_value_t) { 0, -250000 }, &old), KERN_SUCCESS);
	EXPECT(old.seconds, -3);		/* and less than a second of it */
	EXPECT_TRUE(old.microseconds >= 0 && old.microseconds < 1000000);
	EXPECT_TRUE(left() <= -SECOND / 5);
	EXPECT_TRUE(adjust(0) < 0);
	/* A short one comes to its end. */
	EXPECT(host_adjust_time(tap_host_priv, new, &old), KERN_SUCCESS);
	EXPECT(old.seconds, 0);
	EXPECT(old.microseconds, 0);
	sleep_for(400);
	EXPECT(left(), 0);
}

/* The version, in a buffer as long as it is. */
void test_version_string(void)
{
	new_kernel_version_t version;
	kernel_version_t old;
	mach_port_t host = mach_host_self();
	unsigned int i;

	EXPECT(host_get_kernel_version(host, version), KERN_SUCCESS);
	EXPECT(host_kernel_version(host, old), KERN_SUCCESS);
	for (i = 0; i < sizeof(old) - 1 && old[i] != '\0' && old[i] == version[i]; i++)
		continue;
	EXPECT(version[i], old[i]);
	EXPECT_TRUE(i > 5);
	EXPECT(host_get_kernel_version(mach_task_self(), version), KERN_INVALID_ARGUMENT);
	EXPECT(mach_port_deallocate(mach_task_self(), host), KERN_SUCCESS);
}
