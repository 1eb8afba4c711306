/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Formatted text.  Conversions: d i u x X o c s p %, with the flags - 0 + # and space, width,
 * precision, * for either, and the sizes hh h l ll z.  What is printed goes to the console
 * by the trap mach_print, one call one piece of text.
 */
#ifndef _LIBMACH_PRINT_H_
#define _LIBMACH_PRINT_H_

#include <stdarg.h>
#include <stddef.h>

int printf(const char *format, ...) __attribute__((format(printf, 1, 2)));
int vprintf(const char *format, va_list arguments) __attribute__((format(printf, 1, 0)));

/* Returns: the length that the whole text has, also when size cut it. */
int snprintf(char *text, size_t size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
int vsnprintf(char *text, size_t size, const char *format, va_list arguments)
	__attribute__((format(printf, 3, 0)));

#endif
