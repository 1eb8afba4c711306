/* SPDX-License-Identifier: BSD-2-Clause */
/* MO-3: what a proxy allows is the most that any mapping through it is ever allowed. */
#include <mach.h>
#include <mach/mach4.h>
#include <mach/memory_object.h>

#include "../common/messages.h"
#include "../common/pager.h"
#include "../common/ports.h"
#include "../common/regions.h"
#include "../common/tap.h"
#include "tests.h"

static struct object object;

static mach_port_t proxy_of(vm_prot_t prot)
{
	mach_port_t proxy = MACH_PORT_NULL;
	vm_offset_t zero = 0;
	vm_size_t size = PAGE_SIZE;

	EXPECT(memory_object_create_proxy(SELF, prot, &object.port, MACH_MSG_TYPE_COPY_SEND, 1,
		&zero, 1, &zero, 1, &size, 1, &proxy), KERN_SUCCESS);
	return proxy;
}

static void expect_protections(mach_port_t task, vm_offset_t address, vm_prot_t current,
	vm_prot_t max)
{
	struct region region;

	EXPECT(region_find(task, address, &region), KERN_SUCCESS);
	EXPECT(region.address, address);
	EXPECT(region.protection, current);
	EXPECT(region.max, max);
}

/* Nothing raises it later: not vm_protect, nor a child. */
static void expect_capped(vm_offset_t address, vm_prot_t current, vm_prot_t max)
{
	for (unsigned int set_max = 0; set_max < 2; set_max++)
		for (vm_prot_t prot = 0; prot <= VM_PROT_ALL; prot++)
			if ((prot & ~max) != 0)
				EXPECT(vm_protect(SELF, address, PAGE_SIZE, set_max, prot),
					KERN_PROTECTION_FAILURE);
	expect_protections(SELF, address, current, max);
}

static void try_mapping(mach_port_t proxy, vm_prot_t prot, vm_prot_t current, vm_prot_t max)
{
	vm_offset_t address = 0;

	tap_about("proxy %d, current %d, maximum %d", prot, current, max);
	EXPECT(vm_map(SELF, &address, PAGE_SIZE, 0, TRUE, proxy, 0, FALSE, current, max,
		VM_INHERIT_COPY), KERN_SUCCESS);
	expect_capped(address, current & prot, max & prot);
	EXPECT(vm_deallocate(SELF, address, PAGE_SIZE), KERN_SUCCESS);
	address = 0;
	if (prot & VM_PROT_READ) {
		EXPECT(vm_map(SELF, &address, PAGE_SIZE, 0, TRUE, proxy, 0, TRUE, current, max,
			VM_INHERIT_COPY), KERN_SUCCESS);
		expect_protections(SELF, address, current, max);
		EXPECT(vm_deallocate(SELF, address, PAGE_SIZE), KERN_SUCCESS);
	} else {
		EXPECT(vm_map(SELF, &address, PAGE_SIZE, 0, TRUE, proxy, 0, TRUE, current, max,
			VM_INHERIT_COPY), KERN_PROTECTION_FAILURE);
	}
}

void test_all_protections(void)
{
	vm_offset_t base = object_map_new(&object, 1);
	mach_port_t proxy;

	object_ready(&object, FALSE, MEMORY_OBJECT_COPY_DELAY);
	for (vm_prot_t prot = 0; prot <= VM_PROT_ALL; prot++) {
		proxy = proxy_of(prot);
		for (vm_prot_t current = 0; current <= VM_PROT_ALL; current++)
			for (vm_prot_t max = 0; max <= VM_PROT_ALL; max++)
				try_mapping(proxy, prot, current, max);
		EXPECT(mach_port_deallocate(SELF, proxy), KERN_SUCCESS);
	}
	tap_about("%s", "");
	object_unmap_last(&object, base, 1);
}

/* Inherited, sent, and written to by the kernel: the object never changes. */
void test_capped_elsewhere(void)
{
	static char page[PAGE_SIZE] __attribute__((aligned(PAGE_SIZE))) = { 99 };
	static struct message message;
	mach_port_t proxy, port = port_new_with_send(1), child;
	vm_offset_t base = object_map_new(&object, 1), address = 0;

	object_ready(&object, FALSE, MEMORY_OBJECT_COPY_DELAY);
	page_in(&object, base, 0, 1);
	proxy = proxy_of(VM_PROT_READ);
	EXPECT(vm_map(SELF, &address, PAGE_SIZE, 0, TRUE, proxy, 0, FALSE, VM_PROT_ALL,
		VM_PROT_ALL, VM_INHERIT_SHARE), KERN_SUCCESS);
	for (vm_inherit_t inherit = VM_INHERIT_SHARE; inherit <= VM_INHERIT_COPY; inherit++) {
		EXPECT(vm_inherit(SELF, address, PAGE_SIZE, inherit), KERN_SUCCESS);
		EXPECT(task_create(SELF, TRUE, &child), KERN_SUCCESS);
		expect_protections(child, address, VM_PROT_READ, VM_PROT_READ);
		EXPECT(vm_protect(child, address, PAGE_SIZE, FALSE, VM_PROT_DEFAULT),
			KERN_PROTECTION_FAILURE);
		EXPECT(vm_write(child, address, (vm_offset_t) page, PAGE_SIZE),
			KERN_PROTECTION_FAILURE);
		EXPECT(task_terminate(child), KERN_SUCCESS);
		EXPECT(mach_port_deallocate(SELF, child), KERN_SUCCESS);
	}
	EXPECT(vm_write(SELF, address, (vm_offset_t) page, PAGE_SIZE), KERN_PROTECTION_FAILURE);
	EXPECT(vm_copy(SELF, (vm_offset_t) page, PAGE_SIZE, address), KERN_PROTECTION_FAILURE);
	/* Out of line it is a copy, to do with as one likes. */
	message_init(&message, port, MACH_MSG_TYPE_COPY_SEND, MACH_PORT_NULL, 0);
	message_memory(&message, MACH_MSG_TYPE_BYTE, 8, PAGE_SIZE, (void *) address, 0);
	EXPECT(message_send(&message), MACH_MSG_SUCCESS);
	EXPECT(message_receive(&message, port), MACH_MSG_SUCCESS);
	expect_protections(SELF, message.body[3], VM_PROT_DEFAULT, VM_PROT_ALL);
	EXPECT(vm_write(SELF, message.body[3], (vm_offset_t) page, PAGE_SIZE), KERN_SUCCESS);
	*(volatile char *) message.body[3] = 5;
	EXPECT(*(volatile char *) address, 1);
	EXPECT(*(volatile char *) base, 1);
	EXPECT(vm_deallocate(SELF, message.body[3], PAGE_SIZE), KERN_SUCCESS);
	/* Given away it is a copy too: the object is still what it was. */
	message_init(&message, port, MACH_MSG_TYPE_COPY_SEND, MACH_PORT_NULL, 0);
	message_memory(&message, MACH_MSG_TYPE_BYTE, 8, PAGE_SIZE, (void *) address,
		TYPE_DEALLOCATE);
	EXPECT(message_send(&message), MACH_MSG_SUCCESS);
	EXPECT(message_receive(&message, port), MACH_MSG_SUCCESS);
	*(volatile char *) message.body[3] = 7;
	EXPECT(*(volatile char *) base, 1);
	EXPECT(vm_deallocate(SELF, message.body[3], PAGE_SIZE), KERN_SUCCESS);
	EXPECT(mach_port_deallocate(SELF, proxy), KERN_SUCCESS);
	port_destroy(port);
	object_unmap_last(&object, base, 1);	/* nothing to return */
}
