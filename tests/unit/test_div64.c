/* SPDX-License-Identifier: BSD-2-Clause */
/* Divisions against the compiler's own. */
#include <tests/unit/fakes.h>

#include <kern/div64.h>

static const uint64_t edges[] = {
	0, 1, 2, 9, 10, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0x100000000, 0x100000001,
	0x7FFFFFFFFFFFFFFF, 0x8000000000000000, 0xFFFFFFFF00000000, 0xFFFFFFFFFFFFFFFF,
};

#define EDGES (sizeof edges / sizeof edges[0])

static void check(uint64_t n, uint32_t d)
{
	uint32_t remainder;

	ck_must(div64(n, d) == n / d);
	ck_must(mod64(n, d) == n % d);
	ck_must(div64_rem(n, d, &remainder) == n / d && remainder == n % d);
	if ((int64_t)n != INT64_MIN)
		ck_must(sdiv64((int64_t)n, d) == (int64_t)n / (int64_t)d);
}

/* Multiply and divide bit by bit, so that nothing can overflow. */
static uint64_t slow_mul_div(uint64_t n, uint32_t mul, uint32_t d)
{
	uint64_t quotient = 0, part = n / d, rest = n % d, total_rest = 0;

	for (int bit = 31; bit >= 0; bit--) {
		quotient *= 2;
		total_rest *= 2;
		if (mul >> bit & 1) {
			quotient += part;
			total_rest += rest;
		}
		quotient += total_rest / d;
		total_rest %= d;
	}
	return quotient;
}

START_TEST(test_edges)
{
	for (size_t i = 0; i < EDGES; i++)
		for (size_t j = 0; j < EDGES; j++)
			if ((uint32_t)edges[j] != 0) {
				check(edges[i], (uint32_t)edges[j]);
				for (size_t k = 0; k < EDGES; k++)
					ck_must(mul_div64(edges[i], (uint32_t)edges[k],
							  (uint32_t)edges[j]) ==
						slow_mul_div(edges[i], (uint32_t)edges[k],
							     (uint32_t)edges[j]));
			}
}
END_TEST

START_TEST(test_random)
{
	for (unsigned int round = 0; round < 1000000; round++) {
		uint64_t n = ((uint64_t)fake_random() << 32 | fake_random()) >> fake_random() % 64;
		uint32_t mul = fake_random() >> fake_random() % 32;
		uint32_t d = fake_random() >> fake_random() % 32;

		if (d == 0)
			continue;
		check(n, d);
		ck_must(mul_div64(n, mul, d) == slow_mul_div(n, mul, d));
	}
}
END_TEST

START_TEST(test_known)
{
	ck_assert_uint_eq(mul_div64(1193182, 1000000000, 1193182), 1000000000);
	ck_assert_uint_eq(mul_div64(0x1000000000000, 3000000000, 1000000000), 0x3000000000000);
	ck_assert_int_eq(sdiv64(-7, 2), -3);
	ck_assert_int_eq(sdiv64(INT64_MIN, 1), INT64_MIN);
}
END_TEST

void unit_tests(TCase *tcase)
{
	tcase_add_test(tcase, test_edges);
	tcase_add_test(tcase, test_random);
	tcase_add_test(tcase, test_known);
}
