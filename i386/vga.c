/* SPDX-License-Identifier: BSD-2-Clause */
/* The VGA text screen, 80 by 25, through its window in the direct map. */
#include <stdint.h>

#include <i386/console.h>
#include <i386/io.h>
#include <vm/page.h>

#define VGA_TEXT	0xb8000
#define COLUMNS		80
#define ROWS		25
#define BLANK		0x0720		/* a space, light grey on black */
#define TAB_STOP	8

#define CRTC_INDEX	0x3d4
#define CRTC_DATA	0x3d5
#define CRTC_CURSOR_HIGH 14
#define CRTC_CURSOR_LOW	15

static unsigned int cursor;	/* cell */

static volatile uint16_t *vga_cells(void)
{
	return phys_to_direct(VGA_TEXT);
}

static uint8_t crtc_read(uint8_t index)
{
	outb(CRTC_INDEX, index);
	return inb(CRTC_DATA);
}

static void crtc_write(uint8_t index, uint8_t value)
{
	outb(CRTC_INDEX, index);
	outb(CRTC_DATA, value);
}

static void vga_scroll(void)
{
	volatile uint16_t *cells = vga_cells();
	unsigned int i;

	for (i = 0; i < COLUMNS * (ROWS - 1); i++)
		cells[i] = cells[i + COLUMNS];
	for (; i < COLUMNS * ROWS; i++)
		cells[i] = BLANK;
	cursor -= COLUMNS;
}

static void vga_set_cursor(unsigned int cell)
{
	cursor = cell;
	if (cursor >= COLUMNS * ROWS)
		vga_scroll();
	crtc_write(CRTC_CURSOR_HIGH, (uint8_t)(cursor >> 8));
	crtc_write(CRTC_CURSOR_LOW, (uint8_t)cursor);
}

/* Go on where the firmware or the loader left the cursor, on a fresh line. */
void vga_init(void)
{
	unsigned int cell = crtc_read(CRTC_CURSOR_HIGH) << 8 | crtc_read(CRTC_CURSOR_LOW);

	if (cell >= COLUMNS * ROWS)
		cell = 0;
	vga_set_cursor((cell + COLUMNS - 1) / COLUMNS * COLUMNS);
}

void vga_putc(char c)
{
	switch (c) {
	case '\n':
		vga_set_cursor(cursor - cursor % COLUMNS + COLUMNS);
		break;
	case '\r':
		vga_set_cursor(cursor - cursor % COLUMNS);
		break;
	case '\b':
		if (cursor % COLUMNS != 0)
			vga_set_cursor(cursor - 1);
		break;
	case '\t':
		vga_set_cursor((cursor / TAB_STOP + 1) * TAB_STOP);
		break;
	default:
		vga_cells()[cursor] = (uint16_t)((BLANK & 0xff00) | (uint8_t)c);
		vga_set_cursor(cursor + 1);
	}
}
