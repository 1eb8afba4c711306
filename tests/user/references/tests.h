/* SPDX-License-Identifier: BSD-2-Clause */
/* The tests of this program, by the id of the defect. */
#ifndef _TESTS_H_
#define _TESTS_H_

/* limit.c: PR-2, PR-10 */
void test_exceptions_at_limit(void);
void test_one_reference(void);

/* register.c: PR-5 */
void test_register_counts(void);
void test_register_forms(void);
void test_register_contents(void);
void test_register_often(void);

/* stale.c: PR-11 */
void test_stale_own(void);
void test_stale_remote(void);
void test_stale_receive(void);

/* transit.c: PR-13 */
void test_taken_and_moved(void);
void test_taken_and_dead(void);

/* ktype.c: PR-7 */
void test_set_ktype(void);

#endif
