/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef _TESTS_H_
#define _TESTS_H_

void test_without_manager(void);
void test_more_than_there_is(void);
void test_full_again(void);
void test_breeding_manager(void);
void test_copies(void);
void test_external_pages(void);
void test_silent_manager(void);
void test_stopped_waiters(void);
void test_manager_dies(void);
void test_supply_in_need(void);

#endif
