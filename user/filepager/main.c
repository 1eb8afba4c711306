/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A pager: a server whose file others have as memory.  user/filemap is a client.
 *
 * Arguments: the device master port and the name of a device, whose contents are the file; or none,
 * then it is a text in our own memory.  With a module that the boot script makes a ramdisk,
 * the file is that module's contents.
 *
 * Two ports: one for file_open (file.defs), found by the name "file", and the memory object itself
 * (object.c).  Both are in one set, so that one loop serves them.
 */
#include <libmach/print.h>
#include <libmach/string.h>
#include <mach.h>

#include "contents.h"
#include "file_server.h"
#include "netname.h"

#define MESSAGE_SIZE	512
#define TEXT		"mach is a message, and memory is one too\n"

static mach_port_t object;

kern_return_t serve_file_open(mach_port_t server, mach_port_t *port, vm_size_t *size)
{
	(void) server;
	*port = object;		/* the reply makes a send right of our receive right */
	*size = contents_size();
	return KERN_SUCCESS;
}

static boolean_t demux(mach_msg_header_t *request, mach_msg_header_t *reply)
{
	return file_server(request, reply) || memory_object_server(request, reply);
}

static kern_return_t new_member(mach_port_t set, mach_port_t *port)
{
	kern_return_t result;

	result = mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE, port);
	if (result == KERN_SUCCESS)
		result = mach_port_move_member(mach_task_self(), *port, set);
	return result;
}

static kern_return_t check_in(mach_port_t service)
{
	mach_port_t names;
	kern_return_t result;

	result = mach_port_insert_right(mach_task_self(), service, service,
		MACH_MSG_TYPE_MAKE_SEND);
	if (result == KERN_SUCCESS)
		result = task_get_bootstrap_port(mach_task_self(), &names);
	if (result == KERN_SUCCESS)
		result = netname_check_in(names, "file", MACH_PORT_NULL, service);
	return result;
}

int main(int argc, char **argv)
{
	mach_port_t set, service;
	kern_return_t result;

	result = argc < 3 ? contents_in_memory(TEXT) : contents_on_device(atoi(argv[1]), argv[2]);
	if (result == KERN_SUCCESS)
		result = mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_PORT_SET, &set);
	if (result == KERN_SUCCESS)
		result = new_member(set, &object);
	if (result == KERN_SUCCESS)
		result = new_member(set, &service);
	if (result == KERN_SUCCESS)
		result = check_in(service);
	if (result == KERN_SUCCESS)
		result = mach_msg_server(demux, MESSAGE_SIZE, set);
	mach_error("[filepager] FAILED", result);
	return 1;
}
