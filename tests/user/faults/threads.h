/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of what each thread has for itself, and of sharing the processor. */
#ifndef _FAULTS_THREADS_H_
#define _FAULTS_THREADS_H_

void test_initial_fpu(void);
void test_fpu_per_thread(void);
void test_fpu_state(void);
void test_preemption(void);
void test_spinning_task(void);
void test_waiter_wins(void);

#endif
