/* SPDX-License-Identifier: BSD-2-Clause */
/* spec/observed.md, sentence by sentence, where no other program asks. */
#ifndef _TESTS_H_
#define _TESTS_H_

/* memory.c */
void test_allocate(void);
void test_map(void);
void test_map_objects(void);
void test_ranges(void);
void test_protect(void);
void test_access(void);
void test_copied_memory(void);
void test_short_copies(void);
void test_unreadable_source(void);
void test_write_and_copy(void);
void test_regions(void);
void test_other_calls(void);
void test_wire(void);
void test_contiguous(void);
void test_size_limit(void);

/* pagers.c */
void test_one_init(void);
void test_never_ready(void);
void test_last_unmap(void);
void test_after_destroy(void);
void test_after_death(void);
void test_death_before_ready(void);
void test_lock_values(void);
void test_rights_to_answer(void);
void test_delayed(void);

#endif
