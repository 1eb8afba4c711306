/* SPDX-License-Identifier: BSD-2-Clause */
/* What a task has done, in numbers: faults of each kind, messages. */
#include <mach.h>
#include <mach/vm_param.h>

#include "../common/tap.h"
#include "tests.h"

#define SELF	mach_task_self()
#define PAGES	20u
#define CALLS	7u

static struct task_events_info events_of(mach_port_t task)
{
	struct task_events_info events = { 0 };
	mach_msg_type_number_t count = TASK_EVENTS_INFO_COUNT;

	EXPECT(task_info(task, TASK_EVENTS_INFO, (task_info_t) &events, &count), KERN_SUCCESS);
	EXPECT(count, TASK_EVENTS_INFO_COUNT);
	return events;
}

static void touch_all(vm_address_t memory)
{
	for (unsigned int i = 0; i < PAGES; i++)
		*(volatile char *) (memory + i * PAGE_SIZE) = 1;
}

/* Each page that is touched is one fault, of zeros at first, then on the way to a copy. */
static void try_faults(void)
{
	struct task_events_info before, zeros, copies;
	vm_address_t memory = 0, copy;
	mach_msg_type_number_t size;

	EXPECT(vm_allocate(SELF, &memory, PAGES * PAGE_SIZE, TRUE), KERN_SUCCESS);
	before = events_of(SELF);
	touch_all(memory);
	zeros = events_of(SELF);
	EXPECT(zeros.zero_fills - before.zero_fills, PAGES);
	EXPECT(zeros.faults - before.faults, PAGES);
	EXPECT(zeros.cow_faults, before.cow_faults);
	EXPECT(vm_read(SELF, memory, PAGES * PAGE_SIZE, &copy, &size), KERN_SUCCESS);
	zeros = events_of(SELF);
	touch_all(memory);
	copies = events_of(SELF);
	EXPECT(copies.cow_faults - zeros.cow_faults, PAGES);
	EXPECT(copies.faults - zeros.faults, PAGES);
	EXPECT(copies.zero_fills, zeros.zero_fills);
	EXPECT(copies.pageins, before.pageins);
	EXPECT(vm_deallocate(SELF, copy, size), KERN_SUCCESS);
	EXPECT(vm_deallocate(SELF, memory, PAGES * PAGE_SIZE), KERN_SUCCESS);
}

/* Calls to the kernel are messages, there and back; the call that asks is one of them. */
static void try_messages(void)
{
	struct task_events_info before = events_of(SELF), after;
	mach_port_type_t type;

	for (unsigned int i = 0; i < CALLS; i++)
		EXPECT(mach_port_type(SELF, SELF, &type), KERN_SUCCESS);
	after = events_of(SELF);
	EXPECT(after.messages_sent - before.messages_sent, CALLS + 1);
	EXPECT(after.messages_received - before.messages_received, CALLS + 1);
}

void test_task_events(void)
{
	integer_t words[TASK_INFO_MAX];
	mach_port_t task;

	try_faults();
	try_messages();
	EXPECT(task_create(SELF, FALSE, &task), KERN_SUCCESS);
	EXPECT(events_of(task).faults, 0);
	EXPECT(events_of(task).messages_sent, 0);
	EXPECT(task_terminate(task), KERN_SUCCESS);
	EXPECT(mach_port_deallocate(SELF, task), KERN_SUCCESS);
	for (mach_msg_type_number_t room = 0; room < TASK_EVENTS_INFO_COUNT + 3; room++) {
		mach_msg_type_number_t count = room;
		boolean_t fits = room >= TASK_EVENTS_INFO_COUNT;

		tap_about("%u words", room);
		EXPECT(task_info(SELF, TASK_EVENTS_INFO, words, &count),
			fits ? KERN_SUCCESS : KERN_INVALID_ARGUMENT);
		if (fits)
			EXPECT(count, TASK_EVENTS_INFO_COUNT);
	}
	tap_about("%s", "");
}
