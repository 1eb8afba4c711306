/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a receiver is told when the receive right goes or the port dies after it was given the
 * message and before it takes it out of the kernel (PR-13).  The receiver's priority is so low
 * that it does not run before we wait for it.
 */
#include <mach.h>
#include <mach/mach_host.h>

#include "../common/messages.h"
#include "../common/ports.h"
#include "../common/tap.h"
#include "../common/worker.h"
#include "tests.h"

#define SELF		mach_task_self()
#define LOW_PRIORITY	50

static struct worker worker;
static mach_port_t port, reply;

/* A message has been given to the worker, which does not run. */
static void give(unsigned int disposition)
{
	mach_port_t destination;
	struct message message;

	port = port_new_with_send(1);
	reply = port_new();
	worker_receive(&worker, port);
	EXPECT(thread_priority(worker.thread, LOW_PRIORITY, FALSE), KERN_SUCCESS);
	destination = disposition == MACH_MSG_TYPE_COPY_SEND ? port : port_make_send_once(port);
	message_init(&message, destination, disposition, reply, MACH_MSG_TYPE_MAKE_SEND_ONCE);
	EXPECT(message_send(&message), MACH_MSG_SUCCESS);
	EXPECT(port_status(port).mps_msgcount, 0);
	EXPECT(worker.done, FALSE);
}

static void take(unsigned int remote_type, mach_port_t local)
{
	mach_msg_header_t *header = &worker.message.header;

	EXPECT(worker_end(&worker), MACH_MSG_SUCCESS);
	EXPECT(header->msgh_local_port, local);
	EXPECT(header->msgh_id, 1234);
	if (remote_type == 0) {
		EXPECT(header->msgh_remote_port, MACH_PORT_DEAD);
		return;
	}
	EXPECT(port_type(header->msgh_remote_port), remote_type);
	EXPECT(mach_port_deallocate(SELF, header->msgh_remote_port), KERN_SUCCESS);
}

static void destroy_receive(mach_port_t name)
{
	EXPECT(mach_port_mod_refs(SELF, name, MACH_PORT_RIGHT_RECEIVE, -1), KERN_SUCCESS);
}

/* Returns: the port in whose queue the receive right is then. */
static mach_port_t move_into_queue(void)
{
	mach_port_t elsewhere = port_new_with_send(1);
	struct message message;

	message_init(&message, elsewhere, MACH_MSG_TYPE_COPY_SEND, MACH_PORT_NULL, 0);
	message_right(&message, port, MACH_MSG_TYPE_MOVE_RECEIVE);
	EXPECT(message_send(&message), MACH_MSG_SUCCESS);
	return elsewhere;
}

void test_taken_and_moved(void)
{
	mach_port_t elsewhere, task;
	mach_port_status_t status;

	tap_about("unchanged");
	give(MACH_MSG_TYPE_COPY_SEND);
	take(MACH_PORT_TYPE_SEND_ONCE, port);
	port_destroy(port);
	port_destroy(reply);

	tap_about("in transit");
	give(MACH_MSG_TYPE_COPY_SEND);
	elsewhere = move_into_queue();
	take(MACH_PORT_TYPE_SEND_ONCE, MACH_PORT_NULL);
	port_destroy(elsewhere);
	port_destroy(port);
	port_destroy(reply);

	tap_about("in another task");
	give(MACH_MSG_TYPE_MOVE_SEND_ONCE);
	EXPECT(task_create(SELF, FALSE, &task), KERN_SUCCESS);
	EXPECT(mach_port_insert_right(task, 0x33, port, MACH_MSG_TYPE_MOVE_RECEIVE), KERN_SUCCESS);
	take(MACH_PORT_TYPE_SEND_ONCE, MACH_PORT_NULL);
	EXPECT(mach_port_get_receive_status(task, 0x33, &status), KERN_SUCCESS);
	EXPECT(status.mps_msgcount, 1);		/* the send-once right was of no use here */
	EXPECT(status.mps_sorights, 1);
	EXPECT(task_terminate(task), KERN_SUCCESS);
	EXPECT(mach_port_deallocate(SELF, task), KERN_SUCCESS);
	port_destroy(port);
	port_destroy(reply);
}

void test_taken_and_dead(void)
{
	tap_about("the port is dead");
	give(MACH_MSG_TYPE_COPY_SEND);
	destroy_receive(port);
	take(MACH_PORT_TYPE_SEND_ONCE, MACH_PORT_DEAD);
	port_destroy(port);
	port_destroy(reply);

	tap_about("the reply port is dead");
	give(MACH_MSG_TYPE_COPY_SEND);
	destroy_receive(reply);
	take(0, port);
	port_destroy(port);

	tap_about("both are, the port died first");
	give(MACH_MSG_TYPE_COPY_SEND);
	destroy_receive(port);
	destroy_receive(reply);
	take(0, MACH_PORT_DEAD);
	port_destroy(port);

	tap_about("both are, the reply port died first");
	give(MACH_MSG_TYPE_COPY_SEND);
	destroy_receive(reply);
	destroy_receive(port);
	take(0, MACH_PORT_NULL);
	port_destroy(port);
}
