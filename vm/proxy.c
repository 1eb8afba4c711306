/* SPDX-License-Identifier: BSD-2-Clause */
#include <vm/proxy.h>

#include <ipc/checker.h>
#include <ipc/port.h>
#include <ipc/space.h>
#include <kern/mig_support.h>
#include <kern/slab.h>
#include <mach/mach4_server.h>

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
	ipc_port_release_send(proxy->window.object);
	slab_free(&proxy_cache, proxy);
}

void vm_proxy_init(void)
{
	slab_cache_init(&proxy_cache, "vm_proxy", sizeof(struct proxy), 0);
	queue_init(&proxies);
	ipc_kobject_on_no_senders(IKOT_PAGER_PROXY, proxy_end);
}

uint32_t vm_proxy_count(void)
{
	return proxy_cache.live;
}

/* The memory object's port lives as long as the proxy, whose port is locked. */
bool vm_proxy_lookup(struct ipc_port *port, struct proxy_window *window)
{
	bool found;

	ipc_port_lock(port);
	found = port->object.active && port->receiver == ipc_space_kernel &&
		port->kotype == IKOT_PAGER_PROXY;
	if (found) {
		*window = ((struct proxy *)port->kobject)->window;
		ipc_port_reference(window->object);
	}
	ipc_port_unlock(port);
	if (found) {
		struct ipc_port *right = IP_DEAD;

		ipc_port_lock(window->object);
		if (window->object->object.active && window->object->srights > 0) {
			ipc_port_copy_send_locked(window->object);
			right = window->object;
		}
		ipc_port_unlock(window->object);
		ipc_port_release(window->object);
		window->object = right;
	}
	return found;
}

/* --- Making one ------------------------------------------------------------------------------ */

/* Take over the window, object's right and all, in a new proxy; NULL when memory is short. */
static struct ipc_port *proxy_create(const struct proxy_window *window)
{
	struct proxy *proxy = slab_zalloc(&proxy_cache);
	struct ipc_port *right;

	if (proxy == NULL)
		return NULL;
	proxy->window = *window;
	proxy->port = ipc_port_alloc_kernel(IKOT_PAGER_PROXY, proxy);
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
}

/* Resolve the port to a memory object that a proxy can be made for.  Returns a send right. */
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
	*proxy = proxy_create(&wanted);
	if (*proxy == NULL) {
		ipc_port_release_send(wanted.object);
		return KERN_RESOURCE_SHORTAGE;
	}
	ipc_port_release_send(object[0]);
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
