/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Start-up, and the trap stubs that the package's own header makes: a number in eax and a far call
 * through the gate, with the caller's arguments where they are.
 */
#include <mach/syscall_sw.h>

	.globl	_start
_start:
	movl	(%esp), %eax
	leal	4(%esp), %ecx
	xorl	%ebp, %ebp
	andl	$-16, %esp
	subl	$8, %esp
	pushl	%ecx
	pushl	%eax
	call	foreign_main
	hlt

/* The library's name for the trap; nobody interrupts us. */
	.globl	mach_msg
	.set	mach_msg, mach_msg_trap

	.section .note.GNU-stack, "", @progbits
