/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages that arrive with a trailer. */
#include <libmach/string.h>
#include <mach.h>

#include "../common/ports.h"
#include "../common/tap.h"
#include "tests.h"

#define PATIENCE	3000

mach_msg_return_t arrive_with(struct arrival *arrival, mach_port_t port, mach_msg_size_t size,
	mach_msg_option_t option, mach_port_t notify)
{
	memset(arrival, FILL, sizeof *arrival);
	return mach_msg_trap(&arrival->header, MACH_RCV_MSG | MACH_RCV_TIMEOUT | option, 0, size,
		port, PATIENCE, notify);
}

mach_msg_return_t arrive(struct arrival *arrival, mach_port_t port, unsigned int n)
{
	return arrive_with(arrival, port, sizeof *arrival, MACH_RCV_TRAILER_ELEMENTS(n),
		MACH_PORT_NULL);
}

void expect_trailer(const struct arrival *arrival, mach_msg_size_t offset, unsigned int n)
{
	static const mach_msg_size_t sizes[] = { 0, 12, 20, 28 };
	const uint32_t *word = (const uint32_t *) ((const char *) arrival + offset);
	const uint32_t *end = (const uint32_t *) (arrival + 1);

	if (n > 0) {
		EXPECT(word[0], MACH_MSG_TRAILER_FORMAT_0);
		EXPECT(word[1], sizes[n]);
		EXPECT(word[2], arrival->header.msgh_seqno);
	}
	for (unsigned int i = 3; i < sizes[n] / 4; i++)
		EXPECT_TRUE(word[i] != FILL_WORD);
	for (word += sizes[n] / 4; word < end; word++)
		EXPECT(*word, FILL_WORD);
}

void send_header(mach_port_t port)
{
	struct message message;

	message_init(&message, port, MACH_MSG_TYPE_COPY_SEND, MACH_PORT_NULL, 0);
	EXPECT(message_send(&message), MACH_MSG_SUCCESS);
}

void send_with_reply(mach_port_t port, mach_port_t reply)
{
	struct message message;

	message_init(&message, port, MACH_MSG_TYPE_COPY_SEND, reply,
		MACH_MSG_TYPE_MAKE_SEND_ONCE);
	EXPECT(message_send(&message), MACH_MSG_SUCCESS);
}

audit_token_t own_audit(void)
{
	mach_port_t port = port_new_with_send(1);
	struct arrival arrival;

	send_header(port);
	EXPECT(arrive(&arrival, port, MACH_RCV_TRAILER_AUDIT), MACH_MSG_SUCCESS);
	port_destroy(port);
	return arrival.trailer.msgh_audit;
}

boolean_t same_audit(audit_token_t a, audit_token_t b)
{
	return a.task == b.task && a.thread == b.thread;
}

boolean_t same_token(security_token_t a, security_token_t b)
{
	return a.val[0] == b.val[0] && a.val[1] == b.val[1];
}
