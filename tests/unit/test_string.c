/* SPDX-License-Identifier: BSD-2-Clause */
/* The kernel's string functions against the library's. */
#include <tests/unit/fakes.h>

#include <stdlib.h>

/* As kern/string.o calls them here; the declarations are the kernel's. */
#define memcpy kernel_memcpy
#define memmove kernel_memmove
#define memset kernel_memset
#define memcmp kernel_memcmp
#define strlen kernel_strlen
#define strnlen kernel_strnlen
#define strcmp kernel_strcmp
#define strncmp kernel_strncmp
#define strchr kernel_strchr
#define strlcpy kernel_strlcpy
#include <kern/string.h>
#undef memcpy
#undef memmove
#undef memset
#undef memcmp
#undef strlen
#undef strnlen
#undef strcmp
#undef strncmp
#undef strchr
#undef strlcpy

#include <string.h>

#define SIZE 80

static void fill(unsigned char *p)
{
	for (int i = 0; i < SIZE; i++)
		p[i] = (unsigned char)fake_random();
}

/* All short lengths at all alignments; nothing outside is touched. */
START_TEST(test_memcpy)
{
	unsigned char src[SIZE], dst[SIZE], expected[SIZE];

	for (size_t from = 0; from < 8; from++)
		for (size_t to = 0; to < 8; to++)
			for (size_t n = 0; n <= 64; n++) {
				fill(src);
				fill(dst);
				memcpy(expected, dst, SIZE);
				memcpy(expected + to, src + from, n);
				ck_must(kernel_memcpy(dst + to, src + from, n) == dst + to);
				ck_must(memcmp(dst, expected, SIZE) == 0);
			}
}
END_TEST

START_TEST(test_memmove)
{
	unsigned char buf[SIZE], expected[SIZE];

	for (size_t from = 0; from < 40; from++)
		for (size_t to = 0; to < 40; to++)
			for (size_t n = 0; n <= 40; n++) {
				fill(buf);
				memcpy(expected, buf, SIZE);
				memmove(expected + to, expected + from, n);
				ck_must(kernel_memmove(buf + to, buf + from, n) == buf + to);
				ck_must(memcmp(buf, expected, SIZE) == 0);
			}
}
END_TEST

START_TEST(test_memset)
{
	unsigned char buf[SIZE], expected[SIZE];

	for (size_t to = 0; to < 8; to++)
		for (size_t n = 0; n <= 64; n++) {
			int c = (int)fake_random();

			fill(buf);
			memcpy(expected, buf, SIZE);
			memset(expected + to, c, n);
			ck_must(kernel_memset(buf + to, c, n) == buf + to);
			ck_must(memcmp(buf, expected, SIZE) == 0);
		}
}
END_TEST

static int sign(int x)
{
	return (x > 0) - (x < 0);
}

START_TEST(test_memcmp)
{
	unsigned char a[SIZE], b[SIZE];

	for (unsigned int round = 0; round < 20000; round++) {
		size_t n = fake_random() % SIZE;

		fill(a);
		memcpy(b, a, SIZE);
		b[fake_random() % SIZE] = (unsigned char)fake_random();
		ck_must(sign(kernel_memcmp(a, b, n)) == sign(memcmp(a, b, n)));
	}
}
END_TEST

/* Strings of exactly their length on the heap, so that the sanitizer sees a read beyond. */
static char *random_string(void)
{
	size_t length = fake_random() % 12;
	char *s = malloc(length + 1);

	for (size_t i = 0; i < length; i++)
		s[i] = "ab\xFFz"[fake_random() % 4];
	s[length] = '\0';
	return s;
}

static void check_pair(const char *a, const char *b)
{
	size_t n = fake_random() % 14;
	char buf[16] = "###############", expected[16];
	int c = "ab\xFFzq"[fake_random() % 6];

	ck_must(kernel_strlen(a) == strlen(a));
	ck_must(kernel_strnlen(a, n) == strnlen(a, n));
	ck_must(sign(kernel_strcmp(a, b)) == sign(strcmp(a, b)));
	ck_must(sign(kernel_strncmp(a, b, n)) == sign(strncmp(a, b, n)));
	ck_must(kernel_strchr(a, c) == strchr(a, c));
	memcpy(expected, buf, sizeof buf);
	if (n > 0) {
		size_t copied = strlen(a) < n ? strlen(a) : n - 1;

		memcpy(expected, a, copied);
		expected[copied] = '\0';
	}
	ck_must(kernel_strlcpy(buf, a, n) == strlen(a));
	ck_must(memcmp(buf, expected, sizeof buf) == 0);
}

START_TEST(test_strings)
{
	for (unsigned int round = 0; round < 100000; round++) {
		char *a = random_string(), *b = random_string();

		check_pair(a, b);
		check_pair(a, a);
		free(a);
		free(b);
	}
}
END_TEST

/* What is not terminated may be looked at up to the limit. */
START_TEST(test_limits)
{
	char *s = malloc(5);

	memset(s, 'x', 5);
	ck_assert_uint_eq(kernel_strnlen(s, 5), 5);
	ck_assert_int_eq(kernel_strncmp(s, "xxxxxyy", 5), 0);
	ck_assert_int_lt(kernel_strcmp("a", "\xFF"), 0);
	free(s);
}
END_TEST

void unit_tests(TCase *tcase)
{
	tcase_add_test(tcase, test_memcpy);
	tcase_add_test(tcase, test_memmove);
	tcase_add_test(tcase, test_memset);
	tcase_add_test(tcase, test_memcmp);
	tcase_add_test(tcase, test_strings);
	tcase_add_test(tcase, test_limits);
}
