/* SPDX-License-Identifier: BSD-2-Clause */

#define NULL_PORT	-10	/* a trap that does nothing */
#define DS		0
#define ES		4
#define NUMBER		8
#define SYSENTER	12
#define ARGUMENTS	16
#define RESULT		28
#define DS_AFTER	32
#define ES_AFTER	36

	.text

.macro function name
	.globl	\name
	.type	\name, @function
\name:
.endm

.macro by_sysenter
	movl	%esp, %ecx
	movl	$1f, %edx
	sysenter
1:
.endm

.macro set_flag bit
	pushfl
	orl	$\bit, (%esp)
	popfl
.endm

.macro clear_flags
	pushl	$2
	popfl
.endm

/* Addresses made of ebp use ss, which stays good. */
function odd_call
	pushl	%ebp
	pushl	%ebx
	pushl	%esi
	pushl	%edi
	movl	20(%esp), %ebp
	movl	%ds, %esi
	movl	%es, %edi
	movl	NUMBER(%ebp), %eax
	pushl	ARGUMENTS + 8(%ebp)
	pushl	ARGUMENTS + 4(%ebp)
	pushl	ARGUMENTS(%ebp)
	pushl	$0
	movl	DS(%ebp), %ecx
	movl	%ecx, %ds
	movl	ES(%ebp), %ecx
	movl	%ecx, %es
	cmpl	$0, SYSENTER(%ebp)
	jne	2f
	lcall	$7, $0
	jmp	3f
2:	by_sysenter
3:	movl	%ds, %ecx
	movl	%es, %edx
	movl	%esi, %ds
	movl	%edi, %es
	movl	%ecx, DS_AFTER(%ebp)
	movl	%edx, ES_AFTER(%ebp)
	movl	%eax, RESULT(%ebp)
	addl	$16, %esp
	popl	%edi
	popl	%esi
	popl	%ebx
	popl	%ebp
	ret

function spin_without_segments
	movl	4(%esp), %ecx
	pushl	%esi
	pushl	%edi
	movl	%ds, %esi
	movl	%es, %edi
	xorl	%eax, %eax
	movl	%eax, %ds
	movl	%eax, %es
1:	subl	$1, %ecx
	jnz	1b
	movl	%ds, %eax
	movl	%es, %ecx
	orl	%ecx, %eax
	movl	%esi, %ds
	movl	%edi, %es
	popl	%edi
	popl	%esi
	ret

	.globl	step_lcall_after, step_sysenter_after
function step_lcall
	movl	$NULL_PORT, %eax
	set_flag 0x100
	lcall	$7, $0
step_lcall_after:
	clear_flags
	ret

function step_sysenter
	movl	$NULL_PORT, %eax
	movl	%esp, %ecx
	movl	$step_sysenter_after, %edx
	pushfl
	orl	$0x100, (%esp)
	popfl
	sysenter
step_sysenter_after:
	clear_flags
	ret

function nested_lcall
	movl	$NULL_PORT, %eax
	set_flag 0x4000
	lcall	$7, $0
	clear_flags
	ret

function nested_sysenter
	movl	$NULL_PORT, %eax
	set_flag 0x4000
	by_sysenter
	clear_flags
	ret

	.globl	nested_iret_at
function nested_iret
	set_flag 0x4000
nested_iret_at:
	iret

	.globl	store_word_after
function store_word
	movl	4(%esp), %eax
	movl	$0x12345678, (%eax)
store_word_after:
	ret

	.section .note.GNU-stack, "", @progbits
