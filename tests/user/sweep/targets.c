/* SPDX-License-Identifier: BSD-2-Clause */
/* A port of every kind. */
#include <device/device.h>
#include <mach.h>
#include <mach/i386/mach_i386.h>
#include <mach/mach4.h>
#include <mach/mach_host.h>
#include <mach/mach_traps.h>
#include <mach/vm_param.h>

#include "../common/messages.h"
#include "../common/ports.h"
#include "../common/tap.h"
#include "tests.h"

#define INIT_ID		2200
#define TERMINATE_ID	2201
#define MISSING_NAME	0x7ffffff3u
#define QUIET_PORT	0x80		/* of the machine: nothing happens there */

const char *const kind_texts[KINDS] = {
	"task", "thread", "host", "privileged host", "device master", "processor",
	"processor set", "processor set name", "device", "I/O permission", "memory control",
	"memory name", "memory proxy", "ordinary port", "dead task", "dead thread", "dead name",
	"receive right", "port set", "no name", "null", "dead",
};

static mach_port_t another_reference(mach_port_t port)
{
	EXPECT(mach_port_mod_refs(SELF, port, MACH_PORT_RIGHT_SEND, 1), KERN_SUCCESS);
	return port;
}

static mach_port_t processor_port(void)
{
	processor_array_t list;
	mach_msg_type_number_t count;
	mach_port_t processor;

	if (!EXPECT(host_processors(tap_host_priv, &list, &count), KERN_SUCCESS))
		return MACH_PORT_NULL;
	processor = list[0];
	EXPECT(vm_deallocate(SELF, (vm_offset_t) list, count * sizeof *list), KERN_SUCCESS);
	return processor;
}

static void make_memory(struct targets *targets)
{
	struct message message;
	vm_offset_t zero = 0;
	vm_size_t size = PAGE_SIZE;

	targets->pager = port_new_with_send(1);
	targets->mapped = 0;
	EXPECT(vm_map(SELF, &targets->mapped, PAGE_SIZE, 0, TRUE, targets->pager, 0, FALSE,
		VM_PROT_DEFAULT, VM_PROT_ALL, VM_INHERIT_COPY), KERN_SUCCESS);
	EXPECT(message_receive_wait(&message, targets->pager, 2000), MACH_MSG_SUCCESS);
	EXPECT(message.header.msgh_id, INIT_ID);
	targets->port[KIND_CONTROL] = message.body[1];
	targets->port[KIND_MEMORY_NAME] = message.body[3];
	EXPECT(memory_object_create_proxy(SELF, VM_PROT_ALL, &targets->pager,
		MACH_MSG_TYPE_COPY_SEND, 1, &zero, 1, &zero, 1, &size, 1,
		&targets->port[KIND_PROXY]), KERN_SUCCESS);
}

static void make_dead(struct targets *targets)
{
	mach_port_t task, thread;

	EXPECT(task_create(SELF, FALSE, &task), KERN_SUCCESS);
	EXPECT(thread_create(task, &thread), KERN_SUCCESS);
	EXPECT(task_terminate(task), KERN_SUCCESS);
	targets->port[KIND_DEAD_TASK] = task;
	targets->port[KIND_DEAD_THREAD] = thread;
	targets->port[KIND_DEAD_NAME] = port_new_dead();
}

void targets_make(struct targets *targets)
{
	mach_port_t *port = targets->port, name;

	EXPECT(task_create(SELF, FALSE, &port[KIND_TASK]), KERN_SUCCESS);
	EXPECT(task_suspend(port[KIND_TASK]), KERN_SUCCESS);
	EXPECT(thread_create(port[KIND_TASK], &port[KIND_THREAD]), KERN_SUCCESS);
	port[KIND_HOST] = mach_host_self();
	port[KIND_HOST_PRIV] = another_reference(tap_host_priv);
	port[KIND_MASTER] = another_reference(tap_device_master);
	EXPECT(processor_set_default(tap_host_priv, &name), KERN_SUCCESS);
	port[KIND_SET_NAME] = name;
	EXPECT(host_processor_set_priv(tap_host_priv, name, &port[KIND_SET]), KERN_SUCCESS);
	EXPECT(device_open(tap_device_master, 0, "irq", &port[KIND_DEVICE]), KERN_SUCCESS);
	EXPECT(i386_io_perm_create(tap_device_master, QUIET_PORT, QUIET_PORT,
		&port[KIND_IO_PERM]), KERN_SUCCESS);
	make_memory(targets);
	port[KIND_ORDINARY] = port_new_with_send(1);
	make_dead(targets);
	port[KIND_RECEIVE] = port_new();
	port[KIND_PORT_SET] = port_new_set();
	port[KIND_NONE] = MISSING_NAME;
	port[KIND_NULL] = MACH_PORT_NULL;
	port[KIND_DEAD] = MACH_PORT_DEAD;
	port[KIND_PROCESSOR] = processor_port();
}

/* Unmapped: its pager is told, after all that it was told before. */
static void end_memory(struct targets *targets)
{
	struct message message;

	/* It may have been told to be cached. */
	memory_object_change_attributes(targets->port[KIND_CONTROL], FALSE, 0, MACH_PORT_NULL);
	EXPECT(vm_deallocate(SELF, targets->mapped, PAGE_SIZE), KERN_SUCCESS);
	do {
		if (!EXPECT(message_receive_wait(&message, targets->pager, 2000),
				MACH_MSG_SUCCESS))
			break;
		mach_msg_destroy(&message.header);
	} while (message.header.msgh_id != TERMINATE_ID);
	port_destroy(targets->pager);
}

void targets_end(struct targets *targets)
{
	task_terminate(targets->port[KIND_TASK]);
	end_memory(targets);
	for (enum kind kind = 0; kind < KIND_NONE; kind++) {
		mach_port_t port = targets->port[kind];
		mach_port_type_t type = port_type(port);

		if (type == MACH_PORT_TYPE_SEND || type == MACH_PORT_TYPE_DEAD_NAME)
			EXPECT(mach_port_deallocate(SELF, port), KERN_SUCCESS);
		else
			port_destroy(port);
	}
}
