/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Threads that wait on their stacks, one upon the other: while one waits, others run on top of
 * it, and it goes on when they have ended.  So who runs on top must not need who waits below.
 */
#ifndef TESTS_UNIT_FAKES_WAIT_H
#define TESTS_UNIT_FAKES_WAIT_H

#include <stdbool.h>
#include <stdint.h>

/* ipc_bootstrap, the current thread ready for use. */
void fake_wait_start(void);

/* Run a function in a thread of its own, on top of the current one. */
void fake_thread_run(void (*function)(void *arg), void *arg);

/*
 * The current thread waits, for the n-th time asked: let others do something.  Nothing may be left
 * that it could wait for when this returns false: then it is interrupted.
 */
bool fake_others_run(uint32_t n);

/* Waits that were interrupted. */
extern uint32_t fake_interrupted;

#endif /* TESTS_UNIT_FAKES_WAIT_H */
