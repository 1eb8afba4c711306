/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory objects and their pagers. */
#include <mach.h>
#include <mach/memory_object.h>
#include <mach/notify.h>

#include "../common/pager.h"
#include "../common/ports.h"
#include "../common/regions.h"
#include "../common/tap.h"
#include "tests.h"

#define RETURN_NONE	MEMORY_OBJECT_RETURN_NONE
#define NO_CHANGE	8
#define FAILED		(-10)		/* touch_end: the pager's error */

/* --- the beginning and the end ---------------------------------------------------------------- */

/* One init, however often it is mapped; mapping does not wait for the answer. */
void test_one_init(void)
{
	struct object object;
	vm_offset_t base[3];

	base[0] = object_map_new(&object, 1);
	base[1] = object_map(&object, PAGE_SIZE, 1);
	object_ready(&object, FALSE, MEMORY_OBJECT_COPY_DELAY);
	base[2] = object_map(&object, 0, 2);
	expect_quiet(&object);
	EXPECT(vm_deallocate(SELF, base[0], PAGE_SIZE), KERN_SUCCESS);
	EXPECT(vm_deallocate(SELF, base[1], PAGE_SIZE), KERN_SUCCESS);
	expect_quiet(&object);
	object_unmap_last(&object, base[2], 2);
}

void test_never_ready(void)
{
	struct object object;
	vm_offset_t base = object_map_new(&object, 1);

	object_unmap_last(&object, base, 1);
}

/* Dirty and precious pages come back, clean ones do not, then the end. */
void test_last_unmap(void)
{
	struct object object;
	vm_offset_t base = object_map_new(&object, 6);

	object_ready(&object, FALSE, MEMORY_OBJECT_COPY_DELAY);
	page_in(&object, base, 0, 1);
	page_in(&object, base, 2 * PAGE_SIZE, 3);
	*(volatile char *) (base + 2 * PAGE_SIZE) = 4;
	EXPECT(supply(&object, 4 * PAGE_SIZE, 5, VM_PROT_NONE, TRUE, MACH_PORT_NULL),
		KERN_SUCCESS);
	EXPECT(vm_deallocate(SELF, base, 6 * PAGE_SIZE), KERN_SUCCESS);
	expect_return(&object, 2 * PAGE_SIZE, 1, 4, TRUE, FALSE);
	expect_return(&object, 4 * PAGE_SIZE, 1, 5, FALSE, FALSE);
	expect_terminate(&object);
	object_end(&object);
}

/* --- death ------------------------------------------------------------------------------------ */

/* What is there stays readable, what is not has failed, and the region has no name. */
static void expect_dead(vm_offset_t base)
{
	struct toucher toucher;
	struct region region;

	EXPECT(*(volatile char *) base, 1);
	for (int again = 0; again < 2; again++) {
		touch_start(&toucher, base + PAGE_SIZE, FALSE, 0);
		EXPECT(touch_end(&toucher), FAILED);
	}
	EXPECT(region_find(SELF, base, &region), KERN_SUCCESS);
	EXPECT(region.object, MACH_PORT_NULL);
}

void test_after_destroy(void)
{
	struct object object;
	vm_offset_t base = object_map_new(&object, 2);
	struct region region;

	object_ready(&object, FALSE, MEMORY_OBJECT_COPY_DELAY);
	page_in(&object, base, 0, 1);
	EXPECT(region_find(SELF, base, &region), KERN_SUCCESS);
	EXPECT(region.object, object.name);
	EXPECT(memory_object_destroy(object.control, 7), KERN_SUCCESS);
	expect_terminate(&object);
	expect_dead(base);
	EXPECT(vm_deallocate(SELF, base, 2 * PAGE_SIZE), KERN_SUCCESS);
	object_end(&object);
}

void test_after_death(void)
{
	struct object object;
	vm_offset_t base = object_map_new(&object, 2);

	object_ready(&object, FALSE, MEMORY_OBJECT_COPY_DELAY);
	page_in(&object, base, 0, 1);
	port_destroy(object.port);
	expect_dead(base);
	EXPECT(port_type(object.control), MACH_PORT_TYPE_DEAD_NAME);
	port_destroy(object.control);
	port_destroy(object.name);
	EXPECT(vm_deallocate(SELF, base, 2 * PAGE_SIZE), KERN_SUCCESS);
}

/* Before ready, and with somebody who waits. */
void test_death_before_ready(void)
{
	struct object object;
	vm_offset_t base = object_map_new(&object, 1);
	struct toucher toucher;

	touch_start(&toucher, base, TRUE, 1);
	EXPECT_TRUE(touch_waits(&toucher));
	port_destroy(object.port);
	EXPECT(touch_end(&toucher), FAILED);
	EXPECT(vm_deallocate(SELF, base, PAGE_SIZE), KERN_SUCCESS);
	port_destroy(object.control);
	port_destroy(object.name);
}

/* --- completions ------------------------------------------------------------------------------ */

static kern_return_t lock(struct object *object, vm_prot_t value, mach_port_t reply)
{
	return memory_object_lock_request(object->control, 0, PAGE_SIZE, RETURN_NONE, FALSE, value,
		reply);
}

/* Protections from 0 to 7, and 8; the others are refused, and the reply right is given up. */
void test_lock_values(void)
{
	static const vm_prot_t values[] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 0x80000000, -1 };
	struct object object;
	vm_offset_t base = object_map_new(&object, 1);
	mach_port_t reply = port_new();
	struct message message;

	object_ready(&object, FALSE, MEMORY_OBJECT_COPY_DELAY);
	for (unsigned int i = 0; i < COUNT_OF(values); i++) {
		tap_about("value 0x%x", values[i]);
		EXPECT(lock(&object, values[i], reply), KERN_SUCCESS);
		EXPECT(message_receive_wait(&message, reply, PATIENCE), MACH_MSG_SUCCESS);
		EXPECT(message.header.msgh_id, i < 9 ? 2206 : MACH_NOTIFY_SEND_ONCE);
		mach_msg_destroy(&message.header);
		EXPECT_TRUE(queue_is_empty(reply));
	}
	tap_about("%s", "");
	port_destroy(reply);
	object_unmap_last(&object, base, 1);
}

/* A message to the control port, made by hand: the right to answer to is of any kind. */
static void ask_with(struct object *object, mach_port_t name, unsigned int type)
{
	static struct message message;
	const uint32_t words[] = { 0, PAGE_SIZE, RETURN_NONE, FALSE, NO_CHANGE };

	message_init(&message, object->control, MACH_MSG_TYPE_COPY_SEND, MACH_PORT_NULL, 0);
	message.header.msgh_id = 2044;
	for (unsigned int i = 0; i < COUNT_OF(words); i++) {
		message_type(&message, i == 3 ? MACH_MSG_TYPE_BOOLEAN : MACH_MSG_TYPE_INTEGER_32, 32,
			1, TYPE_INLINE);
		message_word(&message, words[i]);
	}
	message_right(&message, name, type);
	EXPECT(message_send(&message), MACH_MSG_SUCCESS);
}

/* By a send right and a send-once right; a receive right is no right to be answered by. */
void test_rights_to_answer(void)
{
	struct object object;
	vm_offset_t base = object_map_new(&object, 1);
	mach_port_t reply = port_new(), given = port_new_with_send(1);
	struct message message;

	object_ready(&object, FALSE, MEMORY_OBJECT_COPY_DELAY);
	ask_with(&object, reply, MACH_MSG_TYPE_MAKE_SEND);
	EXPECT(message_receive_wait(&message, reply, PATIENCE), MACH_MSG_SUCCESS);
	EXPECT(message.header.msgh_id, 2206);
	EXPECT(message.header.msgh_bits, 0x80001100u);
	mach_msg_destroy(&message.header);
	ask_with(&object, reply, MACH_MSG_TYPE_MAKE_SEND_ONCE);
	EXPECT(message_receive_wait(&message, reply, PATIENCE), MACH_MSG_SUCCESS);
	EXPECT(message.header.msgh_bits, 0x80001200u);
	mach_msg_destroy(&message.header);
	ask_with(&object, given, MACH_MSG_TYPE_MOVE_RECEIVE);
	EXPECT(port_type(given), MACH_PORT_TYPE_DEAD_NAME);
	port_destroy(given);
	EXPECT(port_status(reply).mps_srights, FALSE);
	port_destroy(reply);
	object_unmap_last(&object, base, 1);
}

/* --- copies ----------------------------------------------------------------------------------- */

/* Nothing is asked for until the copy is touched. */
void test_delayed(void)
{
	static const int strategies[] = { MEMORY_OBJECT_COPY_DELAY, MEMORY_OBJECT_COPY_TEMPORARY };

	for (unsigned int i = 0; i < COUNT_OF(strategies); i++) {
		struct object object;
		vm_offset_t base = object_map_new(&object, 2), copy;
		mach_msg_type_number_t count;
		struct toucher toucher;

		object_ready(&object, FALSE, strategies[i]);
		page_in(&object, base, 0, 1);
		EXPECT(vm_read(SELF, base, 2 * PAGE_SIZE, &copy, &count), KERN_SUCCESS);
		expect_quiet(&object);
		EXPECT(*(volatile char *) copy, 1);
		touch_start(&toucher, copy + PAGE_SIZE, FALSE, 0);
		expect_request(&object, 2203, PAGE_SIZE, VM_PROT_READ);
		EXPECT(supply(&object, PAGE_SIZE, 2, VM_PROT_NONE, FALSE, MACH_PORT_NULL),
			KERN_SUCCESS);
		EXPECT(touch_end(&toucher), 2);
		EXPECT(vm_deallocate(SELF, copy, 2 * PAGE_SIZE), KERN_SUCCESS);
		object_unmap_last(&object, base, 2);
	}
}
