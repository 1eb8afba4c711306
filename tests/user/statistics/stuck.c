/* SPDX-License-Identifier: BSD-2-Clause */
/* Who is stuck: ports on which something waits, and the threads that wait. */
#include <libmach/string.h>
#include <libmach/thread.h>
#include <mach.h>
#include <mach/porter.h>

#include "../common/messages.h"
#include "../common/ports.h"
#include "../common/tap.h"
#include "../common/worker.h"
#include "tests.h"

#define SELF	mach_task_self()
#define MANY	300

static struct worker worker, second;
static struct stuck_port stuck[2 * MANY];
static unsigned int stuck_count;

void expect_clean_end(const void *data, unsigned int size)
{
	const char *p = data;
	const char *end = (const char *) (((uintptr_t) p + size + 4095) & ~(uintptr_t) 4095);

	for (p += size; p < end; p++)
		if (*p != 0) {
			tap_fail("byte %p behind an answer is 0x%x", p, (unsigned char) *p);
			break;
		}
}

static natural_t number_of(mach_port_t task)
{
	kernel_debug_name_t name;
	natural_t number = TASK_NUMBER_NONE;

	EXPECT(task_identity(tap_host_priv, task, &number, name), KERN_SUCCESS);
	return number;
}

static void list_stuck(mach_port_t task)
{
	stuck_port_array_t ports = NULL;
	mach_msg_type_number_t count = 0;

	EXPECT(space_stuck_ports(tap_host_priv, task, &ports, &count), KERN_SUCCESS);
	stuck_count = count < COUNT_OF(stuck) ? count : COUNT_OF(stuck);
	memcpy(stuck, ports, stuck_count * sizeof stuck[0]);
	if (count == 0)
		return;
	expect_clean_end(ports, count * sizeof ports[0]);
	vm_deallocate(SELF, (vm_address_t) (uintptr_t) ports, count * sizeof ports[0]);
}

static const struct stuck_port *find_stuck(mach_port_t name)
{
	static const struct stuck_port nothing;

	for (unsigned int i = 0; i < stuck_count; i++)
		if (stuck[i].stp_name == name)
			return &stuck[i];
	tap_fail("port 0x%x is not in the list", name);
	return &nothing;
}

static void fill(mach_port_t port, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		EXPECT(send_simple(port, i), MACH_MSG_SUCCESS);
}

void test_stuck_port(void)
{
	mach_port_t full = port_new_with_send(1), some = port_new_with_send(1);
	mach_port_t idle = port_new_with_send(1);
	const struct stuck_port *found;

	list_stuck(SELF);
	EXPECT(stuck_count, 0);
	fill(some, 2);
	fill(full, 5);
	worker_send(&worker, full, 50);
	worker_send(&second, full, 51);
	list_stuck(SELF);
	EXPECT(stuck_count, 2);
	found = find_stuck(full);
	EXPECT(found->stp_serial, statistics_of(full).pst_serial);
	EXPECT(found->stp_set, MACH_PORT_NULL);
	EXPECT(found->stp_queued, 5);
	EXPECT(found->stp_qlimit, 5);
	EXPECT(found->stp_senders, 2);
	EXPECT(found->stp_receivers, 0);
	EXPECT(found->stp_first_sender, number_of(SELF));
	found = find_stuck(some);
	EXPECT(found->stp_queued, 2);
	EXPECT(found->stp_senders, 0);
	EXPECT(found->stp_first_sender, TASK_NUMBER_NONE);
	port_destroy(full);
	EXPECT(worker_end(&worker), MACH_MSG_SUCCESS);
	EXPECT(worker_end(&second), MACH_MSG_SUCCESS);
	list_stuck(SELF);
	EXPECT(stuck_count, 1);
	port_destroy(some);
	port_destroy(idle);
}

/* More than one part of the walk, the answer in several pages. */
void test_many_stuck_ports(void)
{
	static mach_port_t port[2 * MANY];

	for (unsigned int i = 0; i < 2 * MANY; i++) {
		port[i] = port_new_with_send(1);
		if (i % 2 == 0)
			EXPECT(send_simple(port[i], i), MACH_MSG_SUCCESS);
	}
	list_stuck(SELF);
	EXPECT(stuck_count, MANY);
	for (unsigned int i = 0; i < 2 * MANY; i += 2)
		EXPECT(find_stuck(port[i])->stp_queued, 1);
	for (unsigned int i = 0; i < 2 * MANY; i++)
		port_destroy(port[i]);
}

/* A limit of 0 lets nobody in, though somebody waits for messages. */
void test_stuck_in_set(void)
{
	mach_port_t port = port_new_with_send(1), set = port_new_set();
	const struct stuck_port *found;

	EXPECT(mach_port_set_qlimit(SELF, port, 0), KERN_SUCCESS);
	EXPECT(mach_port_move_member(SELF, port, set), KERN_SUCCESS);
	worker_receive(&worker, set);
	list_stuck(SELF);
	EXPECT(stuck_count, 0);
	worker_send(&second, port, 7);
	list_stuck(SELF);
	EXPECT(stuck_count, 1);
	found = find_stuck(port);
	EXPECT(found->stp_set, set);
	EXPECT(found->stp_queued, 0);
	EXPECT(found->stp_qlimit, 0);
	EXPECT(found->stp_senders, 1);
	EXPECT(found->stp_receivers, 1);
	EXPECT(mach_port_set_qlimit(SELF, port, 1), KERN_SUCCESS);
	EXPECT(worker_end(&second), MACH_MSG_SUCCESS);
	EXPECT(worker_end(&worker), MACH_MSG_SUCCESS);
	list_stuck(SELF);
	EXPECT(stuck_count, 0);
	port_destroy(port);
	port_destroy(set);
}

static void list_threads(mach_port_t task, struct stuck_thread *list, unsigned int room,
	unsigned int *there)
{
	stuck_thread_array_t threads = NULL;
	mach_msg_type_number_t count = 0;

	EXPECT(task_stuck_threads(tap_host_priv, task, &threads, &count), KERN_SUCCESS);
	*there = count;
	memcpy(list, threads, (count < room ? count : room) * sizeof *list);
	if (count == 0)
		return;
	expect_clean_end(threads, count * sizeof *threads);
	vm_deallocate(SELF, (vm_address_t) (uintptr_t) threads, count * sizeof *threads);
}

void test_stuck_threads(void)
{
	mach_port_t full = port_new_with_send(1), set = port_new_set();
	struct stuck_thread list[2] = { { 0 } }, swap;
	unsigned int count;

	list_threads(SELF, list, 2, &count);
	EXPECT(count, 0);
	fill(full, 5);
	worker_send(&worker, full, 50);
	worker_receive(&second, set);
	list_threads(SELF, list, 2, &count);
	EXPECT(count, 2);
	if (list[0].stt_doing != STUCK_SENDING) {
		swap = list[0];
		list[0] = list[1];
		list[1] = swap;
	}
	EXPECT(list[0].stt_doing, STUCK_SENDING);
	EXPECT(list[0].stt_name, full);
	EXPECT(list[0].stt_serial, statistics_of(full).pst_serial);
	EXPECT(list[0].stt_task, number_of(SELF));
	EXPECT(list[1].stt_doing, STUCK_RECEIVING);
	EXPECT(list[1].stt_name, set);
	EXPECT(list[1].stt_serial, 0);
	EXPECT(list[1].stt_task, TASK_NUMBER_NONE);
	EXPECT_TRUE(list[0].stt_thread != list[1].stt_thread);
	port_destroy(full);
	port_destroy(set);
	EXPECT(worker_end(&worker), MACH_MSG_SUCCESS);
	EXPECT(worker_end(&second), MACH_RCV_PORT_DIED);
}

/* Another task's port, seen from there and from here. */
void test_stuck_child(void)
{
	mach_port_t child = MACH_PORT_NULL, there = MACH_PORT_NULL, here = MACH_PORT_NULL;
	mach_msg_type_name_t type;
	struct stuck_thread list[1] = { { 0 } };
	unsigned int count;

	EXPECT(task_create(SELF, FALSE, &child), KERN_SUCCESS);
	EXPECT(mach_port_allocate(child, MACH_PORT_RIGHT_RECEIVE, &there), KERN_SUCCESS);
	EXPECT(mach_port_extract_right(child, there, MACH_MSG_TYPE_MAKE_SEND, &here, &type),
		KERN_SUCCESS);
	fill(here, 5);
	worker_send(&worker, here, 50);
	list_stuck(SELF);
	EXPECT(stuck_count, 0);
	list_stuck(child);
	EXPECT(stuck_count, 1);
	EXPECT(find_stuck(there)->stp_senders, 1);
	EXPECT(find_stuck(there)->stp_first_sender, number_of(SELF));
	EXPECT(statistics_of(here).pst_task, number_of(child));
	EXPECT(statistics_of(here).pst_name, there);
	list_threads(SELF, list, 1, &count);
	EXPECT(count, 1);
	EXPECT(list[0].stt_task, number_of(child));
	EXPECT_TRUE(number_of(child) != number_of(SELF));
	EXPECT(task_terminate(child), KERN_SUCCESS);
	EXPECT(worker_end(&worker), MACH_MSG_SUCCESS);
	port_destroy(child);
	port_destroy(here);
}
