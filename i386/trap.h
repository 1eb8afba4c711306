/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Traps, faults and interrupts, as C sees them after i386/entry.S has saved the registers.
 *
 * A trap from user mode leaves its registers in the thread's pcb.regs; one from the kernel on
 * a stack in the same layout, without esp and ss, gs and fs being meaningless.
 */
#ifndef I386_TRAP_H
#define I386_TRAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <i386/pcb.h>
#include <mach/vm_prot.h>

struct thread;

/* IDT, call gate, SYSENTER, segments, task state: on this CPU, once, interrupts off. */
void trap_init(void);

/* --- Called by i386/entry.S, interrupts off ----------------------------------------------- */

void trap_user(struct thread *thread);

/* The thread was in virtual 8086 mode, its registers are at `frame`, which lies in its pcb. */
_Noreturn void trap_v86(struct thread *thread, const struct user_regs *frame);

void trap_kernel(struct user_regs *frame);

/* A system call's number is outside the table. */
_Noreturn void trap_bad_number(void);

/* The argument at this address cannot be read; it is the highest of those. */
_Noreturn void trap_bad_arguments(uint32_t address);

/* Find out whether the arguments above the user's esp can be read; when it is near the limit. */
void trap_check_arguments(uint32_t esp, uint32_t count);

/* ds or es of the current thread cannot be loaded. */
_Noreturn void trap_bad_segment(void);

/* A double fault (not 0), or else an NMI. */
_Noreturn void trap_fault_task(uint32_t double_fault);

/* The instruction in i386/entry.S that goes to user mode. */
extern const char user_iret[];

/* --- Between the files -------------------------------------------------------------------- */

#define TRAP_IRQ_FIRST 0x20		/* trapno of interrupts: the vector */

/* An interrupt's work; a clock tick is noted to have come in user mode, or in the kernel. */
void trap_interrupt(unsigned int vector, bool in_user);

/* What a page fault with this error code wants, for vm_fault. */
vm_prot_t trap_fault_access(uint32_t err);

#endif /* I386_TRAP_H */
