/* SPDX-License-Identifier: BSD-2-Clause */
/* The kernel's formatted output against the library's. */
#include <tests/unit/fakes.h>

#define printf kernel_printf
#define vprintf kernel_vprintf
#define snprintf kernel_snprintf
#define vsnprintf kernel_vsnprintf
#include <kern/printf.h>
#undef printf
#undef vprintf
#undef snprintf
#undef vsnprintf

#include <stdio.h>
#include <string.h>

/* Formats are made at run time. */
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-security"

static char ours[512], theirs[512];

#define CHECK(...)								\
	do {									\
		int mine = kernel_snprintf(ours, sizeof ours, __VA_ARGS__);	\
		int real = snprintf(theirs, sizeof theirs, __VA_ARGS__);	\
										\
		if (mine != real || strcmp(ours, theirs) != 0)			\
			ck_abort_msg("'%s' is not '%s'", ours, theirs);		\
	} while (0)

static const char *const flags[] = {
	"", "-", "0", "#", "+", " ", "-0", "#0", "+0", "-#", "-+", "+-0",
};
static const char *const widths[] = { "", "1", "5", "12", "30" };
static const char *const precisions[] = { "", ".", ".0", ".1", ".4", ".9", ".25" };

static const long long numbers[] = {
	0, 1, -1, 9, 10, 127, 128, -128, 255, 256, 32767, 32768, -32768, 65535, 65536, 123456789,
	2147483647, -2147483647 - 1, 4294967295LL, 4294967296LL, 1234567890123456789LL,
	9223372036854775807LL, -9223372036854775807LL - 1,
};

static void check_number(const char *format, const char *length)
{
	for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
		if (strcmp(length, "ll") == 0)
			CHECK(format, numbers[i]);
		else
			CHECK(format, (int)numbers[i]);
}

static void check_shapes(const char *length, char letter)
{
	char format[32];

	for (size_t f = 0; f < sizeof flags / sizeof flags[0]; f++)
		for (size_t w = 0; w < sizeof widths / sizeof widths[0]; w++)
			for (size_t p = 0; p < sizeof precisions / sizeof precisions[0]; p++) {
				snprintf(format, sizeof format, "<%%%s%s%s%s%c>", flags[f],
					 widths[w], precisions[p], length, letter);
				check_number(format, length);
			}
}

START_TEST(test_numbers)
{
	static const char *const lengths[] = { "", "hh", "h", "l", "ll", "z", "t" };

	for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++)
		check_shapes(lengths[i], "diuxX"[_i]);
}
END_TEST

START_TEST(test_text)
{
	static const char *const formats[] = {
		"%s", "%10s|", "%-10s|", "%.2s|", "%.0s|", "%10.3s|", "%-10.3s|", "%.20s",
	};

	for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
		CHECK(formats[i], "");
		CHECK(formats[i], "hello");
		CHECK(formats[i], "a longer line of text");
	}
	CHECK("%c%c%5c|%-5c|", 'a', 'b', 'c', 'd');
	CHECK("100%% of %s", "it");
	CHECK("plain");
	CHECK("%s", "");
}
END_TEST

START_TEST(test_asterisk)
{
	CHECK("%*d|", 8, 42);
	CHECK("%*d|", -8, 42);
	CHECK("%-*d|", 8, 42);
	CHECK("%.*d|", 5, 42);
	CHECK("%.*d|", -1, 42);
	CHECK("%*.*s|", 10, 3, "abcdef");
	CHECK("%d %s %llx %c", 1, "two", 3ULL, '4');
}
END_TEST

/* A text that is not terminated is read up to the precision only. */
START_TEST(test_bounded_text)
{
	char *s = strndup("abc", 3);

	s[3] = 'd';
	kernel_snprintf(ours, sizeof ours, "%.3s", s);
	ck_assert_str_eq(ours, "abc");
}
END_TEST

START_TEST(test_pointer)
{
	kernel_snprintf(ours, sizeof ours, "%p", (void *)0xC0123);
	ck_assert_str_eq(ours, "0x000c0123");
	kernel_snprintf(ours, sizeof ours, "%p", NULL);
	ck_assert_str_eq(ours, "0x00000000");
}
END_TEST

START_TEST(test_strange)
{
	const char *volatile null = NULL;	/* the compiler would see it */
	const char *texts = "%s|%.3s", *unknown = "%q|%", *end = "%-08";

	kernel_snprintf(ours, sizeof ours, texts, null, null);
	ck_assert_str_eq(ours, "(null)|(nu");
	kernel_snprintf(ours, sizeof ours, unknown);
	ck_assert_str_eq(ours, "%q|");
	kernel_snprintf(ours, sizeof ours, end);
	ck_assert_str_eq(ours, "");
}
END_TEST

/* Every size of the buffer: never a byte beyond, always terminated. */
START_TEST(test_truncation)
{
	for (size_t size = 0; size < 20; size++) {
		memset(ours, '#', sizeof ours);
		ck_assert_int_eq(kernel_snprintf(ours, size, "%s %d", "number", 12345), 12);
		memset(theirs, '#', sizeof theirs);
		snprintf(theirs, size, "%s %d", "number", 12345);
		ck_assert_mem_eq(ours, theirs, sizeof ours);
	}
	ck_assert_int_eq(kernel_snprintf(NULL, 0, "%d", 1000), 4);
}
END_TEST

START_TEST(test_console)
{
	kernel_printf("%s %d\n", "line", 1);
	kernel_printf("x");
	ck_assert_str_eq(fake_console, "line 1\nx");
}
END_TEST

void unit_tests(TCase *tcase)
{
	tcase_add_loop_test(tcase, test_numbers, 0, 5);
	tcase_add_test(tcase, test_text);
	tcase_add_test(tcase, test_asterisk);
	tcase_add_test(tcase, test_bounded_text);
	tcase_add_test(tcase, test_pointer);
	tcase_add_test(tcase, test_strange);
	tcase_add_test(tcase, test_truncation);
	tcase_add_test(tcase, test_console);
}
