/* SPDX-License-Identifier: BSD-2-Clause */
#include "request.h"

#include <libmach/string.h>
#include <mach.h>

#include "../../../libmach/internal.h"

static struct request *keeper;

static mach_msg_return_t keep(mach_msg_header_t *message, mach_msg_option_t option,
	mach_msg_size_t send_size, mach_msg_size_t rcv_size, mach_port_t rcv_name,
	mach_msg_timeout_t timeout, mach_port_t notify)
{
	if (keeper->size != 0)	/* the stub cleans up */
		return mach_msg_trap(message, option, send_size, rcv_size, rcv_name, timeout,
			notify);
	keeper->size = send_size;
	if (send_size <= sizeof keeper->word)
		memcpy(keeper->word, message, send_size);
	return MACH_SEND_INVALID_DEST;
}

boolean_t request_keep_each(struct request *request, request_stub_t stub,
	const uint32_t a[REQUEST_ARGUMENTS])
{
	mach_entry_t entry = mach_msg_entry;

	keeper = request;
	request->size = 0;
	mach_msg_entry = (mach_entry_t) (uintptr_t) keep;
	stub(a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], a[8], a[9], a[10], a[11]);
	mach_msg_entry = entry;
	return request->size >= sizeof(mach_msg_header_t) && request->size <= sizeof request->word;
}

boolean_t request_keep(struct request *request, request_stub_t stub, uint32_t argument)
{
	uint32_t arguments[REQUEST_ARGUMENTS];

	for (unsigned int i = 0; i < REQUEST_ARGUMENTS; i++)
		arguments[i] = argument;
	return request_keep_each(request, stub, arguments);
}

mach_msg_header_t *request_header(struct request *request)
{
	return (mach_msg_header_t *) request->word;
}
