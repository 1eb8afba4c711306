/* SPDX-License-Identifier: BSD-2-Clause */
/* The tests, by file. */
#ifndef _NAMES_TESTS_H_
#define _NAMES_TESTS_H_

/* names.c */
void test_allocate(void);
void test_allocate_name(void);
void test_sparse_names(void);
void test_generations(void);
void test_rename(void);
void test_names(void);
void test_new_task(void);
void test_type(void);
void test_many_names(void);

/* references.c */
void test_destroy(void);
void test_deallocate(void);
void test_get_refs(void);
void test_mod_refs(void);
void test_references_overflow(void);
void test_receive_status(void);

/* transfer.c */
void test_insert_right(void);
void test_insert_codes(void);
void test_extract_right(void);
void test_extract_reply_port(void);
void test_other_space(void);
void test_no_task(void);
void test_traps(void);

#endif
