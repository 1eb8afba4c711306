/* SPDX-License-Identifier: BSD-2-Clause */
/* Making ports and looking at names. */
#include "ports.h"

#include <mach.h>

#include "tap.h"

mach_port_t port_new(void)
{
	mach_port_t port = MACH_PORT_NULL;

	EXPECT(mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE, &port),
		KERN_SUCCESS);
	return port;
}

void port_make_send(mach_port_t port)
{
	EXPECT(mach_port_insert_right(mach_task_self(), port, port, MACH_MSG_TYPE_MAKE_SEND),
		KERN_SUCCESS);
}

mach_port_t port_new_with_send(unsigned int references)
{
	mach_port_t port = port_new();

	while (references-- > 0)
		port_make_send(port);
	return port;
}

mach_port_t port_new_set(void)
{
	mach_port_t set = MACH_PORT_NULL;

	EXPECT(mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_PORT_SET, &set),
		KERN_SUCCESS);
	return set;
}

mach_port_t port_new_dead(void)
{
	mach_port_t name = MACH_PORT_NULL;

	EXPECT(mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_DEAD_NAME, &name),
		KERN_SUCCESS);
	return name;
}

mach_port_t port_make_send_once(mach_port_t port)
{
	mach_port_t name = MACH_PORT_NULL;
	mach_msg_type_name_t type;

	EXPECT(mach_port_extract_right(mach_task_self(), port, MACH_MSG_TYPE_MAKE_SEND_ONCE,
		&name, &type), KERN_SUCCESS);
	return name;
}

void port_destroy(mach_port_t port)
{
	EXPECT(mach_port_destroy(mach_task_self(), port), KERN_SUCCESS);
}

mach_port_type_t port_type(mach_port_t name)
{
	mach_port_type_t type = 0;

	mach_port_type(mach_task_self(), name, &type);
	return type;
}

mach_port_urefs_t port_refs(mach_port_t name, mach_port_right_t right)
{
	mach_port_urefs_t refs = 0;

	mach_port_get_refs(mach_task_self(), name, right, &refs);
	return refs;
}

mach_port_status_t port_status(mach_port_t name)
{
	mach_port_status_t status = { 0 };

	EXPECT(mach_port_get_receive_status(mach_task_self(), name, &status), KERN_SUCCESS);
	return status;
}

kern_return_t port_request(mach_port_t name, mach_msg_id_t kind, mach_port_mscount_t sync,
	mach_port_t notify)
{
	mach_port_t previous = MACH_PORT_NULL;
	kern_return_t result = mach_port_request_notification(mach_task_self(), name, kind, sync,
		notify, MACH_MSG_TYPE_MAKE_SEND_ONCE, &previous);

	if (result == KERN_SUCCESS && MACH_PORT_VALID(previous))
		mach_port_deallocate(mach_task_self(), previous);
	return result;
}

natural_t port_count(void)
{
	mach_msg_type_number_t count = 0, type_count = 0;
	mach_port_type_t *types;
	mach_port_t *names;

	EXPECT(mach_port_names(mach_task_self(), &names, &count, &types, &type_count),
		KERN_SUCCESS);
	vm_deallocate(mach_task_self(), (vm_address_t) names, count * sizeof names[0]);
	vm_deallocate(mach_task_self(), (vm_address_t) types, count * sizeof types[0]);
	return count;
}
