/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A hierarchy of wheels.
 *
 * Wheel 0 has a slot for each of the next 64 ticks, wheel 1 one for each of the next 64 rounds of
 * wheel 0, and so on.  When a wheel has gone round, the next slot of the one above is spread
 * over it.  So a timer is touched at most once for each wheel.  Five wheels of 64 slots
 * reach further than 32 bits of milliseconds.
 */
#include <kern/timer.h>

#include <kern/assert.h>
#include <kern/lock.h>
#include <kern/percpu.h>

#define SLOT_BITS 6
#define SLOTS (1u << SLOT_BITS)
#define WHEELS 5

_Static_assert((1ull << (SLOT_BITS * WHEELS)) > UINT32_MAX / TICK_MS + 2, "wheels too small");

static struct spin_lock timer_lock = SPIN_LOCK_INIT(LOCK_EVENT);

/* Guarded by timer_lock. */
static struct queue wheel[WHEELS][SLOTS];
static uint64_t now;

void timer_subsystem_init(void)
{
	unsigned int i, j;

	for (i = 0; i < WHEELS; i++)
		for (j = 0; j < SLOTS; j++)
			queue_init(&wheel[i][j]);
}

void timer_init(struct timer *timer, void (*function)(void *), void *arg)
{
	queue_link_init(&timer->link);
	timer->function = function;
	timer->arg = arg;
}

/* Into the lowest wheel that reaches that far.  A timer that is due goes into the next slot. */
static void wheel_insert(struct timer *timer)
{
	uint64_t when = timer->when > now ? timer->when : now + 1;
	uint32_t away = (uint32_t)(when - now);
	unsigned int level = (31u - (unsigned int)__builtin_clz(away)) / SLOT_BITS;
	unsigned int slot = (unsigned int)(when >> (level * SLOT_BITS)) & (SLOTS - 1);

	assert(level < WHEELS);
	queue_insert_tail(&wheel[level][slot], &timer->link);
}

/* Spread the current slot of a wheel, and of those above when it has gone round, downwards. */
static void wheel_cascade(unsigned int level)
{
	unsigned int slot = (unsigned int)(now >> (level * SLOT_BITS)) & (SLOTS - 1);
	struct queue_link *link;
	struct queue moving;

	if (slot == 0 && level + 1 < WHEELS)
		wheel_cascade(level + 1);
	queue_init(&moving);
	queue_move_all(&moving, &wheel[level][slot]);
	while ((link = queue_take_first(&moving)) != NULL) {
		struct timer *timer = container_of(link, struct timer, link);

		if (timer->when <= now)		/* due in this tick: its slot is next */
			queue_insert_tail(&wheel[0][now & (SLOTS - 1)], link);
		else
			wheel_insert(timer);
	}
}

void timer_set_ms(struct timer *timer, uint32_t ms)
{
	uint32_t ticks = ms / TICK_MS + (ms % TICK_MS != 0);

	spin_lock(&timer_lock);
	queue_remove(&timer->link);
	/* The tick that is running counts for nothing, and those that wait to be accounted. */
	timer->when = now + current_cpu()->ticks + ticks + 1;
	wheel_insert(timer);
	spin_unlock(&timer_lock);
}

bool timer_cancel(struct timer *timer)
{
	bool was_set;

	if (!timer_is_set(timer))
		return false;
	spin_lock(&timer_lock);
	was_set = timer_is_set(timer);
	queue_remove(&timer->link);
	spin_unlock(&timer_lock);
	return was_set;
}

uint64_t timer_now(void)
{
	uint64_t ticks;

	spin_lock(&timer_lock);
	ticks = now;
	spin_unlock(&timer_lock);
	return ticks;
}

/* Take the timers of this tick one by one: another may be cancelled by what one does. */
static struct timer *take_expired(void)
{
	struct queue_link *link;

	spin_lock(&timer_lock);
	link = queue_take_first(&wheel[0][now & (SLOTS - 1)]);
	spin_unlock(&timer_lock);
	return link == NULL ? NULL : container_of(link, struct timer, link);
}

static void timer_tick(void)
{
	struct timer *timer;

	spin_lock(&timer_lock);
	now++;
	if ((now & (SLOTS - 1)) == 0)
		wheel_cascade(1);
	spin_unlock(&timer_lock);
	while ((timer = take_expired()) != NULL)
		timer->function(timer->arg);
}

void timer_advance(uint32_t ticks)
{
	assert_no_locks();
	while (ticks-- > 0)
		timer_tick();
}
