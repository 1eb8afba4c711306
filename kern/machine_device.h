/* SPDX-License-Identifier: BSD-2-Clause */
/* What the machine's part gives to device/: interrupts, besides the console of kern/machine.h. */
#ifndef KERN_MACHINE_DEVICE_H
#define KERN_MACHINE_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

#include <mach/kern_return.h>

struct task;

#define MACHINE_IRQ_LINES 16

/* Have AST_DEVICE set when characters have come on the console. */
void machine_console_interrupts(void);

/* May users have this line?  The kernel's own are taken. */
bool machine_irq_is_free(unsigned int line);

/*
 * Let a line through, once: when it comes it is masked again, noted, and AST_DEVICE is set.
 * Interrupts are off for the moment of the change.
 */
void machine_irq_enable(unsigned int line);
void machine_irq_disable(unsigned int line);

/* The lines that have come since the last call, as bits. */
uint32_t machine_irq_take(void);

/*
 * Let a task use the I/O ports from..to, or not any more.
 * Returns: KERN_SUCCESS; KERN_RESOURCE_SHORTAGE.
 */
kern_return_t machine_io_change(struct task *task, uint16_t from, uint16_t to, bool enable);

#endif /* KERN_MACHINE_DEVICE_H */
