/* SPDX-License-Identifier: BSD-2-Clause */
/* Code with all registers known. */

#define MACH_MSG	-25
#define SWITCH		-61
#define SWTCH_PRI	-59

	.text

.macro function name
	.globl	\name
	.type	\name, @function
\name:
.endm

.macro save
	pushl	%ebp
	pushl	%ebx
	pushl	%esi
	pushl	%edi
.endm

.macro restore
	popl	%edi
	popl	%esi
	popl	%ebx
	popl	%ebp
.endm

.macro mark
	movl	$0xb0, %ebx
	movl	$0x51, %esi
	movl	$0xd1, %edi
	movl	$0xb9, %ebp
.endm

/* void receive_by(unsigned int sysenter, const unsigned int arguments[7]) */
	.globl	receive_lcall_after, receive_sysenter_after
function receive_by
	save
	movl	20(%esp), %ecx
	movl	24(%esp), %edx
	movl	$7, %eax
1:	pushl	-4(%edx, %eax, 4)
	decl	%eax
	jnz	1b
	pushl	$0
	mark
	movl	$MACH_MSG, %eax
	testl	%ecx, %ecx
	jnz	2f
	lcall	$7, $0
receive_lcall_after:
	jmp	3f
2:	movl	%esp, %ecx
	movl	$receive_sysenter_after, %edx
	sysenter
receive_sysenter_after:
3:	addl	$32, %esp
	restore
	ret

	.globl	mark_and_break_after
function mark_and_break
	save
	mark
	movl	$0xa0, %eax
	movl	$0xc0, %ecx
	movl	$0xd0, %edx
	int3
mark_and_break_after:
	restore
	ret

	.globl	counted, count_up_at
function count_up
	movl	$0, counted
1:	incl	counted
count_up_at:
	nop
	cmpl	$1000, counted
	jb	1b
	ret
	.comm	counted, 4, 4

	.globl	store_words_after
function store_words
	movl	4(%esp), %eax
	movl	$1, (%eax)
store_words_after:
	movl	$2, 4(%eax)
	movl	$3, 8(%eax)
	movl	$4, 12(%eax)
	ret

/* swtch_pri(0), its argument 4 bytes above watched_stack's address at the trap. */
	.globl	watched_arguments
function trap_with_arguments
	save
	movl	20(%esp), %ecx
	movl	%esp, %esi
	movl	$watched_arguments - 4, %esp
	movl	$SWTCH_PRI, %eax
	testl	%ecx, %ecx
	jnz	1f
	lcall	$7, $0
	jmp	2f
1:	movl	%esp, %ecx
	movl	$2f, %edx
	sysenter
2:	movl	%esi, %esp
	restore
	ret

	.section .data
	.balign	16
	.fill	16, 4, 0
watched_arguments:
	.fill	16, 4, 0
	.text

/* What is watched is a selector for ss; the trap comes with the next instruction. */
.macro shadow name, instruction:vararg
function \name
	movl	4(%esp), %ecx
	movl	%esp, %edx
	movl	$SWTCH_PRI, %eax
	movw	(%ecx), %ss
	\instruction
	ret
.endm

	shadow	shadow_int3, int3
	shadow	shadow_lcall, lcall $7, $0

function shadow_sysenter
	movl	4(%esp), %eax
	movl	%esp, %ecx
	movl	$1f, %edx
	movw	(%eax), %ss
	sysenter
1:	ret

	.section .note.GNU-stack, "", @progbits
