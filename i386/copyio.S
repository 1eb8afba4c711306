/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The only code that touches user memory on behalf of C; contracts in kern/machine.h.
 *
 * A range is checked against the user's limit first.  A fault that cannot be served goes on
 * at the fixup of the instruction.  Messages of some words are the usual load, hence string
 * instructions on words: one instruction for each word and nothing per kind of length.
 *
 * C's arguments arrive in eax, edx, ecx; the fourth on the stack.
 */
#include <i386/asm_offsets.h>
#include <i386/extable.h>

#define KERNEL_BASE	0xC0000000

/* Opening and closing user memory is nothing without SMAP; copyio_init puts the rest in. */
.macro smap_site opcode
.Lsite\@:
	.byte	0x0f, 0x1f, 0x00	/* nopl (%eax) */
	.pushsection .rodata
	.long	.Lsite\@, \opcode
	.popsection
.endm

.macro user_open
	smap_site 0xcb010f		/* stac */
.endm

.macro user_close
	smap_site 0xca010f		/* clac */
.endm

#if DEBUG
.macro check_locks
	pushl	%eax
	pushl	%edx
	pushl	%ecx
	call	copyio_check
	popl	%ecx
	popl	%edx
	popl	%eax
.endm
#else
.macro check_locks
.endm
#endif

.macro function name
	.globl	\name
	.type	\name, @function
	.balign	16
\name:
.endm

.macro end_function name
	.size	\name, . - \name
.endm

/* Save registers and set up a copy from eax to edx; `user` is the one that is the user's. */
.macro begin_copy user
	check_locks
	pushl	%esi
	pushl	%edi
	movl	%eax, %esi
	movl	%edx, %edi
	addl	%ecx, \user
	jc	copy_refused
	cmpl	$KERNEL_BASE, \user
	ja	copy_refused
.endm

.macro end_copy
	user_close
	xorl	%eax, %eax
	popl	%edi
	popl	%esi
	ret
.endm

.macro copy_words
	shrl	$2, %ecx
	user_open
1:	rep movsl
	extable	1b, copy_failed
.endm

/* A copy of ecx bytes. */
.macro copy_bytes
	movl	%ecx, %eax
	copy_words
	movl	%eax, %ecx
	andl	$3, %ecx
2:	rep movsb
	extable	2b, copy_failed
.endm

	.section .rodata
	.balign	4
	.globl	copyio_sites
copyio_sites:

	.text
copy_failed:
	user_close
copy_refused:
	movl	$1, %eax
	popl	%edi
	popl	%esi
	ret

function copyin
	begin_copy %eax
	copy_bytes
	end_copy
end_function copyin

function copyout
	begin_copy %edx
	copy_bytes
	end_copy
end_function copyout

function copyinmsg
	begin_copy %eax
	copy_words
	end_copy
end_function copyinmsg

function copyoutmsg
	begin_copy %edx
	testb	$3, %cl
	jnz	.Lodd_size
	copy_words
	end_copy
.Lodd_size:
	copy_bytes
	end_copy
end_function copyoutmsg

/* At most max bytes, and not beyond the user's limit; edx keeps how many that is. */
function copyinstr
	check_locks
	pushl	%esi
	pushl	%edi
	movl	%eax, %esi
	movl	%edx, %edi
	movl	$KERNEL_BASE, %edx
	subl	%eax, %edx
	jbe	copy_refused
	cmpl	%ecx, %edx
	cmoval	%ecx, %edx
	movl	%edx, %ecx
	testl	%ecx, %ecx
	jz	copy_refused
	user_open
1:	lodsb
	extable	1b, copy_failed
	stosb
	testb	%al, %al
	jz	2f
	decl	%ecx
	jnz	1b
	jmp	copy_failed
2:	subl	%ecx, %edx
	incl	%edx
	movl	12(%esp), %ecx
	movl	%edx, (%ecx)
	end_copy
end_function copyinstr

/*
 * _Noreturn void machine_message_return(struct thread *receiver, const mach_msg_header_t *header,
 *					 mach_msg_header_t *user)
 *
 * The header is popped into the user's memory, and the thread goes back to user mode.  Above the
 * header are the trap's seven arguments, and then the stack ends.
 */
	.text
function machine_message_return
	cmpl	$KERNEL_BASE - 6 * 4, %ecx
	ja	message_refused
	movl	%edx, %esp
	movl	%eax, %ebx
	user_open
	.irp	offset, 0, 4, 8, 12, 16, 20
1:	popl	\offset(%ecx)
	extable	1b, message_failed
	.endr
	user_close
	xorl	%eax, %eax
	movl	7 * 4 - ASM_KSTACK_SIZE + STACK_CPU(%esp), %ecx
	jmp	syscall_leave

message_failed:
	user_close
	movl	%ebx, %eax
message_refused:
	call	ipc_fast_path_failed
	jmp	syscall_return
end_function machine_message_return

	.section .rodata
	.globl	copyio_sites_end
copyio_sites_end:

	.section .note.GNU-stack, "", @progbits
