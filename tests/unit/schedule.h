/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * All schedules of a race.
 *
 * A race is a few actors, each with a program, that start from one state.  Each actor runs on a
 * stack of its own, as on a processor of its own, and only one runs at a time.  An actor
 * stops before each step that another can tell from its order: taking or trying a lock, an atomic
 * operation, and each access to a word that two actors touch without a lock in common (these
 * are found while the schedules run, by comparing vector clocks; then the search begins anew).
 * Between two stops nothing else needs to be tried: locks order it.
 *
 * The explorer first runs the sequential orders, where an actor is left only when it waits or has
 * ended, and notes their outcomes.  Then it runs every schedule, depth first, each from the
 * start.  Of schedules that differ only in the order of independent steps one is enough: another
 * choice is tried only where two dependent steps could have come the other way round (dynamic
 * partial order reduction, with sleep sets).  The outcome of each must be one of the sequential
 * ones.
 *
 * What cannot run to its end (a deadlock), a panic, memory used after it was freed, and an outcome
 * that no sequential order has, fail the test, which tells the schedule in a line:
 *
 *	SCHEDULE='...' build/debug/tests/unit/NAME
 *
 * runs that one alone, and shows each step.  SCHEDULE_WORDS=1 tells the words that are touched
 * without a lock, with SCHEDULE_LIMIT=n not more than n schedules are run of each race.
 */
#ifndef TESTS_UNIT_SCHEDULE_H
#define TESTS_UNIT_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SCHEDULE_ACTORS 5
#define SCHEDULE_TEXT 8192

struct race {
	const char *name;
	unsigned int number;		/* for `start`, by schedule_race */
	/* Build the state and add the actors, from the main stack. */
	void (*start)(void);
	/* Look at what has come out, say it in words (schedule_say), and take everything down. */
	void (*finish)(void);
	/* In the short form: at most so many preemptions in a schedule; 0: any number. */
	unsigned int preemptions;
	uint32_t limit, full_limit;	/* at most so many schedules, in the short form and in
					   the full one (SCHEDULE_FULL); 0: all */
	/* Outcomes that the rules allow besides the sequential ones: is this one of them?  Or NULL. */
	bool (*allowed)(const char *outcome);
	/* A text that no outcome may have in it, sequential ones neither.  Or NULL. */
	const char *never;
	/* The sequential orders only: how many outcomes there must be; 0: any. */
	unsigned int sequential_outcomes;
};

struct schedule_result {
	uint32_t schedules;		/* that ran, no two of them equivalent if reduced */
	uint32_t repeated;		/* that turned out to be like others, near their end */
	uint32_t sequential;		/* different outcomes of sequential orders */
	uint32_t outcomes;		/* different outcomes in all */
	uint32_t words;			/* words that actors touch without a lock in common */
	bool complete;			/* every schedule, or every one within the bound, was run */
	bool failed;
	char failure[SCHEDULE_TEXT];
};

/* Run a race.  A failure ends the search; its text is printed unless `expected`. */
void schedule_run(const struct race *race, bool expected, struct schedule_result *result);

/* --- For `start` ------------------------------------------------------------------------- */

/* Add an actor; its number. */
unsigned int schedule_add(void (*program)(void));

/* The race that is run. */
const struct race *schedule_race(void);

/* Run an actor by itself until it waits. */
void schedule_prepare(unsigned int actor);

/* For `finish`: run those that can go on, one after the other. */
void schedule_drain(void);

/* Actors stop before each access to this word. */
void schedule_share(const void *word);

/* --- For `finish` and for actors ----------------------------------------------------------- */

void schedule_say(const char *format, ...) __attribute__((format(printf, 1, 2)));
_Noreturn void schedule_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* --- For actors ------------------------------------------------------------------------------ */

/* The one that runs; -1 on the main stack. */
int schedule_self(void);

/* Are the sequential orders being run? */
bool schedule_is_sequential(void);

/* What a step does to an object; adding commutes with adding.  The last two are of locks. */
enum schedule_access {
	SCHEDULE_READ,
	SCHEDULE_ADD,
	SCHEDULE_WRITE,
	SCHEDULE_LOCK,
	SCHEDULE_UNLOCK,
};

/* Others may run here; the step that follows touches the object. */
void schedule_point(const void *object, enum schedule_access access);

/* The step that is being made touches the object. */
void schedule_note(const void *object, enum schedule_access access);

/* Others may run here, in sequential orders too: an operation may be seen in parts. */
void schedule_part(void);

/* The actor ends, or waits: its stack is given up, and it goes on in `resume` when it is ready. */
_Noreturn void schedule_end(void);
_Noreturn void schedule_wait(void (*resume)(void));

/* Let an actor go on that waits, or is about to. */
void schedule_ready(unsigned int actor);

/* From here on the caller's stack is that of another actor, which was waiting; the caller waits. */
void schedule_become(unsigned int actor, void (*resume)(void));

/* Called when another actor runs. */
extern void (*schedule_switched)(int actor);

/* --- Memory whose use is watched --------------------------------------------------------- */

/* Not used again before the next schedule, and at the same addresses in each. */
void *schedule_alloc(size_t size);
void schedule_free(void *p, size_t size);

/* What is allocated now stays for all schedules. */
void schedule_keep_memory(void);

#endif /* TESTS_UNIT_SCHEDULE_H */
