/* SPDX-License-Identifier: BSD-2-Clause */
/* The memory objects that the kernel makes. */
#ifndef _DEFAULT_PAGER_OBJECT_H_
#define _DEFAULT_PAGER_OBJECT_H_

#include <mach/mach_types.h>

/* The port set into which their ports go. */
void objects_init(mach_port_t set);

#endif
