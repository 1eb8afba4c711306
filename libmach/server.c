/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The loop of a server.  A round sends the last reply and receives the next request in one trap;
 * the two buffers change roles.  The rules of MIG: a routine that failed has consumed nothing of
 * its request, so all but the reply right is destroyed here; MIG_NO_REPLY says that the routine
 * has taken the reply right.
 */
#include <libmach/memory.h>
#include <libmach/server.h>
#include <mach.h>
#include <mach/mig_support.h>

struct buffers {
	mach_msg_header_t	*request;
	mach_msg_header_t	*reply;
	mach_msg_size_t		size;
};

static boolean_t get_buffers(struct buffers *buffers, mach_msg_size_t max_size)
{
	if (max_size < sizeof(mig_reply_header_t))
		max_size = sizeof(mig_reply_header_t);
	buffers->size = max_size;
	buffers->request = malloc(max_size);
	buffers->reply = malloc(max_size);
	return buffers->request != NULL && buffers->reply != NULL;
}

static void free_buffers(struct buffers *buffers)
{
	free(buffers->request);
	free(buffers->reply);
}

static mach_msg_return_t receive_request(struct buffers *buffers, mach_port_t receive)
{
	mach_msg_return_t result;

	do
		result = mach_msg(buffers->request, MACH_RCV_MSG, 0, buffers->size, receive,
			MACH_MSG_TIMEOUT_NONE, MACH_PORT_NULL);
	while (result == MACH_RCV_TOO_LARGE);
	return result;
}

/* Returns: whether there is a reply to be sent. */
static boolean_t answer(mach_demux_t demux, struct buffers *buffers)
{
	mach_msg_header_t *request = buffers->request, *reply = buffers->reply;
	kern_return_t result = KERN_SUCCESS;

	mig_reply_setup(request, reply);
	(void) (*demux)(request, reply);
	if (!(reply->msgh_bits & MACH_MSGH_BITS_COMPLEX))
		result = ((mig_reply_header_t *) reply)->RetCode;
	if (result == MIG_NO_REPLY)
		return FALSE;
	if (result != KERN_SUCCESS) {
		request->msgh_remote_port = MACH_PORT_NULL;
		mach_msg_destroy(request);
	}
	if (MACH_PORT_VALID(reply->msgh_remote_port))
		return TRUE;
	mach_msg_destroy(reply);
	return FALSE;
}

/* A send right may name a port with a full queue, which its owner need not empty. */
static mach_msg_option_t reply_option(const mach_msg_header_t *reply)
{
	if (MACH_MSGH_BITS_REMOTE(reply->msgh_bits) == MACH_MSG_TYPE_MOVE_SEND_ONCE)
		return MACH_SEND_MSG;
	return MACH_SEND_MSG | MACH_SEND_TIMEOUT;
}

/* Sends the reply and receives the next request; the reply was put where requests arrive. */
static mach_msg_return_t reply_and_receive(struct buffers *buffers, mach_port_t receive)
{
	mach_msg_header_t *reply = buffers->reply;
	mach_msg_return_t result;

	buffers->reply = buffers->request;
	buffers->request = reply;
	result = mach_msg(reply, reply_option(reply) | MACH_RCV_MSG, reply->msgh_size,
		buffers->size, receive, MACH_MSG_TIMEOUT_NONE, MACH_PORT_NULL);
	switch (result) {
	case MACH_SEND_INVALID_DEST:
	case MACH_SEND_TIMED_OUT:
		mach_msg_destroy(reply);
		return receive_request(buffers, receive);
	case MACH_RCV_TOO_LARGE:
		return receive_request(buffers, receive);
	default:
		return result;
	}
}

mach_msg_return_t mach_msg_server(mach_demux_t demux, mach_msg_size_t max_size,
	mach_port_t receive)
{
	struct buffers buffers;
	mach_msg_return_t result = KERN_RESOURCE_SHORTAGE;

	if (get_buffers(&buffers, max_size)) {
		result = receive_request(&buffers, receive);
		while (result == MACH_MSG_SUCCESS)
			if (answer(demux, &buffers))
				result = reply_and_receive(&buffers, receive);
			else
				result = receive_request(&buffers, receive);
	}
	free_buffers(&buffers);
	return result;
}

mach_msg_return_t mach_msg_server_once(mach_demux_t demux, mach_msg_size_t max_size,
	mach_port_t receive)
{
	struct buffers buffers;
	mach_msg_return_t result = KERN_RESOURCE_SHORTAGE;

	if (get_buffers(&buffers, max_size)) {
		result = receive_request(&buffers, receive);
		if (result == MACH_MSG_SUCCESS && answer(demux, &buffers)) {
			result = mach_msg(buffers.reply, reply_option(buffers.reply),
				buffers.reply->msgh_size, 0, MACH_PORT_NULL,
				MACH_MSG_TIMEOUT_NONE, MACH_PORT_NULL);
			if (result == MACH_SEND_INVALID_DEST || result == MACH_SEND_TIMED_OUT)
				mach_msg_destroy(buffers.reply);
		}
	}
	free_buffers(&buffers);
	return result;
}
