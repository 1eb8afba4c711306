/* SPDX-License-Identifier: BSD-2-Clause */
/* Strings and bytes.  The compiler may call the first four for code of its own. */
#include <libmach/string.h>

void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
	void *start = to;
	size_t words = size / 4, rest = size % 4;

	__asm__ volatile("rep movsl" : "+D" (to), "+S" (from), "+c" (words) : : "memory");
	__asm__ volatile("rep movsb" : "+D" (to), "+S" (from), "+c" (rest) : : "memory");
	return start;
}

void *memmove(void *to, const void *from, size_t size)
{
	char *last_to = (char *) to + size - 1;
	const char *last_from = (const char *) from + size - 1;

	if ((char *) to <= (const char *) from || (char *) to > last_from)
		return memcpy(to, from, size);
	__asm__ volatile("std\n\trep movsb\n\tcld"
		: "+D" (last_to), "+S" (last_from), "+c" (size) : : "memory");
	return to;
}

void *memset(void *to, int byte, size_t size)
{
	void *start = to;
	size_t words = size / 4, rest = size % 4;
	unsigned int pattern = (unsigned char) byte * 0x01010101u;

	__asm__ volatile("rep stosl" : "+D" (to), "+c" (words) : "a" (pattern) : "memory");
	__asm__ volatile("rep stosb" : "+D" (to), "+c" (rest) : "a" (pattern) : "memory");
	return start;
}

int memcmp(const void *a, const void *b, size_t size)
{
	const unsigned char *left = a, *right = b;

	for (; size > 0; size--, left++, right++)
		if (*left != *right)
			return *left - *right;
	return 0;
}

void *memchr(const void *bytes, int byte, size_t size)
{
	const unsigned char *at = bytes;

	for (; size > 0; size--, at++)
		if (*at == (unsigned char) byte)
			return (void *) at;
	return NULL;
}

size_t strlen(const char *string)
{
	const char *end = string;

	while (*end != '\0')
		end++;
	return end - string;
}

size_t strnlen(const char *string, size_t limit)
{
	size_t length = 0;

	while (length < limit && string[length] != '\0')
		length++;
	return length;
}

int strcmp(const char *a, const char *b)
{
	while (*a != '\0' && *a == *b) {
		a++;
		b++;
	}
	return (unsigned char) *a - (unsigned char) *b;
}

int strncmp(const char *a, const char *b, size_t limit)
{
	for (; limit > 0; limit--, a++, b++)
		if (*a != *b || *a == '\0')
			return (unsigned char) *a - (unsigned char) *b;
	return 0;
}

char *strcpy(char *restrict to, const char *restrict from)
{
	memcpy(to, from, strlen(from) + 1);
	return to;
}

char *strncpy(char *restrict to, const char *restrict from, size_t size)
{
	size_t length = strnlen(from, size);

	memcpy(to, from, length);
	memset(to + length, 0, size - length);
	return to;
}

char *strcat(char *restrict to, const char *restrict from)
{
	strcpy(to + strlen(to), from);
	return to;
}

char *strchr(const char *string, int character)
{
	for (;; string++) {
		if (*string == (char) character)
			return (char *) string;
		if (*string == '\0')
			return NULL;
	}
}

char *strrchr(const char *string, int character)
{
	char *last = NULL, *found;

	while ((found = strchr(string, character)) != NULL) {
		last = found;
		if (character == '\0')
			break;
		string = found + 1;
	}
	return last;
}

char *strstr(const char *string, const char *part)
{
	size_t length = strlen(part);

	for (;; string++) {
		if (strncmp(string, part, length) == 0)
			return (char *) string;
		if (*string == '\0')
			return NULL;
	}
}
