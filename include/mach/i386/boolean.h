/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef _MACH_I386_BOOLEAN_H_
#define _MACH_I386_BOOLEAN_H_

typedef int boolean_t;

#endif
