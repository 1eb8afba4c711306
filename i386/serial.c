/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The first serial line: a 16550 at 0x3f8, 115200 baud, 8N1, polled.
 *
 * A transmitter that is not ready for longer than a full queue takes to send is stuck; from then
 * on characters are dropped without waiting until it shows life again.
 */
#include <stdbool.h>
#include <stdint.h>

#include <i386/console.h>
#include <i386/io.h>

#define COM0 0x3f8

enum uart {
	UART_DATA = COM0,		/* DIVISOR_LOW while LCR_DLAB */
	UART_INTERRUPTS = COM0 + 1,	/* DIVISOR_HIGH while LCR_DLAB */
	UART_FIFO = COM0 + 2,
	UART_LCR = COM0 + 3,
	UART_MCR = COM0 + 4,
	UART_LSR = COM0 + 5,
	UART_SCRATCH = COM0 + 7,
};

#define INTERRUPT_RECEIVED 0x01
#define INTERRUPT_STATUS 0x04	/* a break, or characters that are wrong or lost */
#define LCR_8N1		0x03
#define LCR_DLAB	0x80
#define MCR_DTR_RTS_OUT2 0x0b
#define FIFO_ON_CLEAR	0xc7
#define LSR_RECEIVED	0x01
#define LSR_BREAK	0x10
#define LSR_SEND_READY	0x20
#define DIVISOR_115200	1

/* Port reads take about a microsecond; a character takes 87. */
#define SEND_POLLS	20000

static bool serial_present, serial_stuck;
static bool break_seen;
static bool break_queued;	/* as a zero character, which nobody sent */

/* A chip that is not there reads as ones, and keeps nothing. */
static bool serial_detect(void)
{
	outb(UART_SCRATCH, 0x5a);
	if (inb(UART_SCRATCH) != 0x5a)
		return false;
	outb(UART_SCRATCH, 0xa5);
	return inb(UART_SCRATCH) == 0xa5;
}

void serial_init(void)
{
	serial_present = serial_detect();
	if (!serial_present)
		return;
	outb(UART_INTERRUPTS, 0);
	outb(UART_LCR, LCR_DLAB);
	outb(UART_DATA, DIVISOR_115200);
	outb(UART_INTERRUPTS, 0);
	outb(UART_LCR, LCR_8N1);
	outb(UART_FIFO, FIFO_ON_CLEAR);
	outb(UART_MCR, MCR_DTR_RTS_OUT2);
}

uint32_t serial_interrupts_on(void)
{
	if (!serial_present)
		return 0;
	outb(UART_INTERRUPTS, INTERRUPT_RECEIVED | INTERRUPT_STATUS);
	return 1u << SERIAL_IRQ;
}

/* Reading the status forgets a break, so whoever reads it remembers. */
static uint8_t line_status(void)
{
	uint8_t status = inb(UART_LSR);

	if (status & LSR_BREAK)
		break_seen = break_queued = true;
	return status;
}

static bool serial_ready(void)
{
	int polls = serial_stuck ? 1 : SEND_POLLS;

	while (polls-- > 0)
		if (line_status() & LSR_SEND_READY)
			return true;
	return false;
}

void serial_putc(char c)
{
	if (!serial_present)
		return;
	if (c == '\n')
		serial_putc('\r');
	serial_stuck = !serial_ready();
	if (!serial_stuck)
		outb(UART_DATA, (uint8_t)c);
}

int serial_getc_poll(void)
{
	uint8_t c;

	if (!serial_present || !(line_status() & LSR_RECEIVED))
		return -1;
	c = inb(UART_DATA);
	if (c != 0 || !break_queued)
		return c;
	break_queued = false;
	return -1;
}

bool serial_take_break(void)
{
	bool seen;

	if (serial_present)
		line_status();
	seen = break_seen;
	break_seen = false;
	return seen;
}
