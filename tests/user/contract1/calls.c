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

/* --- round trips ------------------------------------------------------------------------------ */

#define REQUEST_ID	100
#define ANSWER_ID	200
#define ANSWER_SIZE	36

static struct {
	mach_port_t		service, reply, quiet;
	mach_msg_header_t	*buffer;
	mach_msg_size_t		room;
	mach_msg_return_t	result;
} client;

/* The request, in the buffer where the answer comes; what it says of its size is a lie. */
static void prepare(void *buffer, unsigned int blank)
{
	mach_msg_header_t header = {
		.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, MACH_MSG_TYPE_MAKE_SEND_ONCE),
		.msgh_size = 0x1717,
		.msgh_remote_port = client.service,
		.msgh_local_port = client.reply,
		.msgh_seqno = 55,
		.msgh_id = REQUEST_ID,
	};

	memset(buffer, BLANK, blank);
	memcpy(buffer, &header, sizeof header);
	client.buffer = buffer;
}

static void call(void *argument)
{
	(void) argument;
	client.result = mach_msg_trap(client.buffer, MACH_SEND_MSG | MACH_RCV_MSG,
		sizeof *client.buffer, client.room, client.reply, 0, 0);
}

/*
 * We are the server, and answer with 36 bytes while we wait for the next request: the answer goes
 * straight to the client, and its buffer decides what becomes of it.
 */
static void serve_one(void)
{
	mach_port_seqno_t seqno = port_status(client.service).mps_seqno;
	struct message message;
	mach_port_t thread;

	EXPECT(mach_thread_start(call, NULL, &thread), KERN_SUCCESS);
	EXPECT(mach_msg_trap(&message.header, MACH_RCV_MSG, 0, sizeof message, client.service, 0,
		0), MACH_MSG_SUCCESS);
	EXPECT(message.header.msgh_bits, MACH_MSGH_BITS(MACH_MSG_TYPE_PORT_SEND_ONCE,
		MACH_MSG_TYPE_PORT_SEND));
	EXPECT(message.header.msgh_size, 24);
	EXPECT(message.header.msgh_local_port, client.service);
	EXPECT(message.header.msgh_seqno, seqno);
	EXPECT(message.header.msgh_id, REQUEST_ID);
	sleep_for(1);
	message_init(&message, message.header.msgh_remote_port, MACH_MSG_TYPE_MOVE_SEND_ONCE, 0, 0);
	message.header.msgh_id = ANSWER_ID;
	message.header.msgh_size = 0x2828;
	for (unsigned int i = 0; i < 3; i++)
		message.body[i] = 0xabababab;
	/* Somebody has to end our wait. */
	EXPECT(mach_port_deallocate(SELF, port_make_send_once(client.quiet)), KERN_SUCCESS);
	EXPECT(mach_msg_trap(&message.header, MACH_SEND_MSG | MACH_RCV_MSG, ANSWER_SIZE,
		sizeof message, client.quiet, 0, 0), MACH_MSG_SUCCESS);
	mach_thread_join(thread);
}

/* The same with a server that waits for us: nothing is there to be received when it answers. */
static void wait_for_answer(void *argument)
{
	struct message message;

	(void) argument;
	EXPECT(mach_msg_trap(&message.header, MACH_RCV_MSG, 0, sizeof message, client.service, 0,
		0), MACH_MSG_SUCCESS);
	EXPECT(message.header.msgh_size, 24);
	message_init(&message, message.header.msgh_remote_port, MACH_MSG_TYPE_MOVE_SEND_ONCE, 0, 0);
	message.header.msgh_id = ANSWER_ID;
	message.header.msgh_size = 0x2828;
	for (unsigned int i = 0; i < 3; i++)
		message.body[i] = 0xabababab;
	EXPECT(mach_msg_trap(&message.header, MACH_SEND_MSG | MACH_RCV_MSG, ANSWER_SIZE,
		sizeof message, client.quiet, 0, 0), MACH_MSG_SUCCESS);
}

static void call_one(void)
{
	mach_port_t thread;

	EXPECT(mach_thread_start(wait_for_answer, NULL, &thread), KERN_SUCCESS);
	sleep_for(1);
	call(NULL);
	EXPECT(mach_port_deallocate(SELF, port_make_send_once(client.quiet)), KERN_SUCCESS);
	mach_thread_join(thread);
}

static void start_round_trips(void)
{
	client.service = port_new_with_send(1);
	client.reply = port_new();
	client.quiet = port_new();
}

static void end_round_trips(void)
{
	EXPECT_TRUE(queue_is_empty(client.reply));
	EXPECT(port_status(client.reply).mps_sorights, 0);
	port_destroy(client.service);
	port_destroy(client.reply);
	port_destroy(client.quiet);
}

/* What the client has in its buffer, wherever that is. */
static void check_answer(const unsigned char *bytes, unsigned int count, mach_port_seqno_t seqno)
{
	boolean_t fits = client.room >= ANSWER_SIZE;
	mach_msg_size_t written = fits ? ANSWER_SIZE : client.room < 24 ? client.room : 24;
	struct { mach_msg_header_t header; uint32_t body[3]; } answer = {
		.header = {
			.msgh_bits = MACH_MSGH_BITS(0, MACH_MSG_TYPE_PORT_SEND_ONCE),
			.msgh_size = ANSWER_SIZE,
			.msgh_local_port = client.reply,
			.msgh_seqno = seqno,
			.msgh_id = ANSWER_ID,
		},
		.body = { 0xabababab, 0xabababab, 0xabababab },
	};

	EXPECT(client.result, fits ? MACH_MSG_SUCCESS : MACH_RCV_TOO_LARGE);
	EXPECT(port_status(client.reply).mps_seqno, seqno + 1);
	EXPECT(memcmp(bytes, &answer, written), 0);
	for (unsigned int i = written < 24 ? 24 : written; i < count; i++)
		if (!EXPECT(bytes[i], BLANK))
			break;
}

/* Every size of the client's buffer, at every address, with either of the two waiting first. */
void test_small_answers(void)
{
	static const mach_msg_size_t rooms[] = { 0, 4, 20, 23, 24, 25, 33, 35, 36, 37, 0xffffffff };
	static unsigned char bytes[80] __attribute__((aligned(4)));

	start_round_trips();
	for (unsigned int i = 0; i < 4 * COUNT_OF(rooms); i++) {
		mach_port_seqno_t seqno = port_status(client.reply).mps_seqno;
		unsigned int at = i % 4 * 5;

		client.room = rooms[i / 4];
		tap_about("room for %u bytes, address %u", client.room, at);
		prepare(bytes + at, 60);
		serve_one();
		check_answer(bytes + at, 60, seqno);
		prepare(bytes + at, 60);
		call_one();
		check_answer(bytes + at, 60, seqno + 1);
	}
	end_round_trips();
}

/* Buffers that can be read and not written: the header, the body or both. */
void test_unwritable_answers(void)
{
	vm_offset_t pages = 0;

	start_round_trips();
	client.room = 100;
	EXPECT(vm_allocate(SELF, &pages, 2 * PAGE_SIZE, TRUE), KERN_SUCCESS);
	for (unsigned int i = 0; i < 24; i++) {
		/* The edge is in the header, behind it, or in the body. */
		vm_offset_t at = pages + PAGE_SIZE - 4 - i / 3 * 4;
		mach_port_seqno_t seqno = port_status(client.reply).mps_seqno;

		for (unsigned int served = 0; served < 2; served++) {
			tap_about("%u bytes before the edge, pages %u, %u",
				(unsigned int) (pages + PAGE_SIZE - at), i % 3, served);
			EXPECT(vm_protect(SELF, pages, 2 * PAGE_SIZE, FALSE, VM_PROT_READ
				| VM_PROT_WRITE), KERN_SUCCESS);
			prepare((void *) at, 40);
			EXPECT(vm_protect(SELF, pages + (i % 3 == 1) * PAGE_SIZE, i % 3 == 2
				? 2 * PAGE_SIZE : PAGE_SIZE, FALSE, VM_PROT_READ), KERN_SUCCESS);
			if (served)
				serve_one();
			else
				call_one();
			EXPECT(client.result, MACH_RCV_INVALID_DATA);
			EXPECT(port_status(client.reply).mps_seqno, seqno + 1 + served);
		}
	}
	EXPECT(vm_deallocate(SELF, pages, 2 * PAGE_SIZE), KERN_SUCCESS);
	end_round_trips();
}

static mach_msg_header_t *server_buffer;
static mach_msg_return_t server_result;

static void receive_badly(void *argument)
{
	(void) argument;
	server_result = mach_msg_trap(server_buffer, MACH_RCV_MSG, 0, 100, client.service, 0, 0);
}

/* The same for who waits for a request: its sender learns that nobody will answer. */
void test_unwritable_requests(void)
{
	struct { mach_msg_header_t header; uint32_t body[20]; } message;
	vm_offset_t pages = 0;

	start_round_trips();
	client.room = sizeof message;
	EXPECT(vm_allocate(SELF, &pages, 2 * PAGE_SIZE, TRUE), KERN_SUCCESS);
	EXPECT(vm_protect(SELF, pages + PAGE_SIZE, PAGE_SIZE, FALSE, VM_PROT_READ), KERN_SUCCESS);
	for (unsigned int i = 0; i < 9; i++) {
		static const uintptr_t others[] = {
			0, VM_MAX_ADDRESS - 24, VM_MAX_ADDRESS - 20, VM_MAX_ADDRESS, 0xffffffe8,
			0xfffffff0,
		};
		mach_port_t thread;

		server_buffer = (void *) (i < 3 ? pages + PAGE_SIZE - i * 12 : others[i - 3]);
		tap_about("buffer at 0x%x", (unsigned int) (uintptr_t) server_buffer);
		EXPECT(mach_thread_start(receive_badly, NULL, &thread), KERN_SUCCESS);
		sleep_for(1);
		prepare(&message, sizeof message);
		EXPECT(mach_msg_trap(&message.header, MACH_SEND_MSG | MACH_RCV_MSG, 36,
			sizeof message, client.reply, 0, 0), MACH_MSG_SUCCESS);
		EXPECT(message.header.msgh_id, MACH_NOTIFY_SEND_ONCE);
		mach_thread_join(thread);
		EXPECT(server_result, MACH_RCV_INVALID_DATA);
		tap_about("sent from 0x%x", (unsigned int) others[i % 6]);
		if (i % 6 != 0)
			EXPECT(mach_msg_trap((mach_msg_header_t *) others[i % 6], MACH_SEND_MSG
				| MACH_RCV_MSG, 36, 100, client.reply, 0, 0),
				MACH_SEND_INVALID_DATA);
	}
	EXPECT(vm_deallocate(SELF, pages, 2 * PAGE_SIZE), KERN_SUCCESS);
	end_round_trips();
}

/* The receiver waits already, and the sender names something that it cannot receive from. */
void test_bad_sources(void)
{
	mach_port_t port = port_new_with_send(1), member = port_new(), set = port_new_set();
	struct message message;

	EXPECT(mach_port_move_member(SELF, member, set), KERN_SUCCESS);
	for (enum kind kind = 0; kind <= KIND_COUNT; kind++) {
		struct subject subject = { .kind = kind, .name = member };

		if (kind < KIND_COUNT)
			subject = subject_make(kind);
		if (kind < KIND_COUNT && (kind_has_receive(kind) || kind == KIND_SET)) {
			subject_destroy(&subject);
			continue;
		}
		tap_about("%s", kind < KIND_COUNT ? kind_text(kind) : "a member");
		worker_receive(&worker, port);
		message_init(&message, port, MACH_MSG_TYPE_COPY_SEND, member,
			MACH_MSG_TYPE_MAKE_SEND_ONCE);
		EXPECT(mach_msg_trap(&message.header, MACH_SEND_MSG | MACH_RCV_MSG, 24,
			sizeof message, subject.name, 0, 0), kind < KIND_COUNT
			? MACH_RCV_INVALID_NAME : MACH_RCV_IN_SET);
		EXPECT(worker_end(&worker), MACH_MSG_SUCCESS);
		EXPECT(worker.message.header.msgh_id, 1234);
		EXPECT(mach_port_deallocate(SELF, worker.message.header.msgh_remote_port),
			KERN_SUCCESS);
		EXPECT_TRUE(notification_is(set, MACH_NOTIFY_SEND_ONCE, 0));
		if (kind < KIND_COUNT)
			subject_destroy(&subject);
	}
	port_destroy(port);
	port_destroy(member);
	port_destroy(set);
}

static void take_answer(void *argument)
{
	struct message message;

	(void) argument;
	EXPECT(mach_msg_trap(&message.header, MACH_RCV_MSG, 0, sizeof message, client.reply, 0, 0),
		MACH_MSG_SUCCESS);
	EXPECT(message.header.msgh_id, 1234);
	EXPECT(mach_port_deallocate(SELF, port_make_send_once(client.quiet)), KERN_SUCCESS);
}

/* An answer by a name with a dead-name request: the name goes, and that is told. */
void test_requested_answer(void)
{
	mach_port_t notify = port_new(), once, thread;
	struct message message;

	start_round_trips();
	once = port_make_send_once(client.reply);
	EXPECT(port_request(once, MACH_NOTIFY_DEAD_NAME, 0, notify), KERN_SUCCESS);
	EXPECT(mach_thread_start(take_answer, NULL, &thread), KERN_SUCCESS);
	sleep_for(1);
	message_init(&message, once, MACH_MSG_TYPE_MOVE_SEND_ONCE, 0, 0);
	EXPECT(mach_msg_trap(&message.header, MACH_SEND_MSG | MACH_RCV_MSG, 24, sizeof message,
		client.quiet, 0, 0), MACH_MSG_SUCCESS);
	mach_thread_join(thread);
	EXPECT(port_type(once), 0);
	EXPECT_TRUE(notification_is(notify, MACH_NOTIFY_PORT_DELETED, once));
	EXPECT_TRUE(queue_is_empty(notify));
	port_destroy(notify);
	end_round_trips();
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
