/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of exceptions. */
#ifndef _FAULTS_EXCEPTIONS_H_
#define _FAULTS_EXCEPTIONS_H_

void test_table(void);
void test_interrupt_return(void);
void test_virtual_return(void);
void test_addresses(void);
void test_x87(void);
void test_no_fault(void);
void test_resume(void);
void test_no_handler(void);
void test_dead_handler(void);
void test_task_handler(void);
void test_narrow_handler(void);

#endif
