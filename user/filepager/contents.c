/* SPDX-License-Identifier: BSD-2-Clause */
/* Where the bytes of the file are. */
#include "contents.h"

#include <device/device.h>
#include <libmach/string.h>
#include <mach.h>
#include <mach/vm_param.h>

#define RECORD_SIZE	512	/* a disk's numbers count these */

static mach_port_t device;	/* null: the bytes are in memory */
static char *memory;
static vm_size_t size;

kern_return_t contents_on_device(mach_port_t master, const char *name)
{
	int status[DEV_GET_SIZE_COUNT];
	mach_msg_type_number_t count = DEV_GET_SIZE_COUNT;
	dev_name_t padded = "";
	kern_return_t result;

	strncpy(padded, name, sizeof padded - 1);
	result = device_open(master, D_READ | D_WRITE, padded, &device);
	if (result == KERN_SUCCESS)
		result = device_get_status(device, DEV_GET_SIZE, status, &count);
	if (result == KERN_SUCCESS)
		size = status[DEV_GET_SIZE_DEVICE_SIZE];
	return result;
}

kern_return_t contents_in_memory(const char *text)
{
	vm_offset_t address = 0;
	kern_return_t result;

	size = strlen(text);
	result = vm_allocate(mach_task_self(), &address, round_page(size), TRUE);
	if (result != KERN_SUCCESS)
		return result;
	memory = (char *) address;
	memcpy(memory, text, size);
	return KERN_SUCCESS;
}

vm_size_t contents_size(void)
{
	return size;
}

/* How many of so many bytes are there, from an offset on. */
static vm_size_t bytes_there(vm_offset_t offset, vm_size_t wanted)
{
	if (offset >= size)
		return 0;
	return wanted < size - offset ? wanted : size - offset;
}

static kern_return_t read_device(vm_offset_t offset, void *to, vm_size_t count)
{
	mach_msg_type_number_t found;
	io_buf_ptr_t data;
	kern_return_t result;

	result = device_read(device, 0, offset / RECORD_SIZE, count, &data, &found);
	if (result != KERN_SUCCESS)
		return result;
	memcpy(to, data, found < count ? found : count);
	return vm_deallocate(mach_task_self(), (vm_offset_t) data, found);
}

kern_return_t contents_read(vm_offset_t offset, vm_offset_t *page)
{
	vm_size_t count = bytes_there(offset, PAGE_SIZE);
	vm_offset_t address = 0;
	kern_return_t result;

	/* New memory is zeros. */
	result = vm_allocate(mach_task_self(), &address, PAGE_SIZE, TRUE);
	if (result != KERN_SUCCESS)
		return result;
	if (device == MACH_PORT_NULL)
		memcpy((void *) address, memory + offset, count);
	else
		result = read_device(offset, (void *) address, count);
	if (result == KERN_SUCCESS)
		*page = address;
	else
		vm_deallocate(mach_task_self(), address, PAGE_SIZE);
	return result;
}

kern_return_t contents_write(vm_offset_t offset, vm_offset_t data, vm_size_t wanted)
{
	vm_size_t count = bytes_there(offset, wanted);
	int written;

	if (count == 0)
		return KERN_SUCCESS;
	if (device != MACH_PORT_NULL)
		return device_write(device, 0, offset / RECORD_SIZE, (io_buf_ptr_t) data, count,
			&written);
	memcpy(memory + offset, (const void *) data, count);
	return KERN_SUCCESS;
}
