/* SPDX-License-Identifier: BSD-2-Clause */
/* Small operations, some of them wrong, for the test of the explorer. */
#ifndef TESTS_UNIT_SCHEDULE_TOYS_H
#define TESTS_UNIT_SCHEDULE_TOYS_H

#include <stdbool.h>
#include <stdint.h>

extern uint32_t toy_count;
extern unsigned int toy_waker;
extern bool toy_careful;

void toys_init(void);

void toy_increment(void);
void toy_increment_half_locked(void);
void toy_increment_locked(void);
void toy_increment_atomic(void);
void toy_write_first(void);
void toy_write_second(void);
void toy_lock_forward(void);
void toy_lock_backward(void);

void toy_object_create(void);
void toy_release_early(void);
void toy_use_late(void);

void toy_wait(void);
void toy_wake(void);

#endif /* TESTS_UNIT_SCHEDULE_TOYS_H */
