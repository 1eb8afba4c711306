/* SPDX-License-Identifier: BSD-2-Clause */
/* Something to be found: --example. */
#ifndef _IPCSTAT_EXAMPLE_H_
#define _IPCSTAT_EXAMPLE_H_

#include <mach/mach_types.h>

/* A task that leaks rights and lets a thread of ours wait for ever. */
kern_return_t example_make(mach_port_t *task);

/* End it. */
void example_end(mach_port_t task);

#endif
