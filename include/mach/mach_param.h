/* SPDX-License-Identifier: BSD-2-Clause */
/* Limits that programs may rely on. */
#ifndef _MACH_MACH_PARAM_H_
#define _MACH_MACH_PARAM_H_

#define TASK_PORT_REGISTER_MAX	4	/* mach_ports_register, mach_ports_lookup */

#endif
