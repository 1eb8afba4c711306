/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The mach_debug routines (subsystem 3000) that are about ports.
 *
 * Nobody is told an address of the kernel: a kernel port's object is known by the serial number of
 * the port, which no other port has had or will have.
 */
#include <ipc/accepted.h>
#include <ipc/port.h>
#include <ipc/space_lookup.h>
#include <kern/mig_support.h>
#include <mach_debug/mach_debug_server.h>

/* How many send rights to a receive right there are, in spaces, messages and the kernel. */
kern_return_t mach_port_get_srights(struct ipc_space *space, mach_port_name_t name,
				    mach_port_rights_t *srights)
{
	struct ipc_port *port;
	kern_return_t kr = ipc_space_lookup_port(space, name, MACH_PORT_TYPE_RECEIVE, &port);

	if (kr != KERN_SUCCESS)
		return kr;
	*srights = port->srights;
	ipc_space_unlock_port(space, port);
	return KERN_SUCCESS;
}

/* Dead-name requests for a receive right.  They are in a list: there are no unused places. */
kern_return_t mach_port_dnrequest_info(struct ipc_space *space, mach_port_name_t name,
				       unsigned *total, unsigned *used)
{
	struct ipc_port *port;
	kern_return_t kr = ipc_space_lookup_port(space, name, MACH_PORT_TYPE_RECEIVE, &port);

	if (kr != KERN_SUCCESS)
		return kr;
	*total = *used = port->request_count;
	ipc_space_unlock_port(space, port);
	return KERN_SUCCESS;
}

kern_return_t mach_port_kernel_object(struct ipc_space *space, mach_port_name_t name,
				      unsigned *type, vm_offset_t *object)
{
	struct ipc_port *port;
	kern_return_t kr = ipc_space_lookup_port(space, name, MACH_PORT_TYPE_SEND_RECEIVE, &port);

	if (kr != KERN_SUCCESS)
		return kr;
	*type = port->kotype;
	*object = port->receiver == ipc_space_kernel ? port->serial : 0;
	ipc_space_unlock_port(space, port);
	return KERN_SUCCESS;
}

/*
 * Msg-accepted requests.  Each space finds its own without a hash, so there is one bucket, which
 * holds all of them; and no limit of their number.
 */
kern_return_t host_ipc_marequest_info(struct host *host, unsigned *max_requests,
				      hash_info_bucket_array_t *info,
				      mach_msg_type_number_t *count)
{
	if (host == NULL)
		return KERN_INVALID_HOST;
	*max_requests = ~0u;
	/* The reply has room, whatever the caller has said of its own. */
	(*info)[0].hib_count = ipc_accepted_pending();
	*count = 1;
	return KERN_SUCCESS;
}
