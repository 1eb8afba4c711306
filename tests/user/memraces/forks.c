/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Copies of a task that three threads make, each of which writes to a part of its own before and
 * after: the copy has what was there, and neither sees what the other writes.
 */
#include <mach.h>

#include "../common/race.h"
#include "../common/snapshot.h"
#include "../common/tap.h"
#include "memory.h"
#include "tests.h"

#define PAGES	12
#define RACERS	3

static vm_offset_t parts[RACERS];

static void expect_in(mach_port_t task, vm_offset_t base, uint32_t value)
{
	mach_msg_type_number_t size;
	vm_offset_t data;

	if (!EXPECT(vm_read(task, base, PAGES * PAGE_SIZE, &data, &size), KERN_SUCCESS))
		return;
	EXPECT(count_others(data, PAGES, value), 0);
	memory_free(data, PAGES);
}

static void end_task(mach_port_t task)
{
	EXPECT(task_terminate(task), KERN_SUCCESS);
	EXPECT(mach_port_deallocate(SELF, task), KERN_SUCCESS);
}

static void write_to(mach_port_t task, vm_offset_t base, uint32_t value)
{
	vm_offset_t data = memory_new(PAGES);

	fill(data, PAGES, value);
	EXPECT(vm_write(task, base, data, PAGES * PAGE_SIZE), KERN_SUCCESS);
	memory_free(data, PAGES);
}

static void step(struct racer *self)
{
	vm_offset_t part = parts[self->index];
	uint32_t value = race_random(self, ~0u);
	mach_port_t child, grandchild, first;

	fill(part, PAGES, value);
	EXPECT(task_create(SELF, TRUE, &child), KERN_SUCCESS);
	fill(part, 1 + race_random(self, PAGES), ~value);
	race_pause(self);
	expect_in(child, part, value);
	EXPECT(task_create(child, TRUE, &grandchild), KERN_SUCCESS);
	write_to(child, part, value + 1);
	race_pause(self);
	expect_in(grandchild, part, value);
	fill(part, PAGES, value + 2);
	expect_in(child, part, value + 1);
	EXPECT(count_others(part, PAGES, value + 2), 0);
	/* Either may be the first to go. */
	first = race_random(self, 2) == 0 ? child : grandchild;
	end_task(first);
	race_pause(self);
	end_task(first == child ? grandchild : child);
}

static void run(void)
{
	struct racer field[RACERS];

	for (unsigned int i = 0; i < RACERS; i++) {
		field[i] = (struct racer) { .step = step, .steps = tap_rounds(15, 500) };
		parts[i] = memory_new(PAGES);
	}
	race_run(field, RACERS);
	for (unsigned int i = 0; i < RACERS; i++)
		memory_free(parts[i], PAGES);
}

void test_forks(void)
{
	unsigned int before;

	run();
	before = snapshot_free_pages();
	run();
	EXPECT_TRUE(snapshot_free_pages() + 64 >= before);
}
