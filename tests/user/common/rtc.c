/* SPDX-License-Identifier: BSD-2-Clause */
#include "rtc.h"

#include <mach.h>
#include <mach/i386/mach_i386.h>

#include "tap.h"

#define INDEX		0x70
#define DATA		0x71
#define REGISTER_A	0x0a
#define REGISTER_B	0x0b
#define REGISTER_C	0x0c
#define PERIODIC	0x40

static mach_port_t ports;

static uint8_t rtc_read(uint8_t index)
{
	uint8_t value;

	__asm__ volatile("outb %b1, %w2\n\tinb %w3, %b0" : "=a" (value)
		: "0" (index), "Nd" ((uint16_t) INDEX), "Nd" ((uint16_t) DATA));
	return value;
}

static void rtc_write(uint8_t index, uint8_t value)
{
	__asm__ volatile("outb %b0, %w1" : : "a" (index), "Nd" ((uint16_t) INDEX));
	__asm__ volatile("outb %b0, %w1" : : "a" (value), "Nd" ((uint16_t) DATA));
}

void rtc_served(void)
{
	rtc_read(REGISTER_C);
}

void rtc_start(void)
{
	EXPECT(i386_io_perm_create(tap_device_master, INDEX, DATA, &ports), KERN_SUCCESS);
	EXPECT(i386_io_perm_modify(mach_task_self(), ports, TRUE), KERN_SUCCESS);
	rtc_write(REGISTER_A, (rtc_read(REGISTER_A) & 0xf0) | 8);
	rtc_write(REGISTER_B, rtc_read(REGISTER_B) | PERIODIC);
	rtc_served();
}

void rtc_stop(void)
{
	rtc_write(REGISTER_B, rtc_read(REGISTER_B) & ~PERIODIC);
	rtc_served();
	EXPECT(i386_io_perm_modify(mach_task_self(), ports, FALSE), KERN_SUCCESS);
	EXPECT(mach_port_deallocate(mach_task_self(), ports), KERN_SUCCESS);
}
