/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The unit tests' random operations on the kernel and the model at once (tests/unit/model_storm.h),
 * each choice made by a byte of the input: the fuzzer looks for what has not been met before.
 *
 *	model random SEED COUNT		choices at random, as in the unit tests; for long runs
 */
#include <tests/fuzz/fuzz.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tests/unit/model_random.h>
#include <tests/unit/model_call.h>
#include <tests/unit/model_storm.h>

static struct fuzz_input in;

static uint32_t pick_from_input(uint32_t n)
{
	if (n <= 256)
		return fuzz_byte(&in) % n;
	return fuzz_word(&in) % n;
}

static _Noreturn void run_at_random(uint32_t seed, uint32_t count)
{
	printf("seed %u, %u operations\n", seed, count);
	model_storm(seed, count);
	exit(EXIT_SUCCESS);
}

void fuzz_start(int argc, char **argv)
{
	if (argc == 4 && strcmp(argv[1], "random") == 0)
		run_at_random(strtoul(argv[2], NULL, 0), strtoul(argv[3], NULL, 0));
	fake_ipc_start();
	model_pick = pick_from_input;
}

/* The machine starts once, a world for each input: what is in use then must not grow. */
void fuzz_one(const uint8_t *data, size_t size)
{
	in = fuzz_input(data, size);
	model_begin();
	model_call_start();
	for (uint32_t i = 1; fuzz_more(&in); i++)
		model_storm_step(i);
	model_storm_finish();
}
