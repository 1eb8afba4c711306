/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Requests whose answers are messages of their own (device_request, device_reply), and answers that
 * come late: when characters are typed, or when the device is closed.  The serial line's
 * receiver is made to hear its own sender, so that the test can type.
 */
#include <device/device_reply_S.h>
#include <device/device_request.h>
#include <device/tty_status.h>
#include <libmach/server.h>
#include <libmach/string.h>
#include <mach/i386/mach_i386.h>

#include "../common/secret.h"
#include "../common/snapshot.h"
#include "disk.h"
#include "tests.h"

/* What the last answer said. */
static struct answer {
	mach_msg_id_t	id;
	kern_return_t	code;
	mach_port_t	device;
	unsigned int	count;		/* bytes written or read */
	char		data[256];
} answer;

kern_return_t device_open_reply(mach_port_t reply, kern_return_t code, mach_port_t device)
{
	(void) reply;
	answer.code = code;
	answer.device = device;
	return KERN_SUCCESS;
}

kern_return_t device_write_reply(mach_port_t reply, kern_return_t code, int count)
{
	(void) reply;
	answer.code = code;
	answer.count = count;
	return KERN_SUCCESS;
}

kern_return_t device_write_reply_inband(mach_port_t reply, kern_return_t code, int count)
{
	return device_write_reply(reply, code, count);
}

kern_return_t device_read_reply_inband(mach_port_t reply, kern_return_t code,
	const io_buf_ptr_inband_t data, mach_msg_type_number_t count)
{
	(void) reply;
	answer.code = code;
	answer.count = count;
	memcpy(answer.data, data, count < sizeof answer.data ? count : sizeof answer.data);
	return KERN_SUCCESS;
}

kern_return_t device_read_reply(mach_port_t reply, kern_return_t code, io_buf_ptr_t data,
	mach_msg_type_number_t count)
{
	device_read_reply_inband(reply, code, data, count);
	if (count > 0)
		EXPECT(vm_deallocate(SELF, (vm_address_t) data, count), KERN_SUCCESS);
	return KERN_SUCCESS;
}

/* Wait for an answer and have the server's stub take it apart; `pattern' is not in it. */
static void expect_answer(mach_port_t reply, mach_msg_id_t id, kern_return_t code,
	unsigned int count, unsigned char pattern)
{
	static struct message message, result;

	answer = (struct answer) { .id = 0 };
	if (!EXPECT(message_receive_wait(&message, reply, 2000), MACH_MSG_SUCCESS))
		return;
	if (pattern != 0)
		secret_expect_clean(pattern, &message.header);
	answer.id = message.header.msgh_id;
	EXPECT_TRUE(device_reply_server(&message.header, &result.header));
	EXPECT(((mig_reply_header_t *) &result)->RetCode, KERN_SUCCESS);
	EXPECT(answer.id, id);
	EXPECT(answer.code, code);
	EXPECT(answer.count, count);
}

/* --- at once --------------------------------------------------------------------------- */

#define OPENED		2900
#define WRITTEN		2902
#define WRITTEN_INBAND	2903
#define READ		2904
#define READ_INBAND	2905

#define LENGTH		13		/* of a text */

void test_requests(void)
{
	mach_port_t disk = open_device("rd0"), empty = open_device("rd2"), reply = port_new();
	dev_name_t name = "rd2";
	io_buf_ptr_inband_t text = "asynchronous", zeros = { 0 };

	EXPECT(device_open_request(MASTER, reply, D_READ | D_WRITE, name), KERN_SUCCESS);
	expect_answer(reply, OPENED, D_SUCCESS, 0, 0);
	EXPECT(answer.device, empty);
	close_device(empty);
	EXPECT(device_read_request(disk, reply, 0, 1, 200), KERN_SUCCESS);
	expect_answer(reply, READ, D_SUCCESS, 200, 0);
	expect_disk(answer.data, RECORD, 200);
	EXPECT(device_read_request_inband(disk, reply, 0, 2, 100), KERN_SUCCESS);
	expect_answer(reply, READ_INBAND, D_SUCCESS, 100, 0);
	expect_disk(answer.data, 2 * RECORD, 100);
	EXPECT(device_write_request(empty, reply, 0, 9, text, LENGTH), KERN_SUCCESS);
	expect_answer(reply, WRITTEN, D_SUCCESS, LENGTH, 0);
	EXPECT(device_read_request_inband(empty, reply, 0, 9, LENGTH), KERN_SUCCESS);
	expect_answer(reply, READ_INBAND, D_SUCCESS, LENGTH, 0);
	EXPECT(strcmp(answer.data, text), 0);
	EXPECT(device_write_request_inband(empty, reply, 0, 9, zeros, LENGTH), KERN_SUCCESS);
	expect_answer(reply, WRITTEN_INBAND, D_SUCCESS, LENGTH, 0);
	close_device(disk);
	close_device(empty);
	port_destroy(reply);
}

/* --- typing ------------------------------------------------------------------------------ */

#define SERIAL		0x3f8
#define MODEM_CONTROL	(SERIAL + 4)
#define LINE_STATUS	(SERIAL + 5)
#define LOOP		0x10
#define SENDER_EMPTY	0x40

static uint8_t in(uint16_t port)
{
	uint8_t value;

	__asm__ volatile("inb %w1, %b0" : "=a" (value) : "Nd" (port));
	return value;
}

static void out(uint16_t port, uint8_t value)
{
	__asm__ volatile("outb %b0, %w1" : : "a" (value), "Nd" (port));
}

/* A few characters; nothing else may be printed meanwhile. */
static void type(const char *text)
{
	mach_port_t ports;

	EXPECT(i386_io_perm_create(MASTER, SERIAL, SERIAL + 7, &ports), KERN_SUCCESS);
	EXPECT(i386_io_perm_modify(SELF, ports, TRUE), KERN_SUCCESS);
	while ((in(LINE_STATUS) & SENDER_EMPTY) == 0)
		continue;
	out(MODEM_CONTROL, in(MODEM_CONTROL) | LOOP);
	for (; *text != '\0'; text++) {
		out(SERIAL, *text);
		while ((in(LINE_STATUS) & SENDER_EMPTY) == 0)
			continue;
	}
	out(MODEM_CONTROL, in(MODEM_CONTROL) & ~LOOP);
	EXPECT(i386_io_perm_modify(SELF, ports, FALSE), KERN_SUCCESS);
	close_device(ports);
}

/* Readers are served in their order, each with as much as it wants of what there is. */
void test_typed(void)
{
	mach_port_t device = open_device("com0"), reply = port_new(), other = port_new();
	mach_msg_type_number_t count = IO_INBAND_MAX;
	char data[IO_INBAND_MAX];

	type("typed");
	EXPECT(device_read_inband(device, D_NOWAIT, 0, 3, data, &count), D_SUCCESS);
	EXPECT(count, 3);
	EXPECT(memcmp(data, "typ", 3), 0);
	EXPECT(device_read_request(device, reply, 0, 0, 100), KERN_SUCCESS);
	expect_answer(reply, READ, D_SUCCESS, 2, 0);
	EXPECT(memcmp(answer.data, "ed", 2), 0);
	EXPECT(device_read_request_inband(device, reply, 0, 0, 2), KERN_SUCCESS);
	EXPECT(device_read_request(device, other, 0, 0, 100), KERN_SUCCESS);
	EXPECT(device_read_inband(device, D_NOWAIT, 0, 3, data, &count), D_WOULD_BLOCK);
	EXPECT_TRUE(queue_is_empty(reply));
	type("more");
	expect_answer(reply, READ_INBAND, D_SUCCESS, 2, 0);
	EXPECT(memcmp(answer.data, "mo", 2), 0);
	expect_answer(other, READ, D_SUCCESS, 2, 0);
	EXPECT(memcmp(answer.data, "re", 2), 0);
	close_device(device);
	port_destroy(reply);
	port_destroy(other);
}

void test_typed_flushed(void)
{
	mach_port_t device = open_device("com0");
	mach_msg_type_number_t count = IO_INBAND_MAX;
	int directions[] = { D_READ, D_WRITE, 0 };
	char data[IO_INBAND_MAX];

	for (unsigned int i = 0; i < COUNT_OF(directions); i++) {
		type("gone");
		EXPECT(device_set_status(device, TTY_FLUSH, &directions[i], TTY_FLUSH_COUNT),
			D_SUCCESS);
		EXPECT(device_read_inband(device, D_NOWAIT, 0, 10, data, &count),
			directions[i] == D_WRITE ? D_SUCCESS : D_WOULD_BLOCK);
	}
	type("gone");
	EXPECT(device_set_status(device, TTY_FLUSH, NULL, 0), D_SUCCESS);
	EXPECT(device_read_inband(device, D_NOWAIT, 0, 10, data, &count), D_WOULD_BLOCK);
	close_device(device);
}

/* --- late ----------------------------------------------------------------------------------- */

/* Who waits when the last right goes is told; readers of another device wait on. */
void test_close_answers(void)
{
	mach_port_t device = open_device("console"), other = open_device("com0");
	mach_port_t reply = port_new(), patient = port_new();

	EXPECT(device_read_request(device, reply, 0, 0, 10), KERN_SUCCESS);
	EXPECT(device_read_request_inband(other, patient, 0, 0, 10), KERN_SUCCESS);
	EXPECT(device_read_request_inband(device, reply, 0, 0, 10), KERN_SUCCESS);
	EXPECT(device_close(device), D_SUCCESS);
	EXPECT_TRUE(queue_is_empty(reply));
	close_device(device);
	expect_answer(reply, READ, D_DEVICE_DOWN, 0, 0);
	expect_answer(reply, READ_INBAND, D_DEVICE_DOWN, 0, 0);
	EXPECT_TRUE(queue_is_empty(patient));
	close_device(other);
	expect_answer(patient, READ_INBAND, D_DEVICE_DOWN, 0, 0);
	port_destroy(reply);
	port_destroy(patient);
}

/* IL-1: late answers have nothing of what was in the kernel's memory before. */
void test_late_answers_clean(void)
{
	for (unsigned int i = 0; i < SECRET_PATTERNS; i++) {
		unsigned char pattern = secret_patterns[i];
		mach_port_t device = open_device("com0"), reply = port_new();

		EXPECT(device_read_request(device, reply, 0, 0, 100), KERN_SUCCESS);
		EXPECT(device_read_request_inband(device, reply, 0, 0, 100), KERN_SUCCESS);
		EXPECT(device_read_request(device, reply, 0, 0, 100), KERN_SUCCESS);
		EXPECT(device_read_request_inband(device, reply, 0, 0, 100), KERN_SUCCESS);
		secret_spread(pattern, 32);
		type("x");
		expect_answer(reply, READ, D_SUCCESS, 1, pattern);
		secret_spread(pattern, 32);
		type("yz!");
		expect_answer(reply, READ_INBAND, D_SUCCESS, 3, pattern);
		secret_spread(pattern, 32);
		close_device(device);
		expect_answer(reply, READ, D_DEVICE_DOWN, 0, pattern);
		expect_answer(reply, READ_INBAND, D_DEVICE_DOWN, 0, pattern);
		port_destroy(reply);
	}
}

/* Of those who wait only so many are kept; whose reply port is gone makes room. */
void test_many_readers(void)
{
	mach_port_t device = open_device("console"), reply = port_new();
	struct message message;

	for (unsigned int i = 0; i < 256; i++)
		EXPECT(device_read_request(device, reply, 0, 0, 10), KERN_SUCCESS);
	EXPECT_TRUE(queue_is_empty(reply));
	EXPECT(device_read_request_inband(device, reply, 0, 0, 10), KERN_SUCCESS);
	EXPECT(message_receive(&message, reply), MACH_MSG_SUCCESS);
	EXPECT(message.body[1], D_NO_MEMORY);
	port_destroy(reply);
	reply = port_new();
	EXPECT(device_read_request_inband(device, reply, 0, 0, 10), KERN_SUCCESS);
	EXPECT_TRUE(queue_is_empty(reply));
	close_device(device);
	expect_answer(reply, READ_INBAND, D_DEVICE_DOWN, 0, 0);
	port_destroy(reply);
}

/* A task dies that waits, and that had the only right. */
static void die_reading(void)
{
	mach_port_t device = open_device("console"), reply = port_new(), child;

	EXPECT(task_create(SELF, FALSE, &child), KERN_SUCCESS);
	for (unsigned int i = 0; i < 100; i++)
		EXPECT(device_read_request(device, reply, 0, 0, 10), KERN_SUCCESS);
	EXPECT(mach_port_insert_right(child, 77, device, MACH_MSG_TYPE_MOVE_SEND), KERN_SUCCESS);
	EXPECT(mach_port_insert_right(child, 78, reply, MACH_MSG_TYPE_MOVE_RECEIVE), KERN_SUCCESS);
	EXPECT(task_terminate(child), KERN_SUCCESS);
	close_device(child);
}

void test_readers_conserved(void)
{
	snapshot_conserved(die_reading, tap_rounds(20, 2000));
}
