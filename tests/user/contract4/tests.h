/* SPDX-License-Identifier: BSD-2-Clause */
/* spec/observed.md and spec/abi.md, sentence by sentence, where no other program asks. */
#ifndef _TESTS_H_
#define _TESTS_H_

/* tasks.c */
void test_children(void);
void test_inherited_ports(void);
void test_special_ports(void);
void test_priorities(void);
void test_names(void);
void test_old_forms(void);
void test_aborted_state(void);
void test_state_flavors(void);
void test_self_state(void);

/* calls.c */
void test_trap_names(void);
void test_trap_results(void);
void test_device_traps(void);
void test_events(void);
void test_plain_host(void);
void test_privileged_host(void);
void test_null_host(void);
void test_devices(void);
void test_descriptors(void);
void test_fatal_elsewhere(void);

#endif
