/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DEVICE_REQUEST_H
#define DEVICE_REQUEST_H

#include <device/device.h>

/* Once, at start-up. */
void device_request_init(void);

/* Write from the kernel's memory, as much as the driver takes at once. */
io_return_t device_write_bytes(struct device *device, dev_mode_t mode, recnum_t recnum,
			       const void *data, uint32_t size);

#endif /* DEVICE_REQUEST_H */
