/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Traps, faults and interrupts, as C sees them after i386/entry.S has saved the registers.
 *
 * A trap from user mode leaves its registers in the thread's pcb.regs; one from the kernel on
 * the kernel stack in the same layout, without esp and ss, gs and fs being meaningless.
 */
#ifndef I386_TRAP_H
#define I386_TRAP_H

#include <stdint.h>

#include <i386/pcb.h>

struct thread;

/* IDT, call gate, SYSENTER, segments, task state: on this CPU, once, interrupts off. */
void trap_init(void);

/* Called by i386/entry.S, interrupts off. */
void trap_user(struct thread *thread);
void trap_kernel(struct user_regs *frame);
void trap_irq_user(struct thread *thread);
void trap_irq_kernel(struct user_regs *frame);

/* A trap number outside the table; arguments that cannot be read. */
_Noreturn void trap_bad_number(void);
_Noreturn void trap_bad_arguments(uint32_t last_word);

/* Print all registers of a trap taken in the kernel. */
void trap_print_frame(const struct user_regs *frame);

/*
 * Raise what has become due for the current thread on its way to user mode: a single step over
 * a kernel entry, a selector that is no longer valid.
 */
void trap_deferred(void);

#endif /* I386_TRAP_H */
