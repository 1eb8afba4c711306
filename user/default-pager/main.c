/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The default pager: where the kernel puts pages of programs when memory is short.
 *
 * Arguments: the privileged host port, the device master port, and the name of a disk, rd0 if
 * nothing is said.
 *
 * It works when nobody else can, because there is no memory.  So it must not need any in order to
 * give some: its own memory is wired (vm_wire_all), its only thread may use the kernel's reserve
 * (thread_wire), all tables are allocated at the start (table.h), and each stub that it uses
 * has its reply port when the first page comes.  What messages bring is not wired: the kernel
 * knows that it is on its way out.
 *
 *	main.c		becomes the default pager, and serves
 *	object.c	what the kernel says, and the answers
 *	pages.c		pages on the disk, or in memory when that is full
 *	table.c		which page is where
 *	store.c		the disk
 */
#include <libmach/print.h>
#include <libmach/string.h>
#include <mach.h>
#include <mach/gnumach.h>
#include <mach/mach_host.h>
#include <mach/mig_support.h>
#include <mach/vm_param.h>
#include <mach/vm_wire.h>

#include "object.h"
#include "pages.h"
#include "store.h"
#include "table.h"

#define MESSAGE_SIZE	512
#define PAUSE		50	/* milliseconds */

static mach_port_t host_priv;

/* --- Serving ------------------------------------------------------------------------------ */

static union message {
	mach_msg_header_t	header;
	char			space[MESSAGE_SIZE];
} request, reply;

static kern_return_t demux(void)
{
	mig_reply_setup(&request.header, &reply.header);
	if (!memory_object_server(&request.header, &reply.header)
			&& !memory_object_default_server(&request.header, &reply.header))
		objects_notified(&request.header, &reply.header);
	return ((mig_reply_header_t *) &reply)->RetCode;
}

/* Nobody is owed an answer but who asks what we do not know. */
static void answer(kern_return_t result)
{
	if (result == MIG_NO_REPLY)
		return;
	if (result != KERN_SUCCESS) {
		request.header.msgh_remote_port = MACH_PORT_NULL;
		mach_msg_destroy(&request.header);
	}
	if (!MACH_PORT_VALID(reply.header.msgh_remote_port)
			|| mach_msg(&reply.header, MACH_SEND_MSG | MACH_SEND_TIMEOUT,
				reply.header.msgh_size, 0, MACH_PORT_NULL, 0, MACH_PORT_NULL)
			!= MACH_MSG_SUCCESS)
		mach_msg_destroy(&reply.header);
}

/*
 * While something waits for memory it is tried again after each message, as pages that go to the disk
 * leave some, and after a while.
 */
static mach_msg_return_t serve(mach_port_t set)
{
	boolean_t waiting = pages_are_waiting();
	mach_msg_return_t result = mach_msg(&request.header,
		MACH_RCV_MSG | (waiting ? MACH_RCV_TIMEOUT : 0), 0, sizeof request, set, PAUSE,
		MACH_PORT_NULL);

	if (result == MACH_MSG_SUCCESS)
		answer(demux());
	if (waiting)
		objects_try_again();
	return result;
}

static mach_msg_return_t serve_for_ever(mach_port_t set)
{
	mach_msg_return_t result;

	do {
		result = serve(set);
		if ((result & ~MACH_MSG_MASK) == MACH_RCV_BODY_ERROR) {
			mach_error("[default-pager] FAILED to receive a message", result);
			objects_lost(request.header.msgh_local_port);
			mach_msg_destroy(&request.header);
			result = MACH_MSG_SUCCESS;
		}
	} while (result == MACH_MSG_SUCCESS || result == MACH_RCV_TIMED_OUT
			|| result == MACH_RCV_TOO_LARGE);
	return result;
}

/* --- Becoming the default pager ---------------------------------------------------------- */

static kern_return_t make_tables(void)
{
	vm_statistics_data_t now;
	kern_return_t result = vm_statistics(mach_task_self(), &now);

	if (result == KERN_SUCCESS)
		result = table_init(host_priv, store_slots(), now.free_count);
	return result;
}

static kern_return_t wire_self(void)
{
	mach_port_t thread = mach_thread_self();
	kern_return_t result;

	result = thread_wire(host_priv, thread, TRUE);
	mach_port_deallocate(mach_task_self(), thread);
	if (result == KERN_SUCCESS)
		result = vm_wire_all(host_priv, mach_task_self(), VM_WIRE_CURRENT);
	return result;
}

static kern_return_t make_ports(mach_port_t *set, mach_port_t *manager)
{
	kern_return_t result;

	result = mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_PORT_SET, set);
	if (result == KERN_SUCCESS)
		result = mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE, manager);
	if (result == KERN_SUCCESS)
		result = mach_port_move_member(mach_task_self(), *manager, *set);
	objects_init(*set);
	return result;
}

/* From now on the kernel sends pages.  The one before us, if there was one, keeps what it has. */
static kern_return_t become_manager(mach_port_t manager)
{
	kern_return_t result = vm_set_default_memory_manager(host_priv, &manager);

	if (result == KERN_SUCCESS && MACH_PORT_VALID(manager))
		mach_port_deallocate(mach_task_self(), manager);
	return result;
}

int main(int argc, char **argv)
{
	const char *disk = argc > 3 ? argv[3] : "rd0";
	mach_port_t set, manager;
	kern_return_t result;

	if (argc < 3) {
		printf("[default-pager] I need the privileged host port and the device master port.\n");
		return 1;
	}
	host_priv = atoi(argv[1]);
	pages_init(host_priv);
	result = store_open(atoi(argv[2]), disk);
	if (result == KERN_SUCCESS)
		result = make_tables();
	if (result == KERN_SUCCESS)
		result = make_ports(&set, &manager);
	if (result == KERN_SUCCESS)
		result = wire_self();
	if (result == KERN_SUCCESS)
		result = become_manager(manager);
	if (result == KERN_SUCCESS) {
		printf("[default-pager] Pages go to %s, which has room for %u.\n", disk,
			store_slots());
		result = serve_for_ever(set);
	}
	mach_error("[default-pager] FAILED", result);
	return 1;
}
