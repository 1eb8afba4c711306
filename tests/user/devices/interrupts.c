/* SPDX-License-Identifier: BSD-2-Clause */
/* Interrupts for user drivers: those of the real-time clock, which can be programmed without one. */
#include <device/notify.h>

#include "../common/rtc.h"
#include "tests.h"

static void expect_interrupt(mach_port_t port)
{
	struct message message;

	EXPECT(message_receive_wait(&message, port, 2000), MACH_MSG_SUCCESS);
	EXPECT(message.header.msgh_bits, MACH_MSGH_BITS(0, MACH_MSG_TYPE_PORT_SEND));
	EXPECT(message.header.msgh_id, 100);
	EXPECT(message.header.msgh_size, 32);
	EXPECT(message.body[0], 0x10012002);
	EXPECT(message.body[1], RTC_LINE);
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
	EXPECT(intr_register(device, RTC_LINE, 1, port), D_INVALID_OPERATION);
	EXPECT(device_intr_register(device, RTC_LINE, 0, MACH_PORT_NULL,
		MACH_MSG_TYPE_COPY_SEND), D_INVALID_OPERATION);
	EXPECT(intr_ack(device, port), D_INVALID_OPERATION);
	EXPECT(port_status(port).mps_srights, FALSE);
	EXPECT(intr_register(device, RTC_LINE, 0, port), D_SUCCESS);
	EXPECT(intr_register(device, RTC_LINE, 0, port), D_ALREADY_OPEN);
	EXPECT(intr_ack(device, port), D_INVALID_OPERATION);
	port_destroy(port);
	close_device(device);
}

/* An interrupt, and none more before it is acknowledged by all. */
void test_interrupts(void)
{
	mach_port_t device = open_device("irq"), port = port_new(), other = port_new();

	EXPECT(intr_register(device, RTC_LINE, 0, port), D_SUCCESS);
	rtc_start();
	for (int i = 0; i < 5; i++) {
		expect_interrupt(port);
		rtc_served();
		sleep_for(20);
		EXPECT_TRUE(queue_is_empty(port));
		EXPECT(intr_ack(device, port), D_SUCCESS);
	}
	EXPECT(intr_register(device, RTC_LINE, 0, other), D_SUCCESS);
	expect_interrupt(port);
	rtc_served();
	EXPECT(intr_ack(device, port), D_SUCCESS);
	expect_interrupt(port);			/* the other was not told of the first */
	expect_interrupt(other);
	rtc_served();
	EXPECT(intr_ack(device, other), D_SUCCESS);
	sleep_for(20);
	EXPECT_TRUE(queue_is_empty(other));	/* the first has not acknowledged */
	port_destroy(port);			/* and will not: its port is dead */
	expect_interrupt(other);
	rtc_stop();
	port_destroy(other);
	close_device(device);
}

/* Rights do not pile up. */
void test_registrations(void)
{
	mach_port_t device = open_device("irq");

	for (unsigned int i = tap_rounds(2000, 100000); i > 0; i--) {
		mach_port_t port = port_new();

		EXPECT(intr_register(device, RTC_LINE, 0, port), D_SUCCESS);
		intr_ack(device, port);		/* one may have come */
		EXPECT(port_status(port).mps_srights, TRUE);
		port_destroy(port);
	}
	close_device(device);
}
