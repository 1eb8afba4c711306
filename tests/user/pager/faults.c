/* SPDX-License-Identifier: BSD-2-Clause */
/* Faults, and pagers that answer well, late, wrongly, not at all, or die. */
#include <libmach/string.h>
#include <mach.h>
#include <mach/memory_object.h>
#include <mach_debug/mach_debug.h>

#include "../common/pager.h"
#include "../common/ports.h"
#include "../common/race.h"
#include "../common/tap.h"
#include "tests.h"

void test_fault(void)
{
	struct object object;
	struct toucher toucher;
	vm_offset_t base = object_map_new(&object, 4);

	touch_start(&toucher, base + 5, FALSE, 0);
	expect_quiet(&object);			/* not ready */
	object_ready(&object, FALSE, MEMORY_OBJECT_COPY_DELAY);
	expect_request(&object, 2203, 0, VM_PROT_READ);
	EXPECT_TRUE(touch_waits(&toucher));
	EXPECT(supply(&object, 0, 7, VM_PROT_NONE, FALSE, MACH_PORT_NULL), KERN_SUCCESS);
	EXPECT(touch_end(&toucher), 7);
	touch_start(&toucher, base + PAGE_SIZE, TRUE, 9);
	expect_request(&object, 2203, PAGE_SIZE, VM_PROT_DEFAULT);
	EXPECT(memory_object_data_unavailable(object.control, PAGE_SIZE, PAGE_SIZE),
		KERN_SUCCESS);
	EXPECT(touch_end(&toucher), 9);
	EXPECT(*(unsigned char *) (base + PAGE_SIZE + 1), 0);
	EXPECT(vm_deallocate(SELF, base, 4 * PAGE_SIZE), KERN_SUCCESS);
	expect_return(&object, PAGE_SIZE, 1, 9, TRUE, FALSE);
	expect_terminate(&object);
	object_end(&object);
}

static unsigned int pages_waited_for(void)
{
	struct task_events_info events = { 0 };
	mach_msg_type_number_t count = TASK_EVENTS_INFO_COUNT;

	EXPECT(task_info(SELF, TASK_EVENTS_INFO, (task_info_t) &events, &count), KERN_SUCCESS);
	return events.pageins;
}

/* In the task that waited for them; what fails, or is there, does not count. */
void test_counted(void)
{
	struct object object;
	struct toucher toucher;
	vm_offset_t base = object_map_new(&object, 4);
	unsigned int before = pages_waited_for();

	object_ready(&object, FALSE, MEMORY_OBJECT_COPY_DELAY);
	for (unsigned int i = 0; i < 3; i++) {
		page_in(&object, base, i * PAGE_SIZE, 4);
		EXPECT(*(volatile unsigned char *) (base + i * PAGE_SIZE), 4);
	}
	EXPECT(pages_waited_for() - before, 3);
	touch_start(&toucher, base + 3 * PAGE_SIZE, FALSE, 0);
	expect_request(&object, 2203, 3 * PAGE_SIZE, VM_PROT_READ);
	EXPECT(memory_object_data_error(object.control, 3 * PAGE_SIZE, PAGE_SIZE, 77),
		KERN_SUCCESS);
	EXPECT(touch_end(&toucher), -KERN_MEMORY_ERROR);
	EXPECT(pages_waited_for() - before, 3);
	object_unmap_last(&object, base, 4);
}

void test_supply_before_ready(void)
{
	struct object object;
	struct toucher toucher;
	vm_offset_t base = object_map_new(&object, 1);

	touch_start(&toucher, base, FALSE, 0);
	EXPECT(supply(&object, 0, 3, VM_PROT_NONE, FALSE, MACH_PORT_NULL), KERN_SUCCESS);
	EXPECT(touch_end(&toucher), 3);
	object_unmap_last(&object, base, 1);	/* not ready and unmapped: terminate */
}

void test_data_error(void)
{
	struct object object;
	struct toucher toucher;
	vm_offset_t base = object_map_new(&object, 1);

	object_ready(&object, FALSE, MEMORY_OBJECT_COPY_DELAY);
	touch_start(&toucher, base + 8, FALSE, 0);
	expect_request(&object, 2203, 0, VM_PROT_READ);
	EXPECT(memory_object_data_error(object.control, 0, PAGE_SIZE, 77), KERN_SUCCESS);
	EXPECT(touch_end(&toucher), -KERN_MEMORY_ERROR);
	page_in(&object, base, 0, 4);		/* asks again */
	object_unmap_last(&object, base, 1);
}

/* MO-7: who waits can be aborted and ended, and all else goes on. */
void test_silent(void)
{
	struct object object;
	struct toucher toucher;
	vm_offset_t base = object_map_new(&object, 2), other = 0;

	object_ready(&object, FALSE, MEMORY_OBJECT_COPY_DELAY);
	touch_start(&toucher, base, FALSE, 0);
	expect_request(&object, 2203, 0, VM_PROT_READ);
	EXPECT(vm_allocate(SELF, &other, PAGE_SIZE, TRUE), KERN_SUCCESS);
	*(char *) other = 1;
	EXPECT(vm_deallocate(SELF, other, PAGE_SIZE), KERN_SUCCESS);
	EXPECT(thread_abort(toucher.thread), KERN_SUCCESS);
	EXPECT_TRUE(touch_waits(&toucher));	/* again, and nothing is asked twice */
	expect_quiet(&object);
	touch_kill(&toucher);
	EXPECT(supply(&object, 0, 6, VM_PROT_NONE, FALSE, MACH_PORT_NULL), KERN_SUCCESS);
	sleep_for(20);
	EXPECT(*(unsigned char *) base, 6);
	object_unmap_last(&object, base, 2);
}

#define ABANDONED	100

static unsigned int requests_of(const struct object *object)
{
	mach_port_t shadow, copy;
	vm_object_info_t info;

	EXPECT(mach_vm_object_info(object->name, &info, &shadow, &copy), KERN_SUCCESS);
	return info.voi_absent_count;
}

/* Of requests for which nobody waits any more the kernel keeps a few, and all can be answered. */
void test_abandoned(void)
{
	struct object object;
	struct toucher toucher;
	vm_offset_t base = object_map_new(&object, ABANDONED), last = (ABANDONED - 1) * PAGE_SIZE;

	object_ready(&object, FALSE, MEMORY_OBJECT_COPY_DELAY);
	for (vm_offset_t at = 0; at < ABANDONED * PAGE_SIZE; at += PAGE_SIZE) {
		tap_about("page at %x", at);
		touch_start(&toucher, base + at, FALSE, 0);
		expect_request(&object, 2203, at, VM_PROT_READ);
		touch_kill(&toucher);
	}
	tap_about("%s", "");
	sleep_for(QUIET);			/* the last thread is really gone */
	EXPECT_TRUE(requests_of(&object) > 0 && requests_of(&object) < ABANDONED);
	for (vm_offset_t at = 0; at < last; at += PAGE_SIZE)
		EXPECT(supply(&object, at, 1 + at / PAGE_SIZE, VM_PROT_NONE, FALSE, MACH_PORT_NULL),
			KERN_SUCCESS);
	touch_start(&toucher, base + last, FALSE, 0);
	expect_request(&object, 2203, last, VM_PROT_READ);
	EXPECT(supply(&object, last, 7, VM_PROT_NONE, FALSE, MACH_PORT_NULL), KERN_SUCCESS);
	EXPECT(touch_end(&toucher), 7);
	EXPECT(requests_of(&object), 0);
	for (vm_offset_t at = 0; at < last; at += PAGE_SIZE)
		EXPECT(*(unsigned char *) (base + at), 1 + at / PAGE_SIZE);
	object_unmap_last(&object, base, ABANDONED);
}

/* The same where the kernel itself touches the memory: it comes back, and nothing is held. */
void test_silent_vm_read(void)
{
	struct object object;
	struct toucher toucher;
	vm_offset_t base = object_map_new(&object, 1);

	object_ready(&object, FALSE, MEMORY_OBJECT_COPY_DELAY);
	touch_start(&toucher, base, FALSE, 0);
	expect_request(&object, 2203, 0, VM_PROT_READ);
	/* Unmapped under it: then the address means nothing. */
	EXPECT(vm_deallocate(SELF, base, PAGE_SIZE), KERN_SUCCESS);
	expect_terminate(&object);
	EXPECT(touch_end(&toucher), -KERN_MEMORY_ERROR);
	object_end(&object);
}

/* MO-6: the port dies while a thread waits, and between two touches. */
void test_death(void)
{
	struct object object;
	struct toucher toucher;
	vm_offset_t base = object_map_new(&object, 2);

	object_ready(&object, TRUE, MEMORY_OBJECT_COPY_DELAY);
	page_in(&object, base, 0, 5);
	touch_start(&toucher, base + PAGE_SIZE, FALSE, 0);
	expect_request(&object, 2203, PAGE_SIZE, VM_PROT_READ);
	port_destroy(object.port);
	EXPECT(touch_end(&toucher), -KERN_MEMORY_ERROR);
	EXPECT(*(unsigned char *) base, 5);	/* what was resident stays */
	touch_start(&toucher, base + PAGE_SIZE, FALSE, 0);
	EXPECT(touch_end(&toucher), -KERN_MEMORY_ERROR);
	EXPECT(port_type(object.control), MACH_PORT_TYPE_DEAD_NAME);
	EXPECT(vm_deallocate(SELF, base, 2 * PAGE_SIZE), KERN_SUCCESS);
	port_destroy(object.control);
	port_destroy(object.name);
}

void test_destroy(void)
{
	struct object object;
	struct toucher toucher;
	vm_offset_t base = object_map_new(&object, 2);
	mach_port_t control = object.control;

	touch_start(&toucher, base, FALSE, 0);
	EXPECT(memory_object_destroy(control, 5), KERN_SUCCESS);
	expect_terminate(&object);
	EXPECT(touch_end(&toucher), -KERN_MEMORY_ERROR);
	EXPECT(vm_deallocate(SELF, base, 2 * PAGE_SIZE), KERN_SUCCESS);
	object_end(&object);
}

/* A page that the pager locks is unlocked on demand. */
void test_unlock(void)
{
	struct object object;
	struct toucher toucher;
	vm_offset_t base = object_map_new(&object, 1);

	object_ready(&object, FALSE, MEMORY_OBJECT_COPY_DELAY);
	touch_start(&toucher, base, FALSE, 0);
	expect_request(&object, 2203, 0, VM_PROT_READ);
	EXPECT(supply(&object, 0, 1, VM_PROT_WRITE, FALSE, MACH_PORT_NULL), KERN_SUCCESS);
	EXPECT(touch_end(&toucher), 1);
	touch_start(&toucher, base, TRUE, 2);
	expect_request(&object, 2204, 0, VM_PROT_DEFAULT);
	EXPECT_TRUE(touch_waits(&toucher));
	EXPECT(memory_object_lock_request(object.control, 0, PAGE_SIZE, MEMORY_OBJECT_RETURN_NONE,
		FALSE, VM_PROT_NONE, MACH_PORT_NULL), KERN_SUCCESS);
	EXPECT(touch_end(&toucher), 2);
	EXPECT(vm_deallocate(SELF, base, PAGE_SIZE), KERN_SUCCESS);
	expect_return(&object, 0, 1, 2, TRUE, FALSE);
	expect_terminate(&object);
	object_end(&object);
}

/* MK-16: an object is looked up by its port while another thread ends it. */
static struct object raced;

static void map_and_unmap(struct racer *self)
{
	vm_offset_t address = object_map(&raced, 0, 1);

	race_pause(self);
	EXPECT(vm_deallocate(SELF, address, PAGE_SIZE), KERN_SUCCESS);
	race_pause(self);
}

void test_map_race(void)
{
	struct racer field[3];
	unsigned int i, steps = tap_rounds(60, 2000);
	int expected = 2200;

	object_new(&raced);
	memset(field, 0, sizeof field);
	for (i = 0; i < COUNT_OF(field); i++) {
		field[i].step = map_and_unmap;
		field[i].steps = steps;
	}
	race_run(field, COUNT_OF(field));
	/* One beginning and one end in turn, as often as it happened. */
	while (message_receive(&raced.message, raced.port) == MACH_MSG_SUCCESS) {
		EXPECT(raced.message.header.msgh_id, expected);
		expected = expected == 2200 ? 2201 : 2200;
		port_destroy(raced.message.body[1]);
		port_destroy(raced.message.body[3]);
	}
	EXPECT(expected, 2200);
	object_end(&raced);
}
