/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of MIG's run-time and of the loops for servers. */
#include <libmach/string.h>
#include <libmach/thread.h>
#include <mach.h>
#include <mach/mig_support.h>
#include <mach/vm_param.h>

#include "../common/messages.h"
#include "../common/ports.h"
#include "../common/tap.h"
#include "../common/worker.h"
#include "tests.h"

#define SELF		mach_task_self()
#define REQUEST_ID	900
#define STOP_ID		901
#define REFUSE_ID	902
#define SILENT_ID	903

void test_reply_ports(void)
{
	mach_port_t first = mig_get_reply_port(), second;

	EXPECT(port_type(first), MACH_PORT_TYPE_RECEIVE);
	mig_put_reply_port(first);
	EXPECT(mig_get_reply_port(), first);
	mig_dealloc_reply_port(first);
	second = mig_get_reply_port();
	EXPECT_TRUE(second != first);
	EXPECT(port_type(first), 0);
	EXPECT(port_type(second), MACH_PORT_TYPE_RECEIVE);
}

void test_mig_strncpy(void)
{
	char buffer[8];

	memset(buffer, 'x', sizeof buffer);
	EXPECT(mig_strncpy(buffer, "abc", sizeof buffer), 3);
	EXPECT(strcmp(buffer, "abc"), 0);
	EXPECT(buffer[4], 'x');
	EXPECT(mig_strncpy(buffer, "abcdefghij", sizeof buffer), 7);
	EXPECT(strcmp(buffer, "abcdefg"), 0);
	EXPECT(mig_strncpy(buffer, "abc", 0), 0);
	EXPECT(mig_strncpy(buffer, "abc", 1), 0);
	EXPECT(buffer[0], '\0');
}

/* --- servers --------------------------------------------------------------------------------- */

static unsigned int served;

static boolean_t serve(mach_msg_header_t *request, mach_msg_header_t *reply)
{
	mig_reply_header_t *answer = (mig_reply_header_t *) reply;

	served++;
	switch (request->msgh_id) {
	case REQUEST_ID:
		answer->RetCode = KERN_SUCCESS;
		return TRUE;
	case STOP_ID:
		answer->RetCode = KERN_SUCCESS;
		mach_port_mod_refs(SELF, request->msgh_local_port, MACH_PORT_RIGHT_RECEIVE, -1);
		return TRUE;
	case REFUSE_ID:
		answer->RetCode = KERN_FAILURE;
		return TRUE;
	case SILENT_ID:
		answer->RetCode = MIG_NO_REPLY;
		return TRUE;
	default:
		return FALSE;
	}
}

/* A request with a right that the server ought to release if it refuses. */
static void send_request(mach_port_t port, int id, mach_port_t reply, unsigned int reply_type,
	mach_port_t right)
{
	struct message message;

	message_init(&message, port, MACH_MSG_TYPE_COPY_SEND, reply, reply_type);
	message.header.msgh_id = id;
	if (right != MACH_PORT_NULL)
		message_right(&message, right, MACH_MSG_TYPE_MAKE_SEND);
	EXPECT(message_send(&message), MACH_MSG_SUCCESS);
}

static void expect_reply(mach_port_t reply, int id, kern_return_t code)
{
	struct message message;

	if (!EXPECT(message_receive_wait(&message, reply, 500), MACH_MSG_SUCCESS))
		return;
	EXPECT(message.header.msgh_id, id + 100);
	EXPECT(message.header.msgh_size, sizeof(mig_reply_header_t));
	EXPECT(message.body[0], 0x10012002);
	EXPECT(message.body[1], code);
}

void test_server_once(void)
{
	mach_port_t port = port_new_with_send(1), reply = port_new();

	send_request(port, REQUEST_ID, reply, MACH_MSG_TYPE_MAKE_SEND_ONCE, MACH_PORT_NULL);
	EXPECT(mach_msg_server_once(serve, 256, port), MACH_MSG_SUCCESS);
	expect_reply(reply, REQUEST_ID, KERN_SUCCESS);
	send_request(port, REQUEST_ID, MACH_PORT_NULL, 0, MACH_PORT_NULL);
	EXPECT(mach_msg_server_once(serve, 256, port), MACH_MSG_SUCCESS);
	EXPECT(mach_msg_server_once(serve, 256, MACH_PORT_NULL), MACH_RCV_INVALID_NAME);
	port_destroy(port);
	port_destroy(reply);
}

void test_server_errors(void)
{
	mach_port_t port = port_new_with_send(1), reply = port_new(), right = port_new();

	send_request(port, REFUSE_ID, reply, MACH_MSG_TYPE_MAKE_SEND_ONCE, right);
	EXPECT(mach_msg_server_once(serve, 256, port), MACH_MSG_SUCCESS);
	expect_reply(reply, REFUSE_ID, KERN_FAILURE);
	EXPECT(port_status(right).mps_srights, FALSE);
	send_request(port, 12345, reply, MACH_MSG_TYPE_MAKE_SEND_ONCE, right);
	EXPECT(mach_msg_server_once(serve, 256, port), MACH_MSG_SUCCESS);
	expect_reply(reply, 12345, MIG_BAD_ID);
	EXPECT(port_status(right).mps_srights, FALSE);
	port_destroy(port);
	port_destroy(reply);
	port_destroy(right);
}

static mach_msg_return_t server_result;

static void run_server(void *port)
{
	server_result = mach_msg_server(serve, 128, (mach_port_t) (uintptr_t) port);
}

/*
 * Clients that die before the reply, whose reply port is full, or whose request is too large, do
 * not stop the server; the end of its port does.
 */
void test_server_survives(void)
{
	mach_port_t port = port_new_with_send(1), dying = port_new();
	mach_port_t full = port_new_with_send(1), reply = port_new(), thread;
	static struct message large;

	served = 0;
	server_result = -1;
	send_request(port, REQUEST_ID, dying, MACH_MSG_TYPE_MAKE_SEND_ONCE, MACH_PORT_NULL);
	port_destroy(dying);
	EXPECT(mach_port_set_qlimit(SELF, full, 0), KERN_SUCCESS);
	send_request(port, REQUEST_ID, full, MACH_MSG_TYPE_MAKE_SEND, MACH_PORT_NULL);
	message_init(&large, port, MACH_MSG_TYPE_COPY_SEND, MACH_PORT_NULL, 0);
	EXPECT(message_send_size(&large, sizeof large, 0, 0), MACH_MSG_SUCCESS);
	send_request(port, REQUEST_ID, reply, MACH_MSG_TYPE_MAKE_SEND_ONCE, MACH_PORT_NULL);
	EXPECT(mach_thread_start(run_server, (void *) (uintptr_t) port, &thread), KERN_SUCCESS);
	expect_reply(reply, REQUEST_ID, KERN_SUCCESS);
	EXPECT(served, 3);
	EXPECT(port_refs(full, MACH_PORT_RIGHT_SEND), 1);
	send_request(port, STOP_ID, reply, MACH_MSG_TYPE_MAKE_SEND_ONCE, MACH_PORT_NULL);
	expect_reply(reply, STOP_ID, KERN_SUCCESS);
	mach_thread_join(thread);
	EXPECT(server_result, MACH_RCV_INVALID_NAME);
	port_destroy(port);
	port_destroy(full);
	port_destroy(reply);
}

/* --- messages and codes ---------------------------------------------------------------------- */

static void fill_message(struct message *message, mach_port_t port, mach_port_t reply,
	mach_port_t right, mach_port_t moved, const vm_offset_t *memory)
{
	static mach_port_t rights[2];

	rights[0] = rights[1] = right;
	message_init(message, port, MACH_MSG_TYPE_COPY_SEND, reply, MACH_MSG_TYPE_MAKE_SEND_ONCE);
	message_right(message, right, MACH_MSG_TYPE_MAKE_SEND);
	message_right(message, right, MACH_MSG_TYPE_MAKE_SEND_ONCE);
	message_right(message, moved, MACH_MSG_TYPE_MOVE_RECEIVE);
	message_right(message, MACH_PORT_DEAD, MACH_MSG_TYPE_COPY_SEND);
	message_type(message, MACH_MSG_TYPE_BYTE, 8, 5, TYPE_INLINE);
	message_word(message, 0);
	message_word(message, 0);
	message_memory(message, MACH_MSG_TYPE_MAKE_SEND, 32, 2, rights, 0);
	message_memory(message, MACH_MSG_TYPE_BYTE, 8, 3 * PAGE_SIZE, (void *) *memory, 0);
	message_memory(message, MACH_MSG_TYPE_BYTE, 8, 0, NULL, 0);
}

static boolean_t is_mapped(vm_offset_t address)
{
	vm_offset_t memory = address;
	kern_return_t result = vm_allocate(SELF, &memory, 1, FALSE);

	if (result == KERN_SUCCESS)
		vm_deallocate(SELF, memory, 1);
	return result == KERN_NO_SPACE;
}

/* Everything that a message can hold; the leak check around the test looks for the rights. */
void test_destroy(void)
{
	mach_port_t port = port_new_with_send(1), reply = port_new();
	mach_port_t right = port_new(), moved = port_new();
	vm_offset_t memory = 0;
	struct message message;

	EXPECT(vm_allocate(SELF, &memory, 3 * PAGE_SIZE, TRUE), KERN_SUCCESS);
	fill_message(&message, port, reply, right, moved, &memory);
	EXPECT(message_send(&message), MACH_MSG_SUCCESS);
	EXPECT(message_receive(&message, port), MACH_MSG_SUCCESS);
	EXPECT(port_status(right).mps_srights, TRUE);
	vm_offset_t received = message.body[message.header.msgh_size / 4 - 6 - 5];

	EXPECT_TRUE(is_mapped(received));
	mach_msg_destroy(&message.header);
	EXPECT(is_mapped(received), FALSE);
	EXPECT(port_status(right).mps_srights, FALSE);
	EXPECT_TRUE(notification_is(right, MACH_NOTIFY_SEND_ONCE, 0));
	EXPECT_TRUE(notification_is(reply, MACH_NOTIFY_SEND_ONCE, 0));
	EXPECT(port_type(moved), 0);
	vm_deallocate(SELF, memory, 3 * PAGE_SIZE);
	port_destroy(port);
	port_destroy(reply);
	port_destroy(right);
}

void test_error_texts(void)
{
	static const kern_return_t known[] = {
		KERN_SUCCESS, KERN_INVALID_ADDRESS, KERN_INVALID_HOST, KERN_INTERRUPTED,
		MACH_SEND_IN_PROGRESS, MACH_SEND_INVALID_HEADER, MACH_RCV_IN_PROGRESS,
		MACH_RCV_BODY_ERROR, MACH_RCV_BODY_ERROR | MACH_MSG_VM_SPACE, MIG_TYPE_ERROR,
		MIG_DESTROY_REQUEST, 2500, 2509,
	};
	static const kern_return_t unknown[] = {
		11, 25, 29, -1, 0x10000000, 0x10000011, 0x1000400d, -299, -310, 2499, 2510,
	};
	const char *none = mach_error_string(0x7fffffff);

	for (unsigned int i = 0; i < COUNT_OF(known); i++) {
		tap_about("code 0x%x", known[i]);
		EXPECT_TRUE(strcmp(mach_error_string(known[i]), none) != 0);
	}
	for (unsigned int i = 0; i < COUNT_OF(unknown); i++) {
		tap_about("code 0x%x", unknown[i]);
		EXPECT(strcmp(mach_error_string(unknown[i]), none), 0);
	}
	tap_about("names");
	EXPECT(strcmp(mach_error_string(MIG_BAD_ID), "MIG: no such routine"), 0);
	EXPECT(strcmp(mach_error_string(MACH_RCV_TIMED_OUT), "receive: timed out"), 0);
}
