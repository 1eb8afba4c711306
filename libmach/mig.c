/* SPDX-License-Identifier: BSD-2-Clause */
/* MIG's run-time: what the stubs call. */
#include <mach.h>
#include <mach/mig_support.h>

#include "thread_data.h"

#define MOD_REFS_ID	3208

static const mach_msg_type_t integer_type = {
	.msgt_name = MACH_MSG_TYPE_INTEGER_32,
	.msgt_size = 32,
	.msgt_number = 1,
	.msgt_inline = TRUE,
};

void mig_init(void *first)
{
	(void) first;
	thread_data_self()->reply_port = MACH_PORT_NULL;
}

mach_port_t mig_get_reply_port(void)
{
	struct thread_data *self = thread_data_self();

	if (self->reply_port == MACH_PORT_NULL)
		self->reply_port = mach_reply_port();
	return self->reply_port;
}

void mig_put_reply_port(mach_port_t port)
{
	(void) port;
}

/*
 * A stub calls this after an error, so it must not use a stub: a failure there would come back
 * here.  The request is sent by hand and asks for no reply.
 */
static void destroy_receive_right(mach_port_t port)
{
	struct {
		mach_msg_header_t	header;
		mach_msg_type_t		name_type;
		mach_port_name_t	name;
		mach_msg_type_t		right_type;
		mach_port_right_t	right;
		mach_msg_type_t		delta_type;
		mach_port_delta_t	delta;
	} request = {
		.header.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, 0),
		.header.msgh_remote_port = mach_task_self(),
		.header.msgh_id = MOD_REFS_ID,
		.name_type = integer_type,
		.name = port,
		.right_type = integer_type,
		.right = MACH_PORT_RIGHT_RECEIVE,
		.delta_type = integer_type,
		.delta = -1,
	};

	request.name_type.msgt_name = MACH_MSG_TYPE_PORT_NAME;
	mach_msg(&request.header, MACH_SEND_MSG, sizeof request, 0, MACH_PORT_NULL,
		MACH_MSG_TIMEOUT_NONE, MACH_PORT_NULL);
}

void mig_dealloc_reply_port(mach_port_t port)
{
	thread_data_self()->reply_port = MACH_PORT_NULL;
	if (MACH_PORT_VALID(port))
		destroy_receive_right(port);
}

void mig_allocate(vm_offset_t *address, vm_size_t size)
{
	if (vm_allocate(mach_task_self(), address, size, TRUE) != KERN_SUCCESS)
		*address = 0;
}

void mig_deallocate(vm_offset_t address, vm_size_t size)
{
	vm_deallocate(mach_task_self(), address, size);
}

vm_size_t mig_strncpy(char *to, const char *from, vm_size_t size)
{
	vm_size_t length;

	if (size == 0)
		return 0;
	length = strnlen(from, size - 1);
	memcpy(to, from, length);
	to[length] = '\0';
	return length;
}

void mig_reply_setup(const mach_msg_header_t *request, mach_msg_header_t *reply)
{
	mig_reply_header_t *out = (mig_reply_header_t *) reply;

	out->Head = (mach_msg_header_t) {
		.msgh_bits = MACH_MSGH_BITS(MACH_MSGH_BITS_REMOTE(request->msgh_bits), 0),
		.msgh_size = sizeof *out,
		.msgh_remote_port = request->msgh_remote_port,
		.msgh_id = request->msgh_id + 100,
	};
	out->RetCodeType = integer_type;
	out->RetCode = MIG_BAD_ID;
}
