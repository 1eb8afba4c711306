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

boolean_t request_keep(struct request *request, request_stub_t stub, uint32_t a)
{
	mach_entry_t entry = mach_msg_entry;

	keeper = request;
	request->size = 0;
	mach_msg_entry = (mach_entry_t) (uintptr_t) keep;
	stub(a, a, a, a, a, a, a, a, a, a, a, a);
	mach_msg_entry = entry;
	return request->size >= sizeof(mach_msg_header_t) && request->size <= sizeof request->word;
}

mach_msg_header_t *request_header(struct request *request)
{
	return (mach_msg_header_t *) request->word;
}
