/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of printf, strings and numbers. */
#include <libmach/print.h>
#include <libmach/string.h>
#include <stdint.h>

#include "../common/tap.h"
#include "tests.h"

__attribute__((format(printf, 2, 3)))
static void expect_text(const char *expected, const char *format, ...)
{
	char text[100];
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	if (strcmp(text, expected) != 0)
		tap_fail("\"%s\" instead of \"%s\"", text, expected);
	EXPECT(length, strlen(expected));
}

static void try_integers(void)
{
	expect_text("0 1 -1 2147483647", "%d %d %i %d", 0, 1, -1, INT32_MAX);
	expect_text("-2147483648 4294967295", "%d %u", INT32_MIN, UINT32_MAX);
	expect_text("ff FF 0xff 0XFF 0", "%x %X %#x %#X %#x", 255, 255, 255, 255, 0);
	expect_text("17 777", "%o %o", 15, 0777);
	expect_text("18446744073709551615", "%llu", UINT64_MAX);
	expect_text("-9223372036854775808", "%lld", INT64_MIN);
	expect_text("ffffffffffffffff 1", "%llx %llx", UINT64_MAX, 1ull);
	expect_text("-1 255 -1", "%hhd %hhu %hd", (signed char) -1, (unsigned char) 255,
		(short) -1);
	expect_text("5 5 5", "%ld %lu %zu", 5l, 5ul, (size_t) 5);
}

static void try_widths(void)
{
	expect_text("    5|5    |00005|+5| 5", "%5d|%-5d|%05d|%+d|% d", 5, 5, 5, 5, 5);
	expect_text("   -5|-5   |-0005", "%5d|%-5d|%05d", -5, -5, -5);
	expect_text("  005|5|", "%5.3d|%.0d|%.0d", 5, 5, 0);
	expect_text("0x00ff|  0xff", "%#06x|%#6x", 255, 255);
	expect_text("    7|7   |007", "%*d|%*d|%.*d", 5, 7, -4, 7, 3, 7);
}

void test_print(void)
{
	const char *volatile no_text = NULL;
	char text[4] = "xxx";

	try_integers();
	try_widths();
	expect_text("abc|  abc|abc  |ab|(null)", "%s|%5s|%-5s|%.2s|%s", "abc", "abc", "abc", "abc",
		no_text);
	expect_text("c|  c|%", "%c|%3c|%%", 'c', 'c');
	expect_text("0xabcd", "%p", (void *) 0xabcd);
	EXPECT(snprintf(text, sizeof text, "%s", "abcdef"), 6);
	EXPECT(strcmp(text, "abc"), 0);
	EXPECT(snprintf(text, 0, "%d", 12345), 5);
	EXPECT(text[0], 'a');
}

void test_strings(void)
{
	char buffer[20] = "";
	const char *text = "hello";

	EXPECT(strlen(""), 0);
	EXPECT(strlen(text), 5);
	EXPECT(strnlen(text, 3), 3);
	EXPECT_TRUE(strcmp("a", "b") < 0);
	EXPECT_TRUE(strcmp("b", "a") > 0);
	EXPECT_TRUE(strcmp("ab", "a") > 0);
	EXPECT_TRUE(strcmp("\x80", "a") > 0);
	EXPECT(strncmp("abc", "abd", 2), 0);
	EXPECT_TRUE(strncmp("abc", "abd", 3) < 0);
	EXPECT(strncmp("ab\0x", "ab\0y", 4), 0);
	strcat(strcpy(buffer, "ab"), "cd");
	EXPECT(strcmp(buffer, "abcd"), 0);
	memset(buffer, 'x', sizeof buffer);
	strncpy(buffer, "ab", 4);
	EXPECT(memcmp(buffer, "ab\0\0x", 5), 0);
	EXPECT((uintptr_t) strchr(text, 'l'), (uintptr_t) (text + 2));
	EXPECT((uintptr_t) strrchr(text, 'l'), (uintptr_t) (text + 3));
	EXPECT((uintptr_t) strchr(text, '\0'), (uintptr_t) (text + 5));
	EXPECT((uintptr_t) strrchr(text, '\0'), (uintptr_t) (text + 5));
	EXPECT((uintptr_t) strchr(text, 'x'), 0);
	EXPECT((uintptr_t) strstr(text, "lo"), (uintptr_t) (text + 3));
	EXPECT((uintptr_t) strstr(text, "lx"), 0);
	EXPECT((uintptr_t) strstr(text, ""), (uintptr_t) text);
}

/* Every small size, at every alignment, with bytes around that must stay. */
void test_bytes(void)
{
	unsigned char from[64], to[64];

	for (unsigned int i = 0; i < sizeof from; i++)
		from[i] = i + 1;
	for (unsigned int size = 0; size < 20; size++)
		for (unsigned int offset = 0; offset < 8; offset++) {
			memset(to, 0xee, sizeof to);
			memcpy(to + 1 + offset, from + 7 - offset, size);
			EXPECT(memcmp(to + 1 + offset, from + 7 - offset, size), 0);
			EXPECT(to[offset], 0xee);
			EXPECT(to[1 + offset + size], 0xee);
		}
	memcpy(to, from, sizeof to);
	memmove(to + 3, to, 40);
	EXPECT(memcmp(to + 3, from, 40), 0);
	memcpy(to, from, sizeof to);
	memmove(to, to + 3, 40);
	EXPECT(memcmp(to, from + 3, 40), 0);
	EXPECT_TRUE(memcmp("a\x80", "a\x7f", 2) > 0);
	EXPECT((uintptr_t) memchr(from, 5, sizeof from), (uintptr_t) (from + 4));
	EXPECT((uintptr_t) memchr(from, 99, sizeof from), 0);
}

void test_numbers(void)
{
	const char *text = "  -12ab";
	char *end;

	EXPECT(atoi("42"), 42);
	EXPECT(atoi("-42x"), -42);
	EXPECT(atoi(""), 0);
	EXPECT(strtol(text, &end, 10), -12);
	EXPECT((uintptr_t) end, (uintptr_t) (text + 5));
	EXPECT(strtoul("0x1F", NULL, 0), 31);
	EXPECT(strtoul("0x1F", NULL, 16), 31);
	EXPECT(strtoul("017", NULL, 0), 15);
	EXPECT(strtoul("zz", NULL, 36), 35 * 36 + 35);
	EXPECT(strtoul("4294967295", NULL, 10), UINT32_MAX);
	EXPECT(strtoul("4294967296", NULL, 10), UINT32_MAX);
	EXPECT(strtol("2147483648", NULL, 10), INT32_MAX);
	EXPECT(strtol("-2147483648", NULL, 10), INT32_MIN);
	EXPECT(strtol("-9999999999", NULL, 10), INT32_MIN);
	text = "0x";
	EXPECT(strtoul(text, &end, 0), 0);
	EXPECT((uintptr_t) end, (uintptr_t) (text + 1));
	text = "xyz";
	EXPECT(strtoul(text, &end, 10), 0);
	EXPECT((uintptr_t) end, (uintptr_t) text);
}
