/* SPDX-License-Identifier: BSD-2-Clause */
/* Traps by hand (calls.S): any number, on any stack, by either instruction. */
#ifndef _CALLS_H_
#define _CALLS_H_

#include <mach/mach_types.h>

struct call {
	int		number;
	uintptr_t	stack;		/* value of esp at the trap; 0 and others as they are */
	int		result;
	boolean_t	registers_kept;	/* ebx, esi, edi, ebp */
};

/* Both take a struct call *; what they fault at is name_after. */
void call_by_lcall(void *call);
void call_by_sysenter(void *call);
extern char call_by_lcall_after[], call_by_sysenter_after[];

#endif
