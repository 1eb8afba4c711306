/* SPDX-License-Identifier: BSD-2-Clause */
/* Sections 9 and 13: rights that come back to their sender, and ports that change hands. */
#include <libmach/string.h>
#include <mach.h>
#include <mach/ipc_limits.h>
#include <mach/notify.h>
#include <mach/porter.h>

#include "../common/messages.h"
#include "../common/ports.h"
#include "../common/subject.h"
#include "../common/tap.h"
#include "../common/worker.h"
#include "tests.h"

#define SELF	mach_task_self()

static struct worker worker;

static mach_port_t full_port(void)
{
	mach_port_t port = port_new_with_send(1);

	EXPECT(mach_port_set_qlimit(SELF, port, 1), KERN_SUCCESS);
	EXPECT(send_simple(port, 1), MACH_MSG_SUCCESS);
	return port;
}

static mach_msg_return_t abort_sender(void)
{
	EXPECT(worker_is_done(&worker), FALSE);
	EXPECT(thread_abort(worker.thread), KERN_SUCCESS);
	return worker_end(&worker);
}

/* --- back to the sender -------------------------------- */

/* The words of the body below, by what they are. */
enum { RECEIVE = 1, LIVE = 3, DEAD_ONCE = 5, DEAD_SEND = 7, ARRAY = 11, DATA = 15 };

/*
 * A blocked send with rights of all kinds is interrupted, after some of their ports have died:
 * what lives is under a name again, what died is DEAD.
 */
void test_interrupted(void)
{
	mach_port_t port = full_port(), inner = port_new_with_send(1), live = port_new();
	mach_port_t dying = port_new(), reply = port_new(), array[2];
	struct message *message = &worker.message;
	mach_port_t once = port_make_send_once(live);
	const mach_port_t *names;

	memset(&worker, 0, sizeof worker);
	array[0] = dying;
	array[1] = live;
	message_init(message, port, MACH_MSG_TYPE_COPY_SEND, reply, MACH_MSG_TYPE_MAKE_SEND);
	message_right(message, inner, MACH_MSG_TYPE_MOVE_RECEIVE);
	message_right(message, once, MACH_MSG_TYPE_MOVE_SEND_ONCE);
	message_right(message, dying, MACH_MSG_TYPE_MAKE_SEND_ONCE);
	message_right(message, dying, MACH_MSG_TYPE_MAKE_SEND);
	message_memory(message, MACH_MSG_TYPE_MAKE_SEND, 32, 2, array, 0);
	message_memory(message, MACH_MSG_TYPE_BYTE, 8, 3, "abc", 0);
	message->header.msgh_seqno = 99;
	mach_msg_size_t size = message->header.msgh_size;

	worker.option = MACH_SEND_MSG;
	worker_start(&worker);
	EXPECT(port_type(inner), MACH_PORT_TYPE_SEND);
	EXPECT(port_type(once), 0);
	port_destroy(dying);
	port_destroy(reply);
	EXPECT(abort_sender(), MACH_SEND_INTERRUPTED);
	EXPECT(message->header.msgh_bits, MACH_MSGH_BITS_COMPLEX
		| MACH_MSGH_BITS(MACH_MSG_TYPE_MOVE_SEND, MACH_MSG_TYPE_MOVE_SEND));
	EXPECT(message->header.msgh_size, size);
	EXPECT(message->header.msgh_seqno, 0);
	EXPECT(message->header.msgh_remote_port, port);
	EXPECT(message->header.msgh_local_port, MACH_PORT_DEAD);
	EXPECT(message->body[RECEIVE - 1], 0x10012010);
	EXPECT(message->body[RECEIVE], inner);
	EXPECT(port_type(inner), MACH_PORT_TYPE_SEND_RECEIVE);
	EXPECT(message->body[LIVE - 1], 0x10012012);
	EXPECT(port_type(message->body[LIVE]), MACH_PORT_TYPE_SEND_ONCE);
	EXPECT(message->body[DEAD_ONCE - 1], 0x10012012);
	EXPECT(message->body[DEAD_ONCE], MACH_PORT_DEAD);
	EXPECT(message->body[DEAD_SEND - 1], 0x10012011);
	EXPECT(message->body[DEAD_SEND], MACH_PORT_DEAD);
	names = (const mach_port_t *) (uintptr_t) message->body[ARRAY];
	EXPECT(names[0], MACH_PORT_DEAD);
	EXPECT(names[1], live);
	EXPECT(port_type(live), MACH_PORT_TYPE_SEND_RECEIVE);
	EXPECT_TRUE(message->body[ARRAY - 3] & TYPE_DEALLOCATE);
	EXPECT_TRUE(message->body[DATA - 3] & TYPE_DEALLOCATE);
	EXPECT(memcmp((const void *) (uintptr_t) message->body[DATA], "abc", 3), 0);
	EXPECT(vm_deallocate(SELF, message->body[ARRAY], 8), KERN_SUCCESS);
	EXPECT(vm_deallocate(SELF, message->body[DATA], 3), KERN_SUCCESS);
	port_destroy(message->body[LIVE]);
	EXPECT_TRUE(notification_is(live, MACH_NOTIFY_SEND_ONCE, 0));
	port_destroy(inner);
	port_destroy(live);
	port_destroy(port);
}

/* What came back can be sent again as it is, and everything arrives. */
void test_sent_again(void)
{
	static const unsigned int hows[] = { MACH_MSG_TYPE_MOVE_SEND, MACH_MSG_TYPE_COPY_SEND,
		MACH_MSG_TYPE_MAKE_SEND };

	for (unsigned int i = 0; i < COUNT_OF(hows); i++) {
		unsigned int how = hows[i];
		mach_port_t port = full_port(), inner = port_new(), reply = port_new();
		struct message message;
		vm_offset_t data = 0;

		tap_about("disposition %u", how);
		EXPECT(vm_allocate(SELF, &data, 8192, TRUE), KERN_SUCCESS);
		memset((void *) data, 5, 8192);
		message_init(&message, port, how, reply, MACH_MSG_TYPE_MAKE_SEND_ONCE);
		message_right(&message, inner, MACH_MSG_TYPE_MOVE_RECEIVE);
		message_memory(&message, MACH_MSG_TYPE_BYTE, 8, 8192, (void *) data,
			TYPE_DEALLOCATE);
		EXPECT(message_send(&message), MACH_SEND_TIMED_OUT);
		EXPECT(message_send(&message), MACH_SEND_TIMED_OUT);
		EXPECT(mach_port_set_qlimit(SELF, port, 2), KERN_SUCCESS);
		EXPECT(message_send(&message), MACH_MSG_SUCCESS);
		EXPECT(message_receive(&message, port), MACH_MSG_SUCCESS);
		EXPECT(message_receive(&message, port), MACH_MSG_SUCCESS);
		EXPECT(message.header.msgh_bits, MACH_MSGH_BITS_COMPLEX
			| MACH_MSGH_BITS(MACH_MSG_TYPE_PORT_SEND_ONCE, MACH_MSG_TYPE_PORT_SEND));
		EXPECT(port_type(message.body[1]), MACH_PORT_TYPE_RECEIVE);
		EXPECT(*(const volatile char *) (uintptr_t) message.body[5], 5);
		EXPECT(vm_deallocate(SELF, message.body[5], 8192), KERN_SUCCESS);
		port_destroy(message.body[1]);
		port_destroy(message.header.msgh_remote_port);
		EXPECT_TRUE(notification_is(reply, MACH_NOTIFY_SEND_ONCE, 0));
		EXPECT(port_refs(port, MACH_PORT_RIGHT_SEND), how != MACH_MSG_TYPE_MOVE_SEND);
		port_destroy(reply);
		port_destroy(port);
	}
}

/* --- ports that change hands -------------------------------- */

#define NAME	0x4711u

/* The port goes away from here, by one of the ways, and comes back; its name, with a send right. */
static void there_and_back(mach_port_t port, unsigned int way, mach_port_t child)
{
	mach_port_t notify = port_new(), got = 0;
	mach_msg_type_name_t type;
	struct message message;

	switch (way) {
	case 0:
		EXPECT(mach_port_insert_right(child, NAME, port, MACH_MSG_TYPE_MOVE_RECEIVE),
			KERN_SUCCESS);
		EXPECT(port_type(port), MACH_PORT_TYPE_SEND | MACH_PORT_TYPE_DNREQUEST);
		EXPECT(mach_port_extract_right(child, NAME, MACH_MSG_TYPE_MOVE_RECEIVE, &got,
			&type), KERN_SUCCESS);
		break;
	case 1:
		EXPECT(mach_port_extract_right(SELF, port, MACH_MSG_TYPE_MOVE_RECEIVE, &got, &type),
			KERN_SUCCESS);
		break;
	case 2:
		EXPECT(mach_port_insert_right(SELF, port, port, MACH_MSG_TYPE_MOVE_RECEIVE),
			KERN_SUCCESS);
		got = port;
		break;
	default:
		EXPECT(mach_port_insert_right(child, NAME, port, MACH_MSG_TYPE_MOVE_RECEIVE),
			KERN_SUCCESS);
		EXPECT(mach_port_request_notification(child, NAME, MACH_NOTIFY_PORT_DESTROYED, 0,
			notify, MACH_MSG_TYPE_MAKE_SEND_ONCE, &got), KERN_SUCCESS);
		EXPECT(mach_port_destroy(child, NAME), KERN_SUCCESS);
		EXPECT(message_receive(&message, notify), MACH_MSG_SUCCESS);
		got = message.body[1];
	}
	EXPECT(got, port);
	port_destroy(notify);
}

/* A queue and a blocked sender go along; sequence number, make-send count and payload do not. */
void test_changing_hands(void)
{
	mach_port_t child = 0;

	EXPECT(task_create(SELF, FALSE, &child), KERN_SUCCESS);
	for (unsigned int way = 0; way < 4; way++) {
		mach_port_t port = full_port(), notify = port_new(), set = port_new_set();
		struct message message;

		tap_about("way %u", way);
		EXPECT(mach_port_set_protected_payload(SELF, port, 3), KERN_SUCCESS);
		EXPECT(mach_port_set_seqno(SELF, port, 9), KERN_SUCCESS);
		EXPECT(mach_port_move_member(SELF, port, set), KERN_SUCCESS);
		EXPECT(port_request(port, MACH_NOTIFY_NO_SENDERS, 0, notify), KERN_SUCCESS);
		EXPECT(port_request(port, MACH_NOTIFY_DEAD_NAME, 0, notify), KERN_SUCCESS);
		worker_send(&worker, port, 2);
		there_and_back(port, way, child);
		EXPECT(worker_is_done(&worker), FALSE);
		EXPECT(port_type(port), MACH_PORT_TYPE_SEND_RECEIVE | MACH_PORT_TYPE_DNREQUEST);
		EXPECT(port_status(port).mps_mscount, 0);
		EXPECT(port_status(port).mps_pset, MACH_PORT_NULL);
		EXPECT(port_status(port).mps_qlimit, 1);
		EXPECT(port_status(port).mps_nsrequest, TRUE);
		for (int i = 0; i < 2; i++) {
			EXPECT(message_receive_wait(&message, port, 500), MACH_MSG_SUCCESS);
			EXPECT(message.header.msgh_id, 1 + i);
			EXPECT(message.header.msgh_seqno, i);
			EXPECT(message.header.msgh_local_port, port);
		}
		EXPECT(worker_end(&worker), MACH_MSG_SUCCESS);
		EXPECT_TRUE(queue_is_empty(notify));
		port_destroy(port);
		EXPECT_TRUE(notification_is(notify, MACH_NOTIFY_NO_SENDERS, 0));
		EXPECT_TRUE(notification_is(notify, MACH_NOTIFY_PORT_DELETED, port));
		port_destroy(notify);
		port_destroy(set);
	}
	EXPECT(task_terminate(child), KERN_SUCCESS);
	port_destroy(child);
}

/* Without send rights the name goes, as it would in any other way, and comes back as a new one. */
void test_inserted_in_own(void)
{
	mach_port_t port = port_new(), notify = port_new();

	EXPECT(port_request(port, MACH_NOTIFY_DEAD_NAME, 0, notify), KERN_SUCCESS);
	EXPECT(mach_port_insert_right(SELF, NAME, port, MACH_MSG_TYPE_MOVE_RECEIVE), KERN_SUCCESS);
	EXPECT_TRUE(notification_is(notify, MACH_NOTIFY_PORT_DELETED, port));
	EXPECT(port_type(port), 0);
	EXPECT(port_type(NAME), MACH_PORT_TYPE_RECEIVE);
	EXPECT(mach_port_insert_right(SELF, NAME, NAME, MACH_MSG_TYPE_MOVE_RECEIVE), KERN_SUCCESS);
	EXPECT(port_type(NAME), MACH_PORT_TYPE_RECEIVE);
	port_destroy(NAME);
	EXPECT_TRUE(queue_is_empty(notify));
	port_destroy(notify);
}

/* --- the privileged host port -------------------------------- */

/* The host comes first, then the task, then the values. */
void test_porter_privilege(void)
{
	mach_port_t host = mach_host_self();
	const mach_port_t hosts[] = { host, SELF, tap_device_master };
	ipc_limits_t limits = { .il_message_size = 1 };
	port_statistics_t port;
	space_statistics_t space;
	ipc_usage_t usage;
	natural_t number;
	kernel_debug_name_t name;

	for (unsigned int i = 0; i < COUNT_OF(hosts); i++)
		for (unsigned int j = 0; j < 2; j++) {
			mach_port_t task = j ? host : SELF;

			tap_about("host %u, task %u", i, j);
			EXPECT(host_get_ipc_limits(hosts[i], &limits), KERN_INVALID_HOST);
			EXPECT(host_set_ipc_limits(hosts[i], limits), KERN_INVALID_HOST);
			EXPECT(task_get_ipc_limits(hosts[i], task, &limits), KERN_INVALID_HOST);
			EXPECT(task_set_ipc_limits(hosts[i], task, limits), KERN_INVALID_HOST);
			EXPECT(task_ipc_usage(hosts[i], task, &usage), KERN_INVALID_HOST);
			EXPECT(port_statistics(hosts[i], task, 0, &port),
				KERN_INVALID_HOST);
			EXPECT(space_statistics(hosts[i], task, &space),
				KERN_INVALID_HOST);
			EXPECT(task_identity(hosts[i], task, &number, name), KERN_INVALID_HOST);
			EXPECT(host_trace_control(hosts[i], ~0u), KERN_INVALID_HOST);
			EXPECT(host_ipc_check(hosts[i]), KERN_INVALID_HOST);
		}
	tap_about("%s", "");
	EXPECT(task_set_ipc_limits(tap_host_priv, host, limits), KERN_INVALID_TASK);
	EXPECT(task_set_ipc_limits(tap_host_priv, SELF, limits), KERN_INVALID_VALUE);
	EXPECT(host_set_ipc_limits(tap_host_priv, limits), KERN_INVALID_VALUE);
	EXPECT(host_trace_control(tap_host_priv, ~0u), KERN_INVALID_ARGUMENT);
	EXPECT(mach_port_deallocate(SELF, host), KERN_SUCCESS);
}
