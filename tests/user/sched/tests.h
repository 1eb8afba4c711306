/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef _TESTS_H_
#define _TESTS_H_

void test_hint_runs_next(void);
void test_hint_is_only_a_hint(void);
void test_hints_starve_nobody(void);
void test_calls_starve_nobody(void);
void test_fixed_hints_starve_nobody(void);
void test_slices_are_kept(void);
void test_fixed_is_strict(void);
void test_ten_thousand_threads(void);
void test_stack_usage(void);

#endif
