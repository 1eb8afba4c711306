/* SPDX-License-Identifier: BSD-2-Clause */
/* Where trailers are, and where not. */
#include <libmach/string.h>
#include <libmach/thread.h>
#include <mach.h>
#include <mach/vm_param.h>

#include "../common/ports.h"
#include "../common/tap.h"
#include "../common/worker.h"
#include "tests.h"

#define ALL	MACH_RCV_TRAILER_ELEMENTS(MACH_RCV_TRAILER_AUDIT)

static struct worker worker;

void test_queued(void)
{
	mach_port_t port = port_new_with_send(1);
	struct arrival arrival;

	for (unsigned int n = 0; n <= 3; n++) {
		tap_about("%u elements", n);
		send_header(port);
		EXPECT(arrive(&arrival, port, n), MACH_MSG_SUCCESS);
		EXPECT(arrival.header.msgh_size, 24);
		EXPECT(arrival.header.msgh_seqno, n);
		expect_trailer(&arrival, 24, n);
	}
	port_destroy(port);
}

static void worker_ask(mach_port_t port, unsigned int n)
{
	memset(&worker, 0, sizeof worker);
	memset(&worker.message, FILL, sizeof worker.message);
	worker.option = MACH_RCV_MSG | MACH_RCV_TRAILER_ELEMENTS(n);
	worker.receive = port;
	worker_start(&worker);
}

void test_handed_over(void)
{
	mach_port_t port = port_new_with_send(1);

	for (unsigned int n = 0; n <= 3; n++) {
		tap_about("%u elements", n);
		worker_ask(port, n);
		send_header(port);
		EXPECT(worker_end(&worker), MACH_MSG_SUCCESS);
		EXPECT(worker.message.header.msgh_seqno, n);
		expect_trailer((const struct arrival *) &worker.message, 24, n);
	}
	port_destroy(port);
}

void test_set(void)
{
	mach_port_t set = port_new_set(), port = port_new_with_send(1);
	struct arrival arrival;

	EXPECT(mach_port_move_member(mach_task_self(), port, set), KERN_SUCCESS);
	for (unsigned int i = 0; i < 3; i++) {
		send_header(port);
		EXPECT(arrive(&arrival, set, 3), MACH_MSG_SUCCESS);
		EXPECT(arrival.header.msgh_local_port, port);
		EXPECT(arrival.trailer.msgh_seqno, i);
		expect_trailer(&arrival, 24, 3);
	}
	worker_ask(set, 3);
	send_header(port);
	EXPECT(worker_end(&worker), MACH_MSG_SUCCESS);
	expect_trailer((const struct arrival *) &worker.message, 24, 3);
	port_destroy(set);
	port_destroy(port);
}

/* --- options ------------------------------------------------------------------------------- */

void test_unknown(void)
{
	mach_port_t port = port_new_with_send(1);
	struct arrival arrival;

	send_header(port);
	for (unsigned int all = 4; all < 256; all++) {
		mach_msg_option_t option = MACH_RCV_TRAILER_TYPE(all >> 4)
			| MACH_RCV_TRAILER_ELEMENTS(all & 15);

		tap_about("type %u, %u elements", all >> 4, all & 15);
		EXPECT(arrive_with(&arrival, port, sizeof arrival, option, MACH_PORT_NULL),
			MACH_RCV_INVALID_TRAILER);
		EXPECT(arrival.header.msgh_bits, FILL_WORD);
	}
	tap_about("%s", "");
	EXPECT(port_status(port).mps_msgcount, 1);
	/* Nothing is sent in a call that cannot receive; a call that only sends does not look. */
	arrival.header = (mach_msg_header_t) {
		.msgh_bits = MACH_MSG_TYPE_COPY_SEND, .msgh_remote_port = port,
	};
	EXPECT(mach_msg(&arrival.header, MACH_SEND_MSG | MACH_RCV_MSG
		| MACH_RCV_TRAILER_ELEMENTS(4), 24, sizeof arrival, port, 0, MACH_PORT_NULL),
		MACH_RCV_INVALID_TRAILER);
	EXPECT(port_status(port).mps_msgcount, 1);
	EXPECT(mach_msg(&arrival.header, MACH_SEND_MSG | MACH_RCV_TRAILER_TYPE(15), 24, 0,
		MACH_PORT_NULL, 0, MACH_PORT_NULL), MACH_MSG_SUCCESS);
	EXPECT(port_status(port).mps_msgcount, 2);
	port_destroy(port);
}

/* Exactly both fit; one byte less is too little. */
static void try_size(mach_port_t port, unsigned int n, mach_msg_option_t option)
{
	mach_msg_size_t needed = n == 0 ? 24 : 24 + 4 + 8 * n;
	struct arrival arrival;

	tap_about("%u elements, option 0x%x", n, option);
	option |= MACH_RCV_TRAILER_ELEMENTS(n);
	send_header(port);
	EXPECT(arrive_with(&arrival, port, needed - 1, option, MACH_PORT_NULL),
		MACH_RCV_TOO_LARGE);
	if (option & MACH_RCV_LARGE) {
		EXPECT(arrival.header.msgh_size, needed);
		EXPECT(arrival.header.msgh_bits, FILL_WORD);
		EXPECT(port_status(port).mps_msgcount, 1);
	} else if (n > 0) {
		EXPECT(arrival.header.msgh_size, 24);
		expect_trailer(&arrival, 24, 0);
		send_header(port);
	} else {
		send_header(port);
	}
	EXPECT(arrive_with(&arrival, port, needed, option, MACH_PORT_NULL), MACH_MSG_SUCCESS);
	expect_trailer(&arrival, 24, n);
	EXPECT_TRUE(queue_is_empty(port));
}

/* The same for a receiver that waits already, in whose buffer so many words leave no room. */
static void try_waiting(mach_port_t port, unsigned int words)
{
	mach_msg_size_t size = 24 + 4 * words;
	struct message message;

	tap_about("%u words for one that waits", words);
	message_init(&message, port, MACH_MSG_TYPE_COPY_SEND, MACH_PORT_NULL, 0);
	while (message.header.msgh_size < size)
		message_word(&message, words);
	worker_ask(port, 3);
	EXPECT(message_send(&message), MACH_MSG_SUCCESS);
	EXPECT(worker_end(&worker), size + 28 <= sizeof worker.message ? MACH_MSG_SUCCESS
		: MACH_RCV_TOO_LARGE);
	EXPECT(worker.message.header.msgh_size, size);
	if (worker.result == MACH_MSG_SUCCESS)
		EXPECT(worker.message.body[words + 1], 28);
	else
		EXPECT(worker.message.body[0], FILL_WORD);
}

void test_sizes(void)
{
	mach_port_t port = port_new_with_send(1);

	for (unsigned int n = 0; n <= 3; n++) {
		try_size(port, n, 0);
		try_size(port, n, MACH_RCV_LARGE);
	}
	for (unsigned int words = MESSAGE_WORDS - 8; words < MESSAGE_WORDS - 5; words++)
		try_waiting(port, words);
	port_destroy(port);
}

/* --- failures ------------------------------------------------------------------------------ */

void test_unwritable(void)
{
	mach_port_t port = port_new_with_send(1), reply = port_new();
	vm_offset_t pages = 0;
	struct arrival arrival;

	EXPECT(vm_allocate(mach_task_self(), &pages, 2 * PAGE_SIZE, TRUE), KERN_SUCCESS);
	EXPECT(vm_protect(mach_task_self(), pages + PAGE_SIZE, PAGE_SIZE, FALSE, VM_PROT_READ),
		KERN_SUCCESS);
	for (unsigned int room = 0; room < 28; room += 4) {
		tap_about("%u bytes of room", room);
		send_with_reply(port, reply);
		EXPECT(mach_msg_trap((mach_msg_header_t *) (pages + PAGE_SIZE - 24 - room),
			MACH_RCV_MSG | ALL, 0, 100, port, 0, MACH_PORT_NULL),
			MACH_RCV_INVALID_DATA);
		EXPECT_TRUE(notification_is(reply, MACH_NOTIFY_SEND_ONCE, 0));
		EXPECT_TRUE(queue_is_empty(port));
	}
	tap_about("%s", "");
	send_header(port);
	EXPECT(mach_msg_trap((mach_msg_header_t *) (pages + PAGE_SIZE - 24 - 28),
		MACH_RCV_MSG | ALL, 0, 100, port, 0, MACH_PORT_NULL), MACH_MSG_SUCCESS);
	memcpy(&arrival.trailer, (void *) (pages + PAGE_SIZE - 28), 28);
	EXPECT(arrival.trailer.msgh_trailer_size, 28);
	vm_deallocate(mach_task_self(), pages, 2 * PAGE_SIZE);
	port_destroy(port);
	port_destroy(reply);
}

void test_bare(void)
{
	mach_port_t port = port_new_with_send(1), reply = port_new(), notify = port_new();
	struct arrival arrival;

	send_with_reply(port, reply);
	EXPECT(arrive_with(&arrival, port, sizeof arrival, ALL | MACH_RCV_NOTIFY, MACH_PORT_NULL),
		MACH_RCV_INVALID_NOTIFY);
	EXPECT(arrival.header.msgh_remote_port, MACH_PORT_NULL);
	expect_trailer(&arrival, 24, 0);
	EXPECT_TRUE(notification_is(reply, MACH_NOTIFY_SEND_ONCE, 0));
	send_with_reply(port, reply);
	EXPECT(arrive_with(&arrival, port, sizeof arrival, ALL | MACH_RCV_NOTIFY, notify),
		MACH_MSG_SUCCESS);
	expect_trailer(&arrival, 24, 3);
	EXPECT(port_type(arrival.header.msgh_remote_port),
		MACH_PORT_TYPE_SEND_ONCE | MACH_PORT_TYPE_DNREQUEST);
	port_destroy(arrival.header.msgh_remote_port);
	port_destroy(port);
	port_destroy(reply);
	port_destroy(notify);
}

void test_timeouts(void)
{
	mach_port_t port = port_new_with_send(1);
	struct arrival arrival;

	for (unsigned int n = 0; n <= 3; n++) {
		memset(&arrival, FILL, sizeof arrival);
		EXPECT(mach_msg_trap(&arrival.header,
			MACH_RCV_MSG | MACH_RCV_TIMEOUT | MACH_RCV_TRAILER_ELEMENTS(n), 0,
			sizeof arrival, port, 10 * n, MACH_PORT_NULL), MACH_RCV_TIMED_OUT);
		EXPECT(arrival.header.msgh_bits, FILL_WORD);
		expect_trailer(&arrival, 24, 0);
	}
	port_destroy(port);
}

/* --- calls --------------------------------------------------------------------------------- */

/* A server and a client that both may want to know who the other is: fast path and ordinary. */
static void try_call(mach_port_t service, mach_port_t reply, unsigned int server_n,
	unsigned int client_n)
{
	struct arrival arrival;

	tap_about("server %u, client %u elements", server_n, client_n);
	memset(&worker, 0, sizeof worker);
	memset(&worker.message, FILL, sizeof worker.message);
	message_init(&worker.message, service, MACH_MSG_TYPE_COPY_SEND, reply,
		MACH_MSG_TYPE_MAKE_SEND_ONCE);
	worker.option = MACH_SEND_MSG | MACH_RCV_MSG | MACH_RCV_TRAILER_ELEMENTS(client_n);
	worker.receive = reply;
	EXPECT(mach_msg_trap(&arrival.header, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, 0, service, 0,
		MACH_PORT_NULL), MACH_RCV_TIMED_OUT);
	worker_start(&worker);
	EXPECT(arrive(&arrival, service, server_n), MACH_MSG_SUCCESS);
	expect_trailer(&arrival, 24, server_n);
	arrival.header.msgh_bits = MACH_MSG_TYPE_MOVE_SEND_ONCE;
	arrival.header.msgh_local_port = MACH_PORT_NULL;
	/* The answer, by a call that goes on to receive: who sends may have any options. */
	EXPECT(mach_msg_trap(&arrival.header, MACH_SEND_MSG | MACH_RCV_MSG | MACH_RCV_TIMEOUT
		| MACH_RCV_TRAILER_ELEMENTS(server_n), 24, sizeof arrival, service, 30,
		MACH_PORT_NULL), MACH_RCV_TIMED_OUT);
	EXPECT(worker_end(&worker), MACH_MSG_SUCCESS);
	if (client_n > 0)
		expect_trailer((const struct arrival *) &worker.message, 24, client_n);
}

static void serve(void *argument)
{
	mach_port_t service = *(mach_port_t *) argument;
	struct arrival arrival;

	/* The first is received with SEND and RCV in the option, as the fast path wants it. */
	if (arrive(&arrival, service, 0) != MACH_MSG_SUCCESS)
		return;
	for (;;) {
		arrival.header.msgh_bits = MACH_MSG_TYPE_MOVE_SEND_ONCE;
		arrival.header.msgh_local_port = MACH_PORT_NULL;
		if (mach_msg_trap(&arrival.header, MACH_SEND_MSG | MACH_RCV_MSG, 24,
				sizeof arrival, service, 0, MACH_PORT_NULL) != MACH_MSG_SUCCESS)
			return;
	}
}

/* By the fast path where it is on; no trailer appears, and one that is asked for does. */
static void try_round_trips(mach_port_t service, mach_port_t reply)
{
	struct arrival arrival;
	mach_port_t thread;

	EXPECT(mach_thread_start(serve, &service, &thread), KERN_SUCCESS);
	sleep_for(30);
	for (unsigned int i = 0; i < 40; i++) {
		unsigned int n = i % 4;

		tap_about("round trip %u", i);
		memset(&arrival, FILL, sizeof arrival);
		arrival.header = (mach_msg_header_t) {
			.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND,
				MACH_MSG_TYPE_MAKE_SEND_ONCE),
			.msgh_remote_port = service, .msgh_local_port = reply,
		};
		EXPECT(mach_msg_trap(&arrival.header, MACH_SEND_MSG | MACH_RCV_MSG
			| MACH_RCV_TRAILER_ELEMENTS(n), 24, sizeof arrival, reply, 0,
			MACH_PORT_NULL), MACH_MSG_SUCCESS);
		expect_trailer(&arrival, 24, n);
		if (n == 3) {
			EXPECT(arrival.trailer.msgh_audit.task, own_audit().task);
			EXPECT_TRUE(arrival.trailer.msgh_audit.thread != own_audit().thread);
		}
	}
	tap_about("%s", "");
	port_destroy(service);
	mach_thread_join(thread);
}

void test_calls(void)
{
	mach_port_t service = port_new_with_send(1), reply = port_new();

	for (unsigned int n = 0; n < 16; n++)
		try_call(service, reply, n / 4, n % 4);
	try_round_trips(service, reply);
	port_destroy(reply);
}

/* --- what memory had before ---------------------------------------------------------------- */

/* The kernel's buffers have held messages full of a pattern; then small ones go through them. */
void test_secrets(void)
{
	mach_port_t port = port_new_with_send(1);
	struct message message;
	struct arrival arrival;

	for (unsigned int round = 0; round < 20; round++) {
		message_init(&message, port, MACH_MSG_TYPE_COPY_SEND, MACH_PORT_NULL, 0);
		for (unsigned int i = 0; i < 40 + round * 8; i++)
			message_word(&message, FILL_WORD);
		EXPECT(message_send(&message), MACH_MSG_SUCCESS);
		send_header(port);
		EXPECT(message_receive(&message, port), MACH_MSG_SUCCESS);
		EXPECT(arrive(&arrival, port, 3), MACH_MSG_SUCCESS);
		expect_trailer(&arrival, 24, 3);
	}
	port_destroy(port);
}
