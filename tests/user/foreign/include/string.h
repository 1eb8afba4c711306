/* SPDX-License-Identifier: BSD-2-Clause */
/* What stubs and compiler want of a library. */
#ifndef FOREIGN_STRING_H
#define FOREIGN_STRING_H

#include <stddef.h>

void *memcpy(void *to, const void *from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int byte, size_t size);
int memcmp(const void *a, const void *b, size_t size);
size_t strlen(const char *text);

#endif /* FOREIGN_STRING_H */
