/* SPDX-License-Identifier: BSD-2-Clause */
/* Strings and bytes, as the C standard has them. */
#ifndef _LIBMACH_STRING_H_
#define _LIBMACH_STRING_H_

#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int byte, size_t size);
int memcmp(const void *a, const void *b, size_t size);
void *memchr(const void *bytes, int byte, size_t size);

size_t strlen(const char *string);
size_t strnlen(const char *string, size_t limit);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t limit);
char *strcpy(char *restrict to, const char *restrict from);
char *strncpy(char *restrict to, const char *restrict from, size_t size);
char *strcat(char *restrict to, const char *restrict from);
char *strchr(const char *string, int character);
char *strrchr(const char *string, int character);
char *strstr(const char *string, const char *part);

unsigned long strtoul(const char *restrict string, char **restrict end, int base);
long strtol(const char *restrict string, char **restrict end, int base);
int atoi(const char *string);

#endif
