/* SPDX-License-Identifier: BSD-2-Clause */
/* The tests of tables.c. */
#ifndef _MACHINE_TESTS_H_
#define _MACHINE_TESTS_H_

void test_table_borders(void);
void test_many_tables(void);
void test_wired_tables(void);
void test_kernel_pages(void);

#endif
