/* SPDX-License-Identifier: BSD-2-Clause */
#include "example.h"

#include <libmach/thread.h>
#include <mach.h>
#include <mach/gnumach.h>

#define LEAKED	100

static mach_port_t full;

static mach_msg_return_t send(mach_msg_option_t option)
{
	mach_msg_header_t header = {
		.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, 0),
		.msgh_size = sizeof header,
		.msgh_remote_port = full,
	};

	return mach_msg(&header, MACH_SEND_MSG | option, sizeof header, 0, MACH_PORT_NULL, 0,
		MACH_PORT_NULL);
}

static void wait_to_send(void *unused)
{
	(void) unused;
	send(MACH_MSG_OPTION_NONE);
}

static kern_return_t leak(mach_port_t task)
{
	mach_port_t port = mach_reply_port();
	kern_return_t result = KERN_SUCCESS;

	for (int i = 0; i < LEAKED && result == KERN_SUCCESS; i++)
		result = mach_port_insert_right(task, 0x1000 + i, port,
			MACH_MSG_TYPE_MAKE_SEND_ONCE);
	return result;
}

/* A port that is full, and a thread that does not know. */
static kern_return_t make_stuck(mach_port_t task)
{
	mach_port_t there, thread;
	mach_msg_type_name_t type;
	kern_return_t result = mach_port_allocate(task, MACH_PORT_RIGHT_RECEIVE, &there);

	if (result == KERN_SUCCESS)
		result = mach_port_extract_right(task, there, MACH_MSG_TYPE_MAKE_SEND, &full,
			&type);
	if (result != KERN_SUCCESS)
		return result;
	while (send(MACH_SEND_TIMEOUT) == MACH_MSG_SUCCESS)
		continue;
	result = mach_thread_start(wait_to_send, NULL, &thread);
	for (int i = 0; i < 10; i++)
		swtch_pri(0);
	return result;
}

kern_return_t example_make(mach_port_t *task)
{
	kern_return_t result = task_create(mach_task_self(), FALSE, task);

	if (result == KERN_SUCCESS)
		result = task_set_name(*task, "example");
	if (result == KERN_SUCCESS)
		result = leak(*task);
	if (result == KERN_SUCCESS)
		result = make_stuck(*task);
	return result;
}

void example_end(mach_port_t task)
{
	task_terminate(task);
}
