/* SPDX-License-Identifier: BSD-2-Clause */
/* Proxies: windows of memory objects. */
#include <mach.h>
#include <mach/mach4.h>
#include <mach/memory_object.h>
#include <mach/notify.h>

#include "../common/pager.h"
#include "../common/ports.h"
#include "../common/snapshot.h"
#include "../common/tap.h"
#include "tests.h"

static kern_return_t create(mach_port_t object, vm_prot_t prot, vm_offset_t start, vm_size_t size,
	mach_port_t *proxy)
{
	vm_offset_t zero = 0;

	return memory_object_create_proxy(SELF, prot, &object, MACH_MSG_TYPE_COPY_SEND, 1, &zero,
		1, &start, 1, &size, 1, proxy);
}

static mach_port_t proxy_of(mach_port_t object, vm_prot_t prot, vm_offset_t start, vm_size_t size)
{
	mach_port_t proxy = MACH_PORT_NULL;

	EXPECT(create(object, prot, start, size, &proxy), KERN_SUCCESS);
	return proxy;
}

static kern_return_t map(mach_port_t proxy, vm_offset_t offset, vm_size_t size, boolean_t copy,
	vm_offset_t *address)
{
	*address = 0;
	return vm_map(SELF, address, size, 0, TRUE, proxy, offset, copy, VM_PROT_DEFAULT,
		VM_PROT_DEFAULT, VM_INHERIT_COPY);
}

static void expect_region(vm_offset_t address, vm_prot_t cur, vm_prot_t max, vm_offset_t offset)
{
	vm_size_t size;
	vm_prot_t protection, max_protection;
	vm_inherit_t inheritance;
	boolean_t shared;
	mach_port_t name;
	vm_offset_t at;

	EXPECT(vm_region(SELF, &address, &size, &protection, &max_protection, &inheritance,
		&shared, &name, &at), KERN_SUCCESS);
	EXPECT(protection, cur);
	EXPECT(max_protection, max);
	EXPECT(at, offset);
	if (name != MACH_PORT_NULL)
		EXPECT(mach_port_deallocate(SELF, name), KERN_SUCCESS);
}

void test_proxy_codes(void)
{
	mach_port_t port = port_new_with_send(1), dead = port_new_dead(), proxy;
	mach_port_t host = mach_host_self();
	vm_offset_t zero = 0, one = PAGE_SIZE, two[2] = { 0, 0 };
	vm_size_t size = PAGE_SIZE;
	mach_port_t both[2] = { port, port };

	EXPECT(create(MACH_PORT_NULL, 7, 0, PAGE_SIZE, &proxy), KERN_INVALID_NAME);
	EXPECT(create(dead, 7, 0, PAGE_SIZE, &proxy), KERN_INVALID_NAME);
	EXPECT(create(port, 7, 0xfffff000, 0x2000, &proxy), KERN_INVALID_ARGUMENT);
	EXPECT(memory_object_create_proxy(host, 7, &port, MACH_MSG_TYPE_COPY_SEND, 1, &zero, 1,
		&zero, 1, &size, 1, &proxy), KERN_INVALID_TASK);
	EXPECT(memory_object_create_proxy(SELF, 7, &port, MACH_MSG_TYPE_COPY_SEND, 1, &one, 1,
		&zero, 1, &size, 1, &proxy), KERN_INVALID_ARGUMENT);
	EXPECT(memory_object_create_proxy(SELF, 7, both, MACH_MSG_TYPE_COPY_SEND, 2, two, 2,
		two, 2, two, 2, &proxy), KERN_INVALID_ARGUMENT);
	EXPECT(memory_object_create_proxy(SELF, 7, &port, MACH_MSG_TYPE_COPY_SEND, 0, &zero, 0,
		&zero, 0, &size, 0, &proxy), KERN_INVALID_ARGUMENT);
	EXPECT(memory_object_create_proxy(SELF, 7, &port, MACH_MSG_TYPE_COPY_SEND, 1, two, 2,
		&zero, 1, &size, 1, &proxy), KERN_INVALID_ARGUMENT);
	EXPECT(mach_port_deallocate(SELF, host), KERN_SUCCESS);
	port_destroy(dead);
	port_destroy(port);
}

/* MO-1: no offset and size lead out of the window. */
void test_proxy_window(void)
{
	static const struct { vm_offset_t offset; vm_size_t size; } outside[] = {
		{ 0xffffb000, 0x1000 }, { 0x1000, 0x1000 }, { 0, 0x1001 }, { 0, 0x2000 },
		{ 0xfffff000, 0x1000 }, { 0xfffff000, 0x2000 }, { 0, 0xfffff000 },
		{ 0x80000000, 0x80000000 }, { 0x1000, 0xfffff000 },
	};
	struct object object;
	struct toucher toucher;
	mach_port_t proxy;
	vm_offset_t address;
	unsigned int i;

	object_new(&object);
	proxy = proxy_of(object.port, VM_PROT_ALL, 0x5000, 0x1000);
	for (i = 0; i < COUNT_OF(outside); i++) {
		tap_about("offset %x, size %x", outside[i].offset, outside[i].size);
		EXPECT(map(proxy, outside[i].offset, outside[i].size, FALSE, &address),
			KERN_INVALID_ARGUMENT);
	}
	tap_about("%s", "");
	EXPECT(map(proxy, 0, 0x1000, FALSE, &address), KERN_SUCCESS);
	expect_init(&object);
	object_ready(&object, FALSE, MEMORY_OBJECT_COPY_DELAY);
	touch_start(&toucher, address, FALSE, 0);
	expect_request(&object, 2203, 0x5000, VM_PROT_READ);
	EXPECT(supply(&object, 0x5000, 5, VM_PROT_NONE, FALSE, MACH_PORT_NULL), KERN_SUCCESS);
	EXPECT(touch_end(&toucher), 5);
	EXPECT(mach_port_deallocate(SELF, proxy), KERN_SUCCESS);
	object_unmap_last(&object, address, 1);
}

/* MO-2: the proxies under a proxy count as well.  MO-3: what a proxy does to protections. */
void test_proxy_protection(void)
{
	struct object object;
	mach_port_t inner, outer, blind;
	vm_offset_t address, other;

	object_new(&object);
	inner = proxy_of(object.port, VM_PROT_READ, 0x2000, 0x2000);
	outer = proxy_of(inner, VM_PROT_ALL, 0x1000, 0x8000);
	blind = proxy_of(object.port, VM_PROT_WRITE, 0, 0x1000);
	EXPECT(map(outer, 0x1000, 0x1000, FALSE, &address), KERN_INVALID_ARGUMENT);
	EXPECT(map(outer, 0, 0x1000, FALSE, &address), KERN_SUCCESS);
	expect_init(&object);
	object_ready(&object, FALSE, MEMORY_OBJECT_COPY_DELAY);
	expect_region(address, VM_PROT_READ, VM_PROT_READ, 0x3000);
	EXPECT(vm_protect(SELF, address, 0x1000, FALSE, VM_PROT_DEFAULT), KERN_PROTECTION_FAILURE);
	EXPECT(vm_protect(SELF, address, 0x1000, TRUE, VM_PROT_DEFAULT), KERN_PROTECTION_FAILURE);
	EXPECT(map(blind, 0, 0x1000, TRUE, &other), KERN_PROTECTION_FAILURE);
	EXPECT(map(outer, 0, 0x1000, TRUE, &other), KERN_SUCCESS);
	expect_region(other, VM_PROT_DEFAULT, VM_PROT_DEFAULT, 0);
	EXPECT(vm_deallocate(SELF, other, PAGE_SIZE), KERN_SUCCESS);
	EXPECT(mach_port_deallocate(SELF, inner), KERN_SUCCESS);
	EXPECT(mach_port_deallocate(SELF, outer), KERN_SUCCESS);
	EXPECT(mach_port_deallocate(SELF, blind), KERN_SUCCESS);
	object_unmap_last(&object, address, 1);
}

/* MO-4: a proxy of a proxy of ... refers to the object itself. */
void test_proxy_chain(void)
{
	mach_port_t port = port_new_with_send(1), proxy, next;
	unsigned int i, rights = snapshot_send_rights(port);

	proxy = proxy_of(port, VM_PROT_ALL, 0, 0x10000);
	for (i = 0; i < tap_rounds(1000, 10000); i++) {
		next = proxy_of(proxy, VM_PROT_ALL, 0, 0x10000);
		EXPECT(mach_port_deallocate(SELF, proxy), KERN_SUCCESS);
		proxy = next;
	}
	EXPECT(snapshot_send_rights(port), rights + 1);
	EXPECT(mach_port_deallocate(SELF, proxy), KERN_SUCCESS);
	EXPECT(snapshot_send_rights(port), rights);
	port_destroy(port);
}

/* PR-8: no right is kept.  ND-3: nor memory. */
static mach_port_t churn_port;

static void churn(void)
{
	unsigned int i;

	for (i = 0; i < 50; i++)
		EXPECT(mach_port_deallocate(SELF,
			proxy_of(churn_port, VM_PROT_ALL, 0, PAGE_SIZE)), KERN_SUCCESS);
}

void test_proxy_churn(void)
{
	mach_port_t notify = port_new();
	mach_port_mscount_t mscount;

	churn_port = port_new_with_send(1);
	EXPECT(port_request(churn_port, MACH_NOTIFY_NO_SENDERS, 2, notify), KERN_SUCCESS);
	snapshot_conserved(churn, tap_rounds(20, 2000));
	EXPECT(snapshot_send_rights(churn_port), 1);
	EXPECT_TRUE(queue_is_empty(notify));
	mscount = port_status(churn_port).mps_mscount;
	EXPECT(mach_port_mod_refs(SELF, churn_port, MACH_PORT_RIGHT_SEND, -1), KERN_SUCCESS);
	EXPECT_TRUE(notification_is(notify, MACH_NOTIFY_NO_SENDERS, mscount));
	EXPECT_TRUE(queue_is_empty(notify));
	port_destroy(churn_port);
	port_destroy(notify);
}
