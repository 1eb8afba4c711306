/* SPDX-License-Identifier: BSD-2-Clause */
#include <vm/proxy.h>

#include <ipc/checker.h>
#include <ipc/port.h>
#include <ipc/space.h>
#include <kern/mig_support.h>
#include <kern/slab.h>
#include <mach/mach4_server.h>
#include <vm/extent.h>
#include <vm/map_entry.h>

struct proxy {
	struct ipc_port *port;		/* whose kobject it is: they live equally long */
	struct proxy_window window;	/* constant */
	struct queue_link link;
};

static struct slab_cache proxy_cache;
static struct spin_lock proxies_lock = SPIN_LOCK_INIT(LOCK_LEAF);
static struct queue proxies;		/* all, for the checker */

/* The port has died of having no senders; its last reference of the kernel's is gone. */
static void proxy_end(void *object)
{
	struct proxy *proxy = object;

	spin_lock(&proxies_lock);
	queue_remove(&proxy->link);
	spin_unlock(&proxies_lock);
	vm_proxy_end_window(&proxy->window);
	slab_free(&proxy_cache, proxy);
}

void vm_proxy_init(void)
{
	slab_cache_init(&proxy_cache, "vm_proxy", sizeof(struct proxy), 0);
	queue_init(&proxies);
	vm_extent_init();
	ipc_kobject_on_no_senders(IKOT_PAGER_PROXY, proxy_end);
}

uint32_t vm_proxy_count(void)
{
	return proxy_cache.live;
}

/* One more send right, from a reference of the port; IP_DEAD when it has died. */
static struct ipc_port *right_of(struct ipc_port *port)
{
	struct ipc_port *right = IP_DEAD;

	ipc_port_lock(port);
	if (port->object.active && port->srights > 0) {
		ipc_port_copy_send_locked(port);
		right = port;
	}
	ipc_port_unlock(port);
	ipc_port_release(port);
	return right;
}

/* The memory lives as long as the proxy, whose port is locked. */
bool vm_proxy_lookup(struct ipc_port *port, struct proxy_window *window)
{
	bool found;

	ipc_port_lock(port);
	found = port->object.active && port->receiver == ipc_space_kernel &&
		port->kotype == IKOT_PAGER_PROXY;
	if (found) {
		*window = ((struct proxy *)port->kobject)->window;
		if (window->extent != NULL)
			vm_extent_reference(window->extent);
		else
			ipc_port_reference(window->object);
	}
	ipc_port_unlock(port);
	if (found && window->extent == NULL)
		window->object = right_of(window->object);
	return found;
}

void vm_proxy_end_window(const struct proxy_window *window)
{
	if (window->extent != NULL)
		vm_extent_release(window->extent);
	else
		ipc_port_release_send(window->object);
}

/* --- Making one ------------------------------------------------------------------------------ */

struct ipc_port *vm_proxy_create(const struct proxy_window *window)
{
	struct proxy *proxy = slab_zalloc(&proxy_cache);
	struct ipc_port *right;

	if (proxy == NULL)
		return NULL;
	proxy->window = *window;
	proxy->port = ipc_port_alloc_kernel_paid(IKOT_PAGER_PROXY, proxy);
	if (proxy->port == NULL) {
		slab_free(&proxy_cache, proxy);
		return NULL;
	}
	spin_lock(&proxies_lock);
	queue_insert_tail(&proxies, &proxy->link);
	spin_unlock(&proxies_lock);
	right = ipc_port_make_send(proxy->port);
	assert(right == proxy->port);
	return right;
}

/* Narrow what the caller wants to what the proxy under it allows. */
static void narrow(struct proxy_window *wanted, const struct proxy_window *under)
{
	vm_size_t rest = wanted->start < under->size ? under->size - wanted->start : 0;

	if (wanted->size > rest)
		wanted->size = rest;
	wanted->start += under->start;
	if (rest == 0)
		wanted->start = under->start;
	wanted->max_protection &= under->max_protection;
	wanted->object = under->object;
	wanted->extent = under->extent;
}

/* Resolve the port to memory that a proxy can be made for.  The window owns it. */
static kern_return_t resolve(struct ipc_port *port, struct proxy_window *wanted)
{
	struct proxy_window under;

	if (vm_proxy_lookup(port, &under)) {
		narrow(wanted, &under);
		return wanted->object == IP_DEAD ? KERN_INVALID_NAME : KERN_SUCCESS;
	}
	if (port->receiver == ipc_space_kernel)
		return KERN_INVALID_ARGUMENT;
	wanted->object = ipc_port_copy_send(port);
	return wanted->object == IP_DEAD ? KERN_INVALID_NAME : KERN_SUCCESS;
}

kern_return_t memory_object_create_proxy(ipc_space_t task, vm_prot_t max_protection,
					 const memory_object_array_t object,
					 mach_msg_type_number_t object_count,
					 const vm_offset_array_t offset,
					 mach_msg_type_number_t offset_count,
					 const vm_offset_array_t start,
					 mach_msg_type_number_t start_count,
					 const vm_size_array_t len,
					 mach_msg_type_number_t len_count, ipc_port_t *proxy)
{
	struct proxy_window wanted;
	kern_return_t kr;

	if (task == NULL)
		return KERN_INVALID_TASK;
	if (object_count != 1 || offset_count != 1 || start_count != 1 || len_count != 1 ||
	    offset[0] != 0 || start[0] + len[0] < start[0])
		return KERN_INVALID_ARGUMENT;
	if (!IP_VALID(object[0]))
		return KERN_INVALID_NAME;
	wanted = (struct proxy_window){
		.start = start[0],
		.size = len[0],
		.max_protection = max_protection & VM_PROT_ALL,
	};
	kr = resolve(object[0], &wanted);
	if (kr != KERN_SUCCESS)
		return kr;
	*proxy = vm_proxy_create(&wanted);
	if (*proxy == NULL) {
		vm_proxy_end_window(&wanted);
		return KERN_RESOURCE_SHORTAGE;
	}
	ipc_port_release_send(object[0]);
	return KERN_SUCCESS;
}

/*
 * The range must lie in one region.  Who maps the proxy shares the region's memory, also when the
 * task has given it up.
 */
kern_return_t vm_region_create_proxy(task_t task, vm_address_t address, vm_prot_t max_protection,
				     vm_size_t len, ipc_port_t *proxy)
{
	struct proxy_window window = { .object = IP_NULL, .size = len };
	kern_return_t kr;

	if (task == NULL || (address & PAGE_OFFSET_MASK) != 0 || len == 0)
		return KERN_INVALID_ARGUMENT;
	kr = vm_extent_create(task->map, address, len, &window.extent, &window.max_protection);
	if (kr != KERN_SUCCESS)
		return kr;
	window.max_protection &= max_protection;
	*proxy = vm_proxy_create(&window);
	if (*proxy == NULL) {
		vm_extent_release(window.extent);
		return KERN_RESOURCE_SHORTAGE;
	}
	return KERN_SUCCESS;
}

void vm_proxy_visit_holders(struct ipc_check *check)
{
	queue_for_each(link, &proxies) {
		struct proxy *proxy = container_of(link, struct proxy, link);

		ipc_check_hold(check, proxy->port, IPC_HOLDS_RECEIVE);
		ipc_check_hold(check, proxy->window.object, IPC_HOLDS_SEND);
	}
}
