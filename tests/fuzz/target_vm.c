/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The unit tests' operations on maps, copies and pagers and on the model of them at once
 * (tests/unit/map_ops.h), each choice made by a byte of the input.
 *
 *	vm random SEED COUNT	choices at random, as in the unit tests; for long runs
 *	vm all LENGTH		all sequences of so many operations of a few
 */
#include <tests/fuzz/fuzz.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kern/slab.h>
#include <tests/unit/map_ops.h>
#include <tests/unit/map_runs.h>
#include <tests/unit/pager_model.h>

#define KINDS 6				/* of sequences, as in tests/unit/test_map_model.c */
#define STEPS 2000u

static struct fuzz_input in;

static uint32_t pick_from_input(uint32_t n)
{
	if (n <= 256)
		return fuzz_byte(&in) % n;
	return fuzz_half(&in) % n;
}

/* Finds the same as tests/unit/map_model with this seed, which makes it short. */
static _Noreturn void run_at_random(uint32_t seed, uint32_t count)
{
	static struct sequence s;

	seed *= KINDS * (1 + count / STEPS);
	for (uint32_t done = 0; done < count; done += STEPS, seed++) {
		uint32_t kind = seed % KINDS;

		printf("MAP_MODEL_SEED=%u tests/unit/map_model\n", seed - kind);
		s.pagers = kind >= 2;
		s.fail = kind >= 4;
		s.checks = 16;
		sequence_make(&s, seed, STEPS);
		sequence_run(&s);
	}
	exit(EXIT_SUCCESS);
}

static _Noreturn void run_all(unsigned int length)
{
	uint32_t count = 0;

	for (int pagers = 0; pagers < 2; pagers++)
		for (unsigned int i = 0; i < short_operations(pagers); i++)
			count += short_runs(i, length, pagers);
	printf("%u sequences\n", count);
	exit(EXIT_SUCCESS);
}

void fuzz_start(int argc, char **argv)
{
	map_machine_start();
	if (argc == 4 && strcmp(argv[1], "random") == 0)
		run_at_random(strtoul(argv[2], NULL, 0), strtoul(argv[3], NULL, 0));
	if (argc == 3 && strcmp(argv[1], "all") == 0)
		run_all(strtoul(argv[2], NULL, 0));
	map_pick = pick_from_input;
}

static void one_step(void)
{
	scarce = below(16) == 0;
	if (scarce)
		slab_fail_after(1 + below(5));
	map_any_operation();
	slab_fail_after(0);
	if (scarce)
		pagers_settle();
	scarce = false;
}

/* The machine starts once, a world for each input: what is in use then must not grow. */
void fuzz_one(const uint8_t *data, size_t size)
{
	uint8_t kind;

	in = fuzz_input(data, size);
	kind = fuzz_byte(&in);
	pagers_fail = (kind & 2) != 0;
	quiet = (kind & 4) != 0;
	map_world_begin((kind & 1) != 0);
	for (step = 0; fuzz_more(&in); step++) {
		one_step();
		preempted = true;
		check_all(step % 8 == 0);
		preempted = false;
	}
	map_world_end();
}
