/* SPDX-License-Identifier: BSD-2-Clause */
/* The console: characters as they come and go, its status, and traps that write. */
#include <device/tty_status.h>
#include <libmach/string.h>
#include <mach/mach_traps.h>
#include <mach/vm_param.h>

#include "disk.h"
#include "tests.h"

void test_write(void)
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
void test_read(void)
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

/* --- status, as terminal drivers ask for it --------------------------------------------------- */

void test_line_status(void)
{
	mach_port_t device = open_device("console");
	struct tty_status line, other = { B9600, B38400, 3, TF_ANYP | TF_LITOUT };
	int *words = (int *) &line, status[DEV_STATUS_MAX];
	mach_msg_type_number_t count;

	for (count = 0; count < TTY_STATUS_COUNT; count++)
		EXPECT(device_get_status(device, TTY_STATUS, status, &count), D_INVALID_OPERATION);
	count = TTY_STATUS_COUNT;
	EXPECT(device_get_status(device, TTY_STATUS, words, &count), D_SUCCESS);
	EXPECT(count, TTY_STATUS_COUNT);
	EXPECT_TRUE(line.tt_ispeed > B0 && line.tt_ospeed < NSPEEDS);
	EXPECT(device_set_status(device, TTY_STATUS, (int *) &other, TTY_STATUS_COUNT), D_SUCCESS);
	count = DEV_STATUS_MAX;
	EXPECT(device_get_status(device, TTY_STATUS, status, &count), D_SUCCESS);
	EXPECT(count, TTY_STATUS_COUNT);
	EXPECT(memcmp(status, &other, sizeof other), 0);
	for (count = 0; count < TTY_STATUS_COUNT; count++)
		EXPECT(device_set_status(device, TTY_STATUS, words, count), D_INVALID_OPERATION);
	other.tt_ospeed = NSPEEDS;
	EXPECT(device_set_status(device, TTY_STATUS, (int *) &other, TTY_STATUS_COUNT),
		D_INVALID_OPERATION);
	other.tt_ospeed = B0;
	other.tt_ispeed = -1;
	EXPECT(device_set_status(device, TTY_STATUS, (int *) &other, TTY_STATUS_COUNT),
		D_INVALID_OPERATION);
	EXPECT(device_set_status(device, TTY_STATUS, words, TTY_STATUS_COUNT), D_SUCCESS);
	close_device(device);
}

void test_modem_status(void)
{
	static const unsigned int absent[] = { TTY_STOP, TTY_START, TTY_SET_BREAK, TTY_CLEAR_BREAK,
		TTY_SET_TRANSLATION, TTY_MODEM, DEV_GET_SIZE, 77 };
	mach_port_t device = open_device("com0");
	int status[DEV_STATUS_MAX] = { 0 };
	mach_msg_type_number_t count = 0;

	EXPECT(device_get_status(device, TTY_MODEM, status, &count), D_INVALID_OPERATION);
	count = DEV_STATUS_MAX;
	EXPECT(device_get_status(device, TTY_MODEM, status, &count), D_SUCCESS);
	EXPECT(count, TTY_MODEM_COUNT);
	EXPECT_TRUE(status[0] & TM_CAR);
	for (unsigned int i = 0; i < COUNT_OF(absent); i++) {
		tap_about("flavour %x", absent[i]);
		EXPECT(device_set_status(device, absent[i], status, 2), D_INVALID_OPERATION);
	}
	tap_about("%s", "");
	count = DEV_STATUS_MAX;
	EXPECT(device_get_status(device, TTY_FLUSH, status, &count), D_INVALID_OPERATION);
	close_device(device);
}

/* --- writing by traps ------------------------------------------------------------------------- */

static kern_return_t trap_write(mach_port_t device, unsigned int record, const void *data,
	unsigned int size)
{
	return syscall_device_write_request(device, MACH_PORT_NULL, 0, record, (vm_offset_t) data,
		size);
}

static void expect_written(mach_port_t disk, unsigned int record, const char *text)
{
	mach_msg_type_number_t count = IO_INBAND_MAX;
	io_buf_ptr_inband_t data;

	EXPECT(device_read_inband(disk, 0, record, strlen(text), data, &count), D_SUCCESS);
	EXPECT(memcmp(data, text, strlen(text)), 0);
}

void test_trap_write(void)
{
	mach_port_t disk = open_device("rd2"), console = open_device("console"), dead = port_new_dead();
	mach_port_t irq = open_device("irq"), port = port_new_with_send(1);
	static const char text[] = "written by a trap";
	static char large[128 * 1024 + 1];

	EXPECT(trap_write(console, 0, "# by a trap\n", 12), D_SUCCESS);
	EXPECT(trap_write(disk, 3, text, sizeof text), D_SUCCESS);
	expect_written(disk, 3, text);
	EXPECT(trap_write(disk, 3, text, 0), D_SUCCESS);
	EXPECT(trap_write(disk, EMPTY_SIZE / RECORD, text, 1), D_INVALID_RECNUM);
	EXPECT(trap_write(disk, EMPTY_SIZE / RECORD - 1, large, RECORD + 1), D_INVALID_SIZE);
	EXPECT(trap_write(console, 0, large, sizeof large), D_INVALID_SIZE);
	EXPECT(trap_write(console, 0, large, ~0u), D_INVALID_SIZE);
	EXPECT(trap_write(disk, 3, NULL, 5), KERN_INVALID_ADDRESS);
	EXPECT(trap_write(disk, 3, (void *) (VM_MAX_ADDRESS - 2), 5), KERN_INVALID_ADDRESS);
	EXPECT(trap_write(disk, 3, (void *) 0xc0100000, 5), KERN_INVALID_ADDRESS);
	expect_written(disk, 3, text);
	EXPECT(trap_write(irq, 0, text, 1), D_INVALID_OPERATION);
	EXPECT(trap_write(MACH_PORT_NULL, 0, text, 1), KERN_INVALID_CAPABILITY);
	EXPECT(trap_write(MACH_PORT_DEAD, 0, text, 1), KERN_INVALID_CAPABILITY);
	EXPECT(trap_write(dead, 0, text, 1), KERN_INVALID_CAPABILITY);
	EXPECT(trap_write(port, 0, text, 1), KERN_INVALID_CAPABILITY);
	EXPECT(trap_write(SELF, 0, text, 1), KERN_INVALID_CAPABILITY);
	EXPECT(trap_write(MASTER, 0, text, 1), KERN_INVALID_CAPABILITY);
	EXPECT(trap_write(0x123457, 0, text, 1), KERN_INVALID_CAPABILITY);
	close_device(disk);
	close_device(console);
	close_device(irq);
	port_destroy(dead);
	port_destroy(port);
}

static kern_return_t trap_gather(mach_port_t device, const io_buf_vec_t *pieces, unsigned int count)
{
	return syscall_device_writev_request(device, MACH_PORT_NULL, 0, 7, (vm_offset_t) pieces,
		count);
}

void test_trap_gather(void)
{
	mach_port_t disk = open_device("rd2");
	static char half[128 * 1024];
	io_buf_vec_t pieces[17] = {
		{ (vm_offset_t) "in ", 3 }, { 0, 0 }, { (vm_offset_t) "pieces", 6 },
	};

	EXPECT(trap_gather(disk, pieces, 3), D_SUCCESS);
	expect_written(disk, 7, "in pieces");
	EXPECT(trap_gather(disk, pieces, 0), D_SUCCESS);
	EXPECT(trap_gather(disk, pieces, 16), D_SUCCESS);
	EXPECT(trap_gather(disk, pieces, 17), KERN_INVALID_VALUE);
	EXPECT(trap_gather(disk, pieces, ~0u), KERN_INVALID_VALUE);
	EXPECT(trap_gather(disk, NULL, 1), KERN_INVALID_ADDRESS);
	EXPECT(trap_gather(disk, (io_buf_vec_t *) (VM_MAX_ADDRESS - 8), 2), KERN_INVALID_ADDRESS);
	EXPECT(trap_gather(SELF, pieces, 3), KERN_INVALID_CAPABILITY);
	pieces[3] = (io_buf_vec_t) { 0, 1 };
	EXPECT(trap_gather(disk, pieces, 4), KERN_INVALID_ADDRESS);
	pieces[3] = (io_buf_vec_t) { (vm_offset_t) half, ~0u };
	EXPECT(trap_gather(disk, pieces, 4), D_INVALID_SIZE);
	pieces[3] = (io_buf_vec_t) { (vm_offset_t) half, sizeof half };
	EXPECT(trap_gather(disk, pieces, 4), D_INVALID_SIZE);
	expect_written(disk, 7, "in pieces");
	memset(half, 0, sizeof half);
	EXPECT(trap_write(disk, 3, half, 6 * RECORD), D_SUCCESS);
	close_device(disk);
}
