/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The console of start-up and of printf: the VGA text screen and the first serial
 * line.  Everything waits a bounded time only, so that neither a missing chip nor a stuck
 * one stops the kernel.  What users of a terminal want is device/ business.
 */
#ifndef I386_CONSOLE_H
#define I386_CONSOLE_H

#include <stdbool.h>
#include <stdint.h>

/* Both outputs, until the command line says `console=com0`: then serial alone. */
void console_init(void);
void console_select(const char *command_line);

/* Have input interrupt; returns the lines that it comes on, as bits. */
uint32_t console_interrupts_on(void);

#define KEYBOARD_IRQ 1
#define SERIAL_IRQ 4

void serial_init(void);
uint32_t serial_interrupts_on(void);	/* 0: no such chip */
void serial_putc(char c);
int serial_getc_poll(void);
bool serial_take_break(void);		/* has there been one since the last call? */

void vga_init(void);
void vga_putc(char c);

/* One character of the PC keyboard, US layout; -1 when no key was pressed. */
int keyboard_getc_poll(void);

#endif /* I386_CONSOLE_H */
