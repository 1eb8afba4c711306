/* SPDX-License-Identifier: BSD-2-Clause */
/* The arguments that are no ranges: masks, protections, inheritance, offsets; and the wrong ports. */
#include <libmach/string.h>
#include <mach.h>
#include <mach/gnumach.h>
#include <mach/mach_host.h>
#include <mach/memory_object.h>

#include "../common/pager.h"
#include "../common/ports.h"
#include "../common/tap.h"
#include "sweep.h"
#include "tests.h"

static const uint32_t flags[] = {
	0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0xf, 0x10, 0x13, 0x17, 0x18, 0x20, 0x80, 0x107,
	0x40000000, 0x7fffffff, 0x80000000, 0x80000003, 0xfffffff8, 0xffffffff,
};

static kern_return_t map(mach_port_t task, vm_offset_t *address, vm_offset_t mask,
	boolean_t anywhere, vm_prot_t current, vm_prot_t max, vm_inherit_t inheritance)
{
	return vm_map(task, address, PAGE_SIZE, mask, anywhere, MACH_PORT_NULL, 0, FALSE, current,
		max, inheritance);
}

/* VM-4: each mask at a free place and at a chosen one. */
void test_masks(void)
{
	static const vm_offset_t places[] = { 0x1000, 0x10000, 0x1000000, 0x40000000, 0x80001000 };
	static struct regions before;
	mach_port_t task = sweep_task(&before);
	unsigned int i, j;

	for (i = 0; i < sweep_number_count + 33; i++) {
		vm_offset_t mask = i < sweep_number_count ? sweep_numbers[i]
			: (1ull << (i - sweep_number_count)) - 1;
		boolean_t contiguous = (mask & (mask + 1)) == 0;
		vm_offset_t address = 5;
		kern_return_t result = map(task, &address, mask, TRUE, 3, 7, 1);

		tap_about("mask %x", mask);
		if (result == KERN_SUCCESS) {
			EXPECT_TRUE(contiguous);
			EXPECT(address & (mask | (PAGE_SIZE - 1)), 0);
			EXPECT(vm_deallocate(task, address, PAGE_SIZE), KERN_SUCCESS);
		} else {
			EXPECT(result, KERN_NO_SPACE);
			/* Above the lowest page only 0x80000000 has few enough bits. */
			EXPECT_TRUE(!contiguous || mask >= 0x7fffffff);
			EXPECT(address, 5);
		}
		for (j = 0; j < COUNT_OF(places); j++) {
			boolean_t fits = contiguous && (places[j] & mask) == 0;

			address = places[j];
			EXPECT(map(task, &address, mask, FALSE, 3, 7, 1),
				fits ? KERN_SUCCESS : KERN_NO_SPACE);
			EXPECT(address, places[j]);
			if (fits)
				EXPECT(vm_deallocate(task, address, PAGE_SIZE), KERN_SUCCESS);
		}
		regions_expect(task, &before);
	}
	tap_about("%s", "");
	sweep_end(task);
}

/* All protections and inheritances of vm_map, vm_protect and vm_inherit. */
void test_flags(void)
{
	static struct regions before;
	mach_port_t task = sweep_task(&before);
	struct region region;
	unsigned int i, j;

	for (i = 0; i < COUNT_OF(flags); i++) {
		for (j = 0; j < COUNT_OF(flags); j++) {
			vm_offset_t address = 0x1000000;
			boolean_t right = ((flags[i] | flags[j]) & ~7u) == 0;

			tap_about("protections %x and %x", flags[i], flags[j]);
			EXPECT(map(task, &address, 0, FALSE, flags[i], flags[j], 1),
				right ? KERN_SUCCESS : KERN_INVALID_ARGUMENT);
			if (right) {
				EXPECT(region_find(task, address, &region), KERN_SUCCESS);
				EXPECT(region.protection, flags[i]);
				EXPECT(region.max, flags[j]);
				EXPECT(vm_deallocate(task, address, PAGE_SIZE), KERN_SUCCESS);
			}
		}
		tap_about("flags %x", flags[i]);
		vm_offset_t address = 0x1000000;
		EXPECT(map(task, &address, 0, FALSE, 3, 7, flags[i]),
			flags[i] <= 2 ? KERN_SUCCESS : KERN_INVALID_ARGUMENT);
		EXPECT(vm_deallocate(task, 0x1000000, PAGE_SIZE), KERN_SUCCESS);
		if (flags[i] > 2)
			EXPECT(vm_inherit(task, PLAIN, PAGE_SIZE, flags[i]),
				KERN_INVALID_ARGUMENT);
		if ((flags[i] & ~0x17u) != 0) {
			EXPECT(vm_protect(task, PLAIN, PAGE_SIZE, FALSE, flags[i]),
				KERN_INVALID_ARGUMENT);
			EXPECT(vm_protect(task, PLAIN, PAGE_SIZE, TRUE, flags[i]),
				KERN_INVALID_ARGUMENT);
			EXPECT(vm_wire(tap_host_priv, task, PLAIN, PAGE_SIZE, flags[i]),
				KERN_INVALID_ARGUMENT);
		}
		if ((flags[i] & ~3u) != 0)
			EXPECT(vm_wire_all(tap_host_priv, task, flags[i]), KERN_INVALID_ARGUMENT);
		regions_expect(task, &before);
	}
	tap_about("%s", "");
	sweep_end(task);
}

/* Offsets of an object: aligned, and no range that wraps. */
void test_offsets(void)
{
	static struct regions before;
	mach_port_t task = sweep_task(&before);
	struct object object;
	unsigned int i, j;

	object_new(&object);
	for (i = 0; i < sweep_number_count; i++)
		for (j = 0; j < sweep_number_count; j++) {
			vm_offset_t offset = sweep_numbers[i], address = 0x1000000;
			vm_size_t size = sweep_numbers[j];
			uint64_t end = (uint64_t) offset + ((size + PAGE_SIZE - 1) & -PAGE_SIZE);

			if (offset % PAGE_SIZE == 0 && end <= 0x100000000ull
					&& size != 0 && size <= 0u - PAGE_SIZE)
				continue;		/* nothing wrong */
			tap_about("offset %x, size %x", offset, size);
			EXPECT(vm_map(task, &address, size, 0, FALSE, object.port, offset, FALSE,
				VM_PROT_READ, VM_PROT_ALL, VM_INHERIT_COPY),
				KERN_INVALID_ARGUMENT);
		}
	tap_about("%s", "");
	regions_expect(task, &before);
	object_end(&object);
	sweep_end(task);
}

/* --- ports that are none of the kind --------------------------------------------------------- */

static vm_offset_t somewhere;
static mach_msg_type_number_t count;

static kern_return_t port_allocate(mach_port_t port)
{
	return vm_allocate(port, &somewhere, PAGE_SIZE, TRUE);
}

static kern_return_t port_deallocate(mach_port_t port)
{
	return vm_deallocate(port, PLAIN, PAGE_SIZE);
}

static kern_return_t port_protect(mach_port_t port)
{
	return vm_protect(port, PLAIN, PAGE_SIZE, FALSE, VM_PROT_READ);
}

static kern_return_t port_inherit(mach_port_t port)
{
	return vm_inherit(port, PLAIN, PAGE_SIZE, VM_INHERIT_NONE);
}

static kern_return_t port_read(mach_port_t port)
{
	return vm_read(port, PLAIN, PAGE_SIZE, &somewhere, &count);
}

static kern_return_t port_write(mach_port_t port)
{
	static char page[PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));

	return vm_write(port, PLAIN, (vm_offset_t) page, PAGE_SIZE);
}

static kern_return_t port_copy(mach_port_t port)
{
	return vm_copy(port, PLAIN, PAGE_SIZE, PLAIN);
}

static kern_return_t port_region(mach_port_t port)
{
	struct region region;

	return region_find(port, PLAIN, &region);
}

static kern_return_t port_statistics(mach_port_t port)
{
	vm_statistics_data_t statistics;

	return vm_statistics(port, &statistics);
}

static kern_return_t port_cache_statistics(mach_port_t port)
{
	vm_cache_statistics_data_t statistics;

	return vm_cache_statistics(port, &statistics);
}

static kern_return_t port_map(mach_port_t port)
{
	return map(port, &somewhere, 0, TRUE, 3, 7, 1);
}

static kern_return_t port_attribute(mach_port_t port)
{
	vm_machine_attribute_val_t value = MATTR_VAL_CACHE_FLUSH;

	return vm_machine_attribute(port, PLAIN, PAGE_SIZE, MATTR_CACHE, &value);
}

static kern_return_t port_msync(mach_port_t port)
{
	return vm_msync(port, PLAIN, PAGE_SIZE, 0);
}

static kern_return_t port_get_limit(mach_port_t port)
{
	vm_size_t current, max;

	return vm_get_size_limit(port, &current, &max);
}

static kern_return_t port_set_limit(mach_port_t port)
{
	return vm_set_size_limit(tap_host_priv, port, TOP, TOP);
}

static kern_return_t port_wire(mach_port_t port)
{
	return vm_wire(tap_host_priv, port, PLAIN, PAGE_SIZE, VM_PROT_READ);
}

static kern_return_t port_wire_all(mach_port_t port)
{
	return vm_wire_all(tap_host_priv, port, VM_WIRE_CURRENT);
}

static kern_return_t port_contiguous(mach_port_t port)
{
	rpc_phys_addr_t phys;

	return vm_allocate_contiguous(tap_host_priv, port, &somewhere, &phys, PAGE_SIZE, 0,
		0xffffffff, PAGE_SIZE);
}

static kern_return_t port_pages_phys(mach_port_t port)
{
	rpc_phys_addr_t one, *pages = &one;
	mach_msg_type_number_t room = 1;

	return vm_pages_phys(tap_host_priv, port, PLAIN, PAGE_SIZE, &pages, &room);
}

/* The task is what the message is sent to, or an argument; a wrong one has its code. */
static const struct {
	const char	*name;
	kern_return_t	(*call)(mach_port_t port);
	kern_return_t	wrong;
	boolean_t	argument;
} on_tasks[] = {
	{ "vm_allocate", port_allocate, KERN_INVALID_ARGUMENT, FALSE },
	{ "vm_deallocate", port_deallocate, KERN_INVALID_ARGUMENT, FALSE },
	{ "vm_protect", port_protect, KERN_INVALID_ARGUMENT, FALSE },
	{ "vm_inherit", port_inherit, KERN_INVALID_ARGUMENT, FALSE },
	{ "vm_read", port_read, KERN_INVALID_ARGUMENT, FALSE },
	{ "vm_write", port_write, KERN_INVALID_ARGUMENT, FALSE },
	{ "vm_copy", port_copy, KERN_INVALID_ARGUMENT, FALSE },
	{ "vm_region", port_region, KERN_INVALID_ARGUMENT, FALSE },
	{ "vm_statistics", port_statistics, KERN_INVALID_ARGUMENT, FALSE },
	{ "vm_cache_statistics", port_cache_statistics, KERN_INVALID_ARGUMENT, FALSE },
	{ "vm_map", port_map, KERN_INVALID_ARGUMENT, FALSE },
	{ "vm_machine_attribute", port_attribute, KERN_INVALID_ARGUMENT, FALSE },
	{ "vm_msync", port_msync, KERN_INVALID_ARGUMENT, FALSE },
	{ "vm_get_size_limit", port_get_limit, KERN_INVALID_TASK, FALSE },
	{ "vm_set_size_limit", port_set_limit, KERN_INVALID_TASK, TRUE },
	{ "vm_wire", port_wire, KERN_INVALID_TASK, TRUE },
	{ "vm_wire_all", port_wire_all, KERN_INVALID_TASK, TRUE },
	{ "vm_allocate_contiguous", port_contiguous, KERN_INVALID_TASK, TRUE },
	{ "vm_pages_phys", port_pages_phys, KERN_INVALID_TASK, TRUE },
};

/* Kernel ports of other kinds, null and dead ones, and for arguments ports of our own. */
void test_wrong_tasks(void)
{
	static struct regions before;
	mach_port_t task = sweep_task(&before), host = mach_host_self();
	mach_port_t thread = mach_thread_self(), own = port_new_with_send(1);
	mach_port_t dead = port_new_dead();
	unsigned int i;

	for (i = 0; i < COUNT_OF(on_tasks); i++) {
		boolean_t argument = on_tasks[i].argument;

		tap_about("%s", on_tasks[i].name);
		EXPECT(on_tasks[i].call(host), on_tasks[i].wrong);
		EXPECT(on_tasks[i].call(tap_host_priv), on_tasks[i].wrong);
		EXPECT(on_tasks[i].call(thread), on_tasks[i].wrong);
		EXPECT(on_tasks[i].call(MACH_PORT_NULL),
			argument ? on_tasks[i].wrong : MACH_SEND_INVALID_DEST);
		EXPECT(on_tasks[i].call(dead),
			argument ? on_tasks[i].wrong : MACH_SEND_INVALID_DEST);
		if (argument)
			EXPECT(on_tasks[i].call(own), on_tasks[i].wrong);
		regions_expect(task, &before);
	}
	tap_about("%s", "");
	port_destroy(dead);
	port_destroy(own);
	EXPECT(mach_port_deallocate(SELF, thread), KERN_SUCCESS);
	EXPECT(mach_port_deallocate(SELF, host), KERN_SUCCESS);
	sweep_end(task);
}
