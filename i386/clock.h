/* SPDX-License-Identifier: BSD-2-Clause */
/* Time: the time-stamp counter, the interval timer, the clock chip. */
#ifndef I386_CLOCK_H
#define I386_CLOCK_H

#include <stdint.h>

/* Measure the time-stamp counter; machine_uptime_ns() counts from here. */
void clock_init(void);

/* Ticks of the time-stamp counter in a second. */
uint32_t clock_tsc_hz(void);

/* Ticks since the last call, by the time-stamp counter.  For the clock interrupt. */
uint32_t clock_ticks_passed(void);

/* The clock chip's time now, in seconds since 1970; 0 when it does not answer. */
uint32_t rtc_read(void);

#endif /* I386_CLOCK_H */
