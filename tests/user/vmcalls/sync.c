/* SPDX-License-Identifier: BSD-2-Clause */
/* vm_msync and vm_object_sync: pages go back to their pager on demand. */
#include <mach.h>
#include <mach/gnumach.h>
#include <mach/memory_object.h>
#include <mach/vm_sync.h>

#include "../common/pager.h"
#include "../common/ports.h"
#include "../common/regions.h"
#include "../common/tap.h"
#include "tests.h"

/* Modified pages of the range, and these only; they stay, clean. */
void test_msync(void)
{
	static const vm_sync_t flags[] = {
		0, VM_SYNC_ASYNCHRONOUS, VM_SYNC_SYNCHRONOUS,
	};
	struct object object;
	vm_offset_t base = object_map_new(&object, 4);
	unsigned int i;

	object_ready(&object, FALSE, MEMORY_OBJECT_COPY_DELAY);
	for (i = 0; i < 4; i++)
		page_in(&object, base, i * PAGE_SIZE, 1);
	for (i = 0; i < COUNT_OF(flags); i++) {
		tap_about("flags %d", flags[i]);
		*(volatile char *) base = 2;
		*(volatile char *) (base + PAGE_SIZE) = 3;
		*(volatile char *) (base + 3 * PAGE_SIZE) = 4;
		/* Parts of pages mean the pages. */
		EXPECT(vm_msync(SELF, base + PAGE_SIZE + 5, PAGE_SIZE, flags[i]), KERN_SUCCESS);
		expect_return(&object, PAGE_SIZE, 1, 3, TRUE, TRUE);
		EXPECT(vm_msync(SELF, base + PAGE_SIZE, PAGE_SIZE, flags[i]), KERN_SUCCESS);
		EXPECT(vm_msync(SELF, base, 4 * PAGE_SIZE, flags[i]), KERN_SUCCESS);
		expect_return(&object, 0, 1, 2, TRUE, TRUE);
		expect_return(&object, 3 * PAGE_SIZE, 1, 4, TRUE, TRUE);
		expect_quiet(&object);
		EXPECT(*(volatile char *) (base + PAGE_SIZE), 3);
	}
	tap_about("%s", "");
	object_unmap_last(&object, base, 4);
}

void test_msync_codes(void)
{
	static struct regions before;
	struct object object;
	vm_offset_t base = object_map_new(&object, 2), plain = 0, copy = 0;
	mach_port_t host = mach_host_self();
	unsigned int i;

	object_ready(&object, FALSE, MEMORY_OBJECT_COPY_DELAY);
	page_in(&object, base, 0, 1);
	*(volatile char *) base = 2;
	EXPECT(vm_allocate(SELF, &plain, 2 * PAGE_SIZE, TRUE), KERN_SUCCESS);
	*(volatile char *) plain = 1;
	EXPECT(vm_map(SELF, &copy, PAGE_SIZE, 0, TRUE, object.port, 0, TRUE, VM_PROT_DEFAULT,
		VM_PROT_ALL, VM_INHERIT_COPY), KERN_SUCCESS);
	EXPECT(vm_deallocate(SELF, plain + PAGE_SIZE, PAGE_SIZE), KERN_SUCCESS);
	const struct {
		vm_offset_t	address;
		vm_size_t	size;
		vm_sync_t	flags;
		kern_return_t	code;
	} cases[] = {
		{ base, PAGE_SIZE, 3, KERN_INVALID_ARGUMENT },
		{ base, PAGE_SIZE, 7, KERN_INVALID_ARGUMENT },
		{ base, PAGE_SIZE, 8, KERN_INVALID_ARGUMENT },
		{ base, PAGE_SIZE, -1, KERN_INVALID_ARGUMENT },
		{ base, 0, 0, KERN_SUCCESS },
		{ plain, 0, 0, KERN_SUCCESS },
		{ 0xffffffff, 0, 0, KERN_SUCCESS },
		{ plain, 1, 0, KERN_INVALID_ARGUMENT },
		{ copy, 1, 0, KERN_INVALID_ARGUMENT },
		{ plain + PAGE_SIZE, 1, 0, KERN_INVALID_ADDRESS },
		{ base, 0xffffffff, 0, KERN_INVALID_ARGUMENT },
		{ 0xffffffff, 1, 0, KERN_INVALID_ARGUMENT },
		{ 0xfffff000, 0x1000, 0, KERN_INVALID_ARGUMENT },
		{ 0xfffff000, 0xfff, 0, KERN_INVALID_ADDRESS },
		{ 0xc0000000, 1, 0, KERN_INVALID_ADDRESS },
		{ 0xbfffffff, 2, 0, KERN_INVALID_ADDRESS },
	};
	regions_take(SELF, &before);
	for (i = 0; i < COUNT_OF(cases); i++) {
		tap_about("%x, size %x, flags %x", cases[i].address, cases[i].size,
			cases[i].flags);
		EXPECT(vm_msync(SELF, cases[i].address, cases[i].size, cases[i].flags),
			cases[i].code);
		regions_expect(SELF, &before);
	}
	tap_about("%s", "");
	/* A range that is bad at its end gives nothing back of its beginning. */
	EXPECT(vm_deallocate(SELF, base + PAGE_SIZE, PAGE_SIZE), KERN_SUCCESS);
	EXPECT(vm_msync(SELF, base, 2 * PAGE_SIZE, 0), KERN_INVALID_ADDRESS);
	EXPECT(vm_msync(host, base, PAGE_SIZE, 0), KERN_INVALID_ARGUMENT);
	expect_quiet(&object);
	EXPECT(memory_object_destroy(object.control, 0), KERN_SUCCESS);
	expect_terminate(&object);
	EXPECT(vm_msync(SELF, base, PAGE_SIZE, 0), KERN_MEMORY_ERROR);
	EXPECT(*(volatile char *) base, 2);
	EXPECT(mach_port_deallocate(SELF, host), KERN_SUCCESS);
	EXPECT(vm_deallocate(SELF, base, PAGE_SIZE), KERN_SUCCESS);
	EXPECT(vm_deallocate(SELF, copy, PAGE_SIZE), KERN_SUCCESS);
	EXPECT(vm_deallocate(SELF, plain, PAGE_SIZE), KERN_SUCCESS);
	object_end(&object);
}

/* Over two entries of one object and one of another; pages are asked for anew. */
void test_msync_invalidate(void)
{
	struct object object, other;
	vm_offset_t base = object_map_new(&object, 2), end = base + 2 * PAGE_SIZE;

	object_ready(&object, FALSE, MEMORY_OBJECT_COPY_DELAY);
	object_new(&other);
	EXPECT(vm_map(SELF, &end, PAGE_SIZE, 0, FALSE, other.port, 0x7000, FALSE,
		VM_PROT_DEFAULT, VM_PROT_ALL, VM_INHERIT_COPY), KERN_SUCCESS);
	expect_init(&other);
	object_ready(&other, FALSE, MEMORY_OBJECT_COPY_DELAY);
	page_in(&object, base, 0, 1);
	page_in(&object, base, PAGE_SIZE, 1);
	page_in(&other, end - 0x7000, 0x7000, 1);
	EXPECT(vm_protect(SELF, base + PAGE_SIZE, PAGE_SIZE, FALSE, VM_PROT_READ), KERN_SUCCESS);
	*(volatile char *) base = 2;
	*(volatile char *) end = 3;
	EXPECT(vm_msync(SELF, base, 3 * PAGE_SIZE, VM_SYNC_INVALIDATE), KERN_SUCCESS);
	expect_return(&object, 0, 1, 2, TRUE, FALSE);
	expect_return(&other, 0x7000, 1, 3, TRUE, FALSE);
	page_in(&object, base, 0, 5);
	page_in(&object, base, PAGE_SIZE, 6);
	page_in(&other, end - 0x7000, 0x7000, 7);
	EXPECT(vm_deallocate(SELF, end, PAGE_SIZE), KERN_SUCCESS);
	expect_terminate(&other);
	object_end(&other);
	object_unmap_last(&object, base, 2);
}

void test_object_sync(void)
{
	struct object object;
	vm_offset_t base = object_map_new(&object, 3);

	object_ready(&object, FALSE, MEMORY_OBJECT_COPY_DELAY);
	page_in(&object, base, 0, 1);
	page_in(&object, base, PAGE_SIZE, 1);
	EXPECT(supply(&object, 2 * PAGE_SIZE, 4, VM_PROT_NONE, TRUE, MACH_PORT_NULL),
		KERN_SUCCESS);
	*(volatile char *) base = 2;
	EXPECT(vm_object_sync(object.name, 0, ~0u, FALSE, FALSE, TRUE), KERN_SUCCESS);
	expect_quiet(&object);
	EXPECT(vm_object_sync(object.name, 0, 2 * PAGE_SIZE, FALSE, TRUE, FALSE), KERN_SUCCESS);
	expect_return(&object, 0, 1, 2, TRUE, TRUE);
	*(volatile char *) base = 3;
	/* Nobody's changes are lost, whatever is asked for. */
	EXPECT(vm_object_sync(object.name, 0, 2 * PAGE_SIZE, TRUE, FALSE, FALSE), KERN_SUCCESS);
	expect_return(&object, 0, 1, 3, TRUE, FALSE);
	page_in(&object, base, 0, 6);
	page_in(&object, base, PAGE_SIZE, 7);
	EXPECT(vm_object_sync(object.name, 2 * PAGE_SIZE, PAGE_SIZE, TRUE, TRUE, TRUE),
		KERN_SUCCESS);
	expect_return(&object, 2 * PAGE_SIZE, 1, 4, FALSE, FALSE);
	object_unmap_last(&object, base, 3);
}

/* Ranges of every size are right; ports of other kinds are not. */
void test_object_sync_codes(void)
{
	static const struct { vm_offset_t offset; vm_size_t size; } ranges[] = {
		{ 0, 0 }, { 0, 1 }, { 1, 0xffffffff }, { 0xffffffff, 0xffffffff },
		{ 0xfffff000, PAGE_SIZE }, { 0x7fffffff, 0x80000001 }, { PAGE_SIZE, 0 },
	};
	struct object object;
	vm_offset_t base = object_map_new(&object, 1);
	mach_port_t port = port_new_with_send(1);
	unsigned int i;

	object_ready(&object, FALSE, MEMORY_OBJECT_COPY_DELAY);
	page_in(&object, base, 0, 1);
	for (i = 0; i < COUNT_OF(ranges); i++)
		EXPECT(vm_object_sync(object.name, ranges[i].offset, ranges[i].size, FALSE, TRUE,
			FALSE), KERN_SUCCESS);
	expect_quiet(&object);
	EXPECT(vm_object_sync(object.control, 0, PAGE_SIZE, TRUE, TRUE, FALSE),
		KERN_INVALID_ARGUMENT);
	EXPECT(vm_object_sync(SELF, 0, PAGE_SIZE, TRUE, TRUE, FALSE), KERN_INVALID_ARGUMENT);
	EXPECT(vm_object_sync(MACH_PORT_NULL, 0, PAGE_SIZE, TRUE, TRUE, FALSE),
		MACH_SEND_INVALID_DEST);
	EXPECT(memory_object_get_attributes(object.name, (boolean_t *) &i, (boolean_t *) &i,
		(int *) &i), KERN_INVALID_ARGUMENT);
	port_destroy(port);
	object_unmap_last(&object, base, 1);
}
