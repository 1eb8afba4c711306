/* SPDX-License-Identifier: BSD-2-Clause */
/* The real-time clock, as a device whose interrupts come without another machine: 256 in a second. */
#ifndef _RTC_H_
#define _RTC_H_

#define RTC_LINE	8

void rtc_start(void);
void rtc_stop(void);

/* It does not ask again before this. */
void rtc_served(void);

#endif
