/* SPDX-License-Identifier: BSD-2-Clause */
/* The console: characters as they come and go. */
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
