/* SPDX-License-Identifier: BSD-2-Clause */
/* What the kernel tells of one task, in plain words.  Errors are told as well: tasks may end. */
#ifndef _IPCSTAT_REPORT_H_
#define _IPCSTAT_REPORT_H_

#include <mach/mach_types.h>

/* The privileged host port. */
extern mach_port_t host_priv;

/* A line on its names; ports and threads that are stuck.  Returns: how many names, or 0. */
unsigned int report_task(mach_port_t task);

/* What brought its names, most frequent first, and which is the oldest. */
void report_origins(mach_port_t task);

#endif
