/* SPDX-License-Identifier: BSD-2-Clause */
/* mach_msg with options and sizes that nobody gives. */
#include <mach.h>

#include "../common/ports.h"
#include "../common/tap.h"
#include "tests.h"

/* Bits that mean something to a call that sends, or receives; of others nothing is noticed. */
#define SEND_MEANS	(MACH_RCV_MSG | MACH_SEND_CANCEL)
#define RCV_MEANS	(MACH_SEND_MSG | MACH_RCV_NOTIFY | MACH_RCV_TRAILER_MASK)

void test_option_bits(void)
{
	mach_port_t port = port_new_with_send(1);
	struct message message;

	for (unsigned int bit = 0; bit < 32; bit++) {
		mach_msg_option_t option = (mach_msg_option_t) 1 << bit;

		tap_about("bit %u", bit);
		if ((option & SEND_MEANS) == 0) {
			message_init(&message, port, MACH_MSG_TYPE_COPY_SEND, MACH_PORT_NULL, 0);
			EXPECT(mach_msg_trap(&message.header, MACH_SEND_MSG | option, 24, 0,
				MACH_PORT_DEAD, 0, MACH_PORT_DEAD), MACH_MSG_SUCCESS);
			EXPECT(message_receive(&message, port), MACH_MSG_SUCCESS);
			EXPECT(message.header.msgh_size, 24);
		}
		if ((option & RCV_MEANS) == 0) {
			EXPECT(send_simple(port, bit), MACH_MSG_SUCCESS);
			EXPECT(mach_msg_trap(&message.header, MACH_RCV_MSG | option, 0x80000000, 24,
				port, 0, MACH_PORT_DEAD), MACH_MSG_SUCCESS);
			EXPECT(message.header.msgh_id, bit);
		}
		/* Neither sends nor receives: nothing is looked at. */
		if ((option & (MACH_SEND_MSG | MACH_RCV_MSG)) == 0)
			EXPECT(mach_msg_trap((mach_msg_header_t *) 0xfffffff0, option, 0x80000001,
				~0u, MACH_PORT_DEAD, 0, MACH_PORT_DEAD), MACH_MSG_SUCCESS);
		EXPECT_TRUE(queue_is_empty(port));
	}
	tap_about("%s", "");
	port_destroy(port);
	check_rights();
}

/* A queue beyond its limit is the kernel's alone. */
static void expect_no_room(mach_port_t port, struct message *message)
{
	for (unsigned int i = 0; i < 5; i++)
		EXPECT(send_simple(port, i), MACH_MSG_SUCCESS);
	message_init(message, port, MACH_MSG_TYPE_COPY_SEND, MACH_PORT_NULL, 0);
	EXPECT(message_send_size(message, 24, MACH_SEND_ALWAYS | MACH_SEND_TIMEOUT, 0),
		MACH_SEND_TIMED_OUT);
	mach_port_deallocate(SELF, port);
	EXPECT(port_status(port).mps_msgcount, 5);
	for (unsigned int i = 0; i < 5; i++)
		EXPECT(message_receive(message, port), MACH_MSG_SUCCESS);
}

void test_huge_sizes(void)
{
	static const mach_msg_size_t sizes[] = {
		0x80000000, 0x80000018, 0xfffffffc, 0xffffffe8, 0x7ffffffc, 0xc0000000, 0x40000018,
	};
	mach_port_t port = port_new_with_send(1);
	struct message message;

	for (unsigned int i = 0; i < COUNT_OF(sizes); i++) {
		tap_about("size 0x%x", sizes[i]);
		for (unsigned int more = 0; more < 4; more++) {
			message_init(&message, port, MACH_MSG_TYPE_COPY_SEND, port,
				MACH_MSG_TYPE_MAKE_SEND_ONCE);
			EXPECT(mach_msg_trap(&message.header, MACH_SEND_MSG | MACH_RCV_MSG
				| MACH_RCV_TIMEOUT, sizes[i] + more, 24, port, 0, MACH_PORT_NULL),
				more == 0 ? MACH_SEND_NO_BUFFER : MACH_SEND_MSG_TOO_SMALL);
		}
		EXPECT(send_simple(port, 7), MACH_MSG_SUCCESS);
		EXPECT(mach_msg_trap(&message.header, MACH_RCV_MSG | MACH_RCV_TIMEOUT
			| MACH_RCV_TRAILER_TYPE(0)
			| MACH_RCV_TRAILER_ELEMENTS(MACH_RCV_TRAILER_AUDIT), 0, sizes[i], port, 0,
			MACH_PORT_NULL), MACH_MSG_SUCCESS);
		EXPECT(message.header.msgh_id, 7);
	}
	tap_about("%s", "");
	expect_no_room(port, &message);
	port_destroy(port);
	check_rights();
}
