/* SPDX-License-Identifier: BSD-2-Clause */
/* The echo server: checks its port in with the name server and answers, for ever. */
#include <libmach/print.h>
#include <libmach/string.h>
#include <mach.h>

#include "echo_server.h"
#include "netname.h"

#define MESSAGE_SIZE	1024

/* What echo_keep has brought. */
static vm_offset_t kept;
static vm_size_t kept_size;

kern_return_t serve_echo_nothing(mach_port_t server)
{
	(void) server;
	return KERN_SUCCESS;
}

kern_return_t serve_echo_text(mach_port_t server, const_echo_text_t text, echo_text_t answer)
{
	(void) server;
	snprintf(answer, sizeof(echo_text_t), "%s", text);
	return KERN_SUCCESS;
}

kern_return_t serve_echo_call(mach_port_t server, mach_port_t port, int id)
{
	mach_msg_header_t message = {
		.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_MOVE_SEND, 0),
		.msgh_remote_port = port,
		.msgh_id = id,
	};

	(void) server;
	printf("[echo] A send right came: my name for it is %u. I use it and give it up.\n", port);
	return mach_msg(&message, MACH_SEND_MSG, sizeof message, 0, MACH_PORT_NULL,
		MACH_MSG_TIMEOUT_NONE, MACH_PORT_NULL);
}

kern_return_t serve_echo_drain(mach_port_t server, mach_port_t port, int *messages, int *sum)
{
	mach_msg_header_t message;

	(void) server;
	printf("[echo] A receive right came: my name for it is %u.\n", port);
	*messages = *sum = 0;
	while (mach_msg(&message, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, sizeof message, port,
			0, MACH_PORT_NULL) == MACH_MSG_SUCCESS) {
		++*messages;
		*sum += message.msgh_id;
	}
	return mach_port_mod_refs(mach_task_self(), port, MACH_PORT_RIGHT_RECEIVE, -1);
}

static void drop_kept(void)
{
	if (kept_size > 0)
		vm_deallocate(mach_task_self(), kept, kept_size);
	kept_size = 0;
}

kern_return_t serve_echo_keep(mach_port_t server, pointer_t data, mach_msg_type_number_t size)
{
	(void) server;
	drop_kept();
	kept = data;
	kept_size = size;
	printf("[echo] %u bytes came out of line: they are at address 0x%x here.\n", size, data);
	return KERN_SUCCESS;
}

kern_return_t serve_echo_sum(mach_port_t server, unsigned int *sum)
{
	const unsigned char *bytes = (const unsigned char *) kept;

	(void) server;
	*sum = 0;
	for (vm_size_t i = 0; i < kept_size; i++)
		*sum += bytes[i];
	return KERN_SUCCESS;
}

/* The reply moves the memory: it is no longer ours when it has been sent. */
kern_return_t serve_echo_return(mach_port_t server, pointer_t *data, mach_msg_type_number_t *size)
{
	(void) server;
	*data = kept;
	*size = kept_size;
	kept_size = 0;
	return KERN_SUCCESS;
}

int main(void)
{
	mach_port_t names, service = mach_reply_port();
	kern_return_t result;

	result = task_get_bootstrap_port(mach_task_self(), &names);
	if (result == KERN_SUCCESS)
		result = mach_port_insert_right(mach_task_self(), service, service,
			MACH_MSG_TYPE_MAKE_SEND);
	if (result == KERN_SUCCESS)
		result = netname_check_in(names, "echo", MACH_PORT_NULL, service);
	if (result == KERN_SUCCESS)
		result = mach_msg_server(echo_server, MESSAGE_SIZE, service);
	mach_error("[echo] cannot go on", result);
	return 1;
}
