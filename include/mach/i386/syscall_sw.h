/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How a trap is made on i386: its number in eax, then a far call through the
 * gate in segment 7. kernel_trap() makes an assembly stub; whoever includes
 * <mach/syscall_sw.h> for something else defines it before.
 */
#ifndef _MACH_I386_SYSCALL_SW_H_
#define _MACH_I386_SYSCALL_SW_H_

#define MACH_TRAP_GATE	lcall $0x7, $0x0

#ifndef kernel_trap
#define kernel_trap(trap_name, trap_number, number_args) \
	.globl trap_name; \
	.type trap_name, @function; \
	.p2align 4; \
trap_name: \
	movl $trap_number, %eax; \
	MACH_TRAP_GATE; \
	ret; \
	.size trap_name, . - trap_name;
#endif

#endif
