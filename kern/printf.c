/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Formatted output.
 *
 * A conversion is parsed into a struct conversion, then printed to a struct output, which
 * is the console or a buffer.  Nothing is locked: lines of two CPUs or of an interrupt handler
 * may mix, but printing works in any state of the kernel.
 */
#include <kern/printf.h>

#include <stdint.h>

#include <kern/div64.h>
#include <kern/machine.h>
#include <kern/string.h>

struct output {
	char *buf;		/* NULL: the console */
	size_t size;
	size_t length;		/* characters put, whether there was room or not */
};

enum { INT, CHAR, SHORT, LONG, LONG_LONG };

struct conversion {
	bool left, zero, alternate, plus, space;
	int width;
	int precision;		/* -1: none given */
	int length;		/* size of the argument */
};

/* Text to print, and what is to stand before it. */
struct number {
	char digits[24];
	int count;
	const char *prefix;
};

bool (*printf_filter)(char c);

static void put(struct output *out, char c)
{
	if (out->buf == NULL && (printf_filter == NULL || printf_filter(c)))
		console_putc(c);
	else if (out->buf != NULL && out->length + 1 < out->size)
		out->buf[out->length] = c;
	out->length++;
}

static void put_repeated(struct output *out, char c, int count)
{
	while (count-- > 0)
		put(out, c);
}

static void put_text(struct output *out, const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		put(out, text[i]);
}

/* --- Parsing a conversion --------------------------------------------------- */

static bool parse_flag(struct conversion *conv, char c)
{
	switch (c) {
	case '-':
		return conv->left = true;
	case '0':
		return conv->zero = true;
	case '#':
		return conv->alternate = true;
	case '+':
		return conv->plus = true;
	case ' ':
		return conv->space = true;
	}
	return false;
}

/* A number, or an asterisk for the next argument. */
static const char *parse_count(const char *p, int *count, va_list *args)
{
	if (*p == '*') {
		*count = va_arg(*args, int);
		return p + 1;
	}
	for (*count = 0; *p >= '0' && *p <= '9'; p++)
		*count = *count * 10 + (*p - '0');
	return p;
}

static const char *parse_length(const char *p, int *length)
{
	*length = INT;
	switch (*p) {
	case 'h':
		*length = p[1] == 'h' ? CHAR : SHORT;
		return p + (p[1] == 'h' ? 2 : 1);
	case 'l':
		*length = p[1] == 'l' ? LONG_LONG : LONG;
		return p + (p[1] == 'l' ? 2 : 1);
	case 'z':
	case 't':
		*length = LONG;
		return p + 1;
	}
	return p;
}

/* Parse what stands between % and the letter; returns a pointer to the letter. */
static const char *parse_conversion(const char *p, struct conversion *conv, va_list *args)
{
	*conv = (struct conversion){ .precision = -1 };
	while (parse_flag(conv, *p))
		p++;
	p = parse_count(p, &conv->width, args);
	if (conv->width < 0) {
		conv->left = true;
		conv->width = -conv->width;
	}
	if (*p == '.')
		p = parse_count(p + 1, &conv->precision, args);
	return parse_length(p, &conv->length);
}

/* --- Numbers ------------------------------------------------------------------ */

static uint64_t fetch_unsigned(int length, va_list *args)
{
	if (length == LONG_LONG)
		return va_arg(*args, unsigned long long);
	unsigned int value = va_arg(*args, unsigned int);

	if (length == CHAR)
		return (unsigned char)value;
	return length == SHORT ? (unsigned short)value : value;
}

static int64_t fetch_signed(int length, va_list *args)
{
	if (length == LONG_LONG)
		return va_arg(*args, long long);
	int value = va_arg(*args, int);

	if (length == CHAR)
		return (signed char)value;
	return length == SHORT ? (short)value : value;
}

/* The digits are made from the last to the first, and end at the end of the array. */
static const char *format_digits(struct number *number, uint64_t value, unsigned int base,
				 const char *alphabet)
{
	char *p = number->digits + sizeof number->digits;
	uint32_t digit;

	for (number->count = 0; value != 0; number->count++) {
		value = div64_rem(value, base, &digit);
		*--p = alphabet[digit];
	}
	return p;
}

static void put_number(struct output *out, const struct conversion *conv, struct number *number,
		       const char *digits)
{
	int prefix = (int)strlen(number->prefix);
	int least = conv->precision < 0 ? 1 : conv->precision;
	int zeros = number->count < least ? least - number->count : 0;
	int padding = conv->width - prefix - zeros - number->count;

	if (conv->zero && !conv->left && conv->precision < 0 && padding > 0) {
		zeros += padding;
		padding = 0;
	}
	if (!conv->left)
		put_repeated(out, ' ', padding);
	put_text(out, number->prefix, prefix);
	put_repeated(out, '0', zeros);
	put_text(out, digits, number->count);
	if (conv->left)
		put_repeated(out, ' ', padding);
}

static void put_unsigned(struct output *out, const struct conversion *conv, uint64_t value,
			 unsigned int base, bool capitals)
{
	const char *alphabet = capitals ? "0123456789ABCDEF" : "0123456789abcdef";
	struct number number = { .prefix = "" };

	if (conv->alternate && base == 16 && value != 0)
		number.prefix = capitals ? "0X" : "0x";
	put_number(out, conv, &number, format_digits(&number, value, base, alphabet));
}

static void put_signed(struct output *out, const struct conversion *conv, int64_t value)
{
	struct number number = { .prefix = "" };
	uint64_t magnitude = value < 0 ? -(uint64_t)value : (uint64_t)value;

	if (value < 0)
		number.prefix = "-";
	else if (conv->plus)
		number.prefix = "+";
	else if (conv->space)
		number.prefix = " ";
	put_number(out, conv, &number, format_digits(&number, magnitude, 10, "0123456789"));
}

/* --- Text ----------------------------------------------------------------------- */

static void put_padded(struct output *out, const struct conversion *conv, const char *text,
		       size_t length)
{
	int padding = conv->width - (int)length;

	if (!conv->left)
		put_repeated(out, ' ', padding);
	put_text(out, text, length);
	if (conv->left)
		put_repeated(out, ' ', padding);
}

static void put_string(struct output *out, const struct conversion *conv, const char *text)
{
	size_t max = conv->precision < 0 ? SIZE_MAX : (size_t)conv->precision;

	if (text == NULL)
		text = "(null)";
	put_padded(out, conv, text, strnlen(text, max));
}

static void put_char(struct output *out, const struct conversion *conv, char c)
{
	put_padded(out, conv, &c, 1);
}

static void put_pointer(struct output *out, struct conversion *conv, const void *p)
{
	conv->precision = 8;
	put_text(out, "0x", 2);
	put_unsigned(out, conv, (uintptr_t)p, 16, false);
}

static void put_conversion(struct output *out, struct conversion *conv, char letter, va_list *args)
{
	switch (letter) {
	case 'd':
	case 'i':
		return put_signed(out, conv, fetch_signed(conv->length, args));
	case 'u':
		return put_unsigned(out, conv, fetch_unsigned(conv->length, args), 10, false);
	case 'x':
	case 'X':
		return put_unsigned(out, conv, fetch_unsigned(conv->length, args), 16,
				    letter == 'X');
	case 'p':
		return put_pointer(out, conv, va_arg(*args, void *));
	case 's':
		return put_string(out, conv, va_arg(*args, const char *));
	case 'c':
		return put_char(out, conv, (char)va_arg(*args, int));
	case '%':
		return put(out, '%');
	}
	put(out, '%');		/* not known: show it */
	put(out, letter);
}

static void format_to(struct output *out, const char *format, va_list args)
{
	struct conversion conv;
	va_list rest;

	va_copy(rest, args);
	while (*format != '\0') {
		if (*format != '%') {
			put(out, *format++);
			continue;
		}
		format = parse_conversion(format + 1, &conv, &rest);
		if (*format == '\0')
			break;
		put_conversion(out, &conv, *format++, &rest);
	}
	va_end(rest);
}

void vprintf(const char *format, va_list args)
{
	struct output out = { .buf = NULL };

	format_to(&out, format, args);
}

void printf(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vprintf(format, args);
	va_end(args);
}

int vsnprintf(char *buf, size_t size, const char *format, va_list args)
{
	char none;
	struct output out = { .buf = size > 0 ? buf : &none, .size = size };

	format_to(&out, format, args);
	if (size > 0)
		buf[out.length < size ? out.length : size - 1] = '\0';
	return (int)out.length;
}

int snprintf(char *buf, size_t size, const char *format, ...)
{
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(buf, size, format, args);
	va_end(args);
	return length;
}
