/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What very many threads run: each counts at its own place (edi) and gives way, for ever.  They
 * write no stack, so all have the same: that of a trap with the arguments of thread_switch, zeros.
 */
	.text
	.globl	run_laps
	.type	run_laps, @function
run_laps:
	incl	(%edi)
	movl	$-61, %eax
	lcall	$7, $0
	jmp	run_laps
	.size	run_laps, . - run_laps

	.section .note.GNU-stack, "", @progbits
