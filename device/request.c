/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading and writing: from messages to drivers and back, and answers that come later
 * (interface device_reply, 2900).
 */
#include <device/request.h>

#include <device/device.h>
#include <device/device_server.h>
#include <ipc/kmsg.h>
#include <ipc/mqueue.h>
#include <kern/mig_support.h>
#include <kern/slab.h>
#include <kern/string.h>
#include <vm/kmem.h>
#include <vm/map.h>

#define READ_REPLY_ID 2904
#define READ_INBAND_REPLY_ID 2905
#define RETURN_CODE_TYPE 0x10012002u
#define INBAND_TYPE(count) (0x10000808u | (count) << 16)	/* so many characters, inline */
#define MEMORY_TYPE 0x60000000u		/* long form, out of line, to be deallocated */
#define MEMORY_NAME_SIZE 0x00080009u	/* bytes of 8 bits */

/* What both answers begin with; then characters, or struct memory. */
struct read_reply {
	uint32_t code_type;
	kern_return_t code;
	uint32_t data_type;
};

struct memory {
	uint32_t name_size, count;
	struct vm_map_copy *copy;
};

static struct slab_cache request_cache;

void device_request_init(void)
{
	slab_cache_init(&request_cache, "device_request", sizeof(struct device_request), 0);
}

/* --- Answers that come later ------------------------------------------------------------------ */

/* A read's answer without its data, with room for so many bytes more. */
static struct ipc_kmsg *reply_new(struct device_request *request, io_return_t code, uint32_t room)
{
	uint32_t size = sizeof(struct kmsg_header) + sizeof(struct read_reply) + room;
	struct ipc_kmsg *kmsg = ipc_kmsg_alloc(size);

	if (kmsg == NULL) {
		ipc_kmsg_lost++;
		ipc_right_in_hand_release(request->reply, request->reply_type);
		return NULL;
	}
	kmsg->header = (struct kmsg_header){
		.bits = MACH_MSGH_BITS(request->reply_type, 0),
		.size = size,
		.remote = request->reply,
		.id = request->id,
	};
	*(struct read_reply *)kmsg_body(kmsg) = (struct read_reply){
		.code_type = RETURN_CODE_TYPE,
		.code = code,
	};
	return kmsg;
}

static void put_inband(struct ipc_kmsg *kmsg, const void *data, uint32_t size, uint32_t room)
{
	struct read_reply *reply = kmsg_body(kmsg);

	reply->data_type = INBAND_TYPE(size);
	memset(reply + 1, 0, room);
	if (size > 0)
		memcpy(reply + 1, data, size);
}

static void put_memory(struct ipc_kmsg *kmsg, struct vm_map_copy *copy, uint32_t size)
{
	struct read_reply *reply = kmsg_body(kmsg);

	reply->data_type = MEMORY_TYPE;
	*(struct memory *)(reply + 1) = (struct memory){ MEMORY_NAME_SIZE, size, copy };
	kmsg->header.bits |= MACH_MSGH_BITS_COMPLEX;
}

void device_reply_data(struct device_request *request, io_return_t code, const void *data,
		       uint32_t size)
{
	uint32_t room = request->inband ? (size + 3) & ~3u : sizeof(struct memory);
	struct vm_map_copy *copy = NULL;
	struct ipc_kmsg *kmsg;

	if (!request->inband && size > 0) {
		copy = vm_map_copy_from_kernel(data, size);
		if (copy == NULL) {
			code = D_NO_MEMORY;
			size = 0;
		}
	}
	kmsg = reply_new(request, code, room);
	if (kmsg != NULL && request->inband)
		put_inband(kmsg, data, size, room);
	else if (kmsg != NULL)
		put_memory(kmsg, copy, size);
	else
		vm_map_copy_discard(copy);
	if (kmsg != NULL)
		ipc_mqueue_deliver(kmsg);
	slab_free(&request_cache, request);
}

/* --- Reading ----------------------------------------------------------------------------------- */

static struct device_request *request_new(struct device *device, struct ipc_port *reply,
					  unsigned int reply_type, bool inband, uint32_t wanted)
{
	struct device_request *request = slab_alloc(&request_cache);

	if (request == NULL)
		return NULL;
	*request = (struct device_request){
		.device = device,
		.reply = reply,
		.reply_type = reply_type,
		.id = inband ? READ_INBAND_REPLY_ID : READ_REPLY_ID,
		.inband = inband,
		.bytes_wanted = wanted,
	};
	queue_link_init(&request->link);
	return request;
}

/* The driver reads into a buffer, or keeps the request: then MIG_NO_REPLY. */
static kern_return_t read_device(struct device *device, struct ipc_port *reply,
				 unsigned int reply_type, dev_mode_t mode, recnum_t recnum,
				 void *buffer, uint32_t size, uint32_t *done, bool inband)
{
	struct device_request *request = request_new(device, reply, reply_type, inband, size);
	io_return_t code;

	if (request == NULL)
		return D_NO_MEMORY;
	*done = 0;
	code = device->ops->read(device, mode, recnum, buffer, size, done, request);
	if (code == D_IO_QUEUED)
		return MIG_NO_REPLY;
	slab_free(&request_cache, request);
	return code;
}

static io_return_t check_read(const struct device *device, int bytes_wanted)
{
	if (device == NULL)
		return D_NO_SUCH_DEVICE;
	if (device->ops->read == NULL && device->ops->bytes == NULL)
		return D_INVALID_OPERATION;
	return bytes_wanted < 0 ? D_INVALID_SIZE : D_SUCCESS;
}

/* A device that is memory. */
static io_return_t read_bytes(struct device *device, recnum_t recnum, void *data, uint32_t size)
{
	char *bytes;
	io_return_t code = device->ops->bytes(device, recnum, size, &bytes);

	if (code == D_SUCCESS && size > 0)
		memcpy(data, bytes, size);
	return code;
}

kern_return_t ds_device_read_inband(struct device *device, struct ipc_port *reply,
				    unsigned int reply_type, dev_mode_t mode, recnum_t recnum,
				    int bytes_wanted, io_buf_ptr_inband_t data,
				    mach_msg_type_number_t *count)
{
	io_return_t code = check_read(device, bytes_wanted);
	uint32_t done;

	if (code != D_SUCCESS)
		return code;
	if (bytes_wanted > IO_INBAND_MAX)
		bytes_wanted = IO_INBAND_MAX;
	done = (uint32_t)bytes_wanted;
	if (device->ops->bytes != NULL)
		code = read_bytes(device, recnum, data, done);
	else
		code = read_device(device, reply, reply_type, mode, recnum, data, done, &done, true);
	if (code == D_SUCCESS)
		*count = done;
	return code;
}

/* Bytes as memory that travels in a message. */
static io_return_t copy_out(const void *bytes, uint32_t size, struct vm_map_copy **data,
			    mach_msg_type_number_t *count)
{
	struct vm_map_copy *copy = NULL;

	if (size > 0) {
		copy = vm_map_copy_from_kernel(bytes, size);
		if (copy == NULL)
			return D_NO_MEMORY;
	}
	*data = copy;
	*count = size;
	return D_SUCCESS;
}

static kern_return_t read_buffered(struct device *device, struct ipc_port *reply,
				   unsigned int reply_type, dev_mode_t mode, recnum_t recnum,
				   uint32_t size, struct vm_map_copy **data,
				   mach_msg_type_number_t *count)
{
	uint32_t room = size > 0 ? size : 1, done;
	void *buffer = kmem_alloc(room);
	kern_return_t code;

	if (buffer == NULL)
		return D_NO_MEMORY;
	code = read_device(device, reply, reply_type, mode, recnum, buffer, size, &done, false);
	if (code == D_SUCCESS)
		code = copy_out(buffer, done, data, count);
	kmem_free(buffer, room);
	return code;
}

kern_return_t ds_device_read(struct device *device, struct ipc_port *reply,
			     unsigned int reply_type, dev_mode_t mode, recnum_t recnum,
			     int bytes_wanted, struct vm_map_copy **data,
			     mach_msg_type_number_t *count)
{
	io_return_t code = check_read(device, bytes_wanted);
	uint32_t size = (uint32_t)bytes_wanted;
	char *bytes;

	if (code != D_SUCCESS)
		return code;
	if (device->ops->bytes == NULL)
		return read_buffered(device, reply, reply_type, mode, recnum,
				     size < DEVICE_IO_MAX ? size : DEVICE_IO_MAX, data, count);
	code = device->ops->bytes(device, recnum, size, &bytes);
	return code == D_SUCCESS ? copy_out(bytes, size, data, count) : code;
}

/* --- Writing ----------------------------------------------------------------------------------- */

static io_return_t check_write(const struct device *device)
{
	if (device == NULL)
		return D_NO_SUCH_DEVICE;
	if (device->ops->write == NULL && device->ops->bytes == NULL)
		return D_INVALID_OPERATION;
	return device->read_only ? D_READ_ONLY : D_SUCCESS;
}

io_return_t device_write_bytes(struct device *device, dev_mode_t mode, recnum_t recnum,
			       const void *data, uint32_t size)
{
	io_return_t code = check_write(device);
	char *bytes;

	if (code != D_SUCCESS)
		return code;
	if (device->ops->bytes == NULL)
		return device->ops->write(device, mode, recnum, data, size);
	code = device->ops->bytes(device, recnum, size, &bytes);
	if (code == D_SUCCESS && size > 0)
		memcpy(bytes, data, size);
	return code;
}

kern_return_t ds_device_write_inband(struct device *device, struct ipc_port *reply,
				     unsigned int reply_type, dev_mode_t mode, recnum_t recnum,
				     const io_buf_ptr_inband_t data, mach_msg_type_number_t count,
				     int *bytes_written)
{
	io_return_t code = check_write(device);

	(void)reply, (void)reply_type;
	if (code == D_SUCCESS && count > IO_INBAND_MAX)
		code = D_INVALID_SIZE;
	if (code == D_SUCCESS)
		code = device_write_bytes(device, mode, recnum, data, count);
	if (code == D_SUCCESS)
		*bytes_written = (int)count;
	return code;
}

/* The memory of a message, which is none for no bytes. */
static io_return_t copy_in(struct vm_map_copy *data, void *bytes, uint32_t size)
{
	kern_return_t kr = size == 0 ? KERN_SUCCESS : vm_map_copy_read(data, 0, bytes, size);

	if (kr == KERN_RESOURCE_SHORTAGE)
		return D_NO_MEMORY;
	return kr == KERN_SUCCESS ? D_SUCCESS : D_IO_ERROR;
}

static io_return_t write_bytes(struct device *device, recnum_t recnum, struct vm_map_copy *data,
			       uint32_t size)
{
	char *bytes;
	io_return_t code = device->ops->bytes(device, recnum, size, &bytes);

	return code == D_SUCCESS ? copy_in(data, bytes, size) : code;
}

static io_return_t write_buffered(struct device *device, dev_mode_t mode, recnum_t recnum,
				  struct vm_map_copy *data, uint32_t size)
{
	uint32_t room = size > 0 ? size : 1;
	io_return_t code;
	void *buffer;

	if (size > DEVICE_IO_MAX)
		return D_INVALID_SIZE;
	buffer = kmem_alloc(room);
	if (buffer == NULL)
		return D_NO_MEMORY;
	code = copy_in(data, buffer, size);
	if (code == D_SUCCESS)
		code = device->ops->write(device, mode, recnum, buffer, size);
	kmem_free(buffer, room);
	return code;
}

kern_return_t ds_device_write(struct device *device, struct ipc_port *reply,
			      unsigned int reply_type, dev_mode_t mode, recnum_t recnum,
			      struct vm_map_copy *data, mach_msg_type_number_t count,
			      int *bytes_written)
{
	io_return_t code = check_write(device);

	(void)reply, (void)reply_type;
	if (code != D_SUCCESS)
		return code;
	code = device->ops->bytes != NULL ? write_bytes(device, recnum, data, count)
					  : write_buffered(device, mode, recnum, data, count);
	if (code == D_SUCCESS) {
		vm_map_copy_discard(data);
		*bytes_written = (int)count;
	}
	return code;
}
