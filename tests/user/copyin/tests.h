/* SPDX-License-Identifier: BSD-2-Clause */
/* The tests of this program, by the id of the defect. */
#ifndef _TESTS_H_
#define _TESTS_H_

/* reply.c: CI-1 */
void test_reply_is_no_receive_right(void);

/* header.c: CI-10 */
void test_header_two_names(void);
void test_header_same_name(void);

/* arrays.c: CI-5, CI-8, CI-9, CI-11 */
void test_inline_edges(void);
void test_array_edges(void);
void test_register_nothing(void);
void test_partial_inline(void);
void test_partial_out_of_line(void);
void test_map_full(void);
void test_map_limit(void);

/* answers.c: CI-9 */
void test_answers_without_room(void);
void test_answers_for_nobody(void);

/* lost.c: CI-16 */
void test_lost_request(void);
void test_lost_reply(void);
void test_lost_queued(void);
void test_lost_exception(void);
void test_lost_too_large(void);

/* buffers.c: CI-13, CI-19 */
void test_flips(void);
void test_lazy_memory(void);
void test_copied_memory(void);

#endif
