/* SPDX-License-Identifier: BSD-2-Clause */
/* Hearing of the deaths of ports. */
#include "watch.h"

#include <mach.h>

static mach_port_t notify_port;

void watch_init(mach_port_t notify)
{
	notify_port = notify;
}

kern_return_t watch_death(mach_port_t name)
{
	mach_port_t previous;
	kern_return_t result;

	result = mach_port_request_notification(mach_task_self(), name, MACH_NOTIFY_DEAD_NAME,
		TRUE, notify_port, MACH_MSG_TYPE_MAKE_SEND_ONCE, &previous);
	if (result == KERN_SUCCESS && MACH_PORT_VALID(previous))
		mach_port_deallocate(mach_task_self(), previous);
	return result;
}
