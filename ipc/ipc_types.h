/* SPDX-License-Identifier: BSD-2-Clause */
/* Forward names of the IPC objects, and the two values that are no object. */
#ifndef IPC_TYPES_H
#define IPC_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mach/kern_return.h>
#include <mach/message.h>
#include <mach/port.h>

struct ipc_object;
struct ipc_port;
struct ipc_pset;
struct ipc_space;
struct ipc_entry;
struct ipc_kmsg;
struct ipc_mqueue;
struct vm_map;

/*
 * In messages a port pointer is a port, IP_NULL (no right) or IP_DEAD (a right to
 * a port that died).  IP_VALID tells whether it is a port.
 */
#define IP_NULL ((struct ipc_port *)0)
#define IP_DEAD ((struct ipc_port *)~(uintptr_t)0)

static inline bool IP_VALID(const struct ipc_port *port)
{
	return port != IP_NULL && port != IP_DEAD;
}

/* Names 0 and ~0 name nothing. */
static inline bool MACH_NAME_VALID(mach_port_name_t name)
{
	return name != 0 && name != ~(mach_port_name_t)0;
}

#endif /* IPC_TYPES_H */
