/* SPDX-License-Identifier: BSD-2-Clause */
/* The tests, by file. */
#ifndef _MEMORY_TESTS_H_
#define _MEMORY_TESTS_H_

/* ranges.c */
void test_allocate(void);
void test_allocate_codes(void);
void test_deallocate(void);
void test_map(void);
void test_map_codes(void);
void test_protect(void);
void test_inherit_codes(void);
void test_region(void);
void test_zero_fill(void);
void test_other_routines(void);
void test_limits(void);
void test_traps(void);

/* copies.c */
void test_inheritance(void);
void test_copy_chain(void);
void test_read(void);
void test_write(void);
void test_copy(void);
void test_protection_of_copies(void);
void test_many_copies(void);

#endif
