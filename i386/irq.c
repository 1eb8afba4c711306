/* SPDX-License-Identifier: BSD-2-Clause */
/* The 8259 interrupt controllers, and what each interrupt does. */
#include <stdbool.h>
#include <stdint.h>

#include <i386/clock.h>
#include <i386/io.h>
#include <i386/irq.h>
#include <kern/machine.h>
#include <kern/percpu.h>
#include <mach/i386/eflags.h>

#define MASTER_COMMAND	0x20
#define MASTER_DATA	0x21
#define SLAVE_COMMAND	0xa0
#define SLAVE_DATA	0xa1

#define ICW1_INIT	0x11	/* edge triggered, cascade, ICW4 follows */
#define ICW4_8086	0x01
#define OCW2_EOI	0x20
#define OCW3_READ_ISR	0x0b

#define CASCADE		2
#define SPURIOUS_MASTER	7
#define SPURIOUS_SLAVE	15

static uint16_t irq_mask = 0xffff & ~(1u << CASCADE);

static void irq_write_mask(void)
{
	outb(MASTER_DATA, (uint8_t)irq_mask);
	outb(SLAVE_DATA, (uint8_t)(irq_mask >> 8));
}

static void irq_init_chip(uint16_t command, uint8_t vector, uint8_t cascade)
{
	uint16_t data = command + 1;

	outb(command, ICW1_INIT);
	outb(data, vector);
	outb(data, cascade);
	outb(data, ICW4_8086);
}

void irq_init(void)
{
	irq_init_chip(MASTER_COMMAND, IRQ_VECTOR, 1u << CASCADE);
	irq_init_chip(SLAVE_COMMAND, IRQ_VECTOR + 8, CASCADE);
	irq_write_mask();
}

void irq_unmask(unsigned int irq)
{
	irq_mask &= (uint16_t)~(1u << irq);
	irq_write_mask();
}

/*
 * A line that goes away before it is acknowledged shows up as the chip's last line,
 * not in service.
 */
static bool irq_spurious(unsigned int irq)
{
	uint16_t command = irq == SPURIOUS_MASTER ? MASTER_COMMAND : SLAVE_COMMAND;

	if (irq != SPURIOUS_MASTER && irq != SPURIOUS_SLAVE)
		return false;
	outb(command, OCW3_READ_ISR);
	if (inb(command) & 0x80)
		return false;
	if (irq == SPURIOUS_SLAVE)
		outb(MASTER_COMMAND, OCW2_EOI);
	return true;
}

static void irq_acknowledge(unsigned int irq)
{
	if (irq >= 8)
		outb(SLAVE_COMMAND, OCW2_EOI);
	outb(MASTER_COMMAND, OCW2_EOI);
}

void irq_handler(unsigned int irq)
{
	if (irq_spurious(irq))
		return;
	irq_acknowledge(irq);
	if (irq == IRQ_CLOCK) {
		struct percpu *cpu = current_cpu();

		cpu->ticks += clock_ticks_passed();
		cpu->ast |= AST_TICK;
	}
}

bool interrupts_enabled(void)
{
	uint32_t flags;

	__asm__ volatile("pushfl; popl %0" : "=r"(flags));
	return (flags & EFL_IF) != 0;
}

void machine_idle(void)
{
	__asm__ volatile("sti; hlt; cli" : : : "memory");
}
