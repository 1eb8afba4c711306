/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where a program begins.  The stack holds argc, argv, 0, envp, 0, as the System V ABI for i386
 * has it; C code gets the address of that and a stack aligned to 16 bytes.  The symbol is weak: a
 * program may bring its own beginning.
 */
	.text
	.weak	_start
	.type	_start, @function
_start:
	xorl	%ebp, %ebp
	movl	%esp, %eax
	andl	$-16, %esp
	subl	$12, %esp
	pushl	%eax
	call	mach_start
	.size	_start, . - _start

	.section .note.GNU-stack, "", @progbits
