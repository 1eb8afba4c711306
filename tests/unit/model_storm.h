/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whole messages at random between four spaces, among the random operations on names: bodies with
 * rights and memory in every form, good and bad, sent and received by mach_msg; all compared with
 * the model after every step.
 */
#ifndef TESTS_UNIT_MODEL_STORM_H
#define TESTS_UNIT_MODEL_STORM_H

#include <tests/unit/model_ipc.h>

/* From start to end, with choices of their own for each seed. */
void model_storm(uint32_t seed, uint32_t count);

/* The same in steps; i counts them. */
void model_storm_start(void);
void model_storm_step(uint32_t i);
void model_storm_finish(void);

#endif /* TESTS_UNIT_MODEL_STORM_H */
