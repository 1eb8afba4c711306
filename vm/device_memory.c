/* SPDX-License-Identifier: BSD-2-Clause */
#include <vm/device_memory.h>

#include <ipc/checker.h>
#include <ipc/port.h>
#include <kern/lock.h>
#include <vm/proxy.h>

/* It lives for ever; its kobject is the pager while something is mapped. */
static struct ipc_port *memory_port;

void vm_device_memory_init(void)
{
	memory_port = ipc_port_alloc_kernel(IKOT_PAGER, NULL);
	if (memory_port == NULL || ipc_port_make_send(memory_port) != memory_port)
		panic("vm_device_memory: no port");
}

struct ipc_port *vm_device_window(phys_addr_t start, vm_size_t size, vm_prot_t max_protection)
{
	struct proxy_window window = {
		.start = (vm_offset_t)start,
		.size = size,
		.max_protection = max_protection,
	};
	struct ipc_port *proxy;

	assert(((start | size) & PAGE_OFFSET_MASK) == 0 && start + size <= 1ull << 32);
	window.object = ipc_port_copy_send(memory_port);
	proxy = vm_proxy_create(&window);
	if (proxy == NULL)
		ipc_port_release_send(window.object);
	return proxy;
}

/* A right stays here, so that the port never dies of having no senders. */
void vm_device_memory_visit(struct ipc_check *check)
{
	ipc_check_hold(check, memory_port, IPC_HOLDS_RECEIVE);
	ipc_check_hold(check, memory_port, IPC_HOLDS_SEND);
}
