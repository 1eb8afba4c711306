/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Threads that put their ports into the same slots (PR-4): each right that is displaced is
 * released, once.
 */
#include <mach.h>
#include <mach/mach4.h>
#include <mach/notify.h>
#include <mach/task_special_ports.h>
#include <mach/thread_special_ports.h>

#include "../common/messages.h"
#include "../common/ports.h"
#include "../common/race.h"
#include "../common/snapshot.h"
#include "../common/tap.h"
#include "tests.h"

#define SELF	mach_task_self()
#define RACERS	4
#define SLOTS	3

static mach_port_t ports[RACERS], notify, task, thread;

/* Put a port into a slot; take what is there. */
typedef kern_return_t put_t(unsigned int slot, mach_port_t port);
typedef kern_return_t take_t(unsigned int slot, mach_port_t *port);

static put_t *put;
static take_t *take;

static const int task_slots[SLOTS] = {
	TASK_BOOTSTRAP_PORT, TASK_EXCEPTION_PORT, TASK_KERNEL_PORT,
};

static kern_return_t put_task(unsigned int slot, mach_port_t port)
{
	return task_set_special_port(task, task_slots[slot], port);
}

static kern_return_t take_task(unsigned int slot, mach_port_t *port)
{
	return task_get_special_port(task, task_slots[slot], port);
}

static int thread_slot(unsigned int slot)
{
	return slot == 0 ? THREAD_KERNEL_PORT : THREAD_EXCEPTION_PORT;
}

static kern_return_t put_thread(unsigned int slot, mach_port_t port)
{
	return thread_set_special_port(thread, thread_slot(slot), port);
}

static kern_return_t take_thread(unsigned int slot, mach_port_t *port)
{
	return thread_get_special_port(thread, thread_slot(slot), port);
}

static kern_return_t put_registered(unsigned int slot, mach_port_t port)
{
	mach_port_t all[4] = { port, MACH_PORT_NULL, port, port };

	return mach_ports_register(task, all, slot + 2);
}

static kern_return_t take_registered(unsigned int slot, mach_port_t *port)
{
	mach_port_array_t all;
	mach_msg_type_number_t count;
	kern_return_t result = mach_ports_lookup(task, &all, &count);

	if (result != KERN_SUCCESS)
		return result;
	*port = MACH_PORT_NULL;
	for (unsigned int i = 0; i < count; i++)
		if (i == slot)
			*port = all[i];
		else if (MACH_PORT_VALID(all[i]))
			EXPECT(mach_port_deallocate(SELF, all[i]), KERN_SUCCESS);
	return vm_deallocate(SELF, (vm_offset_t) all, count * sizeof *all);
}

/* The slot cannot be emptied: a port that dies then is put into it. */
static kern_return_t put_manager(unsigned int slot, mach_port_t port)
{
	mach_port_t manager = port == MACH_PORT_NULL ? port_new_with_send(1) : port, last = manager;
	kern_return_t result = vm_set_default_memory_manager(tap_host_priv, &last);

	(void) slot;
	if (MACH_PORT_VALID(last))
		EXPECT(mach_port_deallocate(SELF, last), KERN_SUCCESS);
	if (port == MACH_PORT_NULL) {
		EXPECT(mach_port_deallocate(SELF, manager), KERN_SUCCESS);
		port_destroy(manager);
	}
	return result;
}

static kern_return_t take_manager(unsigned int slot, mach_port_t *port)
{
	(void) slot;
	*port = MACH_PORT_NULL;
	return vm_set_default_memory_manager(tap_host_priv, port);
}

static void change_slot(struct racer *self)
{
	unsigned int slot = race_random(self, SLOTS);
	mach_port_t port = MACH_PORT_NULL;

	if (race_random(self, 4) != 0) {
		EXPECT(put(slot, ports[self->index]), KERN_SUCCESS);
		return;
	}
	EXPECT(take(slot, &port), KERN_SUCCESS);
	if (MACH_PORT_VALID(port))
		EXPECT(mach_port_deallocate(SELF, port), KERN_SUCCESS);
}

/* Only our own send right is left, and it is the last. */
static void check_port(mach_port_t port)
{
	EXPECT(port_refs(port, MACH_PORT_RIGHT_SEND), 1);
	EXPECT(snapshot_send_rights(port), 1);
	EXPECT(port_request(port, MACH_NOTIFY_NO_SENDERS, port_status(port).mps_mscount, notify),
		KERN_SUCCESS);
	EXPECT_TRUE(queue_is_empty(notify));
	EXPECT(mach_port_deallocate(SELF, port), KERN_SUCCESS);
	EXPECT_TRUE(notification_is(notify, MACH_NOTIFY_NO_SENDERS, port_status(port).mps_mscount));
	EXPECT_TRUE(queue_is_empty(notify));
	port_destroy(port);
}

static void try_slots(put_t *put_one, take_t *take_one)
{
	struct racer field[RACERS];

	put = put_one;
	take = take_one;
	notify = port_new();
	EXPECT(task_create(SELF, FALSE, &task), KERN_SUCCESS);
	EXPECT(thread_create(task, &thread), KERN_SUCCESS);
	for (unsigned int i = 0; i < RACERS; i++) {
		ports[i] = port_new_with_send(1);
		field[i] = (struct racer) {
			.step = change_slot,
			.steps = tap_rounds(400, 25000),
		};
	}
	race_run(field, RACERS);
	for (unsigned int slot = 0; slot < SLOTS; slot++)
		EXPECT(put(slot, MACH_PORT_NULL), KERN_SUCCESS);
	for (unsigned int i = 0; i < RACERS; i++)
		check_port(ports[i]);
	EXPECT(task_terminate(task), KERN_SUCCESS);
	port_destroy(task);
	port_destroy(thread);
	port_destroy(notify);
}

void test_task_ports(void)
{
	try_slots(put_task, take_task);
}

void test_thread_ports(void)
{
	try_slots(put_thread, take_thread);
}

void test_registered_ports(void)
{
	try_slots(put_registered, take_registered);
}

void test_default_manager(void)
{
	mach_port_t host = mach_host_self(), port = MACH_PORT_NULL;

	EXPECT(vm_set_default_memory_manager(host, &port), KERN_INVALID_HOST);
	EXPECT(mach_port_deallocate(SELF, host), KERN_SUCCESS);
	try_slots(put_manager, take_manager);
}
