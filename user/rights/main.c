/* SPDX-License-Identifier: BSD-2-Clause */
/* A client that passes port rights: a send right first, then a receive right. */
#include <libmach/print.h>
#include <mach.h>

#include "echo.h"
#include "netname.h"

#define CALL_ID		42
#define MESSAGES	3

union message {
	mach_msg_header_t		header;
	mach_no_senders_notification_t	no_senders;
	mach_dead_name_notification_t	dead_name;
	char				room[64];
};

static kern_return_t receive(mach_port_t port, union message *message)
{
	return mach_msg(&message->header, MACH_RCV_MSG, 0, sizeof *message, port,
		MACH_MSG_TIMEOUT_NONE, MACH_PORT_NULL);
}

static kern_return_t request(mach_port_t port, mach_msg_id_t kind, mach_port_t notify)
{
	mach_port_t previous;

	return mach_port_request_notification(mach_task_self(), port, kind, 1, notify,
		MACH_MSG_TYPE_MAKE_SEND_ONCE, &previous);
}

/* The server gets a send right, calls us back with it, and gives it up. */
static kern_return_t pass_send_right(mach_port_t echo, mach_port_t port, mach_port_t notify)
{
	union message message;
	kern_return_t result = request(port, MACH_NOTIFY_NO_SENDERS, notify);

	if (result != KERN_SUCCESS)
		return result;
	printf("[rights] I made a port (my name for it: %u) and give echo a send right.\n", port);
	result = echo_call(echo, port, CALL_ID);
	if (result == KERN_SUCCESS)
		result = receive(port, &message);
	if (result != KERN_SUCCESS)
		return result;
	printf("[rights] The server used it: a message with id %d came to my port.\n",
		message.header.msgh_id);
	result = receive(notify, &message);
	if (result == KERN_SUCCESS && message.header.msgh_id == MACH_NOTIFY_NO_SENDERS)
		printf("[rights] And gave it up: no senders are left, says a notification.\n");
	return result;
}

static kern_return_t send_to_myself(mach_port_t port, int id)
{
	mach_msg_header_t message = {
		.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, 0),
		.msgh_remote_port = port,
		.msgh_id = id,
	};

	return mach_msg(&message, MACH_SEND_MSG, sizeof message, 0, MACH_PORT_NULL,
		MACH_MSG_TIMEOUT_NONE, MACH_PORT_NULL);
}

static kern_return_t fill_queue(mach_port_t port)
{
	kern_return_t result = mach_port_insert_right(mach_task_self(), port, port,
		MACH_MSG_TYPE_MAKE_SEND);

	for (int id = 1; id <= MESSAGES && result == KERN_SUCCESS; id++)
		result = send_to_myself(port, id);
	return result;
}

/* The receive right moves with its queue; what stays with us is a send right. */
static kern_return_t pass_receive_right(mach_port_t echo, mach_port_t port, mach_port_t notify)
{
	union message message;
	int messages, sum;
	kern_return_t result = fill_queue(port);

	if (result == KERN_SUCCESS)
		result = request(port, MACH_NOTIFY_DEAD_NAME, notify);
	if (result != KERN_SUCCESS)
		return result;
	printf("[rights] I queued %d messages in my port, and now move its receive right.\n",
		MESSAGES);
	result = echo_drain(echo, port, &messages, &sum);
	if (result != KERN_SUCCESS)
		return result;
	printf("[rights] The queue went with it: the server took %d messages, sum of ids %d.\n",
		messages, sum);
	result = receive(notify, &message);
	if (result == KERN_SUCCESS && message.header.msgh_id == MACH_NOTIFY_DEAD_NAME)
		printf("[rights] It destroyed the port: my send right %u is a dead name now.\n",
			message.dead_name.not_port);
	return result;
}

int main(void)
{
	mach_port_t names, echo, port = mach_reply_port(), notify = mach_reply_port();
	kern_return_t result;

	result = task_get_bootstrap_port(mach_task_self(), &names);
	if (result == KERN_SUCCESS)
		result = netname_look_up(names, "", "echo", &echo);
	if (result == KERN_SUCCESS)
		result = pass_send_right(echo, port, notify);
	if (result == KERN_SUCCESS)
		result = pass_receive_right(echo, port, notify);
	if (result != KERN_SUCCESS)
		mach_error("[rights] FAILED", result);
	return result;
}
