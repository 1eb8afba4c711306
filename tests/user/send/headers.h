/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of the header: which rights a message may be sent with, and what becomes of them. */
#ifndef _SEND_HEADERS_H_
#define _SEND_HEADERS_H_

void test_destinations(void);
void test_replies(void);
void test_same_name(void);
void test_move_both_needs_two(void);
void test_same_send_once(void);
void test_order_of_checks(void);

#endif
