/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests as the library's stubs make them: kept instead of sent. */
#ifndef _REQUEST_H_
#define _REQUEST_H_

#include <mach/message.h>

#define REQUEST_WORDS		2048
#define REQUEST_ARGUMENTS	12

struct request {
	mach_msg_size_t	size;
	uint32_t	word[REQUEST_WORDS];
};

/* A stub of any type: each takes so many words, more than it wants. */
typedef kern_return_t (*request_stub_t)(uint32_t, uint32_t, uint32_t, uint32_t, uint32_t,
	uint32_t, uint32_t, uint32_t, uint32_t, uint32_t, uint32_t, uint32_t);

/* Call it with this for each argument.  Returns: whether it made a request that has room. */
boolean_t request_keep(struct request *request, request_stub_t stub, uint32_t argument);

/* The same with an argument each. */
boolean_t request_keep_each(struct request *request, request_stub_t stub,
	const uint32_t arguments[REQUEST_ARGUMENTS]);

mach_msg_header_t *request_header(struct request *request);

#endif
