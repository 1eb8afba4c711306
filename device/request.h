/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DEVICE_REQUEST_H
#define DEVICE_REQUEST_H

/* Once, at start-up. */
void device_request_init(void);

#endif /* DEVICE_REQUEST_H */
