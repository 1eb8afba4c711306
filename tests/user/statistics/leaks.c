/* SPDX-License-Identifier: BSD-2-Clause */
/* Who leaks: names by kind, and where they come from. */
#include <libmach/string.h>
#include <mach.h>
#include <mach/gnumach.h>
#include <mach/porter.h>

#include "../common/messages.h"
#include "../common/ports.h"
#include "../common/tap.h"
#include "tests.h"

#define SELF	mach_task_self()
#define MANY	5000

static struct space_statistics names_of(mach_port_t task)
{
	struct space_statistics statistics = { 0 };

	EXPECT(space_statistics(tap_host_priv, task, &statistics), KERN_SUCCESS);
	return statistics;
}

static mach_port_t new_child(void)
{
	mach_port_t child = MACH_PORT_NULL;

	EXPECT(task_create(SELF, FALSE, &child), KERN_SUCCESS);
	return child;
}

static void end_child(mach_port_t child)
{
	EXPECT(task_terminate(child), KERN_SUCCESS);
	port_destroy(child);
}

void test_counts_of_names(void)
{
	struct space_statistics before = names_of(SELF), after;
	mach_port_t receive = port_new(), both = port_new_with_send(7), set = port_new_set();
	mach_port_t dead = port_new_dead(), once = port_make_send_once(receive);
	mach_port_t child = new_child();

	EXPECT(mach_port_mod_refs(SELF, dead, MACH_PORT_RIGHT_DEAD_NAME, 4), KERN_SUCCESS);
	EXPECT(port_request(both, MACH_NOTIFY_DEAD_NAME, 0, receive), KERN_SUCCESS);
	after = names_of(SELF);
	EXPECT(after.sst_names - before.sst_names, 6);
	EXPECT(after.sst_receive - before.sst_receive, 2);
	EXPECT(after.sst_send - before.sst_send, 2);
	EXPECT(after.sst_send_once - before.sst_send_once, 1);
	EXPECT(after.sst_port_set - before.sst_port_set, 1);
	EXPECT(after.sst_dead_name - before.sst_dead_name, 1);
	EXPECT(after.sst_send_refs - before.sst_send_refs, 8);
	EXPECT(after.sst_dead_refs - before.sst_dead_refs, 5);
	EXPECT(after.sst_requests - before.sst_requests, 1);
	port_destroy(receive);
	after = names_of(SELF);
	/* The send-once right is a dead name now, though nobody has looked at it. */
	EXPECT(after.sst_send_once - before.sst_send_once, 0);
	EXPECT(after.sst_dead_name - before.sst_dead_name, 2);
	port_destroy(both);
	port_destroy(set);
	port_destroy(dead);
	port_destroy(once);
	end_child(child);
	after = names_of(SELF);
	EXPECT(memcmp(&before, &after, sizeof before), 0);
}

void test_counts_of_child(void)
{
	mach_port_t child = new_child(), name;
	struct space_statistics have = names_of(child);

	EXPECT(have.sst_names, 0);
	for (int i = 0; i < 3; i++)
		EXPECT(mach_port_allocate(child, MACH_PORT_RIGHT_RECEIVE, &name), KERN_SUCCESS);
	/* One name that the table has no place for. */
	EXPECT(mach_port_allocate_name(child, MACH_PORT_RIGHT_PORT_SET, 0xfedcba98),
		KERN_SUCCESS);
	have = names_of(child);
	EXPECT(have.sst_names, 4);
	EXPECT(have.sst_receive, 3);
	EXPECT(have.sst_port_set, 1);
	EXPECT(have.sst_send + have.sst_send_once + have.sst_dead_name, 0);
	EXPECT_TRUE(have.sst_memory >= 4096);
	end_child(child);
}

void test_many_names(void)
{
	mach_port_t child = new_child(), name;
	struct space_statistics have;

	for (int i = 0; i < MANY; i++)
		EXPECT(mach_port_allocate(child, i % 5 == 0 ? MACH_PORT_RIGHT_RECEIVE
			: MACH_PORT_RIGHT_DEAD_NAME, &name), KERN_SUCCESS);
	for (int i = 0; i < 300; i++)
		EXPECT(mach_port_allocate_name(child, MACH_PORT_RIGHT_DEAD_NAME,
			0x90000000 + i * 0x10001), KERN_SUCCESS);
	have = names_of(child);
	EXPECT(have.sst_names, MANY + 300);
	EXPECT(have.sst_receive, MANY / 5);
	EXPECT(have.sst_dead_name, MANY - MANY / 5 + 300);
	EXPECT(have.sst_dead_refs, MANY - MANY / 5 + 300);
	EXPECT_TRUE(have.sst_memory >= MANY * 32);
	end_child(child);
}

void test_identity(void)
{
	mach_port_t child = new_child();
	natural_t number = 0, ours = 0;
	kernel_debug_name_t name;

	EXPECT(task_set_name(child, "a child"), KERN_SUCCESS);
	memset(name, 0xff, sizeof name);
	EXPECT(task_identity(tap_host_priv, child, &number, name), KERN_SUCCESS);
	EXPECT(strcmp(name, "a child"), 0);
	EXPECT(task_identity(tap_host_priv, SELF, &ours, name), KERN_SUCCESS);
	EXPECT_TRUE(number > ours);
	end_child(child);
}

/* --- Origins ----------------------------------------------------------------------------- */

/* Release builds note none: they must say so, and then there is nothing more to be seen. */
static boolean_t origins_are_noted(void)
{
	right_origin_array_t list;
	mach_msg_type_number_t count = 0;
	kern_return_t result = space_origins(tap_host_priv, SELF, SELF, &list, &count);

	if (result == KERN_FAILURE)
		return FALSE;
	EXPECT(result, KERN_SUCCESS);
	if (result == KERN_SUCCESS)
		vm_deallocate(SELF, (vm_address_t) (uintptr_t) list, sizeof *list);
	return TRUE;
}

static struct right_origin origin_of(mach_port_t name)
{
	struct right_origin origin = { 0 };
	right_origin_array_t list;
	mach_msg_type_number_t count = 0;

	EXPECT(space_origins(tap_host_priv, SELF, name, &list, &count), KERN_SUCCESS);
	if (EXPECT(count, 1)) {
		origin = list[0];
		expect_clean_end(list, sizeof *list);
		vm_deallocate(SELF, (vm_address_t) (uintptr_t) list, sizeof *list);
	}
	EXPECT(origin.rio_name, name);
	EXPECT(origin.rio_type, port_type(name));
	return origin;
}

static void expect_origin(mach_port_t name, unsigned int kind, int id)
{
	struct right_origin origin = origin_of(name);

	tap_about("kind %u, id %d", kind, id);
	EXPECT(origin.rio_kind, kind);
	EXPECT(origin.rio_id, id);
	tap_about("%s", "");
}

/* A port made by trap -72, which the library does not use. */
static mach_port_t allocate_by_trap(void)
{
	mach_port_t name = MACH_PORT_NULL;

	EXPECT(syscall_mach_port_allocate(SELF, MACH_PORT_RIGHT_RECEIVE, &name), KERN_SUCCESS);
	return name;
}

/* Send a right to a port of ours to ourselves; a reply right comes along. */
static void through_message(mach_port_t right, mach_msg_id_t id, mach_port_t *reply)
{
	mach_port_t port = port_new_with_send(1);
	struct message message;

	message_init(&message, port, MACH_MSG_TYPE_COPY_SEND, port, MACH_MSG_TYPE_MAKE_SEND_ONCE);
	message.header.msgh_id = id;
	message_right(&message, right, MACH_MSG_TYPE_MOVE_RECEIVE);
	EXPECT(message_send(&message), MACH_MSG_SUCCESS);
	EXPECT(message_receive(&message, port), MACH_MSG_SUCCESS);
	*reply = message.header.msgh_remote_port;
	expect_origin(*reply, ORIGIN_MESSAGE, id);
	expect_origin(message.body[1], ORIGIN_MESSAGE, id);
	port_destroy(message.body[1]);
	port_destroy(port);
}

void test_origins(void)
{
	mach_port_t reply = mach_reply_port(), routine = port_new(), trap = allocate_by_trap();
	mach_port_t child = new_child(), sonce;

	if (origins_are_noted()) {
		expect_origin(tap_host_priv, ORIGIN_UNKNOWN, 0);
		expect_origin(reply, ORIGIN_TRAP, -26);
		expect_origin(trap, ORIGIN_TRAP, -72);
		expect_origin(routine, ORIGIN_RPC, 3204);
		expect_origin(child, ORIGIN_MESSAGE, 2107);
		through_message(port_new(), -5, &sonce);
		port_destroy(sonce);
		through_message(port_new(), 0x7fffffff, &sonce);
		port_destroy(sonce);
		/* The routine's own name is not taken for an older trap's, nor the other way. */
		EXPECT(mach_port_allocate_name(SELF, MACH_PORT_RIGHT_DEAD_NAME, 0xabcdef01),
			KERN_SUCCESS);
		expect_origin(0xabcdef01, ORIGIN_RPC, 3203);
		port_destroy(0xabcdef01);
	}
	port_destroy(reply);
	port_destroy(routine);
	port_destroy(trap);
	end_child(child);
}

/* Renamed, with more references, and dead: still the same. */
void test_origin_kept(void)
{
	mach_port_t port = mach_reply_port();
	struct right_origin before, after;

	if (origins_are_noted()) {
		before = origin_of(port);
		sleep_for(50);
		port_make_send(port);
		EXPECT(mach_port_rename(SELF, port, 0x4321), KERN_SUCCESS);
		EXPECT(mach_port_mod_refs(SELF, 0x4321, MACH_PORT_RIGHT_RECEIVE, -1),
			KERN_SUCCESS);
		after = origin_of(0x4321);
		EXPECT(after.rio_type, MACH_PORT_TYPE_DEAD_NAME);
		EXPECT(after.rio_urefs, 1);
		EXPECT(after.rio_kind, before.rio_kind);
		EXPECT(after.rio_id, before.rio_id);
		EXPECT(after.rio_seconds, before.rio_seconds);
		EXPECT(after.rio_milliseconds, before.rio_milliseconds);
		EXPECT(mach_port_rename(SELF, 0x4321, port), KERN_SUCCESS);
		/* A name made now is younger. */
		port_destroy(port);
		port = mach_reply_port();
		after = origin_of(port);
		EXPECT_TRUE(after.rio_seconds * 1000 + after.rio_milliseconds
			> before.rio_seconds * 1000 + before.rio_milliseconds);
	}
	port_destroy(port);
}

/* All origins of a task.  Returns the number of those with this kind and id. */
static unsigned int count_origins(mach_port_t task, unsigned int kind, int id,
	unsigned int *total)
{
	right_origin_array_t list = NULL;
	mach_msg_type_number_t count = 0;
	unsigned int found = 0;

	EXPECT(space_origins(tap_host_priv, task, MACH_PORT_NULL, &list, &count), KERN_SUCCESS);
	*total = count;
	for (unsigned int i = 0; i < count; i++)
		found += list[i].rio_kind == kind && list[i].rio_id == id;
	if (count == 0)
		return 0;
	expect_clean_end(list, count * sizeof *list);
	vm_deallocate(SELF, (vm_address_t) (uintptr_t) list, count * sizeof *list);
	return found;
}

/* A child forgets send-once rights, and we find who gave them. */
void test_leak_is_found(void)
{
	mach_port_t child = new_child(), port = port_new(), name;
	unsigned int total;

	EXPECT(mach_port_allocate(child, MACH_PORT_RIGHT_RECEIVE, &name), KERN_SUCCESS);
	for (int i = 0; i < 100; i++)
		EXPECT(mach_port_insert_right(child, 0x1000 + i, port,
			MACH_MSG_TYPE_MAKE_SEND_ONCE), KERN_SUCCESS);
	EXPECT(names_of(child).sst_send_once, 100);
	EXPECT(statistics_of(port).pst_sorights, 100);
	if (origins_are_noted()) {
		EXPECT(count_origins(child, ORIGIN_RPC, 3215, &total), 100);
		EXPECT(total, 101);
		EXPECT(count_origins(child, ORIGIN_RPC, 3204, &total), 1);
	}
	end_child(child);
	port_destroy(port);
}

void test_many_origins(void)
{
	mach_port_t child = new_child(), name;
	unsigned int total;

	if (origins_are_noted()) {
		EXPECT(count_origins(child, ORIGIN_RPC, 3204, &total), 0);
		EXPECT(total, 0);
		for (int i = 0; i < MANY; i++)
			EXPECT(mach_port_allocate(child, MACH_PORT_RIGHT_DEAD_NAME, &name),
				KERN_SUCCESS);
		EXPECT(count_origins(child, ORIGIN_RPC, 3204, &total), MANY);
		EXPECT(total, MANY);
	}
	end_child(child);
}
