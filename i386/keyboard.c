/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The PC keyboard, polled: enough to press Return, or to type a line.  Scan codes are
 * those of set 1, to which the 8042 translates.
 */
#include <stdbool.h>
#include <stdint.h>

#include <i386/console.h>
#include <i386/io.h>

#define KBD_DATA	0x60
#define KBD_STATUS	0x64
#define STATUS_FULL	0x01
#define STATUS_MOUSE	0x20
#define NO_CONTROLLER	0xff

#define CODE_RELEASE	0x80
#define CODE_LEFT_SHIFT	0x2a
#define CODE_RIGHT_SHIFT 0x36

static const char plain[] =
	"\0\0331234567890-=\b\tqwertyuiop[]\n\0asdfghjkl;'`\0\\zxcvbnm,./\0*\0 ";
static const char shifted[] =
	"\0\033!@#$%^&*()_+\b\tQWERTYUIOP{}\n\0ASDFGHJKL:\"~\0|ZXCVBNM<>?\0*\0 ";

static bool shift_down;

/* What a scan code means; -1 when it is no character. */
static int keyboard_translate(uint8_t code)
{
	uint8_t key = code & (uint8_t)~CODE_RELEASE;
	char c;

	if (key == CODE_LEFT_SHIFT || key == CODE_RIGHT_SHIFT) {
		shift_down = !(code & CODE_RELEASE);
		return -1;
	}
	if (code & CODE_RELEASE || key >= sizeof(plain) - 1)
		return -1;
	c = shift_down ? shifted[key] : plain[key];
	return c != '\0' ? c : -1;
}

int keyboard_getc_poll(void)
{
	uint8_t status = inb(KBD_STATUS);
	uint8_t code;

	if (status == NO_CONTROLLER || !(status & STATUS_FULL))
		return -1;
	code = inb(KBD_DATA);
	return status & STATUS_MOUSE ? -1 : keyboard_translate(code);
}
