/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The end: power off, reset, or stand still with the last words on the screen.
 *
 * Power is switched off at the places where emulators have the ACPI port; finding it on a real
 * machine would take an interpreter of the firmware's byte code.
 */
#include <stdbool.h>
#include <stdint.h>

#include <i386/io.h>
#include <i386/stop.h>
#include <kern/command_line.h>
#include <kern/machine.h>

#define TEST_DEVICE	0xf4	/* QEMU leaves with the value times 2 plus 1 */
#define TEST_HALT	0x10
#define TEST_FAIL	0x11

#define ACPI_SLEEP	0x2000
#define KBD_STATUS	0x64
#define KBD_INPUT_FULL	0x02
#define KBD_PULSE_RESET	0xfe

static const uint16_t acpi_ports[] = { 0x604, 0xb004 };

static bool use_test_device;

void stop_configure(const char *command_line)
{
	use_test_device = command_line_has(command_line, "qemu-exit");
}

static void power_off(void)
{
	unsigned int i;

	for (i = 0; i < sizeof(acpi_ports) / sizeof(acpi_ports[0]); i++)
		outw(acpi_ports[i], ACPI_SLEEP);
}

static void reset(void)
{
	static const struct {
		uint16_t limit;
		uint32_t base;
	} __attribute__((packed)) no_idt = { 0, 0 };
	int polls;

	for (polls = 0; polls < 10000 && (inb(KBD_STATUS) & KBD_INPUT_FULL); polls++)
		;
	outb(KBD_STATUS, KBD_PULSE_RESET);
	for (polls = 0; polls < 10000; polls++)
		inb(KBD_STATUS);
	__asm__ volatile("lidt %0; int3" : : "m"(no_idt));
}

void machine_stop(enum machine_stop how)
{
	interrupts_disable();
	if (how == MACHINE_RESET)
		reset();
	if (use_test_device)
		outb(TEST_DEVICE, how == MACHINE_HALT ? TEST_HALT : TEST_FAIL);
	if (how == MACHINE_HALT)
		power_off();
	for (;;)
		__asm__ volatile("cli; hlt");
}
