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

/* What stands in a string: its sign, and the number without it, ULONG_MAX if it is larger. */
struct parsed {
	int		negative;
	int		overflow;
	unsigned long	magnitude;
};

static struct parsed parse(const char *string, char **end, int base)
{
	const char *at = skip_space(string), *first;
	struct parsed parsed = { .negative = *at == '-' };

	if (*at == '-' || *at == '+')
		at++;
	first = at = skip_prefix(at, &base);
	for (; digit_value(*at) < base; at++) {
		unsigned long digit = digit_value(*at), *value = &parsed.magnitude;

		parsed.overflow |= __builtin_umull_overflow(*value, base, value);
		parsed.overflow |= __builtin_uaddl_overflow(*value, digit, value);
	}
	if (end != NULL)
		*end = (char *) (at == first ? string : at);
	if (parsed.overflow)
		parsed.magnitude = (unsigned long) UINTPTR_MAX;
	return parsed;
}

unsigned long strtoul(const char *restrict string, char **restrict end, int base)
{
	struct parsed parsed = parse(string, end, base);

	return parsed.negative && !parsed.overflow ? -parsed.magnitude : parsed.magnitude;
}

long strtol(const char *restrict string, char **restrict end, int base)
{
	struct parsed parsed = parse(string, end, base);
	unsigned long limit = (unsigned long) INTPTR_MAX + parsed.negative;
	unsigned long magnitude = parsed.magnitude < limit ? parsed.magnitude : limit;

	return parsed.negative ? -magnitude : magnitude;
}

int atoi(const char *string)
{
	return strtol(string, NULL, 10);
}
