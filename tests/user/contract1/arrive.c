/* SPDX-License-Identifier: BSD-2-Clause */
/* Sections 1, 7 and 8: names and counts as rights arrive, and what a port loses on its way. */
#include <libmach/string.h>
#include <mach.h>
#include <mach/mig_support.h>
#include <mach/porter.h>

#include "../common/messages.h"
#include "../common/ports.h"
#include "../common/snapshot.h"
#include "../common/subject.h"
#include "../common/tap.h"
#include "../common/worker.h"
#include "tests.h"

#define SELF		mach_task_self()
#define SEND_MAX	65534
#define DEAD_MAX	65535

static struct worker worker, client;

/* --- protected payloads ---------------------------------------------------------------------- */

static void expect_local(mach_port_t from, unsigned int type, uint32_t value)
{
	struct message message;

	EXPECT(message_receive(&message, from), MACH_MSG_SUCCESS);
	EXPECT(message.header.msgh_bits, MACH_MSGH_BITS(0, type));
	EXPECT(message.header.msgh_local_port, value);
	EXPECT(message.header.msgh_remote_port, MACH_PORT_NULL);
}

/* What is set when the message is received counts; the right by which it came does not. */
void test_payload_forms(void)
{
	mach_port_t port = port_new_with_send(1), set = port_new_set(), reply = port_new();
	const mach_port_t name = 0x6543212;
	struct message message;

	EXPECT(send_simple(port, 1), MACH_MSG_SUCCESS);
	EXPECT(mach_port_set_protected_payload(SELF, port, 0xffffffff), KERN_SUCCESS);
	expect_local(port, MACH_MSG_TYPE_PROTECTED_PAYLOAD, 0xffffffff);
	tap_about("set again, from a set, under a new name");
	EXPECT(send_simple(port, 1), MACH_MSG_SUCCESS);
	EXPECT(mach_port_set_protected_payload(SELF, port, 77), KERN_SUCCESS);
	EXPECT(mach_port_move_member(SELF, port, set), KERN_SUCCESS);
	EXPECT(mach_port_rename(SELF, port, name), KERN_SUCCESS);
	expect_local(set, MACH_MSG_TYPE_PROTECTED_PAYLOAD, 77);
	tap_about("by a send-once right, and a notification");
	message_init(&message, port_make_send_once(name), MACH_MSG_TYPE_MOVE_SEND_ONCE, 0, 0);
	EXPECT(message_send(&message), MACH_MSG_SUCCESS);
	expect_local(set, MACH_MSG_TYPE_PROTECTED_PAYLOAD, 77);
	EXPECT(mach_port_deallocate(SELF, port_make_send_once(name)), KERN_SUCCESS);
	expect_local(set, MACH_MSG_TYPE_PROTECTED_PAYLOAD, 77);
	tap_about("a bare header has the name");
	EXPECT(send_simple(name, 1), MACH_MSG_SUCCESS);
	EXPECT(mach_msg_trap(&message.header, MACH_RCV_MSG, 0, 23, set, 0, 0),
		MACH_RCV_TOO_LARGE);
	EXPECT(message.header.msgh_bits, MACH_MSGH_BITS(0, MACH_MSG_TYPE_PORT_SEND));
	EXPECT(message.header.msgh_local_port, name);
	EXPECT(send_simple(name, 1), MACH_MSG_SUCCESS);
	EXPECT(mach_msg_trap(&message.header, MACH_RCV_MSG | MACH_RCV_NOTIFY, 0, sizeof message,
		set, 0, set), MACH_RCV_INVALID_NOTIFY);
	EXPECT(message.header.msgh_bits, MACH_MSGH_BITS(0, MACH_MSG_TYPE_PORT_SEND));
	EXPECT(message.header.msgh_local_port, name);
	tap_about("who waits when it comes");
	worker_receive(&worker, set);
	client = (struct worker) { .option = MACH_SEND_MSG | MACH_RCV_MSG, .receive = reply };
	message_init(&client.message, name, MACH_MSG_TYPE_COPY_SEND, reply,
		MACH_MSG_TYPE_MAKE_SEND_ONCE);
	worker_start(&client);
	EXPECT(worker_end(&worker), MACH_MSG_SUCCESS);
	EXPECT(worker.message.header.msgh_bits, MACH_MSGH_BITS(MACH_MSG_TYPE_PORT_SEND_ONCE,
		MACH_MSG_TYPE_PROTECTED_PAYLOAD));
	EXPECT(worker.message.header.msgh_protected_payload, 77);
	tap_about("and the answer, to a port with a payload");
	EXPECT(mach_port_set_protected_payload(SELF, reply, 78), KERN_SUCCESS);
	EXPECT(send_simple(name, 1), MACH_MSG_SUCCESS);
	message_init(&message, worker.message.header.msgh_remote_port,
		MACH_MSG_TYPE_MOVE_SEND_ONCE, 0, 0);
	EXPECT(mach_msg_trap(&message.header, MACH_SEND_MSG | MACH_RCV_MSG, 24, sizeof message,
		set, 0, 0), MACH_MSG_SUCCESS);
	EXPECT(worker_end(&client), MACH_MSG_SUCCESS);
	EXPECT(client.message.header.msgh_bits, MACH_MSGH_BITS(0,
		MACH_MSG_TYPE_PROTECTED_PAYLOAD));
	EXPECT(client.message.header.msgh_protected_payload, 78);
	port_destroy(name);
	port_destroy(reply);
	port_destroy(set);
}

/* 0 is a payload; without one the name comes again. */
void test_payload_zero(void)
{
	mach_port_t port = port_new_with_send(1);

	EXPECT(mach_port_set_protected_payload(SELF, port, 0), KERN_SUCCESS);
	EXPECT(send_simple(port, 1), MACH_MSG_SUCCESS);
	expect_local(port, MACH_MSG_TYPE_PROTECTED_PAYLOAD, 0);
	EXPECT(mach_port_clear_protected_payload(SELF, port), KERN_SUCCESS);
	EXPECT(mach_port_clear_protected_payload(SELF, port), KERN_SUCCESS);
	EXPECT(send_simple(port, 1), MACH_MSG_SUCCESS);
	expect_local(port, MACH_MSG_TYPE_PORT_SEND, port);
	port_destroy(port);
}

/* --- a receive right moves ------------------------------------------------------------------- */

enum way { BY_MESSAGE, BY_ARRAY, BY_INSERT, BY_EXTRACT, BY_NOTIFICATION, WAYS };

/* Move the receive right away and back, or out of its space and in again.  Returns its name. */
static mach_port_t move(mach_port_t port, enum way way, mach_port_t carrier)
{
	struct message message;
	mach_msg_type_name_t type;
	mach_port_t task, name = MACH_PORT_NULL, names[1] = { port };

	switch (way) {
	case BY_MESSAGE:
	case BY_ARRAY:
		message_init(&message, carrier, MACH_MSG_TYPE_COPY_SEND, 0, 0);
		if (way == BY_MESSAGE)
			message_right(&message, port, MACH_MSG_TYPE_MOVE_RECEIVE);
		else
			message_memory(&message, MACH_MSG_TYPE_MOVE_RECEIVE, 32, 1, names, 0);
		EXPECT(message_send(&message), MACH_MSG_SUCCESS);
		EXPECT(message_receive(&message, carrier), MACH_MSG_SUCCESS);
		if (way == BY_MESSAGE)
			return message.body[1];
		name = *(mach_port_t *) (uintptr_t) message.body[3];
		vm_deallocate(SELF, message.body[3], 4);
		return name;
	case BY_INSERT:
	case BY_EXTRACT:
		EXPECT(task_create(SELF, FALSE, &task), KERN_SUCCESS);
		EXPECT(mach_port_insert_right(task, 0x5555, port, MACH_MSG_TYPE_MOVE_RECEIVE),
			KERN_SUCCESS);
		if (way == BY_EXTRACT)
			EXPECT(mach_port_set_qlimit(task, 0x5555, 7), KERN_SUCCESS);
		EXPECT(mach_port_extract_right(task, 0x5555, MACH_MSG_TYPE_MOVE_RECEIVE, &name,
			&type), KERN_SUCCESS);
		EXPECT(type, MACH_MSG_TYPE_PORT_RECEIVE);
		EXPECT(task_terminate(task), KERN_SUCCESS);
		EXPECT(mach_port_deallocate(SELF, task), KERN_SUCCESS);
		return name;
	default:
		EXPECT(port_request(port, MACH_NOTIFY_PORT_DESTROYED, 0, carrier), KERN_SUCCESS);
		EXPECT(mach_port_mod_refs(SELF, port, MACH_PORT_RIGHT_RECEIVE, -1), KERN_SUCCESS);
		EXPECT(message_receive(&message, carrier), MACH_MSG_SUCCESS);
		EXPECT(message.header.msgh_id, MACH_NOTIFY_PORT_DESTROYED);
		return message.body[1];
	}
}

/* As it leaves it loses counts, set and payload; queue, limit, senders and requests stay. */
static void try_leaving(enum way way)
{
	mach_port_t port = port_new(), set = port_new_set(), carrier = port_new_with_send(1);
	mach_port_t notify = port_new(), right = port_make_send_once(port), name;
	mach_port_status_t status;

	tap_about("way %u", way);
	port_make_send(port);
	EXPECT(mach_port_set_qlimit(SELF, port, 1), KERN_SUCCESS);
	EXPECT(mach_port_set_seqno(SELF, port, 40), KERN_SUCCESS);
	EXPECT(mach_port_set_protected_payload(SELF, port, 99), KERN_SUCCESS);
	EXPECT(mach_port_move_member(SELF, port, set), KERN_SUCCESS);
	EXPECT(port_request(port, MACH_NOTIFY_NO_SENDERS, 5, notify), KERN_SUCCESS);
	if (way != BY_NOTIFICATION)
		EXPECT(port_request(port, MACH_NOTIFY_PORT_DESTROYED, 0, notify), KERN_SUCCESS);
	EXPECT(send_simple(port, 31), MACH_MSG_SUCCESS);
	worker_send(&worker, port, 32);
	EXPECT(worker_is_done(&worker), FALSE);
	name = move(port, way, carrier);
	EXPECT(worker_is_done(&worker), way == BY_EXTRACT);
	if (way == BY_NOTIFICATION) {	/* the send rights became a dead name at once */
		EXPECT_TRUE(name != port);
		EXPECT(port_type(port), MACH_PORT_TYPE_DEAD_NAME);
		port_destroy(port);
		EXPECT(port_type(name), MACH_PORT_TYPE_RECEIVE);
	} else {
		EXPECT(name, port);
		EXPECT(port_type(name), MACH_PORT_TYPE_SEND_RECEIVE);
		EXPECT(port_refs(name, MACH_PORT_RIGHT_SEND), 1);
	}
	status = port_status(name);
	EXPECT(status.mps_mscount, 0);
	EXPECT(status.mps_seqno, 0);
	EXPECT(status.mps_pset, MACH_PORT_NULL);
	EXPECT(status.mps_qlimit, way == BY_EXTRACT ? 7 : 1);
	EXPECT(status.mps_msgcount, way == BY_EXTRACT ? 2 : 1);
	EXPECT(status.mps_sorights, 1);
	EXPECT(status.mps_nsrequest, TRUE);
	EXPECT(status.mps_pdrequest, way != BY_NOTIFICATION);
	expect_local(name, MACH_MSG_TYPE_PORT_SEND, name);
	EXPECT(worker_end(&worker), MACH_MSG_SUCCESS);
	expect_local(name, MACH_MSG_TYPE_PORT_SEND, name);
	EXPECT(port_status(name).mps_seqno, 2);
	if (way != BY_NOTIFICATION)
		EXPECT(mach_port_deallocate(SELF, name), KERN_SUCCESS);
	EXPECT_TRUE(notification_is(notify, MACH_NOTIFY_NO_SENDERS, 0));
	port_destroy(right);
	EXPECT_TRUE(notification_is(name, MACH_NOTIFY_SEND_ONCE, 0));
	port_destroy(name);
	port_destroy(notify);
	port_destroy(carrier);
	port_destroy(set);
}

void test_leaving(void)
{
	for (enum way way = 0; way < WAYS; way++)
		try_leaving(way);
}

/* --- no name for it -------------------------------------------------------------------------- */

/* A message to `port' with a new right as reply and another in its body. */
static void send_rights(mach_port_t port, mach_port_t reply, unsigned int how, boolean_t array)
{
	mach_port_t names[1] = { reply };
	struct message message;

	message_init(&message, port, MACH_MSG_TYPE_COPY_SEND, reply, how);
	if (array)
		message_memory(&message, MACH_MSG_TYPE_MAKE_SEND_ONCE, 32, 1, names, 0);
	else
		message_right(&message, reply, MACH_MSG_TYPE_MAKE_SEND_ONCE);
	message_right(&message, reply, MACH_MSG_TYPE_MAKE_SEND);
	EXPECT(message_send(&message), MACH_MSG_SUCCESS);
}

/* No room for names: the header's right fails all, the body's rights only themselves. */
void test_names_exhausted(void)
{
	mach_port_t port = port_new_with_send(1), reply = port_new();
	ipc_limits_t limits, none;
	struct message message;
	ipc_usage_t usage;

	mig_get_reply_port();
	EXPECT(task_get_ipc_limits(tap_host_priv, SELF, &limits), KERN_SUCCESS);
	none = limits;
	send_rights(port, reply, MACH_MSG_TYPE_MAKE_SEND_ONCE, FALSE);
	send_rights(port, reply, MACH_MSG_TYPE_MAKE_SEND, FALSE);
	send_rights(port, reply, MACH_MSG_TYPE_MAKE_SEND, TRUE);
	EXPECT(task_ipc_usage(tap_host_priv, SELF, &usage), KERN_SUCCESS);
	none.il_names = usage.iu_names;
	EXPECT(task_set_ipc_limits(tap_host_priv, SELF, none), KERN_SUCCESS);

	tap_about("the reply right");
	memset(&message, 0xee, sizeof message);
	EXPECT(message_receive(&message, port), MACH_RCV_HEADER_ERROR | MACH_MSG_IPC_SPACE);
	EXPECT(message.header.msgh_bits, MACH_MSGH_BITS_COMPLEX | MACH_MSGH_BITS(
		MACH_MSG_TYPE_PORT_SEND_ONCE, MACH_MSG_TYPE_PORT_SEND));
	EXPECT(message.header.msgh_size, 40);
	EXPECT(message.header.msgh_remote_port, MACH_PORT_NULL);
	EXPECT(message.header.msgh_local_port, port);
	EXPECT(message.header.msgh_seqno, 0);
	EXPECT(message.header.msgh_id, 1234);
	EXPECT(message.body[0], 0xeeeeeeee);
	EXPECT_TRUE(notification_is(reply, MACH_NOTIFY_SEND_ONCE, 0));
	EXPECT_TRUE(notification_is(reply, MACH_NOTIFY_SEND_ONCE, 0));

	tap_about("a right in the body");
	EXPECT(message_receive(&message, port), MACH_RCV_BODY_ERROR | MACH_MSG_IPC_SPACE);
	EXPECT(message.header.msgh_remote_port, reply);
	EXPECT(message.body[0], TYPE_INLINE | 1 << 16 | 32 << 8 | MACH_MSG_TYPE_PORT_SEND_ONCE);
	EXPECT(message.body[1], MACH_PORT_NULL);
	EXPECT(message.body[3], reply);
	EXPECT_TRUE(notification_is(reply, MACH_NOTIFY_SEND_ONCE, 0));

	tap_about("in an array");
	EXPECT(message_receive(&message, port), MACH_RCV_BODY_ERROR | MACH_MSG_IPC_SPACE);
	EXPECT(*(mach_port_t *) (uintptr_t) message.body[3], MACH_PORT_NULL);
	EXPECT(message.body[2], 1);
	vm_deallocate(SELF, message.body[3], 4);
	EXPECT(message.body[5], reply);
	EXPECT(port_refs(reply, MACH_PORT_RIGHT_SEND), 4);
	EXPECT_TRUE(notification_is(reply, MACH_NOTIFY_SEND_ONCE, 0));

	tap_about("given back");
	EXPECT(mach_port_set_qlimit(SELF, port, 0), KERN_SUCCESS);
	message_init(&message, port, MACH_MSG_TYPE_COPY_SEND, reply, MACH_MSG_TYPE_MAKE_SEND_ONCE);
	EXPECT(message_send(&message), MACH_SEND_TIMED_OUT | MACH_MSG_IPC_SPACE);
	EXPECT(message.header.msgh_remote_port, port);
	EXPECT(message.header.msgh_local_port, MACH_PORT_NULL);
	EXPECT_TRUE(notification_is(reply, MACH_NOTIFY_SEND_ONCE, 0));
	EXPECT(task_set_ipc_limits(tap_host_priv, SELF, limits), KERN_SUCCESS);
	EXPECT(port_status(port).mps_msgcount, 0);
	port_destroy(port);
	port_destroy(reply);
}

/* --- user references at their limit ---------------------------------------------------------- */

/* A name with so many references to a send right. */
static mach_port_t port_with_references(unsigned int count)
{
	mach_port_t port = port_new_with_send(1);

	EXPECT(mach_port_mod_refs(SELF, port, MACH_PORT_RIGHT_SEND, count - 1), KERN_SUCCESS);
	return port;
}

static void give_one(mach_port_t name, unsigned int how, mach_port_t carrier)
{
	struct message message;

	message_init(&message, carrier, MACH_MSG_TYPE_COPY_SEND, 0, 0);
	message_right(&message, name, how);
	EXPECT(message_send(&message), MACH_MSG_SUCCESS);
	EXPECT(message_receive(&message, carrier), MACH_MSG_SUCCESS);
	EXPECT(message.body[1], name);
}

void test_limits_of_references(void)
{
	mach_port_t carrier = port_new_with_send(1), port = port_with_references(SEND_MAX - 1);
	struct message message;

	tap_about("to the limit, and not beyond it");
	EXPECT(mach_port_mod_refs(SELF, port, MACH_PORT_RIGHT_SEND, 2), KERN_UREFS_OVERFLOW);
	EXPECT(mach_port_mod_refs(SELF, port, MACH_PORT_RIGHT_SEND, 0x7fffffff),
		KERN_UREFS_OVERFLOW);
	EXPECT(port_refs(port, MACH_PORT_RIGHT_SEND), SEND_MAX - 1);
	give_one(port, MACH_MSG_TYPE_MAKE_SEND, carrier);
	EXPECT(port_refs(port, MACH_PORT_RIGHT_SEND), SEND_MAX);
	tap_about("what arrives at the limit is used up");
	give_one(port, MACH_MSG_TYPE_MAKE_SEND, carrier);
	give_one(port, MACH_MSG_TYPE_COPY_SEND, carrier);
	EXPECT(port_refs(port, MACH_PORT_RIGHT_SEND), SEND_MAX);
	EXPECT(snapshot_send_rights(port), 1);
	EXPECT(mach_port_insert_right(SELF, port, port, MACH_MSG_TYPE_MAKE_SEND),
		KERN_UREFS_OVERFLOW);
	EXPECT(snapshot_send_rights(port), 1);
	EXPECT(mach_port_mod_refs(SELF, port, MACH_PORT_RIGHT_SEND, 1), KERN_UREFS_OVERFLOW);
	tap_about("two moved from the limit");
	message_init(&message, port, MACH_MSG_TYPE_MOVE_SEND, port, MACH_MSG_TYPE_MOVE_SEND);
	EXPECT(message_send(&message), MACH_MSG_SUCCESS);
	EXPECT(port_refs(port, MACH_PORT_RIGHT_SEND), SEND_MAX);
	EXPECT(message_receive(&message, port), MACH_MSG_SUCCESS);
	EXPECT(message.header.msgh_remote_port, port);
	EXPECT(port_refs(port, MACH_PORT_RIGHT_SEND), SEND_MAX);
	EXPECT(mach_port_mod_refs(SELF, port, MACH_PORT_RIGHT_SEND, -(SEND_MAX - 1)),
		KERN_SUCCESS);
	EXPECT(port_refs(port, MACH_PORT_RIGHT_SEND), SEND_MAX);
	EXPECT(mach_port_mod_refs(SELF, port, MACH_PORT_RIGHT_SEND, -SEND_MAX - 1),
		KERN_INVALID_VALUE);
	EXPECT(mach_port_mod_refs(SELF, port, MACH_PORT_RIGHT_SEND, -SEND_MAX), KERN_SUCCESS);
	EXPECT(port_type(port), MACH_PORT_TYPE_RECEIVE);
	port_destroy(port);

	port_destroy(carrier);
}

/* A dead name at its limit, that was a send right at its own or not. */
void test_limits_of_dead_names(void)
{
	mach_port_t carrier = port_new_with_send(1), notify = port_new(), port, name;
	struct message message;

	tap_about("the port dies, with a request, under a name at the limit");
	port = port_with_references(SEND_MAX);
	EXPECT(port_request(port, MACH_NOTIFY_DEAD_NAME, 0, notify), KERN_SUCCESS);
	EXPECT(mach_port_mod_refs(SELF, port, MACH_PORT_RIGHT_RECEIVE, -1), KERN_SUCCESS);
	EXPECT_TRUE(notification_is(notify, MACH_NOTIFY_DEAD_NAME, port));
	EXPECT(port_refs(port, MACH_PORT_RIGHT_DEAD_NAME), DEAD_MAX);
	EXPECT(mach_port_deallocate(SELF, port), KERN_SUCCESS);
	EXPECT(mach_port_mod_refs(SELF, port, MACH_PORT_RIGHT_DEAD_NAME, -9), KERN_SUCCESS);
	EXPECT(port_refs(port, MACH_PORT_RIGHT_DEAD_NAME), DEAD_MAX);
	EXPECT(port_request(port, MACH_NOTIFY_DEAD_NAME, 1, notify), KERN_UREFS_OVERFLOW);
	EXPECT_TRUE(notification_is(notify, MACH_NOTIFY_SEND_ONCE, 0));
	message_init(&message, carrier, MACH_MSG_TYPE_COPY_SEND, port, MACH_MSG_TYPE_MOVE_SEND);
	EXPECT(message_send(&message), MACH_MSG_SUCCESS);
	EXPECT(message_receive(&message, carrier), MACH_MSG_SUCCESS);
	EXPECT(message.header.msgh_remote_port, MACH_PORT_DEAD);
	EXPECT(port_refs(port, MACH_PORT_RIGHT_DEAD_NAME), DEAD_MAX);
	EXPECT(mach_port_mod_refs(SELF, port, MACH_PORT_RIGHT_DEAD_NAME, -DEAD_MAX), KERN_SUCCESS);
	EXPECT(port_type(port), 0);

	tap_about("the port dies, here and elsewhere, without a request");
	for (int elsewhere = 0; elsewhere < 2; elsewhere++) {
		port = port_with_references(SEND_MAX);
		if (elsewhere) {
			message_init(&message, carrier, MACH_MSG_TYPE_COPY_SEND, 0, 0);
			message_right(&message, port, MACH_MSG_TYPE_MOVE_RECEIVE);
			EXPECT(message_send(&message), MACH_MSG_SUCCESS);
			EXPECT(mach_msg_trap(&message.header, MACH_RCV_MSG, 0, 0, carrier, 0, 0),
				MACH_RCV_TOO_LARGE);
		} else {
			EXPECT(mach_port_mod_refs(SELF, port, MACH_PORT_RIGHT_RECEIVE, -1),
				KERN_SUCCESS);
		}
		EXPECT(port_refs(port, MACH_PORT_RIGHT_DEAD_NAME), DEAD_MAX);
		EXPECT(mach_port_deallocate(SELF, port), KERN_SUCCESS);
		EXPECT(port_refs(port, MACH_PORT_RIGHT_DEAD_NAME), DEAD_MAX);
		port_destroy(port);
	}

	tap_about("a dead name just below its limit");
	name = port_new_dead();
	EXPECT(mach_port_mod_refs(SELF, name, MACH_PORT_RIGHT_DEAD_NAME, DEAD_MAX - 2),
		KERN_SUCCESS);
	EXPECT(port_request(name, MACH_NOTIFY_DEAD_NAME, 1, notify), KERN_SUCCESS);
	EXPECT_TRUE(notification_is(notify, MACH_NOTIFY_DEAD_NAME, name));
	EXPECT(port_refs(name, MACH_PORT_RIGHT_DEAD_NAME), DEAD_MAX);
	EXPECT(mach_port_mod_refs(SELF, name, MACH_PORT_RIGHT_DEAD_NAME, 1), KERN_UREFS_OVERFLOW);
	port_destroy(name);
	port_destroy(carrier);
	port_destroy(notify);
}

/* --- death on the way ------------------------------------------------------------------------ */

/* Rights of every kind, in header, body and array, whose port dies while the message is queued. */
void test_dead_on_the_way(void)
{
	mach_port_t port = port_new_with_send(1), victim = port_new(), names[2];
	struct message message;

	names[0] = names[1] = victim;
	message_init(&message, port, MACH_MSG_TYPE_COPY_SEND, victim, MACH_MSG_TYPE_MAKE_SEND);
	message_right(&message, victim, MACH_MSG_TYPE_MAKE_SEND);
	message_right(&message, victim, MACH_MSG_TYPE_MAKE_SEND_ONCE);
	message_memory(&message, MACH_MSG_TYPE_MAKE_SEND_ONCE, 32, 2, names, 0);
	EXPECT(message_send(&message), MACH_MSG_SUCCESS);
	port_destroy(victim);
	EXPECT(message_receive(&message, port), MACH_MSG_SUCCESS);
	EXPECT(message.header.msgh_bits, MACH_MSGH_BITS_COMPLEX | MACH_MSGH_BITS(
		MACH_MSG_TYPE_PORT_SEND, MACH_MSG_TYPE_PORT_SEND));
	EXPECT(message.header.msgh_remote_port, MACH_PORT_DEAD);
	EXPECT(message.body[1], MACH_PORT_DEAD);
	EXPECT(message.body[3], MACH_PORT_DEAD);
	EXPECT(((mach_port_t *) (uintptr_t) message.body[7])[0], MACH_PORT_DEAD);
	EXPECT(((mach_port_t *) (uintptr_t) message.body[7])[1], MACH_PORT_DEAD);
	vm_deallocate(SELF, message.body[7], 8);
	tap_about("and comes back to its sender");
	victim = port_new();
	EXPECT(mach_port_set_qlimit(SELF, port, 0), KERN_SUCCESS);
	worker = (struct worker) { .option = MACH_SEND_MSG };
	message_init(&worker.message, port, MACH_MSG_TYPE_COPY_SEND, victim,
		MACH_MSG_TYPE_MAKE_SEND_ONCE);
	message_right(&worker.message, victim, MACH_MSG_TYPE_MAKE_SEND);
	worker_start(&worker);
	port_destroy(victim);
	EXPECT(thread_abort(worker.thread), KERN_SUCCESS);
	EXPECT(worker_end(&worker), MACH_SEND_INTERRUPTED);
	EXPECT(worker.message.header.msgh_bits, MACH_MSGH_BITS_COMPLEX | MACH_MSGH_BITS(
		MACH_MSG_TYPE_MOVE_SEND, MACH_MSG_TYPE_MOVE_SEND_ONCE));
	EXPECT(worker.message.header.msgh_remote_port, port);
	EXPECT(worker.message.header.msgh_local_port, MACH_PORT_DEAD);
	EXPECT(worker.message.body[1], MACH_PORT_DEAD);
	port_destroy(port);
}

/* What a death sends, in its order: the no-senders right, the messages' rights, the requests. */
void test_order_of_death(void)
{
	mach_port_t port = port_new_with_send(1), notify = port_new(), passed = port_new();
	struct message message;

	EXPECT(port_request(port, MACH_NOTIFY_DEAD_NAME, 0, notify), KERN_SUCCESS);
	EXPECT(port_request(passed, MACH_NOTIFY_NO_SENDERS, 1, notify), KERN_SUCCESS);
	message_init(&message, port, MACH_MSG_TYPE_COPY_SEND, 0, 0);
	message_right(&message, passed, MACH_MSG_TYPE_MAKE_SEND);
	EXPECT(message_send(&message), MACH_MSG_SUCCESS);
	EXPECT(port_request(port, MACH_NOTIFY_NO_SENDERS, 0, notify), KERN_SUCCESS);
	EXPECT(mach_port_mod_refs(SELF, port, MACH_PORT_RIGHT_RECEIVE, -1), KERN_SUCCESS);
	EXPECT_TRUE(notification_is(notify, MACH_NOTIFY_SEND_ONCE, 0));
	EXPECT_TRUE(notification_is(notify, MACH_NOTIFY_NO_SENDERS, 1));
	EXPECT_TRUE(notification_is(notify, MACH_NOTIFY_DEAD_NAME, port));
	EXPECT_TRUE(queue_is_empty(notify));
	EXPECT(port_refs(port, MACH_PORT_RIGHT_DEAD_NAME), 2);
	port_destroy(port);
	port_destroy(passed);
	port_destroy(notify);
}
