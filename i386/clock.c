/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Time from the time-stamp counter, and the tick from the 8254 interval timer.
 *
 * The counter's rate is measured against channel 2 of the timer.  Whatever disturbs a
 * measurement makes it longer, so the shortest of some is taken; each is bounded, because a
 * machine without the timer must start too.
 */
#include <stdint.h>

#include <i386/clock.h>
#include <i386/cpu.h>
#include <i386/io.h>
#include <i386/irq.h>
#include <kern/div64.h>
#include <kern/machine.h>
#include <kern/timer.h>

#define PIT_HZ		1193182u
#define PIT_CHANNEL_0	0x40
#define PIT_CHANNEL_2	0x42
#define PIT_COMMAND	0x43
#define PIT_0_RATE	0x34	/* channel 0, 16 bits, mode 2: periodic */
#define PIT_2_ONCE	0xb0	/* channel 2, 16 bits, mode 0: output rises at the end */

#define TICK_COUNT	((PIT_HZ + TICK_HZ / 2) / TICK_HZ)

#define PORT_B		0x61
#define PORT_B_GATE_2	0x01
#define PORT_B_SPEAKER	0x02
#define PORT_B_OUT_2	0x20

#define MEASURE_COUNT	(PIT_HZ / 100)	/* 10 ms */
#define MEASUREMENTS	3
#define MEASURE_POLLS	200000		/* port reads; far more than fit into 10 ms */
#define TSC_HZ_DEFAULT	1000000000u

#define NS_PER_SECOND	1000000000u
#define SCALE_SHIFT	24		/* rates from 4 MHz fit */

static uint64_t tsc_start;
static uint32_t tsc_hz;
static uint32_t ns_scale;	/* nanoseconds of a count, times 2^SCALE_SHIFT */
static uint32_t rtc_at_start;

/* Counts of the time-stamp counter in MEASURE_COUNT of the timer; UINT32_MAX when it is dead. */
static uint32_t clock_measure(void)
{
	uint8_t port_b = inb(PORT_B) & (uint8_t)~PORT_B_SPEAKER;
	uint64_t begin, counts;
	int polls = MEASURE_POLLS;

	outb(PORT_B, port_b & (uint8_t)~PORT_B_GATE_2);
	outb(PIT_COMMAND, PIT_2_ONCE);
	outb(PIT_CHANNEL_2, MEASURE_COUNT & 0xff);
	outb(PIT_CHANNEL_2, MEASURE_COUNT >> 8);
	outb(PORT_B, port_b | PORT_B_GATE_2);
	begin = rdtsc();
	while (!(inb(PORT_B) & PORT_B_OUT_2))
		if (--polls == 0)
			return UINT32_MAX;
	counts = rdtsc() - begin;
	return counts < UINT32_MAX ? (uint32_t)counts : UINT32_MAX;
}

static uint32_t clock_measure_hz(void)
{
	uint32_t best = UINT32_MAX;
	uint64_t hz;
	int i;

	for (i = 0; i < MEASUREMENTS; i++) {
		uint32_t counts = clock_measure();

		best = counts < best ? counts : best;
	}
	hz = mul_div64(best, PIT_HZ, MEASURE_COUNT);
	/* Nothing slower has a counter; nothing faster fits the arithmetic. */
	return best == UINT32_MAX || hz < 8000000 || hz > UINT32_MAX ? TSC_HZ_DEFAULT
								      : (uint32_t)hz;
}

void clock_init(void)
{
	tsc_hz = clock_measure_hz();
	ns_scale = (uint32_t)div64((uint64_t)NS_PER_SECOND << SCALE_SHIFT, tsc_hz);
	tsc_start = rdtsc();
	rtc_at_start = rtc_read();
}

uint32_t clock_tsc_hz(void)
{
	return tsc_hz;
}

uint64_t machine_cycles(void)
{
	return rdtsc();
}

uint64_t machine_uptime_ns(void)
{
	uint64_t counts = rdtsc() - tsc_start;
	uint64_t low = (counts & UINT32_MAX) * ns_scale;
	uint64_t high = (counts >> 32) * ns_scale;

	return (low >> SCALE_SHIFT) + (high << (32 - SCALE_SHIFT));
}

uint32_t machine_rtc_seconds(void)
{
	return rtc_at_start;
}

void machine_clock_start(void)
{
	outb(PIT_COMMAND, PIT_0_RATE);
	outb(PIT_CHANNEL_0, TICK_COUNT & 0xff);
	outb(PIT_CHANNEL_0, TICK_COUNT >> 8);
	irq_unmask(IRQ_CLOCK);
}
