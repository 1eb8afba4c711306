/* SPDX-License-Identifier: BSD-2-Clause */
/* What may not happen to or through the ports of memory objects: forgeries, leaks, standstill. */
#include <libmach/string.h>
#include <mach.h>
#include <mach/mach4.h>
#include <mach/notify.h>

#include "../common/pager.h"
#include "../common/ports.h"
#include "../common/tap.h"
#include "tests.h"

#define USER_DEVICE	28u

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

/* Messages and pages full of a pattern, which the kernel has again then. */
static void fill_kernel(unsigned char pattern)
{
	static struct message secret;
	mach_port_t port = port_new();
	vm_address_t pages = 0;

	memset(&secret, pattern, sizeof secret);
	for (mach_msg_size_t size = 64; size <= 2048; size *= 2) {
		secret.header.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_MAKE_SEND_ONCE, 0);
		secret.header.msgh_remote_port = port;
		secret.header.msgh_local_port = MACH_PORT_NULL;
		EXPECT(message_send_size(&secret, size, 0, 0), MACH_MSG_SUCCESS);
	}
	port_destroy(port);
	EXPECT(vm_allocate(SELF, &pages, 32 * PAGE_SIZE, TRUE), KERN_SUCCESS);
	memset((void *) pages, pattern, 32 * PAGE_SIZE);
	EXPECT(vm_deallocate(SELF, pages, 32 * PAGE_SIZE), KERN_SUCCESS);
}

static void expect_clean(const void *data, unsigned int size, unsigned char pattern)
{
	const unsigned char *byte = data;

	for (unsigned int i = 0; i + 1 < size; i++)
		if (byte[i] == pattern && byte[i + 1] == pattern) {
			tap_fail("%x at byte %u of %u", pattern, i, size);
			return;
		}
}

static void expect_clean_message(struct object *object, unsigned char pattern)
{
	memset(&object->message, 0, sizeof object->message);
	EXPECT(message_receive_wait(&object->message, object->port, PATIENCE), MACH_MSG_SUCCESS);
	expect_clean(&object->message, object->message.header.msgh_size, pattern);
}

/* Init, request, return, terminate: no byte is what others had there; nor are the pages. */
void test_clean_messages(void)
{
	for (unsigned char pattern = 0xa5; pattern != 0; pattern = pattern == 0xa5 ? 0x5c : 0) {
		struct object object;
		struct toucher toucher;
		vm_offset_t base;

		object_new(&object);
		fill_kernel(pattern);
		base = object_map(&object, 0, 2);
		fill_kernel(pattern);
		expect_clean_message(&object, pattern);			/* init */
		object.control = object.message.body[1];
		object.name = object.message.body[3];
		object_ready(&object, FALSE, 0);
		fill_kernel(pattern);
		touch_start(&toucher, base, TRUE, 3);
		expect_clean_message(&object, pattern);			/* data_request */
		EXPECT(mach_port_deallocate(SELF, object.message.body[1]), KERN_SUCCESS);
		EXPECT(supply(&object, 0, 0, VM_PROT_NONE, FALSE, MACH_PORT_NULL), KERN_SUCCESS);
		touch_end(&toucher);
		expect_clean((void *) base, PAGE_SIZE, pattern);
		fill_kernel(pattern);
		EXPECT(vm_deallocate(SELF, base, 2 * PAGE_SIZE), KERN_SUCCESS);
		expect_clean_message(&object, pattern);			/* data_return */
		mach_msg_destroy(&object.message.header);
		expect_clean_message(&object, pattern);			/* terminate */
		mach_msg_destroy(&object.message.header);
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
