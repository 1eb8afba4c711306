/* SPDX-License-Identifier: BSD-2-Clause */
/* From the boot loader to C, and from segment bases to paging; the idea is in boot.h. */
#include <mach/i386/multiboot.h>

#define KERNEL_BASE	0xC0000000
#define KSTACK_SIZE	8192
#define PAGE_SIZE	4096

#define FLAT_CODE	0x08
#define FLAT_DATA	0x10
#define BASED_CODE	0x18
#define BASED_DATA	0x20

#define HEADER_FLAGS	(MULTIBOOT_PAGE_ALIGN | MULTIBOOT_MEMORY_INFO)

	.section .multiboot, "a"
	.balign	4
	.long	MULTIBOOT_MAGIC
	.long	HEADER_FLAGS
	.long	-(MULTIBOOT_MAGIC + HEADER_FLAGS)

/* The segments are marked as accessed, because the table is in read-only memory. */
	.section .rodata
	.balign	8
boot_gdt:
	.quad	0
	.quad	0x00cf9b000000ffff	/* FLAT_CODE */
	.quad	0x00cf93000000ffff	/* FLAT_DATA */
	.quad	0x40cf9b000000ffff	/* BASED_CODE: base 0x40000000 = -KERNEL_BASE */
	.quad	0x40cf93000000ffff	/* BASED_DATA */
boot_gdt_end:

	.balign	4
	.word	0
gdt_pointer_physical:
	.word	boot_gdt_end - boot_gdt - 1
	.long	boot_gdt - KERNEL_BASE
	.word	0
gdt_pointer_virtual:
	.word	boot_gdt_end - boot_gdt - 1
	.long	boot_gdt

	.section .bss
	.balign	KSTACK_SIZE
	.skip	KSTACK_SIZE - PAGE_SIZE
	.globl	boot_stack_guard	/* will not be mapped */
boot_stack_guard:
	.skip	PAGE_SIZE
boot_stack:
	.skip	KSTACK_SIZE

.macro load_data_segments selector
	movl	$\selector, %ecx
	movl	%ecx, %ds
	movl	%ecx, %es
	movl	%ecx, %fs
	movl	%ecx, %gs
	movl	%ecx, %ss
.endm

	.section .boot.text, "ax"
	.globl	_start
_start:
	cli
	cld
	lgdt	gdt_pointer_physical - KERNEL_BASE
	ljmp	$BASED_CODE, $based_start

	.text
	.type	based_start, @function
based_start:
	load_data_segments BASED_DATA
	movl	$boot_stack + KSTACK_SIZE, %esp
	movl	$percpu_boot, boot_stack	/* struct stack_base: this CPU, no thread */
	xorl	%ebp, %ebp
	pushl	$0
	popfl

	movl	%eax, %esi
	movl	%ebx, %edi
	movl	%ebx, %edx
	call	boot_check_cpu

	/* A stack protector's value that is another one each time; its zero byte stays. */
	rdtsc
	imull	$0x9e3779b1, %eax, %eax
	xorl	%edx, %eax
	shll	$8, %eax
	movl	%eax, __stack_chk_guard

	movl	%esi, %eax
	movl	%edi, %edx
	call	boot_start
	.size	based_start, . - based_start

/*
 * void boot_enable_paging(uint32_t cr3, uint32_t cr4, uint32_t cr0).  The tables map this code
 * also where it lies physically, which is where it runs until the far jump.
 */
	.globl	boot_enable_paging
	.type	boot_enable_paging, @function
boot_enable_paging:
	movl	%edx, %cr4
	movl	%eax, %cr3
	movl	%ecx, %cr0
	lgdt	gdt_pointer_virtual
	ljmp	$FLAT_CODE, $1f
1:	load_data_segments FLAT_DATA
	ret
	.size	boot_enable_paging, . - boot_enable_paging

	.section .note.GNU-stack, "", @progbits
