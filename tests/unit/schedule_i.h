/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Between the parts of the explorer: actors and their stacks (schedule.c), the choices of a
 * schedule (schedule_path.c), the search (schedule_search.c), and the watch over memory
 * (schedule_watch.c).
 */
#ifndef TESTS_UNIT_SCHEDULE_I_H
#define TESTS_UNIT_SCHEDULE_I_H

#include <setjmp.h>

#include <tests/unit/schedule.h>

/* --- The search's ------------------------------------------------------------------------ */

extern struct search {
	const struct race *race;
	bool sequential;
	bool reduced;			/* no two equivalent schedules, and no bound on preemptions */
	unsigned int bound;
	bool verbose;
	bool expected;			/* a failure is what the test wants */
	bool aimless;			/* the rest of the run is another one's, too */
	struct schedule_result *result;
	jmp_buf failed;
} search;

void schedule_say_nothing(void);

/* --- The path's: sets of actors are bit masks -------------------------------------------- */

void path_restart(void);		/* nothing is chosen */
void path_start_run(void);
unsigned int path_depth(void);

/* Who makes the next step, and who makes the present one. */
int path_choose(uint8_t enabled);
int path_chosen(void);

/* The present step touches an object. */
void path_touch(const void *object, enum schedule_access access);

/*
 * After a run: look for pairs of dependent steps of two actors, such that nothing before the later
 * one's actor gets there needs the earlier one; they are to be tried the other way round.
 */
void path_find_reversals(void);

/* Go on to the next path; false when there is none. */
bool path_next(void);

/* Runs of steps of one actor, "0*12 1*3", then the words at which all stop; and back. */
void path_print(char *text, size_t size);
void path_parse(const char *text);

/* --- The actors'  ---------------------------------------------------------------------- */

/* One schedule, as far as the path is given and then by itself. */
void schedule_run_once(void);

/* Back on the main stack, the schedule is not to be finished. */
void schedule_abandon(void);

/* Wait until the lock is free; the next step takes it. */
void schedule_lock_wanted(const uint32_t *held, const void *pc);

/* schedule_self, for those who ask at every access to memory. */
extern int schedule_watched;

/* Whose stack is an address in? */
enum schedule_stack { STACK_NONE, STACK_OWN, STACK_OTHER };
enum schedule_stack schedule_stack_of(const void *p);

/* --- The watcher's ----------------------------------------------------------------------- */

void watch_start_search(void);		/* forget the words found */
void watch_start_run(void);
bool watch_found_more(void);		/* since this was asked last */
uint32_t watch_words(void);

/* As text for schedule_run's line, and back. */
size_t watch_print(char *text, size_t size);
void watch_parse(const char *text);

/* What one actor has done so far comes before what the other does from here on. */
void watch_order(unsigned int before, unsigned int after);

#endif /* TESTS_UNIT_SCHEDULE_I_H */
