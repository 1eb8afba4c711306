/* SPDX-License-Identifier: BSD-2-Clause */
/* Subsystem device, its requests and replies: a ramdisk, the console and the page with the time. */
#include "foreign.h"

#include <device/device_types.h>

#include "device.h"
#include "device_reply_server.h"
#include "device_request.h"

boolean_t device_reply_server(mach_msg_header_t *request, mach_msg_header_t *reply);

static mach_port_t opened;
static int written = -1, written_inband = -1;
static unsigned int first_read, first_read_inband;

kern_return_t device_open_reply(mach_port_t port, kern_return_t code, mach_port_t device)
{
	(void) port;
	if (code == D_SUCCESS)
		opened = device;
	return KERN_SUCCESS;
}

kern_return_t device_write_reply(mach_port_t port, kern_return_t code, int count)
{
	(void) port;
	written = code == D_SUCCESS ? count : -1;
	return KERN_SUCCESS;
}

kern_return_t device_write_reply_inband(mach_port_t port, kern_return_t code, int count)
{
	(void) port;
	written_inband = code == D_SUCCESS ? count : -1;
	return KERN_SUCCESS;
}

kern_return_t device_read_reply(mach_port_t port, kern_return_t code, io_buf_ptr_t data,
				mach_msg_type_number_t count)
{
	(void) port;
	if (code == D_SUCCESS && count == 512)
		first_read = *(unsigned int *) data;
	mig_deallocate((vm_address_t) data, count);
	return KERN_SUCCESS;
}

kern_return_t device_read_reply_inband(mach_port_t port, kern_return_t code,
				       const io_buf_ptr_inband_t data, mach_msg_type_number_t count)
{
	(void) port;
	if (code == D_SUCCESS && count == 64)
		first_read_inband = *(const unsigned int *) data;
	return KERN_SUCCESS;
}

static mach_port_t test_open(const char *name)
{
	mach_port_t device = MACH_PORT_NULL;

	answer("device_open, no such one",
	       device_open(device_master, D_READ, "nothing", &device), D_NO_SUCH_DEVICE);
	answer("device_open, not of the master",
	       device_open(mach_host_self(), D_READ, name, &device), D_INVALID_OPERATION);
	answer("device_open", device_open(device_master, D_READ | D_WRITE, name, &device),
	       D_SUCCESS);
	return device;
}

static void test_disk(mach_port_t disk)
{
	static unsigned int record[128], status[DEV_GET_SIZE_COUNT];
	io_buf_ptr_t data;
	io_buf_ptr_inband_t inband;
	mach_msg_type_number_t count = DEV_GET_SIZE_COUNT;
	int done;

	record[0] = 0xd15c;
	answer("device_get_status",
	       device_get_status(disk, DEV_GET_SIZE, (dev_status_t) status, &count), D_SUCCESS);
	check(count == DEV_GET_SIZE_COUNT && status[DEV_GET_SIZE_RECORD_SIZE] == 512
	      && status[DEV_GET_SIZE_DEVICE_SIZE] == 1024 * 1024, "a disk of a megabyte");
	answer("device_write",
	       device_write(disk, 0, 3, (io_buf_ptr_t) record, sizeof record, &done), D_SUCCESS);
	check(done == 512, "a whole record");
	answer("device_write_inband",
	       device_write_inband(disk, 0, 4, (char *) record, 64, &done), D_SUCCESS);
	check(done == 64, "a part of one");
	answer("device_read", device_read(disk, 0, 3, 512, &data, &count), D_SUCCESS);
	check(count == 512 && *(unsigned int *) data == 0xd15c, "what was written");
	mig_deallocate((vm_address_t) data, count);
	answer("device_read_inband", device_read_inband(disk, 0, 4, 64, inband, &count), D_SUCCESS);
	check(count == 64 && memcmp(inband, record, 64) == 0, "what was written inband");
}

static void serve_one(mach_port_t port)
{
	serve(port, device_reply_server, 1000);
}

static void test_requests(mach_port_t disk, const char *name)
{
	static unsigned int record[128] = { 0xa5 };
	mach_port_t port = new_port();

	answer("device_open_request", device_open_request(device_master, port, D_READ, name),
	       KERN_SUCCESS);
	serve_one(port);
	check(opened != MACH_PORT_NULL, "a device comes in the reply");
	answer("device_write_request",
	       device_write_request(disk, port, 0, 8, (io_buf_ptr_t) record, 512), KERN_SUCCESS);
	serve_one(port);
	answer("device_write_request_inband",
	       device_write_request_inband(disk, port, 0, 9, (char *) record, 64), KERN_SUCCESS);
	serve_one(port);
	check(written == 512 && written_inband == 64, "both were written");
	answer("device_read_request", device_read_request(disk, port, 0, 8, 512), KERN_SUCCESS);
	serve_one(port);
	answer("device_read_request_inband", device_read_request_inband(disk, port, 0, 9, 64),
	       KERN_SUCCESS);
	serve_one(port);
	check(first_read == 0xa5 && first_read_inband == 0xa5, "both were read");
	drop(opened);
	mach_port_destroy(mach_task_self(), port);
}

static void test_time(void)
{
	mach_port_t device, pager;
	vm_address_t page = 0;
	const volatile mapped_time_value_t *mapped;
	time_value_t now;

	answer("device_open of the time", device_open(device_master, D_READ, "time", &device),
	       D_SUCCESS);
	answer("device_map", device_map(device, VM_PROT_READ, 0, PAGE, &pager, 0), D_SUCCESS);
	answer("vm_map of the device", vm_map(mach_task_self(), &page, PAGE, 0, TRUE, pager, 0,
					      FALSE, VM_PROT_READ, VM_PROT_READ, VM_INHERIT_NONE),
	       KERN_SUCCESS);
	mapped = (const volatile mapped_time_value_t *) page;
	host_get_time(mach_host_self(), &now);
	check(mapped->seconds == mapped->check_seconds
	      && (mapped->seconds == now.seconds || mapped->seconds == now.seconds + 1),
	      "the host's time is in it");
	mig_deallocate(page, PAGE);
	drop(pager);
	drop(device);
}

static void test_others(mach_port_t disk)
{
	static int status[1];
	filter_t filter[1] = { 0 };
	mach_port_t port = new_port(), irq;

	answer("device_set_status", device_set_status(disk, 99, status, 1), D_INVALID_OPERATION);
	answer("device_set_filter",
	       device_set_filter(disk, port, MACH_MSG_TYPE_MAKE_SEND, 0, filter, 1),
	       D_INVALID_OPERATION);
	answer("device_open of the interrupts",
	       device_open(device_master, D_READ, "irq", &irq), D_SUCCESS);
	answer("device_intr_register, no such line",
	       device_intr_register(irq, 99, 0, port, MACH_MSG_TYPE_MAKE_SEND), D_INVALID_OPERATION);
	answer("device_intr_ack, not registered",
	       device_intr_ack(irq, port, MACH_MSG_TYPE_MAKE_SEND), D_INVALID_OPERATION);
	answer("device_close", device_close(disk), D_SUCCESS);
	mach_port_destroy(mach_task_self(), port);
	drop(irq);
	drop(disk);
}

void test_devices(void)
{
	mach_port_t disk = test_open("rd0");

	test_disk(disk);
	test_requests(disk, "rd0");
	test_time();
	test_others(disk);
}
