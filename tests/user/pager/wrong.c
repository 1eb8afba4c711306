/* SPDX-License-Identifier: BSD-2-Clause */
/* Pagers that answer wrongly: twice, unasked, elsewhere, by another port, with numbers that wrap. */
#include <libmach/string.h>
#include <mach.h>
#include <mach/mach4.h>
#include <mach/memory_object.h>
#include <mach/notify.h>

#include "../common/pager.h"
#include "../common/ports.h"
#include "../common/tap.h"
#include "tests.h"

static const uint32_t numbers[] = {
	0, 1, PAGE_SIZE - 1, PAGE_SIZE, PAGE_SIZE + 1, 3 * PAGE_SIZE, 0x7fffffff, 0x80000000,
	0xbffff000, 0xc0000000, 0u - 2 * PAGE_SIZE, 0u - PAGE_SIZE, 0u - PAGE_SIZE + 1, 0xffffffff,
};

/* What a waiting thread asked for, and other pages of the same object. */
#define ASKED	PAGE_SIZE

static struct object object;
static struct toucher toucher;
static vm_offset_t base;

static void begin(void)
{
	base = object_map_new(&object, 3);
	object_ready(&object, FALSE, MEMORY_OBJECT_COPY_DELAY);
	touch_start(&toucher, base + ASKED, FALSE, 0);
	expect_request(&object, 2203, ASKED, VM_PROT_READ);
}

static void end(void)
{
	EXPECT_TRUE(touch_waits(&toucher));
	EXPECT(supply(&object, ASKED, 6, VM_PROT_NONE, FALSE, MACH_PORT_NULL), KERN_SUCCESS);
	EXPECT(touch_end(&toucher), 6);
	object_unmap_last(&object, base, 3);
}

/* Whole pages, the one that was asked for among them. */
static boolean_t covers(vm_offset_t offset, vm_size_t size)
{
	return (offset | size) % PAGE_SIZE == 0 && offset <= ASKED
		&& (uint64_t) offset + size > ASKED;
}

/* Ranges that are not of whole pages, or of others: who waits goes on waiting. */
void test_answers_elsewhere(void)
{
	mach_port_t reply = port_new();

	begin();
	for (unsigned int i = 0; i < COUNT_OF(numbers); i++)
		for (unsigned int j = 0; j < COUNT_OF(numbers); j++) {
			vm_offset_t offset = numbers[i];
			vm_size_t size = numbers[j];

			if (covers(offset, size))
				continue;
			EXPECT(memory_object_data_unavailable(object.control, offset, size),
				KERN_SUCCESS);
			EXPECT(memory_object_data_error(object.control, offset, size, 5),
				KERN_SUCCESS);
			EXPECT(memory_object_lock_request(object.control, offset, size,
				MEMORY_OBJECT_RETURN_ALL, TRUE, VM_PROT_NONE, reply),
				KERN_SUCCESS);
			EXPECT(message_receive_wait(&object.message, reply, PATIENCE),
				MACH_MSG_SUCCESS);
			EXPECT(object.message.header.msgh_id, 2206);
			EXPECT(object.message.body[3], offset);
			EXPECT(object.message.body[5], size);
			EXPECT(mach_port_deallocate(SELF, object.message.body[1]), KERN_SUCCESS);
			EXPECT_TRUE(queue_is_empty(reply));
		}
	port_destroy(reply);
	end();
}

/* Data of every offset and size: one completion each, and nothing beyond what is mapped. */
void test_supplies_elsewhere(void)
{
	static char data[4 * PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));
	static const vm_size_t sizes[] = {
		0, 1, PAGE_SIZE - 1, PAGE_SIZE, PAGE_SIZE + 1, 2 * PAGE_SIZE, 4 * PAGE_SIZE,
	};
	static const vm_prot_t locks[] = { VM_PROT_NONE, 8, 0x10, 0x80000000, -1 };
	mach_port_t reply = port_new();

	begin();
	for (unsigned int i = 0; i < COUNT_OF(numbers); i++)
		for (unsigned int j = 0; j < COUNT_OF(sizes); j++)
			for (unsigned int k = 0; k < COUNT_OF(locks); k++) {
				boolean_t right = (numbers[i] | sizes[j]) % PAGE_SIZE == 0
					&& locks[k] == 0 && sizes[j] == 0;

				if (numbers[i] < 3 * PAGE_SIZE && numbers[i] % PAGE_SIZE == 0
						&& sizes[j] % PAGE_SIZE == 0 && locks[k] == 0
						&& sizes[j] != 0)
					continue;	/* right, at least at the beginning */
				tap_about("offset %x, size %x, lock %x", numbers[i], sizes[j],
					locks[k]);
				EXPECT(memory_object_data_supply(object.control, numbers[i],
					(vm_offset_t) data, sizes[j], FALSE, locks[k], FALSE,
					reply), KERN_SUCCESS);
				EXPECT(message_receive_wait(&object.message, reply, PATIENCE),
					MACH_MSG_SUCCESS);
				EXPECT(object.message.header.msgh_id, 2207);
				EXPECT(object.message.body[3], numbers[i]);
				EXPECT(object.message.body[5], sizes[j]);
				EXPECT(object.message.body[7],
					right ? KERN_SUCCESS : KERN_INVALID_ARGUMENT);
				EXPECT(mach_port_deallocate(SELF, object.message.body[1]),
					KERN_SUCCESS);
				EXPECT_TRUE(queue_is_empty(reply));
			}
	tap_about("%s", "");
	port_destroy(reply);
	end();
}

/* Pages that nobody maps, and one that is there, come along: those that are waited for come, too. */
void test_supplies_around(void)
{
	static char data[8 * PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));
	mach_port_t reply = port_new();

	object_new(&object);
	base = object_map(&object, 4 * PAGE_SIZE, 3);
	expect_init(&object);
	object_ready(&object, FALSE, MEMORY_OBJECT_COPY_DELAY);
	EXPECT(supply(&object, 4 * PAGE_SIZE, 9, VM_PROT_NONE, FALSE, MACH_PORT_NULL),
		KERN_SUCCESS);
	touch_start(&toucher, base + PAGE_SIZE, FALSE, 0);
	expect_request(&object, 2203, 5 * PAGE_SIZE, VM_PROT_READ);
	memset(data, 6, sizeof data);
	EXPECT(memory_object_data_supply(object.control, 0, (vm_offset_t) data, sizeof data,
		FALSE, VM_PROT_NONE, FALSE, reply), KERN_SUCCESS);
	EXPECT(touch_end(&toucher), 6);
	EXPECT(*(volatile char *) base, 9);
	EXPECT(*(volatile char *) (base + 2 * PAGE_SIZE), 6);
	/* The first that was left out. */
	EXPECT(message_receive_wait(&object.message, reply, PATIENCE), MACH_MSG_SUCCESS);
	EXPECT(object.message.header.msgh_id, 2207);
	EXPECT(object.message.body[7], KERN_INVALID_ARGUMENT);
	EXPECT(object.message.body[9], 0);
	EXPECT(mach_port_deallocate(SELF, object.message.body[1]), KERN_SUCCESS);
	EXPECT(memory_object_data_supply(object.control, 4 * PAGE_SIZE, (vm_offset_t) data,
		4 * PAGE_SIZE, FALSE, VM_PROT_NONE, FALSE, reply), KERN_SUCCESS);
	EXPECT(message_receive_wait(&object.message, reply, PATIENCE), MACH_MSG_SUCCESS);
	EXPECT(object.message.body[7], KERN_MEMORY_PRESENT);
	EXPECT(object.message.body[9], 4 * PAGE_SIZE);
	EXPECT(mach_port_deallocate(SELF, object.message.body[1]), KERN_SUCCESS);
	EXPECT_TRUE(queue_is_empty(reply));
	port_destroy(reply);
	object_unmap_last(&object, base, 3);
}

/* By the control port of another object, whose pages are its own. */
void test_other_control(void)
{
	struct object other;
	vm_offset_t elsewhere;

	begin();
	elsewhere = object_map_new(&other, 3);
	object_ready(&other, FALSE, MEMORY_OBJECT_COPY_DELAY);
	EXPECT(supply(&other, ASKED, 9, VM_PROT_NONE, FALSE, MACH_PORT_NULL), KERN_SUCCESS);
	EXPECT(memory_object_data_unavailable(other.control, 0, 3 * PAGE_SIZE), KERN_SUCCESS);
	EXPECT(memory_object_data_error(other.control, 0, 3 * PAGE_SIZE, 5), KERN_SUCCESS);
	EXPECT(*(volatile unsigned char *) (elsewhere + ASKED), 9);
	EXPECT(memory_object_destroy(other.control, 5), KERN_SUCCESS);
	expect_terminate(&other);
	EXPECT(*(volatile unsigned char *) (elsewhere + ASKED), 9);
	EXPECT(vm_deallocate(SELF, elsewhere, 3 * PAGE_SIZE), KERN_SUCCESS);
	object_end(&other);
	end();
}

/* The routines on ports that are no control port: nothing is done, and the reply right is used up. */
void test_no_control(void)
{
	mach_port_t reply = port_new(), host = mach_host_self(), proxy;
	vm_offset_t zero = 0;
	vm_size_t size = 3 * PAGE_SIZE;
	boolean_t ready, may_cache;
	int strategy;

	begin();
	EXPECT(memory_object_create_proxy(SELF, VM_PROT_ALL, &object.port,
		MACH_MSG_TYPE_COPY_SEND, 1, &zero, 1, &zero, 1, &size, 1, &proxy), KERN_SUCCESS);
	const mach_port_t ports[] = { SELF, host, tap_host_priv, object.name, proxy };
	for (unsigned int i = 0; i < COUNT_OF(ports); i++) {
		static char page[PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));
		mach_port_t port = ports[i];

		tap_about("port %u", i);
		EXPECT(memory_object_data_unavailable(port, 0, 3 * PAGE_SIZE), KERN_SUCCESS);
		EXPECT(memory_object_data_error(port, 0, 3 * PAGE_SIZE, 1), KERN_SUCCESS);
		EXPECT(memory_object_destroy(port, 1), KERN_SUCCESS);
		EXPECT(memory_object_ready(port, TRUE, MEMORY_OBJECT_COPY_CALL), KERN_SUCCESS);
		EXPECT(memory_object_get_attributes(port, &ready, &may_cache, &strategy),
			KERN_INVALID_ARGUMENT);
		EXPECT(memory_object_data_supply(port, ASKED, (vm_offset_t) page, PAGE_SIZE,
			FALSE, VM_PROT_NONE, FALSE, reply), KERN_SUCCESS);
		EXPECT(memory_object_lock_request(port, 0, ~0u, MEMORY_OBJECT_RETURN_ALL, TRUE,
			VM_PROT_ALL, reply), KERN_SUCCESS);
		EXPECT(memory_object_change_attributes(port, TRUE, MEMORY_OBJECT_COPY_CALL,
			reply), KERN_SUCCESS);
		for (unsigned int n = 0; n < 3; n++) {
			EXPECT(message_receive(&object.message, reply), MACH_MSG_SUCCESS);
			EXPECT(object.message.header.msgh_id, MACH_NOTIFY_SEND_ONCE);
		}
		EXPECT_TRUE(queue_is_empty(reply));
	}
	tap_about("%s", "");
	EXPECT(memory_object_get_attributes(object.control, &ready, &may_cache, &strategy),
		KERN_SUCCESS);
	EXPECT(may_cache, FALSE);
	EXPECT(strategy, MEMORY_OBJECT_COPY_DELAY);
	EXPECT(mach_port_deallocate(SELF, proxy), KERN_SUCCESS);
	EXPECT(mach_port_deallocate(SELF, host), KERN_SUCCESS);
	port_destroy(reply);
	end();
}

/* Twice, unasked, after ready again, and when nobody waits any more. */
void test_answers_twice(void)
{
	begin();
	EXPECT(memory_object_data_unavailable(object.control, ASKED, PAGE_SIZE), KERN_SUCCESS);
	EXPECT(touch_end(&toucher), 0);
	EXPECT(supply(&object, ASKED, 9, VM_PROT_NONE, FALSE, MACH_PORT_NULL), KERN_SUCCESS);
	EXPECT(memory_object_data_error(object.control, ASKED, PAGE_SIZE, 5), KERN_SUCCESS);
	EXPECT(memory_object_data_unavailable(object.control, 0, 3 * PAGE_SIZE), KERN_SUCCESS);
	EXPECT(*(volatile unsigned char *) (base + ASKED), 0);
	/* An error and zeros that nobody asked for are forgotten; data is kept. */
	EXPECT(memory_object_data_error(object.control, 0, PAGE_SIZE, 5), KERN_SUCCESS);
	EXPECT(memory_object_data_unavailable(object.control, 0, PAGE_SIZE), KERN_SUCCESS);
	page_in(&object, base, 0, 4);
	EXPECT(supply(&object, 2 * PAGE_SIZE, 7, VM_PROT_NONE, FALSE, MACH_PORT_NULL),
		KERN_SUCCESS);
	EXPECT(*(volatile unsigned char *) (base + 2 * PAGE_SIZE), 7);
	object_ready(&object, FALSE, MEMORY_OBJECT_COPY_DELAY);
	object_ready(&object, FALSE, MEMORY_OBJECT_COPY_DELAY);
	EXPECT(memory_object_lock_request(object.control, 0, ~0u, MEMORY_OBJECT_RETURN_NONE, TRUE,
		8, MACH_PORT_NULL), KERN_SUCCESS);
	/* Answered with an error first and data then: the first counts, the second is there. */
	touch_start(&toucher, base + ASKED, TRUE, 1);
	expect_request(&object, 2203, ASKED, VM_PROT_DEFAULT);
	EXPECT(memory_object_data_error(object.control, ASKED, PAGE_SIZE, 0), KERN_SUCCESS);
	EXPECT(supply(&object, ASKED, 8, VM_PROT_NONE, FALSE, MACH_PORT_NULL), KERN_SUCCESS);
	EXPECT(touch_end(&toucher), -KERN_MEMORY_ERROR);
	EXPECT(*(volatile unsigned char *) (base + ASKED), 8);
	object_unmap_last(&object, base, 3);
}

/* A page that is supplied locked and unlocked only in part is asked for again. */
void test_unlocks_badly(void)
{
	begin();
	EXPECT(supply(&object, ASKED, 1, VM_PROT_ALL, FALSE, MACH_PORT_NULL), KERN_SUCCESS);
	expect_request(&object, 2204, ASKED, VM_PROT_READ);
	EXPECT_TRUE(touch_waits(&toucher));
	EXPECT(memory_object_lock_request(object.control, 0, ~0u, MEMORY_OBJECT_RETURN_NONE,
		FALSE, VM_PROT_READ, MACH_PORT_NULL), KERN_SUCCESS);
	expect_request(&object, 2204, ASKED, VM_PROT_READ);
	EXPECT_TRUE(touch_waits(&toucher));
	EXPECT(memory_object_data_error(object.control, ASKED, PAGE_SIZE, 1), KERN_SUCCESS);
	EXPECT(touch_end(&toucher), -KERN_MEMORY_ERROR);
	touch_start(&toucher, base + ASKED, FALSE, 0);
	expect_request(&object, 2204, ASKED, VM_PROT_READ);
	EXPECT(memory_object_lock_request(object.control, ASKED, PAGE_SIZE,
		MEMORY_OBJECT_RETURN_NONE, TRUE, 8, MACH_PORT_NULL), KERN_SUCCESS);
	expect_request(&object, 2203, ASKED, VM_PROT_READ);
	end();
}
