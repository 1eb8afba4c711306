/* SPDX-License-Identifier: BSD-2-Clause */
/* What pagers may ask on the control port: completions, errors, attributes, locks. */
#include <libmach/string.h>
#include <mach.h>
#include <mach/memory_object.h>
#include <mach/notify.h>

#include "../common/pager.h"
#include "../common/ports.h"
#include "../common/snapshot.h"
#include "../common/tap.h"
#include "tests.h"

#define REPLY_BITS	0x80001200u
#define CONTROL_TYPE	0x10012011u
#define INTEGER_TYPE	0x10012002u

static struct message completion;

static boolean_t take_completion(mach_port_t reply, int id, unsigned int size, uint32_t bits)
{
	if (!EXPECT(message_receive_wait(&completion, reply, PATIENCE), MACH_MSG_SUCCESS))
		return FALSE;
	EXPECT(completion.header.msgh_id, id);
	EXPECT(completion.header.msgh_bits, bits);
	return EXPECT(completion.header.msgh_size, size);
}

static void take_control(struct object *object)
{
	EXPECT(completion.body[0], CONTROL_TYPE);
	EXPECT(completion.body[1], object->control);
	EXPECT(mach_port_deallocate(SELF, completion.body[1]), KERN_SUCCESS);
}

/* Exactly one, with these words. */
static void expect_supplied(struct object *object, mach_port_t reply, vm_offset_t offset,
	vm_size_t length, int result, vm_offset_t error_offset)
{
	uint32_t *body = completion.body;

	if (!take_completion(reply, 2207, 64, REPLY_BITS))
		return;
	take_control(object);
	EXPECT(body[2], INTEGER_TYPE);
	EXPECT(body[3], offset);
	EXPECT(body[5], length);
	EXPECT(body[7], result);
	EXPECT(body[9], error_offset);
	EXPECT_TRUE(queue_is_empty(reply));
}

static void expect_locked(struct object *object, mach_port_t reply, vm_offset_t offset,
	vm_size_t length)
{
	if (!take_completion(reply, 2206, 48, REPLY_BITS))
		return;
	take_control(object);
	EXPECT(completion.body[3], offset);
	EXPECT(completion.body[5], length);
	EXPECT_TRUE(queue_is_empty(reply));
}

static void expect_changed(mach_port_t reply, boolean_t may_cache, int strategy)
{
	if (!take_completion(reply, 2209, 40, 0x1200))
		return;
	EXPECT(completion.body[0], 0x10012000u);
	EXPECT(completion.body[1], may_cache);
	EXPECT(completion.body[2], INTEGER_TYPE);
	EXPECT(completion.body[3], strategy);
	EXPECT_TRUE(queue_is_empty(reply));
}

/* MK-4: one completion for every supply, whatever becomes of it. */
void test_supply_completed(void)
{
	struct object object;
	vm_offset_t base = object_map_new(&object, 4);
	mach_port_t reply = port_new();
	static char odd[2 * PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));

	object_ready(&object, FALSE, MEMORY_OBJECT_COPY_DELAY);
	EXPECT(supply(&object, 0, 1, VM_PROT_NONE, FALSE, reply), KERN_SUCCESS);
	expect_supplied(&object, reply, 0, PAGE_SIZE, KERN_SUCCESS, 0);
	EXPECT(supply(&object, 0, 2, VM_PROT_NONE, FALSE, reply), KERN_SUCCESS);
	expect_supplied(&object, reply, 0, PAGE_SIZE, KERN_MEMORY_PRESENT, 0);
	EXPECT(*(unsigned char *) base, 1);
	EXPECT(supply(&object, 0, 2, VM_PROT_NONE, FALSE, MACH_PORT_NULL), KERN_SUCCESS);
	EXPECT(supply(&object, PAGE_SIZE, 3, VM_PROT_NONE, FALSE, reply), KERN_SUCCESS);
	expect_supplied(&object, reply, PAGE_SIZE, PAGE_SIZE, KERN_SUCCESS, 0);
	/* Unaligned, of no length, and beyond all that is mapped. */
	EXPECT(memory_object_data_supply(object.control, 0, (vm_offset_t) odd, 100, FALSE,
		VM_PROT_NONE, FALSE, reply), KERN_SUCCESS);
	expect_supplied(&object, reply, 0, 100, KERN_INVALID_ARGUMENT, 0);
	EXPECT(memory_object_data_supply(object.control, 8, (vm_offset_t) odd, PAGE_SIZE, FALSE,
		VM_PROT_NONE, FALSE, reply), KERN_SUCCESS);
	expect_supplied(&object, reply, 8, PAGE_SIZE, KERN_INVALID_ARGUMENT, 0);
	EXPECT(memory_object_data_supply(object.control, 0, 0, 0, FALSE, VM_PROT_NONE, FALSE,
		reply), KERN_SUCCESS);
	expect_supplied(&object, reply, 0, 0, KERN_SUCCESS, 0);
	EXPECT(memory_object_data_supply(object.control, 0xfffff000, (vm_offset_t) odd,
		2 * PAGE_SIZE, FALSE, VM_PROT_NONE, FALSE, reply), KERN_SUCCESS);
	expect_supplied(&object, reply, 0xfffff000, 2 * PAGE_SIZE, KERN_INVALID_ARGUMENT, 0);
	EXPECT(supply(&object, 4 * PAGE_SIZE, 3, VM_PROT_NONE, FALSE, reply), KERN_SUCCESS);
	expect_supplied(&object, reply, 4 * PAGE_SIZE, PAGE_SIZE, KERN_INVALID_ARGUMENT,
		4 * PAGE_SIZE);
	/* The second page of two is there. */
	EXPECT(memory_object_data_supply(object.control, 0, (vm_offset_t) odd, 2 * PAGE_SIZE,
		FALSE, VM_PROT_NONE, FALSE, reply), KERN_SUCCESS);
	expect_supplied(&object, reply, 0, 2 * PAGE_SIZE, KERN_MEMORY_PRESENT, 0);
	EXPECT(port_status(reply).mps_sorights, 0);
	port_destroy(reply);
	object_unmap_last(&object, base, 4);
}

/* MK-5: bad arguments leave nothing held: the object still ends with its last mapping. */
void test_argument_errors(void)
{
	struct object object;
	vm_offset_t base = object_map_new(&object, 1);
	mach_port_t reply = port_new();
	unsigned int i;

	object_ready(&object, FALSE, MEMORY_OBJECT_COPY_DELAY);
	for (i = 0; i < tap_rounds(100, 1000); i++) {
		EXPECT(memory_object_data_error(object.control, 0, 1, 5), KERN_SUCCESS);
		EXPECT(memory_object_data_unavailable(object.control, 0, 1), KERN_SUCCESS);
		EXPECT(memory_object_lock_request(object.control, 0, PAGE_SIZE, 0, FALSE, 0x80,
			MACH_PORT_NULL), KERN_SUCCESS);
		EXPECT(memory_object_lock_request(object.control, 0, PAGE_SIZE, 0, FALSE, 0x80,
			reply), KERN_SUCCESS);
		EXPECT(message_receive(&completion, reply), MACH_MSG_SUCCESS);
		EXPECT(completion.header.msgh_id, MACH_NOTIFY_SEND_ONCE);
		EXPECT(memory_object_ready(object.control, FALSE, 17), KERN_SUCCESS);
		EXPECT(memory_object_change_attributes(object.control, FALSE, 17, reply),
			KERN_SUCCESS);
		expect_changed(reply, FALSE, 17);
	}
	EXPECT(port_status(reply).mps_sorights, 0);
	port_destroy(reply);
	object_unmap_last(&object, base, 1);
}

void test_attributes(void)
{
	struct object object;
	vm_offset_t base = object_map_new(&object, 1);
	mach_port_t reply = port_new();
	boolean_t ready, may_cache;
	int strategy;

	EXPECT(memory_object_get_attributes(object.control, &ready, &may_cache, &strategy),
		KERN_SUCCESS);
	EXPECT(ready, FALSE);
	object_ready(&object, TRUE, MEMORY_OBJECT_COPY_TEMPORARY);
	EXPECT(memory_object_get_attributes(object.control, &ready, &may_cache, &strategy),
		KERN_SUCCESS);
	EXPECT(ready, TRUE);
	EXPECT(may_cache, TRUE);
	EXPECT(strategy, MEMORY_OBJECT_COPY_TEMPORARY);
	EXPECT(memory_object_change_attributes(object.control, FALSE, MEMORY_OBJECT_COPY_NONE,
		reply), KERN_SUCCESS);
	expect_changed(reply, FALSE, MEMORY_OBJECT_COPY_NONE);
	port_destroy(reply);
	object_unmap_last(&object, base, 1);
}

/* A cached object: mapped again without init, its pages there; uncached it ends. */
void test_caching(void)
{
	struct object object;
	vm_offset_t base = object_map_new(&object, 2);
	mach_port_t reply = port_new();

	object_ready(&object, TRUE, MEMORY_OBJECT_COPY_DELAY);
	page_in(&object, base, 0, 1);
	*(volatile char *) base = 2;
	EXPECT(vm_deallocate(SELF, base, 2 * PAGE_SIZE), KERN_SUCCESS);
	expect_quiet(&object);
	base = object_map(&object, 0, 2);
	EXPECT(*(char *) base, 2);
	EXPECT(vm_deallocate(SELF, base, 2 * PAGE_SIZE), KERN_SUCCESS);
	expect_quiet(&object);
	EXPECT(memory_object_change_attributes(object.control, FALSE, MEMORY_OBJECT_COPY_DELAY,
		reply), KERN_SUCCESS);
	expect_return(&object, 0, 1, 2, TRUE, FALSE);
	expect_terminate(&object);
	expect_changed(reply, FALSE, MEMORY_OBJECT_COPY_DELAY);
	port_destroy(reply);
	object_end(&object);
}

void test_lock_request(void)
{
	struct object object;
	vm_offset_t base = object_map_new(&object, 4);
	mach_port_t reply = port_new(), control = object.control;

	object_ready(&object, FALSE, MEMORY_OBJECT_COPY_DELAY);
	page_in(&object, base, 0, 1);
	page_in(&object, base, PAGE_SIZE, 1);
	page_in(&object, base, 2 * PAGE_SIZE, 1);
	EXPECT(supply(&object, 3 * PAGE_SIZE, 4, VM_PROT_NONE, TRUE, MACH_PORT_NULL),
		KERN_SUCCESS);
	*(volatile char *) base = 2;
	*(volatile char *) (base + PAGE_SIZE) = 3;
	/* Two neighbours in one message, and they stay, clean. */
	EXPECT(memory_object_lock_request(control, 0, 4 * PAGE_SIZE, MEMORY_OBJECT_RETURN_DIRTY,
		FALSE, 8, reply), KERN_SUCCESS);
	expect_return(&object, 0, 2, 2, TRUE, TRUE);
	expect_locked(&object, reply, 0, 4 * PAGE_SIZE);
	EXPECT(memory_object_lock_request(control, 0, 4 * PAGE_SIZE, MEMORY_OBJECT_RETURN_DIRTY,
		FALSE, 8, reply), KERN_SUCCESS);
	expect_locked(&object, reply, 0, 4 * PAGE_SIZE);
	expect_quiet(&object);
	EXPECT(*(char *) (base + PAGE_SIZE), 3);
	/* Precious: with RETURN_ALL, again and again. */
	EXPECT(memory_object_lock_request(control, 0, 4 * PAGE_SIZE, MEMORY_OBJECT_RETURN_ALL,
		FALSE, 8, MACH_PORT_NULL), KERN_SUCCESS);
	expect_return(&object, 3 * PAGE_SIZE, 1, 4, FALSE, TRUE);
	EXPECT(memory_object_lock_request(control, 0, 4 * PAGE_SIZE, MEMORY_OBJECT_RETURN_ALL,
		TRUE, 8, MACH_PORT_NULL), KERN_SUCCESS);
	expect_return(&object, 3 * PAGE_SIZE, 1, 4, FALSE, FALSE);
	/* All is flushed: each is asked for again.  Dirty pages are dropped without a word. */
	page_in(&object, base, 0, 5);
	page_in(&object, base, 3 * PAGE_SIZE, 6);
	*(volatile char *) base = 7;
	EXPECT(memory_object_lock_request(control, 0, PAGE_SIZE, MEMORY_OBJECT_RETURN_NONE,
		TRUE, 8, reply), KERN_SUCCESS);
	expect_locked(&object, reply, 0, PAGE_SIZE);
	page_in(&object, base, 0, 8);
	port_destroy(reply);
	object_unmap_last(&object, base, 4);
}

/* MO-11: ranges of every size, dead and null reply ports: one completion each. */
void test_lock_ranges(void)
{
	static const struct { vm_offset_t offset; vm_size_t size; } ranges[] = {
		{ 0, 0 }, { 0, 1 }, { 0, ~0u }, { ~0u, ~0u }, { ~0u, 1 }, { 0xfffff000, 0x1000 },
		{ 5, 0xfffffffe }, { PAGE_SIZE, 0x80000000 },
	};
	struct object object;
	vm_offset_t base = object_map_new(&object, 2);
	mach_port_t reply = port_new(), dead = port_new_dead();
	unsigned int i;

	object_ready(&object, FALSE, MEMORY_OBJECT_COPY_DELAY);
	page_in(&object, base, 0, 1);
	*(volatile char *) base = 2;
	for (i = 0; i < COUNT_OF(ranges); i++) {
		EXPECT(memory_object_lock_request(object.control, ranges[i].offset,
			ranges[i].size, MEMORY_OBJECT_RETURN_NONE, FALSE, VM_PROT_NONE, reply),
			KERN_SUCCESS);
		expect_locked(&object, reply, ranges[i].offset, ranges[i].size);
	}
	EXPECT(memory_object_lock_request(object.control, 0, ~0u, MEMORY_OBJECT_RETURN_ALL, FALSE,
		8, MACH_PORT_NULL), KERN_SUCCESS);
	expect_return(&object, 0, 1, 2, TRUE, TRUE);
	port_destroy(dead);
	port_destroy(reply);
	object_unmap_last(&object, base, 2);
}
