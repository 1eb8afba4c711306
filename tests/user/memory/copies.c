/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of copies: inheritance, vm_read, vm_write, vm_copy.  Everything is copied on write. */
#include <libmach/string.h>
#include <mach.h>
#include <mach/vm_param.h>

#include "../common/ports.h"
#include "../common/tap.h"
#include "tests.h"

#define SELF	mach_task_self()

static vm_offset_t allocate(vm_size_t size)
{
	vm_offset_t address = 0;

	EXPECT(vm_allocate(SELF, &address, size, TRUE), KERN_SUCCESS);
	return address;
}

static mach_port_t copy_task(mach_port_t of)
{
	mach_port_t task = MACH_PORT_NULL;

	EXPECT(task_create(of, TRUE, &task), KERN_SUCCESS);
	return task;
}

static void end_task(mach_port_t task)
{
	EXPECT(task_terminate(task), KERN_SUCCESS);
	EXPECT(mach_port_deallocate(SELF, task), KERN_SUCCESS);
}

/* A byte of another task's memory; -1 if it cannot be read. */
static int peek(mach_port_t task, vm_offset_t address)
{
	vm_offset_t data;
	mach_msg_type_number_t size;
	int byte;

	if (vm_read(task, address & ~(PAGE_SIZE - 1), PAGE_SIZE, &data, &size) != KERN_SUCCESS)
		return -1;
	byte = *(unsigned char *) (data + address % PAGE_SIZE);
	vm_deallocate(SELF, data, size);
	return byte;
}

/* Fill a page of another task's memory. */
static void poke(mach_port_t task, vm_offset_t page, int byte)
{
	vm_offset_t data = allocate(PAGE_SIZE);

	memset((void *) data, byte, PAGE_SIZE);
	EXPECT(vm_write(task, page, data, PAGE_SIZE), KERN_SUCCESS);
	vm_deallocate(SELF, data, PAGE_SIZE);
}

void test_inheritance(void)
{
	vm_offset_t pages = allocate(3 * PAGE_SIZE);
	vm_offset_t shared = pages, copied = pages + PAGE_SIZE, none = pages + 2 * PAGE_SIZE;
	mach_port_t child;

	memset((void *) pages, 1, 3 * PAGE_SIZE);
	EXPECT(vm_inherit(SELF, shared, PAGE_SIZE, VM_INHERIT_SHARE), KERN_SUCCESS);
	EXPECT(vm_inherit(SELF, none, PAGE_SIZE, VM_INHERIT_NONE), KERN_SUCCESS);
	child = copy_task(SELF);
	EXPECT(peek(child, shared), 1);
	EXPECT(peek(child, copied), 1);
	EXPECT(peek(child, none), -1);
	memset((void *) pages, 2, 3 * PAGE_SIZE);
	EXPECT(peek(child, shared), 2);
	EXPECT(peek(child, copied), 1);
	poke(child, shared, 3);
	poke(child, copied, 3);
	EXPECT(*(unsigned char *) shared, 3);
	EXPECT(*(unsigned char *) copied, 2);
	EXPECT(peek(child, copied), 3);
	end_task(child);
	EXPECT(*(unsigned char *) shared, 3);
	EXPECT(*(unsigned char *) copied, 2);
	vm_deallocate(SELF, pages, 3 * PAGE_SIZE);
}

/* Child, grandchild and we: each writes, in every order, and nobody sees another's bytes. */
void test_copy_chain(void)
{
	vm_offset_t page = allocate(PAGE_SIZE);
	volatile unsigned char *byte = (volatile unsigned char *) page;
	mach_port_t child, grandchild, second;

	*byte = 1;
	child = copy_task(SELF);
	grandchild = copy_task(child);
	*byte = 2;
	second = copy_task(SELF);
	EXPECT(peek(child, page), 1);
	EXPECT(peek(grandchild, page), 1);
	EXPECT(peek(second, page), 2);
	poke(child, page, 3);
	EXPECT(peek(grandchild, page), 1);
	poke(grandchild, page, 4);
	EXPECT(peek(child, page), 3);
	*byte = 5;
	EXPECT(peek(second, page), 2);
	end_task(child);
	EXPECT(peek(grandchild, page), 4);
	EXPECT(*byte, 5);
	end_task(second);
	end_task(grandchild);
	EXPECT(*byte, 5);
	vm_deallocate(SELF, page, PAGE_SIZE);
}

void test_read(void)
{
	vm_offset_t pages = allocate(3 * PAGE_SIZE), data;
	mach_msg_type_number_t size;

	memset((void *) pages, 7, 2 * PAGE_SIZE);
	EXPECT(vm_read(SELF, pages + 100, 200, &data, &size), KERN_SUCCESS);
	EXPECT(size, 200);
	EXPECT(data % PAGE_SIZE, 100);
	EXPECT(*(unsigned char *) data, 7);
	*(unsigned char *) data = 8;
	EXPECT(*(unsigned char *) (pages + 100), 7);
	vm_deallocate(SELF, data, size);
	EXPECT(vm_read(SELF, pages, 0, &data, &size), KERN_SUCCESS);
	EXPECT(data, 0);
	EXPECT(size, 0);
	vm_deallocate(SELF, pages + 2 * PAGE_SIZE, PAGE_SIZE);
	EXPECT(vm_read(SELF, pages, 3 * PAGE_SIZE, &data, &size), KERN_INVALID_ADDRESS);
	EXPECT(vm_read(SELF, VM_MAX_ADDRESS, 10, &data, &size), KERN_INVALID_ADDRESS);
	EXPECT(vm_read(SELF, 0xfffffff0, 0x100, &data, &size), KERN_INVALID_ADDRESS);
	EXPECT(vm_protect(SELF, pages, PAGE_SIZE, FALSE, VM_PROT_NONE), KERN_SUCCESS);
	EXPECT(vm_read(SELF, pages, 2 * PAGE_SIZE, &data, &size), KERN_PROTECTION_FAILURE);
	vm_deallocate(SELF, pages, 2 * PAGE_SIZE);
}

void test_write(void)
{
	vm_offset_t pages = allocate(3 * PAGE_SIZE), source = allocate(2 * PAGE_SIZE);

	memset((void *) pages, 1, 3 * PAGE_SIZE);
	memset((void *) source, 2, 2 * PAGE_SIZE);
	EXPECT(vm_write(SELF, pages, source, PAGE_SIZE), KERN_SUCCESS);
	EXPECT(*(unsigned char *) (pages + PAGE_SIZE - 1), 2);
	EXPECT(*(unsigned char *) (pages + PAGE_SIZE), 1);
	EXPECT(vm_write(SELF, pages + 1, source, PAGE_SIZE), KERN_INVALID_ARGUMENT);
	EXPECT(vm_write(SELF, pages, source, 100), KERN_INVALID_ARGUMENT);
	EXPECT(vm_write(SELF, pages, source, 0), KERN_SUCCESS);
	EXPECT(vm_protect(SELF, pages + PAGE_SIZE, PAGE_SIZE, FALSE, VM_PROT_READ), KERN_SUCCESS);
	memset((void *) source, 3, 2 * PAGE_SIZE);
	EXPECT(vm_write(SELF, pages, source, 2 * PAGE_SIZE), KERN_PROTECTION_FAILURE);
	EXPECT(*(unsigned char *) pages, 2);
	vm_deallocate(SELF, pages + 2 * PAGE_SIZE, PAGE_SIZE);
	EXPECT(vm_write(SELF, pages + 2 * PAGE_SIZE, source, PAGE_SIZE), KERN_INVALID_ADDRESS);
	vm_deallocate(SELF, pages, 2 * PAGE_SIZE);
	vm_deallocate(SELF, source, 2 * PAGE_SIZE);
}

void test_copy(void)
{
	vm_offset_t pages = allocate(4 * PAGE_SIZE);

	memset((void *) pages, 1, 2 * PAGE_SIZE);
	EXPECT(vm_copy(SELF, pages, 2 * PAGE_SIZE, pages + 2 * PAGE_SIZE), KERN_SUCCESS);
	memset((void *) pages, 2, 2 * PAGE_SIZE);
	EXPECT(*(unsigned char *) (pages + 2 * PAGE_SIZE), 1);
	EXPECT(*(unsigned char *) (pages + 4 * PAGE_SIZE - 1), 1);
	EXPECT(vm_copy(SELF, pages + 1, PAGE_SIZE, pages + 2 * PAGE_SIZE), KERN_INVALID_ARGUMENT);
	EXPECT(vm_copy(SELF, pages, 10, pages + 2 * PAGE_SIZE), KERN_INVALID_ARGUMENT);
	EXPECT(vm_copy(SELF, pages, 0, pages + 2 * PAGE_SIZE), KERN_SUCCESS);
	vm_deallocate(SELF, pages, 4 * PAGE_SIZE);
	EXPECT(vm_copy(SELF, pages, PAGE_SIZE, pages + 2 * PAGE_SIZE), KERN_INVALID_ADDRESS);
}

/* A read-only page that is copied to a child stays read-only there, and is still a copy. */
void test_protection_of_copies(void)
{
	vm_offset_t page = allocate(PAGE_SIZE);
	mach_port_t child;

	*(unsigned char *) page = 1;
	EXPECT(vm_protect(SELF, page, PAGE_SIZE, FALSE, VM_PROT_READ), KERN_SUCCESS);
	child = copy_task(SELF);
	EXPECT(vm_protect(SELF, page, PAGE_SIZE, FALSE, VM_PROT_READ | VM_PROT_WRITE),
		KERN_SUCCESS);
	*(unsigned char *) page = 2;
	EXPECT(peek(child, page), 1);
	EXPECT(vm_protect(child, page, PAGE_SIZE, FALSE, VM_PROT_READ | VM_PROT_WRITE),
		KERN_SUCCESS);
	poke(child, page, 3);
	EXPECT(*(unsigned char *) page, 2);
	end_task(child);
	vm_deallocate(SELF, page, PAGE_SIZE);
}

/* Copy, write, drop the old one, again and again: chains of shadows must not grow. */
void test_many_copies(void)
{
	mach_port_t task = copy_task(SELF), next;
	vm_offset_t page = allocate(4 * PAGE_SIZE);

	end_task(task);
	task = copy_task(SELF);
	for (int i = 0; i < 300; i++) {
		poke(task, page + i % 4 * PAGE_SIZE, i);
		next = copy_task(task);
		poke(task, page, 0xee);
		end_task(task);
		task = next;
		if (!EXPECT(peek(task, page + i % 4 * PAGE_SIZE), (unsigned char) i))
			break;
	}
	EXPECT(peek(task, page + 3 * PAGE_SIZE), 299 & 0xff);
	EXPECT(*(unsigned char *) page, 0);
	end_task(task);
	vm_deallocate(SELF, page, 4 * PAGE_SIZE);
}
