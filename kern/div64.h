/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Division of 64-bit numbers by 32-bit ones, which the compiler would call a library for.
 *
 * Long division with 32-bit digits: the remainder of each step is below the divisor,
 * so the quotient of the next fits into a register.
 */
#ifndef KERN_DIV64_H
#define KERN_DIV64_H

#include <stdint.h>

/* (high, low) / d, where high < d. */
static inline uint32_t div_digit(uint32_t high, uint32_t low, uint32_t d, uint32_t *remainder)
{
	uint32_t quotient;

	__asm__("divl %4" : "=a"(quotient), "=d"(*remainder) : "0"(low), "1"(high), "rm"(d) : "cc");
	return quotient;
}

/* n / d and n % d; d is not 0. */
static inline uint64_t div64_rem(uint64_t n, uint32_t d, uint32_t *remainder)
{
	uint32_t high, low;

	high = div_digit(0, (uint32_t)(n >> 32), d, remainder);
	low = div_digit(*remainder, (uint32_t)n, d, remainder);
	return (uint64_t)high << 32 | low;
}

static inline uint64_t div64(uint64_t n, uint32_t d)
{
	uint32_t remainder;

	return div64_rem(n, d, &remainder);
}

static inline uint32_t mod64(uint64_t n, uint32_t d)
{
	uint32_t remainder;

	div64_rem(n, d, &remainder);
	return remainder;
}

/* Signed, rounding towards 0 as C does. */
static inline int64_t sdiv64(int64_t n, uint32_t d)
{
	return (int64_t)(n < 0 ? -div64(-(uint64_t)n, d) : div64((uint64_t)n, d));
}

/*
 * n * mul / d with a 96-bit product, for changes of unit; the low 64 bits of the
 * quotient if it is longer.
 */
static inline uint64_t mul_div64(uint64_t n, uint32_t mul, uint32_t d)
{
	uint64_t low = (n & UINT32_MAX) * mul;
	uint64_t high = (n >> 32) * mul + (low >> 32);
	uint32_t remainder, upper, middle, lower;

	div_digit(0, (uint32_t)(high >> 32), d, &remainder);
	upper = remainder;
	middle = div_digit(upper, (uint32_t)high, d, &remainder);
	lower = div_digit(remainder, (uint32_t)low, d, &remainder);
	return (uint64_t)middle << 32 | lower;
}

#endif /* KERN_DIV64_H */
