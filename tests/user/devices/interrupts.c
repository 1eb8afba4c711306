/* SPDX-License-Identifier: BSD-2-Clause */
/* Interrupts for user drivers: those of the real-time clock, which can be programmed without one. */
#include <device/notify.h>
#include <mach/i386/mach_i386.h>

#include "tests.h"

#define CLOCK_LINE	8
#define CLOCK_INDEX	0x70
#define CLOCK_DATA	0x71
#define REGISTER_A	0x0a
#define REGISTER_B	0x0b
#define REGISTER_C	0x0c
#define PERIODIC	0x40

static uint8_t clock_read(uint8_t index)
{
	uint8_t value;

	__asm__ volatile("outb %b1, %w2\n\tinb %w3, %b0" : "=a" (value)
		: "0" (index), "Nd" ((uint16_t) CLOCK_INDEX), "Nd" ((uint16_t) CLOCK_DATA));
	return value;
}

static void clock_write(uint8_t index, uint8_t value)
{
	__asm__ volatile("outb %b0, %w1" : : "a" (index), "Nd" ((uint16_t) CLOCK_INDEX));
	__asm__ volatile("outb %b0, %w1" : : "a" (value), "Nd" ((uint16_t) CLOCK_DATA));
}

static mach_port_t clock_ports;

static void clock_start(void)
{
	EXPECT(i386_io_perm_create(MASTER, CLOCK_INDEX, CLOCK_DATA, &clock_ports), KERN_SUCCESS);
	EXPECT(i386_io_perm_modify(SELF, clock_ports, TRUE), KERN_SUCCESS);
	clock_write(REGISTER_A, (clock_read(REGISTER_A) & 0xf0) | 8);	/* 256 in a second */
	clock_write(REGISTER_B, clock_read(REGISTER_B) | PERIODIC);
	clock_read(REGISTER_C);
}

static void clock_stop(void)
{
	clock_write(REGISTER_B, clock_read(REGISTER_B) & ~PERIODIC);
	clock_read(REGISTER_C);
	EXPECT(i386_io_perm_modify(SELF, clock_ports, FALSE), KERN_SUCCESS);
	close_device(clock_ports);
}

static void expect_interrupt(mach_port_t port)
{
	struct message message;

	EXPECT(message_receive_wait(&message, port, 2000), MACH_MSG_SUCCESS);
	EXPECT(message.header.msgh_bits, MACH_MSGH_BITS(0, MACH_MSG_TYPE_PORT_SEND));
	EXPECT(message.header.msgh_id, 100);
	EXPECT(message.header.msgh_size, 32);
	EXPECT(message.body[0], 0x10012002);
	EXPECT(message.body[1], CLOCK_LINE);
}

static kern_return_t intr_register(mach_port_t device, int line, int flags, mach_port_t port)
{
	return device_intr_register(device, line, flags, port, MACH_MSG_TYPE_MAKE_SEND);
}

static kern_return_t intr_ack(mach_port_t device, mach_port_t port)
{
	return device_intr_ack(device, port, MACH_MSG_TYPE_MAKE_SEND);
}

void test_interrupt_codes(void)
{
	mach_port_t device = open_device("irq"), port = port_new();
	static const int bad[] = { -1, 0, 2, 4, 16, 0x7fffffff };

	for (unsigned int i = 0; i < COUNT_OF(bad); i++) {
		tap_about("line %d", bad[i]);
		EXPECT(intr_register(device, bad[i], 0, port), D_INVALID_OPERATION);
	}
	tap_about("%s", "");
	EXPECT(intr_register(device, CLOCK_LINE, 1, port), D_INVALID_OPERATION);
	EXPECT(device_intr_register(device, CLOCK_LINE, 0, MACH_PORT_NULL,
		MACH_MSG_TYPE_COPY_SEND), D_INVALID_OPERATION);
	EXPECT(intr_ack(device, port), D_INVALID_OPERATION);
	EXPECT(port_status(port).mps_srights, FALSE);
	EXPECT(intr_register(device, CLOCK_LINE, 0, port), D_SUCCESS);
	EXPECT(intr_register(device, CLOCK_LINE, 0, port), D_ALREADY_OPEN);
	EXPECT(intr_ack(device, port), D_INVALID_OPERATION);
	port_destroy(port);
	close_device(device);
}

/* An interrupt, and none more before it is acknowledged by all. */
void test_interrupts(void)
{
	mach_port_t device = open_device("irq"), port = port_new(), other = port_new();

	EXPECT(intr_register(device, CLOCK_LINE, 0, port), D_SUCCESS);
	clock_start();
	for (int i = 0; i < 5; i++) {
		expect_interrupt(port);
		clock_read(REGISTER_C);
		sleep_for(20);
		EXPECT_TRUE(queue_is_empty(port));
		EXPECT(intr_ack(device, port), D_SUCCESS);
	}
	EXPECT(intr_register(device, CLOCK_LINE, 0, other), D_SUCCESS);
	expect_interrupt(port);
	clock_read(REGISTER_C);
	EXPECT(intr_ack(device, port), D_SUCCESS);
	expect_interrupt(port);			/* the other was not told of the first */
	expect_interrupt(other);
	clock_read(REGISTER_C);
	EXPECT(intr_ack(device, other), D_SUCCESS);
	sleep_for(20);
	EXPECT_TRUE(queue_is_empty(other));	/* the first has not acknowledged */
	port_destroy(port);			/* and will not: its port is dead */
	expect_interrupt(other);
	clock_stop();
	port_destroy(other);
	close_device(device);
}

/* Rights do not pile up. */
void test_registrations(void)
{
	mach_port_t device = open_device("irq");

	for (unsigned int i = tap_rounds(2000, 100000); i > 0; i--) {
		mach_port_t port = port_new();

		EXPECT(intr_register(device, CLOCK_LINE, 0, port), D_SUCCESS);
		intr_ack(device, port);		/* one may have come */
		EXPECT(port_status(port).mps_srights, TRUE);
		port_destroy(port);
	}
	close_device(device);
}
