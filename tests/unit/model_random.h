/* SPDX-License-Identifier: BSD-2-Clause */
/* Random operations on names and rights; all of model_ops.h. */
#ifndef TESTS_UNIT_MODEL_RANDOM_H
#define TESTS_UNIT_MODEL_RANDOM_H

#include <tests/unit/model_ops.h>

/* One operation, compared with the model's answer. */
void model_random_step(void);

/* Destroy some of what there is, if it is much: a world that is full is not interesting. */
void model_thin_out(void);

/* Where choices come from: 0 to n - 1.  From a generator, unless a test has something better. */
extern uint32_t (*model_pick)(uint32_t n);
void model_seed(uint32_t seed);

static inline uint32_t pick(uint32_t n)
{
	return model_pick(n);
}

struct m_space *any_space(void);
mach_port_name_t any_name(struct m_space *space);	/* most likely one in use */
mach_port_name_t odd_name(void);

#endif /* TESTS_UNIT_MODEL_RANDOM_H */
