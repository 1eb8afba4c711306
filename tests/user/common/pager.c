/* SPDX-License-Identifier: BSD-2-Clause */
#include "pager.h"

#include <libmach/string.h>
#include <libmach/thread.h>
#include <mach.h>
#include <mach/memory_object.h>

#include "ports.h"
#include "tap.h"

#define SEND_TYPE	0x10012011u
#define RECEIVE_TYPE	0x10012010u
#define INTEGER_TYPE	0x10012002u
#define BOOLEAN_TYPE	0x10012000u
#define PAGER_BITS	0x80001100u

#define EXCEPTION_ID	2400
#define END_ID		1

void object_new(struct object *object)
{
	object->port = port_new_with_send(1);
	object->control = object->name = MACH_PORT_NULL;
}

void object_end(struct object *object)
{
	expect_quiet(object);
	port_destroy(object->port);
	if (object->control != MACH_PORT_NULL)
		port_destroy(object->control);
	if (object->name != MACH_PORT_NULL)
		port_destroy(object->name);
}

vm_offset_t object_map(struct object *object, vm_offset_t offset, unsigned int pages)
{
	vm_offset_t address = 0;

	EXPECT(vm_map(SELF, &address, pages * PAGE_SIZE, 0, TRUE, object->port, offset, FALSE,
		VM_PROT_DEFAULT, VM_PROT_ALL, VM_INHERIT_COPY), KERN_SUCCESS);
	return address;
}

vm_offset_t object_map_new(struct object *object, unsigned int pages)
{
	vm_offset_t address;

	object_new(object);
	address = object_map(object, 0, pages);
	expect_init(object);
	return address;
}

void object_ready(struct object *object, boolean_t may_cache, int strategy)
{
	EXPECT(memory_object_ready(object->control, may_cache, strategy), KERN_SUCCESS);
}

/* --- Messages ----------------------------------------------------------------------------- */

static boolean_t take(struct object *object, int id, unsigned int size)
{
	mach_msg_header_t *header = &object->message.header;

	if (!EXPECT(message_receive_wait(&object->message, object->port, PATIENCE),
			MACH_MSG_SUCCESS))
		return FALSE;
	if (!EXPECT(header->msgh_id, id))
		return FALSE;
	EXPECT(header->msgh_bits, PAGER_BITS);
	EXPECT(header->msgh_size, size);
	EXPECT(header->msgh_remote_port, MACH_PORT_NULL);
	return EXPECT(header->msgh_local_port, object->port);
}

/* The body's first word pair is a right to the control port, which we have. */
static void take_control(struct object *object)
{
	EXPECT(object->message.body[0], SEND_TYPE);
	EXPECT(object->message.body[1], object->control);
	EXPECT(mach_port_deallocate(SELF, object->message.body[1]), KERN_SUCCESS);
}

static void expect_integer(struct object *object, unsigned int at, uint32_t value)
{
	EXPECT(object->message.body[at], INTEGER_TYPE);
	EXPECT(object->message.body[at + 1], value);
}

void expect_init(struct object *object)
{
	if (!take(object, 2200, 48))
		return;
	EXPECT(object->message.body[0], SEND_TYPE);
	EXPECT(object->message.body[2], SEND_TYPE);
	expect_integer(object, 4, PAGE_SIZE);
	object->control = object->message.body[1];
	object->name = object->message.body[3];
}

void expect_request(struct object *object, int id, vm_offset_t offset, vm_prot_t access)
{
	if (!take(object, id, 56))
		return;
	take_control(object);
	expect_integer(object, 2, offset);
	expect_integer(object, 4, PAGE_SIZE);
	expect_integer(object, 6, access);
}

void expect_return(struct object *object, vm_offset_t offset, unsigned int pages, int byte,
	boolean_t dirty, boolean_t kernel_copy)
{
	uint32_t *body = object->message.body;

	if (!take(object, 2208, 72))
		return;
	take_control(object);
	expect_integer(object, 2, offset);
	EXPECT(body[4], 0x60000000u);
	EXPECT(body[5], 0x00080009u);
	EXPECT(body[6], pages * PAGE_SIZE);
	EXPECT(*(unsigned char *) body[7], byte);
	EXPECT(vm_deallocate(SELF, body[7], body[6]), KERN_SUCCESS);
	EXPECT(body[8], BOOLEAN_TYPE);
	EXPECT(body[9], dirty);
	EXPECT(body[10], BOOLEAN_TYPE);
	EXPECT(body[11], kernel_copy);
}

void expect_terminate(struct object *object)
{
	uint32_t *body = object->message.body;

	if (!take(object, 2201, 40))
		return;
	EXPECT(body[0], RECEIVE_TYPE);
	EXPECT(body[1], object->control);
	EXPECT(body[2], RECEIVE_TYPE);
	EXPECT(body[3], object->name);
	port_destroy(body[1]);
	port_destroy(body[3]);
	object->control = object->name = MACH_PORT_NULL;
}

void expect_copy(struct object *object, vm_offset_t offset, unsigned int pages,
	struct object *copy)
{
	copy->port = copy->control = copy->name = MACH_PORT_NULL;
	if (!take(object, 2202, 56))
		return;
	take_control(object);
	expect_integer(object, 2, offset);
	expect_integer(object, 4, pages * PAGE_SIZE);
	EXPECT(object->message.body[6], RECEIVE_TYPE);
	copy->port = object->message.body[7];
	EXPECT(port_type(copy->port), MACH_PORT_TYPE_RECEIVE);
	expect_init(copy);
}

void expect_quiet(struct object *object)
{
	if (message_receive_wait(&object->message, object->port, QUIET) == MACH_MSG_SUCCESS)
		tap_fail("unexpected message %d", object->message.header.msgh_id);
}

void object_unmap_last(struct object *object, vm_offset_t address, unsigned int pages)
{
	EXPECT(vm_deallocate(SELF, address, pages * PAGE_SIZE), KERN_SUCCESS);
	expect_terminate(object);
	object_end(object);
}

kern_return_t supply(struct object *object, vm_offset_t offset, int byte, vm_prot_t lock,
	boolean_t precious, mach_port_t reply)
{
	static unsigned char page[PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));

	memset(page, byte, PAGE_SIZE);
	return memory_object_data_supply(object->control, offset, (vm_offset_t) page, PAGE_SIZE,
		FALSE, lock, precious, reply);
}

/* --- Touching ----------------------------------------------------------------------------- */

static void touch(void *argument)
{
	struct toucher *toucher = argument;

	if (toucher->write)
		*toucher->byte = toucher->value;
	else
		toucher->value = *toucher->byte;
	EXPECT(send_simple(toucher->port, END_ID), MACH_MSG_SUCCESS);
}

void touch_start(struct toucher *toucher, vm_offset_t address, boolean_t write, int value)
{
	toucher->byte = (volatile unsigned char *) address;
	toucher->write = write;
	toucher->value = value;
	toucher->port = port_new_with_send(1);
	EXPECT(mach_thread_prepare(touch, toucher, &toucher->thread), KERN_SUCCESS);
	EXPECT(thread_set_exception_port(toucher->thread, toucher->port), KERN_SUCCESS);
	EXPECT(thread_resume(toucher->thread), KERN_SUCCESS);
	sleep_for(20);
}

boolean_t touch_waits(struct toucher *toucher)
{
	sleep_for(20);
	return queue_is_empty(toucher->port);
}

static int exception_code(struct toucher *toucher)
{
	uint32_t *body = toucher->message.body;
	int code = body[7];

	EXPECT(body[5], 1);	/* EXC_BAD_ACCESS */
	EXPECT(body[9], (vm_offset_t) toucher->byte);
	thread_terminate(toucher->thread);
	EXPECT(mach_port_deallocate(SELF, body[1]), KERN_SUCCESS);
	EXPECT(mach_port_deallocate(SELF, body[3]), KERN_SUCCESS);
	port_destroy(toucher->message.header.msgh_remote_port);
	return -code;
}

int touch_end(struct toucher *toucher)
{
	int result = -1000;

	if (EXPECT(message_receive_wait(&toucher->message, toucher->port, PATIENCE),
			MACH_MSG_SUCCESS))
		result = toucher->message.header.msgh_id == EXCEPTION_ID ?
			exception_code(toucher) : toucher->value;
	touch_kill(toucher);
	return result;
}

void touch_kill(struct toucher *toucher)
{
	thread_terminate(toucher->thread);
	mach_thread_join(toucher->thread);
	port_destroy(toucher->port);
}

void page_in(struct object *object, vm_offset_t base, vm_offset_t offset, int byte)
{
	struct toucher toucher;

	touch_start(&toucher, base + offset, FALSE, 0);
	expect_request(object, 2203, offset, VM_PROT_READ);
	EXPECT(supply(object, offset, byte, VM_PROT_NONE, FALSE, MACH_PORT_NULL), KERN_SUCCESS);
	EXPECT(touch_end(&toucher), byte);
}
