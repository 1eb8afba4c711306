/* SPDX-License-Identifier: BSD-2-Clause */
/* Counting instructions. */
#include "measure.h"

#include <libmach/print.h>
#include <mach.h>

#define BATCHES		10
#define WARM_UP		2

static uint64_t time_stamp(void)
{
	uint64_t ticks;

	__asm__ volatile("rdtsc" : "=A" (ticks) : : "memory");
	return ticks;
}

static __attribute__((noinline)) unsigned int count_batch(void (*operation)(void *), void *argument)
{
	uint64_t begin = time_stamp();

	for (int i = 0; i < BATCH; i++)
		operation(argument);
	return time_stamp() - begin;
}

static __attribute__((noinline)) void nothing(void *argument)
{
	__asm__ volatile("" : : "r" (argument));
}

static unsigned int count_best(void (*operation)(void *), void *argument,
	void (*after_batch)(void *))
{
	unsigned int best = ~0u;

	for (int batch = 0; batch < WARM_UP + BATCHES; batch++) {
		unsigned int ticks = count_batch(operation, argument);

		if (after_batch != NULL)
			after_batch(argument);
		if (batch >= WARM_UP && ticks < best)
			best = ticks;
	}
	return best;
}

void measure(const char *name, void (*operation)(void *), void *argument,
	void (*after_batch)(void *))
{
	unsigned int loop = count_best(nothing, NULL, NULL);
	unsigned int ticks = count_best(operation, argument, after_batch) - loop;

	printf("bench %s %u\n", name, (ticks + BATCH / 2) / BATCH);
}

static unsigned int count_one(void (*operation)(void *), void *argument)
{
	uint64_t begin = time_stamp();

	operation(argument);
	return time_stamp() - begin;
}

static unsigned int count_best_of(unsigned int times, void (*operation)(void *), void *argument,
	void (*before)(void *), void (*after)(void *))
{
	unsigned int best = ~0u;

	while (times-- > 0) {
		unsigned int ticks;

		if (before != NULL)
			before(argument);
		ticks = count_one(operation, argument);
		if (after != NULL)
			after(argument);
		if (ticks < best)
			best = ticks;
	}
	return best;
}

void measure_each(const char *name, unsigned int times, void (*operation)(void *), void *argument,
	void (*before)(void *), void (*after)(void *))
{
	unsigned int empty = count_best_of(2, nothing, NULL, NULL, NULL);

	printf("bench %s %u\n", name,
		count_best_of(times, operation, argument, before, after) - empty);
}

void must(const char *what, kern_return_t result)
{
	if (result == KERN_SUCCESS)
		return;
	mach_error(what, result);
	exit(1);
}
