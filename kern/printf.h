/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Formatted output to the console and to buffers: %d %i %u %x %X %p %s %c %%,
 * flags 0 - # +, width, precision and *, length modifiers hh h l ll z t.
 */
#ifndef KERN_PRINTF_H
#define KERN_PRINTF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

/* Write to the console.  May be called in any context, also by interrupt handlers. */
void printf(const char *format, ...) __attribute__((format(__printf__, 1, 2)));
void vprintf(const char *format, va_list args);

/* Write at most size bytes, the terminator included; returns the full length. */
int snprintf(char *buf, size_t size, const char *format, ...)
	__attribute__((format(__printf__, 3, 4)));
int vsnprintf(char *buf, size_t size, const char *format, va_list args);

/* Whether a character for the console is to be seen; NULL: all are. */
extern bool (*printf_filter)(char c);

#endif /* KERN_PRINTF_H */
