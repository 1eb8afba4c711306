/* SPDX-License-Identifier: BSD-2-Clause */
/* The limit of a task's memory, by each way in which memory comes (VM-17). */
#include <libmach/string.h>
#include <mach.h>
#include <mach/gnumach.h>
#include <mach/mach4.h>
#include <mach/memory_object.h>
#include <mach_debug/mach_debug.h>

#include "../common/messages.h"
#include "../common/pager.h"
#include "../common/ports.h"
#include "../common/regions.h"
#include "../common/snapshot.h"
#include "../common/tap.h"
#include "tests.h"

#define PIECE	(16 * PAGE_SIZE)

static vm_size_t first_current, first_max;

/* What counts of our map: all but what can never be accessed. */
static vm_size_t charged_size(void)
{
	static struct regions regions;
	vm_size_t size = 0;

	regions_take(SELF, &regions);
	for (unsigned int i = 0; i < regions.count; i++)
		if (regions.region[i].max != VM_PROT_NONE)
			size += regions.region[i].size;
	return size;
}

/* Let this task have so many bytes more than now. */
static void allow(vm_size_t more)
{
	EXPECT(vm_set_size_limit(tap_host_priv, SELF, charged_size() + more, first_max),
		KERN_SUCCESS);
}

static void allow_all(void)
{
	EXPECT(vm_set_size_limit(tap_host_priv, SELF, first_current, first_max), KERN_SUCCESS);
}

void test_limit_codes(void)
{
	mach_port_t host = mach_host_self(), task;
	vm_size_t current, max;

	EXPECT(task_create(SELF, FALSE, &task), KERN_SUCCESS);
	EXPECT(vm_get_size_limit(task, &first_current, &first_max), KERN_SUCCESS);
	EXPECT(vm_set_size_limit(host, task, 0x200000, 0x100000), KERN_INVALID_ARGUMENT);
	EXPECT(vm_set_size_limit(MACH_PORT_NULL, task, 0x100000, 0x100000),
		MACH_SEND_INVALID_DEST);
	EXPECT(vm_set_size_limit(host, host, 0x100000, 0x100000), KERN_INVALID_TASK);
	EXPECT(vm_set_size_limit(SELF, task, 0x100000, 0x100000), KERN_INVALID_HOST);
	EXPECT(vm_set_size_limit(host, task, 0x100000, 0x400000), KERN_SUCCESS);
	EXPECT(vm_get_size_limit(task, &current, &max), KERN_SUCCESS);
	EXPECT(current, 0x100000);
	EXPECT(max, 0x400000);
	EXPECT(vm_set_size_limit(host, task, 0x400000, 0x400000), KERN_SUCCESS);
	EXPECT(vm_set_size_limit(host, task, 0x400000, 0x400001), KERN_NO_ACCESS);
	EXPECT(vm_get_size_limit(task, &current, &max), KERN_SUCCESS);
	EXPECT(current, 0x400000);
	EXPECT(max, 0x400000);
	EXPECT(vm_set_size_limit(tap_host_priv, task, ~0u, ~0u), KERN_SUCCESS);
	EXPECT(vm_set_size_limit(tap_host_priv, task, 0, 0), KERN_SUCCESS);
	EXPECT(task_terminate(task), KERN_SUCCESS);
	EXPECT(mach_port_deallocate(SELF, task), KERN_SUCCESS);
	EXPECT(mach_port_deallocate(SELF, host), KERN_SUCCESS);
	/* This program's own, for the tests that follow. */
	EXPECT(vm_get_size_limit(SELF, &first_current, &first_max), KERN_SUCCESS);
}

static kern_return_t map_object(mach_port_t object, vm_prot_t max, vm_offset_t *address)
{
	*address = 0;
	return vm_map(SELF, address, PIECE, 0, TRUE, object, 0, FALSE, VM_PROT_NONE, max,
		VM_INHERIT_COPY);
}

/* Each way: to the last byte that is allowed, and not one page more. */
void test_limit_ways(void)
{
	vm_offset_t address = 0, other, region = 0;
	struct object object;
	mach_port_t proxy;
	vm_size_t size;

	object_new(&object);
	EXPECT(vm_allocate(SELF, &region, PIECE, TRUE), KERN_SUCCESS);
	EXPECT(vm_region_create_proxy(SELF, region, VM_PROT_ALL, PIECE, &proxy), KERN_SUCCESS);
	for (unsigned int short_by = 0; short_by <= PAGE_SIZE; short_by += PAGE_SIZE) {
		kern_return_t code = short_by == 0 ? KERN_SUCCESS : KERN_NO_SPACE;

		tap_about("%u bytes too few", short_by);
		allow(PIECE - short_by);
		EXPECT(vm_allocate(SELF, &address, PIECE, TRUE), code);
		if (code == KERN_SUCCESS)
			EXPECT(vm_deallocate(SELF, address, PIECE), KERN_SUCCESS);
		EXPECT(map_object(MACH_PORT_NULL, VM_PROT_ALL, &address), code);
		if (code == KERN_SUCCESS)
			EXPECT(vm_deallocate(SELF, address, PIECE), KERN_SUCCESS);
		EXPECT(map_object(object.port, VM_PROT_ALL, &address), code);
		if (code == KERN_SUCCESS)
			EXPECT(vm_deallocate(SELF, address, PIECE), KERN_SUCCESS);
		EXPECT(map_object(proxy, VM_PROT_ALL, &address), code);
		if (code == KERN_SUCCESS)
			EXPECT(vm_deallocate(SELF, address, PIECE), KERN_SUCCESS);
		/* What can never be accessed is free. */
		EXPECT(map_object(MACH_PORT_NULL, VM_PROT_NONE, &other), KERN_SUCCESS);
		EXPECT(vm_deallocate(SELF, other, PIECE), KERN_SUCCESS);
		EXPECT(vm_read(SELF, region, PIECE, &address, &size),
			code == KERN_SUCCESS ? code : MACH_RCV_BODY_ERROR | MACH_MSG_VM_SPACE);
		if (code == KERN_SUCCESS)
			EXPECT(vm_deallocate(SELF, address, PIECE), KERN_SUCCESS);
		allow_all();
	}
	tap_about("%s", "");
	EXPECT(vm_deallocate(SELF, region, PIECE), KERN_SUCCESS);
	EXPECT(mach_port_deallocate(SELF, proxy), KERN_SUCCESS);
	while (message_receive_wait(&object.message, object.port, QUIET) == MACH_MSG_SUCCESS)
		mach_msg_destroy(&object.message.header);
	object_end(&object);
}

/* Memory whose maximum is none does not count; and takes no pages when it cannot be accessed. */
void test_limit_none(void)
{
	vm_offset_t address = 0, other = 0;
	unsigned int before;

	allow(PIECE);
	EXPECT(vm_map(SELF, &address, PIECE, 0, TRUE, MACH_PORT_NULL, 0, FALSE, VM_PROT_DEFAULT,
		VM_PROT_NONE, VM_INHERIT_COPY), KERN_SUCCESS);
	EXPECT(vm_map(SELF, &other, 2 * PIECE, 0, TRUE, MACH_PORT_NULL, 0, FALSE, VM_PROT_READ,
		VM_PROT_NONE, VM_INHERIT_COPY), KERN_SUCCESS);
	EXPECT(vm_deallocate(SELF, other, 2 * PIECE), KERN_SUCCESS);
	memset((void *) address, 1, PIECE);
	before = snapshot_free_pages();
	EXPECT(vm_protect(SELF, address, PIECE, FALSE, VM_PROT_NONE), KERN_SUCCESS);
	EXPECT_TRUE(snapshot_free_pages() >= before + PIECE / PAGE_SIZE - 4);
	EXPECT(vm_allocate(SELF, &other, PIECE, TRUE), KERN_SUCCESS);
	memset((void *) other, 1, PIECE);
	before = snapshot_free_pages();
	EXPECT(vm_protect(SELF, other, PIECE, TRUE, VM_PROT_NONE), KERN_SUCCESS);
	EXPECT_TRUE(snapshot_free_pages() >= before + PIECE / PAGE_SIZE - 4);
	EXPECT(vm_deallocate(SELF, address, PIECE), KERN_SUCCESS);
	EXPECT(vm_deallocate(SELF, other, PIECE), KERN_SUCCESS);
	allow_all();
}

/* KM-1: answers that one does not fetch count like memory that one has sent. */
void test_limit_answers(void)
{
	static struct message message;
	mach_port_t host = mach_host_self(), reply = port_new();
	hash_info_bucket_t *rows = NULL;
	mach_msg_type_number_t count = 0;
	vm_size_t size;

	EXPECT(host_virtual_physical_table_info(host, &rows, &count), KERN_SUCCESS);
	size = count * sizeof *rows;
	EXPECT(size % PAGE_SIZE, 0);
	EXPECT(vm_deallocate(SELF, (vm_offset_t) rows, size), KERN_SUCCESS);
	EXPECT(vm_set_size_limit(tap_host_priv, SELF, 2 * size, first_max), KERN_SUCCESS);
	for (unsigned int i = 0; i < 4; i++) {
		message_init(&message, host, MACH_MSG_TYPE_COPY_SEND, reply,
			MACH_MSG_TYPE_MAKE_SEND_ONCE);
		message.header.msgh_id = 3016;
		message_type(&message, MACH_MSG_TYPE_INTEGER_32, 32, 1, TYPE_INLINE);
		message_word(&message, 0);		/* room for rows in the answer */
		EXPECT(message_send(&message), MACH_MSG_SUCCESS);
	}
	allow_all();
	for (unsigned int i = 0; i < 4; i++) {
		EXPECT(message_receive(&message, reply), MACH_MSG_SUCCESS);
		EXPECT(message.body[1], i < 2 ? KERN_SUCCESS : KERN_RESOURCE_SHORTAGE);
		if (message.body[1] == KERN_SUCCESS)
			EXPECT(vm_deallocate(SELF, message.body[5], size), KERN_SUCCESS);
	}
	port_destroy(reply);
	EXPECT(mach_port_deallocate(SELF, host), KERN_SUCCESS);
}

/* Out-of-line memory that has no room: the message comes without it. */
void test_limit_messages(void)
{
	static struct message message;
	static char data[PIECE] __attribute__((aligned(PAGE_SIZE)));
	mach_port_t port = port_new_with_send(1);
	mach_msg_return_t code = MACH_MSG_SUCCESS;

	for (unsigned int short_by = 0; short_by <= PAGE_SIZE; short_by += PAGE_SIZE) {
		message_init(&message, port, MACH_MSG_TYPE_COPY_SEND, MACH_PORT_NULL, 0);
		message_memory(&message, MACH_MSG_TYPE_BYTE, 8, PIECE, data, 0);
		EXPECT(message_send(&message), MACH_MSG_SUCCESS);
		allow(PIECE - short_by);
		EXPECT(message_receive(&message, port), code);
		allow_all();
		if (code == MACH_MSG_SUCCESS)
			EXPECT(vm_deallocate(SELF, message.body[3], PIECE), KERN_SUCCESS);
		else
			EXPECT(message.body[3], 0);
		code = MACH_RCV_BODY_ERROR | MACH_MSG_VM_SPACE;
	}
	port_destroy(port);
}

/* A child has its parent's limits and what it inherits, and no more. */
void test_limit_children(void)
{
	vm_size_t current, max, mine, held;
	vm_offset_t address = 0;
	mach_port_t child;

	allow(4 * PAGE_SIZE);
	EXPECT(vm_get_size_limit(SELF, &mine, &max), KERN_SUCCESS);
	EXPECT(task_create(SELF, TRUE, &child), KERN_SUCCESS);
	held = charged_size();
	EXPECT(vm_get_size_limit(child, &current, &max), KERN_SUCCESS);
	EXPECT(current, mine);
	EXPECT(max, first_max);
	EXPECT(vm_allocate(child, &address, mine - held + PAGE_SIZE, TRUE), KERN_NO_SPACE);
	EXPECT(vm_allocate(child, &address, mine - held, TRUE), KERN_SUCCESS);
	EXPECT(vm_allocate(child, &address, 1, TRUE), KERN_NO_SPACE);
	/* A limit below what is there takes nothing away. */
	EXPECT(vm_set_size_limit(tap_host_priv, child, PAGE_SIZE, first_max), KERN_SUCCESS);
	EXPECT(vm_allocate(child, &address, 1, TRUE), KERN_NO_SPACE);
	EXPECT(vm_deallocate(child, 0, 0xc0000000), KERN_SUCCESS);
	EXPECT(vm_allocate(child, &address, 1, TRUE), KERN_SUCCESS);
	EXPECT(vm_allocate(child, &address, 1, TRUE), KERN_NO_SPACE);
	/* Given up for ever, it counts no more. */
	EXPECT(vm_protect(child, address, PAGE_SIZE, TRUE, VM_PROT_NONE), KERN_SUCCESS);
	EXPECT(vm_allocate(child, &address, 1, TRUE), KERN_SUCCESS);
	EXPECT(task_terminate(child), KERN_SUCCESS);
	EXPECT(mach_port_deallocate(SELF, child), KERN_SUCCESS);
	allow_all();
}
