/* SPDX-License-Identifier: BSD-2-Clause */
/* Traps by hand. */

#define NUMBER	0
#define STACK	4
#define RESULT	8
#define KEPT	12

	.text

/* Leaves esp in saved_stack, marks in the four registers, the number in eax. */
#define PROLOGUE \
	pushl	%ebp; \
	pushl	%ebx; \
	pushl	%esi; \
	pushl	%edi; \
	movl	20(%esp), %ecx; \
	movl	%ecx, saved_call; \
	movl	%esp, saved_stack; \
	movl	NUMBER(%ecx), %eax; \
	movl	$0x11111111, %ebx; \
	movl	$0x22222222, %esi; \
	movl	$0x33333333, %edi; \
	movl	$0x44444444, %ebp; \
	movl	STACK(%ecx), %esp;

	.globl	call_by_lcall, call_by_lcall_after
	.type	call_by_lcall, @function
call_by_lcall:
	PROLOGUE
	lcall	$7, $0
call_by_lcall_after:
	jmp	epilogue

	.globl	call_by_sysenter, call_by_sysenter_after
	.type	call_by_sysenter, @function
call_by_sysenter:
	PROLOGUE
	movl	%esp, %ecx
	movl	$call_by_sysenter_after, %edx
	sysenter
call_by_sysenter_after:
	jmp	epilogue

epilogue:
	movl	saved_stack, %esp
	movl	saved_call, %ecx
	movl	%eax, RESULT(%ecx)
	movl	$0, KEPT(%ecx)
	cmpl	$0x11111111, %ebx
	jne	1f
	cmpl	$0x22222222, %esi
	jne	1f
	cmpl	$0x33333333, %edi
	jne	1f
	cmpl	$0x44444444, %ebp
	jne	1f
	movl	$1, KEPT(%ecx)
1:	popl	%edi
	popl	%esi
	popl	%ebx
	popl	%ebp
	ret

	.local	saved_stack, saved_call
	.comm	saved_stack, 4, 4
	.comm	saved_call, 4, 4

	.section .note.GNU-stack, "", @progbits
