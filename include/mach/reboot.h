/* SPDX-License-Identifier: BSD-2-Clause */
/* Flags of host_reboot; RB_AUTOBOOT resets the machine. */
#ifndef _MACH_REBOOT_H_
#define _MACH_REBOOT_H_

#define RB_AUTOBOOT		0
#define RB_HALT			0x08

#endif
