/* SPDX-License-Identifier: BSD-2-Clause */
/* What may not happen to or through the ports of memory objects: forgeries, leaks, standstill. */
#include <libmach/string.h>
#include <mach.h>
#include <mach/memory_object.h>
#include <mach/mach4.h>
#include <mach/notify.h>

#include "../common/pager.h"
#include "../common/ports.h"
#include "../common/secret.h"
#include "../common/tap.h"
#include "tests.h"

#define USER_DEVICE	28u
#define FILL_PAGES	32

enum {
	INIT = 2200, TERMINATE, OBJECT_COPY, DATA_REQUEST, DATA_UNLOCK, LOCK_COMPLETED = 2206,
	SUPPLY_COMPLETED, DATA_RETURN, CHANGE_COMPLETED,
};

/* --- forged notifications --------------------------------------------------------- */

static void forge(mach_port_t port, mach_msg_id_t id, unsigned int words, mach_port_t reply)
{
	struct message message;

	message_init(&message, port, MACH_MSG_TYPE_COPY_SEND, reply, MACH_MSG_TYPE_MAKE_SEND_ONCE);
	message.header.msgh_id = id;
	for (unsigned int i = 0; i < words; i++)
		message_word(&message, i % 2 == 0 ? 0x10012002u : 0);
	EXPECT(message_send(&message), MACH_MSG_SUCCESS);
	EXPECT(message_receive(&message, reply), MACH_MSG_SUCCESS);
	EXPECT(message.header.msgh_id, id + 100);
	EXPECT(message.body[1], (unsigned int) MIG_BAD_ID);
}

/* Control, name and proxy ports are what they were after messages like notifications. */
void test_forged_notifications(void)
{
	struct object object;
	vm_offset_t base = object_map_new(&object, 1), offset = 0, start = 0;
	vm_size_t length = PAGE_SIZE;
	mach_port_t reply = port_new(), proxy;

	object_ready(&object, FALSE, 0);
	EXPECT(memory_object_create_proxy(SELF, VM_PROT_ALL, &object.port, MACH_MSG_TYPE_COPY_SEND,
		1, &offset, 1, &start, 1, &length, 1, &proxy), KERN_SUCCESS);
	for (mach_msg_id_t id = 64; id <= 72; id++)
		for (unsigned int words = 0; words <= 4; words += 2) {
			tap_about("id %d, %u words", id, words);
			forge(object.control, id, words, reply);
			forge(object.name, id, words, reply);
			forge(proxy, id, words, reply);
		}
	tap_about("%s", "");
	page_in(&object, base, 0, 7);
	EXPECT(mach_port_deallocate(SELF, proxy), KERN_SUCCESS);
	object_unmap_last(&object, base, 1);
	port_destroy(reply);
}

/* --- old memory ------------------------------------------------------------------------ */

/* The next message; rights to the control port are given up, which is in each but one. */
static void take_clean(struct object *object, unsigned char pattern, mach_port_t port,
	mach_msg_id_t id)
{
	memset(&object->message, 0, sizeof object->message);
	if (!EXPECT(message_receive_wait(&object->message, port, PATIENCE), MACH_MSG_SUCCESS))
		return;
	EXPECT(object->message.header.msgh_id, id);
	secret_expect_clean(pattern, &object->message.header);
	if (id != INIT)
		mach_msg_destroy(&object->message.header);
	secret_spread(pattern, FILL_PAGES);
}

static void init_clean(struct object *object, unsigned char pattern)
{
	take_clean(object, pattern, object->port, INIT);
	object->control = object->message.body[1];
	object->name = object->message.body[3];
}

/* A page comes in for reading, and is asked for again for writing. */
static void clean_requests(struct object *object, unsigned char pattern, vm_offset_t base)
{
	struct toucher toucher;

	touch_start(&toucher, base, FALSE, 0);
	take_clean(object, pattern, object->port, DATA_REQUEST);
	EXPECT(supply(object, 0, 0, VM_PROT_WRITE, FALSE, MACH_PORT_NULL), KERN_SUCCESS);
	touch_end(&toucher);
	secret_expect_none(pattern, (void *) base, PAGE_SIZE);
	touch_start(&toucher, base, TRUE, 3);
	take_clean(object, pattern, object->port, DATA_UNLOCK);
	EXPECT(memory_object_lock_request(object->control, 0, PAGE_SIZE, MEMORY_OBJECT_RETURN_NONE,
		FALSE, VM_PROT_NONE, MACH_PORT_NULL), KERN_SUCCESS);
	touch_end(&toucher);
}

static void clean_completions(struct object *object, unsigned char pattern)
{
	mach_port_t reply = port_new();

	EXPECT(supply(object, PAGE_SIZE, 1, VM_PROT_NONE, FALSE, reply), KERN_SUCCESS);
	take_clean(object, pattern, reply, SUPPLY_COMPLETED);
	EXPECT(memory_object_lock_request(object->control, 0, PAGE_SIZE, MEMORY_OBJECT_RETURN_NONE,
		FALSE, VM_PROT_NONE, reply), KERN_SUCCESS);
	take_clean(object, pattern, reply, LOCK_COMPLETED);
	EXPECT(memory_object_change_attributes(object->control, FALSE, MEMORY_OBJECT_COPY_DELAY,
		reply), KERN_SUCCESS);
	take_clean(object, pattern, reply, CHANGE_COMPLETED);
	port_destroy(reply);
}

/* A copy by strategy CALL: told, and the new object has a pager of its own. */
static void clean_copy(struct object *object, unsigned char pattern)
{
	mach_port_t reply = port_new();
	vm_offset_t copy = 0;

	EXPECT(memory_object_change_attributes(object->control, FALSE, MEMORY_OBJECT_COPY_CALL,
		reply), KERN_SUCCESS);
	take_clean(object, pattern, reply, CHANGE_COMPLETED);
	EXPECT(vm_map(SELF, &copy, PAGE_SIZE, 0, TRUE, object->port, 0, TRUE, VM_PROT_DEFAULT,
		VM_PROT_ALL, VM_INHERIT_COPY), KERN_SUCCESS);
	take_clean(object, pattern, object->port, OBJECT_COPY);
	EXPECT(vm_deallocate(SELF, copy, PAGE_SIZE), KERN_SUCCESS);
	port_destroy(reply);
}

/* Every message that a pager gets: no byte is what others had there; nor are the pages. */
void test_clean_messages(void)
{
	for (int round = 0; round < SECRET_PATTERNS; round++) {
		unsigned char pattern = secret_patterns[round];
		struct object object;
		vm_offset_t base;

		object_new(&object);
		secret_spread(pattern, FILL_PAGES);
		base = object_map(&object, 0, 2);
		init_clean(&object, pattern);
		object_ready(&object, FALSE, MEMORY_OBJECT_COPY_DELAY);
		clean_requests(&object, pattern, base);
		clean_completions(&object, pattern);
		clean_copy(&object, pattern);
		EXPECT(vm_deallocate(SELF, base, 2 * PAGE_SIZE), KERN_SUCCESS);
		take_clean(&object, pattern, object.port, DATA_RETURN);
		take_clean(&object, pattern, object.port, TERMINATE);
		object_end(&object);
	}
}

/* --- a receiver that does not receive -------------------------------------------------- */

/*
 * Paged memory on its way to a port that says it is a device and never receives: it can be
 * touched, returned and unmapped meanwhile.
 */
void test_user_device(void)
{
	struct object object;
	vm_offset_t base = object_map_new(&object, 1);
	mach_port_t device = port_new_with_send(1);
	struct message message;

	object_ready(&object, FALSE, 2);
	EXPECT(mach_port_set_ktype(tap_host_priv, SELF, device, MACH_PORT_RIGHT_RECEIVE,
		USER_DEVICE), KERN_SUCCESS);
	page_in(&object, base, 0, 9);
	message_init(&message, device, MACH_MSG_TYPE_COPY_SEND, MACH_PORT_NULL, 0);
	message_memory(&message, MACH_MSG_TYPE_BYTE, 8, PAGE_SIZE, (void *) base, 0);
	EXPECT(message_send(&message), MACH_MSG_SUCCESS);
	*(volatile char *) base = 1;
	EXPECT(*(volatile char *) base, 1);
	EXPECT(message_receive(&message, device), MACH_MSG_SUCCESS);
	EXPECT(*(volatile char *) message.body[3], 9);
	EXPECT(vm_deallocate(SELF, message.body[3], PAGE_SIZE), KERN_SUCCESS);
	message_init(&message, device, MACH_MSG_TYPE_COPY_SEND, MACH_PORT_NULL, 0);
	message_memory(&message, MACH_MSG_TYPE_BYTE, 8, PAGE_SIZE, (void *) base, 0);
	EXPECT(message_send(&message), MACH_MSG_SUCCESS);
	port_destroy(device);
	EXPECT(vm_deallocate(SELF, base, PAGE_SIZE), KERN_SUCCESS);
	expect_return(&object, 0, 1, 1, TRUE, FALSE);
	expect_terminate(&object);
	object_end(&object);
}
