/* SPDX-License-Identifier: BSD-2-Clause */
/* The types of subsystem mach_i386: descriptors and I/O permissions. */
#ifndef _MACH_I386_MACH_I386_TYPES_H_
#define _MACH_I386_MACH_I386_TYPES_H_

#include <mach/port.h>

/* A segment descriptor, as the processor reads it. */
struct descriptor {
	unsigned int	low_word;
	unsigned int	high_word;
};

typedef struct descriptor	descriptor_t;
typedef struct descriptor	*descriptor_list_t;
typedef const struct descriptor	*const_descriptor_list_t;

typedef unsigned short		io_port_t;
#ifndef KERNEL
typedef mach_port_t		io_perm_t;
#endif

#endif
