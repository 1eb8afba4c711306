/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Writing to a device by a trap: the bytes are taken from the caller's memory, the device has them
 * when the trap comes back, and its code is the answer.  The reply port is not used.
 */
#include <kern/traps.h>

#include <device/device.h>
#include <device/request.h>
#include <ipc/port.h>
#include <kern/machine.h>
#include <kern/mig_support.h>
#include <vm/kmem.h>

#define PIECES_MAX 16u

/* The device that a name stands for, and the right that keeps it open; or NULL. */
static struct device *device_of_name(mach_port_name_t name, struct ipc_port **right)
{
	struct device *device;

	if (trap_right_of_name(name, right) != KERN_SUCCESS)
		return NULL;
	device = convert_port_to_device(*right);
	if (device == NULL)
		ipc_port_release_send(*right);
	return device;
}

static kern_return_t copy_pieces(const io_buf_vec_t *pieces, uint32_t count, char *buffer)
{
	for (uint32_t i = 0; i < count; buffer += pieces[i].count, i++)
		if (copyin((const void *)pieces[i].data, buffer, pieces[i].count) != 0)
			return KERN_INVALID_ADDRESS;
	return KERN_SUCCESS;
}

/* All pieces are one record. */
static kern_return_t write_pieces(struct device *device, dev_mode_t mode, recnum_t record,
				  const io_buf_vec_t *pieces, uint32_t count)
{
	uint32_t size = 0, room;
	kern_return_t kr;
	char *buffer;

	for (uint32_t i = 0; i < count; i++) {
		if (pieces[i].count > DEVICE_IO_MAX - size)
			return D_INVALID_SIZE;
		size += (uint32_t)pieces[i].count;
	}
	room = size > 0 ? size : 1;
	buffer = kmem_alloc(room);
	if (buffer == NULL)
		return D_NO_MEMORY;
	kr = copy_pieces(pieces, count, buffer);
	if (kr == KERN_SUCCESS)
		kr = device_write_bytes(device, mode, record, buffer, size);
	kmem_free(buffer, room);
	return kr;
}

TRAP kern_return_t syscall_device_write_request(mach_port_name_t name, mach_port_name_t reply,
						uint32_t mode, uint32_t record, vm_offset_t data,
						uint32_t size)
{
	const io_buf_vec_t piece = { .data = data, .count = size };
	struct ipc_port *right;
	struct device *device = device_of_name(name, &right);
	kern_return_t kr;

	(void)reply;
	if (device == NULL)
		return KERN_INVALID_CAPABILITY;
	kr = write_pieces(device, mode, record, &piece, 1);
	ipc_port_release_send(right);
	return kr;
}

TRAP kern_return_t syscall_device_writev_request(mach_port_name_t name, mach_port_name_t reply,
						 uint32_t mode, uint32_t record,
						 vm_offset_t vector, uint32_t count)
{
	io_buf_vec_t pieces[PIECES_MAX];
	struct ipc_port *right;
	struct device *device = device_of_name(name, &right);
	kern_return_t kr;

	(void)reply;
	if (device == NULL)
		return KERN_INVALID_CAPABILITY;
	if (count > PIECES_MAX)
		kr = KERN_INVALID_VALUE;
	else if (copyin((const void *)vector, pieces, count * sizeof(pieces[0])) != 0)
		kr = KERN_INVALID_ADDRESS;
	else
		kr = write_pieces(device, mode, record, pieces, count);
	ipc_port_release_send(right);
	return kr;
}
