/* SPDX-License-Identifier: BSD-2-Clause */
/* Changing from one kernel stack to another, or to the beginning of the same. */
#include <i386/asm_offsets.h>

	.text

/*
 * struct thread *machine_switch_context(struct thread *prev, struct thread *next)
 *
 * A stack that machine_stack_prepare has made looks the same, with the start function as the
 * return address; prev, in eax, is that function's argument then.
 */
	.globl	machine_switch_context
	.type	machine_switch_context, @function
machine_switch_context:
	pushl	%ebp
	pushl	%ebx
	pushl	%esi
	pushl	%edi
	movl	%esp, PCB_SAVED_ESP(%eax)
	movl	PCB_SAVED_ESP(%edx), %esp
	popl	%edi
	popl	%esi
	popl	%ebx
	popl	%ebp
	ret
	.size	machine_switch_context, . - machine_switch_context

/* _Noreturn void machine_call_continuation(continuation_t continuation) */
	.globl	machine_call_continuation
	.type	machine_call_continuation, @function
machine_call_continuation:
	orl	$ASM_KSTACK_SIZE - 1, %esp
	subl	$3, %esp
	movl	$0, (%esp)		/* ends a backtrace */
	xorl	%ebp, %ebp
	jmp	*%eax
	.size	machine_call_continuation, . - machine_call_continuation

	.section .note.GNU-stack, "", @progbits
