/* SPDX-License-Identifier: BSD-2-Clause */
/* Devices that are memory, mapped: windows, their limits and what they grant. */
#include <libmach/string.h>
#include <mach/mach4.h>
#include <mach/mach_host.h>
#include <mach_debug/mach_debug.h>

#include "../common/fault.h"
#include "../common/regions.h"
#include "../common/snapshot.h"
#include "disk.h"
#include "tests.h"

#define DISK_PAGES	2
#define EMPTY_PAGES	(EMPTY_SIZE / PAGE)

static mach_port_t window(mach_port_t device, vm_prot_t prot, vm_offset_t offset, vm_size_t size)
{
	mach_port_t pager = MACH_PORT_NULL;

	EXPECT(device_map(device, prot, offset, size, &pager, 0), D_SUCCESS);
	EXPECT(port_type(pager), MACH_PORT_TYPE_SEND);
	return pager;
}

static kern_return_t map(mach_port_t pager, vm_offset_t offset, vm_size_t size, vm_prot_t prot,
	vm_address_t *address)
{
	*address = 0;
	return vm_map(SELF, address, size, 0, TRUE, pager, offset, FALSE, prot, VM_PROT_ALL,
		VM_INHERIT_SHARE);
}

static volatile char *mapped(mach_port_t pager, vm_offset_t offset, vm_size_t size, vm_prot_t prot)
{
	vm_address_t address;

	EXPECT(map(pager, offset, size, prot, &address), KERN_SUCCESS);
	return (volatile char *) address;
}

static void unmap(volatile void *address, vm_size_t size)
{
	EXPECT(vm_deallocate(SELF, (vm_address_t) address, size), KERN_SUCCESS);
}

static void touch_for_reading(void *address)
{
	(void) *(volatile char *) address;
}

static void touch_for_writing(void *address)
{
	*(volatile char *) address = 0;
}

static void expect_fault(void (*touch)(void *), volatile void *address, kern_return_t code)
{
	struct fault fault;

	fault_run(touch, (void *) address, &fault);
	if (EXPECT(fault.happened, TRUE)) {
		EXPECT(fault.code, code);
		EXPECT(fault.subcode, (unsigned int) address);
	}
}

/* What is in the mapping is what the device's operations read and write. */
void test_map_disk(void)
{
	mach_port_t device = open_device("rd0"), pager;
	volatile char *memory;
	char data[IO_INBAND_MAX];
	mach_msg_type_number_t count = sizeof data;
	int done;

	pager = window(device, VM_PROT_READ | VM_PROT_WRITE, 0, DISK_SIZE);
	memory = mapped(pager, 0, DISK_SIZE, VM_PROT_READ | VM_PROT_WRITE);
	expect_disk((const char *) memory, 0, DISK_SIZE);
	expect_zeros((const char *) memory + DISK_SIZE, DISK_PAGES * PAGE - DISK_SIZE);
	memory[3 * RECORD] ^= 0x55;
	EXPECT(device_read_inband(device, 0, 3, 1, data, &count), D_SUCCESS);
	EXPECT(data[0], memory[3 * RECORD]);
	data[0] ^= 0x55;
	EXPECT(device_write_inband(device, 0, 3, data, 1, &done), D_SUCCESS);
	expect_disk((const char *) memory, 0, DISK_SIZE);
	close_device(device);		/* the mapping needs neither */
	close_device(pager);
	expect_disk((const char *) memory, 0, DISK_SIZE);
	unmap(memory, DISK_SIZE);
}

/* MO-8: a window's offset 0 is where it begins, and nothing is mapped behind its end. */
void test_map_limits(void)
{
	static const struct {
		vm_offset_t	offset;
		vm_size_t	size;
		io_return_t	code;
	} bad[] = {
		{ 0, 0, D_INVALID_SIZE },
		{ 0, DISK_PAGES * PAGE + 1, D_INVALID_SIZE },
		{ PAGE, DISK_PAGES * PAGE, D_INVALID_SIZE },
		{ DISK_PAGES * PAGE, 1, D_INVALID_SIZE },
		{ 0, 0xffffffff, D_INVALID_SIZE },
		{ 0, 0xfffff000, D_INVALID_SIZE },
		{ PAGE, 0xfffff000, D_INVALID_SIZE },
		{ 0xfffff000, PAGE, D_INVALID_SIZE },
		{ 0xfffff000, DISK_PAGES * PAGE, D_INVALID_SIZE },
		{ 1, PAGE, KERN_INVALID_ARGUMENT },
		{ PAGE - 1, PAGE, KERN_INVALID_ARGUMENT },
	};
	mach_port_t device = open_device("rd0"), pager;
	vm_address_t address;
	volatile char *memory;

	for (unsigned int i = 0; i < COUNT_OF(bad); i++) {
		tap_about("offset %x, size %x", bad[i].offset, bad[i].size);
		EXPECT(device_map(device, VM_PROT_READ, bad[i].offset, bad[i].size, &pager, 0),
			bad[i].code);
	}
	tap_about("%s", "");
	EXPECT(device_map(device, 8, 0, PAGE, &pager, 0), KERN_INVALID_ARGUMENT);
	EXPECT(device_map(device, VM_PROT_ALL | 0x10, 0, PAGE, &pager, 0), KERN_INVALID_ARGUMENT);
	pager = window(device, VM_PROT_READ, PAGE, 1);
	EXPECT(map(pager, 0, PAGE + 1, VM_PROT_READ, &address), KERN_INVALID_ARGUMENT);
	EXPECT(map(pager, PAGE, 1, VM_PROT_READ, &address), KERN_INVALID_ARGUMENT);
	EXPECT(map(pager, 0xfffff000, PAGE, VM_PROT_READ, &address), KERN_INVALID_ARGUMENT);
	EXPECT(map(pager, 1, PAGE, VM_PROT_READ, &address), KERN_INVALID_ARGUMENT);
	memory = mapped(pager, 0, PAGE, VM_PROT_READ);
	expect_disk((const char *) memory, PAGE, DISK_SIZE - PAGE);
	unmap(memory, PAGE);
	close_device(pager);
	close_device(device);
}

/* Access that a window does not grant is neither given nor raised to. */
void test_map_access(void)
{
	mach_port_t device = open_device("rd2"), reader, pager;
	vm_address_t address;
	volatile char *memory;

	EXPECT(device_open(MASTER, D_READ, "rd2", &reader), D_SUCCESS);
	EXPECT(device_map(reader, VM_PROT_READ | VM_PROT_WRITE, 0, PAGE, &pager, 0), D_READ_ONLY);
	pager = window(reader, VM_PROT_READ, 0, PAGE);
	memory = mapped(pager, 0, PAGE, VM_PROT_READ | VM_PROT_WRITE);
	expect_zeros((const char *) memory, PAGE);
	expect_fault(touch_for_writing, memory, KERN_PROTECTION_FAILURE);
	EXPECT(vm_protect(SELF, (vm_address_t) memory, PAGE, FALSE,
		VM_PROT_READ | VM_PROT_WRITE), KERN_PROTECTION_FAILURE);
	unmap(memory, PAGE);
	close_device(pager);
	pager = window(device, VM_PROT_NONE, 0, PAGE);
	memory = mapped(pager, 0, PAGE, VM_PROT_READ);
	expect_fault(touch_for_reading, memory, KERN_PROTECTION_FAILURE);
	unmap(memory, PAGE);
	EXPECT(vm_map(SELF, &address, PAGE, 0, TRUE, pager, 0, TRUE, VM_PROT_READ, VM_PROT_ALL,
		VM_INHERIT_SHARE), KERN_PROTECTION_FAILURE);
	close_device(pager);
	close_device(reader);
	close_device(device);
}

/* Offsets of a device's memory are physical addresses: nobody is told, nor given a name to ask by. */
void test_map_hidden(void)
{
	static const char *const names[] = { "rd0", "time" };

	for (unsigned int i = 0; i < COUNT_OF(names); i++) {
		mach_port_t device = open_device(names[i]);
		mach_port_t pager = window(device, VM_PROT_READ, 0, PAGE), name;
		volatile char *memory = mapped(pager, 0, PAGE, VM_PROT_READ);
		vm_region_info_t info;
		struct region region;

		tap_about("%s", names[i]);
		(void) *memory;
		EXPECT(region_find(SELF, (vm_offset_t) memory, &region), KERN_SUCCESS);
		EXPECT(region.object, MACH_PORT_NULL);
		EXPECT(region.offset, 0);
		EXPECT(mach_vm_region_info(SELF, (vm_offset_t) memory, &info, &name), KERN_SUCCESS);
		EXPECT(name, MACH_PORT_NULL);
		EXPECT(info.vri_object, 0);
		EXPECT(info.vri_offset, 0);
		unmap(memory, PAGE);
		close_device(pager);
		close_device(device);
	}
	tap_about("%s", "");
}

/* A copy has what was there, and goes its own way. */
void test_map_copies(void)
{
	mach_port_t device = open_device("rd2"), pager = window(device, 3, 0, EMPTY_SIZE);
	volatile char *memory = mapped(pager, 0, EMPTY_SIZE, 3), *copy;
	mach_msg_type_number_t count;
	vm_address_t address = 0;
	vm_offset_t read;

	memory[0] = 'a';
	memory[5 * PAGE] = 'b';
	EXPECT(vm_map(SELF, &address, EMPTY_SIZE, 0, TRUE, pager, 0, TRUE, 3, 7, VM_INHERIT_COPY),
		KERN_SUCCESS);
	copy = (volatile char *) address;
	EXPECT(vm_read(SELF, (vm_address_t) memory, 8 * PAGE, &read, &count), KERN_SUCCESS);
	memory[0] = 'x';
	copy[5 * PAGE] = 'y';
	EXPECT(copy[0], 'a');
	EXPECT(memory[5 * PAGE], 'b');
	EXPECT(((char *) read)[0], 'a');
	EXPECT(((char *) read)[5 * PAGE], 'b');
	EXPECT(vm_write(SELF, (vm_address_t) memory, read, 8 * PAGE), KERN_SUCCESS);
	EXPECT(memory[0], 'a');
	EXPECT(vm_copy(SELF, address, 8 * PAGE, (vm_address_t) memory), KERN_SUCCESS);
	EXPECT(memory[5 * PAGE], 'y');
	memory[0] = memory[5 * PAGE] = 0;
	unmap(copy, EMPTY_SIZE);
	unmap((void *) read, count);
	unmap(memory, EMPTY_SIZE);
	close_device(pager);
	close_device(device);
}

/* Wired, protected, shared with a child that writes, moved in a message. */
void test_map_uses(void)
{
	mach_port_t device = open_device("rd2"), pager = window(device, 3, 0, EMPTY_SIZE), child;
	mach_port_t port = port_new();
	volatile char *memory = mapped(pager, 0, 16 * PAGE, 3);
	vm_address_t address = (vm_address_t) memory;
	struct message message;

	EXPECT(vm_wire(tap_host_priv, SELF, address, 16 * PAGE, 3), KERN_SUCCESS);
	memory[0] = 'w';
	EXPECT(vm_protect(SELF, address, PAGE, FALSE, VM_PROT_NONE), KERN_SUCCESS);
	expect_fault(touch_for_reading, memory, KERN_PROTECTION_FAILURE);
	EXPECT(vm_protect(SELF, address, PAGE, FALSE, 3), KERN_SUCCESS);
	EXPECT(memory[0], 'w');
	EXPECT(vm_wire(tap_host_priv, SELF, address, 16 * PAGE, 0), KERN_SUCCESS);
	EXPECT(task_create(SELF, TRUE, &child), KERN_SUCCESS);
	EXPECT(vm_copy(child, address, PAGE, address + 9 * PAGE), KERN_SUCCESS);
	EXPECT(memory[9 * PAGE], 'w');
	EXPECT(task_terminate(child), KERN_SUCCESS);
	close_device(child);
	message_init(&message, port, MACH_MSG_TYPE_MAKE_SEND_ONCE, 0, 0);
	message_memory(&message, MACH_MSG_TYPE_BYTE, 8, 16 * PAGE, (const void *) memory,
		TYPE_DEALLOCATE);
	EXPECT(message_send(&message), MACH_MSG_SUCCESS);
	expect_fault(touch_for_reading, memory, KERN_INVALID_ADDRESS);
	EXPECT(message_receive(&message, port), MACH_MSG_SUCCESS);
	memory = (volatile char *) message.body[3];
	EXPECT(memory[9 * PAGE], 'w');
	unmap(memory, 16 * PAGE);
	memory = mapped(pager, 0, 16 * PAGE, 3);
	memory[0] = memory[9 * PAGE] = 0;
	unmap(memory, 16 * PAGE);
	port_destroy(port);
	close_device(pager);
	close_device(device);
}

/* A window of a window is no wider. */
void test_map_proxy(void)
{
	mach_port_t device = open_device("rd0"), pager = window(device, VM_PROT_READ, PAGE, PAGE);
	vm_offset_t offset = 0, start = 0;
	vm_size_t length = 64 * PAGE;
	mach_port_t proxy;
	vm_address_t address;
	volatile char *memory;

	EXPECT(memory_object_create_proxy(SELF, VM_PROT_ALL, &pager, MACH_MSG_TYPE_COPY_SEND, 1,
		&offset, 1, &start, 1, &length, 1, &proxy), KERN_SUCCESS);
	EXPECT(map(proxy, PAGE, PAGE, VM_PROT_READ, &address), KERN_INVALID_ARGUMENT);
	memory = mapped(proxy, 0, PAGE, VM_PROT_READ | VM_PROT_WRITE);
	expect_disk((const char *) memory, PAGE, DISK_SIZE - PAGE);
	expect_fault(touch_for_writing, memory, KERN_PROTECTION_FAILURE);
	unmap(memory, PAGE);
	close_device(proxy);
	close_device(pager);
	close_device(device);
}

void test_map_nothing(void)
{
	static const char *const names[] = { "console", "com0", "irq" };
	mach_port_t device, pager;

	for (unsigned int i = 0; i < COUNT_OF(names); i++) {
		device = open_device(names[i]);
		EXPECT(device_map(device, VM_PROT_READ, 0, PAGE, &pager, 0), D_INVALID_OPERATION);
		close_device(device);
	}
	EXPECT(device_map(SELF, VM_PROT_READ, 0, PAGE, &pager, 0), D_NO_SUCH_DEVICE);
	EXPECT(device_map(MASTER, VM_PROT_READ, 0, PAGE, &pager, 0), D_NO_SUCH_DEVICE);
}

/* --- what remains --------------------------------------------------------------------- */

static void map_and_unmap(void)
{
	mach_port_t device = open_device("rd2"), pager = window(device, 3, 0, EMPTY_SIZE);
	volatile char *memory = mapped(pager, 0, EMPTY_SIZE, 3);

	for (unsigned int i = 0; i < EMPTY_PAGES; i += 3)
		memory[i * PAGE] = 0;
	close_device(device);
	close_device(pager);
	unmap(memory, EMPTY_SIZE);
}

/* A task dies with the device mapped, and with rights to it. */
static void die_with_mapping(void)
{
	mach_port_t device = open_device("rd2"), pager = window(device, 3, 0, EMPTY_SIZE), child;
	vm_address_t address = 0;

	EXPECT(task_create(SELF, FALSE, &child), KERN_SUCCESS);
	EXPECT(vm_map(child, &address, EMPTY_SIZE, 0, TRUE, pager, 0, FALSE, 3, 7, 0), KERN_SUCCESS);
	EXPECT(vm_wire(tap_host_priv, child, address, EMPTY_SIZE, 1), KERN_SUCCESS);
	EXPECT(mach_port_insert_right(child, 77, pager, MACH_MSG_TYPE_COPY_SEND), KERN_SUCCESS);
	EXPECT(mach_port_insert_right(child, 78, device, MACH_MSG_TYPE_COPY_SEND), KERN_SUCCESS);
	close_device(device);
	close_device(pager);
	EXPECT(task_terminate(child), KERN_SUCCESS);
	close_device(child);
}

void test_map_conserved(void)
{
	snapshot_conserved(map_and_unmap, tap_rounds(30, 3000));
	snapshot_conserved(die_with_mapping, tap_rounds(20, 2000));
}
