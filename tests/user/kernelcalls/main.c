/* SPDX-License-Identifier: BSD-2-Clause */
/* Calls of the kernel: strings and arrays in them, and awkward reply ports. */
#include <libmach/string.h>
#include <libmach/thread.h>
#include <mach.h>
#include <mach/gnumach.h>
#include <mach/notify.h>
#include <mach/vm_param.h>

#include "../common/messages.h"
#include "../common/ports.h"
#include "../common/tap.h"

#define SELF		mach_task_self()
#define TYPE_ID	3201		/* ids */
#define REPLY(id)	((id) + 100)

/* --- strings -------------------------------------------------------------------------------- */

#define NAME_ROOM	64		/* KERNEL_DEBUG_NAME_MAX */

/* A name of so many letters, without an end when it fills its room. */
static void name_fill(char *name, unsigned int letters)
{
	memset(name, 0, NAME_ROOM);
	memset(name, 'n', letters);
}

static void test_strings(void)
{
	static const unsigned int lengths[] = { 0, 1, 30, 31, 32, 33, 62, 63, 64 };
	mach_port_t thread = mach_thread_self(), task;
	char name[NAME_ROOM + 8], got[NAME_ROOM];

	EXPECT(task_create(SELF, FALSE, &task), KERN_SUCCESS);
	for (unsigned int i = 0; i < COUNT_OF(lengths); i++) {
		unsigned int length = lengths[i];

		tap_about("%u letters", length);
		memset(name, 'x', sizeof name);
		name_fill(name, length);
		EXPECT(task_set_name(task, name), KERN_SUCCESS);
		EXPECT(thread_set_name(thread, name), KERN_SUCCESS);
		memset(got, 'y', sizeof got);
		EXPECT(thread_get_name(thread, got), KERN_SUCCESS);
		length = strnlen(got, sizeof got);
		EXPECT_TRUE(length < sizeof got && length <= lengths[i]);
		EXPECT(memcmp(got, name, length), 0);
		EXPECT_TRUE(length == lengths[i] || length >= 31);	/* cut, not lost */
	}
	tap_about("%s", "");
	EXPECT(thread_set_name(thread, ""), KERN_SUCCESS);
	EXPECT(task_terminate(task), KERN_SUCCESS);
	port_destroy(task);
	EXPECT(mach_port_deallocate(SELF, thread), KERN_SUCCESS);
}

/* --- arrays out of line ------------------------------------------------------------------------ */

static natural_t free_pages(void)
{
	struct vm_statistics statistics;

	EXPECT(vm_statistics(SELF, &statistics), KERN_SUCCESS);
	return statistics.free_count;
}

/* mach_ports_register with its array out of line, of what size ever; returns the answer. */
static kern_return_t register_array(mach_port_t task, const mach_port_t *ports,
	unsigned int number, unsigned int size)
{
	mach_port_t reply = mach_reply_port();
	struct message message;
	kern_return_t kr = -1;

	message_init(&message, task, MACH_MSG_TYPE_COPY_SEND, reply,
		MACH_MSG_TYPE_MAKE_SEND_ONCE);
	message.header.msgh_id = 2033;
	message_memory(&message, MACH_MSG_TYPE_COPY_SEND, size, number, ports, 0);
	kr = message_send(&message);
	if (kr == MACH_MSG_SUCCESS && message_receive(&message, reply) == MACH_MSG_SUCCESS)
		kr = message.body[1];
	port_destroy(reply);
	return kr;
}

#define ROUNDS	1000

static void test_arrays(void)
{
	mach_port_t port = port_new_with_send(1), ports[8], task;
	natural_t before;

	for (unsigned int i = 0; i < COUNT_OF(ports); i++)
		ports[i] = port;
	EXPECT(task_create(SELF, FALSE, &task), KERN_SUCCESS);
	EXPECT(register_array(task, ports, 4, 32), KERN_SUCCESS);
	before = free_pages();
	for (int i = 0; i < ROUNDS; i++) {
		EXPECT(register_array(task, ports, i % 5, 32), KERN_SUCCESS);
		EXPECT(register_array(task, ports, 5 + i % 4, 32), KERN_INVALID_ARGUMENT);
		EXPECT(register_array(task, ports, 4, 16), MACH_SEND_INVALID_TYPE);
	}
	EXPECT_TRUE(free_pages() + 16 >= before);
	EXPECT(port_refs(port, MACH_PORT_RIGHT_SEND), 1);
	EXPECT(mach_ports_register(task, NULL, 0), KERN_SUCCESS);
	EXPECT(mach_port_mod_refs(SELF, port, MACH_PORT_RIGHT_SEND, -1), KERN_SUCCESS);
	EXPECT(port_status(port).mps_srights, FALSE);
	port_destroy(port);
	EXPECT(task_terminate(task), KERN_SUCCESS);
	port_destroy(task);
}

static void test_written_memory(void)
{
	vm_address_t from = 0, to = 0;
	vm_size_t size = 8 * PAGE_SIZE;
	natural_t before;

	EXPECT(vm_allocate(SELF, &from, size, TRUE), KERN_SUCCESS);
	EXPECT(vm_allocate(SELF, &to, size, TRUE), KERN_SUCCESS);
	memset((void *) from, 7, size);
	memset((void *) to, 1, size);
	before = free_pages();
	for (int i = 0; i < ROUNDS / 2; i++) {
		EXPECT(vm_write(SELF, to, from, size), KERN_SUCCESS);
		EXPECT(vm_write(SELF, to + 1, from, size), KERN_INVALID_ARGUMENT);
		EXPECT(vm_write(SELF, 0xbff00000 - size, from, size), KERN_INVALID_ADDRESS);
	}
	EXPECT(memcmp((void *) from, (void *) to, size), 0);
	EXPECT_TRUE(free_pages() + 16 >= before);
	EXPECT(vm_deallocate(SELF, from, size), KERN_SUCCESS);
	EXPECT(vm_deallocate(SELF, to, size), KERN_SUCCESS);
}

/* --- awkward reply ports ----------------------------------------------------------------------- */

/* mach_port_type of our task's name 0x5555, which there is not. */
static mach_msg_return_t ask(mach_port_t reply, unsigned int disposition)
{
	struct message message;

	message_init(&message, SELF, MACH_MSG_TYPE_COPY_SEND, reply, disposition);
	message.header.msgh_id = TYPE_ID;
	message_type(&message, MACH_MSG_TYPE_PORT_NAME, 32, 1, TYPE_INLINE);
	message_word(&message, 0x5555);
	return message_send(&message);
}

static void expect_answer(mach_port_t port, unsigned int type)
{
	struct message message;

	EXPECT(message_receive(&message, port), MACH_MSG_SUCCESS);
	EXPECT(message.header.msgh_id, REPLY(TYPE_ID));
	EXPECT(message.header.msgh_bits, MACH_MSGH_BITS(0, type));
	EXPECT(message.body[1], KERN_INVALID_NAME);
}

#define SONCE	MACH_MSG_TYPE_PORT_SEND_ONCE
#define SEND	MACH_MSG_TYPE_PORT_SEND

/* In a set, behind other messages, beyond the limit, by a send right. */
static void test_reply_to_ports(void)
{
	mach_port_t port = port_new_with_send(1), set = port_new_set();

	EXPECT(mach_port_move_member(SELF, port, set), KERN_SUCCESS);
	EXPECT(ask(port, MACH_MSG_TYPE_MAKE_SEND_ONCE), MACH_MSG_SUCCESS);
	expect_answer(set, SONCE);
	EXPECT(mach_port_move_member(SELF, port, MACH_PORT_NULL), KERN_SUCCESS);
	EXPECT(mach_port_set_qlimit(SELF, port, 2), KERN_SUCCESS);
	for (int i = 0; i < 2; i++)
		EXPECT(send_simple(port, 100 + i), MACH_MSG_SUCCESS);
	for (int i = 0; i < 5; i++)
		EXPECT(ask(port, i & 1 ? MACH_MSG_TYPE_COPY_SEND : MACH_MSG_TYPE_MAKE_SEND_ONCE),
			MACH_MSG_SUCCESS);
	EXPECT(port_status(port).mps_msgcount, 7);
	for (int i = 0; i < 2; i++) {
		struct message message;

		EXPECT(message_receive(&message, port), MACH_MSG_SUCCESS);
		EXPECT(message.header.msgh_id, 100 + i);
	}
	for (int i = 0; i < 5; i++)
		expect_answer(port, i & 1 ? SEND : SONCE);
	EXPECT(mach_port_set_qlimit(SELF, port, 0), KERN_SUCCESS);
	EXPECT(ask(port, MACH_MSG_TYPE_MAKE_SEND), MACH_MSG_SUCCESS);
	expect_answer(port, SEND);
	port_destroy(set);
	port_destroy(port);
}

/* To nobody, to the dead, to the kernel itself: the call runs, and nothing comes or stays. */
static void test_reply_to_nobody(void)
{
	mach_port_t dead = port_new_dead(), task = SELF;
	mach_port_urefs_t refs = port_refs(task, MACH_PORT_RIGHT_SEND);
	natural_t before = free_pages();

	for (int i = 0; i < ROUNDS; i++) {
		EXPECT(ask(MACH_PORT_NULL, 0), MACH_MSG_SUCCESS);
		EXPECT(ask(MACH_PORT_NULL, MACH_MSG_TYPE_COPY_SEND), MACH_MSG_SUCCESS);
		EXPECT(ask(MACH_PORT_DEAD, MACH_MSG_TYPE_MAKE_SEND_ONCE), MACH_MSG_SUCCESS);
		EXPECT(ask(dead, MACH_MSG_TYPE_COPY_SEND), MACH_MSG_SUCCESS);
		EXPECT(ask(task, MACH_MSG_TYPE_COPY_SEND), MACH_MSG_SUCCESS);
	}
	EXPECT(port_refs(task, MACH_PORT_RIGHT_SEND), refs);
	EXPECT(port_refs(dead, MACH_PORT_RIGHT_DEAD_NAME), 1);
	EXPECT_TRUE(free_pages() + 16 >= before);
	port_destroy(dead);
}

/* The receive right of the reply port is in a message, or in the queue of another port. */
static void test_reply_in_transit(void)
{
	mach_port_t port = port_new_with_send(1), carrier = port_new();
	struct message message;

	message_init(&message, carrier, MACH_MSG_TYPE_MAKE_SEND, MACH_PORT_NULL, 0);
	message_right(&message, port, MACH_MSG_TYPE_MOVE_RECEIVE);
	EXPECT(message_send(&message), MACH_MSG_SUCCESS);
	EXPECT(ask(port, MACH_MSG_TYPE_COPY_SEND), MACH_MSG_SUCCESS);
	EXPECT(message_receive(&message, carrier), MACH_MSG_SUCCESS);
	EXPECT(message.body[1], port);
	expect_answer(port, SEND);
	port_destroy(port);
	port_destroy(carrier);
}

/* A reply comes on one port while the call waits on another. */
static void test_other_port(void)
{
	mach_port_t port = port_new(), other = port_new();
	struct message message;

	message_init(&message, SELF, MACH_MSG_TYPE_COPY_SEND, port,
		MACH_MSG_TYPE_MAKE_SEND_ONCE);
	message.header.msgh_id = TYPE_ID;
	message_type(&message, MACH_MSG_TYPE_PORT_NAME, 32, 1, TYPE_INLINE);
	message_word(&message, 0x5555);
	EXPECT(mach_msg(&message.header, MACH_SEND_MSG | MACH_RCV_MSG | MACH_RCV_TIMEOUT,
		message.header.msgh_size, sizeof message, other, 10, MACH_PORT_NULL),
		MACH_RCV_TIMED_OUT);
	expect_answer(port, SONCE);
	EXPECT_TRUE(queue_is_empty(other));
	port_destroy(port);
	port_destroy(other);
}

struct waiting {
	mach_port_t		port, thread;
	mach_msg_id_t		id;
	mach_msg_return_t	result;
};

static void wait_for_one(void *argument)
{
	struct waiting *self = argument;
	struct message message;

	self->result = message_receive_wait(&message, self->port, 5000);
	self->id = message.header.msgh_id;
}

/* Others wait there already: each reply goes to one of them, in their order. */
static void test_reply_to_waiters(void)
{
	struct waiting waiting[3];
	mach_port_t port = port_new();

	for (int i = 0; i < 3; i++) {
		waiting[i].port = port;
		EXPECT(mach_thread_start(wait_for_one, &waiting[i], &waiting[i].thread),
			KERN_SUCCESS);
	}
	sleep_for(50);
	for (int i = 0; i < 3; i++)
		EXPECT(ask(port, MACH_MSG_TYPE_MAKE_SEND_ONCE), MACH_MSG_SUCCESS);
	for (int i = 0; i < 3; i++) {
		mach_thread_join(waiting[i].thread);
		EXPECT(waiting[i].result, MACH_MSG_SUCCESS);
		EXPECT(waiting[i].id, REPLY(TYPE_ID));
	}
	EXPECT_TRUE(queue_is_empty(port));
	port_destroy(port);
}

/* --- a task that ends, or changes, while calls on it are under way ------------------------------ */

static mach_port_t changing;
static volatile boolean_t stop;

static void change_it(void *argument)
{
	mach_port_t port = port_new_with_send(1);

	while (!stop) {
		task_set_special_port(changing, TASK_BOOTSTRAP_PORT, port);
		task_set_special_port(changing, TASK_KERNEL_PORT, port);
		task_set_special_port(changing, TASK_EXCEPTION_PORT, port);
		task_set_special_port(changing, TASK_KERNEL_PORT, changing);
		task_set_special_port(changing, TASK_BOOTSTRAP_PORT, MACH_PORT_NULL);
	}
	port_destroy(port);
	(void) argument;
}

/* What is asked of one task never touches another that takes its place. */
static void test_changing_identity(void)
{
	for (int round = 0; round < 10; round++) {
		mach_port_t other, thread;
		vm_address_t address = 0x10000000, there = 0x10000000;

		EXPECT(task_create(SELF, FALSE, &changing), KERN_SUCCESS);
		stop = FALSE;
		EXPECT(mach_thread_start(change_it, NULL, &thread), KERN_SUCCESS);
		for (int i = 0; i < 300; i++)
			if (vm_allocate(changing, &address, PAGE_SIZE, FALSE) == KERN_SUCCESS)
				vm_deallocate(changing, address, PAGE_SIZE);
		EXPECT(task_terminate(changing), KERN_SUCCESS);
		EXPECT(task_create(SELF, FALSE, &other), KERN_SUCCESS);
		EXPECT(vm_allocate(changing, &address, PAGE_SIZE, FALSE), MACH_SEND_INVALID_DEST);
		EXPECT(vm_allocate(other, &there, PAGE_SIZE, FALSE), KERN_SUCCESS);
		stop = TRUE;
		mach_thread_join(thread);
		port_destroy(changing);
		EXPECT(task_terminate(other), KERN_SUCCESS);
		port_destroy(other);
	}
}

static const struct test tests[] = {
	{ .name = "MK-9 names of every length", .run = test_strings },
	{ .name = "MK-10 PR-5 arrays of rights", .run = test_arrays },
	{ .name = "MK-10 KM-9 memory in calls that fail late", .run = test_written_memory },
	{ .name = "MK-15 replies to ports of all kinds", .run = test_reply_to_ports },
	{ .name = "MK-15 replies to nobody", .run = test_reply_to_nobody },
	{ .name = "MK-15 the reply port travels", .run = test_reply_in_transit },
	{ .name = "MK-15 waiting on another port", .run = test_other_port },
	{ .name = "MK-15 others wait for replies", .run = test_reply_to_waiters },
	{ .name = "MK-17 a task that changes and ends", .run = test_changing_identity },
};

int main(int argc, char **argv)
{
	return tap_main(argc, argv, tests, COUNT_OF(tests));
}
