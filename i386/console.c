/* SPDX-License-Identifier: BSD-2-Clause */
/* Which devices the console is. */
#include <stdbool.h>
#include <stddef.h>

#include <i386/console.h>
#include <kern/machine.h>
#include <kern/string.h>

static bool use_screen = true;

void console_init(void)
{
	serial_init();
	vga_init();
}

bool command_line_has(const char *command_line, const char *word)
{
	size_t length = strlen(word);
	const char *p = command_line;

	while (*p != '\0') {
		size_t n = 0;

		while (p[n] != ' ' && p[n] != '\0')
			n++;
		if (n == length && memcmp(p, word, n) == 0)
			return true;
		p += n + (p[n] == ' ');
	}
	return false;
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
