/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who the default memory manager is (vm_set_default_memory_manager): it gets the stores that are made
 * from then on (vm/store.h).
 */
#include <kern/default_manager.h>

#include <ipc/checker.h>
#include <ipc/port.h>
#include <kern/mig_support.h>
#include <mach/mach_server.h>
#include <vm/pageout.h>

static struct spin_lock manager_lock = SPIN_LOCK_INIT(LOCK_TASK);
static struct ipc_port *manager;	/* a send right, or NULL; manager_lock */

/* A null or dead port only asks; another takes the place of the last, whose right comes back. */
kern_return_t vm_set_default_memory_manager(struct host *host_priv, struct ipc_port **portp)
{
	struct ipc_port *port = *portp;

	if (host_priv == NULL)
		return KERN_INVALID_HOST;
	spin_lock(&manager_lock);
	if (IP_VALID(port)) {
		*portp = manager;
		manager = port;
	} else {
		*portp = ipc_port_copy_send(manager);
	}
	spin_unlock(&manager_lock);
	vm_pageout_wake();
	return KERN_SUCCESS;
}

struct ipc_port *default_manager_right(void)
{
	struct ipc_port *right;

	spin_lock(&manager_lock);
	right = ipc_port_copy_send(manager);
	spin_unlock(&manager_lock);
	return right;
}

void default_manager_visit(struct ipc_check *check)
{
	ipc_check_hold(check, manager, IPC_HOLDS_SEND);
}
