/* SPDX-License-Identifier: BSD-2-Clause */
/* Result codes in words. */
#ifndef _MACH_ERROR_H_
#define _MACH_ERROR_H_

#include <mach/kern_return.h>

typedef kern_return_t mach_error_t;

/* A text for any code: kernel, message, MIG, device.  Unknown codes have a text too. */
const char *mach_error_string(mach_error_t code);

/* Prints "string: text of the code" on the console. */
void mach_error(const char *string, mach_error_t code);

#endif
