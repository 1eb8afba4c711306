/* SPDX-License-Identifier: BSD-2-Clause */
/* The tests of this program, by the id of the defect. */
#ifndef _TESTS_H_
#define _TESTS_H_

/* reply.c */
void test_reply_is_no_receive_right(void);

/* header.c */
void test_header_two_names(void);
void test_header_same_name(void);

#endif
