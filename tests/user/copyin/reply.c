/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A round trip whose reply name, which is also the name to receive from, is no receive right
 * (CI-1).  Whatever path the kernel takes, the answer is INVALID_REPLY and nothing has happened.
 */
#include <mach.h>

#include "../common/messages.h"
#include "../common/ports.h"
#include "../common/snapshot.h"
#include "../common/tap.h"
#include "../common/worker.h"
#include "tests.h"

#define FOREIGN_NAME	0x1234

/* What the name is.  The foreign port is received by another task, and has a message queued. */
enum odd { ODD_FOREIGN, ODD_TASK, ODD_DEAD, ODD_SET, ODD_SEND_ONCE, ODD_NONE, ODD_COUNT };

enum destination { TO_KERNEL, TO_WAITING, TO_QUEUE, TO_COUNT };

static struct worker server;
static mach_port_t other_task;

static mach_port_t make_foreign(void)
{
	mach_port_t name = MACH_PORT_NULL;
	mach_msg_type_name_t type;

	EXPECT(mach_port_allocate_name(other_task, MACH_PORT_RIGHT_RECEIVE, FOREIGN_NAME),
		KERN_SUCCESS);
	EXPECT(mach_port_extract_right(other_task, FOREIGN_NAME, MACH_MSG_TYPE_MAKE_SEND, &name,
		&type), KERN_SUCCESS);
	EXPECT(send_simple(name, 77), MACH_MSG_SUCCESS);
	return name;
}

static mach_port_t make_odd(enum odd odd, mach_port_t *owner)
{
	mach_port_t name;

	*owner = MACH_PORT_NULL;
	switch (odd) {
	case ODD_FOREIGN:
		return make_foreign();
	case ODD_TASK:
		return mach_task_self();
	case ODD_DEAD:
		return port_new_dead();
	case ODD_SET:
		return port_new_set();
	case ODD_SEND_ONCE:
		*owner = port_new();
		return port_make_send_once(*owner);
	default:
		name = port_new();
		port_destroy(name);
		return name;
	}
}

static void destroy_odd(enum odd odd, mach_port_t name, mach_port_t owner)
{
	if (odd == ODD_FOREIGN) {
		mach_port_status_t status;

		EXPECT(mach_port_get_receive_status(other_task, FOREIGN_NAME, &status),
			KERN_SUCCESS);
		EXPECT(status.mps_msgcount, 1);
		EXPECT(status.mps_sorights, 0);
		EXPECT(mach_port_destroy(other_task, FOREIGN_NAME), KERN_SUCCESS);
	}
	if (odd != ODD_TASK && odd != ODD_NONE)
		port_destroy(name);
	if (owner != MACH_PORT_NULL)
		port_destroy(owner);
}

static void try_call(mach_port_t destination, mach_port_t name, mach_msg_option_t option)
{
	static struct snapshot before, after;
	struct message message;

	message_init(&message, destination, MACH_MSG_TYPE_COPY_SEND, name,
		MACH_MSG_TYPE_MAKE_SEND_ONCE);
	snapshot_take(mach_task_self(), &before);
	EXPECT(mach_msg_trap(&message.header, MACH_SEND_MSG | MACH_RCV_MSG | option,
		sizeof message.header, sizeof message, name, 50, MACH_PORT_NULL),
		MACH_SEND_INVALID_REPLY);
	snapshot_take(mach_task_self(), &after);
	EXPECT_TRUE(snapshot_same(&before, &after));
	EXPECT(message.header.msgh_remote_port, destination);
	EXPECT(message.header.msgh_local_port, name);
}

static void try_destination(enum destination kind, enum odd odd)
{
	mach_port_t owner, name = make_odd(odd, &owner);
	mach_port_t port = kind == TO_KERNEL ? mach_task_self() : port_new_with_send(1);

	tap_about("destination %u, name %u", kind, odd);
	if (kind == TO_WAITING)
		worker_receive(&server, port);
	try_call(port, name, 0);
	try_call(port, name, MACH_RCV_TIMEOUT);
	if (kind == TO_WAITING) {
		EXPECT(worker_is_done(&server), FALSE);
		EXPECT(send_simple(port, 5), MACH_MSG_SUCCESS);
		EXPECT(worker_end(&server), MACH_MSG_SUCCESS);
		EXPECT(server.message.header.msgh_id, 5);
		EXPECT(server.message.header.msgh_seqno, 0);
	} else if (kind == TO_QUEUE) {
		EXPECT_TRUE(queue_is_empty(port));
	}
	if (kind != TO_KERNEL)
		port_destroy(port);
	destroy_odd(odd, name, owner);
}

void test_reply_is_no_receive_right(void)
{
	EXPECT(task_create(mach_task_self(), FALSE, &other_task), KERN_SUCCESS);
	for (enum destination kind = 0; kind < TO_COUNT; kind++)
		for (enum odd odd = 0; odd < ODD_COUNT; odd++)
			try_destination(kind, odd);
	EXPECT(task_terminate(other_task), KERN_SUCCESS);
	EXPECT(mach_port_deallocate(mach_task_self(), other_task), KERN_SUCCESS);
}
