/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of rights in bodies, inline and out of line. */
#include "rights.h"

#include <libmach/string.h>
#include <libmach/thread.h>
#include <mach.h>
#include <mach/notify.h>
#include <mach/vm_param.h>

#include "../common/messages.h"
#include "../common/ports.h"
#include "../common/subject.h"
#include "../common/tap.h"

static void init_to(struct message *message, mach_port_t port)
{
	message_init(message, port, MACH_MSG_TYPE_COPY_SEND, MACH_PORT_NULL, 0);
}

/* --- one right ------------------------------------------------------------------------------- */

static boolean_t can_take(enum kind kind, unsigned int type)
{
	if (kind == KIND_NULL || kind == KIND_DEAD_VALUE)
		return TRUE;
	switch (type) {
	case MACH_MSG_TYPE_MOVE_SEND:
	case MACH_MSG_TYPE_COPY_SEND:
		return kind_has_send(kind) || kind == KIND_DEAD_NAME;
	case MACH_MSG_TYPE_MOVE_SEND_ONCE:
		return kind == KIND_SEND_ONCE || kind == KIND_DEAD_NAME;
	default:
		return kind_has_receive(kind);
	}
}

static unsigned int type_after(unsigned int type)
{
	switch (type) {
	case MACH_MSG_TYPE_MOVE_RECEIVE:
		return MACH_MSG_TYPE_PORT_RECEIVE;
	case MACH_MSG_TYPE_MOVE_SEND_ONCE:
	case MACH_MSG_TYPE_MAKE_SEND_ONCE:
		return MACH_MSG_TYPE_PORT_SEND_ONCE;
	default:
		return MACH_MSG_TYPE_PORT_SEND;
	}
}

static mach_port_type_t port_type_of(unsigned int type)
{
	switch (type) {
	case MACH_MSG_TYPE_PORT_RECEIVE:
		return MACH_PORT_TYPE_RECEIVE;
	case MACH_MSG_TYPE_PORT_SEND_ONCE:
		return MACH_PORT_TYPE_SEND_ONCE;
	default:
		return MACH_PORT_TYPE_SEND;
	}
}

static void check_right(mach_port_t got, enum kind kind, unsigned int type)
{
	if (kind == KIND_NULL) {
		EXPECT(got, MACH_PORT_NULL);
	} else if (kind == KIND_DEAD_VALUE || kind == KIND_DEAD_NAME) {
		EXPECT(got, MACH_PORT_DEAD);
	} else {
		EXPECT_TRUE(port_type(got) & port_type_of(type));
		if (type == MACH_MSG_TYPE_PORT_RECEIVE)
			mach_port_mod_refs(mach_task_self(), got, MACH_PORT_RIGHT_RECEIVE, -1);
		else
			mach_port_deallocate(mach_task_self(), got);
	}
}

static void try_right(enum kind kind, unsigned int type, mach_port_t port)
{
	struct subject subject = subject_make(kind);
	mach_port_type_t before = port_type(subject.name);
	boolean_t valid = can_take(kind, type);
	struct message message;

	tap_about("%s, disposition %u", kind_text(kind), type);
	init_to(&message, port);
	message_right(&message, subject.name, type);
	EXPECT(message_send(&message), valid ? MACH_MSG_SUCCESS : MACH_SEND_INVALID_RIGHT);
	if (!valid) {
		EXPECT(port_type(subject.name), before);
		EXPECT_TRUE(queue_is_empty(port));
	} else if (EXPECT(message_receive(&message, port), MACH_MSG_SUCCESS)) {
		EXPECT_TRUE(message.header.msgh_bits & MACH_MSGH_BITS_COMPLEX);
		EXPECT(message.body[0], TYPE_INLINE | 1 << 16 | 32 << 8 | type_after(type));
		check_right(message.body[1], kind, type_after(type));
	}
	subject_destroy(&subject);
}

void test_all_dispositions(void)
{
	mach_port_t port = port_new_with_send(1);

	for (enum kind kind = 0; kind < KIND_COUNT; kind++)
		for (unsigned int type = MACH_MSG_TYPE_MOVE_RECEIVE;
				type <= MACH_MSG_TYPE_MAKE_SEND_ONCE; type++)
			try_right(kind, type, port);
	port_destroy(port);
}

/* --- one right, to a server that waits for it, which answers with one ------------------------ */

static mach_port_t service;
static struct message came;

static void serve(void *unused)
{
	static struct message message;
	mach_msg_option_t option = MACH_RCV_MSG;

	(void) unused;
	while (mach_msg_trap(&message.header, option, message.header.msgh_size, sizeof message,
			service, 0, MACH_PORT_NULL) == MACH_MSG_SUCCESS) {
		came = message;
		message_init(&message, came.header.msgh_remote_port, MACH_MSG_TYPE_MOVE_SEND_ONCE,
			MACH_PORT_NULL, 0);
		message_right(&message, service, MACH_MSG_TYPE_MAKE_SEND);
		option = MACH_SEND_MSG | MACH_RCV_MSG;
	}
}

static void check_call(const struct message *answer, enum kind kind, unsigned int type)
{
	EXPECT_TRUE(came.header.msgh_bits & MACH_MSGH_BITS_COMPLEX);
	EXPECT(came.body[0], TYPE_INLINE | 1 << 16 | 32 << 8 | type_after(type));
	check_right(came.body[1], kind, type_after(type));
	EXPECT_TRUE(answer->header.msgh_bits & MACH_MSGH_BITS_COMPLEX);
	EXPECT(answer->body[0], TYPE_INLINE | 1 << 16 | 32 << 8 | MACH_MSG_TYPE_PORT_SEND);
	EXPECT(answer->body[1], service);
	EXPECT(port_refs(service, MACH_PORT_RIGHT_SEND), 2);
	EXPECT(mach_port_deallocate(mach_task_self(), service), KERN_SUCCESS);
}

static void try_call(enum kind kind, unsigned int type, mach_port_t reply)
{
	static struct message message;
	struct subject subject = subject_make(kind);
	mach_port_type_t before = port_type(subject.name);
	boolean_t valid = can_take(kind, type);

	tap_about("%s, disposition %u", kind_text(kind), type);
	message_init(&message, service, MACH_MSG_TYPE_COPY_SEND, reply,
		MACH_MSG_TYPE_MAKE_SEND_ONCE);
	message_right(&message, subject.name, type);
	EXPECT(mach_msg_trap(&message.header, MACH_SEND_MSG | MACH_RCV_MSG,
		message.header.msgh_size, sizeof message, reply, 0, MACH_PORT_NULL),
		valid ? MACH_MSG_SUCCESS : MACH_SEND_INVALID_RIGHT);
	if (valid) {
		check_call(&message, kind, type);
	} else {
		EXPECT(port_type(subject.name), before);
		EXPECT_TRUE(notification_is(reply, MACH_NOTIFY_SEND_ONCE, 0));
	}
	subject_destroy(&subject);
}

void test_calls_with_rights(void)
{
	mach_port_t reply = port_new(), thread;

	service = port_new_with_send(1);
	EXPECT(mach_thread_start(serve, NULL, &thread), KERN_SUCCESS);
	sleep_for(5);
	for (enum kind kind = 0; kind < KIND_COUNT; kind++)
		for (unsigned int type = MACH_MSG_TYPE_MOVE_RECEIVE;
				type <= MACH_MSG_TYPE_MAKE_SEND_ONCE; type++)
			try_call(kind, type, reply);
	port_destroy(service);
	mach_thread_join(thread);
	port_destroy(reply);
}

void test_null_and_dead(void)
{
	mach_port_t port = port_new_with_send(1);
	struct message message;

	init_to(&message, port);
	message_right(&message, MACH_PORT_NULL, MACH_MSG_TYPE_COPY_SEND);
	message_right(&message, MACH_PORT_DEAD, MACH_MSG_TYPE_MOVE_RECEIVE);
	EXPECT(message_send(&message), MACH_MSG_SUCCESS);
	EXPECT(message_receive(&message, port), MACH_MSG_SUCCESS);
	EXPECT(message.body[1], MACH_PORT_NULL);
	EXPECT(message.body[3], MACH_PORT_DEAD);
	port_destroy(port);
}

/* Send rights to one port come under one name, with a reference each; send-once rights do not. */
void test_two_kinds_share_a_name(void)
{
	mach_port_t port = port_new_with_send(1), passed = port_new();
	struct message message;

	init_to(&message, port);
	message_right(&message, passed, MACH_MSG_TYPE_MAKE_SEND);
	message_right(&message, passed, MACH_MSG_TYPE_MAKE_SEND);
	message_right(&message, passed, MACH_MSG_TYPE_MAKE_SEND_ONCE);
	message_right(&message, passed, MACH_MSG_TYPE_MAKE_SEND_ONCE);
	EXPECT(message_send(&message), MACH_MSG_SUCCESS);
	EXPECT(port_status(passed).mps_mscount, 2);
	EXPECT(port_status(passed).mps_sorights, 2);
	EXPECT(message_receive(&message, port), MACH_MSG_SUCCESS);
	EXPECT(message.body[1], passed);
	EXPECT(message.body[3], passed);
	EXPECT(port_refs(passed, MACH_PORT_RIGHT_SEND), 2);
	EXPECT_TRUE(message.body[5] != message.body[7]);
	EXPECT(port_type(message.body[5]), MACH_PORT_TYPE_SEND_ONCE);
	EXPECT(port_type(message.body[7]), MACH_PORT_TYPE_SEND_ONCE);
	port_destroy(message.body[5]);
	port_destroy(message.body[7]);
	port_destroy(passed);
	port_destroy(port);
}

/* The queue and the limit travel along; make-send count and sequence number begin anew. */
void test_receive_right_moves(void)
{
	mach_port_t port = port_new_with_send(1), passed = port_new_with_send(2);
	struct message message;

	EXPECT(mach_port_set_qlimit(mach_task_self(), passed, 9), KERN_SUCCESS);
	EXPECT(send_simple(passed, 1), MACH_MSG_SUCCESS);
	EXPECT(message_receive(&message, passed), MACH_MSG_SUCCESS);
	EXPECT(send_simple(passed, 2), MACH_MSG_SUCCESS);
	init_to(&message, port);
	message_right(&message, passed, MACH_MSG_TYPE_MOVE_RECEIVE);
	EXPECT(message_send(&message), MACH_MSG_SUCCESS);
	EXPECT(port_type(passed), MACH_PORT_TYPE_SEND);
	EXPECT(send_simple(passed, 3), MACH_MSG_SUCCESS);
	EXPECT(message_receive(&message, port), MACH_MSG_SUCCESS);
	EXPECT(message.body[1], passed);
	EXPECT(port_type(passed), MACH_PORT_TYPE_SEND_RECEIVE);
	EXPECT(port_status(passed).mps_qlimit, 9);
	EXPECT(port_status(passed).mps_msgcount, 2);
	EXPECT(port_status(passed).mps_mscount, 0);
	EXPECT(port_status(passed).mps_seqno, 0);
	EXPECT(message_receive(&message, passed), MACH_MSG_SUCCESS);
	EXPECT(message.header.msgh_id, 2);
	port_destroy(passed);
	port_destroy(port);
}

/* --- several --------------------------------------------------------------------------------- */

#define MANY	50

void test_array_of_rights(void)
{
	mach_port_t port = port_new_with_send(1), passed = port_new_with_send(1);
	struct message message;

	init_to(&message, port);
	message.header.msgh_bits |= MACH_MSGH_BITS_COMPLEX;
	message_type(&message, MACH_MSG_TYPE_COPY_SEND, 32, MANY, TYPE_INLINE);
	for (int i = 0; i < MANY; i++)
		message_word(&message, passed);
	EXPECT(message_send(&message), MACH_MSG_SUCCESS);
	EXPECT(message_receive(&message, port), MACH_MSG_SUCCESS);
	EXPECT(port_refs(passed, MACH_PORT_RIGHT_SEND), MANY + 1);
	for (int i = 0; i < MANY; i++)
		EXPECT(message.body[1 + i], passed);
	port_destroy(passed);
	port_destroy(port);
}

static void check_rights_array(const struct message *message, mach_port_t passed,
	unsigned int count)
{
	const mach_port_t *names = (const mach_port_t *) message->body[3];

	EXPECT_TRUE(message->body[0] & TYPE_DEALLOCATE);
	EXPECT(message->body[1], 32 << 16 | MACH_MSG_TYPE_PORT_SEND);
	if (!EXPECT(message->body[2], count))
		return;
	for (unsigned int i = 0; i < count; i++)
		if (!EXPECT(names[i], passed))
			break;
	vm_deallocate(mach_task_self(), message->body[3], count * sizeof *names);
}

void test_rights_out_of_line(void)
{
	static mach_port_t names[2000];
	mach_port_t port = port_new_with_send(1), passed = port_new_with_send(1);
	struct message message;

	for (unsigned int i = 0; i < COUNT_OF(names); i++)
		names[i] = passed;
	for (unsigned int count = 1; count <= COUNT_OF(names); count *= 5) {
		tap_about("%u rights", count);
		init_to(&message, port);
		message_memory(&message, MACH_MSG_TYPE_COPY_SEND, 32, count, names, 0);
		EXPECT(message_send(&message), MACH_MSG_SUCCESS);
		EXPECT(message_receive(&message, port), MACH_MSG_SUCCESS);
		EXPECT(port_refs(passed, MACH_PORT_RIGHT_SEND), count + 1);
		check_rights_array(&message, passed, count);
		EXPECT(mach_port_mod_refs(mach_task_self(), passed, MACH_PORT_RIGHT_SEND,
			-(int) count), KERN_SUCCESS);
	}
	port_destroy(passed);
	port_destroy(port);
}

/* No elements: the address does not matter, and arrives as 0 (CI-8). */
void test_empty_out_of_line(void)
{
	uintptr_t addresses[] = { 0, (uintptr_t) &addresses, 0x1000, VM_MAX_ADDRESS, 0xfffffffc };
	mach_port_t port = port_new_with_send(1);
	struct message message;

	for (unsigned int i = 0; i < COUNT_OF(addresses); i++) {
		tap_about("address 0x%x", addresses[i]);
		init_to(&message, port);
		message_memory(&message, MACH_MSG_TYPE_COPY_SEND, 32, 0,
			(void *) addresses[i], 0);
		message_memory(&message, MACH_MSG_TYPE_BYTE, 8, 0, (void *) addresses[i], 0);
		message_memory(&message, MACH_MSG_TYPE_BYTE, 0, 7, (void *) addresses[i], 0);
		EXPECT(message_send(&message), MACH_MSG_SUCCESS);
		EXPECT(message_receive(&message, port), MACH_MSG_SUCCESS);
		EXPECT_TRUE(message.header.msgh_bits & MACH_MSGH_BITS_COMPLEX);
		EXPECT(message.body[1] >> 16, 32);
		for (int item = 0; item < 3; item++)
			EXPECT(message.body[item * 4 + 3], 0);
		EXPECT(message.body[2], 0);
	}
	port_destroy(port);
}

/* Rights before the bad one are gone, later ones are as they were (CI-11). */
void test_bad_right_in_the_middle(void)
{
	mach_port_t port = port_new_with_send(1), reply = port_new();
	mach_port_t first = port_new_with_send(2), last = port_new_with_send(2);
	struct subject none = subject_make(KIND_NONE);
	struct message message;

	message_init(&message, port, MACH_MSG_TYPE_COPY_SEND, reply,
		MACH_MSG_TYPE_MAKE_SEND_ONCE);
	message_right(&message, first, MACH_MSG_TYPE_MOVE_SEND);
	message_right(&message, none.name, MACH_MSG_TYPE_MOVE_SEND);
	message_right(&message, last, MACH_MSG_TYPE_MOVE_SEND);
	EXPECT(message_send(&message), MACH_SEND_INVALID_RIGHT);
	EXPECT(port_refs(first, MACH_PORT_RIGHT_SEND), 1);
	EXPECT(port_refs(last, MACH_PORT_RIGHT_SEND), 2);
	EXPECT(port_refs(port, MACH_PORT_RIGHT_SEND), 1);
	EXPECT_TRUE(queue_is_empty(port));
	EXPECT_TRUE(notification_is(reply, MACH_NOTIFY_SEND_ONCE, 0));
	subject_destroy(&none);
	port_destroy(port);
	port_destroy(reply);
	port_destroy(first);
	port_destroy(last);
}

static boolean_t is_mapped(vm_offset_t address)
{
	vm_offset_t at = address;
	vm_size_t size;
	vm_prot_t protection, max;
	vm_inherit_t inheritance;
	boolean_t shared;
	mach_port_t object = MACH_PORT_NULL;
	vm_offset_t offset;

	if (vm_region(mach_task_self(), &at, &size, &protection, &max, &inheritance, &shared,
			&object, &offset) != KERN_SUCCESS)
		return FALSE;
	if (MACH_PORT_VALID(object))
		mach_port_deallocate(mach_task_self(), object);
	return at <= address;
}

/* The array was to be deallocated, and is, although one of its names is bad. */
void test_bad_right_out_of_line(void)
{
	mach_port_t port = port_new_with_send(1), first = port_new_with_send(2);
	vm_offset_t page = 0;
	mach_port_t *names;
	struct message message;

	EXPECT(vm_allocate(mach_task_self(), &page, PAGE_SIZE, TRUE), KERN_SUCCESS);
	names = (mach_port_t *) page;
	names[0] = first;
	names[1] = 0x7ffff123;
	names[2] = first;
	init_to(&message, port);
	message_memory(&message, MACH_MSG_TYPE_MOVE_SEND, 32, 3, names, TYPE_DEALLOCATE);
	EXPECT(message_send(&message), MACH_SEND_INVALID_RIGHT);
	EXPECT(is_mapped(page), FALSE);
	EXPECT(port_refs(first, MACH_PORT_RIGHT_SEND), 1);
	EXPECT_TRUE(queue_is_empty(port));
	port_destroy(port);
	port_destroy(first);
}

/* --- where rights end ------------------------------------------------------------------------ */

/* A port's receive right in its own queue, at once or over another port: it must not live on. */
void test_circle(void)
{
	mach_port_t one = port_new_with_send(1), other = port_new_with_send(1);
	struct message message;

	init_to(&message, one);
	message_right(&message, one, MACH_MSG_TYPE_MOVE_RECEIVE);
	EXPECT(message_send(&message), MACH_MSG_SUCCESS);
	EXPECT(port_type(one), MACH_PORT_TYPE_DEAD_NAME);
	port_destroy(one);
	one = port_new_with_send(1);
	init_to(&message, one);
	message_right(&message, other, MACH_MSG_TYPE_MOVE_RECEIVE);
	EXPECT(message_send(&message), MACH_MSG_SUCCESS);
	init_to(&message, other);
	message_right(&message, one, MACH_MSG_TYPE_MOVE_RECEIVE);
	EXPECT(message_send(&message), MACH_MSG_SUCCESS);
	EXPECT(port_type(one), MACH_PORT_TYPE_DEAD_NAME);
	EXPECT(port_type(other), MACH_PORT_TYPE_DEAD_NAME);
	port_destroy(one);
	port_destroy(other);
}

void test_message_dies_with_rights(void)
{
	mach_port_t port = port_new_with_send(1), notify = port_new();
	mach_port_t sent = port_new(), received = port_new_with_send(1);
	struct message message;

	EXPECT(port_request(sent, MACH_NOTIFY_NO_SENDERS, 1, notify), KERN_SUCCESS);
	init_to(&message, port);
	message_right(&message, sent, MACH_MSG_TYPE_MAKE_SEND);
	message_right(&message, sent, MACH_MSG_TYPE_MAKE_SEND_ONCE);
	message_right(&message, received, MACH_MSG_TYPE_MOVE_RECEIVE);
	EXPECT(message_send(&message), MACH_MSG_SUCCESS);
	EXPECT_TRUE(port_status(sent).mps_srights);
	port_destroy(port);
	EXPECT(port_status(sent).mps_srights, FALSE);
	EXPECT_TRUE(notification_is(notify, MACH_NOTIFY_NO_SENDERS, 1));
	EXPECT_TRUE(notification_is(sent, MACH_NOTIFY_SEND_ONCE, 0));
	EXPECT(port_type(received), MACH_PORT_TYPE_DEAD_NAME);
	port_destroy(received);
	port_destroy(sent);
	port_destroy(notify);
}
