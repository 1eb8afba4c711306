/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hardware interrupts: two 8259 controllers, 16 lines at vectors 0x20 to 0x2f.
 *
 * A handler runs with interrupts off and touches words of its CPU only; the work is
 * done as an AST (kern/percpu.h).
 */
#ifndef I386_IRQ_H
#define I386_IRQ_H

#define IRQ_VECTOR	0x20
#define IRQ_LINES	16
#define IRQ_CLOCK	0

/* All lines off. */
void irq_init(void);

/* Let a line through. */
void irq_unmask(unsigned int irq);

/* Called by the interrupt entry code on a kernel stack. */
void irq_handler(unsigned int irq);

#endif /* I386_IRQ_H */
