/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Formatted text.  A conversion is read into a struct spec, its text is made in a small buffer,
 * and then padded into the output, which counts all characters and keeps those that fit.
 */
#include <libmach/print.h>
#include <libmach/string.h>
#include <mach/mach_traps.h>
#include <stdint.h>

/* The longest text of one printf: what goes beyond is cut. */
#define LINE_SIZE	1024

struct output {
	char	*text;
	size_t	size;
	size_t	length;
};

struct spec {
	int		left, zero, plus, space, alternate;
	int		width;
	int		precision;	/* -1: none given */
	int		size;		/* -2 hh, -1 h, 0 int, 1 l, 2 ll */
	char		conversion;
};

static void put(struct output *out, char character)
{
	if (out->length + 1 < out->size)
		out->text[out->length] = character;
	out->length++;
}

static void put_many(struct output *out, char character, int count)
{
	while (count-- > 0)
		put(out, character);
}

static void put_text(struct output *out, const char *text, int length)
{
	while (length-- > 0)
		put(out, *text++);
}

/* A text with its prefix (sign, 0x), to the width of the spec. */
static void put_padded(struct output *out, const struct spec *spec, const char *prefix,
	const char *text, int length, int zeros)
{
	int blanks = spec->width - (int) strlen(prefix) - zeros - length;

	if (!spec->left)
		put_many(out, ' ', blanks);
	put_text(out, prefix, strlen(prefix));
	put_many(out, '0', zeros);
	put_text(out, text, length);
	if (spec->left)
		put_many(out, ' ', blanks);
}

/* Division by a small number without the run-time library's 64-bit routine. */
static unsigned int divide(uint64_t *value, unsigned int by)
{
	uint32_t high = *value >> 32, low = *value, rest = high % by;

	high /= by;
	__asm__("divl %2" : "+a" (low), "+d" (rest) : "r" (by));
	*value = (uint64_t) high << 32 | low;
	return rest;
}

/* The digits, right-aligned in buffer[24]; returns where they begin. */
static char *digits(char *buffer, uint64_t value, unsigned int base, int upper)
{
	const char *set = upper ? "0123456789ABCDEF" : "0123456789abcdef";
	char *at = buffer + 24;

	while (value != 0)
		*--at = set[divide(&value, base)];
	return at;
}

static void put_number(struct output *out, const struct spec *spec, uint64_t value,
	unsigned int base, const char *prefix)
{
	char buffer[24];
	char *text = digits(buffer, value, base, spec->conversion == 'X');
	int length = buffer + 24 - text;
	int least = spec->precision >= 0 ? spec->precision : 1;
	int zeros = least > length ? least - length : 0;

	if (spec->zero && !spec->left && spec->precision < 0) {
		int room = spec->width - (int) strlen(prefix);

		if (room > length + zeros)
			zeros = room - length;
	}
	put_padded(out, spec, prefix, text, length, zeros);
}

static int64_t get_signed(const struct spec *spec, va_list *arguments)
{
	if (spec->size == 2)
		return va_arg(*arguments, long long);
	int value = va_arg(*arguments, int);

	if (spec->size == -1)
		return (short) value;
	return spec->size == -2 ? (signed char) value : value;
}

static uint64_t get_unsigned(const struct spec *spec, va_list *arguments)
{
	if (spec->size == 2)
		return va_arg(*arguments, unsigned long long);
	unsigned int value = va_arg(*arguments, unsigned int);

	if (spec->size == -1)
		return (unsigned short) value;
	return spec->size == -2 ? (unsigned char) value : value;
}

static void put_signed(struct output *out, const struct spec *spec, va_list *arguments)
{
	int64_t value = get_signed(spec, arguments);
	const char *sign = value < 0 ? "-" : spec->plus ? "+" : spec->space ? " " : "";

	put_number(out, spec, value < 0 ? -(uint64_t) value : (uint64_t) value, 10, sign);
}

static void put_hexadecimal(struct output *out, const struct spec *spec, va_list *arguments)
{
	uint64_t value = get_unsigned(spec, arguments);
	const char *prefix = !spec->alternate || value == 0 ? ""
		: spec->conversion == 'X' ? "0X" : "0x";

	put_number(out, spec, value, 16, prefix);
}

static void put_string(struct output *out, const struct spec *spec, const char *string)
{
	if (string == NULL)
		string = "(null)";
	put_padded(out, spec, "", string, strnlen(string, spec->precision), 0);
}

static void convert(struct output *out, const struct spec *spec, va_list *arguments)
{
	char character;

	switch (spec->conversion) {
	case 'd':
	case 'i':
		put_signed(out, spec, arguments);
		break;
	case 'u':
		put_number(out, spec, get_unsigned(spec, arguments), 10, "");
		break;
	case 'o':
		put_number(out, spec, get_unsigned(spec, arguments), 8, "");
		break;
	case 'x':
	case 'X':
		put_hexadecimal(out, spec, arguments);
		break;
	case 'p':
		put_number(out, spec, (uintptr_t) va_arg(*arguments, void *), 16, "0x");
		break;
	case 'c':
		character = va_arg(*arguments, int);
		put_padded(out, spec, "", &character, 1, 0);
		break;
	case 's':
		put_string(out, spec, va_arg(*arguments, const char *));
		break;
	default:
		put(out, spec->conversion);
		break;
	}
}

static const char *read_flags(struct spec *spec, const char *at)
{
	for (;; at++)
		switch (*at) {
		case '-':
			spec->left = 1;
			break;
		case '0':
			spec->zero = 1;
			break;
		case '+':
			spec->plus = 1;
			break;
		case ' ':
			spec->space = 1;
			break;
		case '#':
			spec->alternate = 1;
			break;
		default:
			return at;
		}
}

static const char *read_count(int *count, const char *at, va_list *arguments)
{
	if (*at == '*') {
		*count = va_arg(*arguments, int);
		return at + 1;
	}
	for (*count = 0; *at >= '0' && *at <= '9'; at++)
		*count = *count * 10 + *at - '0';
	return at;
}

static const char *read_size(struct spec *spec, const char *at)
{
	for (;; at++) {
		if (*at == 'l')
			spec->size++;
		else if (*at == 'h')
			spec->size--;
		else if (*at != 'z')
			return at;
	}
}

/* From behind the percent sign to the conversion; returns where the format goes on. */
static const char *read_spec(struct spec *spec, const char *at, va_list *arguments)
{
	*spec = (struct spec) { .precision = -1 };
	at = read_flags(spec, at);
	at = read_count(&spec->width, at, arguments);
	if (spec->width < 0) {
		spec->left = 1;
		spec->width = -spec->width;
	}
	if (*at == '.')
		at = read_count(&spec->precision, at + 1, arguments);
	at = read_size(spec, at);
	spec->conversion = *at;
	return *at == '\0' ? at : at + 1;
}

int vsnprintf(char *text, size_t size, const char *format, va_list arguments)
{
	struct output out = { .text = text, .size = size };
	struct spec spec;
	va_list rest;

	va_copy(rest, arguments);
	while (*format != '\0') {
		if (*format != '%') {
			put(&out, *format++);
			continue;
		}
		format = read_spec(&spec, format + 1, &rest);
		if (spec.conversion != '\0')
			convert(&out, &spec, &rest);
	}
	va_end(rest);
	if (size > 0)
		text[out.length < size ? out.length : size - 1] = '\0';
	return out.length;
}

int snprintf(char *text, size_t size, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	int length = vsnprintf(text, size, format, arguments);
	va_end(arguments);
	return length;
}

int vprintf(const char *format, va_list arguments)
{
	char text[LINE_SIZE];
	int length = vsnprintf(text, sizeof text, format, arguments);

	mach_print(text);
	return length;
}

int printf(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	int length = vprintf(format, arguments);
	va_end(arguments);
	return length;
}
