/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Maps, objects, copies and pagers against a model: random operations while memory runs out at
 * random and others run in between, all short sequences of a few operations, and all pairs of
 * operations of which one is interrupted by the other.
 *
 *	MAP_MODEL_SEED=n	other random sequences, from n on
 *	MAP_MODEL_STEPS=n	longer or shorter ones
 *	MAP_MODEL_STORY=1	tell what the pairs do
 */
#include <tests/unit/fakes.h>
#include <tests/unit/map_ops.h>
#include <tests/unit/map_runs.h>

#include <stdlib.h>

#define STEPS 2000

bool fake_machine_later = true;		/* each sequence has one of its own */

static uint32_t number(const char *name, uint32_t otherwise)
{
	const char *text = getenv(name);

	return text == NULL ? otherwise : (uint32_t)strtoul(text, NULL, 0);
}

/* 0 and 1: without pagers; 2 and 3: with good ones; 4 and 5: with others. */
START_TEST(random_operations)
{
	static struct sequence s;
	int kind = injecting ? 2 * _i : _i;

	s.pagers = kind >= 2;
	s.fail = kind >= 4;
	s.checks = 4;
	sequence_make(&s, number("MAP_MODEL_SEED", 0) + (uint32_t)_i,
		      injecting ? 250 : number("MAP_MODEL_STEPS", STEPS));
	if (injecting) {
		map_machine_start();
		sequence_run(&s);
	} else {
		ck_assert(sequence_holds(&s));
	}
}
END_TEST

static void short_ones(bool pagers)
{
	uint32_t count = 0;

	fake_machine_start();
	map_machine_start();
	for (unsigned int length = 1; length <= 3; length++)
		for (unsigned int i = 0; i < short_operations(pagers); i++)
			count += short_runs(i, length, pagers);
	ck_assert_uint_gt(count, 2000);
}

START_TEST(short_sequences)
{
	short_ones(false);
}
END_TEST

START_TEST(short_sequences_with_pagers)
{
	short_ones(true);
}
END_TEST

START_TEST(pairs)
{
	fake_machine_start();
	map_machine_start();
	if (getenv("MAP_MODEL_STORY") != NULL)
		story = stderr;
	ck_assert_uint_gt(pair_runs(), 500);
}
END_TEST

void unit_tests(TCase *tcase)
{
	tcase_add_loop_test(tcase, random_operations, 0, injecting ? 2 : 6);
	if (injecting || getenv("MAP_MODEL_SEED") != NULL)
		return;
	tcase_add_test(tcase, short_sequences);
	tcase_add_test(tcase, short_sequences_with_pagers);
	tcase_add_test(tcase, pairs);
}
