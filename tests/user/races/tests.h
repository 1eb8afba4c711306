/* SPDX-License-Identifier: BSD-2-Clause */
/* The tests of this program, by the id of the defect. */
#ifndef _TESTS_H_
#define _TESTS_H_

/* payload.c: CI-17 */
void test_payload_changes(void);

/* replies.c: CI-18 */
void test_reply_port_dies(void);
void test_client_dies(void);

/* special.c: PR-4 */
void test_task_ports(void);
void test_thread_ports(void);
void test_registered_ports(void);
void test_default_manager(void);

#endif
