/* SPDX-License-Identifier: BSD-2-Clause */
/* Names, ports and opening. */
#include <libmach/string.h>
#include <mach/i386/mach_i386.h>

#include "tests.h"

mach_port_t open_device(const char *name)
{
	mach_port_t device = MACH_PORT_NULL;
	char text[128] = { 0 };

	strncpy(text, name, sizeof text - 1);
	EXPECT(device_open(MASTER, D_READ | D_WRITE, text, &device), D_SUCCESS);
	EXPECT(port_type(device), MACH_PORT_TYPE_SEND);
	return device;
}

void close_device(mach_port_t device)
{
	EXPECT(mach_port_deallocate(SELF, device), KERN_SUCCESS);
}

void test_names(void)
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

void test_wrong_ports(void)
{
	mach_port_t device = open_device("console"), range, got;
	char data[128] = { 0 };
	mach_msg_type_number_t count = sizeof data;
	int done, status[4];
	filter_t filter[4] = { 0 };
	mach_port_urefs_t refs = port_refs(SELF, MACH_PORT_RIGHT_SEND);

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
	EXPECT(device_set_filter(device, SELF, MACH_MSG_TYPE_COPY_SEND, 0, filter, 4), D_INVALID_OPERATION);
	EXPECT(port_refs(SELF, MACH_PORT_RIGHT_SEND), refs);
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
void test_open_and_close(void)
{
	mach_port_t first = open_device("console"), second = open_device("console0");

	EXPECT(first, second);
	close_device(first);
	close_device(second);
	EXPECT(port_type(first), 0);
	for (int i = 0; i < 5000; i++)
		close_device(open_device("com0"));
}

void test_forged_notifications(void)
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
