/* SPDX-License-Identifier: BSD-2-Clause */
/* The tests, by file. */
#ifndef _LIBRARY_TESTS_H_
#define _LIBRARY_TESTS_H_

/* text.c */
void test_print(void);
void test_strings(void);
void test_bytes(void);
void test_numbers(void);

/* runtime.c */
void test_reply_ports(void);
void test_mig_strncpy(void);
void test_server_once(void);
void test_server_errors(void);
void test_server_survives(void);
void test_destroy(void);
void test_error_texts(void);

/* threads.c */
void test_threads(void);
void test_stacks_are_used_again(void);
void test_reply_port_per_thread(void);
void test_task_start(void);
void test_malloc(void);
void test_malloc_in_threads(void);

#endif
