/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Counting the instructions of an operation by the time-stamp counter, which counts instructions
 * when QEMU runs with -icount.
 */
#ifndef _BENCH_MEASURE_H_
#define _BENCH_MEASURE_H_

#include <mach/mach_types.h>

/* How often an operation is done between two looks at the counter. */
#define BATCH	200

/*
 * Print `bench NAME COUNT'.  The operation is done in batches; the count is a batch's mean, less
 * the loop, in the best of them, so that a clock interrupt here and there does not show.
 * after_batch, if not null, cleans up after each batch, and is not counted.
 */
void measure(const char *name, void (*operation)(void *), void *argument,
	void (*after_batch)(void *));

/*
 * The same for what is long, or needs its own preparation: looked at one by one.  The count is the
 * best of `times`; before and after, if not null, are not counted.
 */
void measure_each(const char *name, unsigned int times, void (*operation)(void *), void *argument,
	void (*before)(void *), void (*after)(void *));

/* End the run if a code is not zero: what follows would measure nothing. */
void must(const char *what, kern_return_t result);

#endif
