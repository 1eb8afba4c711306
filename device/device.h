/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Devices: what the master device port opens by name, and the kernel objects behind the ports
 * that come of it (interface device, 2800).
 *
 * A device is there for ever; while it is open it has a port, and it is closed when the last send
 * right to that port has gone.  Operations that cannot be done at once keep the request and
 * answer later: nobody's thread waits in the kernel for a device.
 */
#ifndef DEVICE_DEVICE_H
#define DEVICE_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

#include <device/device_types.h>
#include <ipc/port.h>
#include <kern/queue.h>
#include <mach/vm_prot.h>
#include <vm/page.h>

struct device;
struct vm_map_copy;

/* Where a kept request is to be answered. */
struct device_request {
	struct queue_link link;		/* its driver's */
	struct device *device;
	struct ipc_port *reply;		/* a right of type reply_type */
	uint32_t reply_type;
	mach_msg_id_t id;		/* of the answer */
	bool inband;			/* data is wanted in the message, not out of line */
	uint32_t bytes_wanted;
};

/*
 * What a driver does.  Each may be NULL: the operation is refused with D_INVALID_OPERATION.
 * Called without locks; blocks for memory only.
 */
struct device_ops {
	io_return_t (*open)(struct device *device, dev_mode_t mode);
	void (*close)(struct device *device);

	/*
	 * Put up to `size` bytes into data, and their number into *done.  D_IO_QUEUED: the driver has
	 * `request`, which is answered by device_reply_data.
	 */
	io_return_t (*read)(struct device *device, dev_mode_t mode, recnum_t recnum, void *data,
			    uint32_t size, uint32_t *done, struct device_request *request);
	io_return_t (*write)(struct device *device, dev_mode_t mode, recnum_t recnum,
			     const void *data, uint32_t size);
	/*
	 * Instead of both, for a device that is memory: where in the kernel's address space the bytes
	 * of a range are, to be read or written there.
	 */
	io_return_t (*bytes)(struct device *device, recnum_t recnum, uint32_t size, char **bytesp);
	/*
	 * Where the device's memory is from an offset on: as much as size, both whole pages.  Access
	 * beyond what it grants for ever is refused.
	 */
	io_return_t (*map)(struct device *device, vm_prot_t prot, vm_offset_t offset,
			   vm_size_t size, phys_addr_t *startp);
	io_return_t (*get_status)(struct device *device, dev_flavor_t flavor, int *status,
				  mach_msg_type_number_t *count);
	io_return_t (*set_status)(struct device *device, dev_flavor_t flavor, const int *status,
				  mach_msg_type_number_t count);
	/* Consumes the send right on success. */
	io_return_t (*intr_register)(struct device *device, int id, int flags,
				     struct ipc_port *port);
	io_return_t (*intr_ack)(struct device *device, struct ipc_port *port);
};

struct device {
	const char *name;		/* without the unit number that users may add */
	uint32_t unit;			/* which that must be */
	bool numbered;			/* else it may be any */
	bool read_only;			/* stands in when one of this name is opened for reading alone */
	const struct device_ops *ops;
	struct queue_link link;		/* in the list of devices */
	struct ipc_port *port;		/* while it is open; the device lock */
};

/* Once, at start-up: all devices. */
void device_init(void);

/* Add a device; the structure stays for ever. */
void device_add(struct device *device);

/* Is it the port that opens devices?  Takes any port pointer.  Locks: none. */
bool device_is_master(struct ipc_port *port);

/* Answer a kept request with data, or with an error.  Consumes the request. */
void device_reply_data(struct device_request *request, io_return_t code, const void *data,
		       uint32_t size);

/* The most bytes that one read or write moves, where they go through a buffer. */
#define DEVICE_IO_MAX (128u * 1024u)

/* Drivers: each adds its devices, and serves what interrupts have left (AST_DEVICE). */
void device_console_init(void);
void device_console_serve(void);
void device_irq_init(void);
void device_irq_serve(void);
void device_time_init(void);
void device_mem_init(void);

/*
 * A character of what has been typed, also of what an interrupt has taken in already.
 *
 * Returns:  -1 when there is none.
 */
int device_console_getc(void);

/* Ranges of I/O ports as kernel objects (device/io_perm.c). */
void io_perm_init(void);

struct ipc_check;

/* The rights that devices hold, for the checker. */
void device_visit_holders(struct ipc_check *check);
void device_console_visit(struct ipc_check *check);
void device_irq_visit(struct ipc_check *check);
void io_perm_visit(struct ipc_check *check);

#endif /* DEVICE_DEVICE_H */
