/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Time from the time-stamp counter, and the tick from the 8254 interval timer.
 *
 * The counter's rate is measured against channel 2 of the timer.  An emulator may be stopped at any
 * moment for any time, so both are read together, again and again, and only readings that took
 * little time count.  All is bounded: a machine without the timer must start too.
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
#define PIT_2_LATCH	0x80	/* keep the count of channel 2 for reading */

#define TICK_COUNT	((PIT_HZ + TICK_HZ / 2) / TICK_HZ)

#define PORT_B		0x61
#define PORT_B_GATE_2	0x01
#define PORT_B_SPEAKER	0x02
#define PORT_B_OUT_2	0x20

#define MEASURE_START	0xffffu		/* 55 ms */
#define MEASURE_COUNT	(PIT_HZ / 100)	/* 10 ms at least */
#define MEASURE_POLLS	400000		/* a reading may take as little as 50 ns */
#define DEAD_POLLS	1000		/* a count that has not moved by then never will */
#define MEASUREMENTS	5
#define READINGS	8
#define TSC_HZ_MIN	8000000u	/* nothing slower has a time-stamp counter */
#define TSC_HZ_DEFAULT	1000000000u

#define NS_PER_SECOND	1000000000u
#define TICKS_AT_ONCE	1000		/* after a long stop the rest follows */
#define SCALE_SHIFT	24		/* rates from 4 MHz fit */

static uint64_t tsc_start;
static uint32_t tsc_hz;
static uint32_t ns_scale;	/* nanoseconds of a count, times 2^SCALE_SHIFT */
static uint32_t rtc_at_start;
static uint64_t tick_due;	/* the counter at the next tick */

/* Both clocks at one moment, and how long the moment was. */
struct reading {
	uint32_t pit;
	uint32_t width;
	uint64_t tsc;
};

static struct reading clock_read_once(void)
{
	struct reading r;

	r.tsc = rdtsc();
	outb(PIT_COMMAND, PIT_2_LATCH);
	r.pit = inb(PIT_CHANNEL_2);
	r.pit |= (uint32_t)inb(PIT_CHANNEL_2) << 8;
	r.width = (uint32_t)(rdtsc() - r.tsc);
	return r;
}

static struct reading clock_read(void)
{
	struct reading best = clock_read_once();
	int i;

	for (i = 1; i < READINGS; i++) {
		struct reading r = clock_read_once();

		if (r.width < best.width)
			best = r;
	}
	return best;
}

static void pit_start_once(void)
{
	uint8_t port_b = inb(PORT_B) & (uint8_t)~(PORT_B_SPEAKER | PORT_B_GATE_2);

	outb(PORT_B, port_b);
	outb(PIT_COMMAND, PIT_2_ONCE);
	outb(PIT_CHANNEL_2, MEASURE_START & 0xff);
	outb(PIT_CHANNEL_2, MEASURE_START >> 8);
	outb(PORT_B, port_b | PORT_B_GATE_2);
}

/* Wait until the timer has counted MEASURE_COUNT down from `begin`. */
static struct reading clock_wait(uint32_t begin)
{
	struct reading r = clock_read();
	int polls;

	for (polls = 0; r.pit + MEASURE_COUNT > begin && polls < MEASURE_POLLS; polls++) {
		if (r.pit == begin && polls > DEAD_POLLS)
			break;
		r = clock_read();
	}
	return r;
}

/*
 * One measurement of the rate.  Returns the counts of which it is in doubt, UINT32_MAX when it
 * failed: an output that is high says that the timer has gone round.
 */
static uint32_t clock_measure(uint64_t *hz)
{
	struct reading begin, end;

	pit_start_once();
	begin = clock_read();
	end = clock_wait(begin.pit);
	if (end.pit + MEASURE_COUNT > begin.pit || (inb(PORT_B) & PORT_B_OUT_2))
		return UINT32_MAX;
	*hz = mul_div64(end.tsc - begin.tsc, PIT_HZ, begin.pit - end.pit);
	return begin.width + end.width;
}

/* The best of some measurements; one that is good to some 1/4096 ends the search. */
static uint32_t clock_measure_hz(void)
{
	uint32_t least = UINT32_MAX;
	uint64_t hz = TSC_HZ_DEFAULT;
	int i;

	for (i = 0; i < MEASUREMENTS && least > (uint32_t)hz / 100 >> 12; i++) {
		uint64_t measured;
		uint32_t width = clock_measure(&measured);

		if (width < least) {
			least = width;
			hz = measured;
		}
	}
	return hz < TSC_HZ_MIN || hz > UINT32_MAX ? TSC_HZ_DEFAULT : (uint32_t)hz;
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

uint32_t machine_cycles_ns(uint32_t cycles)
{
	return (uint32_t)(((uint64_t)cycles * ns_scale) >> SCALE_SHIFT);
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

/*
 * Interrupts may be lost, or come late and many at once: the counter says how much time has
 * passed.  Half a tick too early counts as in time.
 */
uint32_t clock_ticks_passed(void)
{
	uint32_t step = tsc_hz / TICK_HZ, ticks = 0;
	uint64_t now = rdtsc() + step / 2;

	while (tick_due <= now && ticks < TICKS_AT_ONCE) {
		tick_due += step;
		ticks++;
	}
	return ticks;
}

void machine_clock_start(void)
{
	tick_due = rdtsc() + tsc_hz / TICK_HZ;
	outb(PIT_COMMAND, PIT_0_RATE);
	outb(PIT_CHANNEL_0, TICK_COUNT & 0xff);
	outb(PIT_CHANNEL_0, TICK_COUNT >> 8);
	irq_unmask(IRQ_CLOCK);
}
