/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Releasing what a message holds.  Type names are read as the receiver sees them (what the
 * message carries is ours); the MAKE and COPY forms of a message never sent hold nothing.  The
 * local port of a received message is no right: it is the name of the port it came to.
 */
#include <libmach/server.h>
#include <mach.h>

/* One item of a body: its type, and where its data are. */
struct item {
	unsigned int	name;
	boolean_t	is_inline;
	boolean_t	deallocate;
	natural_t	number;
	vm_size_t	length;		/* bytes */
	vm_offset_t	data;
};

static void destroy_right(mach_port_t port, unsigned int type)
{
	switch (type) {
	case MACH_MSG_TYPE_MOVE_SEND:
	case MACH_MSG_TYPE_MOVE_SEND_ONCE:
		if (MACH_PORT_VALID(port))
			mach_port_deallocate(mach_task_self(), port);
		break;
	case MACH_MSG_TYPE_MOVE_RECEIVE:
		if (MACH_PORT_VALID(port))
			mach_port_mod_refs(mach_task_self(), port, MACH_PORT_RIGHT_RECEIVE, -1);
		break;
	}
}

static void destroy_item(const struct item *item)
{
	const mach_port_t *ports = (const mach_port_t *) item->data;

	if (MACH_MSG_TYPE_PORT_ANY(item->name))
		for (natural_t i = 0; i < item->number; i++)
			destroy_right(ports[i], item->name);
	if (!item->is_inline && item->deallocate && item->length > 0)
		vm_deallocate(mach_task_self(), item->data, item->length);
}

/* Reads the item at an address; returns where the next one is. */
static vm_offset_t read_item(vm_offset_t at, struct item *item)
{
	const mach_msg_type_t *type = (const mach_msg_type_t *) at;
	const mach_msg_type_long_t *long_type = (const mach_msg_type_long_t *) at;
	unsigned int size;

	item->is_inline = type->msgt_inline;
	item->deallocate = type->msgt_deallocate;
	if (type->msgt_longform) {
		item->name = long_type->msgtl_name;
		item->number = long_type->msgtl_number;
		size = long_type->msgtl_size;
		at += sizeof *long_type;
	} else {
		item->name = type->msgt_name;
		item->number = type->msgt_number;
		size = type->msgt_size;
		at += sizeof *type;
	}
	item->length = ((unsigned long long) item->number * size + 7) >> 3;
	if (item->is_inline) {
		item->data = at;
		return at + ((item->length + 3) & ~(vm_size_t) 3);
	}
	item->data = *(vm_offset_t *) at;
	return at + sizeof(vm_offset_t);
}

void mach_msg_destroy(mach_msg_header_t *message)
{
	vm_offset_t at = (vm_offset_t) (message + 1);
	vm_offset_t end = (vm_offset_t) message + message->msgh_size;
	struct item item;

	destroy_right(message->msgh_remote_port, MACH_MSGH_BITS_REMOTE(message->msgh_bits));
	if (!(message->msgh_bits & MACH_MSGH_BITS_COMPLEX))
		return;
	while (at < end) {
		at = read_item(at, &item);
		destroy_item(&item);
	}
}
