/* SPDX-License-Identifier: BSD-2-Clause */
/* Functions that fault. */

	.text

/* Before the instruction: eax is the argument, ecx and edx are 0. */
#define BEGIN(name) \
	.globl	name, name##_at, name##_after; \
	.type	name, @function; \
name:	movl	4(%esp), %eax; \
	xorl	%ecx, %ecx; \
	xorl	%edx, %edx;
#define AT(name)	name##_at:
#define AFTER(name)	name##_after: ret;
#define SIMPLE(name, ...) \
	BEGIN(name) AT(name) __VA_ARGS__; AFTER(name)

	SIMPLE(divide, divl %ecx)
	SIMPLE(aam_zero, aam $0)
	SIMPLE(breakpoint, int3)
	SIMPLE(int_3, .byte 0xcd; .byte 3)
	SIMPLE(int_4, int $4)
	SIMPLE(int_5, int $5)
	SIMPLE(undefined, ud2)
	SIMPLE(lock_nop, .byte 0xf0; nop)
	SIMPLE(amd_syscall, .byte 0x0f, 0x05)
	SIMPLE(leave_smm, rsm)
	SIMPLE(too_long, .fill 15, 1, 0x66; nop)
	SIMPLE(halt, hlt)
	SIMPLE(enable, sti)
	SIMPLE(read_cr0, movl %cr0, %edx)
	SIMPLE(write_cr3, movl %eax, %cr3)
	SIMPLE(read_msr, rdmsr)
	SIMPLE(clear_ts, clts)
	SIMPLE(load_gdt, lgdt (%eax))
	SIMPLE(load_task, ltr %ax)
	SIMPLE(forget_page, invlpg (%eax))
	SIMPLE(in_string, insb)
	SIMPLE(disable, cli)
	SIMPLE(in_port, inb $0x60, %al)
	SIMPLE(out_port, outb %al, $0x80)
	SIMPLE(int_80, int $0x80)
	SIMPLE(int_13, int $13)
	SIMPLE(load_fs, movw %ax, %fs)
	SIMPLE(load_byte, movb (%eax), %cl)
	SIMPLE(store_byte, movb %cl, (%eax))
	SIMPLE(movaps, movaps (%eax), %xmm0)
	SIMPLE(nothing, nop)

	/* Returns to a bad selector. */
	BEGIN(interrupt_return)
	pushl	$0x202
	pushl	$0x204
	pushl	$0
	AT(interrupt_return)
	iret
	AFTER(interrupt_return)

	/* To the task that this one was called by, says the flag: there is none. */
	BEGIN(nested_return)
	pushfl
	orl	$0x4000, (%esp)
	popfl
	AT(nested_return)
	iret
	AFTER(nested_return)

	/* Returns to what comes next, with the flag of virtual 8086 mode, which is not for users. */
	BEGIN(virtual_return)
	pushl	$0x20202
	pushl	$0x17
	pushl	$virtual_return_after
	AT(virtual_return)
	iret
	AFTER(virtual_return)

	BEGIN(divide_overflow)
	movl	$1, %ecx
	movl	$1, %edx
	AT(divide_overflow)
	idivl	%ecx
	AFTER(divide_overflow)

	BEGIN(into)
	movl	$0x7fffffff, %ecx
	incl	%ecx
	AT(into)
	into
	AFTER(into)

	.section .rodata
	.p2align 2
limits:	.long	10, 20
	.text

	BEGIN(bound)
	movl	$21, %ecx
	AT(bound)
	bound	%ecx, limits
	AFTER(bound)

/* The fault is at the address that eax holds, not here. */
	BEGIN(call_there)
	AT(call_there)
	call	*%eax
	AFTER(call_there)

/* Divides by zero with that exception unmasked; it shows at the next fwait. */
	.section .rodata
fpu_control:
	.word	0x37b
	.text

	BEGIN(fpu_error)
	fldcw	fpu_control
	fld1
	fldz
	fdivrp
	AT(fpu_error)
	fwait
	AFTER(fpu_error)

/* The trap flag acts after the instruction behind popf. */
	BEGIN(single_step)
	pushfl
	orl	$0x100, (%esp)
	popfl
	AT(single_step)
	nop
	AFTER(single_step)

	.section .note.GNU-stack, "", @progbits
