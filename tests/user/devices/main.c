/* SPDX-License-Identifier: BSD-2-Clause */
/* The device interface: opening, the console, interrupts for user drivers. */
#include <device/device.h>
#include <device/device_types.h>
#include <libmach/string.h>
#include <mach.h>
#include <mach/i386/mach_i386.h>
#include <mach/notify.h>

#include "../common/messages.h"
#include "../common/ports.h"
#include "../common/tap.h"

#define SELF	mach_task_self()
#define MASTER	tap_device_master

static mach_port_t open_device(const char *name)
{
	mach_port_t device = MACH_PORT_NULL;
	char text[128] = { 0 };

	strncpy(text, name, sizeof text - 1);
	EXPECT(device_open(MASTER, D_READ | D_WRITE, text, &device), D_SUCCESS);
	EXPECT(port_type(device), MACH_PORT_TYPE_SEND);
	return device;
}

static void close_device(mach_port_t device)
{
	EXPECT(mach_port_deallocate(SELF, device), KERN_SUCCESS);
}

/* --- opening ------------------------------------------------------------------------------- */

static void test_names(void)
{
	static const struct {
		char		name[128];
		io_return_t	code;
	} names[] = {
		{ "console", D_SUCCESS }, { "console0", D_SUCCESS }, { "console12", D_SUCCESS },
		{ "com0", D_SUCCESS }, { "com", D_SUCCESS }, { "irq", D_SUCCESS },
		{ "", D_NO_SUCH_DEVICE }, { "consol", D_NO_SUCH_DEVICE },
		{ "console1x", D_NO_SUCH_DEVICE }, { "xconsole", D_NO_SUCH_DEVICE },
		{ "consoleconsole", D_NO_SUCH_DEVICE }, { "eth0", D_NO_SUCH_DEVICE },
	};
	char full[128];
	mach_port_t device;

	for (unsigned int i = 0; i < COUNT_OF(names); i++) {
		tap_about("\"%s\"", names[i].name);
		EXPECT(device_open(MASTER, 0, names[i].name, &device), names[i].code);
		if (names[i].code == D_SUCCESS)
			close_device(device);
		EXPECT(device_open_new(MASTER, 0, names[i].name, &device), names[i].code);
		if (names[i].code == D_SUCCESS)
			close_device(device);
	}
	tap_about("%s", "");
	memset(full, 'c', sizeof full);		/* has no end */
	EXPECT(device_open(MASTER, 0, full, &device), D_NO_SUCH_DEVICE);
}

static void test_wrong_ports(void)
{
	mach_port_t device = open_device("console"), range, got;
	char data[128] = { 0 };
	mach_msg_type_number_t count = sizeof data;
	int done, status[4];

	EXPECT(device_open(SELF, 0, "console", &got), D_INVALID_OPERATION);
	EXPECT(device_open(device, 0, "console", &got), D_INVALID_OPERATION);
	EXPECT(device_close(MASTER), D_NO_SUCH_DEVICE);
	EXPECT(device_write_inband(SELF, 0, 0, data, 1, &done), D_NO_SUCH_DEVICE);
	EXPECT(i386_io_perm_create(MASTER, 0x80, 0x80, &range), KERN_SUCCESS);
	EXPECT(device_read_inband(range, 0, 0, 1, data, &count), D_NO_SUCH_DEVICE);
	EXPECT(device_intr_ack(range, SELF, MACH_MSG_TYPE_COPY_SEND), D_NO_SUCH_DEVICE);
	EXPECT(i386_io_perm_modify(SELF, device, TRUE), KERN_INVALID_ARGUMENT);
	close_device(range);
	count = COUNT_OF(status);
	EXPECT(device_get_status(device, 77, status, &count), D_INVALID_OPERATION);
	EXPECT(device_set_status(device, 77, status, 1), D_INVALID_OPERATION);
	EXPECT(device_intr_register(device, 8, 0, SELF, MACH_MSG_TYPE_COPY_SEND),
		D_INVALID_OPERATION);
	EXPECT(device_close(device), D_SUCCESS);
	close_device(device);
	device = open_device("irq");
	EXPECT(device_write_inband(device, 0, 0, data, 1, &done), D_INVALID_OPERATION);
	count = sizeof data;
	EXPECT(device_read_inband(device, 0, 0, 1, data, &count), D_INVALID_OPERATION);
	close_device(device);
}

/* The same device has the same port while somebody holds it; opening and closing leave nothing. */
static void test_open_and_close(void)
{
	mach_port_t first = open_device("console"), second = open_device("console0");

	EXPECT(first, second);
	close_device(first);
	close_device(second);
	EXPECT(port_type(first), 0);
	for (int i = 0; i < 5000; i++)
		close_device(open_device("com0"));
}

static void test_forged_notifications(void)
{
	mach_port_t device = open_device("console"), reply = port_new();
	char hello[IO_INBAND_MAX] = "# the console is open\n";
	int done;

	for (mach_msg_id_t id = 64; id <= 72; id++) {
		struct message message;

		message_init(&message, device, MACH_MSG_TYPE_COPY_SEND, reply,
			MACH_MSG_TYPE_MAKE_SEND_ONCE);
		message.header.msgh_id = id;
		message_word(&message, 0x10012002);
		message_word(&message, 0);
		EXPECT(message_send(&message), MACH_MSG_SUCCESS);
		EXPECT(message_receive(&message, reply), MACH_MSG_SUCCESS);
		EXPECT(message.body[1], (unsigned int) MIG_BAD_ID);
	}
	EXPECT(device_write_inband(device, 0, 0, hello, strlen(hello), &done), D_SUCCESS);
	EXPECT(done, strlen(hello));
	close_device(device);
	port_destroy(reply);
}

/* --- the console ------------------------------------------------------------------------------ */

static void test_write(void)
{
	mach_port_t device = open_device("console");
	char text[] = "# written out of line\n";
	static char large[128 * 1024 + 1];
	int done = 0;

	EXPECT(device_write(device, 0, 0, text, sizeof text - 1, &done), D_SUCCESS);
	EXPECT(done, sizeof text - 1);
	done = 7;
	EXPECT(device_write(device, 0, 0, text, 0, &done), D_SUCCESS);
	EXPECT(done, 0);
	EXPECT(device_write(device, 0, 0, large, sizeof large, &done), D_INVALID_SIZE);
	close_device(device);
}

static mach_msg_return_t ask_to_read(mach_port_t device, mach_port_t reply, unsigned int mode,
	int bytes, mach_msg_id_t id)
{
	struct message message;
	const unsigned int arguments[] = { mode, 0, bytes };

	message_init(&message, device, MACH_MSG_TYPE_COPY_SEND, reply,
		MACH_MSG_TYPE_MAKE_SEND_ONCE);
	message.header.msgh_id = id;
	for (unsigned int i = 0; i < COUNT_OF(arguments); i++) {
		message_word(&message, 0x10012002);
		message_word(&message, arguments[i]);
	}
	return message_send(&message);
}

#define READ		2804
#define READ_INBAND	2805

/* Nobody types: a read waits, and keeps nobody's thread; its reply port may go meanwhile. */
static void test_read(void)
{
	mach_port_t device = open_device("console"), reply = port_new();
	struct message message;

	EXPECT(ask_to_read(device, reply, D_NOWAIT, 10, READ_INBAND), MACH_MSG_SUCCESS);
	EXPECT(message_receive(&message, reply), MACH_MSG_SUCCESS);
	EXPECT(message.body[1], D_WOULD_BLOCK);
	EXPECT(ask_to_read(device, reply, 0, -1, READ), MACH_MSG_SUCCESS);
	EXPECT(message_receive(&message, reply), MACH_MSG_SUCCESS);
	EXPECT(message.body[1], D_INVALID_SIZE);
	EXPECT(ask_to_read(device, reply, 0, 0, READ_INBAND), MACH_MSG_SUCCESS);
	EXPECT(message_receive(&message, reply), MACH_MSG_SUCCESS);
	EXPECT(message.body[1], D_SUCCESS);
	EXPECT(ask_to_read(device, reply, 0, 10, READ_INBAND), MACH_MSG_SUCCESS);
	EXPECT(ask_to_read(device, reply, 0, 10, READ), MACH_MSG_SUCCESS);
	EXPECT(message_receive_wait(&message, reply, 50), MACH_RCV_TIMED_OUT);
	EXPECT(port_status(reply).mps_sorights, 2);
	port_destroy(reply);
	close_device(device);
}

/* --- interrupts: those of the real-time clock, which can be programmed without a driver ---------- */

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

static void test_interrupt_codes(void)
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
static void test_interrupts(void)
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
static void test_registrations(void)
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

static const struct test tests[] = {
	{ .name = "names of devices", .run = test_names, .ours = TRUE },
	{ .name = "MK-7 the wrong ports", .run = test_wrong_ports },
	{ .name = "ND-3 opening and closing", .run = test_open_and_close },
	{ .name = "ND-1 forged notifications", .run = test_forged_notifications },
	{ .name = "writing to the console", .run = test_write, .ours = TRUE },
	{ .name = "reading from the console", .run = test_read, .ours = TRUE },
	{ .name = "codes of interrupts", .run = test_interrupt_codes, .ours = TRUE },
	{ .name = "PR-9 ND-12 interrupts of the clock", .run = test_interrupts, .ours = TRUE },
	{ .name = "PR-9 registrations come and go", .run = test_registrations, .ours = TRUE },
};

int main(int argc, char **argv)
{
	return tap_main(argc, argv, tests, COUNT_OF(tests));
}
