/* SPDX-License-Identifier: BSD-2-Clause */
/* The 8259 interrupt controllers, and what each interrupt does. */
#include <stdbool.h>
#include <stdint.h>

#include <i386/clock.h>
#include <i386/console.h>
#include <i386/io.h>
#include <i386/irq.h>
#include <kern/debugger.h>
#include <kern/machine.h>
#include <kern/machine_device.h>
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

/* --- Lines for device/ ---------------------------------------------------------------------- */

static uint32_t user_lines;		/* that are let through, once */
static uint32_t pending_lines;
static uint32_t console_lines;

#define KERNEL_LINES (1u << IRQ_CLOCK | 1u << CASCADE)

static void mask_line(unsigned int irq)
{
	irq_mask |= (uint16_t)(1u << irq);
	irq_write_mask();
}

bool machine_irq_is_free(unsigned int line)
{
	return line < IRQ_LINES && !((KERNEL_LINES | console_lines) & 1u << line);
}

void machine_irq_enable(unsigned int line)
{
	bool enabled = interrupts_enabled();

	interrupts_disable();
	user_lines |= 1u << line;
	irq_unmask(line);
	if (enabled)
		interrupts_enable();
}

void machine_irq_disable(unsigned int line)
{
	bool enabled = interrupts_enabled();

	interrupts_disable();
	user_lines &= ~(1u << line);
	mask_line(line);
	if (enabled)
		interrupts_enable();
}

uint32_t machine_irq_take(void)
{
	return __atomic_exchange_n(&pending_lines, 0, __ATOMIC_RELAXED);
}

void machine_console_interrupts(void)
{
	console_lines = console_interrupts_on();
	for (unsigned int irq = 0; irq < IRQ_LINES; irq++)
		if (console_lines & 1u << irq)
			irq_unmask(irq);
}

/* The line's work is for later; a user's line stays masked until then. */
static void device_line(struct percpu *cpu, unsigned int irq)
{
	if (user_lines & 1u << irq) {
		user_lines &= ~(1u << irq);
		mask_line(irq);
		pending_lines |= 1u << irq;
	}
	cpu->ast |= AST_DEVICE;
}

void irq_handler(unsigned int irq)
{
	struct percpu *cpu = current_cpu();

	if (irq_spurious(irq))
		return;
	irq_acknowledge(irq);
	if (irq == SERIAL_IRQ && serial_take_break())
		debugger_enter("a break on the serial line");
	if (irq != IRQ_CLOCK) {
		device_line(cpu, irq);
		return;
	}
	cpu->ticks += clock_ticks_passed();
	cpu->ast |= AST_TICK;
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
