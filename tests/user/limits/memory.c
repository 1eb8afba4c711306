/* SPDX-License-Identifier: BSD-2-Clause */
/* What memory takes of the kernel's, and memory that is on its way. */
#include <mach.h>
#include <mach/gnumach.h>
#include <mach/mach4.h>
#include <mach/porter.h>
#include <mach/vm_param.h>

#include "../common/messages.h"
#include "../common/ports.h"
#include "../common/tap.h"
#include "tests.h"

#define SELF	mach_task_self()
#define PAGES	64u
#define MORE	9u		/* entries that the limit leaves */

static natural_t entries_of(mach_port_t task)
{
	natural_t entries, limit;

	EXPECT(vm_get_entry_limit(task, &entries, &limit), KERN_SUCCESS);
	return entries;
}

static natural_t limit_of(mach_port_t task)
{
	natural_t entries, limit;

	EXPECT(vm_get_entry_limit(task, &entries, &limit), KERN_SUCCESS);
	return limit;
}

static kern_return_t split(mach_port_t task, vm_address_t base, unsigned int page)
{
	return vm_inherit(task, base + page * PAGE_SIZE, PAGE_SIZE, VM_INHERIT_NONE);
}

static void test_entry_arguments(mach_port_t task, natural_t before)
{
	mach_port_t host = mach_host_self();
	natural_t entries;

	EXPECT(vm_set_entry_limit(host, task, 5), KERN_INVALID_HOST);
	EXPECT(vm_set_entry_limit(tap_host_priv, host, 5), KERN_INVALID_TASK);
	EXPECT(vm_get_entry_limit(host, &entries, &entries), KERN_INVALID_TASK);
	EXPECT(limit_of(task), before);
	port_destroy(host);
}

/* Splitting ends with an error that changes nothing; giving up whole entries always works. */
void test_entries(void)
{
	mach_port_t task, child;
	natural_t before = limit_of(SELF);
	vm_address_t base = 0, other = 0;
	unsigned int done = 0;

	EXPECT(task_create(SELF, FALSE, &task), KERN_SUCCESS);
	EXPECT(limit_of(task), before);
	test_entry_arguments(task, before);
	EXPECT(entries_of(task), 0);
	EXPECT(vm_allocate(task, &base, PAGES * PAGE_SIZE, TRUE), KERN_SUCCESS);
	EXPECT(vm_set_entry_limit(tap_host_priv, task, 1 + MORE), KERN_SUCCESS);
	while (done < PAGES / 2 && split(task, base, 2 * done + 1) == KERN_SUCCESS)
		done++;
	EXPECT(done, MORE / 2);
	EXPECT(split(task, base, 2 * done + 1), KERN_RESOURCE_SHORTAGE);
	EXPECT(entries_of(task), 1 + 2 * done);
	EXPECT(vm_protect(task, base + 40 * PAGE_SIZE, PAGE_SIZE, FALSE, VM_PROT_READ),
		KERN_RESOURCE_SHORTAGE);
	EXPECT(vm_deallocate(task, base + 40 * PAGE_SIZE, PAGE_SIZE), KERN_RESOURCE_SHORTAGE);
	EXPECT(vm_map(task, &other, PAGE_SIZE, 0, TRUE, MACH_PORT_NULL, 0, FALSE, VM_PROT_READ,
		VM_PROT_READ, VM_INHERIT_SHARE), KERN_SUCCESS);
	EXPECT(entries_of(task), 1 + MORE);
	EXPECT(vm_map(task, &other, PAGE_SIZE, 0, TRUE, MACH_PORT_NULL, 0, FALSE, VM_PROT_NONE,
		VM_PROT_NONE, VM_INHERIT_SHARE), KERN_RESOURCE_SHORTAGE);
	EXPECT(task_create(task, TRUE, &child), KERN_SUCCESS);
	EXPECT(limit_of(child), 1 + MORE);
	EXPECT(vm_deallocate(task, base, PAGES * PAGE_SIZE), KERN_SUCCESS);
	EXPECT(entries_of(task), 1);
	EXPECT(task_terminate(child), KERN_SUCCESS);
	EXPECT(task_terminate(task), KERN_SUCCESS);
	mach_port_deallocate(SELF, child);
	mach_port_deallocate(SELF, task);
}

/* --- memory on its way ------------------------------------------------------------------------- */

static struct message message;

static mach_msg_return_t send_memory(mach_port_t port, vm_address_t address, vm_size_t size,
	uint32_t deallocate)
{
	message_init(&message, port, MACH_MSG_TYPE_MAKE_SEND, MACH_PORT_NULL, 0);
	message_memory(&message, MACH_MSG_TYPE_BYTE, 8, size, (const void *) address, deallocate);
	return message_send(&message);
}

#define PORT_LEAST	64u	/* bytes of a port */
#define LEFT		2000u	/* that the limit leaves */

static kern_return_t make_proxy(mach_port_t object, mach_port_t *proxy)
{
	vm_offset_t zero = 0;
	vm_size_t size = PAGE_SIZE;

	return memory_object_create_proxy(SELF, VM_PROT_ALL, &object, MACH_MSG_TYPE_COPY_SEND, 1,
		&zero, 1, &zero, 1, &size, 1, proxy);
}

/* KM-3: who makes proxies pays for their ports, and can have no more than its limit allows. */
void test_proxies_paid(void)
{
	struct ipc_limits limits = limits_of(SELF);
	mach_port_t object = port_new_with_send(1), proxy[LEFT / PORT_LEAST];
	natural_t before = usage_of(SELF).iu_memory;
	unsigned int count = 0;

	set_memory(SELF, before + LEFT);
	while (count < COUNT_OF(proxy) && make_proxy(object, &proxy[count]) == KERN_SUCCESS)
		count++;
	set_limits(SELF, limits);
	EXPECT_TRUE(count > 0 && count < COUNT_OF(proxy));
	EXPECT_TRUE(usage_of(SELF).iu_memory >= before + count * PORT_LEAST);
	while (count-- > 0)
		port_destroy(proxy[count]);
	EXPECT_TRUE(usage_of(SELF).iu_memory < before + LEFT);
	port_destroy(object);
}

/* KM-3: who maps a memory object first pays for its two ports. */
void test_objects_paid(void)
{
	mach_port_t object = port_new_with_send(1);
	natural_t before = usage_of(SELF).iu_memory;
	vm_address_t address = 0;

	EXPECT(vm_map(SELF, &address, PAGE_SIZE, 0, TRUE, object, 0, FALSE, VM_PROT_DEFAULT,
		VM_PROT_DEFAULT, VM_INHERIT_NONE), KERN_SUCCESS);
	/* And for the first message. */
	EXPECT(message_receive(&message, object), MACH_MSG_SUCCESS);
	mach_msg_destroy(&message.header);
	EXPECT_TRUE(usage_of(SELF).iu_memory >= before + 2 * PORT_LEAST);
	EXPECT(vm_deallocate(SELF, address, PAGE_SIZE), KERN_SUCCESS);
	EXPECT(message_receive(&message, object), MACH_MSG_SUCCESS);
	mach_msg_destroy(&message.header);
	port_destroy(object);
	EXPECT_TRUE(usage_of(SELF).iu_memory <= before);
}

/*
 * KM-1: a task may have sent as much memory that nobody has received as it may have itself, copied
 * or moved; what was received, or destroyed, counts no more.
 */
void test_memory_sent(void)
{
	vm_size_t current, maximum, size = 256 * PAGE_SIZE;
	mach_port_t port = port_new();
	vm_address_t memory = 0;
	unsigned int sent;

	EXPECT(vm_get_size_limit(SELF, &current, &maximum), KERN_SUCCESS);
	EXPECT(vm_allocate(SELF, &memory, size, TRUE), KERN_SUCCESS);
	EXPECT(vm_set_size_limit(tap_host_priv, SELF, 4 * size, maximum), KERN_SUCCESS);
	for (int round = 0; round < 2; round++) {
		for (sent = 0; sent < 4; sent++)
			EXPECT(send_memory(port, memory, size, 0), MACH_MSG_SUCCESS);
		EXPECT(send_memory(port, memory, size, 0), MACH_SEND_INVALID_MEMORY);
		EXPECT(send_memory(port, memory, size, TYPE_DEALLOCATE),
			MACH_SEND_INVALID_MEMORY);
		EXPECT(vm_copy(SELF, memory, PAGE_SIZE, memory + PAGE_SIZE), KERN_NO_SPACE);
		EXPECT(message_receive(&message, port), MACH_MSG_SUCCESS);
		EXPECT(vm_deallocate(SELF, message.body[3], size), KERN_SUCCESS);
		EXPECT(send_memory(port, memory, size, 0), MACH_MSG_SUCCESS);
		port_destroy(port);
		port = port_new();
	}
	EXPECT(vm_set_size_limit(tap_host_priv, SELF, current, maximum), KERN_SUCCESS);
	EXPECT(vm_deallocate(SELF, memory, size), KERN_SUCCESS);
	port_destroy(port);
}
