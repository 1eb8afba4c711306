/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The first program: keeps the names under which servers can be found, and starts the other
 * programs.  How they find it: before it resumes a task that the kernel has made, it makes its
 * own port that task's bootstrap port.
 *
 * Arguments: the privileged host port, then the steps (steps.h).  After the last one the machine
 * is halted.
 */
#include <libmach/print.h>
#include <libmach/string.h>
#include <mach.h>
#include <mach/mach_host.h>
#include <mach/reboot.h>
#include <servers/netname_defs.h>

#include "names.h"
#include "netname_server.h"
#include "steps.h"
#include "watch.h"

#define VERSION		"Porter's name server"
#define MESSAGE_SIZE	512

static mach_port_t host_priv;

static void next_step(void)
{
	if (steps_next())
		return;
	printf("[names] That was all: halting.\n");
	host_reboot(host_priv, RB_HALT);
}

kern_return_t serve_netname_check_in(mach_port_t server, const_netname_name_t name,
	mach_port_t signature, mach_port_t port)
{
	kern_return_t result;

	(void) server;
	result = names_enter(name, port, signature);
	if (result != KERN_SUCCESS)
		return result;
	watch_death(port);
	printf("[names] \"%s\" is checked in: my name for its port is %u.\n", name, port);
	if (steps_checked_in())
		next_step();
	return KERN_SUCCESS;
}

/* The reply gives a copy of the right, so the caller's count is as before. */
kern_return_t serve_netname_look_up(mach_port_t server, const_netname_name_t host,
	const_netname_name_t name, mach_port_t *port, mach_msg_type_name_t *type)
{
	mach_port_t found;

	(void) server;
	if (host[0] != '\0' && strcmp(host, "*") != 0)
		return NETNAME_NO_SUCH_HOST;
	found = names_find(name);
	if (found == MACH_PORT_NULL)
		return NETNAME_NOT_CHECKED_IN;
	*port = found;
	*type = MACH_MSG_TYPE_COPY_SEND;
	return NETNAME_SUCCESS;
}

/* A routine that succeeds owns what the request brought. */
kern_return_t serve_netname_check_out(mach_port_t server, const_netname_name_t name,
	mach_port_t signature)
{
	kern_return_t result;

	(void) server;
	result = names_remove(name, signature);
	if (result == NETNAME_SUCCESS && MACH_PORT_VALID(signature))
		mach_port_deallocate(mach_task_self(), signature);
	return result;
}

kern_return_t serve_netname_version(mach_port_t server, netname_name_t version)
{
	(void) server;
	strcpy(version, VERSION);
	return NETNAME_SUCCESS;
}

/* The name has one reference more than what we held: that is the notification's. */
static void port_died(mach_port_t name)
{
	boolean_t step_over = steps_task_died(name);

	names_remove_port(name);
	mach_port_deallocate(mach_task_self(), name);
	if (step_over)
		next_step();
}

static boolean_t demux(mach_msg_header_t *request, mach_msg_header_t *reply)
{
	if (request->msgh_id != MACH_NOTIFY_DEAD_NAME)
		return netname_server(request, reply);
	port_died(((mach_dead_name_notification_t *) request)->not_port);
	((mig_reply_header_t *) reply)->RetCode = MIG_NO_REPLY;
	return TRUE;
}

int main(int argc, char **argv)
{
	mach_port_t service;
	kern_return_t result;

	if (argc < 2) {
		printf("[names] I need the privileged host port as my first argument.\n");
		return 1;
	}
	host_priv = atoi(argv[1]);
	service = mach_reply_port();
	mach_port_insert_right(mach_task_self(), service, service, MACH_MSG_TYPE_MAKE_SEND);
	printf("[names] I am the first program; the privileged host port has the name %u here.\n"
		"[names] I start the others, one after the other, as their bootstrap port.\n",
		host_priv);
	watch_init(service);
	steps_init(service, argv + 2);
	next_step();
	result = mach_msg_server(demux, MESSAGE_SIZE, service);
	mach_error("[names] receive", result);
	return 1;
}
