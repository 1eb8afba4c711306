/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of rights in bodies, inline and out of line. */
#ifndef _BODY_RIGHTS_H_
#define _BODY_RIGHTS_H_

void test_all_dispositions(void);
void test_calls_with_rights(void);
void test_null_and_dead(void);
void test_two_kinds_share_a_name(void);
void test_receive_right_moves(void);
void test_array_of_rights(void);
void test_rights_out_of_line(void);
void test_empty_out_of_line(void);
void test_bad_right_in_the_middle(void);
void test_bad_right_out_of_line(void);
void test_circle(void);
void test_message_dies_with_rights(void);

#endif
