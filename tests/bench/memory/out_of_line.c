/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory out of line, in a message to oneself: sent, received, touched as the row's name says, and
 * given up by the receiver.  The sender has written all pages before, each time.
 */
#include <libmach/print.h>
#include <libmach/string.h>
#include <mach.h>
#include <mach/vm_param.h>

#include "../common/measure.h"
#include "rows.h"

#define TIMES		6

struct memory_message {
	mach_msg_header_t	header;
	mach_msg_type_long_t	type;
	vm_offset_t		data;
	char			room[64];
};

struct parcel {
	mach_port_t		port;
	vm_size_t		size;
	boolean_t		move;		/* send with deallocate */
	enum use { UNTOUCHED, READ, WRITTEN } use;
	vm_offset_t		memory;
	struct memory_message	message;
};

static void prepare(void *argument)
{
	struct parcel *parcel = argument;

	if (parcel->memory == 0)
		must("allocate", vm_allocate(SELF, &parcel->memory, parcel->size, TRUE));
	touch(parcel->memory, parcel->size);
	parcel->message.header = (mach_msg_header_t) {
		.msgh_bits = MACH_MSGH_BITS_COMPLEX | MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, 0),
		.msgh_size = offsetof(struct memory_message, room),
		.msgh_remote_port = parcel->port,
	};
	parcel->message.type = (mach_msg_type_long_t) {
		.msgtl_header.msgt_longform = TRUE,
		.msgtl_header.msgt_deallocate = parcel->move,
		.msgtl_name = MACH_MSG_TYPE_BYTE,
		.msgtl_size = 8,
		.msgtl_number = parcel->size,
	};
	parcel->message.data = parcel->memory;
}

static void read_pages(vm_offset_t address, vm_size_t size)
{
	for (vm_offset_t end = address + size; address < end; address += PAGE_SIZE)
		(void) *(volatile uint32_t *) address;
}

static void send(void *argument)
{
	struct parcel *parcel = argument;
	struct memory_message *message = &parcel->message;

	mach_msg_trap(&message->header, MACH_SEND_MSG | MACH_RCV_MSG, message->header.msgh_size,
		sizeof *message, parcel->port, MACH_MSG_TIMEOUT_NONE, MACH_PORT_NULL);
	if (parcel->use == READ)
		read_pages(message->data, parcel->size);
	else if (parcel->use == WRITTEN)
		touch(message->data, parcel->size);
	must("free", syscall_vm_deallocate(SELF, message->data, parcel->size));
}

static void clean(void *argument)
{
	struct parcel *parcel = argument;

	must("message", parcel->message.header.msgh_local_port == parcel->port ? KERN_SUCCESS
		: KERN_FAILURE);
	if (parcel->move)
		parcel->memory = 0;
}

void measure_out_of_line(const char *size_name, vm_size_t size)
{
	static const char *const use_names[] = { "", "-read", "-written" };
	static struct parcel parcel;

	parcel.port = mach_reply_port();
	parcel.size = size;
	must("send right", mach_port_insert_right(SELF, parcel.port, parcel.port,
		MACH_MSG_TYPE_MAKE_SEND));
	for (unsigned int i = 0; i < 6; i++) {
		char name[40];

		parcel.move = i >= 3;
		parcel.use = i % 3;
		snprintf(name, sizeof name, "out-of-line-%s-%s%s", size_name,
			parcel.move ? "move" : "copy", use_names[parcel.use]);
		measure_each(name, TIMES, send, &parcel, prepare, clean);
		if (parcel.memory != 0)
			must("free", vm_deallocate(SELF, parcel.memory, size));
		parcel.memory = 0;
	}
	mach_port_destroy(SELF, parcel.port);
}
