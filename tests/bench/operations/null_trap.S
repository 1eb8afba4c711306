/* SPDX-License-Identifier: BSD-2-Clause */
/* A trap that does nothing: its number is in the table and has no meaning. */
	.text
	.globl	null_trap
	.type	null_trap, @function
null_trap:
	movl	$-10, %eax
	jmp	*mach_trap_entry
	.size	null_trap, . - null_trap

	.section .note.GNU-stack, "", @progbits
