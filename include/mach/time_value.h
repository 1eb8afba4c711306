/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Times: seconds and microseconds in words, as the classic interface has them,
 * and seconds and nanoseconds in 64 bits.
 */
#ifndef _MACH_TIME_VALUE_H_
#define _MACH_TIME_VALUE_H_

#include <stdint.h>
#include <mach/machine/vm_types.h>

struct time_value {
	rpc_long_integer_t	seconds;
	integer_t		microseconds;
};
typedef struct time_value time_value_t;
typedef struct time_value rpc_time_value_t;

struct time_value64 {
	int64_t		seconds;
	int64_t		nanoseconds;
};
typedef struct time_value64 time_value64_t;

#define TIME_MICROS_MAX		(1000000)
#define TIME_NANOS_MAX		(1000000000)

/*
 * The page of the device `time', written by the kernel while programs read it.
 * The check is written first, then the fraction, then the seconds: read them in the
 * opposite order, until seconds and check agree.
 */
typedef struct mapped_time_value {
	integer_t		seconds;
	integer_t		microseconds;
	integer_t		check_seconds;
	struct time_value64	time_value;
	int64_t			check_seconds64;
	struct time_value64	uptime_value;
	int64_t			check_upseconds64;
} mapped_time_value_t;

/* The same structure under two names: nothing to convert. */
static __inline__ rpc_time_value_t
convert_time_value_to_user(time_value_t tv)
{
	return tv;
}

static __inline__ time_value_t
convert_time_value_from_user(rpc_time_value_t tv)
{
	return tv;
}

/* Arithmetic; microseconds stay within 0 .. TIME_MICROS_MAX - 1. */
static __inline__ void
time_value_add_usec(time_value_t *val, integer_t micros)
{
	val->microseconds += micros;
	if (val->microseconds >= TIME_MICROS_MAX) {
		val->microseconds -= TIME_MICROS_MAX;
		val->seconds++;
	}
}

static __inline__ void
time_value_sub_usec(time_value_t *val, integer_t micros)
{
	val->microseconds -= micros;
	if (val->microseconds < 0) {
		val->microseconds += TIME_MICROS_MAX;
		val->seconds--;
	}
}

static __inline__ void
time_value_add(time_value_t *result, const time_value_t *addend)
{
	result->seconds += addend->seconds;
	time_value_add_usec(result, addend->microseconds);
}

static __inline__ void
time_value_sub(time_value_t *result, const time_value_t *subtrahend)
{
	result->seconds -= subtrahend->seconds;
	time_value_sub_usec(result, subtrahend->microseconds);
}

static __inline__ void
time_value64_add_nanos(time_value64_t *val, int64_t nanos)
{
	val->nanoseconds += nanos;
	if (val->nanoseconds >= TIME_NANOS_MAX) {
		val->nanoseconds -= TIME_NANOS_MAX;
		val->seconds++;
	}
}

static __inline__ void
time_value64_sub_nanos(time_value64_t *val, int64_t nanos)
{
	val->nanoseconds -= nanos;
	if (val->nanoseconds < 0) {
		val->nanoseconds += TIME_NANOS_MAX;
		val->seconds--;
	}
}

static __inline__ void
time_value64_add(time_value64_t *result, const time_value64_t *addend)
{
	result->seconds += addend->seconds;
	time_value64_add_nanos(result, addend->nanoseconds);
}

static __inline__ void
time_value64_sub(time_value64_t *result, const time_value64_t *subtrahend)
{
	result->seconds -= subtrahend->seconds;
	time_value64_sub_nanos(result, subtrahend->nanoseconds);
}

static __inline__ time_value64_t
time_value_to_time_value64(time_value_t tv)
{
	return (time_value64_t) { tv.seconds, (int64_t) tv.microseconds * 1000 };
}

/* To and from the C library's structures, which are not known here. */
#define TIME_VALUE_TO_TIMESPEC(tv, ts) do {		\
	(ts)->tv_sec = (tv)->seconds;			\
	(ts)->tv_nsec = (tv)->microseconds * 1000;	\
} while (0)
#define TIMESPEC_TO_TIME_VALUE(tv, ts) do {		\
	(tv)->seconds = (ts)->tv_sec;			\
	(tv)->microseconds = (ts)->tv_nsec / 1000;	\
} while (0)
#define TIME_VALUE64_TO_TIMESPEC(tv, ts) do {		\
	(ts)->tv_sec = (tv)->seconds;			\
	(ts)->tv_nsec = (tv)->nanoseconds;		\
} while (0)
#define TIMESPEC_TO_TIME_VALUE64(tv, ts) do {		\
	(tv)->seconds = (ts)->tv_sec;			\
	(tv)->nanoseconds = (ts)->tv_nsec;		\
} while (0)

#endif
