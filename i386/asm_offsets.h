/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where assembly finds things in C structures.  i386/segments.c asserts each of them.
 */
#ifndef I386_ASM_OFFSETS_H
#define I386_ASM_OFFSETS_H

/* struct user_regs */
#define REGS_GS		0
#define REGS_FS		4
#define REGS_ES		8
#define REGS_DS		12
#define REGS_EDI	16
#define REGS_ESI	20
#define REGS_EBP	24
#define REGS_EBX	28
#define REGS_EDX	32
#define REGS_ECX	36
#define REGS_EAX	40
#define REGS_TRAPNO	44
#define REGS_ERR	48
#define REGS_EIP	52
#define REGS_CS		56
#define REGS_EFLAGS	60
#define REGS_ESP	64
#define REGS_SS		68
#define REGS_SIZE	72

/* struct pcb, which begins a struct thread */
#define PCB_KSTACK_TOP	0
#define PCB_SAVED_ESP	4
#define PCB_RETURN_KIND	8
#define PCB_REGS	228
#define PCB_SIZE	300

/* struct thread */
#define THREAD_AST	312

/* struct percpu, struct stack_base */
#define CPU_AST		0
#define STACK_CPU	0
#define STACK_THREAD	4

/* struct entry_area */
#define ENTRY_AREA_ESP0	132

/* kern/percpu.h and kern/syscall.h */
#define ASM_KSTACK_SIZE	8192
#define ASM_TRAP_LAST	129

#endif /* I386_ASM_OFFSETS_H */
