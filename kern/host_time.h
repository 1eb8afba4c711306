/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The time of day: the time since start, plus a difference that programs may set at once or
 * have adjusted gradually.
 */
#ifndef KERN_HOST_TIME_H
#define KERN_HOST_TIME_H

#include <stdint.h>

#include <mach/time_value.h>

void host_time_init(void);

/* Nanoseconds since 1970. */
int64_t host_time_now(void);

/* The time of day at which something happened, of which the time since start is known. */
int64_t host_time_of(uint64_t uptime_ns);

/* What to call when the time has been set, at start-up. */
void host_time_on_change(void (*function)(void));

/* Nanoseconds as the interface's structures. */
time_value64_t time_value64_of(int64_t ns);
time_value_t time_value_of(int64_t ns);

#endif /* KERN_HOST_TIME_H */
