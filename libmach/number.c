/* SPDX-License-Identifier: BSD-2-Clause */
/* Numbers out of strings. */
#include <libmach/string.h>
#include <stdint.h>

static int digit_value(char character)
{
	if (character >= '0' && character <= '9')
		return character - '0';
	if (character >= 'a' && character <= 'z')
		return character - 'a' + 10;
	if (character >= 'A' && character <= 'Z')
		return character - 'A' + 10;
	return INT32_MAX;
}

static const char *skip_space(const char *at)
{
	while (*at == ' ' || (*at >= '\t' && *at <= '\r'))
		at++;
	return at;
}

/* Skips 0x, and finds out the base if it is 0. */
static const char *skip_prefix(const char *at, int *base)
{
	if ((*base == 0 || *base == 16) && at[0] == '0' && (at[1] | 0x20) == 'x'
			&& digit_value(at[2]) < 16) {
		*base = 16;
		return at + 2;
	}
	if (*base == 0)
		*base = *at == '0' ? 8 : 10;
	return at;
}

unsigned long strtoul(const char *restrict string, char **restrict end, int base)
{
	const char *at = skip_space(string), *first;
	int negative = *at == '-', overflow = 0;
	unsigned long value = 0;

	if (*at == '-' || *at == '+')
		at++;
	first = at = skip_prefix(at, &base);
	for (; digit_value(*at) < base; at++) {
		unsigned long digit = digit_value(*at);

		overflow |= __builtin_umull_overflow(value, base, &value);
		overflow |= __builtin_uaddl_overflow(value, digit, &value);
	}
	if (end != NULL)
		*end = (char *) (at == first ? string : at);
	if (overflow)
		return (unsigned long) UINTPTR_MAX;
	return negative ? -value : value;
}

long strtol(const char *restrict string, char **restrict end, int base)
{
	unsigned long value = strtoul(string, end, base);
	int negative = *skip_space(string) == '-';

	if (negative)
		return (long) value > 0 ? INTPTR_MIN : (long) value;
	return value > INTPTR_MAX ? INTPTR_MAX : (long) value;
}

int atoi(const char *string)
{
	return strtol(string, NULL, 10);
}
