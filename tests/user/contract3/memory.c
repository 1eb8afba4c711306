/* SPDX-License-Identifier: BSD-2-Clause */
/* Virtual memory. */
#include <libmach/string.h>
#include <mach.h>
#include <mach/exception.h>
#include <mach/gnumach.h>
#include <mach/mach_host.h>
#include <mach/vm_param.h>

#include "../common/fault.h"
#include "../common/messages.h"
#include "../common/ports.h"
#include "../common/regions.h"
#include "../common/tap.h"
#include "tests.h"

#define SELF	mach_task_self()
#define PAGE	PAGE_SIZE
#define TOP	0xc0000000u
#define LOW	0x1000000u	/* nothing is there */

static vm_offset_t allocate(unsigned int pages)
{
	vm_offset_t address = 0;

	EXPECT(vm_allocate(SELF, &address, pages * PAGE, TRUE), KERN_SUCCESS);
	return address;
}

static void deallocate(vm_offset_t address, unsigned int pages)
{
	EXPECT(vm_deallocate(SELF, address, pages * PAGE), KERN_SUCCESS);
}

/* --- vm_allocate ------------------------------------------------------------------------------ */

static kern_return_t allocate_at(vm_offset_t *address, vm_size_t size)
{
	return vm_allocate(SELF, address, size, FALSE);
}

void test_allocate(void)
{
	static const vm_size_t too_large[] = { -1, -PAGE + 1 };
	static const vm_offset_t beyond[] = { TOP, TOP + PAGE, -PAGE };
	vm_offset_t address = 0x55555;

	EXPECT(vm_allocate(SELF, &address, 0, TRUE), KERN_SUCCESS);
	EXPECT(address, 0);
	address = LOW;
	EXPECT(allocate_at(&address, 0), KERN_SUCCESS);
	EXPECT(address, 0);
	for (unsigned int i = 0; i < COUNT_OF(too_large); i++)
		for (boolean_t anywhere = FALSE; anywhere <= TRUE; anywhere++) {
			address = LOW;
			EXPECT(vm_allocate(SELF, &address, too_large[i], anywhere),
				KERN_INVALID_ARGUMENT);
		}
	for (unsigned int i = 0; i < COUNT_OF(beyond); i++) {
		address = beyond[i];
		EXPECT(allocate_at(&address, PAGE), KERN_INVALID_ADDRESS);
	}
	address = TOP - PAGE;
	EXPECT(allocate_at(&address, 2 * PAGE), KERN_INVALID_ADDRESS);
	address = LOW;
	EXPECT(allocate_at(&address, -PAGE), KERN_INVALID_ADDRESS);
	address = LOW + 0x777;
	EXPECT(allocate_at(&address, 1), KERN_SUCCESS);
	EXPECT(address, LOW);
	address = LOW + PAGE - 1;
	EXPECT(allocate_at(&address, 1), KERN_NO_SPACE);
	address = LOW - PAGE;
	EXPECT(allocate_at(&address, 2 * PAGE), KERN_NO_SPACE);
	deallocate(LOW, 1);
}

/* --- vm_map ----------------------------------------------------------------------------------- */

struct map_call {
	vm_offset_t	address;
	vm_size_t	size;
	vm_offset_t	mask;
	boolean_t	anywhere;
	mach_port_t	object;
	vm_offset_t	offset;
	boolean_t	copy;
	vm_prot_t	protection, max;
	vm_inherit_t	inheritance;
};

static const struct map_call plain = {
	.size = PAGE, .anywhere = TRUE, .protection = VM_PROT_DEFAULT, .max = VM_PROT_ALL,
	.inheritance = VM_INHERIT_COPY,
};

static kern_return_t map(struct map_call *c)
{
	return vm_map(SELF, &c->address, c->size, c->mask, c->anywhere, c->object, c->offset, c->copy,
		c->protection, c->max, c->inheritance);
}

/* Memory that is there, and goes again. */
static void expect_mapped(struct map_call *call)
{
	struct region region;

	if (!EXPECT(map(call), KERN_SUCCESS))
		return;
	EXPECT(region_find(SELF, call->address, &region), KERN_SUCCESS);
	EXPECT(region.protection, call->protection);
	EXPECT(region.max, call->max);
	EXPECT(region.object, MACH_PORT_NULL);
	deallocate(call->address, 1);
}

void test_map(void)
{
	struct map_call call = plain;

	call.size = 0;
	EXPECT(map(&call), KERN_INVALID_ARGUMENT);
	call = plain, call.offset = 0x123;
	expect_mapped(&call);
	call = plain, call.object = MACH_PORT_DEAD, call.offset = 0x123;
	expect_mapped(&call);
	call = plain, call.protection = VM_PROT_ALL, call.max = VM_PROT_READ;
	expect_mapped(&call);
	call = plain, call.protection = 8;
	EXPECT(map(&call), KERN_INVALID_ARGUMENT);
	call = plain, call.max = 0x10;
	EXPECT(map(&call), KERN_INVALID_ARGUMENT);
	call = plain, call.inheritance = 3;
	EXPECT(map(&call), KERN_INVALID_ARGUMENT);
	call = plain, call.inheritance = -1;
	EXPECT(map(&call), KERN_INVALID_ARGUMENT);
	call = plain, call.mask = 0xffff, call.anywhere = FALSE, call.address = LOW + PAGE;
	EXPECT(map(&call), KERN_NO_SPACE);
	call = plain, call.mask = 0xffff, call.anywhere = FALSE, call.address = LOW;
	expect_mapped(&call);
	call = plain, call.mask = 0xffff;
	expect_mapped(&call);
	EXPECT(call.address & 0xffff, 0);
	call = plain, call.mask = 0x5000, call.address = LOW + PAGE;
	EXPECT(map(&call), KERN_NO_SPACE);
}

void test_map_objects(void)
{
	mach_port_t port = port_new(), host = mach_host_self(), kernel_ports[4];
	struct map_call call = plain;

	EXPECT(task_create(SELF, FALSE, &kernel_ports[0]), KERN_SUCCESS);
	EXPECT(thread_create(kernel_ports[0], &kernel_ports[1]), KERN_SUCCESS);
	kernel_ports[2] = host;
	kernel_ports[3] = tap_device_master;
	for (unsigned int i = 0; i < COUNT_OF(kernel_ports); i++)
		for (boolean_t copy = FALSE; copy <= TRUE; copy++) {
			call = plain, call.object = kernel_ports[i], call.copy = copy;
			EXPECT(map(&call), KERN_INVALID_ARGUMENT);
		}
	EXPECT(task_terminate(kernel_ports[0]), KERN_SUCCESS);
	call = plain, call.object = kernel_ports[1];
	EXPECT(map(&call), KERN_SUCCESS);
	deallocate(call.address, 1);
	call = plain, call.object = port;
	EXPECT(map(&call), MACH_SEND_INVALID_RIGHT);
	port_make_send(port);
	call = plain, call.object = port, call.offset = 1;
	EXPECT(map(&call), KERN_INVALID_ARGUMENT);
	EXPECT_TRUE(queue_is_empty(port));
	port_destroy(port);
	port_destroy(kernel_ports[0]);
	port_destroy(kernel_ports[1]);
	EXPECT(mach_port_deallocate(SELF, host), KERN_SUCCESS);
}

/* --- ranges ----------------------------------------------------------------------------------- */

void test_ranges(void)
{
	vm_offset_t base = allocate(3);
	struct region region;

	deallocate(base + PAGE, 1);
	EXPECT(vm_protect(SELF, base, 3 * PAGE, FALSE, VM_PROT_READ), KERN_SUCCESS);
	EXPECT(vm_inherit(SELF, base, 3 * PAGE, VM_INHERIT_NONE), KERN_SUCCESS);
	EXPECT(region_find(SELF, base + 2 * PAGE, &region), KERN_SUCCESS);
	EXPECT(region.protection, VM_PROT_READ);
	EXPECT(region.inheritance, VM_INHERIT_NONE);
	EXPECT(vm_protect(SELF, LOW, 0, FALSE, VM_PROT_READ), KERN_SUCCESS);
	EXPECT(vm_inherit(SELF, LOW, 0, VM_INHERIT_NONE), KERN_SUCCESS);
	EXPECT(vm_deallocate(SELF, LOW, 0), KERN_SUCCESS);
	EXPECT(vm_protect(SELF, base + PAGE - 1, 1, FALSE, VM_PROT_DEFAULT), KERN_SUCCESS);
	EXPECT(region_find(SELF, base, &region), KERN_SUCCESS);
	EXPECT(region.size, PAGE);
	EXPECT(region.protection, VM_PROT_DEFAULT);
	EXPECT(vm_protect(SELF, base, -PAGE + 1, FALSE, VM_PROT_NONE), KERN_INVALID_ARGUMENT);
	EXPECT(vm_inherit(SELF, base, -PAGE + 1, VM_INHERIT_SHARE), KERN_INVALID_ARGUMENT);
	EXPECT(vm_deallocate(SELF, base, -PAGE + 1), KERN_INVALID_ARGUMENT);
	EXPECT(vm_deallocate(SELF, -PAGE, 2 * PAGE), KERN_INVALID_ARGUMENT);
	EXPECT(region_find(SELF, base, &region), KERN_SUCCESS);
	EXPECT(region.address, base);
	EXPECT(region.protection, VM_PROT_DEFAULT);
	EXPECT(vm_deallocate(SELF, base + 7, 1), KERN_SUCCESS);
	EXPECT(region_find(SELF, base, &region), KERN_SUCCESS);
	EXPECT(region.address, base + 2 * PAGE);
	EXPECT(vm_deallocate(SELF, base, 3 * PAGE), KERN_SUCCESS);
}

void test_protect(void)
{
	vm_offset_t base = allocate(1);
	struct region region;

	EXPECT(vm_protect(SELF, base, PAGE, FALSE, VM_PROT_NOTIFY | VM_PROT_READ), KERN_SUCCESS);
	EXPECT(vm_protect(SELF, base, PAGE, FALSE, 8), KERN_INVALID_ARGUMENT);
	EXPECT(vm_protect(SELF, base, PAGE, TRUE, 8), KERN_INVALID_ARGUMENT);
	EXPECT(vm_protect(SELF, base, PAGE, TRUE, VM_PROT_READ), KERN_SUCCESS);
	EXPECT(vm_protect(SELF, base, PAGE, FALSE, VM_PROT_DEFAULT), KERN_PROTECTION_FAILURE);
	EXPECT(vm_protect(SELF, base, PAGE, TRUE, VM_PROT_DEFAULT), KERN_PROTECTION_FAILURE);
	EXPECT(region_find(SELF, base, &region), KERN_SUCCESS);
	EXPECT(region.max, VM_PROT_READ);
	deallocate(base, 1);
}

/* --- access ----------------------------------------------------------------------------------- */

static void read_byte(void *address)
{
	(void) *(volatile char *) address;
}

static void write_byte(void *address)
{
	*(volatile char *) address = 1;
}

static void expect_fault(void (*touch)(void *), vm_offset_t address, int code)
{
	struct fault fault;

	fault_run(touch, (void *) address, &fault);
	EXPECT(fault.happened, TRUE);
	EXPECT(fault.exception, EXC_BAD_ACCESS);
	EXPECT(fault.code, code);
	EXPECT(fault.subcode, address);
}

/* Write-only and execute-only memory, and the exact address. */
void test_access(void)
{
	static const vm_prot_t protections[] = { VM_PROT_WRITE, VM_PROT_EXECUTE, VM_PROT_NONE };
	vm_offset_t base = allocate(1);

	*(volatile char *) base = 1;
	for (unsigned int i = 0; i < COUNT_OF(protections); i++) {
		EXPECT(vm_protect(SELF, base, PAGE, FALSE, protections[i]), KERN_SUCCESS);
		expect_fault(read_byte, base + 123, KERN_PROTECTION_FAILURE);
		expect_fault(write_byte, base + 4095, KERN_PROTECTION_FAILURE);
	}
	deallocate(base, 1);
	expect_fault(read_byte, base + 123, KERN_INVALID_ADDRESS);
	expect_fault(write_byte, base + 1, KERN_INVALID_ADDRESS);
	expect_fault(read_byte, TOP + 77, EXC_I386_PGFLT);
}

/* --- copies ----------------------------------------------------------------------------------- */

static void expect_fresh(vm_offset_t address)
{
	struct region region;

	EXPECT(region_find(SELF, address, &region), KERN_SUCCESS);
	EXPECT(region.protection, VM_PROT_DEFAULT);
	EXPECT(region.max, VM_PROT_ALL);
	EXPECT(region.inheritance, VM_INHERIT_COPY);
	EXPECT(region.shared, FALSE);
}

/* Out of line to ourselves.  Returns: where it is then. */
static vm_offset_t through_message(vm_offset_t address, vm_size_t size)
{
	mach_port_t port = port_new();
	static struct message message;

	message_init(&message, port, MACH_MSG_TYPE_MAKE_SEND, MACH_PORT_NULL, 0);
	message_memory(&message, MACH_MSG_TYPE_BYTE, 8, size, (void *) address, 0);
	EXPECT(message_send(&message), MACH_MSG_SUCCESS);
	EXPECT(message_receive(&message, port), MACH_MSG_SUCCESS);
	EXPECT(message.body[2], size);
	port_destroy(port);
	return message.body[3];
}

static vm_offset_t by_vm_read(vm_offset_t address, vm_size_t size)
{
	mach_msg_type_number_t count = 0;
	vm_offset_t data = 0;

	EXPECT(vm_read(SELF, address, size, &data, &count), KERN_SUCCESS);
	EXPECT(count, size);
	return data;
}

static vm_offset_t (*const copiers[])(vm_offset_t, vm_size_t) = { by_vm_read, through_message };

/* Whatever the source was. */
void test_copied_memory(void)
{
	vm_offset_t base = allocate(16), copy;

	memset((void *) base, 0x5a, 16 * PAGE);
	EXPECT(vm_inherit(SELF, base, 16 * PAGE, VM_INHERIT_SHARE), KERN_SUCCESS);
	EXPECT(vm_protect(SELF, base, 16 * PAGE, TRUE, VM_PROT_READ), KERN_SUCCESS);
	for (unsigned int i = 0; i < COUNT_OF(copiers); i++)
		for (unsigned int pages = 1; pages <= 15; pages += 14) {
			vm_size_t size = pages * PAGE;

			tap_about("copier %u, %u pages", i, pages);
			copy = copiers[i](base + 0x321, size);
			EXPECT(copy & PAGE_MASK, 0x321);
			expect_fresh(copy);
			expect_fresh(copy + size - 1);
			EXPECT(memcmp((void *) copy, (void *) (base + 0x321), size), 0);
			*(volatile char *) copy = 1;
			EXPECT(*(volatile char *) (base + 0x321), 0x5a);
			EXPECT(vm_deallocate(SELF, copy, size), KERN_SUCCESS);
		}
	tap_about("%s", "");
	deallocate(base, 16);
}

/* Nothing, and less than a page: around it are zeros, or what the sender could read itself. */
void test_short_copies(void)
{
	vm_offset_t base = allocate(2);

	memset((void *) base, 0x5a, 2 * PAGE);
	for (unsigned int i = 0; i < COUNT_OF(copiers); i++) {
		vm_offset_t copy = copiers[i](base, 0);

		EXPECT(copy, 0);
		copy = copiers[i](base + 100, 10);
		EXPECT(copy & PAGE_MASK, 100);
		for (unsigned int at = 0; at < PAGE; at++) {
			unsigned char byte = ((unsigned char *) trunc_page(copy))[at];

			if (at >= 100 && at < 110)
				EXPECT(byte, 0x5a);
			else
				EXPECT_TRUE(byte == 0 || byte == 0x5a);
		}
		EXPECT(vm_deallocate(SELF, copy, 10), KERN_SUCCESS);
	}
	deallocate(base, 2);
}

static mach_msg_return_t send_memory(vm_offset_t address, vm_size_t size)
{
	mach_port_t port = port_new();
	static struct message message;
	mach_msg_return_t mr;

	message_init(&message, port, MACH_MSG_TYPE_MAKE_SEND, MACH_PORT_NULL, 0);
	message_memory(&message, MACH_MSG_TYPE_BYTE, 8, size, (void *) address, 0);
	mr = message_send(&message);
	EXPECT_TRUE(queue_is_empty(port));
	port_destroy(port);
	return mr;
}

void test_unreadable_source(void)
{
	vm_offset_t base = allocate(3), data;
	mach_msg_type_number_t count;

	EXPECT(vm_protect(SELF, base + PAGE, PAGE, FALSE, VM_PROT_WRITE), KERN_SUCCESS);
	EXPECT(vm_read(SELF, base, 3 * PAGE, &data, &count), KERN_PROTECTION_FAILURE);
	EXPECT(send_memory(base, 3 * PAGE), MACH_SEND_INVALID_MEMORY);
	EXPECT(send_memory(base + PAGE - 1, 2), MACH_SEND_INVALID_MEMORY);
	deallocate(base + PAGE, 1);
	EXPECT(vm_read(SELF, base, 3 * PAGE, &data, &count), KERN_INVALID_ADDRESS);
	EXPECT(vm_read(SELF, base + PAGE - 1, 2, &data, &count), KERN_INVALID_ADDRESS);
	EXPECT(vm_read(SELF, base, -PAGE, &data, &count), KERN_INVALID_ADDRESS);
	EXPECT(send_memory(base, 3 * PAGE), MACH_SEND_INVALID_MEMORY);
	EXPECT(send_memory(base, -PAGE), MACH_SEND_INVALID_MEMORY);
	EXPECT(vm_deallocate(SELF, base, 3 * PAGE), KERN_SUCCESS);
}

/* --- vm_write and vm_copy --------------------------------------------------------------------- */

void test_write_and_copy(void)
{
	vm_offset_t from = allocate(2), to = allocate(2);

	memset((void *) from, 0x5a, 2 * PAGE);
	EXPECT(vm_write(SELF, to + 1, from, PAGE), KERN_INVALID_ARGUMENT);
	EXPECT(vm_write(SELF, to, from + 1, PAGE), KERN_INVALID_ARGUMENT);
	EXPECT(vm_write(SELF, to, from, PAGE - 1), KERN_INVALID_ARGUMENT);
	EXPECT(vm_write(SELF, to, from, 0), KERN_SUCCESS);
	EXPECT(vm_copy(SELF, from + 1, PAGE, to), KERN_INVALID_ARGUMENT);
	EXPECT(vm_copy(SELF, from, PAGE + 1, to), KERN_INVALID_ARGUMENT);
	EXPECT(vm_copy(SELF, from, PAGE, to + 1), KERN_INVALID_ARGUMENT);
	EXPECT(vm_copy(SELF, from, 0, to), KERN_SUCCESS);
	EXPECT(vm_protect(SELF, to + PAGE, PAGE, FALSE, VM_PROT_READ), KERN_SUCCESS);
	EXPECT(vm_write(SELF, to, from, 2 * PAGE), KERN_PROTECTION_FAILURE);
	EXPECT(vm_copy(SELF, from, 2 * PAGE, to), KERN_PROTECTION_FAILURE);
	EXPECT(*(char *) to, 0);
	deallocate(to + PAGE, 1);
	EXPECT(vm_write(SELF, to, from, 2 * PAGE), KERN_INVALID_ADDRESS);
	EXPECT(vm_copy(SELF, from, 2 * PAGE, to), KERN_INVALID_ADDRESS);
	EXPECT(*(char *) to, 0);
	deallocate(to, 1);
	deallocate(from, 2);
}

/* --- what else tells of memory ---------------------------------------------------------------- */

void test_regions(void)
{
	vm_offset_t base = allocate(1);
	struct region region;
	int here;

	EXPECT(region_find(SELF, base, &region), KERN_SUCCESS);
	EXPECT(region.object, MACH_PORT_NULL);
	EXPECT(region_find(SELF, (vm_offset_t) test_regions, &region), KERN_SUCCESS);
	EXPECT(region.protection, VM_PROT_READ | VM_PROT_EXECUTE);
	EXPECT(region.max, VM_PROT_ALL);
	EXPECT(region_find(SELF, (vm_offset_t) &here, &region), KERN_SUCCESS);
	EXPECT_TRUE(region.address <= (vm_offset_t) &here);
	EXPECT(region.max, VM_PROT_ALL);
	while (region.address + region.size != TOP)
		if (!EXPECT(region_find(SELF, region.address + region.size, &region), KERN_SUCCESS))
			break;
	EXPECT(region_find(SELF, TOP - 1, &region), KERN_SUCCESS);
	EXPECT(region_find(SELF, TOP, &region), KERN_NO_SPACE);
	EXPECT(region_find(SELF, -1, &region), KERN_NO_SPACE);
	deallocate(base, 1);
}

void test_other_calls(void)
{
	vm_machine_attribute_val_t value = MATTR_VAL_CACHE_FLUSH;
	vm_offset_t base = allocate(1);

	EXPECT(vm_machine_attribute(SELF, base, PAGE, MATTR_CACHE, &value), KERN_INVALID_ADDRESS);
	EXPECT(vm_msync(SELF, base, PAGE, VM_SYNC_SYNCHRONOUS), KERN_INVALID_ARGUMENT);
	EXPECT(vm_msync(SELF, base, 0, VM_SYNC_SYNCHRONOUS), KERN_SUCCESS);
	deallocate(base, 1);
}

void test_wire(void)
{
	vm_offset_t base = allocate(3);
	mach_port_t host = mach_host_self(), task;

	EXPECT(vm_wire(SELF, SELF, base, PAGE, 8), KERN_INVALID_HOST);
	EXPECT(vm_wire(host, host, base, PAGE, 8), KERN_INVALID_TASK);
	EXPECT(vm_wire(host, SELF, base, PAGE, 8), KERN_INVALID_ARGUMENT);
	EXPECT(vm_protect(SELF, base, PAGE, FALSE, VM_PROT_READ), KERN_SUCCESS);
	EXPECT(vm_wire(host, SELF, base, PAGE, VM_PROT_DEFAULT), KERN_NO_SPACE);
	deallocate(base + PAGE, 1);
	EXPECT(vm_wire(host, SELF, base, 3 * PAGE, VM_PROT_READ), KERN_NO_SPACE);
	EXPECT(vm_deallocate(SELF, base, 3 * PAGE), KERN_SUCCESS);
	EXPECT(task_create(SELF, FALSE, &task), KERN_SUCCESS);
	base = 0;
	EXPECT(vm_allocate(task, &base, 9 << 20, TRUE), KERN_SUCCESS);
	EXPECT(vm_wire(host, task, base, 9 << 20, VM_PROT_READ), KERN_NO_ACCESS);
	EXPECT(vm_wire(host, task, base, 8 << 20, VM_PROT_READ), KERN_SUCCESS);
	EXPECT(vm_wire(host, task, base + (8 << 20), PAGE, VM_PROT_READ), KERN_NO_ACCESS);
	EXPECT(vm_wire(tap_host_priv, task, base + (8 << 20), PAGE, VM_PROT_READ), KERN_SUCCESS);
	EXPECT(task_terminate(task), KERN_SUCCESS);
	port_destroy(task);
	EXPECT(mach_port_deallocate(SELF, host), KERN_SUCCESS);
}

static kern_return_t contiguous(vm_size_t size, rpc_phys_addr_t minimum, rpc_phys_addr_t alignment,
	vm_address_t *address)
{
	rpc_phys_addr_t physical = 0;

	return vm_allocate_contiguous(tap_host_priv, SELF, address, &physical, size, minimum,
		0x7000000, alignment);
}

void test_contiguous(void)
{
	static const rpc_phys_addr_t good[] = { 0, 1, 2, 16, PAGE };
	static const rpc_phys_addr_t bad[] = { 3, 5, PAGE + 1, 2 * PAGE, 0x80000000 };
	vm_offset_t base = allocate(2);
	rpc_phys_addr_t pages[4], *list = pages;
	mach_msg_type_number_t count = COUNT_OF(pages);
	struct region region;
	vm_address_t address;

	for (unsigned int i = 0; i < COUNT_OF(good); i++) {
		if (!EXPECT(contiguous(2 * PAGE, 0, good[i], &address), KERN_SUCCESS))
			continue;
		EXPECT(region_find(SELF, address, &region), KERN_SUCCESS);
		EXPECT(region.protection, VM_PROT_DEFAULT);
		EXPECT(region.max, VM_PROT_DEFAULT);
		deallocate(address, 2);
	}
	for (unsigned int i = 0; i < COUNT_OF(bad); i++)
		EXPECT(contiguous(PAGE, 0, bad[i], &address), KERN_INVALID_ARGUMENT);
	EXPECT(contiguous(PAGE, PAGE, 0, &address), KERN_INVALID_ARGUMENT);
	*(volatile char *) base = 1;
	EXPECT(vm_pages_phys(tap_host_priv, SELF, base, 2 * PAGE, &list, &count), KERN_SUCCESS);
	EXPECT(count, 2);
	EXPECT_TRUE(list[0] != 0);
	EXPECT_TRUE(list[1] == 0);
	if (list != pages)
		EXPECT(vm_deallocate(SELF, (vm_offset_t) list, count * sizeof *list), KERN_SUCCESS);
	deallocate(base, 2);
}

/* --- the size limit (abi.md) ------------------------------------------------------------------ */

void test_size_limit(void)
{
	mach_port_t host = mach_host_self(), task, child;
	vm_size_t current = 0, max = 0;
	vm_offset_t address = 0;

	EXPECT(task_create(SELF, FALSE, &task), KERN_SUCCESS);
	EXPECT(vm_set_size_limit(SELF, SELF, 2, 1), KERN_INVALID_ARGUMENT);
	EXPECT(vm_set_size_limit(SELF, host, 1, 1), KERN_INVALID_TASK);
	EXPECT(vm_set_size_limit(SELF, task, 1, 1), KERN_INVALID_HOST);
	EXPECT(vm_set_size_limit(host, task, 16 * PAGE, 32 * PAGE), KERN_SUCCESS);
	EXPECT(vm_set_size_limit(host, task, 16 * PAGE, 33 * PAGE), KERN_NO_ACCESS);
	EXPECT(vm_allocate(task, &address, 17 * PAGE, TRUE), KERN_NO_SPACE);
	EXPECT(vm_allocate(task, &address, 16 * PAGE, TRUE), KERN_SUCCESS);
	EXPECT(vm_set_size_limit(host, task, PAGE, 32 * PAGE), KERN_SUCCESS);
	EXPECT(vm_protect(task, address, 16 * PAGE, TRUE, VM_PROT_NONE), KERN_SUCCESS);
	address = 0;
	EXPECT(vm_allocate(task, &address, PAGE, TRUE), KERN_SUCCESS);
	EXPECT(vm_allocate(task, &address, PAGE, TRUE), KERN_NO_SPACE);
	EXPECT(vm_map(task, &address, 64 * PAGE, 0, TRUE, MACH_PORT_NULL, 0, FALSE, VM_PROT_NONE,
		VM_PROT_NONE, VM_INHERIT_COPY), KERN_SUCCESS);
	EXPECT(task_create(task, FALSE, &child), KERN_SUCCESS);
	EXPECT(vm_get_size_limit(child, &current, &max), KERN_SUCCESS);
	EXPECT(current, PAGE);
	EXPECT(max, 32 * PAGE);
	EXPECT(vm_set_size_limit(tap_host_priv, task, 64 * PAGE, 64 * PAGE), KERN_SUCCESS);
	EXPECT(task_terminate(task), KERN_SUCCESS);
	EXPECT(task_terminate(child), KERN_SUCCESS);
	port_destroy(task);
	port_destroy(child);
	EXPECT(mach_port_deallocate(SELF, host), KERN_SUCCESS);
}
