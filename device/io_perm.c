/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ranges of I/O ports as kernel objects: who has a send right to one may give and take the
 * permission to use them (i386_io_perm_create, i386_io_perm_modify).
 */
#include <device/device.h>

#include <ipc/checker.h>
#include <kern/machine_device.h>
#include <kern/mig_support.h>
#include <kern/slab.h>
#include <mach/i386/mach_i386_server.h>

/* A range of ports, as a kernel object.  It lives as long as there are send rights to its port. */
struct io_perm {
	struct ipc_port *port;
	uint32_t ref_count;		/* one for the port, one for each routine at work */
	io_port_t from, to;
	struct queue_link link;
};

static struct slab_cache perm_cache;
static struct spin_lock perms_lock = SPIN_LOCK_INIT(LOCK_LEAF);
static struct queue perms;		/* those with a port, for the checker */

static void perm_release(struct io_perm *perm)
{
	if (__atomic_sub_fetch(&perm->ref_count, 1, __ATOMIC_ACQ_REL) == 0)
		slab_free(&perm_cache, perm);
}

static void perm_no_senders(void *object)
{
	struct io_perm *perm = object;

	spin_lock(&perms_lock);
	queue_remove(&perm->link);
	spin_unlock(&perms_lock);
	perm_release(perm);
}

void io_perm_init(void)
{
	slab_cache_init(&perm_cache, "io_perm", sizeof(struct io_perm), 0);
	queue_init(&perms);
	ipc_kobject_on_no_senders(IKOT_IO_PERM, perm_no_senders);
}

void io_perm_visit(struct ipc_check *check)
{
	queue_for_each(link, &perms)
		ipc_check_hold(check, container_of(link, struct io_perm, link)->port,
			       IPC_HOLDS_RECEIVE);
}

struct io_perm *convert_port_to_io_perm(struct ipc_port *port)
{
	struct io_perm *perm = NULL;

	if (!IP_VALID(port))
		return NULL;
	ipc_port_lock(port);
	if (port->object.active && port->receiver == ipc_space_kernel &&
	    port->kotype == IKOT_IO_PERM) {
		perm = port->kobject;
		__atomic_fetch_add(&perm->ref_count, 1, __ATOMIC_RELAXED);
	}
	ipc_port_unlock(port);
	return perm;
}

void io_perm_release(struct io_perm *perm)
{
	perm_release(perm);
}

struct ipc_port *convert_io_perm_to_port(struct io_perm *perm)
{
	struct ipc_port *right;

	if (perm == NULL)
		return IP_NULL;
	right = ipc_port_make_send(perm->port);
	perm_release(perm);
	return right;
}

/* --- Routines ------------------------------------------------------------------------------- */

kern_return_t i386_io_perm_create(struct ipc_port *master_port, io_port_t from, io_port_t to,
				  struct io_perm **permp)
{
	struct io_perm *perm;

	if (!device_is_master(master_port) || from > to)
		return KERN_INVALID_ARGUMENT;
	perm = slab_alloc(&perm_cache);
	if (perm == NULL)
		return KERN_RESOURCE_SHORTAGE;
	*perm = (struct io_perm){ .ref_count = 2, .from = from, .to = to };
	perm->port = ipc_port_alloc_kernel(IKOT_IO_PERM, perm);
	if (perm->port == NULL) {
		slab_free(&perm_cache, perm);
		return KERN_RESOURCE_SHORTAGE;
	}
	spin_lock(&perms_lock);
	queue_insert_tail(&perms, &perm->link);
	spin_unlock(&perms_lock);
	*permp = perm;
	return KERN_SUCCESS;
}

kern_return_t i386_io_perm_modify(struct task *task, struct io_perm *perm, boolean_t enable)
{
	if (task == NULL || perm == NULL)
		return KERN_INVALID_ARGUMENT;
	return machine_io_change(task, perm->from, perm->to, enable);
}
