/* SPDX-License-Identifier: BSD-2-Clause */
/* A task that takes all the memory that it can get, in several ways at once, and keeps it. */
#include <libmach/thread.h>
#include <mach.h>
#include <mach/thread_switch.h>
#include <mach/vm_param.h>

#include "../common/messages.h"
#include "storm.h"

#define BIG	0x100000u

static boolean_t fill_port(mach_msg_header_t *message, mach_msg_size_t size)
{
	mach_port_t port = mach_reply_port();

	if (port == MACH_PORT_NULL)
		return FALSE;
	*message = (mach_msg_header_t) {
		.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_MAKE_SEND, 0),
		.msgh_remote_port = port,
	};
	for (unsigned int i = 0; i < 5; i++)
		if (mach_msg_trap(message, MACH_SEND_MSG | MACH_SEND_TIMEOUT, size, 0,
				MACH_PORT_NULL, 0, MACH_PORT_NULL) != MACH_MSG_SUCCESS)
			return FALSE;
	return TRUE;
}

/* Of what each takes there is an end. */
static void take_messages(mach_msg_size_t size)
{
	vm_offset_t buffer = 0;

	if (vm_allocate(mach_task_self(), &buffer, size, TRUE) != KERN_SUCCESS)
		return;
	while (fill_port((mach_msg_header_t *) buffer, size))
		continue;
}

static void take_ports(unsigned int most)
{
	while (most-- > 0 && mach_reply_port() != MACH_PORT_NULL)
		continue;
}

static void take_tasks(unsigned int most)
{
	mach_port_t task, thread;

	while (most-- > 0 && syscall_task_create(mach_task_self(), TRUE, &task) == KERN_SUCCESS)
		if (thread_create(task, &thread) != KERN_SUCCESS)
			break;
}

/* The kernel refuses, or the memory is not there when it is touched, and the task ends. */
static void take_pages(void)
{
	vm_offset_t address;

	for (;;) {
		address = 0;
		if (syscall_vm_allocate(mach_task_self(), &address, BIG, TRUE) != KERN_SUCCESS)
			return;
		for (vm_offset_t a = address; a < address + BIG; a += PAGE_SIZE)
			*(volatile char *) a = 1;
	}
}

void hungry_child(void *argument)
{
	const struct hunger *hunger = argument;

	switch (hunger->kind) {
	case HUNGRY_FOR_MESSAGES:
		take_messages(BIG);
		take_messages(0x1000);
		take_messages(64);
		break;
	case HUNGRY_FOR_PORTS:
		take_ports(hunger->most);
		break;
	case HUNGRY_FOR_TASKS:
		take_tasks(hunger->most);
		break;
	case HUNGRY_FOR_PAGES:
		take_pages();
		break;
	}
	send_simple(NAME_SINK, 1);
	for (;;)
		thread_switch(MACH_PORT_NULL, SWITCH_OPTION_WAIT, 1000);
}
