/* SPDX-License-Identifier: BSD-2-Clause */
/* Loops for servers, and the end of messages nobody wants. */
#ifndef _LIBMACH_SERVER_H_
#define _LIBMACH_SERVER_H_

#include <mach/message.h>

/* What MIG's name_server functions are: answer the request in *reply, or return false. */
typedef boolean_t mach_server_t(mach_msg_header_t *request, mach_msg_header_t *reply);
typedef mach_server_t *mach_demux_t;

/* Those of the library.  Who uses one provides the routines that it calls. */
extern mach_server_t exc_server, notify_server, memory_object_server, device_reply_server;
extern mach_server_t memory_object_default_server;

/*
 * Receive requests from a port or set, answer each through demux, for ever.  max_size is the
 * size of the largest request and reply.  A request too large for it is dropped by the kernel.
 * A reply right that is not send-once is not waited for: a client cannot stop the server.
 *
 * Returns: only when receiving fails, with that code; KERN_RESOURCE_SHORTAGE without memory.
 */
mach_msg_return_t mach_msg_server(mach_demux_t demux, mach_msg_size_t max_size,
	mach_port_t receive);

/*
 * The same for one message.
 *
 * Returns: the receive's error or the reply's.
 */
mach_msg_return_t mach_msg_server_once(mach_demux_t demux, mach_msg_size_t max_size,
	mach_port_t receive);

/*
 * Release all that a received message holds: the remote right of its header, and the rights and
 * memory of its body.  A message given back by a send that failed has a local right too, which
 * stays.
 */
void mach_msg_destroy(mach_msg_header_t *message);

#endif
