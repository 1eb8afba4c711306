/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The trap stubs.  A stub puts its number into eax and jumps to the way into the kernel that
 * mach_start chose; the arguments stay where the caller pushed them, above the return address
 * that esp points at.
 *
 * The second way is SYSENTER, which saves nothing: ecx carries esp, edx the address to go on at.
 */

#include <mach/machine/syscall_sw.h>

	.data
	.p2align 2
	.globl	mach_trap_entry, mach_msg_entry
mach_trap_entry:
	.long	mach_trap_lcall
mach_msg_entry:
	.long	mach_msg_lcall

	.text

	.p2align 4
	.globl	mach_trap_lcall
	.type	mach_trap_lcall, @function
mach_trap_lcall:
	MACH_TRAP_GATE
	ret
	.size	mach_trap_lcall, . - mach_trap_lcall

	.p2align 4
	.globl	mach_trap_sysenter
	.type	mach_trap_sysenter, @function
mach_trap_sysenter:
	movl	%esp, %ecx
	movl	$1f, %edx
	sysenter
1:	ret
	.size	mach_trap_sysenter, . - mach_trap_sysenter

#define STUB(name, number) \
	.p2align 4; \
	.globl	name; \
	.type	name, @function; \
name: \
	movl	$number, %eax; \
	jmp	*mach_trap_entry; \
	.size	name, . - name;

#undef kernel_trap
#define kernel_trap(name, number, arguments) STUB(name, number)
#include <mach/syscall_sw.h>

	.globl	__mach_msg_trap
	.set	__mach_msg_trap, mach_msg_trap

/*
 * mach_msg: the same trap, begun again when it was interrupted, unless the caller wants to know
 * (MACH_SEND_INTERRUPT, MACH_RCV_INTERRUPT).  An interrupted send has left the message so that
 * it can be sent as it is; an interrupted receive has sent already, and only receives again.
 * The words of the arguments belong to the callee, so the option word may change.
 */
#define NUMBER			-25
#define OPTION			8(%esp)
#define SEND_INTERRUPT		0x40
#define RCV_INTERRUPT		0x400
#define SEND_OPTIONS		0xf1
#define SEND_INTERRUPTED	0x10000007
#define RCV_INTERRUPTED		0x10004005

	.p2align 4
	.globl	mach_msg, __mach_msg
	.type	mach_msg, @function
mach_msg:
__mach_msg:
	movl	$NUMBER, %eax
	jmp	*mach_msg_entry
	.size	mach_msg, . - mach_msg

	.p2align 4
	.globl	mach_msg_sysenter
	.type	mach_msg_sysenter, @function
mach_msg_sysenter:
	movl	%esp, %ecx
	movl	$1f, %edx
	sysenter
1:	testl	%eax, %eax
	jnz	mach_msg_result
	ret
	.size	mach_msg_sysenter, . - mach_msg_sysenter

	.p2align 4
	.globl	mach_msg_lcall
	.type	mach_msg_lcall, @function
mach_msg_lcall:
	MACH_TRAP_GATE
	testl	%eax, %eax
	jnz	mach_msg_result
	ret
	.size	mach_msg_lcall, . - mach_msg_lcall

	.type	mach_msg_result, @function
mach_msg_result:
	cmpl	$SEND_INTERRUPTED, %eax
	je	1f
	cmpl	$RCV_INTERRUPTED, %eax
	je	2f
	ret
1:	testl	$SEND_INTERRUPT, OPTION
	jz	mach_msg
	ret
2:	testl	$RCV_INTERRUPT, OPTION
	jnz	3f
	andl	$~SEND_OPTIONS, OPTION
	jmp	mach_msg
3:	ret
	.size	mach_msg_result, . - mach_msg_result

	.section .note.GNU-stack, "", @progbits
