/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel.h"

#include <mach.h>
#include <mach/mach_host.h>
#include <mach/memory_object_U.h>
#include <mach/memory_object_default_U.h>
#include <mach/porter.h>
#include <mach/vm_param.h>

#include "../common/ports.h"
#include "../common/tap.h"

#define SELF		mach_task_self()
#define PATIENCE	5000
#define PAGE_WORDS	(PAGE_SIZE / sizeof(uint32_t))

enum { DATA_UNAVAILABLE = 2039, DATA_SUPPLY = 2093 };

static mach_port_t manager;

void kernel_begin(void)
{
	for (;;) {
		manager = MACH_PORT_NULL;
		EXPECT(vm_set_default_memory_manager(tap_host_priv, &manager), KERN_SUCCESS);
		if (manager != MACH_PORT_NULL)
			return;
		sleep_for(10);
	}
}

void kernel_end(void)
{
	EXPECT(mach_port_deallocate(SELF, manager), KERN_SUCCESS);
}

void object_create(struct object *object)
{
	object->port = port_new_with_send(1);
	object->control = port_new();
	object->name = port_new();
	/* The message takes the right by which it goes. */
	EXPECT(mach_port_mod_refs(SELF, manager, MACH_PORT_RIGHT_SEND, 1), KERN_SUCCESS);
	EXPECT(memory_object_create(manager, object->port, 64 * PAGE_SIZE, object->control,
		object->name, PAGE_SIZE), KERN_SUCCESS);
}

/* The message takes a right; another one shows the port's death. */
void object_terminate(struct object *object)
{
	unsigned int patience = PATIENCE;

	EXPECT(mach_port_mod_refs(SELF, object->port, MACH_PORT_RIGHT_SEND, 1), KERN_SUCCESS);
	EXPECT(memory_object_terminate(object->port, object->control, object->name),
		KERN_SUCCESS);
	while (port_type(object->port) != MACH_PORT_TYPE_DEAD_NAME && patience-- > 0)
		sleep_for(1);
	EXPECT(port_type(object->port), MACH_PORT_TYPE_DEAD_NAME);
	EXPECT(mach_port_deallocate(SELF, object->port), KERN_SUCCESS);
}

void object_abandon(struct object *object)
{
	EXPECT(mach_port_deallocate(SELF, object->port), KERN_SUCCESS);
	port_destroy(object->control);
	port_destroy(object->name);
}

/* --- Pages -------------------------------------------------------------------------------- */

static uint32_t word_of(unsigned int number, int value, unsigned int i)
{
	return (number << 20 ^ i) * 0x9e3779b1u + value;
}

static vm_offset_t make_pages(unsigned int first, unsigned int count, int value)
{
	vm_offset_t base = 0;

	EXPECT(vm_allocate(SELF, &base, count * PAGE_SIZE, TRUE), KERN_SUCCESS);
	for (unsigned int page = 0; page < count; page++)
		for (unsigned int i = 0; i < PAGE_WORDS; i++)
			((uint32_t *) base)[page * PAGE_WORDS + i] = word_of(first + page, value, i);
	return base;
}

static void free_pages(vm_offset_t base, unsigned int count)
{
	EXPECT(vm_deallocate(SELF, base, count * PAGE_SIZE), KERN_SUCCESS);
}

void object_initialize(struct object *object, unsigned int first, unsigned int count, int value)
{
	vm_offset_t data = make_pages(first, count, value);

	EXPECT(memory_object_data_initialize(object->port, object->control, first * PAGE_SIZE,
		data, count * PAGE_SIZE), KERN_SUCCESS);
	free_pages(data, count);
}

void object_return(struct object *object, unsigned int first, unsigned int count, int value)
{
	vm_offset_t data = make_pages(first, count, value);

	EXPECT(memory_object_data_return(object->port, object->control, first * PAGE_SIZE,
		data, count * PAGE_SIZE, TRUE, FALSE), KERN_SUCCESS);
	free_pages(data, count);
}

static void request(struct object *object, unsigned int number)
{
	EXPECT(memory_object_data_request(object->port, object->control, number * PAGE_SIZE,
		PAGE_SIZE, VM_PROT_READ), KERN_SUCCESS);
}

static boolean_t answered(struct object *object, unsigned int number, int answer)
{
	if (!EXPECT(message_receive_wait(&object->answer, object->control, PATIENCE),
			MACH_MSG_SUCCESS))
		return FALSE;
	EXPECT(object->answer.body[1], number * PAGE_SIZE);
	return EXPECT(object->answer.header.msgh_id, answer);
}

static boolean_t ask(struct object *object, unsigned int number, int answer)
{
	request(object, number);
	return answered(object, number, answer);
}

/* What other tasks may use for messages: all but the kernel's, which has no limit, and us. */
static void set_memory(natural_t bytes)
{
	mach_port_t host = mach_host_self(), name, set;
	mach_msg_type_number_t count;
	mach_port_array_t tasks;

	EXPECT(processor_set_default(host, &name), KERN_SUCCESS);
	EXPECT(host_processor_set_priv(tap_host_priv, name, &set), KERN_SUCCESS);
	EXPECT(processor_set_tasks(set, &tasks, &count), KERN_SUCCESS);
	for (unsigned int i = 0; i < count; i++) {
		struct ipc_limits limits;

		if (tasks[i] != SELF
				&& task_get_ipc_limits(tap_host_priv, tasks[i], &limits) == KERN_SUCCESS) {
			limits.il_memory = bytes;
			task_set_ipc_limits(tap_host_priv, tasks[i], limits);
		}
		mach_port_deallocate(SELF, tasks[i]);
	}
	vm_deallocate(SELF, (vm_offset_t) tasks, count * sizeof *tasks);
	mach_port_deallocate(SELF, set);
	mach_port_deallocate(SELF, name);
	mach_port_deallocate(SELF, host);
}

/* Nobody waits in the queue, or the answer would need no memory there. */
static boolean_t ask_in_need(struct object *object, unsigned int number, int answer)
{
	set_memory(0);
	request(object, number);
	sleep_for(200);
	EXPECT_TRUE(queue_is_empty(object->control));
	set_memory(IPC_LIMIT_NONE);
	return answered(object, number, answer);
}

/* What the kernel says of a page that it was given. */
static void complete(struct object *object, unsigned int number, kern_return_t result)
{
	EXPECT(memory_object_supply_completed(object->answer.body[11],
		MACH_MSG_TYPE_MOVE_SEND_ONCE, object->control, number * PAGE_SIZE, PAGE_SIZE,
		result, 0), KERN_SUCCESS);
}

/* What has come. */
static void look_at_page(struct object *object, unsigned int number, int value)
{
	const uint32_t *body = object->answer.body;
	unsigned int others = 0;

	EXPECT(body[4], PAGE_SIZE);
	for (unsigned int i = 0; i < PAGE_WORDS; i++)
		others += ((uint32_t *) body[5])[i] != word_of(number, value, i);
	EXPECT(others, 0);
	free_pages(body[5], 1);
}

static void get_page(struct object *object, unsigned int number, int value)
{
	if (ask(object, number, DATA_SUPPLY))
		look_at_page(object, number, value);
}

void expect_page(struct object *object, unsigned int number, int value)
{
	get_page(object, number, value);
	complete(object, number, KERN_RESOURCE_SHORTAGE);
}

void take_page(struct object *object, unsigned int number, int value)
{
	get_page(object, number, value);
	complete(object, number, KERN_SUCCESS);
}

void take_page_again(struct object *object, unsigned int number, int value)
{
	get_page(object, number, value);
	object_return(object, number, 1, value + 1);
	complete(object, number, KERN_SUCCESS);
}

void expect_absent(struct object *object, unsigned int number)
{
	ask(object, number, DATA_UNAVAILABLE);
}

void expect_page_later(struct object *object, unsigned int number, int value)
{
	if (ask_in_need(object, number, DATA_SUPPLY))
		look_at_page(object, number, value);
	complete(object, number, KERN_RESOURCE_SHORTAGE);
}

void expect_absent_later(struct object *object, unsigned int number)
{
	ask_in_need(object, number, DATA_UNAVAILABLE);
}
