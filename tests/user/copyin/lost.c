/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Messages that come to a buffer which cannot be written (CI-16).  The code is RCV_INVALID_DATA;
 * the message is gone with all its rights and memory, also those that had a name already; the
 * next receive works.  (In GNU Mach the rights stay, under names that nobody knows.)
 */
#include <libmach/thread.h>
#include <mach.h>
#include <mach/vm_param.h>

#include "../common/messages.h"
#include "../common/ports.h"
#include "../common/snapshot.h"
#include "../common/tap.h"
#include "../common/worker.h"
#include "tests.h"

#define SELF	mach_task_self()
#define SIZE	400

/* Where the buffer is.  Half: the header can be written, what follows cannot. */
enum place { PLACE_READ_ONLY, PLACE_UNMAPPED, PLACE_HALF, PLACE_HALF_HEADER, PLACE_COUNT };

static vm_offset_t pages;

static void pages_start(void)
{
	EXPECT(vm_allocate(SELF, &pages, 2 * PAGE_SIZE, TRUE), KERN_SUCCESS);
	EXPECT(vm_protect(SELF, pages + PAGE_SIZE, PAGE_SIZE, FALSE, VM_PROT_READ), KERN_SUCCESS);
}

static void pages_end(void)
{
	EXPECT(vm_deallocate(SELF, pages, 2 * PAGE_SIZE), KERN_SUCCESS);
}

static mach_msg_header_t *bad_buffer(enum place place)
{
	const vm_offset_t address[] = {
		[PLACE_READ_ONLY] = pages + PAGE_SIZE,
		[PLACE_UNMAPPED] = 16,	/* a hole that a message's memory never comes to */
		[PLACE_HALF] = pages + PAGE_SIZE - 28,
		[PLACE_HALF_HEADER] = pages + PAGE_SIZE - 12,
	};

	tap_about("place %u", place);
	return (mach_msg_header_t *) address[place];
}

/* --- a thread that waits --------------------------------------------------------------------- */

static struct {
	mach_msg_header_t	*buffer;
	mach_port_t		port;
	mach_msg_return_t	result;
} waiter;

static void wait_for_message(void *argument)
{
	(void) argument;
	waiter.result = mach_msg_trap(waiter.buffer, MACH_RCV_MSG, 0, SIZE, waiter.port, 0,
		MACH_PORT_NULL);
}

static mach_port_t start_waiter(mach_port_t port, mach_msg_header_t *buffer)
{
	mach_port_t thread;

	waiter.buffer = buffer;
	waiter.port = port;
	waiter.result = ~0u;
	EXPECT(mach_thread_start(wait_for_message, NULL, &thread), KERN_SUCCESS);
	sleep_for(5);
	return thread;
}

/* A request of some words, in the form that the fast path takes; its reply is awaited. */
static void call(struct message *message, mach_port_t port, mach_port_t reply)
{
	message_init(message, port, MACH_MSG_TYPE_COPY_SEND, reply, MACH_MSG_TYPE_MAKE_SEND_ONCE);
	for (unsigned int i = 0; i < 20; i++)
		message_word(message, i);
	EXPECT(mach_msg_trap(&message->header, MACH_SEND_MSG | MACH_RCV_MSG,
		message->header.msgh_size, sizeof *message, reply, 0, MACH_PORT_NULL),
		MACH_MSG_SUCCESS);
}

/* The request gets lost at its receiver: what the sender sees is that nobody will reply. */
void test_lost_request(void)
{
	static struct snapshot before, after;
	mach_port_t port = port_new_with_send(1), reply = port_new();
	struct message message;

	pages_start();
	for (enum place place = 0; place < PLACE_COUNT; place++) {
		mach_port_t thread;

		snapshot_take(SELF, &before);
		thread = start_waiter(port, bad_buffer(place));
		call(&message, port, reply);
		EXPECT(message.header.msgh_id, MACH_NOTIFY_SEND_ONCE);
		mach_thread_join(thread);
		EXPECT(waiter.result, MACH_RCV_INVALID_DATA);
		snapshot_take(SELF, &after);
		EXPECT_TRUE(snapshot_same(&before, &after));
		EXPECT(send_simple(port, place), MACH_MSG_SUCCESS);
		EXPECT(message_receive(&message, port), MACH_MSG_SUCCESS);
		EXPECT(message.header.msgh_id, place);
	}
	pages_end();
	port_destroy(port);
	port_destroy(reply);
}

/* --- the reply gets lost --------------------------------------------------------------------- */

/* Answers each request with as much, until its port dies. */
static void echo(void *argument)
{
	static struct message message;
	mach_port_t port = *(mach_port_t *) argument;
	mach_msg_return_t result = message_receive_wait(&message, port, 2000);

	while (result == MACH_MSG_SUCCESS) {
		message.header.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_MOVE_SEND_ONCE, 0);
		message.header.msgh_local_port = MACH_PORT_NULL;
		result = mach_msg_trap(&message.header, MACH_SEND_MSG | MACH_RCV_MSG,
			message.header.msgh_size, sizeof message, port, 0, MACH_PORT_NULL);
	}
	EXPECT(result, MACH_RCV_PORT_DIED);
}

/* A request in memory that can be read, from a thread that cannot take the reply there. */
static void call_from_read_only(mach_port_t port, mach_port_t reply)
{
	mach_msg_header_t *header = (mach_msg_header_t *) (pages + PAGE_SIZE);

	EXPECT(vm_protect(SELF, pages + PAGE_SIZE, PAGE_SIZE, FALSE, VM_PROT_READ | VM_PROT_WRITE),
		KERN_SUCCESS);
	*header = (mach_msg_header_t) {
		.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, MACH_MSG_TYPE_MAKE_SEND_ONCE),
		.msgh_remote_port = port,
		.msgh_local_port = reply,
		.msgh_id = 9,
	};
	EXPECT(vm_protect(SELF, pages + PAGE_SIZE, PAGE_SIZE, FALSE, VM_PROT_READ), KERN_SUCCESS);
	EXPECT(mach_msg_trap(header, MACH_SEND_MSG | MACH_RCV_MSG, 80, SIZE, reply, 0,
		MACH_PORT_NULL), MACH_RCV_INVALID_DATA);
}

void test_lost_reply(void)
{
	mach_port_t port = port_new_with_send(1), reply = port_new(), thread;
	struct message message;

	pages_start();
	EXPECT(mach_thread_start(echo, &port, &thread), KERN_SUCCESS);
	sleep_for(5);
	for (int round = 0; round < 5; round++) {
		call_from_read_only(port, reply);
		EXPECT(port_status(reply).mps_sorights, 0);
		EXPECT_TRUE(queue_is_empty(reply));
		call(&message, port, reply);
		EXPECT(message.header.msgh_id, 1234);
		EXPECT(message.body[19], 19);
	}
	port_destroy(port);
	mach_thread_join(thread);
	pages_end();
	port_destroy(reply);
}

/* --- all kinds of contents ------------------------------------------------------------------- */

static mach_port_t contents_port, contents_reply, contents_passed;

static void send_contents(mach_port_t moved)
{
	static char bytes[3 * PAGE_SIZE];
	mach_port_t names[] = { contents_passed, MACH_PORT_NULL, contents_passed };
	struct message message;

	message_init(&message, contents_port, MACH_MSG_TYPE_COPY_SEND, contents_reply,
		MACH_MSG_TYPE_MAKE_SEND_ONCE);
	message_right(&message, contents_passed, MACH_MSG_TYPE_MAKE_SEND);
	message_right(&message, contents_passed, MACH_MSG_TYPE_MAKE_SEND_ONCE);
	message_right(&message, moved, MACH_MSG_TYPE_MOVE_RECEIVE);
	message_memory(&message, MACH_MSG_TYPE_MAKE_SEND, 32, 3, names, 0);
	message_memory(&message, MACH_MSG_TYPE_BYTE, 8, sizeof bytes, bytes, 0);
	EXPECT(message_send(&message), MACH_MSG_SUCCESS);
}

static enum place contents_place;

static void lose_contents(void)
{
	mach_port_t moved = port_new_with_send(1);

	send_contents(moved);
	EXPECT(mach_msg_trap(bad_buffer(contents_place), MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, SIZE,
		contents_port, 0, MACH_PORT_NULL), MACH_RCV_INVALID_DATA);
	EXPECT(port_type(moved), MACH_PORT_TYPE_DEAD_NAME);
	EXPECT(mach_port_deallocate(SELF, moved), KERN_SUCCESS);
	EXPECT_TRUE(notification_is(contents_reply, MACH_NOTIFY_SEND_ONCE, 0));
	EXPECT_TRUE(notification_is(contents_passed, MACH_NOTIFY_SEND_ONCE, 0));
}

void test_lost_queued(void)
{
	static struct snapshot before, after;

	contents_port = port_new_with_send(1);
	contents_reply = port_new();
	contents_passed = port_new();
	pages_start();
	snapshot_take(SELF, &before);
	for (contents_place = 0; contents_place < PLACE_COUNT; contents_place++)
		snapshot_conserved(lose_contents, tap_rounds(100, 10000));
	snapshot_take(SELF, &after);
	EXPECT_TRUE(snapshot_same(&before, &after));
	pages_end();
	port_destroy(contents_port);
	port_destroy(contents_reply);
	port_destroy(contents_passed);
}

/* --- exceptions ------------------------------------------------------------------------------ */

static void fault(void *argument)
{
	(void) argument;
	asm volatile("ud2");
}

/* The thread's handler has no buffer: as if it had said no, the task's is asked. */
static void try_exception(enum place place, boolean_t waits)
{
	mach_port_t handler = port_new_with_send(1), task_handler = port_new_with_send(1);
	mach_port_t thread, waiting = MACH_PORT_NULL;
	struct message message;

	EXPECT(task_set_special_port(SELF, TASK_EXCEPTION_PORT, task_handler), KERN_SUCCESS);
	EXPECT(mach_thread_prepare(fault, NULL, &thread), KERN_SUCCESS);
	EXPECT(thread_set_exception_port(thread, handler), KERN_SUCCESS);
	if (waits)
		waiting = start_waiter(handler, bad_buffer(place));
	EXPECT(thread_resume(thread), KERN_SUCCESS);
	sleep_for(5);
	if (!waits)
		waiting = start_waiter(handler, bad_buffer(place));
	mach_thread_join(waiting);
	EXPECT(waiter.result, MACH_RCV_INVALID_DATA);
	EXPECT(port_status(handler).mps_msgcount, 0);
	EXPECT(message_receive_wait(&message, task_handler, 1000), MACH_MSG_SUCCESS);
	EXPECT(message.header.msgh_id, 2400);
	EXPECT(message.body[1], thread);
	EXPECT(thread_terminate(thread), KERN_SUCCESS);
	EXPECT(mach_port_deallocate(SELF, message.body[1]), KERN_SUCCESS);
	EXPECT(mach_port_deallocate(SELF, message.body[3]), KERN_SUCCESS);
	EXPECT(mach_port_deallocate(SELF, message.header.msgh_remote_port), KERN_SUCCESS);
	EXPECT(task_set_special_port(SELF, TASK_EXCEPTION_PORT, MACH_PORT_NULL), KERN_SUCCESS);
	mach_thread_join(thread);
	port_destroy(handler);
	port_destroy(task_handler);
}

void test_lost_exception(void)
{
	pages_start();
	for (enum place place = 0; place < PLACE_COUNT; place++) {
		try_exception(place, TRUE);
		try_exception(place, FALSE);
	}
	pages_end();
}

/* --- too large ------------------------------------------------------------------------------- */

/* Too large is said first; the message is kept or not as the option says. */
void test_lost_too_large(void)
{
	mach_port_t port = port_new_with_send(1), reply = port_new();
	struct message message;

	pages_start();
	for (enum place place = 0; place < PLACE_COUNT; place++) {
		mach_msg_header_t *buffer = bad_buffer(place);

		message_init(&message, port, MACH_MSG_TYPE_COPY_SEND, reply,
			MACH_MSG_TYPE_MAKE_SEND_ONCE);
		message_right(&message, port, MACH_MSG_TYPE_MAKE_SEND);
		EXPECT(message_send(&message), MACH_MSG_SUCCESS);
		EXPECT(mach_msg_trap(buffer, MACH_RCV_MSG | MACH_RCV_LARGE, 0, 28, port, 0,
			MACH_PORT_NULL), MACH_RCV_TOO_LARGE);
		EXPECT(port_status(port).mps_msgcount, 1);
		EXPECT(mach_msg_trap(buffer, MACH_RCV_MSG, 0, 28, port, 0, MACH_PORT_NULL),
			MACH_RCV_TOO_LARGE);
		EXPECT_TRUE(queue_is_empty(port));
		EXPECT_TRUE(notification_is(reply, MACH_NOTIFY_SEND_ONCE, 0));
		EXPECT(port_refs(port, MACH_PORT_RIGHT_SEND), 1);
		EXPECT(send_simple(port, 3), MACH_MSG_SUCCESS);
		EXPECT(message_receive(&message, port), MACH_MSG_SUCCESS);
	}
	pages_end();
	port_destroy(port);
	port_destroy(reply);
}
