/* SPDX-License-Identifier: BSD-2-Clause */
/* Notifications that are forged, raced for, or late. */
#include <libmach/string.h>
#include <libmach/thread.h>
#include <mach.h>
#include <mach/mach_host.h>
#include <mach/notify.h>
#include <mach/notify_S.h>

#include "../common/kernel_port.h"
#include "../common/messages.h"
#include "../common/ports.h"
#include "../common/tap.h"

#define SELF		mach_task_self()
#define REPLY_WORD	0x10012002u
#define FIRST_ID	64
#define LAST_ID		72
#define MIG_REPLY(id)	((id) + 100)

/* --- forged notifications to kernel ports -------------------------------------------------- */

/* The object does what it did before. */
static void object_works(enum kernel_kind kind, mach_port_t port)
{
	kernel_version_t version;
	struct task_basic_info task;
	struct thread_basic_info thread;
	mach_msg_type_number_t count;

	switch (kind) {
	case KERNEL_TASK:
		count = TASK_BASIC_INFO_COUNT;
		EXPECT(task_info(port, TASK_BASIC_INFO, (task_info_t) &task, &count),
			KERN_SUCCESS);
		break;
	case KERNEL_THREAD:
		count = THREAD_BASIC_INFO_COUNT;
		EXPECT(thread_info(port, THREAD_BASIC_INFO, (thread_info_t) &thread, &count),
			KERN_SUCCESS);
		break;
	case KERNEL_HOST:
	case KERNEL_HOST_PRIV:
		EXPECT(host_kernel_version(port, version), KERN_SUCCESS);
		break;
	default:
		EXPECT(port_type(port), MACH_PORT_TYPE_SEND);
	}
}

/* A message with a notification's id, and so many words after the header. */
static void forge(mach_port_t port, mach_msg_id_t id, unsigned int words, mach_port_t reply)
{
	struct message message;

	message_init(&message, port, MACH_MSG_TYPE_COPY_SEND, reply,
		reply == MACH_PORT_NULL ? 0 : MACH_MSG_TYPE_MAKE_SEND_ONCE);
	message.header.msgh_id = id;
	if (words == 2 && id == MACH_NOTIFY_PORT_DESTROYED) {
		message_right(&message, port_new(), MACH_MSG_TYPE_MOVE_RECEIVE);
	} else {
		for (unsigned int i = 0; i < words; i++)
			message_word(&message, i % 2 == 0 ? REPLY_WORD : 0);
	}
	EXPECT(message_send(&message), MACH_MSG_SUCCESS);
	if (reply == MACH_PORT_NULL)
		return;
	EXPECT(message_receive(&message, reply), MACH_MSG_SUCCESS);
	EXPECT(message.header.msgh_id, MIG_REPLY(id));
	EXPECT(message.header.msgh_size, 32);
	EXPECT(message.body[1], (unsigned int) MIG_BAD_ID);
}

static void test_forged(void)
{
	mach_port_t reply = port_new();

	for (enum kernel_kind kind = 0; kind < KERNEL_KINDS; kind++) {
		struct kernel_port port = kernel_port_new(kind);

		for (mach_msg_id_t id = FIRST_ID; id <= LAST_ID; id++)
			for (unsigned int words = 0; words <= 4; words++) {
				tap_about("%s, id %d, %u words", kernel_port_text(kind), id,
					words);
				forge(port.name, id, words, reply);
				forge(port.name, id, words, MACH_PORT_NULL);
				object_works(kind, port.name);
			}
		kernel_port_end(&port);
	}
	tap_about("%s", "");
	port_destroy(reply);
}

/* --- notifications without their body ------------------------------------------------------- */

/* What MIG's server would call, and must not. */
static kern_return_t called(const char *name)
{
	tap_fail("%s was called", name);
	return KERN_SUCCESS;
}

kern_return_t do_mach_notify_port_deleted(mach_port_t notify, mach_port_t name)
{
	(void) notify, (void) name;
	return called("port_deleted");
}

kern_return_t do_mach_notify_msg_accepted(mach_port_t notify, mach_port_t name)
{
	(void) notify, (void) name;
	return called("msg_accepted");
}

kern_return_t do_mach_notify_port_destroyed(mach_port_t notify, mach_port_t rights)
{
	(void) notify, (void) rights;
	return called("port_destroyed");
}

kern_return_t do_mach_notify_no_senders(mach_port_t notify, mach_port_mscount_t count)
{
	(void) notify, (void) count;
	return called("no_senders");
}

kern_return_t do_mach_notify_send_once(mach_port_t notify)
{
	(void) notify;
	return called("send_once");
}

kern_return_t do_mach_notify_dead_name(mach_port_t notify, mach_port_t name)
{
	(void) notify, (void) name;
	return called("dead_name");
}

/* A server that has MIG check its notifications answers MIG_BAD_ARGUMENTS to short ones. */
static void test_short_notifications(void)
{
	static const mach_msg_id_t ids[] = { MACH_NOTIFY_PORT_DELETED, MACH_NOTIFY_MSG_ACCEPTED,
		MACH_NOTIFY_PORT_DESTROYED, MACH_NOTIFY_NO_SENDERS, MACH_NOTIFY_DEAD_NAME };
	mach_port_t port = port_new(), reply = port_new();

	for (unsigned int i = 0; i < COUNT_OF(ids); i++) {
		struct { mach_msg_header_t header; uint32_t words[64]; } in, out;
		struct message message;

		message_init(&message, port, MACH_MSG_TYPE_MAKE_SEND_ONCE, reply,
			MACH_MSG_TYPE_MAKE_SEND_ONCE);
		message.header.msgh_id = ids[i];
		EXPECT(message_send(&message), MACH_MSG_SUCCESS);
		memset(&in, 0, sizeof in);
		memset(&out, 0, sizeof out);
		EXPECT(mach_msg(&in.header, MACH_RCV_MSG, 0, sizeof in, port, 0, MACH_PORT_NULL),
			MACH_MSG_SUCCESS);
		EXPECT(in.header.msgh_id, ids[i]);
		EXPECT_TRUE(notify_server(&in.header, &out.header));
		EXPECT(out.words[1], (unsigned int) MIG_BAD_ARGUMENTS);
		port_destroy(in.header.msgh_remote_port);
		EXPECT_TRUE(notification_is(reply, MACH_NOTIFY_SEND_ONCE, 0));
	}
	port_destroy(port);
	port_destroy(reply);
}

/* --- no senders against new senders --------------------------------------------------------- */

#define ROUNDS	400

static mach_port_t raced;
static volatile boolean_t stop;
static volatile unsigned int made;

/* Makes send rights and drops them again, by name and in messages that are never received. */
static void make_and_drop(void *argument)
{
	while (!stop) {
		mach_port_t carrier = port_new();
		struct message message;

		message_init(&message, carrier, MACH_MSG_TYPE_MAKE_SEND_ONCE, MACH_PORT_NULL, 0);
		message_right(&message, raced, MACH_MSG_TYPE_MAKE_SEND);
		EXPECT(message_send(&message), MACH_MSG_SUCCESS);
		made++;
		port_destroy(carrier);
	}
	(void) argument;
}

/* Each request answers exactly once, with the count that there was when the last right went. */
static void test_no_senders_race(void)
{
	mach_port_t notify = port_new(), thread;
	unsigned int last = 0;
	struct message message;

	raced = port_new();
	stop = FALSE;
	made = 0;
	EXPECT(mach_thread_start(make_and_drop, NULL, &thread), KERN_SUCCESS);
	for (int i = 0; i < ROUNDS; i++) {
		EXPECT(port_request(raced, MACH_NOTIFY_NO_SENDERS, 0, notify), KERN_SUCCESS);
		EXPECT(message_receive_wait(&message, notify, 2000), MACH_MSG_SUCCESS);
		EXPECT(message.header.msgh_id, MACH_NOTIFY_NO_SENDERS);
		EXPECT_TRUE(message.body[1] >= last && message.body[1] <= made + 1);
		last = message.body[1];
		if (i % 8 == 0)
			swtch_pri(0);
	}
	stop = TRUE;
	mach_thread_join(thread);
	EXPECT_TRUE(queue_is_empty(notify));
	EXPECT(port_status(raced).mps_mscount, made);
	/* A count that is still to come waits for it. */
	EXPECT(port_request(raced, MACH_NOTIFY_NO_SENDERS, made + 1, notify), KERN_SUCCESS);
	EXPECT_TRUE(queue_is_empty(notify));
	port_make_send(raced);
	EXPECT_TRUE(queue_is_empty(notify));
	EXPECT(mach_port_mod_refs(SELF, raced, MACH_PORT_RIGHT_SEND, -1), KERN_SUCCESS);
	EXPECT_TRUE(notification_is(notify, MACH_NOTIFY_NO_SENDERS, made + 1));
	EXPECT_TRUE(queue_is_empty(notify));
	port_destroy(raced);
	port_destroy(notify);
}

/* --- deep destruction ------------------------------------------------------------------------ */

#define DEPTH	10000

/* Each port's receive right is in the queue of the next. */
static void test_nested_ports(void)
{
	mach_port_t head = port_new();

	for (int i = 0; i < DEPTH; i++) {
		mach_port_t next = port_new();
		struct message message;

		message_init(&message, next, MACH_MSG_TYPE_MAKE_SEND_ONCE, MACH_PORT_NULL, 0);
		message_right(&message, head, MACH_MSG_TYPE_MOVE_RECEIVE);
		EXPECT(message_send(&message), MACH_MSG_SUCCESS);
		head = next;
	}
	port_destroy(head);
}

/* Each port has asked to be given to the next when it is destroyed. */
static void test_port_destroyed_chain(void)
{
	mach_port_t head = port_new(), port = head;

	for (int i = 0; i < DEPTH; i++) {
		mach_port_t next = port_new();

		EXPECT(port_request(port, MACH_NOTIFY_PORT_DESTROYED, 0, next), KERN_SUCCESS);
		if (port != head)
			EXPECT(mach_port_rename(SELF, port, 0x40000000u + i), KERN_SUCCESS);
		port = next;
	}
	port_destroy(head);
	for (int i = 1; i < DEPTH; i++)
		port_destroy(0x40000000u + i);
	port_destroy(port);
}

/* --- the first thing that a thread does is to destroy ----------------------------------------- */

/* A port with messages in which there are ports with messages. */
static mach_port_t full_port(void)
{
	mach_port_t port = port_new();

	for (int i = 0; i < 5; i++) {
		mach_port_t inner = port_new();
		struct message message;

		message_init(&message, inner, MACH_MSG_TYPE_MAKE_SEND, MACH_PORT_NULL, 0);
		message_right(&message, inner, MACH_MSG_TYPE_MAKE_SEND);
		EXPECT(message_send(&message), MACH_MSG_SUCCESS);
		message_init(&message, port, MACH_MSG_TYPE_MAKE_SEND, MACH_PORT_NULL, 0);
		message_right(&message, inner, MACH_MSG_TYPE_MOVE_RECEIVE);
		message_memory(&message, MACH_MSG_TYPE_BYTE, 8, sizeof message, &message, 0);
		EXPECT(message_send(&message), MACH_MSG_SUCCESS);
	}
	return port;
}

static mach_port_t victim;

static void destroy_victim(void *argument)
{
	port_destroy(victim);
	(void) argument;
}

static void do_nothing(void *argument)
{
	(void) argument;
}

static void test_first_act(void)
{
	mach_port_t thread, task, port;

	victim = full_port();
	EXPECT(mach_thread_start(destroy_victim, NULL, &thread), KERN_SUCCESS);
	mach_thread_join(thread);
	EXPECT(port_type(victim), 0);
	/* A task whose threads never ran ends with full ports in its space. */
	EXPECT(mach_task_prepare(do_nothing, NULL, &task, &thread), KERN_SUCCESS);
	port = full_port();
	EXPECT(mach_port_insert_right(task, 0x777, port, MACH_MSG_TYPE_MOVE_RECEIVE), KERN_SUCCESS);
	EXPECT(task_terminate(task), KERN_SUCCESS);
	port_destroy(task);
	port_destroy(thread);
	/* The same of a task that ends itself, and of one that has no thread. */
	EXPECT(task_create(SELF, FALSE, &task), KERN_SUCCESS);
	port = full_port();
	EXPECT(mach_port_insert_right(task, 0x777, port, MACH_MSG_TYPE_MOVE_RECEIVE), KERN_SUCCESS);
	EXPECT(task_terminate(task), KERN_SUCCESS);
	port_destroy(task);
}

/* --- servers that die --------------------------------------------------------------------------- */

/* Receives one request and never answers; others stay in the queue. */
static void serve_nothing(void *argument)
{
	struct message message;

	message_receive_wait(&message, (mach_port_t) (uintptr_t) argument, 60000);
	for (;;)
		sleep_for(1000);
}

struct client {
	mach_port_t		server;
	mach_port_t		thread;
	mach_port_t		reply;
	mach_msg_return_t	result;
	mach_msg_id_t		id;
};

static void call_server(void *argument)
{
	struct client *self = argument;
	struct message message;

	message_init(&message, self->server, MACH_MSG_TYPE_COPY_SEND, self->reply,
		MACH_MSG_TYPE_MAKE_SEND_ONCE);
	self->result = mach_msg(&message.header, MACH_SEND_MSG | MACH_RCV_MSG,
		sizeof message.header, sizeof message, self->reply, 0, MACH_PORT_NULL);
	self->id = message.header.msgh_id;
}

#define CLIENTS	4

/* Whoever waits for an answer of a server that is killed is told, wherever the request was. */
static void test_killed_server(void)
{
	struct client client[CLIENTS];
	mach_port_t server = port_new(), send, task;

	EXPECT(mach_task_start(serve_nothing, (void *) 0x888, &task), KERN_SUCCESS);
	EXPECT(mach_port_insert_right(SELF, server, server, MACH_MSG_TYPE_MAKE_SEND),
		KERN_SUCCESS);
	send = server;
	EXPECT(mach_port_insert_right(task, 0x888, server, MACH_MSG_TYPE_MOVE_RECEIVE),
		KERN_SUCCESS);
	for (int i = 0; i < CLIENTS; i++) {
		client[i].server = send;
		client[i].reply = port_new();
		EXPECT(mach_thread_start(call_server, &client[i], &client[i].thread), KERN_SUCCESS);
	}
	sleep_for(50);
	EXPECT(task_terminate(task), KERN_SUCCESS);
	for (int i = 0; i < CLIENTS; i++) {
		mach_thread_join(client[i].thread);
		EXPECT(client[i].result, MACH_MSG_SUCCESS);
		EXPECT(client[i].id, MACH_NOTIFY_SEND_ONCE);
		port_destroy(client[i].reply);
	}
	port_destroy(task);
	EXPECT(port_type(send), MACH_PORT_TYPE_DEAD_NAME);
	port_destroy(send);
}

static const struct test tests[] = {
	{ .name = "ND-1 forged notifications to kernel ports", .run = test_forged },
	{ .name = "ND-2 notifications without their body", .run = test_short_notifications },
	{ .name = "ND-6 no senders against new ones", .run = test_no_senders_race },
	{ .name = "ND-7 ports in ports, 10000 deep", .run = test_nested_ports },
	{ .name = "ND-7 10000 port-destroyed requests", .run = test_port_destroyed_chain },
	{ .name = "ND-8 the first act destroys", .run = test_first_act },
	{ .name = "ND-10 a server is killed", .run = test_killed_server },
};

int main(int argc, char **argv)
{
	return tap_main(argc, argv, tests, COUNT_OF(tests));
}
