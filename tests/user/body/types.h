/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of type descriptors and lengths. */
#ifndef _BODY_TYPES_H_
#define _BODY_TYPES_H_

void test_wrong_bits(void);
void test_other_type_names(void);
void test_truncated(void);
void test_lengths_that_wrap(void);
void test_padding(void);

#endif
