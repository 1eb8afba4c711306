/* SPDX-License-Identifier: BSD-2-Clause */
/* The version of the interface, not of the kernel. */
#ifndef _MACH_VERSION_H_
#define _MACH_VERSION_H_

#define KERNEL_MAJOR_VERSION	4
#define KERNEL_MINOR_VERSION	0
#define INCLUDE_VERSION		0

#endif
