/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ways into the kernel and out of it.
 *
 * All entries begin with the stack pointer at the end of the current thread's pcb.regs, so
 * that pushing saves user registers where they belong; then the thread's kernel stack, which is
 * empty, is taken.  Until ds and es are known to be good, memory is reached through ss only
 * (addresses made from esp or ebp).
 *
 * Registers in the system call path: ebx the thread, ecx the user's stack pointer, eax the trap
 * number, later the result.
 */
#include <i386/asm_offsets.h>
#include <i386/extable.h>
#include <i386/segments.h>
#include <i386/trace_sites.h>

#define USER_LIMIT		0xC0000000
#define MACH_MSG_TRAP		-25
#define SEND_AND_RECEIVE	3		/* MACH_SEND_MSG | MACH_RCV_MSG */

#define RETURN_IRET		0
#define RETURN_SYSEXIT		1
#define RETURN_LCALL		2

#define EFLAGS_FIXED		0x00002		/* TF, DF, NT, AC and IF are off */
#define EFLAGS_IF		0x00200
#define EFLAGS_VM		0x20000
#define EFLAGS_OPEN		0x40002		/* AC: user memory may be read under SMAP */

#define REG(name)		(PCB_REGS + REGS_##name)
#define BELOW(name)		(REGS_##name - REGS_SIZE)	/* from the end of regs */
#define PCB_BELOW(field)	(PCB_##field - PCB_SIZE)

.macro function name
	.globl	\name
	.type	\name, @function
\name:
.endm

.macro set_eflags value
	pushl	$\value
	popfl
.endm

/* ------------------------------------------------------------------------------------------ */
/* Traps and interrupts */

	.section .entry.text, "ax"

.macro trap number, has_error
	function trap_\number
	.ifeq	\has_error
	pushl	$0
	.endif
	pushl	$\number
	jmp	trap_common
.endm

.irp number, 0, 1, 3, 4, 5, 6, 7, 9, 16, 19
	trap	\number, 0
.endr
.irp number, 10, 11, 12, 13, 14, 17
	trap	\number, 1
.endr

	.balign	16
	.globl	trap_irqs
trap_irqs:			/* TRAP_STUB_SIZE bytes each */
.irp number, 0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27, \
	0x28, 0x29, 0x2a, 0x2b, 0x2c, 0x2d, 0x2e, 0x2f
	.balign	16
	pushl	$0
	pushl	$\number
	jmp	trap_common
.endr

trap_common:
	pushl	%eax
	pushl	%ecx
	pushl	%edx
	pushl	%ebx
	pushl	%ebp
	pushl	%esi
	pushl	%edi
	movl	%ds, %eax
	movl	%es, %ecx
	pushl	%eax
	pushl	%ecx
	subl	$8, %esp
	movl	$USER_DS, %edx
	cmpl	%edx, %eax
	jne	1f
	cmpl	%edx, %ecx
	je	2f
1:	movl	%edx, %ds
	movl	%edx, %es
2:	testl	$EFLAGS_VM, REGS_EFLAGS(%esp)
	jnz	trap_from_v86
	testb	$3, REGS_CS(%esp)
	jz	trap_from_kernel

	leal	-PCB_REGS(%esp), %ebx
	movl	$RETURN_IRET, PCB_RETURN_KIND(%ebx)
	movl	PCB_KSTACK_TOP(%ebx), %esp
	set_eflags EFLAGS_FIXED
	movl	%ebx, %eax
	xorl	%ebp, %ebp
	call	trap_user
	jmp	return_to_user

/*
 * Nobody can be in virtual 8086 mode, except that some emulators let IRET of user mode go there.
 * Four segment registers more are on the stack, so the frame is not where it should be.
 */
trap_from_v86:
	movl	%esp, %edx
	movl	entry_area + ENTRY_AREA_ESP0, %eax
	subl	$PCB_SIZE, %eax
	movl	PCB_KSTACK_TOP(%eax), %esp
	set_eflags EFLAGS_FIXED
	xorl	%ebp, %ebp
	call	trap_v86

/*
 * A trap in the kernel stays on its stack, unless that is no kernel stack yet or no longer:
 * then the thread's kernel stack is empty.
 */
trap_from_kernel:
	movl	%esp, %eax
	movl	entry_area + ENTRY_AREA_ESP0, %edx
	movl	%edx, %ecx
	subl	%esp, %ecx
	cmpl	$PCB_SIZE, %ecx
	jb	1f
	movl	$entry_area + ENTRY_AREA_ESP0, %ecx
	subl	%esp, %ecx
	cmpl	$ENTRY_AREA_ESP0, %ecx
	jb	1f
	set_eflags EFLAGS_FIXED
	call	trap_kernel
	jmp	2f
1:	movl	PCB_BELOW(KSTACK_TOP)(%edx), %esp
	pushl	%eax
	set_eflags EFLAGS_FIXED
	call	trap_kernel
	popl	%esp
2:	movl	REGS_DS(%esp), %eax
	cmpl	$USER_DS, %eax
	je	3f
	movl	%eax, %ds
3:	movl	REGS_ES(%esp), %eax
	cmpl	$USER_DS, %eax
	je	4f
	movl	%eax, %es
4:	addl	$REGS_EDI, %esp
	popl	%edi
	popl	%esi
	popl	%ebp
	popl	%ebx
	popl	%edx
	popl	%ecx
	popl	%eax
	addl	$8, %esp
	iret

/* ------------------------------------------------------------------------------------------ */
/* System calls */

.macro fetch offset, fixup, base=%ecx
1:	pushl	\offset(\base)
	extable	1b, \fixup
.endm

/*
 * Everything twice: with SMAP, user memory is open while arguments are fetched.
 */
.macro system_calls suffix, flags, has_smap

/* By SYSENTER: ecx is the user's esp, edx the return address. */
	.balign	64
function sysenter_entry\suffix
	movl	(%esp), %esp
	movl	%ebx, BELOW(EBX)(%esp)
	movl	%ebp, BELOW(EBP)(%esp)
	movl	%esi, BELOW(ESI)(%esp)
	movl	%edi, BELOW(EDI)(%esp)
	movl	%ecx, BELOW(ESP)(%esp)
	movl	%edx, BELOW(EIP)(%esp)
	movl	$RETURN_SYSEXIT, PCB_BELOW(RETURN_KIND)(%esp)
	set_eflags \flags

syscall_common\suffix:
	leal	-PCB_SIZE(%esp), %ebx
	movl	%ds, %edx
	movl	%es, %esi
	cmpl	$USER_DS, %edx
	jne	syscall_segments\suffix
	cmpl	%edx, %esi
	jne	syscall_segments\suffix
syscall_dispatch\suffix:
	movl	PCB_KSTACK_TOP(%ebx), %esp
	trace_site TRACE_TRAP_ENTER, syscall_trace\suffix
syscall_traced\suffix:
	cmpl	$MACH_MSG_TRAP, %eax
	jne	syscall_other\suffix
	cmpl	$USER_LIMIT - 8 * 4, %ecx
	ja	syscall_other\suffix
	.irp	offset, 28, 24, 20, 16, 12, 8, 4
	fetch	\offset, syscall_bad_message
	.endr
	cmpl	$SEND_AND_RECEIVE, 4(%esp)
	movl	(%esp), %edi
	jne	ordinary_message\suffix
	cmpl	$USER_LIMIT - 6 * 4, %edi
	ja	ordinary_message\suffix
	movl	8(%esp), %edx
	fetch	20, ordinary_message\suffix, %edi
	pushl	%edx				/* the sequence number is the receiver's */
	fetch	12, ordinary_message\suffix, %edi
	fetch	8, ordinary_message\suffix, %edi
	pushl	%edx				/* the size that counts */
	fetch	0, ordinary_message\suffix, %edi
	.if	\has_smap
	clac
	.endif
	movl	%ebx, %eax
	call	*ipc_fast_path

/* Not that way: drop what there is of the header below the arguments. */
ordinary_message\suffix:
	.if	\has_smap
	clac
	.endif
	movl	PCB_KSTACK_TOP(%ebx), %esp
	subl	$7 * 4, %esp
	call	mach_msg_trap
	cli
	movl	7 * 4 - ASM_KSTACK_SIZE + STACK_CPU(%esp), %ecx
	jmp	syscall_leave

/*
 * By the call gate, which has pushed ss, esp, cs and eip, and leaves eflags as they are,
 * interrupts included.  Make it what iret wants.
 */
	.balign	64
function lcall_entry\suffix
	pushfl
	cli
	movl	(%esp), %ecx
	movl	4(%esp), %edx
	movl	%edx, (%esp)
	movl	8(%esp), %edx
	movl	%edx, 4(%esp)
	movl	%ecx, 8(%esp)
	movl	12(%esp), %ecx
	set_eflags \flags
	leal	5 * 4(%esp), %esp
	movl	%ebx, BELOW(EBX)(%esp)
	movl	%ebp, BELOW(EBP)(%esp)
	movl	%esi, BELOW(ESI)(%esp)
	movl	%edi, BELOW(EDI)(%esp)
	movl	$RETURN_LCALL, PCB_BELOW(RETURN_KIND)(%esp)
	jmp	syscall_common\suffix

/* ds is edx, es is esi, and one of them is unusual.  The thread goes back by iret. */
syscall_segments\suffix:
	movl	%edx, BELOW(DS)(%esp)
	movl	%esi, BELOW(ES)(%esp)
	movl	$USER_DS, %edx
	movl	%edx, %ds
	movl	%edx, %es
	movl	$0, REG(ECX)(%ebx)
	movl	$0, REG(EDX)(%ebx)
	cmpl	$RETURN_SYSEXIT, PCB_RETURN_KIND(%ebx)
	movl	$RETURN_IRET, PCB_RETURN_KIND(%ebx)
	jne	syscall_dispatch\suffix
	movl	$USER_CS, REG(CS)(%ebx)
	movl	$USER_DS, REG(SS)(%ebx)
	movl	$EFLAGS_IF, REG(EFLAGS)(%ebx)
	jmp	syscall_dispatch\suffix

syscall_trace\suffix:
	pushl	%ecx
	pushl	%eax
	call	trace_system_call
	popl	%eax
	popl	%ecx
	jmp	syscall_traced\suffix

syscall_other\suffix:
	negl	%eax
	cmpl	$ASM_TRAP_LAST, %eax
	ja	syscall_bad_number
	movl	trap_table + 4(, %eax, 8), %edx
	cmpl	$USER_LIMIT - 12 * 4, %ecx
	ja	syscall_check\suffix
syscall_fetch\suffix:
	jmp	*fetch_table\suffix(, %edx, 4)
	.irp	count, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1
fetch\suffix\()_\count:
	fetch	4*\count, syscall_bad_arguments
	.endr
fetch\suffix\()_0:
	.if	\has_smap
	clac
	.endif
	sti
	call	*trap_table(, %eax, 8)
	movl	PCB_KSTACK_TOP(%ebx), %esp
	cli
	movl	-ASM_KSTACK_SIZE + STACK_CPU(%esp), %ecx
	jmp	syscall_leave

/* So near the limit that each argument counts. */
syscall_check\suffix:
	negl	%eax
	movl	%eax, REG(EAX)(%ebx)
	movl	%ecx, %eax
	pushl	%ecx
	pushl	%edx
	call	trap_check_arguments
	popl	%edx
	popl	%ecx
	movl	REG(EAX)(%ebx), %eax
	negl	%eax
	set_eflags \flags
	jmp	syscall_fetch\suffix

	.pushsection .rodata
	.balign	4
fetch_table\suffix:
	.irp	count, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
	.long	fetch\suffix\()_\count
	.endr
	.popsection
.endm

	system_calls _plain, EFLAGS_FIXED, 0
	system_calls _smap, EFLAGS_OPEN, 1

/* _Noreturn void syscall_return(kern_return_t result) */
function syscall_return
	movl	%esp, %edx
	andl	$-ASM_KSTACK_SIZE, %edx
	cli
	movl	STACK_CPU(%edx), %ecx
	movl	STACK_THREAD(%edx), %ebx

/*
 * The end of a system call: eax is the result, ebx the thread, ecx the CPU; interrupts off.
 * Interrupts stay off until user mode is reached, so nothing becomes pending unseen.
 */
	.globl	syscall_leave
syscall_leave:
	movl	CPU_AST(%ecx), %edx
	orl	THREAD_AST(%ebx), %edx
	jnz	syscall_leave_ast
	trace_site TRACE_TRAP_EXIT, syscall_leave_trace
syscall_restore:
	cmpl	$RETURN_SYSEXIT, PCB_RETURN_KIND(%ebx)
	jne	syscall_restore_iret
	movl	REG(EDI)(%ebx), %edi
	movl	REG(ESI)(%ebx), %esi
	movl	REG(EBP)(%ebx), %ebp
	movl	REG(EIP)(%ebx), %edx
	movl	REG(ESP)(%ebx), %ecx
	movl	REG(EBX)(%ebx), %ebx
	sti
	sysexit

syscall_restore_iret:
	cmpl	$RETURN_LCALL, PCB_RETURN_KIND(%ebx)
	jne	syscall_restore_all
	movl	REG(EDI)(%ebx), %edi
	movl	REG(ESI)(%ebx), %esi
	movl	REG(EBP)(%ebx), %ebp
	xorl	%ecx, %ecx
	xorl	%edx, %edx
	leal	REG(EIP)(%ebx), %esp
	movl	REG(EBX)(%ebx), %ebx
	jmp	user_iret

syscall_restore_all:
	movl	%eax, REG(EAX)(%ebx)
	jmp	restore_all

syscall_leave_ast:
	movl	%eax, REG(EAX)(%ebx)
	jmp	serve_ast

syscall_leave_trace:
	pushl	%eax
	call	trace_exit
	popl	%eax
	jmp	syscall_restore

/* In: ebx the thread, edx the number of arguments, esp below those that were read. */
syscall_bad_message:
	negl	%eax
	movl	$7, %edx
syscall_bad_arguments:
	negl	%eax
	movl	%eax, REG(EAX)(%ebx)
	leal	(%ecx, %edx, 4), %eax
	addl	%esp, %eax
	movl	PCB_KSTACK_TOP(%ebx), %esp
	subl	%esp, %eax
	set_eflags EFLAGS_FIXED
	call	trap_bad_arguments

syscall_bad_number:
	negl	%eax
	movl	%eax, REG(EAX)(%ebx)
	call	trap_bad_number

/* _Noreturn void user_return(void) */
function user_return
	movl	%esp, %edx
	andl	$-ASM_KSTACK_SIZE, %edx
	movl	STACK_THREAD(%edx), %ebx
	movl	PCB_KSTACK_TOP(%ebx), %esp

/* In: ebx the thread, esp at the top of its kernel stack. */
return_to_user:
	cli
	movl	-ASM_KSTACK_SIZE + STACK_CPU(%esp), %ecx
	movl	CPU_AST(%ecx), %edx
	orl	THREAD_AST(%ebx), %edx
	jnz	serve_ast
	trace_site TRACE_TRAP_EXIT, return_trace
return_traced:
	cmpl	$RETURN_IRET, PCB_RETURN_KIND(%ebx)
	movl	REG(EAX)(%ebx), %eax
	jne	syscall_restore

restore_all:
	movl	REG(DS)(%ebx), %eax
	movl	REG(ES)(%ebx), %ecx
	cmpl	$USER_DS, %eax
	jne	restore_segments
	cmpl	%eax, %ecx
	jne	restore_segments
restore_registers:
	leal	REG(EDI)(%ebx), %esp
	popl	%edi
	popl	%esi
	popl	%ebp
	popl	%ebx
	popl	%edx
	popl	%ecx
	popl	%eax
	addl	$8, %esp
function user_iret
	iret

return_trace:
	movl	REG(EAX)(%ebx), %eax
	call	trace_exit
	jmp	return_traced

serve_ast:
	movl	PCB_KSTACK_TOP(%ebx), %esp
	sti
	xorl	%ebp, %ebp
	call	ast_serve
	movl	PCB_KSTACK_TOP(%ebx), %esp
	jmp	return_to_user

restore_segments:
	leal	REG(EDI)(%ebx), %ebp
	movl	PCB_KSTACK_TOP(%ebx), %esp
1:	movl	%ecx, %es
2:	movl	%eax, %ds
	movl	%ebp, %esp
	popl	%edi
	popl	%esi
	popl	%ebp
	popl	%ebx
	popl	%edx
	popl	%ecx
	popl	%eax
	addl	$8, %esp
	jmp	user_iret
	extable	1b, restore_failed
	extable	2b, restore_failed

/* ds or es of the thread cannot be loaded; regs.trapno and regs.err say why. */
restore_failed:
	movl	$USER_DS, %eax
	movl	%eax, %ds
	movl	%eax, %es
	call	trap_bad_segment

/*
 * Where the fault task starts, on its own stack: a double fault has pushed an error code, an
 * NMI has not.  The frame pointer of what was interrupted makes a backtrace possible.
 */
function fault_task_entry
	movl	%esp, %eax
	andl	$4, %eax
	call	trap_fault_task

	.section .note.GNU-stack, "", @progbits
