/* SPDX-License-Identifier: BSD-2-Clause */
/* mach_ports_register, with messages made by hand (PR-5). */
#include <libmach/string.h>
#include <mach.h>
#include <mach/mach_param.h>
#include <mach/mig_errors.h>

#include "../common/messages.h"
#include "../common/ports.h"
#include "../common/snapshot.h"
#include "../common/tap.h"
#include "tests.h"

#define SELF		mach_task_self()
#define REGISTER_ID	2033
#define MANY		10

static mach_port_t task, passed, notify;

static void begin(void)
{
	EXPECT(task_create(SELF, FALSE, &task), KERN_SUCCESS);
	passed = port_new();
	notify = port_new();
}

static void end(void)
{
	EXPECT(task_terminate(task), KERN_SUCCESS);
	EXPECT(mach_port_deallocate(SELF, task), KERN_SUCCESS);
	EXPECT(port_status(passed).mps_srights, FALSE);
	port_destroy(passed);
	port_destroy(notify);
}

static void start_request(struct message *message, mach_port_t reply)
{
	message_init(message, task, MACH_MSG_TYPE_COPY_SEND, reply, MACH_MSG_TYPE_MAKE_SEND_ONCE);
	message->header.msgh_id = REGISTER_ID;
}

/* Returns: what the routine answers, or what the send says. */
static kern_return_t finish_request(struct message *message, mach_port_t reply)
{
	mach_msg_return_t result = mach_msg_trap(&message->header, MACH_SEND_MSG | MACH_RCV_MSG,
		message->header.msgh_size, sizeof *message, reply, 0, MACH_PORT_NULL);

	if (result != MACH_MSG_SUCCESS)
		return result;
	EXPECT(message->header.msgh_id, REGISTER_ID + 100);
	EXPECT(message->body[0], TYPE_INLINE | 1 << 16 | 32 << 8 | MACH_MSG_TYPE_INTEGER_32);
	return message->body[1];
}

static void expect_lookup(const mach_port_t *expected, unsigned int count)
{
	mach_port_array_t ports;
	mach_msg_type_number_t got;

	if (!EXPECT(mach_ports_lookup(task, &ports, &got), KERN_SUCCESS))
		return;
	EXPECT(got, TASK_PORT_REGISTER_MAX);
	for (unsigned int i = 0; i < got; i++) {
		EXPECT(ports[i], i < count ? expected[i] : MACH_PORT_NULL);
		if (MACH_PORT_VALID(ports[i]))
			EXPECT(mach_port_deallocate(SELF, ports[i]), KERN_SUCCESS);
	}
	EXPECT(vm_deallocate(SELF, (vm_offset_t) ports, got * sizeof *ports), KERN_SUCCESS);
}

static kern_return_t register_many(unsigned int count, mach_port_t reply)
{
	mach_port_t names[MANY * 100];
	struct message message;

	for (unsigned int i = 0; i < COUNT_OF(names); i++)
		names[i] = passed;
	start_request(&message, reply);
	message_memory(&message, MACH_MSG_TYPE_MAKE_SEND, 32, count, names, 0);
	return finish_request(&message, reply);
}

/* Five are too many, and end with the message, once.  2^32-1 do not even get into one. */
void test_register_counts(void)
{
	static const unsigned int counts[] = { 0, 1, 2, 3, 4, 5, 6, 1000, 0xffffffff };
	mach_port_t reply, all[TASK_PORT_REGISTER_MAX];

	begin();
	reply = port_new();
	for (unsigned int i = 0; i < TASK_PORT_REGISTER_MAX; i++)
		all[i] = passed;
	for (unsigned int i = 0; i < COUNT_OF(counts); i++) {
		unsigned int count = counts[i], made = port_status(passed).mps_mscount;
		kern_return_t expected = count <= 4 ? KERN_SUCCESS
			: count < 0xffffffff ? KERN_INVALID_ARGUMENT : MACH_SEND_INVALID_MEMORY;

		tap_about("%u ports", count);
		EXPECT(port_request(passed, MACH_NOTIFY_NO_SENDERS, made + 1, notify),
			KERN_SUCCESS);
		EXPECT(register_many(count, reply), expected);
		if (expected == KERN_SUCCESS)
			expect_lookup(all, count);
		EXPECT(mach_ports_register(task, NULL, 0), KERN_SUCCESS);
		EXPECT(port_status(passed).mps_srights, FALSE);
		if (expected != MACH_SEND_INVALID_MEMORY && count > 0)
			EXPECT_TRUE(notification_is(notify, MACH_NOTIFY_NO_SENDERS, made + count));
		else
			EXPECT(port_request(passed, MACH_NOTIFY_NO_SENDERS, ~0u, MACH_PORT_NULL),
				KERN_SUCCESS);
		while (port_status(notify).mps_msgcount > 0)
			EXPECT_TRUE(notification_is(notify, MACH_NOTIFY_SEND_ONCE, 0));
	}
	port_destroy(reply);
	end();
}

/* What MIG does not expect is refused, and its rights are destroyed, once. */
static void try_form(struct message *message, mach_port_t reply, const char *what,
	kern_return_t expected)
{
	tap_about("%s", what);
	EXPECT(finish_request(message, reply), expected);
	if (expected != MIG_BAD_ARGUMENTS)	/* nothing was sent */
		EXPECT_TRUE(notification_is(reply, MACH_NOTIFY_SEND_ONCE, 0));
	EXPECT_TRUE(queue_is_empty(reply));
	EXPECT(port_status(passed).mps_srights, FALSE);
	EXPECT(port_status(passed).mps_sorights, port_status(passed).mps_msgcount);
	expect_lookup(NULL, 0);
}

void test_register_forms(void)
{
	mach_port_t reply, moved, names[2];
	struct message message;

	begin();
	reply = port_new();
	names[0] = names[1] = passed;
	start_request(&message, reply);
	message.header.msgh_bits |= MACH_MSGH_BITS_COMPLEX;
	message_long_type(&message, MACH_MSG_TYPE_MAKE_SEND, 32, 2, TYPE_INLINE);
	message_word(&message, passed);
	message_word(&message, passed);
	try_form(&message, reply, "inline", MIG_BAD_ARGUMENTS);
	start_request(&message, reply);
	message_memory(&message, MACH_MSG_TYPE_MAKE_SEND_ONCE, 32, 2, names, 0);
	try_form(&message, reply, "send-once rights", MIG_BAD_ARGUMENTS);
	EXPECT_TRUE(notification_is(passed, MACH_NOTIFY_SEND_ONCE, 0));
	EXPECT_TRUE(notification_is(passed, MACH_NOTIFY_SEND_ONCE, 0));
	start_request(&message, reply);
	message_memory(&message, MACH_MSG_TYPE_BYTE, 8, 8, names, 0);
	try_form(&message, reply, "bytes", MIG_BAD_ARGUMENTS);
	start_request(&message, reply);
	message_memory(&message, MACH_MSG_TYPE_MAKE_SEND, 32, 2, names, 0);
	message_word(&message, 0);
	try_form(&message, reply, "a word too many", MACH_SEND_MSG_TOO_SMALL);
	start_request(&message, reply);
	message_memory(&message, MACH_MSG_TYPE_MAKE_SEND, 16, 2, names, 0);
	try_form(&message, reply, "elements of 16 bits", MACH_SEND_INVALID_TYPE);
	moved = port_new_with_send(1);
	names[0] = moved;
	start_request(&message, reply);
	message_memory(&message, MACH_MSG_TYPE_MOVE_RECEIVE, 32, 1, names, 0);
	try_form(&message, reply, "a receive right", MIG_BAD_ARGUMENTS);
	EXPECT(port_type(moved), MACH_PORT_TYPE_DEAD_NAME);
	port_destroy(moved);
	port_destroy(reply);
	end();
}

/* Nulls, the dead value, a dead name, the same port twice; then one of them dies. */
void test_register_contents(void)
{
	mach_port_t dead = port_new_dead(), dies = port_new_with_send(1);

	begin();
	port_make_send(passed);
	mach_port_t names[] = { MACH_PORT_NULL, passed, dead, passed };
	const mach_port_t found[] = { MACH_PORT_NULL, passed, MACH_PORT_DEAD, passed };

	EXPECT(mach_ports_register(task, names, 4), KERN_SUCCESS);
	expect_lookup(found, 4);
	mach_port_t others[] = { MACH_PORT_DEAD, dies, passed };
	const mach_port_t alive[] = { MACH_PORT_DEAD, dies, passed };
	const mach_port_t after[] = { MACH_PORT_DEAD, MACH_PORT_DEAD, passed };

	EXPECT(mach_ports_register(task, others, 3), KERN_SUCCESS);
	expect_lookup(alive, 3);
	port_destroy(dies);
	expect_lookup(after, 3);
	EXPECT(mach_ports_register(task, NULL, 0), KERN_SUCCESS);
	EXPECT(mach_port_deallocate(SELF, passed), KERN_SUCCESS);
	port_destroy(dead);
	end();
}

static void register_and_look_up(void)
{
	mach_port_t names[] = { passed, passed, MACH_PORT_NULL, passed };

	EXPECT(mach_ports_register(task, names, 4), KERN_SUCCESS);
	expect_lookup(names, 4);
}

void test_register_often(void)
{
	begin();
	port_make_send(passed);
	snapshot_conserved(register_and_look_up, tap_rounds(6000, 100000));
	EXPECT(port_refs(passed, MACH_PORT_RIGHT_SEND), 1);
	EXPECT(mach_port_deallocate(SELF, passed), KERN_SUCCESS);
	end();
}
