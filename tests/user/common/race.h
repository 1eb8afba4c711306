/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Threads that disturb each other.  The kernel is not preempted, so what can come between are
 * its blocking points and the returns to user mode; between two steps a thread gives the
 * processor away or not, by chance that is the same in every run.
 */
#ifndef _RACE_H_
#define _RACE_H_

#include <mach/mach_types.h>

struct racer {
	void			(*step)(struct racer *self);
	unsigned int		steps;		/* 0: until the others have ended */
	unsigned int		index;		/* in the field; set by race_run */
	uint32_t		seed;
	mach_port_t		thread;
	volatile boolean_t	done;
};

/* Run all of them until all have ended.  At least one has a number of steps. */
void race_run(struct racer *field, unsigned int count);

/* A number below the limit. */
uint32_t race_random(struct racer *self, uint32_t limit);

/* Let others run, or not. */
void race_pause(struct racer *self);

#endif
