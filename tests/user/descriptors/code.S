/* SPDX-License-Identifier: BSD-2-Clause */
#define NULL_PORT	-10	/* a trap that does nothing */

	.text

.macro function name
	.globl	\name
	.type	\name, @function
\name:
.endm

	.globl	load_word_at, load_word_after
function load_word
	movl	4(%esp), %ecx
	movl	%fs, %edx
load_word_at:
	movl	%ecx, %fs
	movl	%fs:0, %eax
load_word_after:
	movl	%edx, %fs
	ret

	.globl	load_ss_at
function load_ss
	movl	4(%esp), %ecx
	movl	%ss, %edx
load_ss_at:
	movl	%ecx, %ss
	movl	%edx, %ss
	ret

	.globl	far_int3, far_hlt, far_load, far_trap
	.globl	far_int3_after, far_hlt_at, far_load_at, far_trap_after
/* For a segment that begins at far_base. */
	.balign	16
	.globl	far_base
far_base:
	.fill	16, 1, 0xf4
far_int3:
	int3
far_int3_after:
far_hlt:
	nop
far_hlt_at:
	hlt
far_load:
	xorl	%eax, %eax
far_load_at:
	movl	(%eax), %eax
far_trap:
	movl	$NULL_PORT, %eax
	lcall	$7, $0
	int3
far_trap_after:

	.section .note.GNU-stack, "", @progbits
