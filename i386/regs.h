/* SPDX-License-Identifier: BSD-2-Clause */
/* The user registers of a thread that is in the kernel. */
#ifndef I386_REGS_H
#define I386_REGS_H

#include <stdint.h>

#include <i386/pcb.h>

struct thread;

/* All registers of a thread that entered the kernel in whatever way, as its user sees them. */
void regs_read(const struct thread *thread, struct user_regs *regs);

/* Make everything in pcb->regs valid, and have the thread leave by iret. */
void regs_complete(struct pcb *pcb);

/* What users may have of eflags. */
uint32_t regs_sanitize_eflags(uint32_t eflags);

/* Load the current thread's fs and gs from its pcb; bad ones become exceptions. */
void regs_load_fs_gs(struct thread *thread);

/* Print registers, for people; esp is where the stack was. */
void regs_print(const struct user_regs *regs, uint32_t esp);

#endif /* I386_REGS_H */
