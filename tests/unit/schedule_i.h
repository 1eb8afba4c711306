/* SPDX-License-Identifier: BSD-2-Clause */
/* Between the explorer (schedule.c) and what watches memory for it (schedule_watch.c). */
#ifndef TESTS_UNIT_SCHEDULE_I_H
#define TESTS_UNIT_SCHEDULE_I_H

#include <tests/unit/schedule.h>

/* --- The explorer's ---------------------------------------------------------------------- */

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
