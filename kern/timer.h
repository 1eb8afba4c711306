/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Timers: a function to be called at a tick to come.
 *
 * Ticks are 10 ms.  Expired timers run from AST work and from the idle loop, in
 * thread context with interrupts on and no locks held, not from the interrupt.
 * Setting and cancelling take constant time (a wheel).
 */
#ifndef KERN_TIMER_H
#define KERN_TIMER_H

#include <stdbool.h>
#include <stdint.h>

#include <kern/queue.h>

#define TICK_HZ 100
#define TICK_MS (1000 / TICK_HZ)

struct timer {
	struct queue_link link;
	uint64_t when;			/* tick */
	void (*function)(void *arg);
	void *arg;
};

void timer_subsystem_init(void);
void timer_init(struct timer *timer, void (*function)(void *), void *arg);

/* Fire at the first tick that is at least ms milliseconds away; any 32-bit value counts. */
void timer_set_ms(struct timer *timer, uint32_t ms);

/* Take a timer back.  Returns whether it was set; if not it has fired or is unset. */
bool timer_cancel(struct timer *timer);

static inline bool timer_is_set(const struct timer *timer)
{
	return queue_linked(&timer->link);
}

/* Ticks since start. */
uint64_t timer_now(void);

/* Account `ticks` more and run what has expired.  AST work. */
void timer_advance(uint32_t ticks);

#endif /* KERN_TIMER_H */
