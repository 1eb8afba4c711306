/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel_port.h"

#include <device/device.h>
#include <mach.h>
#include <mach/i386/mach_i386.h>
#include <mach/mach_host.h>
#include <mach/vm_param.h>

#include "tap.h"

#define SELF		mach_task_self()
#define QUIET_PORT	0x80		/* of the machine: nothing happens there */

static mach_port_t another_reference(mach_port_t port)
{
	EXPECT(mach_port_mod_refs(SELF, port, MACH_PORT_RIGHT_SEND, 1), KERN_SUCCESS);
	return port;
}

static mach_port_t new_task(void)
{
	mach_port_t task = MACH_PORT_NULL;

	EXPECT(task_create(SELF, FALSE, &task), KERN_SUCCESS);
	EXPECT(task_suspend(task), KERN_SUCCESS);
	return task;
}

static mach_port_t processor(void)
{
	processor_array_t list;
	mach_msg_type_number_t count;
	mach_port_t port;

	if (!EXPECT(host_processors(tap_host_priv, &list, &count), KERN_SUCCESS))
		return MACH_PORT_NULL;
	port = list[0];
	EXPECT(vm_deallocate(SELF, (vm_offset_t) list, count * sizeof *list), KERN_SUCCESS);
	return port;
}

static mach_port_t set(boolean_t its_name)
{
	mach_port_t name = MACH_PORT_NULL, port = MACH_PORT_NULL;

	EXPECT(processor_set_default(tap_host_priv, &name), KERN_SUCCESS);
	if (its_name)
		return name;
	EXPECT(host_processor_set_priv(tap_host_priv, name, &port), KERN_SUCCESS);
	EXPECT(mach_port_deallocate(SELF, name), KERN_SUCCESS);
	return port;
}

struct kernel_port kernel_port_new(enum kernel_kind kind)
{
	struct kernel_port port = { .kind = kind };

	switch (kind) {
	case KERNEL_TASK:
		port.name = new_task();
		break;
	case KERNEL_THREAD:
		port.task = new_task();
		EXPECT(thread_create(port.task, &port.name), KERN_SUCCESS);
		break;
	case KERNEL_HOST:
		port.name = mach_host_self();
		break;
	case KERNEL_HOST_PRIV:
		port.name = another_reference(tap_host_priv);
		break;
	case KERNEL_MASTER:
		port.name = another_reference(tap_device_master);
		break;
	case KERNEL_PROCESSOR:
		port.name = processor();
		break;
	case KERNEL_SET:
	case KERNEL_SET_NAME:
		port.name = set(kind == KERNEL_SET_NAME);
		break;
	case KERNEL_DEVICE:
		EXPECT(device_open(tap_device_master, 0, "irq", &port.name), KERN_SUCCESS);
		break;
	default:
		EXPECT(i386_io_perm_create(tap_device_master, QUIET_PORT, QUIET_PORT, &port.name),
			KERN_SUCCESS);
	}
	return port;
}

void kernel_port_end(struct kernel_port *port)
{
	if (port->kind == KERNEL_TASK)
		task_terminate(port->name);
	if (port->kind == KERNEL_THREAD) {
		EXPECT(task_terminate(port->task), KERN_SUCCESS);
		EXPECT(mach_port_deallocate(SELF, port->task), KERN_SUCCESS);
	}
	EXPECT(mach_port_deallocate(SELF, port->name), KERN_SUCCESS);
}

const char *kernel_port_text(enum kernel_kind kind)
{
	static const char *const texts[KERNEL_KINDS] = {
		"task", "thread", "host", "privileged host", "device master", "processor",
		"processor set", "processor set name", "device", "I/O permission",
	};

	return texts[kind];
}
