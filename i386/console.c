/* SPDX-License-Identifier: BSD-2-Clause */
/* Which devices the console is. */
#include <stdbool.h>

#include <i386/console.h>
#include <kern/command_line.h>
#include <kern/machine.h>

static bool use_screen = true;

void console_init(void)
{
	serial_init();
	vga_init();
}

void console_select(const char *command_line)
{
	use_screen = !command_line_has(command_line, "console=com0");
}

void console_putc(char c)
{
	serial_putc(c);
	if (use_screen)
		vga_putc(c);
}

uint32_t console_interrupts_on(void)
{
	return serial_interrupts_on() | (use_screen ? 1u << KEYBOARD_IRQ : 0);
}

int console_getc_poll(void)
{
	int c = serial_getc_poll();

	return c >= 0 || !use_screen ? c : keyboard_getc_poll();
}

void console_forget_break(void)
{
	serial_take_break();
}
