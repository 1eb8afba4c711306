/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Mach's truth values: an int, so that it is one word in every message.
 * Define NOBOOL to get the type without TRUE and FALSE.
 */
#ifndef _MACH_BOOLEAN_H_
#define _MACH_BOOLEAN_H_

#ifndef __ASSEMBLER__
#include <mach/machine/boolean.h>
#endif

#endif

#ifndef NOBOOL
#ifndef TRUE
#define TRUE	((boolean_t) 1)
#endif
#ifndef FALSE
#define FALSE	((boolean_t) 0)
#endif
#endif
