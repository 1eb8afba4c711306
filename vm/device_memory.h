/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory of devices, to be mapped by users.
 *
 * All physical memory is one memory object, whose offsets are physical addresses and whose pager is
 * the kernel (vm/pager.h).  Users never have a right to it: a device makes windows of it, which
 * are proxies (vm/proxy.h), for its own range and with the access that it grants.
 */
#ifndef VM_DEVICE_MEMORY_H
#define VM_DEVICE_MEMORY_H

#include <mach/machine/vm_types.h>
#include <mach/vm_prot.h>
#include <vm/page.h>

struct ipc_check;
struct ipc_port;

void vm_device_memory_init(void);

/*
 * Make a window.  The range is whole pages below 4 GiB, which the driver owns for ever.
 *
 * Owns:     returns a send right.
 * Returns:  NULL when memory is short.
 */
struct ipc_port *vm_device_window(phys_addr_t start, vm_size_t size, vm_prot_t max_protection);

void vm_device_memory_visit(struct ipc_check *check);

#endif /* VM_DEVICE_MEMORY_H */
