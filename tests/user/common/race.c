/* SPDX-License-Identifier: BSD-2-Clause */
/* Threads that disturb each other. */
#include "race.h"

#include <libmach/thread.h>
#include <mach.h>

#include "tap.h"

static struct racer *racers;
static unsigned int racer_count;

uint32_t race_random(struct racer *self, uint32_t limit)
{
	self->seed ^= self->seed << 13;
	self->seed ^= self->seed >> 17;
	self->seed ^= self->seed << 5;
	return self->seed % limit;
}

void race_pause(struct racer *self)
{
	for (uint32_t times = race_random(self, 3); times > 0; times--)
		swtch_pri(0);
}

/* Have all those come to their end that have one? */
static boolean_t is_over(void)
{
	for (unsigned int i = 0; i < racer_count; i++)
		if (racers[i].steps != 0 && !racers[i].done)
			return FALSE;
	return TRUE;
}

static void run(void *argument)
{
	struct racer *self = argument;

	for (unsigned int i = 0; self->steps == 0 ? !is_over() : i < self->steps; i++) {
		self->step(self);
		race_pause(self);
	}
	self->done = TRUE;
}

void race_run(struct racer *field, unsigned int count)
{
	racers = field;
	racer_count = count;
	for (unsigned int i = 0; i < count; i++) {
		field[i].index = i;
		field[i].seed = (0x9e3779b9u * (i + 1)) ^ (tap_seed * 0x01000193u);
		if (field[i].seed == 0)
			field[i].seed = 1;
		field[i].done = FALSE;
	}
	for (unsigned int i = 0; i < count; i++)
		EXPECT(mach_thread_start(run, &field[i], &field[i].thread), KERN_SUCCESS);
	for (unsigned int i = 0; i < count; i++)
		mach_thread_join(field[i].thread);
}
