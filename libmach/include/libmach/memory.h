/* SPDX-License-Identifier: BSD-2-Clause */
/* A small allocator.  Blocks are aligned to 16 bytes; a null pointer when there is no memory. */
#ifndef _LIBMACH_MEMORY_H_
#define _LIBMACH_MEMORY_H_

#include <stddef.h>

void *malloc(size_t size);
void *calloc(size_t count, size_t size);
void free(void *block);

#endif
