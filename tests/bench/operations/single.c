/* SPDX-License-Identifier: BSD-2-Clause */
/* Operations that need no server. */
#include "single.h"

#include <mach.h>
#include <mach/vm_param.h>
#include <stddef.h>

#include "../common/measure.h"

#define MEGABYTE	(1024 * 1024)

static void do_trap(void *unused)
{
	(void) unused;
	null_trap();
}

void measure_trap(void)
{
	measure("trap-empty", do_trap, NULL, NULL);
}

/* --- a kernel RPC ---------------------------------------------------------------------------- */

static void do_kernel_rpc(void *argument)
{
	mach_port_type_t type;

	mach_port_type(mach_task_self(), *(mach_port_t *) argument, &type);
}

void measure_kernel_rpc(void)
{
	mach_port_t port = mach_reply_port();

	measure("rpc-kernel", do_kernel_rpc, &port, NULL);
	mach_port_destroy(mach_task_self(), port);
}

/* --- a new port ------------------------------------------------------------------------------ */

struct new_ports {
	unsigned int	count;
	mach_port_t	port[BATCH];
};

static void allocate_port(void *argument)
{
	struct new_ports *ports = argument;

	ports->port[ports->count++] = mach_reply_port();
}

static void free_ports(void *argument)
{
	struct new_ports *ports = argument;

	while (ports->count > 0)
		mach_port_destroy(mach_task_self(), ports->port[--ports->count]);
}

void measure_port_allocate(void)
{
	static struct new_ports ports;

	measure("port-allocate", allocate_port, &ports, free_ports);
}

/* --- a page of memory ------------------------------------------------------------------------ */

static void use_page(void *unused)
{
	vm_offset_t address = 0;

	(void) unused;
	must("allocate", syscall_vm_allocate(mach_task_self(), &address, PAGE_SIZE, TRUE));
	*(volatile char *) address = 1;
	must("deallocate", syscall_vm_deallocate(mach_task_self(), address, PAGE_SIZE));
}

void measure_page_fault(void)
{
	measure("page-fault", use_page, NULL, NULL);
}

/* --- messages to oneself --------------------------------------------------------------------- */

struct self_message {
	mach_msg_header_t	header;
	mach_msg_type_long_t	type;
	vm_offset_t		data;
	char			room[64];
};

struct self {
	mach_port_t		port;
	mach_msg_bits_t		bits;
	mach_msg_size_t		size;
	vm_offset_t		memory;
	struct self_message	message;
};

static void send_self(void *argument)
{
	struct self *self = argument;

	self->message.header = (mach_msg_header_t) {
		.msgh_bits = self->bits,
		.msgh_size = self->size,
		.msgh_remote_port = self->port,
	};
	mach_msg_trap(&self->message.header, MACH_SEND_MSG | MACH_RCV_MSG, self->size,
		sizeof self->message, self->port, MACH_MSG_TIMEOUT_NONE, MACH_PORT_NULL);
}

static void open_self(struct self *self)
{
	self->bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, 0);
	self->size = sizeof self->message.header;
	self->port = mach_reply_port();
	must("send right", mach_port_insert_right(mach_task_self(), self->port, self->port,
		MACH_MSG_TYPE_MAKE_SEND));
}

void measure_send_self(void)
{
	static struct self self;

	open_self(&self);
	measure("send-self", send_self, &self, NULL);
	mach_port_destroy(mach_task_self(), self.port);
}

/* A megabyte goes out of line and is given up by the receiver, unread. */
static void send_memory(void *argument)
{
	struct self *self = argument;

	self->message.type = (mach_msg_type_long_t) {
		.msgtl_header.msgt_longform = TRUE,
		.msgtl_name = MACH_MSG_TYPE_BYTE,
		.msgtl_size = 8,
		.msgtl_number = MEGABYTE,
	};
	self->message.data = self->memory;
	send_self(self);
	must("free", syscall_vm_deallocate(mach_task_self(), self->message.data, MEGABYTE));
}

void measure_out_of_line(void)
{
	static struct self self;

	open_self(&self);
	must("memory", vm_allocate(mach_task_self(), &self.memory, MEGABYTE, TRUE));
	for (vm_offset_t at = 0; at < MEGABYTE; at += PAGE_SIZE)
		*(volatile char *) (self.memory + at) = 1;
	self.bits |= MACH_MSGH_BITS_COMPLEX;
	self.size = sizeof self.message.header + sizeof self.message.type
		+ sizeof self.message.data;
	measure("send-self-megabyte", send_memory, &self, NULL);
	vm_deallocate(mach_task_self(), self.memory, MEGABYTE);
	mach_port_destroy(mach_task_self(), self.port);
}
