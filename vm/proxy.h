/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Proxies: kernel ports that stand for a window of a memory object, or of a region of a task's
 * memory (vm/extent.h), with protections that mappings through it never exceed.  A proxy of a proxy
 * is made to refer to the memory itself, through what both allow, so there are no chains.
 */
#ifndef VM_PROXY_H
#define VM_PROXY_H

#include <stdbool.h>
#include <stdint.h>

#include <mach/kern_return.h>
#include <mach/machine/vm_types.h>
#include <mach/vm_prot.h>

struct ipc_check;
struct ipc_port;
struct vm_extent;

struct proxy_window {
	struct ipc_port *object;	/* the memory object: a send right; or IP_NULL */
	struct vm_extent *extent;	/* then a region's memory: a reference */
	vm_offset_t start;		/* of offset 0 in the object or extent */
	vm_size_t size;
	vm_prot_t max_protection;
};

void vm_proxy_init(void);

/*
 * A new proxy for a window.
 *
 * Owns:     consumes what the window owns on success; returns a send right.
 * Returns:  NULL when memory is short.
 */
struct ipc_port *vm_proxy_create(const struct proxy_window *window);

/* Proxies that exist, for tests. */
uint32_t vm_proxy_count(void);

/*
 * What a port stands for, if it is a proxy.
 *
 * Locks:    none.
 * Owns:     returns a window with its send right or reference: vm_proxy_end_window must follow.
 *           A memory object that has died is IP_DEAD.
 */
bool vm_proxy_lookup(struct ipc_port *port, struct proxy_window *window);
void vm_proxy_end_window(const struct proxy_window *window);

void vm_proxy_visit_holders(struct ipc_check *check);

#endif /* VM_PROXY_H */
