/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef _TESTS_H_
#define _TESTS_H_

/* snapshots.c */
void test_sender_writes(void);
void test_sender_unmaps(void);
void test_sender_moves(void);
void test_other_mapping(void);
void test_other_task(void);
void test_moved_and_mapped(void);
void test_pager_flushes(void);

/* overwrite.c */
void test_protect_anonymous(void);
void test_protect_shared(void);
void test_protect_object(void);
void test_switch(void);

/* forks.c */
void test_forks(void);

/* mixture.c */
void test_mixture(void);
void test_mixture_shared(void);

#endif
