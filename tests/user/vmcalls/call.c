/* SPDX-License-Identifier: BSD-2-Clause */
/* Objects whose pager is told of copies: memory_object_copy (VM-18). */
#include <libmach/string.h>
#include <mach.h>
#include <mach/memory_object.h>

#include "../common/pager.h"
#include "../common/ports.h"
#include "../common/race.h"
#include "../common/snapshot.h"
#include "../common/tap.h"
#include "tests.h"

#define CALL	MEMORY_OBJECT_COPY_CALL

static vm_offset_t map_copy(struct object *object, vm_offset_t offset, unsigned int pages)
{
	vm_offset_t address = 0;

	EXPECT(vm_map(SELF, &address, pages * PAGE_SIZE, 0, TRUE, object->port, offset, TRUE,
		VM_PROT_DEFAULT, VM_PROT_ALL, VM_INHERIT_COPY), KERN_SUCCESS);
	return address;
}

/* The copier goes on at once; what was resident is in the copy, the rest is the new object's. */
void test_call(void)
{
	struct object object, copied;
	struct toucher toucher;
	vm_offset_t base = object_map_new(&object, 4), copy;

	object_ready(&object, FALSE, CALL);
	page_in(&object, base, PAGE_SIZE, 1);
	page_in(&object, base, 2 * PAGE_SIZE, 2);
	*(volatile char *) (base + PAGE_SIZE) = 3;
	copy = map_copy(&object, PAGE_SIZE, 3);
	expect_copy(&object, PAGE_SIZE, 3, &copied);
	EXPECT(*(volatile char *) copy, 3);
	EXPECT(*(volatile char *) (copy + PAGE_SIZE), 2);
	*(volatile char *) (base + PAGE_SIZE) = 4;
	EXPECT(*(volatile char *) copy, 3);
	/* An absent page: when the new object is ready. */
	touch_start(&toucher, copy + 2 * PAGE_SIZE, FALSE, 0);
	expect_quiet(&copied);
	object_ready(&copied, FALSE, CALL);
	expect_request(&copied, 2203, 3 * PAGE_SIZE, VM_PROT_READ);
	EXPECT(supply(&copied, 3 * PAGE_SIZE, 5, VM_PROT_NONE, FALSE, MACH_PORT_NULL),
		KERN_SUCCESS);
	EXPECT(touch_end(&toucher), 5);
	page_in(&object, base, 3 * PAGE_SIZE, 6);
	EXPECT(*(volatile char *) (copy + 2 * PAGE_SIZE), 5);
	/* What the pager does not have of the copy it gets: what was modified before, or is now. */
	*(volatile char *) (copy + 2 * PAGE_SIZE) = 7;
	EXPECT(vm_deallocate(SELF, copy, 3 * PAGE_SIZE), KERN_SUCCESS);
	expect_return(&copied, PAGE_SIZE, 1, 3, TRUE, FALSE);
	expect_return(&copied, 3 * PAGE_SIZE, 1, 7, TRUE, FALSE);
	expect_terminate(&copied);
	object_end(&copied);
	EXPECT(vm_deallocate(SELF, base, 4 * PAGE_SIZE), KERN_SUCCESS);
	expect_return(&object, PAGE_SIZE, 1, 4, TRUE, FALSE);
	expect_terminate(&object);
	object_end(&object);
}

/* A child's copy is one, and its own copy is one of that. */
void test_call_inherited(void)
{
	struct object object, copied, again;
	vm_offset_t base = object_map_new(&object, 2);
	mach_port_t child, grandchild;
	vm_size_t size = PAGE_SIZE;
	vm_offset_t data;

	object_ready(&object, FALSE, CALL);
	page_in(&object, base, 0, 1);
	EXPECT(task_create(SELF, TRUE, &child), KERN_SUCCESS);
	expect_copy(&object, 0, 2, &copied);
	object_ready(&copied, FALSE, CALL);
	*(volatile char *) base = 2;
	EXPECT(task_create(child, TRUE, &grandchild), KERN_SUCCESS);
	expect_copy(&copied, 0, 2, &again);
	object_ready(&again, FALSE, CALL);
	EXPECT(task_terminate(child), KERN_SUCCESS);
	expect_terminate(&copied);
	object_end(&copied);
	EXPECT(vm_read(grandchild, base, PAGE_SIZE / 2, &data, &size), KERN_SUCCESS);
	EXPECT(*(volatile char *) data, 1);
	EXPECT(vm_deallocate(SELF, data, size), KERN_SUCCESS);
	EXPECT(task_terminate(grandchild), KERN_SUCCESS);
	expect_terminate(&again);
	object_end(&again);
	EXPECT(mach_port_deallocate(SELF, child), KERN_SUCCESS);
	EXPECT(mach_port_deallocate(SELF, grandchild), KERN_SUCCESS);
	EXPECT(vm_deallocate(SELF, base, 2 * PAGE_SIZE), KERN_SUCCESS);
	expect_return(&object, 0, 1, 2, TRUE, FALSE);
	expect_terminate(&object);
	object_end(&object);
}

/* A thread that reads from the middle of a page on. */
struct reading {
	vm_offset_t	from, data;
	vm_size_t	size;
	kern_return_t	result;
};

static struct reading reading;

static void read_step(struct racer *self)
{
	(void) self;
	reading.result = vm_read(SELF, reading.from, 2 * PAGE_SIZE, &reading.data, &reading.size);
}

static void serve_step(struct racer *self)
{
	static struct object *object;

	(void) self;
	object = (struct object *) reading.data;
	expect_request(object, 2203, 0, VM_PROT_READ);
	EXPECT(supply(object, 0, 1, VM_PROT_NONE, FALSE, MACH_PORT_NULL), KERN_SUCCESS);
	expect_request(object, 2203, 2 * PAGE_SIZE, VM_PROT_READ);
	EXPECT(supply(object, 2 * PAGE_SIZE, 3, VM_PROT_NONE, FALSE, MACH_PORT_NULL),
		KERN_SUCCESS);
}

/* Pages that are copied in part are asked for first, of the original. */
void test_call_read(void)
{
	struct racer field[2];
	struct object object, copied;
	struct toucher toucher;
	vm_offset_t base = object_map_new(&object, 3);

	object_ready(&object, FALSE, CALL);
	memset(field, 0, sizeof field);
	reading.from = base + PAGE_SIZE / 2;
	reading.data = (vm_offset_t) &object;
	field[0].step = serve_step;
	field[1].step = read_step;
	field[0].steps = field[1].steps = 1;
	race_run(field, COUNT_OF(field));
	EXPECT(reading.result, KERN_SUCCESS);
	EXPECT(reading.size, 2 * PAGE_SIZE);
	EXPECT(reading.data % PAGE_SIZE, PAGE_SIZE / 2);
	expect_copy(&object, 0, 3, &copied);
	object_ready(&copied, FALSE, CALL);
	EXPECT(*(volatile char *) reading.data, 1);
	EXPECT(*(volatile char *) (reading.data - 1), 0);
	EXPECT(*(volatile char *) (reading.data + 2 * PAGE_SIZE - 1), 3);
	EXPECT(*(volatile char *) (reading.data + 2 * PAGE_SIZE), 0);
	touch_start(&toucher, reading.data + PAGE_SIZE, FALSE, 0);
	expect_request(&copied, 2203, PAGE_SIZE, VM_PROT_READ);
	EXPECT(supply(&copied, PAGE_SIZE, 9, VM_PROT_NONE, FALSE, MACH_PORT_NULL), KERN_SUCCESS);
	EXPECT(touch_end(&toucher), 9);
	EXPECT(vm_deallocate(SELF, reading.data, reading.size), KERN_SUCCESS);
	EXPECT(message_receive_wait(&copied.message, copied.port, PATIENCE), MACH_MSG_SUCCESS);
	EXPECT(copied.message.header.msgh_id, 2208);	/* the cleared first page */
	mach_msg_destroy(&copied.message.header);
	EXPECT(message_receive_wait(&copied.message, copied.port, PATIENCE), MACH_MSG_SUCCESS);
	EXPECT(copied.message.header.msgh_id, 2208);
	mach_msg_destroy(&copied.message.header);
	expect_terminate(&copied);
	object_end(&copied);
	object_unmap_last(&object, base, 3);
}

/* The pager destroys the new object, or dies before it has heard of it. */
void test_call_refused(void)
{
	struct object object, copied;
	struct toucher toucher;
	vm_offset_t base = object_map_new(&object, 2), copy;

	object_ready(&object, FALSE, CALL);
	page_in(&object, base, 0, 1);
	copy = map_copy(&object, 0, 2);
	expect_copy(&object, 0, 2, &copied);
	port_destroy(copied.port);
	EXPECT(*(volatile char *) copy, 1);
	touch_start(&toucher, copy + PAGE_SIZE, FALSE, 0);
	EXPECT(touch_end(&toucher), -KERN_MEMORY_ERROR);
	port_destroy(copied.control);
	port_destroy(copied.name);
	EXPECT(vm_deallocate(SELF, copy, 2 * PAGE_SIZE), KERN_SUCCESS);
	copy = map_copy(&object, 0, 2);
	port_destroy(object.port);	/* and with it the message, and the new object's port */
	EXPECT(*(volatile char *) copy, 1);
	touch_start(&toucher, copy + PAGE_SIZE, TRUE, 0);
	EXPECT(touch_end(&toucher), -KERN_MEMORY_ERROR);
	EXPECT(vm_deallocate(SELF, copy, 2 * PAGE_SIZE), KERN_SUCCESS);
	EXPECT(vm_deallocate(SELF, base, 2 * PAGE_SIZE), KERN_SUCCESS);
	port_destroy(object.control);
	port_destroy(object.name);
}

/* A dead pager's memory is no obstacle to a copy, whatever its strategy: who touches it is told. */
void test_copy_of_dead(void)
{
	struct object object;
	struct toucher toucher;
	vm_offset_t base, copy;
	vm_size_t size;
	mach_port_t child;

	for (int strategy = -1; strategy <= MEMORY_OBJECT_COPY_TEMPORARY; strategy++) {
		tap_about("strategy %d", strategy);
		base = object_map_new(&object, 2);
		if (strategy >= 0) {
			object_ready(&object, FALSE, strategy);
			page_in(&object, base, 0, 1);
		} else {
			EXPECT(supply(&object, 0, 1, VM_PROT_NONE, FALSE, MACH_PORT_NULL),
				KERN_SUCCESS);
		}
		port_destroy(object.port);
		EXPECT(task_create(SELF, TRUE, &child), KERN_SUCCESS);
		EXPECT(vm_read(child, base, 10, &copy, &size), KERN_SUCCESS);
		EXPECT(*(volatile char *) copy, 1);
		EXPECT(vm_deallocate(SELF, copy, size), KERN_SUCCESS);
		EXPECT(vm_read(child, base + PAGE_SIZE, 10, &copy, &size), KERN_MEMORY_ERROR);
		EXPECT(vm_read(SELF, base, 2 * PAGE_SIZE, &copy, &size), KERN_SUCCESS);
		EXPECT(*(volatile char *) copy, 1);
		touch_start(&toucher, copy + PAGE_SIZE, TRUE, 1);
		EXPECT(touch_end(&toucher), -KERN_MEMORY_ERROR);
		EXPECT(vm_deallocate(SELF, copy, size), KERN_SUCCESS);
		EXPECT(task_terminate(child), KERN_SUCCESS);
		EXPECT(mach_port_deallocate(SELF, child), KERN_SUCCESS);
		EXPECT(vm_deallocate(SELF, base, 2 * PAGE_SIZE), KERN_SUCCESS);
		port_destroy(object.control);
		port_destroy(object.name);
	}
	tap_about("%s", "");
}

/* --- all strategies (VM-18) ------------------------------------------------------------------- */

static void end_copies(struct object *object)
{
	while (message_receive_wait(&object->message, object->port, QUIET) == MACH_MSG_SUCCESS) {
		EXPECT(object->message.header.msgh_id, 2202);
		EXPECT(mach_port_deallocate(SELF, object->message.body[1]), KERN_SUCCESS);
		port_destroy(object->message.body[7]);
	}
}

/* Each kind of copy has what was there, and not what is written later. */
static void copy_in_all_ways(struct object *object, vm_offset_t base)
{
	static struct message message;
	mach_port_t port = port_new_with_send(1), child;
	vm_offset_t mapped, read, inherited;
	vm_size_t size;

	/* First: a copy whose pager is not ready, and that is us, could not be copied now. */
	EXPECT(task_create(SELF, TRUE, &child), KERN_SUCCESS);
	mapped = map_copy(object, 0, 2);
	message_init(&message, port, MACH_MSG_TYPE_COPY_SEND, MACH_PORT_NULL, 0);
	message_memory(&message, MACH_MSG_TYPE_BYTE, 8, 2 * PAGE_SIZE, (void *) base, 0);
	EXPECT(message_send(&message), MACH_MSG_SUCCESS);
	EXPECT(vm_read(SELF, base, 2 * PAGE_SIZE, &read, &size), KERN_SUCCESS);
	*(volatile char *) base = 9;
	*(volatile char *) (base + PAGE_SIZE) = 9;
	EXPECT(message_receive(&message, port), MACH_MSG_SUCCESS);
	const vm_offset_t copies[] = { mapped, read, message.body[3] };
	for (unsigned int i = 0; i < COUNT_OF(copies); i++) {
		EXPECT(*(volatile char *) copies[i], 1);
		EXPECT(*(volatile char *) (copies[i] + PAGE_SIZE), 2);
		*(volatile char *) copies[i] = 7;
	}
	EXPECT(*(volatile char *) base, 9);
	for (unsigned int i = 0; i < COUNT_OF(copies); i++)
		EXPECT(vm_deallocate(SELF, copies[i], 2 * PAGE_SIZE), KERN_SUCCESS);
	/* The child's may have a pager that is not ready: but it is there. */
	EXPECT(vm_read(child, base + PAGE_SIZE - 1, 2, &inherited, &size), KERN_SUCCESS);
	EXPECT(*(volatile char *) inherited, 1);
	EXPECT(*(volatile char *) (inherited + 1), 2);
	EXPECT(vm_deallocate(SELF, inherited, size), KERN_SUCCESS);
	EXPECT(task_terminate(child), KERN_SUCCESS);
	EXPECT(mach_port_deallocate(SELF, child), KERN_SUCCESS);
	port_destroy(port);
}

void test_all_strategies(void)
{
	static const int wrong[] = { -1, 4, 17, 0x7fffffff, -0x7fffffff - 1 };
	boolean_t ready, may_cache;
	int strategy;

	for (int wanted = MEMORY_OBJECT_COPY_NONE; wanted <= MEMORY_OBJECT_COPY_TEMPORARY;
			wanted++) {
		struct object object;
		vm_offset_t base = object_map_new(&object, 2);

		tap_about("strategy %d", wanted);
		for (unsigned int i = 0; i < COUNT_OF(wrong); i++) {
			EXPECT(memory_object_ready(object.control, TRUE, wrong[i]), KERN_SUCCESS);
			EXPECT(memory_object_get_attributes(object.control, &ready, &may_cache,
				&strategy), KERN_SUCCESS);
			EXPECT(ready, FALSE);
		}
		object_ready(&object, FALSE, wanted);
		for (unsigned int i = 0; i < COUNT_OF(wrong); i++)
			EXPECT(memory_object_change_attributes(object.control, TRUE, wrong[i],
				MACH_PORT_NULL), KERN_SUCCESS);
		EXPECT(memory_object_get_attributes(object.control, &ready, &may_cache, &strategy),
			KERN_SUCCESS);
		EXPECT(may_cache, FALSE);
		EXPECT(strategy, wanted);
		page_in(&object, base, 0, 1);
		page_in(&object, base, PAGE_SIZE, 2);
		copy_in_all_ways(&object, base);
		end_copies(&object);
		EXPECT(memory_object_lock_request(object.control, 0, ~0u,
			MEMORY_OBJECT_RETURN_NONE, TRUE, 8, MACH_PORT_NULL), KERN_SUCCESS);
		object_unmap_last(&object, base, 2);
	}
	tap_about("%s", "");
}

/* --- in motion ------------------------------------------------------------------------------ */

#define PAGES	40

static struct object moving;
static vm_offset_t moving_base;

/* Each page gets the next number, from the first to the last. */
static void write_step(struct racer *self)
{
	static unsigned char value;

	value++;
	for (unsigned int i = 0; i < PAGES; i++) {
		*(volatile unsigned char *) (moving_base + i * PAGE_SIZE) = value;
		race_pause(self);
	}
}

/* In a copy of one moment the numbers are those of one round, and then of the round before. */
static void copy_step(struct racer *self)
{
	struct object copied;
	vm_offset_t copy = map_copy(&moving, 0, PAGES);
	unsigned int falls = 0;
	unsigned char first = *(volatile unsigned char *) copy, last = first, next;

	for (unsigned int i = 1; i < PAGES; i++) {
		next = *(volatile unsigned char *) (copy + i * PAGE_SIZE);
		falls += next != last;
		last = next;
	}
	EXPECT_TRUE(falls <= 1 && (unsigned char) (first - last) == falls);
	EXPECT(vm_deallocate(SELF, copy, PAGES * PAGE_SIZE), KERN_SUCCESS);
	while (message_receive(&moving.message, moving.port) == MACH_MSG_SUCCESS) {
		EXPECT(moving.message.header.msgh_id, 2202);
		copied.port = moving.message.body[7];
		EXPECT(mach_port_deallocate(SELF, moving.message.body[1]), KERN_SUCCESS);
		port_destroy(copied.port);
	}
	race_pause(self);
}

void test_call_written(void)
{
	struct racer field[2];

	memset(field, 0, sizeof field);
	moving_base = object_map_new(&moving, PAGES);
	object_ready(&moving, FALSE, CALL);
	for (unsigned int i = 0; i < PAGES; i++)
		EXPECT(supply(&moving, i * PAGE_SIZE, 0, VM_PROT_NONE, FALSE, MACH_PORT_NULL),
			KERN_SUCCESS);
	field[0].step = write_step;
	field[1].step = copy_step;
	field[1].steps = tap_rounds(40, 1000);
	race_run(field, COUNT_OF(field));
	EXPECT(memory_object_lock_request(moving.control, 0, ~0u, MEMORY_OBJECT_RETURN_NONE, TRUE,
		8, MACH_PORT_NULL), KERN_SUCCESS);
	object_unmap_last(&moving, moving_base, PAGES);
}

static void come_and_go(void)
{
	vm_offset_t copy = map_copy(&moving, 0, PAGES);

	EXPECT(vm_deallocate(SELF, copy, PAGES * PAGE_SIZE), KERN_SUCCESS);
	while (message_receive(&moving.message, moving.port) == MACH_MSG_SUCCESS)
		mach_msg_destroy(&moving.message.header);
}

void test_call_churn(void)
{
	moving_base = object_map_new(&moving, PAGES);
	object_ready(&moving, FALSE, CALL);
	page_in(&moving, moving_base, 0, 1);
	snapshot_conserved(come_and_go, tap_rounds(50, 3000));
	object_unmap_last(&moving, moving_base, PAGES);
}
