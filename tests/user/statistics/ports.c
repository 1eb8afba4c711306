/* SPDX-License-Identifier: BSD-2-Clause */
/* What is counted of a port, down each way that a message can take. */
#include <libmach/string.h>
#include <libmach/thread.h>
#include <mach.h>
#include <mach/porter.h>

#include "../common/messages.h"
#include "../common/ports.h"
#include "../common/tap.h"
#include "../common/worker.h"
#include "tests.h"

#define SELF	mach_task_self()

static struct worker worker, second;

struct port_statistics statistics_of(mach_port_t name)
{
	struct port_statistics statistics = { 0 };

	EXPECT(port_statistics(tap_host_priv, SELF, name, &statistics), KERN_SUCCESS);
	return statistics;
}

/* What has ever happened; and what waits now. */
static void expect_counts(mach_port_t port, unsigned int sent, unsigned int received,
	unsigned int blocked, unsigned int failed, unsigned int longest)
{
	struct port_statistics have = statistics_of(port);

	EXPECT(have.pst_sent, sent);
	EXPECT(have.pst_received, received);
	EXPECT(have.pst_blocked, blocked);
	EXPECT(have.pst_failed, failed);
	EXPECT(have.pst_longest, longest);
	EXPECT(have.pst_queued, sent - received);
}

static void expect_waiting(mach_port_t port, unsigned int senders, unsigned int receivers)
{
	struct port_statistics have = statistics_of(port);

	EXPECT(have.pst_senders, senders);
	EXPECT(have.pst_receivers, receivers);
}

static void send(mach_port_t port, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		EXPECT(send_simple(port, i), MACH_MSG_SUCCESS);
}

static void receive(mach_port_t port, unsigned int count)
{
	struct message message;

	for (unsigned int i = 0; i < count; i++)
		EXPECT(message_receive_wait(&message, port, 500), MACH_MSG_SUCCESS);
}

void test_new_port(void)
{
	mach_port_t port = port_new_with_send(2), next = port_new();
	struct port_statistics have = statistics_of(port);
	natural_t number = 0;
	kernel_debug_name_t name;

	EXPECT(task_identity(tap_host_priv, SELF, &number, name), KERN_SUCCESS);
	expect_counts(port, 0, 0, 0, 0, 0);
	expect_waiting(port, 0, 0);
	EXPECT(have.pst_place, PORT_IN_SPACE);
	EXPECT(have.pst_task, number);
	EXPECT(have.pst_name, port);
	EXPECT(have.pst_set, MACH_PORT_NULL);
	EXPECT(have.pst_qlimit, MACH_PORT_QLIMIT_DEFAULT);
	EXPECT(have.pst_srights, 1);
	EXPECT(have.pst_sorights, 0);
	EXPECT_TRUE(statistics_of(next).pst_serial > have.pst_serial);
	port_destroy(port);
	port_destroy(next);
}

void test_handed_over(void)
{
	mach_port_t port = port_new_with_send(1);

	worker_receive(&worker, port);
	expect_waiting(port, 0, 1);
	worker_receive(&second, port);
	expect_waiting(port, 0, 2);
	send(port, 1);
	EXPECT(worker_end(&worker), MACH_MSG_SUCCESS);
	expect_counts(port, 1, 1, 0, 0, 0);
	expect_waiting(port, 0, 1);
	send(port, 1);
	EXPECT(worker_end(&second), MACH_MSG_SUCCESS);
	expect_counts(port, 2, 2, 0, 0, 0);
	expect_waiting(port, 0, 0);
	port_destroy(port);
}

void test_queued(void)
{
	mach_port_t port = port_new_with_send(1);

	send(port, 3);
	expect_counts(port, 3, 0, 0, 0, 3);
	receive(port, 2);
	expect_counts(port, 3, 2, 0, 0, 3);
	send(port, 3);
	expect_counts(port, 6, 2, 0, 0, 4);
	receive(port, 4);
	expect_counts(port, 6, 6, 0, 0, 4);
	port_destroy(port);
}

void test_blocked(void)
{
	mach_port_t port = port_new_with_send(1);

	send(port, 5);
	worker_send(&worker, port, 50);
	worker_send(&second, port, 51);
	expect_counts(port, 5, 0, 2, 0, 5);
	expect_waiting(port, 2, 0);
	receive(port, 1);
	EXPECT(worker_end(&worker), MACH_MSG_SUCCESS);
	expect_counts(port, 6, 1, 2, 0, 5);
	expect_waiting(port, 1, 0);
	EXPECT(mach_port_set_qlimit(SELF, port, 6), KERN_SUCCESS);
	EXPECT(worker_end(&second), MACH_MSG_SUCCESS);
	expect_counts(port, 7, 1, 2, 0, 6);
	EXPECT(statistics_of(port).pst_qlimit, 6);
	receive(port, 6);
	expect_counts(port, 7, 7, 2, 0, 6);
	expect_waiting(port, 0, 0);
	port_destroy(port);
}

void test_timed_out(void)
{
	mach_port_t port = port_new_with_send(1);
	struct message message;

	send(port, 5);
	EXPECT(send_simple(port, 9), MACH_SEND_TIMED_OUT);
	expect_counts(port, 5, 0, 0, 1, 5);
	message_init(&message, port, MACH_MSG_TYPE_COPY_SEND, MACH_PORT_NULL, 0);
	EXPECT(message_send_size(&message, sizeof message.header, MACH_SEND_TIMEOUT, 20),
		MACH_SEND_TIMED_OUT);
	expect_counts(port, 5, 0, 1, 2, 5);
	expect_waiting(port, 0, 0);
	port_destroy(port);
}

void test_aborted(void)
{
	mach_port_t port = port_new_with_send(1);

	send(port, 5);
	worker_send(&worker, port, 50);
	EXPECT(thread_abort(worker.thread), KERN_SUCCESS);
	EXPECT(worker_end(&worker), MACH_SEND_INTERRUPTED);
	expect_counts(port, 5, 0, 1, 1, 5);
	expect_waiting(port, 0, 0);
	port_destroy(port);
}

void test_forced(void)
{
	mach_port_t port = port_new_with_send(1), notify = port_new();
	struct message message;

	send(port, 5);
	message_init(&message, port, MACH_MSG_TYPE_COPY_SEND, MACH_PORT_NULL, 0);
	EXPECT(mach_msg_trap(&message.header, MACH_SEND_MSG | MACH_SEND_NOTIFY,
		sizeof message.header, 0, MACH_PORT_NULL, 0, notify), MACH_SEND_WILL_NOTIFY);
	expect_counts(port, 6, 0, 0, 1, 6);
	receive(port, 6);
	expect_counts(port, 6, 6, 0, 1, 6);
	EXPECT_TRUE(notification_is(notify, MACH_NOTIFY_MSG_ACCEPTED, port));
	expect_counts(notify, 1, 1, 0, 0, 1);
	port_destroy(port);
	port_destroy(notify);
}

void test_past_the_limit(void)
{
	mach_port_t port = port_new_with_send(1), once = port_make_send_once(port);
	struct message message;

	EXPECT(statistics_of(once).pst_serial, statistics_of(port).pst_serial);
	EXPECT(statistics_of(port).pst_sorights, 1);
	send(port, 5);
	message_init(&message, once, MACH_MSG_TYPE_MOVE_SEND_ONCE, MACH_PORT_NULL, 0);
	EXPECT(message_send(&message), MACH_MSG_SUCCESS);
	expect_counts(port, 6, 0, 0, 0, 6);
	port_destroy(port);
}

/* What is destroyed because it is too large was taken; what stays was not. */
void test_too_large(void)
{
	mach_port_t port = port_new_with_send(1);
	mach_msg_header_t header;
	struct message message;

	message_init(&message, port, MACH_MSG_TYPE_COPY_SEND, MACH_PORT_NULL, 0);
	message_word(&message, 1);
	EXPECT(message_send(&message), MACH_MSG_SUCCESS);
	EXPECT(mach_msg_trap(&header, MACH_RCV_MSG | MACH_RCV_LARGE, 0, sizeof header, port, 0,
		MACH_PORT_NULL), MACH_RCV_TOO_LARGE);
	expect_counts(port, 1, 0, 0, 0, 1);
	EXPECT(mach_msg_trap(&header, MACH_RCV_MSG, 0, sizeof header, port, 0, MACH_PORT_NULL),
		MACH_RCV_TOO_LARGE);
	expect_counts(port, 1, 1, 0, 0, 1);
	port_destroy(port);
}

/* Send the receive right from one port of ours to another, and take it out there. */
static mach_port_t move(mach_port_t port, mach_port_t through)
{
	struct message message;

	message_init(&message, through, MACH_MSG_TYPE_MAKE_SEND, MACH_PORT_NULL, 0);
	message_right(&message, port, MACH_MSG_TYPE_MOVE_RECEIVE);
	EXPECT(message_send(&message), MACH_MSG_SUCCESS);
	EXPECT(message_receive(&message, through), MACH_MSG_SUCCESS);
	return message.body[1];
}

void test_moved(void)
{
	mach_port_t port = port_new_with_send(1), through = port_new();
	unsigned int serial = statistics_of(port).pst_serial;

	send(port, 4);
	receive(port, 3);
	EXPECT(send_simple(port, 1), MACH_MSG_SUCCESS);
	port = move(port, through);
	EXPECT(port_status(port).mps_seqno, 0);
	EXPECT(statistics_of(port).pst_serial, serial);
	expect_counts(port, 5, 3, 0, 0, 4);
	receive(port, 1);
	expect_counts(port, 5, 4, 0, 0, 4);
	port = move(port, through);
	expect_counts(port, 5, 4, 0, 0, 4);
	receive(port, 1);
	expect_counts(port, 5, 5, 0, 0, 4);
	expect_counts(through, 2, 2, 0, 0, 1);
	port_destroy(port);
	port_destroy(through);
}

void test_set_seqno(void)
{
	mach_port_t port = port_new_with_send(1);

	send(port, 3);
	receive(port, 2);
	EXPECT(mach_port_set_seqno(SELF, port, 0xfffffffe), KERN_SUCCESS);
	expect_counts(port, 3, 2, 0, 0, 3);
	receive(port, 1);
	send(port, 2);
	receive(port, 2);
	EXPECT(port_status(port).mps_seqno, 1);
	expect_counts(port, 5, 5, 0, 0, 3);
	EXPECT(mach_port_set_seqno(SELF, port, 0), KERN_SUCCESS);
	expect_counts(port, 5, 5, 0, 0, 3);
	port_destroy(port);
}

void test_in_set(void)
{
	mach_port_t port = port_new_with_send(1), other = port_new_with_send(1);
	mach_port_t set = port_new_set();

	send(port, 2);
	EXPECT(mach_port_move_member(SELF, port, set), KERN_SUCCESS);
	EXPECT(mach_port_move_member(SELF, other, set), KERN_SUCCESS);
	EXPECT(statistics_of(port).pst_set, set);
	expect_counts(port, 2, 0, 0, 0, 2);
	receive(set, 2);
	expect_counts(port, 2, 2, 0, 0, 2);
	worker_receive(&worker, set);
	expect_waiting(port, 0, 1);
	expect_waiting(other, 0, 1);
	send(other, 1);
	EXPECT(worker_end(&worker), MACH_MSG_SUCCESS);
	expect_counts(other, 1, 1, 0, 0, 0);
	expect_counts(port, 2, 2, 0, 0, 2);
	EXPECT(mach_port_move_member(SELF, port, MACH_PORT_NULL), KERN_SUCCESS);
	EXPECT(statistics_of(port).pst_set, MACH_PORT_NULL);
	/* A port with a message joins a set on which somebody waits. */
	send(port, 1);
	worker_receive(&worker, set);
	EXPECT(mach_port_move_member(SELF, port, set), KERN_SUCCESS);
	EXPECT(worker_end(&worker), MACH_MSG_SUCCESS);
	expect_counts(port, 3, 3, 0, 0, 2);
	port_destroy(port);
	port_destroy(other);
	port_destroy(set);
}

/* A server thread that answers a few requests: the shortest way there is. */
#define CALLS	10

static mach_port_t service;

static void serve(void *unused)
{
	mach_msg_header_t header;
	mach_msg_return_t result;

	(void) unused;
	result = mach_msg_trap(&header, MACH_RCV_MSG, 0, sizeof header, service, 0,
		MACH_PORT_NULL);
	for (int i = 1; i <= CALLS && result == MACH_MSG_SUCCESS; i++) {
		header.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_MOVE_SEND_ONCE, 0);
		header.msgh_local_port = MACH_PORT_NULL;
		result = mach_msg_trap(&header, i < CALLS ? MACH_SEND_MSG | MACH_RCV_MSG
				: MACH_SEND_MSG, sizeof header, sizeof header, service, 0,
			MACH_PORT_NULL);
	}
}

void test_call_and_reply(void)
{
	mach_port_t reply = port_new(), thread;

	service = port_new_with_send(1);
	EXPECT(mach_thread_start(serve, NULL, &thread), KERN_SUCCESS);
	sleep_for(30);
	for (int i = 0; i < CALLS; i++) {
		mach_msg_header_t header = {
			.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND,
				MACH_MSG_TYPE_MAKE_SEND_ONCE),
			.msgh_remote_port = service,
			.msgh_local_port = reply,
			.msgh_id = i,
		};

		EXPECT(mach_msg_trap(&header, MACH_SEND_MSG | MACH_RCV_MSG, sizeof header,
			sizeof header, reply, 0, MACH_PORT_NULL), MACH_MSG_SUCCESS);
	}
	mach_thread_join(thread);
	EXPECT(statistics_of(service).pst_sent, CALLS);
	EXPECT(statistics_of(service).pst_received, CALLS);
	EXPECT(statistics_of(reply).pst_sent, CALLS);
	EXPECT(statistics_of(reply).pst_received, CALLS);
	EXPECT(statistics_of(service).pst_blocked, 0);
	port_destroy(service);
	port_destroy(reply);
}

void test_in_transit(void)
{
	mach_port_t port = port_new_with_send(1), through = port_new();
	struct port_statistics have;
	struct message message;

	send(port, 2);
	receive(port, 1);
	message_init(&message, through, MACH_MSG_TYPE_MAKE_SEND, MACH_PORT_NULL, 0);
	message_right(&message, port, MACH_MSG_TYPE_MOVE_RECEIVE);
	EXPECT(message_send(&message), MACH_MSG_SUCCESS);
	have = statistics_of(port);
	EXPECT(have.pst_place, PORT_IN_TRANSIT);
	EXPECT(have.pst_task, TASK_NUMBER_NONE);
	EXPECT(have.pst_name, MACH_PORT_NULL);
	expect_counts(port, 2, 1, 0, 0, 2);
	port_destroy(through);
	EXPECT(port_type(port), MACH_PORT_TYPE_DEAD_NAME);
	port_destroy(port);
}

void test_kernel_port(void)
{
	struct port_statistics have = statistics_of(SELF);

	EXPECT(have.pst_place, PORT_IN_KERNEL);
	EXPECT(have.pst_task, TASK_NUMBER_NONE);
	EXPECT(have.pst_name, MACH_PORT_NULL);
	EXPECT(have.pst_sent, 0);
	EXPECT_TRUE(have.pst_srights > 0);
}

void test_dead_port(void)
{
	mach_port_t port = port_new_with_send(1), next;
	struct port_statistics have;
	unsigned int serial;

	send(port, 3);
	serial = statistics_of(port).pst_serial;
	EXPECT(mach_port_mod_refs(SELF, port, MACH_PORT_RIGHT_RECEIVE, -1), KERN_SUCCESS);
	EXPECT(port_statistics(tap_host_priv, SELF, port, &have), KERN_INVALID_RIGHT);
	next = port_new();
	expect_counts(next, 0, 0, 0, 0, 0);
	EXPECT_TRUE(statistics_of(next).pst_serial > serial);
	port_destroy(port);
	port_destroy(next);
}
