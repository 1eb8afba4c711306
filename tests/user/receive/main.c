/* SPDX-License-Identifier: BSD-2-Clause */
/* Receiving: names, buffers, sizes, and what a message looks like when it arrives. */
#include <libmach/string.h>
#include <mach.h>
#include <mach/vm_param.h>

#include "../common/messages.h"
#include "../common/ports.h"
#include "../common/subject.h"
#include "../common/tap.h"

static mach_msg_return_t receive_into(void *buffer, mach_msg_size_t size, mach_port_t port,
	mach_msg_option_t option)
{
	return mach_msg_trap(buffer, MACH_RCV_MSG | MACH_RCV_TIMEOUT | option, 0, size, port, 0,
		MACH_PORT_NULL);
}

static mach_msg_return_t expected_for_name(enum kind kind)
{
	return kind_has_receive(kind) || kind == KIND_SET ? MACH_RCV_TIMED_OUT
		: MACH_RCV_INVALID_NAME;
}

static void test_names(void)
{
	struct message message;

	for (enum kind kind = 0; kind < KIND_COUNT; kind++) {
		struct subject subject = subject_make(kind);

		tap_about("%s", kind_text(kind));
		EXPECT(receive_into(&message, sizeof message, subject.name, 0),
			expected_for_name(kind));
		subject_destroy(&subject);
	}
}

static void test_timeout(void)
{
	mach_port_t port = port_new();
	struct message message;

	EXPECT(message_receive_wait(&message, port, 0), MACH_RCV_TIMED_OUT);
	EXPECT(message_receive_wait(&message, port, 1), MACH_RCV_TIMED_OUT);
	EXPECT(message_receive_wait(&message, port, 50), MACH_RCV_TIMED_OUT);
	port_destroy(port);
}

/* The reply right of a message that is dropped comes back as a send-once notification. */
static void send_words(mach_port_t port, mach_port_t reply, unsigned int words)
{
	struct message message;

	message_init(&message, port, MACH_MSG_TYPE_COPY_SEND, reply, reply == MACH_PORT_NULL
		? 0 : MACH_MSG_TYPE_MAKE_SEND_ONCE);
	while (words-- > 0)
		message_word(&message, words);
	EXPECT(message_send(&message), MACH_MSG_SUCCESS);
}

static void test_large_kept(void)
{
	mach_port_t port = port_new_with_send(1);
	struct message message;

	send_words(port, MACH_PORT_NULL, 10);
	memset(&message, 0xee, sizeof message);
	EXPECT(receive_into(&message, 60, port, MACH_RCV_LARGE), MACH_RCV_TOO_LARGE);
	EXPECT(message.header.msgh_size, 64);
	EXPECT(message.header.msgh_bits, 0xeeeeeeee);
	EXPECT(message.header.msgh_id, 0xeeeeeeee);
	EXPECT(port_status(port).mps_msgcount, 1);
	EXPECT(port_status(port).mps_seqno, 0);
	EXPECT(receive_into(&message, 64, port, MACH_RCV_LARGE), MACH_MSG_SUCCESS);
	EXPECT(message.header.msgh_size, 64);
	EXPECT(message.header.msgh_seqno, 0);
	EXPECT(message.body[0], 9);
	port_destroy(port);
}

/* Without MACH_RCV_LARGE the message is gone, and its bare header arrives. */
static void test_large_dropped(void)
{
	mach_port_t port = port_new_with_send(1), reply = port_new();
	struct message message;

	send_words(port, reply, 10);
	memset(&message, 0xee, sizeof message);
	EXPECT(receive_into(&message, 60, port, 0), MACH_RCV_TOO_LARGE);
	EXPECT(message.header.msgh_size, 64);
	EXPECT(message.header.msgh_local_port, port);
	EXPECT(message.header.msgh_remote_port, MACH_PORT_NULL);
	EXPECT(message.header.msgh_id, 1234);
	EXPECT(message.body[0], 0xeeeeeeee);
	EXPECT(port_status(port).mps_msgcount, 0);
	EXPECT_TRUE(notification_is(reply, MACH_NOTIFY_SEND_ONCE, 0));
	port_destroy(port);
	port_destroy(reply);
}

/* Never more than the buffer holds. */
static void test_large_tiny_buffers(void)
{
	mach_port_t port = port_new_with_send(1);
	uint32_t buffer[8];

	for (mach_msg_size_t size = 0; size < 24; size++) {
		unsigned char *bytes = (unsigned char *) buffer;

		tap_about("buffer of %u bytes", size);
		send_words(port, MACH_PORT_NULL, 0);
		memset(buffer, 0xee, sizeof buffer);
		EXPECT(receive_into(buffer, size, port, 0), MACH_RCV_TOO_LARGE);
		EXPECT(bytes[size], 0xee);
		EXPECT(buffer[7], 0xeeeeeeee);
	}
	send_words(port, MACH_PORT_NULL, 0);
	memset(buffer, 0xee, sizeof buffer);
	EXPECT(receive_into(buffer, 0, port, MACH_RCV_LARGE), MACH_RCV_TOO_LARGE);
	EXPECT(buffer[0], 0xeeeeeeee);
	EXPECT(buffer[1], 24);
	EXPECT(buffer[2], 0xeeeeeeee);
	port_destroy(port);
}

static void test_unwritable(void)
{
	static const uintptr_t bad[] = {
		0, VM_MAX_ADDRESS - 8, VM_MAX_ADDRESS, VM_MAX_ADDRESS + 0x100000, 0xfffffff0,
	};
	mach_port_t port = port_new_with_send(1);
	struct message message;

	for (unsigned int i = 0; i < COUNT_OF(bad); i++) {
		tap_about("buffer at 0x%x", bad[i]);
		send_words(port, MACH_PORT_NULL, 2);
		EXPECT(receive_into((void *) bad[i], 100, port, 0), MACH_RCV_INVALID_DATA);
		EXPECT_TRUE(queue_is_empty(port));
	}
	tap_about("afterwards");
	send_words(port, MACH_PORT_NULL, 2);
	EXPECT(message_receive(&message, port), MACH_MSG_SUCCESS);
	port_destroy(port);
}

/* The buffer's second half cannot be written: rights given already are taken back. */
static void test_rights_taken_back(void)
{
	mach_port_t port = port_new_with_send(1), reply = port_new(), passed = port_new();
	vm_offset_t pages = 0;
	struct message message;

	EXPECT(vm_allocate(mach_task_self(), &pages, 2 * PAGE_SIZE, TRUE), KERN_SUCCESS);
	EXPECT(vm_protect(mach_task_self(), pages + PAGE_SIZE, PAGE_SIZE, FALSE, VM_PROT_READ),
		KERN_SUCCESS);
	message_init(&message, port, MACH_MSG_TYPE_COPY_SEND, reply,
		MACH_MSG_TYPE_MAKE_SEND_ONCE);
	message_right(&message, passed, MACH_MSG_TYPE_MAKE_SEND);
	message_right(&message, passed, MACH_MSG_TYPE_MAKE_SEND_ONCE);
	EXPECT(message_send(&message), MACH_MSG_SUCCESS);
	EXPECT(receive_into((void *) (pages + PAGE_SIZE - 28), 100, port, 0),
		MACH_RCV_INVALID_DATA);
	EXPECT(port_type(passed), MACH_PORT_TYPE_RECEIVE);
	EXPECT_TRUE(notification_is(reply, MACH_NOTIFY_SEND_ONCE, 0));
	EXPECT_TRUE(notification_is(passed, MACH_NOTIFY_SEND_ONCE, 0));
	vm_deallocate(mach_task_self(), pages, 2 * PAGE_SIZE);
	port_destroy(port);
	port_destroy(reply);
	port_destroy(passed);
}

/* A send-once right is used up by the message: no notification, no name. */
static void test_send_once(void)
{
	mach_port_t port = port_new();
	mach_port_t once = port_make_send_once(port);
	struct message message;

	EXPECT(port_status(port).mps_sorights, 1);
	message_init(&message, once, MACH_MSG_TYPE_MOVE_SEND_ONCE, MACH_PORT_NULL, 0);
	EXPECT(message_send(&message), MACH_MSG_SUCCESS);
	EXPECT(message_receive(&message, port), MACH_MSG_SUCCESS);
	EXPECT(message.header.msgh_bits, MACH_MSGH_BITS(0, MACH_MSG_TYPE_PORT_SEND_ONCE));
	EXPECT(port_status(port).mps_sorights, 0);
	EXPECT_TRUE(queue_is_empty(port));
	port_destroy(port);
}

/* The reply port dies while the message waits. */
static void test_dead_reply(void)
{
	mach_port_t port = port_new_with_send(1), reply = port_new();
	struct message message;

	send_words(port, reply, 1);
	port_destroy(reply);
	EXPECT(message_receive(&message, port), MACH_MSG_SUCCESS);
	EXPECT(message.header.msgh_remote_port, MACH_PORT_DEAD);
	port_destroy(port);
}

/* A server's view of a round trip, in one thread. */
static void test_round_trip(void)
{
	mach_port_t service = port_new_with_send(1), reply = port_new();
	struct message message;

	send_words(service, reply, 1);
	EXPECT(message_receive(&message, service), MACH_MSG_SUCCESS);
	EXPECT(message.header.msgh_bits,
		MACH_MSGH_BITS(MACH_MSG_TYPE_PORT_SEND_ONCE, MACH_MSG_TYPE_PORT_SEND));
	EXPECT(port_type(message.header.msgh_remote_port), MACH_PORT_TYPE_SEND_ONCE);
	message.header.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_MOVE_SEND_ONCE, 0);
	message.header.msgh_local_port = MACH_PORT_NULL;
	EXPECT(mach_msg_trap(&message.header, MACH_SEND_MSG | MACH_RCV_MSG | MACH_RCV_TIMEOUT, 24,
		sizeof message, service, 0, MACH_PORT_NULL), MACH_RCV_TIMED_OUT);
	EXPECT(message_receive(&message, reply), MACH_MSG_SUCCESS);
	EXPECT(message.header.msgh_remote_port, MACH_PORT_NULL);
	EXPECT(message.header.msgh_local_port, reply);
	port_destroy(service);
	port_destroy(reply);
}

/* --- MACH_RCV_NOTIFY -------------------------------------------------------------------------- */

static mach_msg_return_t receive_notify(struct message *message, mach_port_t port,
	mach_port_t notify)
{
	return mach_msg_trap(&message->header, MACH_RCV_MSG | MACH_RCV_NOTIFY | MACH_RCV_TIMEOUT, 0,
		sizeof *message, port, 0, notify);
}

/* The new name of a reply right has a request from the first moment on. */
static void test_notify_new_reply(void)
{
	mach_port_t service = port_new_with_send(1), reply = port_new(), notify = port_new();
	struct message message;
	mach_port_t name;

	send_words(service, reply, 1);
	EXPECT(receive_notify(&message, service, notify), MACH_MSG_SUCCESS);
	name = message.header.msgh_remote_port;
	EXPECT(port_type(name), MACH_PORT_TYPE_SEND_ONCE | MACH_PORT_TYPE_DNREQUEST);
	port_destroy(reply);
	EXPECT_TRUE(notification_is(notify, MACH_NOTIFY_DEAD_NAME, name));
	EXPECT(port_refs(name, MACH_PORT_RIGHT_DEAD_NAME), 2);
	port_destroy(name);
	port_destroy(service);
	port_destroy(notify);
}

/* A send right that the space has already keeps what requests it had: none. */
static void test_notify_known_reply(void)
{
	mach_port_t service = port_new_with_send(1), reply = port_new_with_send(1);
	mach_port_t notify = port_new();
	struct message message;

	message_init(&message, service, MACH_MSG_TYPE_COPY_SEND, reply, MACH_MSG_TYPE_COPY_SEND);
	EXPECT(message_send(&message), MACH_MSG_SUCCESS);
	EXPECT(receive_notify(&message, service, notify), MACH_MSG_SUCCESS);
	EXPECT(message.header.msgh_remote_port, reply);
	EXPECT(port_type(reply), MACH_PORT_TYPE_SEND_RECEIVE);
	EXPECT(port_status(notify).mps_sorights, 0);
	port_destroy(service);
	port_destroy(reply);
	port_destroy(notify);
}

/* The notify name is looked at only when there is a message, which then comes bare. */
static void test_notify_bad_name(void)
{
	mach_port_t service = port_new_with_send(1), reply = port_new();
	struct message message;

	EXPECT(receive_notify(&message, service, MACH_PORT_NULL), MACH_RCV_TIMED_OUT);
	send_words(service, reply, 1);
	EXPECT(receive_notify(&message, service, MACH_PORT_NULL), MACH_RCV_INVALID_NOTIFY);
	EXPECT(message.header.msgh_remote_port, MACH_PORT_NULL);
	EXPECT(message.header.msgh_local_port, service);
	EXPECT_TRUE(notification_is(reply, MACH_NOTIFY_SEND_ONCE, 0));
	port_destroy(service);
	port_destroy(reply);
}

/* --- the header --------------------------------------------------------------------------------- */

static void test_payload(void)
{
	mach_port_t port = port_new_with_send(1);
	struct message message;

	EXPECT(mach_port_set_protected_payload(mach_task_self(), port, 0xabcd), KERN_SUCCESS);
	EXPECT(send_simple(port, 1), MACH_MSG_SUCCESS);
	EXPECT(send_simple(port, 2), MACH_MSG_SUCCESS);
	EXPECT(message_receive(&message, port), MACH_MSG_SUCCESS);
	EXPECT(message.header.msgh_protected_payload, 0xabcd);
	EXPECT(MACH_MSGH_BITS_LOCAL(message.header.msgh_bits), MACH_MSG_TYPE_PROTECTED_PAYLOAD);
	EXPECT(mach_port_clear_protected_payload(mach_task_self(), port), KERN_SUCCESS);
	EXPECT(message_receive(&message, port), MACH_MSG_SUCCESS);
	EXPECT(message.header.msgh_local_port, port);
	EXPECT(MACH_MSGH_BITS_LOCAL(message.header.msgh_bits), MACH_MSG_TYPE_PORT_SEND);
	port_destroy(port);
}

static const struct test tests[] = {
	{ .name = "every kind of name", .run = test_names },
	{ .name = "timeouts", .run = test_timeout },
	{ .name = "MACH_RCV_LARGE keeps the message", .run = test_large_kept, .ours = TRUE },
	{ .name = "too large: a bare header arrives", .run = test_large_dropped },
	{ .name = "too large: tiny buffers", .run = test_large_tiny_buffers, .ours = TRUE },
	{ .name = "CI-16 unwritable buffers", .run = test_unwritable, .ours = TRUE },
	{ .name = "CI-16 rights are taken back", .run = test_rights_taken_back, .ours = TRUE },
	{ .name = "a message by a send-once right", .run = test_send_once },
	{ .name = "a reply port that died", .run = test_dead_reply },
	{ .name = "a round trip in one thread", .run = test_round_trip },
	{ .name = "protected payloads", .run = test_payload },
	{ .name = "MACH_RCV_NOTIFY: a new reply right", .run = test_notify_new_reply },
	{ .name = "MACH_RCV_NOTIFY: a known send right", .run = test_notify_known_reply },
	{ .name = "MACH_RCV_NOTIFY: a bad notify name", .run = test_notify_bad_name },
};

int main(int argc, char **argv)
{
	return tap_main(argc, argv, tests, COUNT_OF(tests));
}
