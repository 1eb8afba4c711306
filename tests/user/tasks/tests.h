/* SPDX-License-Identifier: BSD-2-Clause */
/* The tests, by file. */
#ifndef _TASKS_TESTS_H_
#define _TASKS_TESTS_H_

/* tasks.c */
void test_new_task(void);
void test_task_suspension(void);
void test_task_threads(void);
void test_task_info(void);
void test_task_special_ports(void);
void test_registered_ports(void);
void test_terminate_self(void);
void test_wrong_ports(void);
void test_essential(void);
void test_emulation(void);
void test_many_tasks(void);

/* events.c */
void test_task_events(void);

/* threads.c */
void test_new_thread(void);
void test_thread_suspension(void);
void test_thread_special_ports(void);
void test_other_self_ports(void);
void test_thread_info(void);
void test_thread_abort(void);
void test_thread_terminate(void);
void test_terminate_release(void);
void test_many_threads(void);
void test_priorities(void);

/* state.c */
void test_get_state(void);
void test_set_state(void);
void test_state_of_self(void);
void test_flags_are_checked(void);
void test_segments_are_checked(void);
void test_set_state_while_blocked(void);
void test_registers_survive(void);

/* times.c */
void test_thread_times(void);
void test_own_times(void);
void test_task_times(void);
void test_usage(void);

#endif
