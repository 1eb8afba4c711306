/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef _TESTS_H_
#define _TESTS_H_

#include <stdint.h>

static inline uint64_t cycles(void)
{
	uint64_t now;

	__asm__ volatile("rdtsc" : "=A"(now));
	return now;
}

/* How many from one tick of the clock to the next. */
uint64_t cycles_of_tick(void);

void test_hint_runs_next(void);
void test_hint_is_only_a_hint(void);
void test_hints_starve_nobody(void);
void test_calls_starve_nobody(void);
void test_fixed_hints_starve_nobody(void);
void test_slices_are_kept(void);
void test_fixed_is_strict(void);
void test_sleeping_at_ticks(void);
void test_depressing(void);
void test_giving_to_all(void);
void test_ten_thousand_timeouts(void);
void test_ten_thousand_threads(void);
void test_stack_usage(void);

#endif
