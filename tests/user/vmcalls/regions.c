/* SPDX-License-Identifier: BSD-2-Clause */
/* vm_region_create_proxy: proxies of a task's memory (VM-14). */
#include <libmach/string.h>
#include <mach.h>
#include <mach/gnumach.h>
#include <mach/mach4.h>
#include <mach/memory_object.h>

#include "../common/pager.h"
#include "../common/ports.h"
#include "../common/regions.h"
#include "../common/tap.h"
#include "tests.h"

static vm_offset_t allocate(unsigned int pages)
{
	vm_offset_t address = 0;

	EXPECT(vm_allocate(SELF, &address, pages * PAGE_SIZE, TRUE), KERN_SUCCESS);
	return address;
}

static mach_port_t proxy_of(vm_offset_t address, vm_prot_t max, vm_size_t size)
{
	mach_port_t proxy = MACH_PORT_NULL;

	EXPECT(vm_region_create_proxy(SELF, address, max, size, &proxy), KERN_SUCCESS);
	return proxy;
}

static kern_return_t map(mach_port_t proxy, vm_offset_t offset, vm_size_t size, boolean_t copy,
	vm_offset_t *address)
{
	*address = 0;
	return vm_map(SELF, address, size, 0, TRUE, proxy, offset, copy, VM_PROT_DEFAULT,
		VM_PROT_ALL, VM_INHERIT_COPY);
}

static void unmap(vm_offset_t address, unsigned int pages)
{
	EXPECT(vm_deallocate(SELF, address, pages * PAGE_SIZE), KERN_SUCCESS);
}

/* Untouched memory too: what one mapping writes the other sees, and a copy does not. */
void test_region_proxy(void)
{
	vm_offset_t base = allocate(4), shared, copy;
	mach_port_t proxy = proxy_of(base + PAGE_SIZE, VM_PROT_ALL, 2 * PAGE_SIZE);
	struct region region;

	EXPECT(map(proxy, 0, 2 * PAGE_SIZE, FALSE, &shared), KERN_SUCCESS);
	*(volatile char *) (base + PAGE_SIZE) = 1;
	EXPECT(*(volatile char *) shared, 1);
	*(volatile char *) (shared + PAGE_SIZE) = 2;
	EXPECT(*(volatile char *) (base + 2 * PAGE_SIZE), 2);
	EXPECT(map(proxy, PAGE_SIZE, PAGE_SIZE, TRUE, &copy), KERN_SUCCESS);
	*(volatile char *) (shared + PAGE_SIZE) = 3;
	EXPECT(*(volatile char *) copy, 2);
	*(volatile char *) copy = 4;
	EXPECT(*(volatile char *) (base + 2 * PAGE_SIZE), 3);
	EXPECT(region_find(SELF, shared, &region), KERN_SUCCESS);
	EXPECT(region.protection, VM_PROT_DEFAULT);
	EXPECT(region.max, VM_PROT_ALL);
	EXPECT(region.object, MACH_PORT_NULL);
	unmap(copy, 1);
	unmap(shared, 2);
	EXPECT(mach_port_deallocate(SELF, proxy), KERN_SUCCESS);
	unmap(base, 4);
}

/* Each is an error, and the map stays as it is. */
void test_region_proxy_codes(void)
{
	static struct regions before;
	vm_offset_t base = allocate(4), address;
	mach_port_t host = mach_host_self(), proxy;
	unsigned int i;

	EXPECT(vm_deallocate(SELF, base + PAGE_SIZE, PAGE_SIZE), KERN_SUCCESS);
	EXPECT(vm_protect(SELF, base, PAGE_SIZE, TRUE, VM_PROT_READ), KERN_SUCCESS);
	const struct { vm_offset_t address; vm_size_t size; kern_return_t code; } cases[] = {
		{ base + PAGE_SIZE, PAGE_SIZE, KERN_NO_SPACE },		/* a hole */
		{ base + 3 * PAGE_SIZE, 2 * PAGE_SIZE, KERN_INVALID_ARGUMENT },
		{ base + 3 * PAGE_SIZE, PAGE_SIZE + 1, KERN_INVALID_ARGUMENT },
		{ base, 2 * PAGE_SIZE, KERN_INVALID_ARGUMENT },
		{ base, 0, KERN_INVALID_ARGUMENT },
		{ base + 1, 1, KERN_INVALID_ARGUMENT },
		{ base, 0xc0000000, KERN_INVALID_ARGUMENT },
		{ base, 0xffffffff, KERN_INVALID_ARGUMENT },
		{ base, 0xfffff000, KERN_INVALID_ARGUMENT },
		{ 0xc0000000, PAGE_SIZE, KERN_NO_SPACE },
		{ 0xfffff000, PAGE_SIZE, KERN_NO_SPACE },
		{ 0xfffff000, 0xfffff000, KERN_INVALID_ARGUMENT },
		{ 0, PAGE_SIZE, KERN_NO_SPACE },
	};
	regions_take(SELF, &before);
	for (i = 0; i < COUNT_OF(cases); i++) {
		tap_about("address %x, size %x", cases[i].address, cases[i].size);
		EXPECT(vm_region_create_proxy(SELF, cases[i].address, VM_PROT_ALL, cases[i].size,
			&proxy), cases[i].code);
		regions_expect(SELF, &before);
	}
	tap_about("%s", "");
	EXPECT(vm_region_create_proxy(host, base, VM_PROT_ALL, PAGE_SIZE, &proxy),
		KERN_INVALID_ARGUMENT);
	EXPECT(mach_port_deallocate(SELF, host), KERN_SUCCESS);
	/* The region's maximum protection is the proxy's; and never more than the proxy's own. */
	proxy = proxy_of(base, 0xff, PAGE_SIZE);
	EXPECT(map(proxy, 0, PAGE_SIZE, FALSE, &address), KERN_SUCCESS);
	EXPECT(vm_protect(SELF, address, PAGE_SIZE, FALSE, VM_PROT_DEFAULT),
		KERN_PROTECTION_FAILURE);
	unmap(address, 1);
	EXPECT(mach_port_deallocate(SELF, proxy), KERN_SUCCESS);
	proxy = proxy_of(base + 2 * PAGE_SIZE, VM_PROT_WRITE, PAGE_SIZE);
	EXPECT(map(proxy, 0, PAGE_SIZE, TRUE, &address), KERN_PROTECTION_FAILURE);
	EXPECT(map(proxy, 0, PAGE_SIZE + 1, FALSE, &address), KERN_INVALID_ARGUMENT);
	EXPECT(map(proxy, PAGE_SIZE, PAGE_SIZE, FALSE, &address), KERN_INVALID_ARGUMENT);
	EXPECT(map(proxy, 0xfffff000, PAGE_SIZE, FALSE, &address), KERN_INVALID_ARGUMENT);
	EXPECT(map(proxy, 0xfffff000, 2 * PAGE_SIZE, FALSE, &address), KERN_INVALID_ARGUMENT);
	EXPECT(mach_port_deallocate(SELF, proxy), KERN_SUCCESS);
	unmap(base, 4);
}

/* The memory stays as long as the proxy; another task's region does too, when that has ended. */
void test_region_proxy_life(void)
{
	vm_offset_t base = allocate(2), address = 0x400000;
	mach_port_t proxy, child;

	memset((void *) base, 7, 2 * PAGE_SIZE);
	proxy = proxy_of(base, VM_PROT_ALL, 2 * PAGE_SIZE);
	unmap(base, 2);
	EXPECT(map(proxy, PAGE_SIZE, PAGE_SIZE, FALSE, &base), KERN_SUCCESS);
	EXPECT(*(volatile char *) base, 7);
	EXPECT(mach_port_deallocate(SELF, proxy), KERN_SUCCESS);
	EXPECT(*(volatile char *) (base + PAGE_SIZE - 1), 7);
	unmap(base, 1);
	EXPECT(task_create(SELF, FALSE, &child), KERN_SUCCESS);
	EXPECT(vm_allocate(child, &address, PAGE_SIZE, FALSE), KERN_SUCCESS);
	EXPECT(vm_region_create_proxy(child, address, VM_PROT_ALL, PAGE_SIZE, &proxy),
		KERN_SUCCESS);
	EXPECT(map(proxy, 0, PAGE_SIZE, FALSE, &base), KERN_SUCCESS);
	*(volatile char *) base = 9;
	EXPECT(task_terminate(child), KERN_SUCCESS);
	EXPECT(vm_region_create_proxy(child, address, VM_PROT_ALL, PAGE_SIZE, &proxy),
		MACH_SEND_INVALID_DEST);
	EXPECT(mach_port_deallocate(SELF, child), KERN_SUCCESS);
	EXPECT(*(volatile char *) base, 9);
	unmap(base, 1);
	EXPECT(mach_port_deallocate(SELF, proxy), KERN_SUCCESS);
}

/* Narrower, and of no more protection. */
void test_region_proxy_nested(void)
{
	vm_offset_t base = allocate(4), address, zero = 0, start = PAGE_SIZE;
	mach_port_t inner = proxy_of(base + PAGE_SIZE, VM_PROT_READ, 2 * PAGE_SIZE), outer;
	vm_size_t size = 8 * PAGE_SIZE;

	*(volatile char *) (base + 2 * PAGE_SIZE) = 5;
	EXPECT(memory_object_create_proxy(SELF, VM_PROT_ALL, &inner, MACH_MSG_TYPE_COPY_SEND, 1,
		&zero, 1, &start, 1, &size, 1, &outer), KERN_SUCCESS);
	EXPECT(mach_port_deallocate(SELF, inner), KERN_SUCCESS);
	EXPECT(map(outer, PAGE_SIZE, PAGE_SIZE, FALSE, &address), KERN_INVALID_ARGUMENT);
	EXPECT(map(outer, 0, 2 * PAGE_SIZE, FALSE, &address), KERN_INVALID_ARGUMENT);
	EXPECT(map(outer, 0, PAGE_SIZE, FALSE, &address), KERN_SUCCESS);
	EXPECT(*(volatile char *) address, 5);
	EXPECT(vm_protect(SELF, address, PAGE_SIZE, FALSE, VM_PROT_DEFAULT),
		KERN_PROTECTION_FAILURE);
	unmap(address, 1);
	EXPECT(mach_port_deallocate(SELF, outer), KERN_SUCCESS);
	unmap(base, 4);
}

/* Memory with a pager: the same object, as long as the proxy is there. */
void test_region_proxy_paged(void)
{
	struct object object;
	vm_offset_t base = object_map_new(&object, 3), address;
	struct region region;
	mach_port_t proxy;

	object_ready(&object, FALSE, MEMORY_OBJECT_COPY_DELAY);
	page_in(&object, base, 2 * PAGE_SIZE, 4);
	proxy = proxy_of(base + PAGE_SIZE, VM_PROT_ALL, 2 * PAGE_SIZE);
	EXPECT(vm_deallocate(SELF, base, 3 * PAGE_SIZE), KERN_SUCCESS);
	expect_quiet(&object);
	EXPECT(map(proxy, PAGE_SIZE, PAGE_SIZE, FALSE, &address), KERN_SUCCESS);
	EXPECT(*(volatile char *) address, 4);
	EXPECT(region_find(SELF, address, &region), KERN_SUCCESS);
	EXPECT(region.object, object.name);
	EXPECT(region.offset, 2 * PAGE_SIZE);
	EXPECT(mach_port_deallocate(SELF, proxy), KERN_SUCCESS);
	object_unmap_last(&object, address, 1);
}

/* The task pays for its memory that proxies hold, also when it has given it up itself. */
void test_region_proxy_paid(void)
{
	const vm_size_t size = 16 * PAGE_SIZE;
	vm_offset_t base[3] = { allocate(16), allocate(16), allocate(16) }, paged;
	mach_port_t proxy[2], other = MACH_PORT_NULL;
	vm_size_t current, max;
	struct object object;

	paged = object_map_new(&object, 1);
	object_ready(&object, FALSE, MEMORY_OBJECT_COPY_DELAY);
	EXPECT(vm_get_size_limit(SELF, &current, &max), KERN_SUCCESS);
	EXPECT(vm_set_size_limit(tap_host_priv, SELF, 2 * size, max), KERN_SUCCESS);
	for (unsigned int i = 0; i < 2; i++)
		proxy[i] = proxy_of(base[i], VM_PROT_ALL, size);
	EXPECT(vm_region_create_proxy(SELF, base[2], VM_PROT_ALL, 1, &other), KERN_NO_SPACE);
	unmap(base[0], 16);
	EXPECT(vm_region_create_proxy(SELF, base[2], VM_PROT_ALL, 1, &other), KERN_NO_SPACE);
	/* This memory is its pager's. */
	other = proxy_of(paged, VM_PROT_ALL, PAGE_SIZE);
	EXPECT(mach_port_deallocate(SELF, other), KERN_SUCCESS);
	EXPECT(mach_port_deallocate(SELF, proxy[0]), KERN_SUCCESS);
	proxy[0] = proxy_of(base[2], VM_PROT_ALL, size);
	EXPECT(vm_set_size_limit(tap_host_priv, SELF, current, max), KERN_SUCCESS);
	EXPECT(mach_port_deallocate(SELF, proxy[0]), KERN_SUCCESS);
	EXPECT(mach_port_deallocate(SELF, proxy[1]), KERN_SUCCESS);
	unmap(base[1], 16);
	unmap(base[2], 16);
	object_unmap_last(&object, paged, 1);
}
