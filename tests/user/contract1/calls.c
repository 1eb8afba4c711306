/* SPDX-License-Identifier: BSD-2-Clause */
/* Sections 5 and 6: calls that send and then receive, round trips, and messages to the kernel. */
#include <libmach/string.h>
#include <libmach/thread.h>
#include <mach.h>
#include <mach/vm_param.h>

#include "../common/messages.h"
#include "../common/ports.h"
#include "../common/snapshot.h"
#include "../common/subject.h"
#include "../common/tap.h"
#include "../common/worker.h"
#include "tests.h"

#define SELF	mach_task_self()
#define BLANK	0xee

static struct worker worker;

/* --- a send that waits, then a receive ------------------------------------------------------- */

static mach_port_t full_port(void)
{
	mach_port_t port = port_new_with_send(1);

	EXPECT(mach_port_set_qlimit(SELF, port, 1), KERN_SUCCESS);
	EXPECT(send_simple(port, 1), MACH_MSG_SUCCESS);
	return port;
}

/* A round trip whose send has to wait. */
static void start_call(mach_port_t port, mach_port_t reply, mach_msg_option_t option,
	mach_msg_timeout_t timeout)
{
	worker = (struct worker) {
		.option = MACH_SEND_MSG | MACH_RCV_MSG | option, .receive = reply,
		.timeout = timeout,
	};
	message_init(&worker.message, port, MACH_MSG_TYPE_COPY_SEND, reply,
		MACH_MSG_TYPE_MAKE_SEND_ONCE);
	worker_start(&worker);
	EXPECT(worker.done, FALSE);
}

void test_waiting_calls(void)
{
	mach_port_t port = full_port(), reply = port_new();
	struct message message;

	tap_about("room comes, then the answer");
	start_call(port, reply, 0, 0);
	EXPECT(message_receive(&message, port), MACH_MSG_SUCCESS);
	EXPECT(worker_is_done(&worker), FALSE);
	EXPECT(message_receive(&message, port), MACH_MSG_SUCCESS);
	EXPECT(mach_port_deallocate(SELF, message.header.msgh_remote_port), KERN_SUCCESS);
	EXPECT(worker_end(&worker), MACH_MSG_SUCCESS);
	EXPECT(worker.message.header.msgh_id, MACH_NOTIFY_SEND_ONCE);

	tap_about("aborted while it sends: it does not receive");
	EXPECT(send_simple(port, 1), MACH_MSG_SUCCESS);
	EXPECT(mach_port_deallocate(SELF, port_make_send_once(reply)), KERN_SUCCESS);
	start_call(port, reply, 0, 0);
	EXPECT(thread_abort(worker.thread), KERN_SUCCESS);
	EXPECT(worker_end(&worker), MACH_SEND_INTERRUPTED);
	EXPECT(port_status(reply).mps_msgcount, 1);
	EXPECT(mach_port_deallocate(SELF, worker.message.header.msgh_local_port), KERN_SUCCESS);
	EXPECT_TRUE(notification_is(reply, MACH_NOTIFY_SEND_ONCE, 0));
	EXPECT_TRUE(notification_is(reply, MACH_NOTIFY_SEND_ONCE, 0));

	tap_about("the receive has its own time");
	start_call(port, reply, MACH_RCV_TIMEOUT, 1);
	EXPECT(message_receive(&message, port), MACH_MSG_SUCCESS);
	EXPECT(worker_end(&worker), MACH_RCV_TIMED_OUT);
	EXPECT(message_receive(&message, port), MACH_MSG_SUCCESS);
	EXPECT(mach_port_deallocate(SELF, message.header.msgh_remote_port), KERN_SUCCESS);
	EXPECT_TRUE(notification_is(reply, MACH_NOTIFY_SEND_ONCE, 0));

	tap_about("the source goes while the send waits");
	EXPECT(send_simple(port, 1), MACH_MSG_SUCCESS);
	start_call(port, reply, 0, 0);
	port_destroy(reply);
	EXPECT(message_receive(&message, port), MACH_MSG_SUCCESS);
	EXPECT(worker_end(&worker), MACH_RCV_INVALID_NAME);
	EXPECT(message_receive(&message, port), MACH_MSG_SUCCESS);
	EXPECT(message.header.msgh_remote_port, MACH_PORT_DEAD);

	tap_about("the destination dies: the send has succeeded");
	EXPECT(send_simple(port, 1), MACH_MSG_SUCCESS);
	reply = port_new();
	start_call(port, reply, 0, 0);
	port_destroy(port);
	EXPECT(worker_end(&worker), MACH_MSG_SUCCESS);
	EXPECT(worker.message.header.msgh_id, MACH_NOTIFY_SEND_ONCE);
	/* The copied right was in the message. */
	EXPECT(port_type(port), 0);
	port_destroy(reply);
}

/* Every way in which a receive right leaves a space ends who waits on it. */
void test_receiver_left(void)
{
	mach_msg_type_name_t type;
	mach_port_t task, name;

	EXPECT(task_create(SELF, FALSE, &task), KERN_SUCCESS);
	for (unsigned int way = 0; way < 3; way++) {
		mach_port_t port = port_new(), notify = port_new();

		tap_about("way %u", way);
		worker_receive(&worker, port);
		if (way == 0) {
			EXPECT(mach_port_insert_right(task, 0x1111, port,
				MACH_MSG_TYPE_MOVE_RECEIVE), KERN_SUCCESS);
			EXPECT(mach_port_destroy(task, 0x1111), KERN_SUCCESS);
		} else if (way == 1) {
			EXPECT(mach_port_extract_right(SELF, port, MACH_MSG_TYPE_MOVE_RECEIVE,
				&name, &type), KERN_SUCCESS);
			port_destroy(name);
		} else {
			EXPECT(port_request(port, MACH_NOTIFY_PORT_DESTROYED, 0, notify),
				KERN_SUCCESS);
			port_destroy(port);
		}
		EXPECT(worker_end(&worker), MACH_RCV_PORT_DIED);
		port_destroy(notify);
	}
	EXPECT(task_terminate(task), KERN_SUCCESS);
	EXPECT(mach_port_deallocate(SELF, task), KERN_SUCCESS);
}

/* --- round trips with small buffers ---------------------------------------------------------- */

static struct {
	mach_port_t		service, reply;
	mach_msg_size_t		room;
	unsigned char		bytes[64] __attribute__((aligned(4)));
	mach_msg_return_t	result;
} client;

static void call(void *argument)
{
	mach_msg_header_t *header = (mach_msg_header_t *) client.bytes;

	(void) argument;
	memset(client.bytes, BLANK, sizeof client.bytes);
	*header = (mach_msg_header_t) {
		.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, MACH_MSG_TYPE_MAKE_SEND_ONCE),
		.msgh_remote_port = client.service,
		.msgh_local_port = client.reply,
		.msgh_seqno = 55,
		.msgh_id = 100,
	};
	client.result = mach_msg_trap(header, MACH_SEND_MSG | MACH_RCV_MSG, sizeof *header,
		client.room, client.reply, 0, 0);
}

/*
 * We are the server, and answer with 36 bytes while we wait for the next request: the answer goes
 * straight to the client, and its buffer decides what becomes of it.
 */
static void try_call(mach_port_t quiet)
{
	struct message message;
	mach_msg_header_t answer = {
		.msgh_bits = MACH_MSGH_BITS(0, MACH_MSG_TYPE_PORT_SEND_ONCE), .msgh_size = 36,
		.msgh_local_port = client.reply, .msgh_id = 200,
	};
	mach_msg_size_t written = client.room >= 36 ? 36 : client.room < 24 ? client.room : 24;
	mach_port_seqno_t seqno = port_status(client.reply).mps_seqno;
	mach_port_t thread;

	tap_about("room for %u bytes", client.room);
	answer.msgh_seqno = seqno;
	EXPECT(mach_thread_start(call, NULL, &thread), KERN_SUCCESS);
	EXPECT(message_receive_wait(&message, client.service, 1000), MACH_MSG_SUCCESS);
	EXPECT(message.header.msgh_id, 100);
	EXPECT(message.header.msgh_bits, MACH_MSGH_BITS(MACH_MSG_TYPE_PORT_SEND_ONCE,
		MACH_MSG_TYPE_PORT_SEND));
	sleep_for(1);
	message_init(&message, message.header.msgh_remote_port, MACH_MSG_TYPE_MOVE_SEND_ONCE, 0, 0);
	message.header.msgh_id = 200;
	for (unsigned int i = 0; i < 3; i++)
		message_word(&message, 0xabababab);
	/* Somebody has to end our wait. */
	EXPECT(mach_port_deallocate(SELF, port_make_send_once(quiet)), KERN_SUCCESS);
	EXPECT(mach_msg_trap(&message.header, MACH_SEND_MSG | MACH_RCV_MSG, 36, sizeof message,
		quiet, 0, 0), MACH_MSG_SUCCESS);
	mach_thread_join(thread);
	EXPECT(client.result, client.room >= 36 ? MACH_MSG_SUCCESS : MACH_RCV_TOO_LARGE);
	EXPECT(port_status(client.reply).mps_seqno, seqno + 1);
	EXPECT(memcmp(client.bytes, &answer, written < 24 ? written : 24), 0);
	for (unsigned int i = written; i < sizeof client.bytes; i++)
		if (i >= 24 && !EXPECT(client.bytes[i], BLANK))
			break;
}

void test_small_answers(void)
{
	static const mach_msg_size_t rooms[] = { 0, 4, 20, 23, 24, 25, 33, 35, 36, 37, 0xffffffff };
	mach_port_t quiet = port_new();

	client.service = port_new_with_send(1);
	client.reply = port_new();
	for (unsigned int i = 0; i < COUNT_OF(rooms); i++) {
		client.room = rooms[i];
		try_call(quiet);
	}
	port_destroy(quiet);
	port_destroy(client.service);
	port_destroy(client.reply);
}

/* --- to the kernel --------------------------------------------------------------------------- */

/* A kernel port has no queue that could be full; the answer goes past the limit of its port. */
void test_kernel_destination(void)
{
	static const mach_msg_option_t options[] = {
		0, MACH_SEND_NOTIFY, MACH_SEND_TIMEOUT, MACH_SEND_CANCEL, MACH_SEND_TIMEOUT
		| MACH_SEND_NOTIFY | MACH_SEND_CANCEL | MACH_RCV_LARGE | MACH_RCV_NOTIFY,
	};
	mach_port_t reply = port_new_with_send(1), notify = port_new(), moved = port_new();
	mach_port_t task = mach_task_self();
	struct message message;

	EXPECT(mach_port_set_qlimit(SELF, reply, 0), KERN_SUCCESS);
	for (unsigned int i = 0; i < COUNT_OF(options); i++)
		for (unsigned int how = 0; how < 2; how++) {
			mach_port_urefs_t refs = port_refs(task, MACH_PORT_RIGHT_SEND);

			tap_about("options 0x%x, reply %u", options[i], how);
			message_init(&message, task, MACH_MSG_TYPE_COPY_SEND, reply, how
				? MACH_MSG_TYPE_COPY_SEND : MACH_MSG_TYPE_MAKE_SEND_ONCE);
			message.header.msgh_id = 7;
			message_right(&message, notify, MACH_MSG_TYPE_MAKE_SEND_ONCE);
			EXPECT(mach_msg_trap(&message.header, MACH_SEND_MSG | options[i],
				message.header.msgh_size, 0, 0, 0, notify), MACH_MSG_SUCCESS);
			EXPECT_TRUE(notification_is(notify, MACH_NOTIFY_SEND_ONCE, 0));
			EXPECT(message_receive(&message, reply), MACH_MSG_SUCCESS);
			EXPECT(message.header.msgh_bits, MACH_MSGH_BITS(0, how
				? MACH_MSG_TYPE_PORT_SEND : MACH_MSG_TYPE_PORT_SEND_ONCE));
			EXPECT(message.header.msgh_id, 107);
			EXPECT(message.header.msgh_size, 32);
			EXPECT(message.body[0], 0x10012002);
			EXPECT(message.body[1], MIG_BAD_ID);
			EXPECT(port_refs(task, MACH_PORT_RIGHT_SEND), refs);
			EXPECT_TRUE(queue_is_empty(notify));
		}
	tap_about("a receive right, and the reply port's own");
	for (unsigned int i = 0; i < 2; i++) {
		mach_port_t right = i ? reply : moved;

		message_init(&message, task, MACH_MSG_TYPE_COPY_SEND, reply,
			MACH_MSG_TYPE_MAKE_SEND_ONCE);
		message.header.msgh_id = 7;
		message_right(&message, right, MACH_MSG_TYPE_MOVE_RECEIVE);
		EXPECT(message_send(&message), MACH_MSG_SUCCESS);
		EXPECT(port_type(right), i ? MACH_PORT_TYPE_DEAD_NAME : 0);
		if (i == 0)
			EXPECT(message_receive(&message, reply), MACH_MSG_SUCCESS);
	}
	port_destroy(reply);
	port_destroy(notify);
}
