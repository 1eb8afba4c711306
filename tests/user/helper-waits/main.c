/* SPDX-License-Identifier: BSD-2-Clause */
/* A program that waits for ever, with a message in a queue that nobody reads: to be looked at. */
#include <mach.h>
#include <mach/gnumach.h>
#include <libmach/print.h>

static mach_port_t receive_right(void)
{
	mach_port_t port;

	if (mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE, &port) != KERN_SUCCESS)
		printf("no port\n");
	return port;
}

int main(void)
{
	mach_port_t unread = receive_right(), quiet = receive_right();
	mach_msg_header_t message = {
		.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_MAKE_SEND, 0),
		.msgh_remote_port = unread,
		.msgh_id = 4711,
	};

	task_set_name(mach_task_self(), "waits");
	if (mach_msg(&message, MACH_SEND_MSG, sizeof(message), 0, 0, 0, 0) != MACH_MSG_SUCCESS)
		printf("not sent\n");
	printf("waiting\n");
	return mach_msg(&message, MACH_RCV_MSG, 0, sizeof(message), quiet, 0, 0);
}
