/* SPDX-License-Identifier: BSD-2-Clause */
/* The battery clock (MC146818), which is taken to hold UTC. */
#include <stdbool.h>
#include <stdint.h>

#include <i386/clock.h>
#include <i386/io.h>
#include <kern/string.h>

#define CMOS_INDEX	0x70
#define CMOS_DATA	0x71

#define RTC_STATUS_A	0x0a
#define STATUS_A_UPDATE	0x80
#define RTC_STATUS_B	0x0b
#define STATUS_B_24H	0x02
#define STATUS_B_BINARY	0x04
#define HOUR_PM		0x80

#define UPDATE_POLLS	20000	/* an update takes 2 ms */
#define READINGS	5

struct rtc_time {
	uint8_t second, minute, hour, day, month, year;
};

static uint8_t cmos_read(uint8_t index)
{
	outb(CMOS_INDEX, index);
	return inb(CMOS_DATA);
}

static struct rtc_time rtc_read_registers(void)
{
	int polls = UPDATE_POLLS;

	while ((cmos_read(RTC_STATUS_A) & STATUS_A_UPDATE) && --polls > 0)
		;
	return (struct rtc_time){
		.second = cmos_read(0), .minute = cmos_read(2), .hour = cmos_read(4),
		.day = cmos_read(7), .month = cmos_read(8), .year = cmos_read(9),
	};
}

/* Two equal readings had no update in between. */
static struct rtc_time rtc_read_stable(void)
{
	struct rtc_time before, now = rtc_read_registers();
	int i = 0;

	do {
		before = now;
		now = rtc_read_registers();
	} while (memcmp(&before, &now, sizeof(now)) != 0 && ++i < READINGS);
	return now;
}

static uint8_t from_bcd(uint8_t value)
{
	return (uint8_t)((value >> 4) * 10 + (value & 0xf));
}

/* Make binary numbers and 24 hours of what the chip was set to. */
static void rtc_normalize(struct rtc_time *t)
{
	uint8_t format = cmos_read(RTC_STATUS_B);
	bool afternoon = !(format & STATUS_B_24H) && (t->hour & HOUR_PM);

	if (!(format & STATUS_B_24H))
		t->hour &= (uint8_t)~HOUR_PM;
	if (!(format & STATUS_B_BINARY))
		*t = (struct rtc_time){
			from_bcd(t->second), from_bcd(t->minute), from_bcd(t->hour),
			from_bcd(t->day), from_bcd(t->month), from_bcd(t->year),
		};
	if (!(format & STATUS_B_24H))
		t->hour = (uint8_t)(t->hour % 12 + (afternoon ? 12 : 0));
}

static bool rtc_plausible(const struct rtc_time *t)
{
	return t->second < 60 && t->minute < 60 && t->hour < 24 && t->day >= 1 && t->day <= 31 &&
	       t->month >= 1 && t->month <= 12 && t->year < 100;
}

/* Days since 1 January 1970; the year begins in March, so that leap days come last. */
static uint32_t days_since_1970(uint32_t year, uint32_t month, uint32_t day)
{
	uint32_t y = month > 2 ? year : year - 1;
	uint32_t m = month > 2 ? month - 3 : month + 9;

	return y * 365 + y / 4 - y / 100 + y / 400 + (m * 153 + 2) / 5 + day - 1 - 719468;
}

/* Two digits of a year mean 1970 to 2069. */
uint32_t rtc_read(void)
{
	struct rtc_time t = rtc_read_stable();
	uint32_t year, days;

	rtc_normalize(&t);
	if (!rtc_plausible(&t))
		return 0;
	year = t.year + (t.year >= 70 ? 1900 : 2000);
	days = days_since_1970(year, t.month, t.day);
	return days * 86400 + t.hour * 3600u + t.minute * 60u + t.second;
}
