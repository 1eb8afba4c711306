/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of ranges of addresses: taking, freeing, protecting, looking at them. */
#include <libmach/string.h>
#include <mach.h>
#include <mach/gnumach.h>
#include <mach/vm_param.h>

#include "../common/fault.h"
#include "../common/ports.h"
#include "../common/tap.h"
#include "tests.h"

#define SELF		mach_task_self()
#define TOP		VM_MAX_ADDRESS

struct region {
	vm_offset_t	address;
	vm_size_t	size;
	vm_prot_t	protection;
	vm_prot_t	max;
	vm_inherit_t	inheritance;
	boolean_t	shared;
	mach_port_t	object;
	vm_offset_t	offset;
};

static kern_return_t find_region(mach_port_t task, vm_offset_t address, struct region *region)
{
	kern_return_t result;

	*region = (struct region) { .address = address };
	result = vm_region(task, &region->address, &region->size, &region->protection,
		&region->max, &region->inheritance, &region->shared, &region->object,
		&region->offset);
	if (result == KERN_SUCCESS && MACH_PORT_VALID(region->object))
		EXPECT(mach_port_deallocate(SELF, region->object), KERN_SUCCESS);
	return result;
}

static mach_port_t new_task(void)
{
	mach_port_t task = MACH_PORT_NULL;

	EXPECT(task_create(SELF, FALSE, &task), KERN_SUCCESS);
	return task;
}

static void end_task(mach_port_t task)
{
	EXPECT(task_terminate(task), KERN_SUCCESS);
	EXPECT(mach_port_deallocate(SELF, task), KERN_SUCCESS);
}

static vm_offset_t allocate(mach_port_t task, vm_size_t size)
{
	vm_offset_t address = 0;

	EXPECT(vm_allocate(task, &address, size, TRUE), KERN_SUCCESS);
	return address;
}

static kern_return_t allocate_at(mach_port_t task, vm_offset_t address, vm_size_t size)
{
	return vm_allocate(task, &address, size, FALSE);
}

void test_allocate(void)
{
	mach_port_t task = new_task();
	vm_offset_t address = 0x123456, other = 99;
	struct region region;

	EXPECT(vm_allocate(task, &address, 5000, FALSE), KERN_SUCCESS);
	EXPECT(address, 0x123000);
	EXPECT(find_region(task, 0, &region), KERN_SUCCESS);
	EXPECT(region.address, 0x123000);
	EXPECT(region.size, 2 * PAGE_SIZE);
	EXPECT(region.protection, VM_PROT_READ | VM_PROT_WRITE);
	EXPECT(region.max, VM_PROT_ALL);
	EXPECT(region.inheritance, VM_INHERIT_COPY);
	EXPECT(region.shared, FALSE);
	EXPECT(region.object, MACH_PORT_NULL);
	EXPECT(vm_allocate(task, &other, 0, TRUE), KERN_SUCCESS);
	EXPECT(other, 0);
	EXPECT(vm_allocate(task, &other, 1, TRUE), KERN_SUCCESS);
	EXPECT(other % PAGE_SIZE, 0);
	EXPECT(allocate_at(task, TOP - PAGE_SIZE, PAGE_SIZE), KERN_SUCCESS);
	EXPECT(allocate_at(task, 0, PAGE_SIZE) & ~KERN_NO_SPACE, KERN_SUCCESS);
	end_task(task);
}

void test_allocate_codes(void)
{
	mach_port_t task = new_task();
	vm_offset_t address = 0;

	EXPECT(vm_allocate(task, &address, 0xfffff001, TRUE), KERN_INVALID_ARGUMENT);
	EXPECT(allocate_at(task, 0x100000, 0xffffffff), KERN_INVALID_ARGUMENT);
	EXPECT(allocate_at(task, TOP, PAGE_SIZE), KERN_INVALID_ADDRESS);
	EXPECT(allocate_at(task, TOP - PAGE_SIZE, 2 * PAGE_SIZE), KERN_INVALID_ADDRESS);
	EXPECT(allocate_at(task, 0xfffff000, 0x10000), KERN_INVALID_ADDRESS);
	EXPECT(allocate_at(task, 0x100000, 4 * PAGE_SIZE), KERN_SUCCESS);
	EXPECT(allocate_at(task, 0x100000, PAGE_SIZE), KERN_NO_SPACE);
	EXPECT(allocate_at(task, 0x103fff, 1), KERN_NO_SPACE);
	EXPECT(allocate_at(task, 0xff000, 2 * PAGE_SIZE), KERN_NO_SPACE);
	EXPECT(allocate_at(task, 0x104000, PAGE_SIZE), KERN_SUCCESS);
	EXPECT(allocate_at(task, 0xff000, PAGE_SIZE), KERN_SUCCESS);
	address = 0;
	EXPECT(vm_allocate(task, &address, 0xc0001000, TRUE), KERN_NO_SPACE);
	end_task(task);
}

void test_deallocate(void)
{
	mach_port_t task = new_task();
	struct region region;

	EXPECT(allocate_at(task, 0x100000, 5 * PAGE_SIZE), KERN_SUCCESS);
	EXPECT(vm_deallocate(task, 0x101001, PAGE_SIZE), KERN_SUCCESS);
	EXPECT(find_region(task, 0x100000, &region), KERN_SUCCESS);
	EXPECT(region.size, PAGE_SIZE);
	EXPECT(find_region(task, 0x101000, &region), KERN_SUCCESS);
	EXPECT(region.address, 0x103000);
	EXPECT(region.size, 2 * PAGE_SIZE);
	EXPECT(vm_deallocate(task, 0x103000, 0), KERN_SUCCESS);
	EXPECT(vm_deallocate(task, 0, 0x200000), KERN_SUCCESS);
	EXPECT(find_region(task, 0, &region), KERN_NO_SPACE);
	EXPECT(vm_deallocate(task, 0x100000, PAGE_SIZE), KERN_SUCCESS);
	end_task(task);
}

static kern_return_t map(mach_port_t task, vm_offset_t *address, vm_size_t size, vm_offset_t mask,
	boolean_t anywhere, vm_prot_t protection, vm_prot_t max, vm_inherit_t inheritance)
{
	return vm_map(task, address, size, mask, anywhere, MACH_PORT_NULL, 0, FALSE, protection,
		max, inheritance);
}

void test_map(void)
{
	mach_port_t task = new_task();
	struct region region;
	vm_offset_t address;

	address = 0x200000;
	EXPECT(map(task, &address, 100, 0, FALSE, 1, 3, VM_INHERIT_SHARE), KERN_SUCCESS);
	EXPECT(find_region(task, address, &region), KERN_SUCCESS);
	EXPECT(region.address, 0x200000);
	EXPECT(region.size, PAGE_SIZE);
	EXPECT(region.protection, 1);
	EXPECT(region.max, 3);
	EXPECT(region.inheritance, VM_INHERIT_SHARE);
	for (vm_offset_t mask = 0xfff; mask < 0x1000000; mask = mask * 2 + 1) {
		tap_about("mask 0x%x", mask);
		address = 0x300000;
		EXPECT(map(task, &address, PAGE_SIZE, mask, TRUE, 3, 7, 1), KERN_SUCCESS);
		EXPECT(address & mask, 0);
	}
	end_task(task);
}

void test_map_codes(void)
{
	mach_port_t task = new_task(), port = port_new();
	vm_offset_t address = 0;

	EXPECT(map(task, &address, 0, 0, TRUE, 3, 7, 1), KERN_INVALID_ARGUMENT);
	EXPECT(map(task, &address, PAGE_SIZE, 0, TRUE, 8, 7, 1), KERN_INVALID_ARGUMENT);
	EXPECT(map(task, &address, PAGE_SIZE, 0, TRUE, 3, 0x17, 1), KERN_INVALID_ARGUMENT);
	EXPECT(map(task, &address, PAGE_SIZE, 0, TRUE, 3, 7, 3), KERN_INVALID_ARGUMENT);
	EXPECT(map(task, &address, PAGE_SIZE, 0, TRUE, 3, 7, -1), KERN_INVALID_ARGUMENT);
	address = 0x301000;
	EXPECT(map(task, &address, PAGE_SIZE, 0xffff, FALSE, 3, 7, 1), KERN_NO_SPACE);
	address = TOP;
	EXPECT(map(task, &address, PAGE_SIZE, 0, FALSE, 3, 7, 1), KERN_INVALID_ADDRESS);
	address = 0;
	EXPECT(vm_map(task, &address, PAGE_SIZE, 0, TRUE, task, 0, FALSE, 3, 7, 1),
		KERN_INVALID_ARGUMENT);
	EXPECT(vm_map(task, &address, PAGE_SIZE, 0, TRUE, port, 0, FALSE, 3, 7, 1),
		MACH_SEND_INVALID_RIGHT);
	EXPECT(vm_map(task, &address, PAGE_SIZE, 0, TRUE, MACH_PORT_DEAD, 0, FALSE, 3, 7, 1),
		KERN_SUCCESS);
	port_destroy(port);
	end_task(task);
}

/* --- protection ------------------------------------------------------------------------------ */

static void read_byte(void *address)
{
	*(volatile char *) address;
}

static void write_byte(void *address)
{
	*(volatile char *) address = 1;
}

static void try_access(vm_offset_t address, vm_prot_t protection)
{
	struct fault fault;

	tap_about("protection %d", protection);
	EXPECT(vm_protect(SELF, address, PAGE_SIZE, FALSE, protection), KERN_SUCCESS);
	fault_run(read_byte, (void *) address, &fault);
	EXPECT(fault.happened, !(protection & VM_PROT_READ));
	if (fault.happened)
		EXPECT(fault.code, KERN_PROTECTION_FAILURE);
	fault_run(write_byte, (void *) address, &fault);
	EXPECT(fault.happened, (protection & 3) != 3);
	if (fault.happened)
		EXPECT(fault.code, KERN_PROTECTION_FAILURE);
}

void test_protect(void)
{
	vm_offset_t page = allocate(SELF, PAGE_SIZE);
	struct region region;

	for (vm_prot_t protection = 0; protection <= 7; protection++)
		try_access(page, protection);
	tap_about("%s", "");
	EXPECT(vm_protect(SELF, page, PAGE_SIZE, FALSE, 8), KERN_INVALID_ARGUMENT);
	EXPECT(vm_protect(SELF, page, PAGE_SIZE, TRUE, VM_PROT_READ), KERN_SUCCESS);
	EXPECT(find_region(SELF, page, &region), KERN_SUCCESS);
	EXPECT(region.max, VM_PROT_READ);
	EXPECT(region.protection, VM_PROT_READ);
	EXPECT(vm_protect(SELF, page, PAGE_SIZE, FALSE, 3), KERN_PROTECTION_FAILURE);
	EXPECT(vm_protect(SELF, page, PAGE_SIZE, TRUE, 3), KERN_PROTECTION_FAILURE);
	EXPECT(vm_protect(SELF, page, 0, FALSE, 3), KERN_SUCCESS);
	vm_deallocate(SELF, page, PAGE_SIZE);
	EXPECT(vm_protect(SELF, page, PAGE_SIZE, FALSE, 3), KERN_SUCCESS);
}

void test_inherit_codes(void)
{
	vm_offset_t page = allocate(SELF, PAGE_SIZE);
	struct region region;

	for (vm_inherit_t inheritance = 0; inheritance <= 2; inheritance++) {
		EXPECT(vm_inherit(SELF, page, PAGE_SIZE, inheritance), KERN_SUCCESS);
		EXPECT(find_region(SELF, page, &region), KERN_SUCCESS);
		EXPECT(region.inheritance, inheritance);
	}
	EXPECT(vm_inherit(SELF, page, PAGE_SIZE, 3), KERN_INVALID_ARGUMENT);
	EXPECT(vm_inherit(SELF, page, PAGE_SIZE, -1), KERN_INVALID_ARGUMENT);
	EXPECT(vm_inherit(SELF, page, 0, 1), KERN_SUCCESS);
	vm_deallocate(SELF, page, PAGE_SIZE);
	EXPECT(vm_inherit(SELF, page, PAGE_SIZE, 1), KERN_SUCCESS);
}

/* --- looking --------------------------------------------------------------------------------- */

/* This program's own map: text, data, stack. */
void test_region(void)
{
	uintptr_t here = (uintptr_t) __builtin_frame_address(0);
	struct region region;

	EXPECT(find_region(SELF, (vm_offset_t) test_region, &region), KERN_SUCCESS);
	EXPECT(region.protection, VM_PROT_READ | VM_PROT_EXECUTE);
	EXPECT(region.max, VM_PROT_ALL);
	EXPECT(find_region(SELF, here, &region), KERN_SUCCESS);
	EXPECT_TRUE(region.address <= here);
	EXPECT_TRUE(region.protection & VM_PROT_WRITE);
	EXPECT(region.max, VM_PROT_ALL);
	EXPECT(region.address + region.size, TOP);
	EXPECT(find_region(SELF, TOP, &region), KERN_NO_SPACE);
	EXPECT(find_region(SELF, 0xffffffff, &region), KERN_NO_SPACE);
}

void test_zero_fill(void)
{
	enum { SIZE = 300 * PAGE_SIZE };

	for (int round = 0; round < 3; round++) {
		vm_offset_t memory = allocate(SELF, SIZE);
		const uint32_t *words = (const uint32_t *) memory;
		uint32_t seen = 0;

		for (unsigned int i = 0; i < SIZE / 4; i++)
			seen |= words[i];
		EXPECT(seen, 0);
		memset((void *) memory, 0xff, SIZE);
		EXPECT(vm_deallocate(SELF, memory, SIZE), KERN_SUCCESS);
	}
}

void test_other_routines(void)
{
	vm_offset_t page = allocate(SELF, PAGE_SIZE);
	vm_machine_attribute_val_t value = MATTR_VAL_CACHE_FLUSH;
	vm_statistics_data_t statistics;
	mach_port_t task = new_task();

	*(char *) page = 1;
	EXPECT(vm_machine_attribute(SELF, page, PAGE_SIZE, MATTR_CACHE, &value),
		KERN_INVALID_ADDRESS);
	EXPECT(vm_statistics(SELF, &statistics), KERN_SUCCESS);
	EXPECT(statistics.pagesize, PAGE_SIZE);
	EXPECT_TRUE(statistics.free_count > 0);
	EXPECT(*(char *) page, 1);
	end_task(task);
	vm_deallocate(SELF, page, PAGE_SIZE);
}

/* More memory than the machine has is refused at once or when it is used, and nothing breaks. */
void test_limits(void)
{
	mach_port_t task = new_task();
	unsigned int pieces = 0;
	vm_offset_t address;

	while (pieces < 200) {
		address = 0;
		if (vm_allocate(task, &address, 16 * 1024 * 1024, TRUE) != KERN_SUCCESS)
			break;
		pieces++;
	}
	EXPECT_TRUE(pieces > 0);
	EXPECT_TRUE(pieces < 200);
	end_task(task);
}

void test_traps(void)
{
	mach_port_t thread = mach_thread_self();
	vm_offset_t address = 0, second = 0;

	EXPECT(syscall_vm_allocate(SELF, &address, PAGE_SIZE, TRUE), KERN_SUCCESS);
	*(char *) address = 1;
	second = address;
	EXPECT(syscall_vm_allocate(SELF, &second, PAGE_SIZE, FALSE), KERN_NO_SPACE);
	EXPECT(syscall_vm_deallocate(SELF, address, PAGE_SIZE), KERN_SUCCESS);
	EXPECT(syscall_vm_allocate(SELF, &second, 0xfffff001, TRUE), KERN_INVALID_ARGUMENT);
	EXPECT(syscall_vm_allocate(thread, &second, PAGE_SIZE, TRUE), MACH_SEND_INTERRUPTED);
	EXPECT(syscall_vm_allocate(0, &second, PAGE_SIZE, TRUE), MACH_SEND_INTERRUPTED);
	EXPECT(syscall_vm_deallocate(0, address, PAGE_SIZE), MACH_SEND_INTERRUPTED);
	address = 0;
	EXPECT(syscall_vm_map(SELF, &address, PAGE_SIZE, 0xffff, TRUE, MACH_PORT_NULL, 0, FALSE,
		3, 7, 1), KERN_SUCCESS);
	EXPECT(address & 0xffff, 0);
	EXPECT(syscall_vm_deallocate(SELF, address, PAGE_SIZE), KERN_SUCCESS);
	mach_port_deallocate(SELF, thread);
}
