/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Runs of the model of maps: sequences of random operations, and all short sequences of a few.
 *
 * Each step of a random sequence makes its choices from a number of its own, so that a step means
 * much the same when others before it are left out.  A sequence that fails is made shorter until
 * nothing can be left out any more, and then told.
 */
#ifndef TESTS_UNIT_MAP_RUNS_H
#define TESTS_UNIT_MAP_RUNS_H

#include <stdbool.h>
#include <stdint.h>

#define SEQUENCE_MAX 20000u

struct sequence {
	bool pagers, fail;		/* there are some; they may fail */
	uint32_t checks;		/* all is compared after so many steps */
	uint32_t count;
	uint32_t seeds[SEQUENCE_MAX];
};

/* What boot does. */
void map_machine_start(void);

void sequence_make(struct sequence *s, uint32_t seed, uint32_t count);

/* Run it in this process, on a machine that has been started. */
void sequence_run(const struct sequence *s);

/* Run it in a process with a machine of its own; a failure is told, as short as it can be. */
bool sequence_holds(struct sequence *s);

/*
 * All sequences of so many operations of a reduced set on two small maps, which begin with the
 * one of that number; all is compared at the end of each.  Returns how many there were.
 */
uint32_t short_runs(unsigned int first, unsigned int length, bool pagers);
unsigned int short_operations(bool pagers);

/*
 * All pairs of an operation on memory that two maps share with a pager, and of what somebody else
 * does to it meanwhile: at each point where the first one lets others in, or waits.  Returns how many.
 */
uint32_t pair_runs(void);

#endif /* TESTS_UNIT_MAP_RUNS_H */
