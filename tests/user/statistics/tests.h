/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef _TESTS_H_
#define _TESTS_H_

#include <mach/ipc_statistics.h>

/* ports.c: what is counted of a port. */
void test_new_port(void);
void test_handed_over(void);
void test_queued(void);
void test_blocked(void);
void test_timed_out(void);
void test_aborted(void);
void test_forced(void);
void test_past_the_limit(void);
void test_too_large(void);
void test_moved(void);
void test_set_seqno(void);
void test_in_set(void);
void test_call_and_reply(void);
void test_in_transit(void);
void test_kernel_port(void);
void test_dead_port(void);

/* stuck.c: who is stuck. */
void test_stuck_port(void);
void test_many_stuck_ports(void);
void test_stuck_in_set(void);
void test_stuck_threads(void);
void test_stuck_child(void);

/* leaks.c: who leaks. */
void test_counts_of_names(void);
void test_counts_of_child(void);
void test_many_names(void);
void test_identity(void);
void test_origins(void);
void test_origin_kept(void);
void test_leak_is_found(void);
void test_many_origins(void);

/* debug.c: codes, and mach_debug. */
void test_codes(void);
void test_srights(void);
void test_dnrequests(void);
void test_marequests(void);
void test_kernel_objects(void);
void test_debug_codes(void);

/* What the kernel says of a name of ours, which must be a port. */
struct port_statistics statistics_of(mach_port_t name);

/* The answer's last page holds nothing behind the answer. */
void expect_clean_end(const void *data, unsigned int size);

#endif
