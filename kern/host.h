/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The host: one of it, known by three ports.  The plain port is everybody's; the privileged one and
 * the master port of the devices go to the first tasks by way of the boot script.
 */
#ifndef KERN_HOST_H
#define KERN_HOST_H

#include <stdbool.h>

struct ipc_port;

struct host {
	struct ipc_port *port;		/* kernel ports, alive for ever */
	struct ipc_port *priv_port;
	struct ipc_port *device_port;
};

extern struct host host_self;

/* Make the ports; panics when there is no memory. */
void host_init(void);

/* Is the port the host's, or only the privileged one?  Borrows any port pointer. */
bool host_port_is_valid(struct ipc_port *port);
bool host_port_is_privileged(struct ipc_port *port);

#endif /* KERN_HOST_H */
