/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory and string functions with their C meaning; the kernel has no libc. */
#ifndef KERN_STRING_H
#define KERN_STRING_H

#include <stddef.h>

void *memcpy(void *dst, const void *src, size_t n);

/*
 * Also for a size that is not known beforehand and may be large: where memcpy stands with one, the
 * compiler puts an instruction that copies byte by byte.
 */
void *memmove(void *dst, const void *src, size_t n);

void *memset(void *dst, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
char *strchr(const char *s, int c);

/* Copy at most size - 1 characters and always terminate; returns strlen(src). */
size_t strlcpy(char *dst, const char *src, size_t size);

/*
 * Freestanding, the compiler takes these for functions like any other; told that they are
 * its own, it expands them in place for small constant sizes.
 */
#ifndef HOST_TEST
#define memcpy __builtin_memcpy
#define memmove __builtin_memmove
#define memset __builtin_memset
#define memcmp __builtin_memcmp
#define strlen __builtin_strlen
#endif

#endif /* KERN_STRING_H */
