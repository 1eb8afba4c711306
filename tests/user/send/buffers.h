/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of the buffer and size of a message to be sent. */
#ifndef _SEND_BUFFERS_H_
#define _SEND_BUFFERS_H_

void test_sizes(void);
void test_size_field(void);
void test_huge_sizes(void);
void test_unreadable(void);
void test_simple_data(void);
void test_large_data(void);
void test_bits_cleared(void);
void test_other_bits_cleared(void);
void test_sequence(void);
void test_send_and_receive(void);

#endif
