/* SPDX-License-Identifier: BSD-2-Clause */
/* Queues: their limit, who waits for room, who waits for messages, and what ends the wait. */
#include <mach.h>
#include <mach/vm_param.h>

#include "../common/messages.h"
#include "../common/ports.h"
#include "../common/tap.h"
#include "../common/worker.h"

static struct worker worker, second;

static void fill(mach_port_t port)
{
	for (int id = 0; id < (int) MACH_PORT_QLIMIT_DEFAULT; id++)
		EXPECT(send_simple(port, id), MACH_MSG_SUCCESS);
	EXPECT(send_simple(port, 99), MACH_SEND_TIMED_OUT);
}

static void expect_message(mach_port_t port, mach_msg_id_t id)
{
	struct message message;

	EXPECT(message_receive_wait(&message, port, 500), MACH_MSG_SUCCESS);
	EXPECT(message.header.msgh_id, id);
}

static void test_limit(void)
{
	mach_port_t port = port_new_with_send(1);

	EXPECT(port_status(port).mps_qlimit, MACH_PORT_QLIMIT_DEFAULT);
	fill(port);
	EXPECT(port_status(port).mps_msgcount, MACH_PORT_QLIMIT_DEFAULT);
	EXPECT(mach_port_set_qlimit(mach_task_self(), port, MACH_PORT_QLIMIT_MAX), KERN_SUCCESS);
	for (int id = MACH_PORT_QLIMIT_DEFAULT; id < (int) MACH_PORT_QLIMIT_MAX; id++)
		EXPECT(send_simple(port, id), MACH_MSG_SUCCESS);
	EXPECT(send_simple(port, 99), MACH_SEND_TIMED_OUT);
	EXPECT(mach_port_set_qlimit(mach_task_self(), port, 1), KERN_SUCCESS);
	EXPECT(port_status(port).mps_msgcount, MACH_PORT_QLIMIT_MAX);
	for (int id = 0; id < (int) MACH_PORT_QLIMIT_MAX; id++)
		expect_message(port, id);
	EXPECT(send_simple(port, 0), MACH_MSG_SUCCESS);
	EXPECT(send_simple(port, 99), MACH_SEND_TIMED_OUT);
	port_destroy(port);
}

static void test_limit_codes(void)
{
	mach_port_t port = port_new(), set = port_new_set();

	EXPECT(mach_port_set_qlimit(mach_task_self(), port, MACH_PORT_QLIMIT_MAX + 1),
		KERN_INVALID_VALUE);
	EXPECT(mach_port_set_qlimit(mach_task_self(), MACH_PORT_DEAD, MACH_PORT_QLIMIT_MAX + 1),
		KERN_INVALID_VALUE);
	EXPECT(mach_port_set_qlimit(mach_task_self(), MACH_PORT_DEAD, 1), KERN_INVALID_NAME);
	EXPECT(mach_port_set_qlimit(mach_task_self(), set, 1), KERN_INVALID_RIGHT);
	port_destroy(port);
	port_destroy(set);
}

/* A limit of 0: only send-once rights get through. */
static void test_limit_zero(void)
{
	mach_port_t port = port_new_with_send(1), once = port_make_send_once(port);
	struct message message;

	EXPECT(mach_port_set_qlimit(mach_task_self(), port, 0), KERN_SUCCESS);
	EXPECT(send_simple(port, 1), MACH_SEND_TIMED_OUT);
	message_init(&message, once, MACH_MSG_TYPE_MOVE_SEND_ONCE, MACH_PORT_NULL, 0);
	EXPECT(message_send(&message), MACH_MSG_SUCCESS);
	expect_message(port, 1234);
	port_destroy(port);
}

static void test_send_once_passes(void)
{
	mach_port_t port = port_new_with_send(1), once = port_make_send_once(port);
	struct message message;

	fill(port);
	message_init(&message, once, MACH_MSG_TYPE_MOVE_SEND_ONCE, MACH_PORT_NULL, 0);
	EXPECT(message_send(&message), MACH_MSG_SUCCESS);
	EXPECT(port_status(port).mps_msgcount, MACH_PORT_QLIMIT_DEFAULT + 1);
	port_destroy(port);
}

/* What cannot be queued comes back so that it can be sent again as it is. */
static void test_timed_out_comes_back(void)
{
	mach_port_t port = port_new_with_send(1), reply = port_new(), passed = port_new();
	mach_port_t once;
	struct message message;

	fill(port);
	message_init(&message, port, MACH_MSG_TYPE_COPY_SEND, reply,
		MACH_MSG_TYPE_MAKE_SEND_ONCE);
	message_right(&message, passed, MACH_MSG_TYPE_MAKE_SEND);
	EXPECT(message_send_size(&message, message.header.msgh_size, MACH_SEND_TIMEOUT, 20),
		MACH_SEND_TIMED_OUT);
	EXPECT(message.header.msgh_bits, MACH_MSGH_BITS_COMPLEX
		| MACH_MSGH_BITS(MACH_MSG_TYPE_MOVE_SEND, MACH_MSG_TYPE_MOVE_SEND_ONCE));
	EXPECT(message.header.msgh_remote_port, port);
	EXPECT(port_refs(port, MACH_PORT_RIGHT_SEND), 2);
	once = message.header.msgh_local_port;
	EXPECT(port_type(once), MACH_PORT_TYPE_SEND_ONCE);
	EXPECT(message.body[1], passed);
	EXPECT(port_type(passed), MACH_PORT_TYPE_SEND_RECEIVE);
	expect_message(port, 0);
	EXPECT(message_send(&message), MACH_MSG_SUCCESS);
	EXPECT(port_refs(port, MACH_PORT_RIGHT_SEND), 1);
	EXPECT(port_type(once), 0);
	EXPECT(port_type(passed), MACH_PORT_TYPE_RECEIVE);
	port_destroy(port);
	port_destroy(reply);
	port_destroy(passed);
}

/* CI-16: where it cannot come back nothing stays under names that nobody knows. */
static void test_timed_out_cannot_come_back(void)
{
	mach_port_t port = port_new_with_send(1), reply = port_new(), passed = port_new();
	mach_port_t moved = port_new(), array[2];
	natural_t before = port_count();
	struct message *message;
	vm_address_t page = 0;

	fill(port);
	array[0] = array[1] = passed;
	EXPECT(vm_allocate(mach_task_self(), &page, 2 * PAGE_SIZE, TRUE), KERN_SUCCESS);
	message = (struct message *) page;
	message_init(message, port, MACH_MSG_TYPE_COPY_SEND, reply,
		MACH_MSG_TYPE_MAKE_SEND_ONCE);
	message_right(message, passed, MACH_MSG_TYPE_MAKE_SEND);
	message_right(message, moved, MACH_MSG_TYPE_MOVE_RECEIVE);
	message_memory(message, MACH_MSG_TYPE_MAKE_SEND, 32, 2, array, 0);
	message_memory(message, MACH_MSG_TYPE_BYTE, 8, 5000, (void *) page, 0);
	EXPECT(vm_protect(mach_task_self(), page, PAGE_SIZE, FALSE, VM_PROT_READ),
		KERN_SUCCESS);
	EXPECT(mach_msg_trap(&message->header, MACH_SEND_MSG | MACH_SEND_TIMEOUT,
		message->header.msgh_size, 0, MACH_PORT_NULL, 20, MACH_PORT_NULL),
		MACH_SEND_TIMED_OUT);
	EXPECT(port_refs(port, MACH_PORT_RIGHT_SEND), 1);
	EXPECT(port_type(passed), MACH_PORT_TYPE_RECEIVE);
	EXPECT(port_type(moved), 0);
	EXPECT(port_count(), before - 1);
	EXPECT(vm_deallocate(mach_task_self(), page, 2 * PAGE_SIZE), KERN_SUCCESS);
	port_destroy(port);
	port_destroy(reply);
	port_destroy(passed);
}

static void test_sender_waits(void)
{
	mach_port_t port = port_new_with_send(1);

	fill(port);
	worker_send(&worker, port, 50);
	EXPECT(worker_is_done(&worker), FALSE);
	expect_message(port, 0);
	EXPECT(worker_end(&worker), MACH_MSG_SUCCESS);
	for (int id = 1; id < (int) MACH_PORT_QLIMIT_DEFAULT; id++)
		expect_message(port, id);
	expect_message(port, 50);
	port_destroy(port);
}

static void test_raised_limit_wakes(void)
{
	mach_port_t port = port_new_with_send(1);

	fill(port);
	worker_send(&worker, port, 50);
	worker_send(&second, port, 51);
	EXPECT(mach_port_set_qlimit(mach_task_self(), port, MACH_PORT_QLIMIT_DEFAULT + 1),
		KERN_SUCCESS);
	EXPECT(worker_is_done(&worker) + worker_is_done(&second), 1);
	EXPECT(mach_port_set_qlimit(mach_task_self(), port, MACH_PORT_QLIMIT_DEFAULT + 2),
		KERN_SUCCESS);
	EXPECT(worker_end(&worker), MACH_MSG_SUCCESS);
	EXPECT(worker_end(&second), MACH_MSG_SUCCESS);
	port_destroy(port);
}

static void test_first_come(void)
{
	mach_port_t port = port_new_with_send(1);

	EXPECT(mach_port_set_qlimit(mach_task_self(), port, 1), KERN_SUCCESS);
	EXPECT(send_simple(port, 1), MACH_MSG_SUCCESS);
	worker_send(&worker, port, 2);
	worker_send(&second, port, 3);
	for (int id = 1; id <= 3; id++) {
		expect_message(port, id);
		sleep_for(20);
	}
	EXPECT(worker_end(&worker), MACH_MSG_SUCCESS);
	EXPECT(worker_end(&second), MACH_MSG_SUCCESS);
	port_destroy(port);
}

static void test_port_dies_under_sender(void)
{
	mach_port_t port = port_new_with_send(1);

	fill(port);
	worker_send(&worker, port, 50);
	EXPECT(mach_port_mod_refs(mach_task_self(), port, MACH_PORT_RIGHT_RECEIVE, -1),
		KERN_SUCCESS);
	EXPECT(worker_end(&worker), MACH_MSG_SUCCESS);
	port_destroy(port);
}

static void test_sender_aborted(void)
{
	mach_port_t port = port_new_with_send(1);

	fill(port);
	worker_send(&worker, port, 50);
	EXPECT(thread_abort(worker.thread), KERN_SUCCESS);
	EXPECT(worker_end(&worker), MACH_SEND_INTERRUPTED);
	EXPECT(worker.message.header.msgh_remote_port, port);
	EXPECT(MACH_MSGH_BITS_REMOTE(worker.message.header.msgh_bits), MACH_MSG_TYPE_MOVE_SEND);
	EXPECT(port_refs(port, MACH_PORT_RIGHT_SEND), 2);
	port_destroy(port);
}

static void test_receiver_waits(void)
{
	mach_port_t port = port_new_with_send(1);

	worker_receive(&worker, port);
	EXPECT(worker_is_done(&worker), FALSE);
	EXPECT(send_simple(port, 7), MACH_MSG_SUCCESS);
	EXPECT(worker_end(&worker), MACH_MSG_SUCCESS);
	EXPECT(worker.message.header.msgh_id, 7);
	EXPECT(worker.message.header.msgh_seqno, 0);
	EXPECT(port_status(port).mps_seqno, 1);
	port_destroy(port);
}

static void test_receivers_in_order(void)
{
	mach_port_t port = port_new_with_send(1);

	worker_receive(&worker, port);
	worker_receive(&second, port);
	EXPECT(send_simple(port, 1), MACH_MSG_SUCCESS);
	EXPECT(send_simple(port, 2), MACH_MSG_SUCCESS);
	EXPECT(worker_end(&worker), MACH_MSG_SUCCESS);
	EXPECT(worker_end(&second), MACH_MSG_SUCCESS);
	EXPECT(worker.message.header.msgh_id, 1);
	EXPECT(second.message.header.msgh_id, 2);
	port_destroy(port);
}

static void test_port_dies_under_receiver(void)
{
	mach_port_t port = port_new();

	worker_receive(&worker, port);
	worker_receive(&second, port);
	port_destroy(port);
	EXPECT(worker_end(&worker), MACH_RCV_PORT_DIED);
	EXPECT(worker_end(&second), MACH_RCV_PORT_DIED);
}

/* The receive right moves away in a message: for who waits here, it is as if the port died. */
static void test_right_moves_from_receiver(void)
{
	mach_port_t port = port_new(), other = port_new_with_send(1);
	struct message message;

	worker_receive(&worker, port);
	message_init(&message, other, MACH_MSG_TYPE_COPY_SEND, MACH_PORT_NULL, 0);
	message_right(&message, port, MACH_MSG_TYPE_MOVE_RECEIVE);
	EXPECT(message_send(&message), MACH_MSG_SUCCESS);
	EXPECT(worker_end(&worker), MACH_RCV_PORT_DIED);
	port_destroy(other);
}

static void test_receiver_aborted(void)
{
	mach_port_t port = port_new();

	worker_receive(&worker, port);
	EXPECT(thread_abort(worker.thread), KERN_SUCCESS);
	EXPECT(worker_end(&worker), MACH_RCV_INTERRUPTED);
	port_destroy(port);
}

/* mach_msg begins again, so the abort does not show. */
static void test_library_restarts(void)
{
	mach_port_t port = port_new_with_send(1);

	worker = (struct worker) {
		.option = MACH_RCV_MSG,
		.receive = port,
		.restart = TRUE,
	};
	worker_start(&worker);
	EXPECT(thread_abort(worker.thread), KERN_SUCCESS);
	EXPECT(worker_is_done(&worker), FALSE);
	EXPECT(send_simple(port, 3), MACH_MSG_SUCCESS);
	EXPECT(worker_end(&worker), MACH_MSG_SUCCESS);
	EXPECT(worker.message.header.msgh_id, 3);
	worker = (struct worker) {
		.option = MACH_RCV_MSG | MACH_RCV_INTERRUPT,
		.receive = port,
		.restart = TRUE,
	};
	worker_start(&worker);
	EXPECT(thread_abort(worker.thread), KERN_SUCCESS);
	EXPECT(worker_end(&worker), MACH_RCV_INTERRUPTED);
	port_destroy(port);
}

/* A send, then a wait: a round trip that is interrupted in its second half sends only once. */
static void test_library_sends_once(void)
{
	mach_port_t port = port_new_with_send(1), reply = port_new();
	struct message message;

	worker = (struct worker) {
		.option = MACH_SEND_MSG | MACH_RCV_MSG,
		.receive = reply,
		.restart = TRUE,
	};
	message_init(&worker.message, port, MACH_MSG_TYPE_COPY_SEND, reply,
		MACH_MSG_TYPE_MAKE_SEND_ONCE);
	worker_start(&worker);
	EXPECT(thread_abort(worker.thread), KERN_SUCCESS);
	EXPECT(worker_is_done(&worker), FALSE);
	EXPECT(port_status(port).mps_msgcount, 1);
	EXPECT(message_receive(&message, port), MACH_MSG_SUCCESS);
	message_init(&message, message.header.msgh_remote_port, MACH_MSG_TYPE_MOVE_SEND_ONCE,
		MACH_PORT_NULL, 0);
	message.header.msgh_id = 8;
	EXPECT(message_send(&message), MACH_MSG_SUCCESS);
	EXPECT(worker_end(&worker), MACH_MSG_SUCCESS);
	EXPECT(worker.message.header.msgh_id, 8);
	port_destroy(port);
	port_destroy(reply);
}

/* --- MACH_SEND_NOTIFY --------------------------------------------------------------------------- */

static mach_msg_return_t send_notify(mach_port_t port, mach_msg_id_t id, mach_port_t notify)
{
	struct message message;

	message_init(&message, port, MACH_MSG_TYPE_COPY_SEND, MACH_PORT_NULL, 0);
	message.header.msgh_id = id;
	return mach_msg_trap(&message.header, MACH_SEND_MSG | MACH_SEND_NOTIFY, 24, 0,
		MACH_PORT_NULL, 0, notify);
}

/* A full queue takes one message more, and says when it has gone. */
static void test_notify_accepted(void)
{
	mach_port_t port = port_new_with_send(1), notify = port_new();

	EXPECT(send_notify(port, 0, MACH_PORT_NULL), MACH_MSG_SUCCESS);
	expect_message(port, 0);
	fill(port);
	EXPECT(send_notify(port, 5, notify), MACH_SEND_WILL_NOTIFY);
	EXPECT(port_status(port).mps_msgcount, MACH_PORT_QLIMIT_DEFAULT + 1);
	EXPECT(port_type(port), MACH_PORT_TYPE_SEND_RECEIVE | MACH_PORT_TYPE_MAREQUEST);
	EXPECT(send_notify(port, 6, notify), MACH_SEND_NOTIFY_IN_PROGRESS);
	for (int id = 0; id < (int) MACH_PORT_QLIMIT_DEFAULT; id++)
		expect_message(port, id);
	EXPECT_TRUE(queue_is_empty(notify));
	expect_message(port, 5);
	EXPECT_TRUE(notification_is(notify, MACH_NOTIFY_MSG_ACCEPTED, port));
	EXPECT(port_type(port), MACH_PORT_TYPE_SEND_RECEIVE);
	EXPECT_TRUE(queue_is_empty(notify));
	port_destroy(port);
	port_destroy(notify);
}

/* The notify name is looked at only when the queue is full; the message comes back. */
static void test_notify_codes(void)
{
	mach_port_t port = port_new_with_send(1), dead = port_new_dead();

	fill(port);
	EXPECT(send_notify(port, 5, MACH_PORT_NULL), MACH_SEND_INVALID_NOTIFY);
	EXPECT(send_notify(port, 5, dead), MACH_SEND_INVALID_NOTIFY);
	EXPECT(port_status(port).mps_msgcount, MACH_PORT_QLIMIT_DEFAULT);
	/* Given back as received: the copied send right is one reference more. */
	EXPECT(port_refs(port, MACH_PORT_RIGHT_SEND), 3);
	port_destroy(port);
	port_destroy(dead);
}

/* The notification follows a rename, and tells null when the name is gone. */
static void test_notify_names(void)
{
	mach_port_t port = port_new_with_send(1), notify = port_new();
	struct message message;
	mach_port_t sender = 0x77777;

	fill(port);
	EXPECT(send_notify(port, 5, notify), MACH_SEND_WILL_NOTIFY);
	EXPECT(mach_port_rename(mach_task_self(), port, sender), KERN_SUCCESS);
	for (int id = 0; id < 6; id++)
		EXPECT(message_receive(&message, sender), MACH_MSG_SUCCESS);
	EXPECT_TRUE(notification_is(notify, MACH_NOTIFY_MSG_ACCEPTED, sender));
	fill(sender);
	EXPECT(send_notify(sender, 5, notify), MACH_SEND_WILL_NOTIFY);
	port_destroy(sender);
	EXPECT_TRUE(notification_is(notify, MACH_NOTIFY_MSG_ACCEPTED, MACH_PORT_NULL));
	EXPECT_TRUE(queue_is_empty(notify));
	port_destroy(notify);
}

static void test_timeouts_end(void)
{
	mach_port_t port = port_new_with_send(1);
	struct message message;

	EXPECT(message_receive_wait(&message, port, 30), MACH_RCV_TIMED_OUT);
	fill(port);
	message_init(&message, port, MACH_MSG_TYPE_MAKE_SEND, MACH_PORT_NULL, 0);
	EXPECT(message_send_size(&message, 24, MACH_SEND_TIMEOUT, 30), MACH_SEND_TIMED_OUT);
	EXPECT(port_refs(port, MACH_PORT_RIGHT_SEND), 2);
	port_destroy(port);
}

static const struct test tests[] = {
	{ .name = "the limit", .run = test_limit },
	{ .name = "codes of mach_port_set_qlimit", .run = test_limit_codes },
	{ .name = "a limit of 0", .run = test_limit_zero },
	{ .name = "send-once rights pass a full queue", .run = test_send_once_passes },
	{ .name = "a send that times out comes back", .run = test_timed_out_comes_back },
	{ .name = "CI-16: it cannot come back", .run = test_timed_out_cannot_come_back,
		.ours = TRUE },
	{ .name = "a sender waits for room", .run = test_sender_waits },
	{ .name = "a raised limit wakes as many as fit", .run = test_raised_limit_wakes },
	{ .name = "blocked senders: first come, first served", .run = test_first_come,
		.ours = TRUE },
	{ .name = "the port dies under a sender", .run = test_port_dies_under_sender },
	{ .name = "a sender is aborted", .run = test_sender_aborted },
	{ .name = "a receiver waits for a message", .run = test_receiver_waits },
	{ .name = "receivers in order", .run = test_receivers_in_order },
	{ .name = "the port dies under receivers", .run = test_port_dies_under_receiver },
	{ .name = "the receive right moves away", .run = test_right_moves_from_receiver },
	{ .name = "a receiver is aborted", .run = test_receiver_aborted },
	{ .name = "the library restarts a receive", .run = test_library_restarts },
	{ .name = "the library does not send twice", .run = test_library_sends_once },
	{ .name = "timeouts come", .run = test_timeouts_end },
	{ .name = "KM-5: MACH_SEND_NOTIFY on a full queue", .run = test_notify_accepted },
	{ .name = "KM-5: codes of MACH_SEND_NOTIFY", .run = test_notify_codes },
	{ .name = "KM-5: msg-accepted by its name now", .run = test_notify_names },
};

int main(int argc, char **argv)
{
	return tap_main(argc, argv, tests, COUNT_OF(tests));
}
