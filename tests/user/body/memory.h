/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of memory out of line. */
#ifndef _BODY_MEMORY_H_
#define _BODY_MEMORY_H_

void test_sizes_and_offsets(void);
void test_snapshot(void);
void test_shared_snapshot(void);
void test_deallocate(void);
void test_deallocate_twice(void);
void test_received_region(void);
void test_bad_memory(void);
void test_destroyed_memory(void);

#endif
