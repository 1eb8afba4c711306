/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of memory out of line: it arrives as it was when it was sent. */
#include "memory.h"

#include <libmach/string.h>
#include <mach.h>
#include <mach/vm_param.h>

#include "../common/messages.h"
#include "../common/ports.h"
#include "../common/tap.h"

static mach_msg_return_t send_bytes(mach_port_t port, const void *data, vm_size_t size,
	uint32_t bits)
{
	struct message message;

	message_init(&message, port, MACH_MSG_TYPE_COPY_SEND, MACH_PORT_NULL, 0);
	message_memory(&message, MACH_MSG_TYPE_BYTE, 8, size, data, bits);
	return message_send(&message);
}

/* Returns: where it is. */
static unsigned char *receive_bytes(mach_port_t port, vm_size_t size)
{
	struct message message;

	if (!EXPECT(message_receive(&message, port), MACH_MSG_SUCCESS))
		return NULL;
	EXPECT_TRUE(message.header.msgh_bits & MACH_MSGH_BITS_COMPLEX);
	EXPECT(message.body[0], TYPE_LONG | TYPE_DEALLOCATE);
	EXPECT(message.body[1], 8 << 16 | MACH_MSG_TYPE_BYTE);
	EXPECT(message.body[2], size);
	return (unsigned char *) message.body[3];
}

static vm_offset_t allocate(vm_size_t size)
{
	vm_offset_t address = 0;

	EXPECT(vm_allocate(mach_task_self(), &address, size, TRUE), KERN_SUCCESS);
	return address;
}

static void deallocate(vm_offset_t address, vm_size_t size)
{
	EXPECT(vm_deallocate(mach_task_self(), address, size), KERN_SUCCESS);
}

static unsigned char pattern(unsigned int i)
{
	return i * 7 + (i >> 8) * 3;
}

static void fill(unsigned char *bytes, vm_size_t size)
{
	for (vm_size_t i = 0; i < size; i++)
		bytes[i] = pattern(i);
}

static void check(const unsigned char *bytes, vm_size_t size, unsigned int first)
{
	for (vm_size_t i = 0; i < size; i++)
		if (!EXPECT(bytes[i], pattern(first + i))) {
			tap_fail("byte %u of %u is wrong", (unsigned int) i, (unsigned int) size);
			break;
		}
}

static void try_range(mach_port_t port, unsigned char *memory, unsigned int offset, vm_size_t size)
{
	unsigned char *got;

	tap_about("%u bytes from offset %u", (unsigned int) size, offset);
	EXPECT(send_bytes(port, memory + offset, size, 0), MACH_MSG_SUCCESS);
	got = receive_bytes(port, size);
	if (got == NULL)
		return;
	EXPECT((uintptr_t) got % PAGE_SIZE, (uintptr_t) (memory + offset) % PAGE_SIZE);
	check(got, size, offset);
	deallocate((vm_offset_t) got, size);
}

void test_sizes_and_offsets(void)
{
	static const vm_size_t sizes[] = {
		1, 3, 4, 5, 100, 1000, 4095, 4096, 4097, 8191, 8192, 8193, 20000, 65536,
	};
	static const unsigned int offsets[] = { 0, 1, 4, 2048, 4090, 4095, 4096, 5000 };
	mach_port_t port = port_new_with_send(1);
	vm_offset_t memory = allocate(20 * PAGE_SIZE);

	fill((unsigned char *) memory, 20 * PAGE_SIZE);
	for (unsigned int i = 0; i < COUNT_OF(sizes); i++)
		for (unsigned int j = 0; j < COUNT_OF(offsets); j++)
			try_range(port, (unsigned char *) memory, offsets[j], sizes[i]);
	deallocate(memory, 20 * PAGE_SIZE);
	port_destroy(port);
}

/* What the sender writes later does not reach the receiver, nor the other way round (VM-11). */
void test_snapshot(void)
{
	const vm_size_t size = 64 * 1024;
	mach_port_t port = port_new_with_send(1);
	unsigned char *memory = (unsigned char *) allocate(size), *first, *second;

	fill(memory, size);
	EXPECT(send_bytes(port, memory, size, 0), MACH_MSG_SUCCESS);
	memset(memory, 0x55, size);
	EXPECT(send_bytes(port, memory, size, 0), MACH_MSG_SUCCESS);
	memset(memory, 0x66, size);
	first = receive_bytes(port, size);
	second = receive_bytes(port, size);
	if (first != NULL && second != NULL) {
		check(first, size, 0);
		memset(first, 0x77, size);
		EXPECT(second[0], 0x55);
		EXPECT(second[size - 1], 0x55);
		EXPECT(memory[0], 0x66);
		EXPECT(memory[size - 1], 0x66);
		deallocate((vm_offset_t) first, size);
		deallocate((vm_offset_t) second, size);
	}
	deallocate((vm_offset_t) memory, size);
	port_destroy(port);
}

/*
 * A task that shares the memory writes after the message was sent.  The other task is only a map:
 * we write into it by vm_write.
 */
void test_shared_snapshot(void)
{
	mach_port_t port = port_new_with_send(1), task;
	vm_offset_t memory = allocate(2 * PAGE_SIZE), source = allocate(PAGE_SIZE);
	unsigned char *got;

	fill((unsigned char *) memory, 2 * PAGE_SIZE);
	memset((void *) source, 0x99, PAGE_SIZE);
	EXPECT(vm_inherit(mach_task_self(), memory, 2 * PAGE_SIZE, VM_INHERIT_SHARE),
		KERN_SUCCESS);
	EXPECT(task_create(mach_task_self(), TRUE, &task), KERN_SUCCESS);
	EXPECT(send_bytes(port, (void *) memory, 2 * PAGE_SIZE, 0), MACH_MSG_SUCCESS);
	EXPECT(vm_write(task, memory, source, PAGE_SIZE), KERN_SUCCESS);
	EXPECT(*(unsigned char *) memory, 0x99);
	EXPECT(*(unsigned char *) (memory + PAGE_SIZE), pattern(PAGE_SIZE));
	got = receive_bytes(port, 2 * PAGE_SIZE);
	if (got != NULL) {
		check(got, 2 * PAGE_SIZE, 0);
		deallocate((vm_offset_t) got, 2 * PAGE_SIZE);
	}
	EXPECT(task_terminate(task), KERN_SUCCESS);
	EXPECT(mach_port_deallocate(mach_task_self(), task), KERN_SUCCESS);
	deallocate(memory, 2 * PAGE_SIZE);
	deallocate(source, PAGE_SIZE);
	port_destroy(port);
}

static boolean_t is_mapped(vm_offset_t address)
{
	vm_offset_t memory = address;
	kern_return_t result = vm_allocate(mach_task_self(), &memory, 1, FALSE);

	if (result == KERN_SUCCESS)
		vm_deallocate(mach_task_self(), memory, 1);
	return result == KERN_NO_SPACE;
}

void test_deallocate(void)
{
	mach_port_t port = port_new_with_send(1);
	vm_offset_t memory = allocate(4 * PAGE_SIZE);
	unsigned char *got;

	fill((unsigned char *) memory, 4 * PAGE_SIZE);
	EXPECT(send_bytes(port, (void *) (memory + PAGE_SIZE), 2 * PAGE_SIZE, TYPE_DEALLOCATE),
		MACH_MSG_SUCCESS);
	EXPECT(is_mapped(memory), TRUE);
	EXPECT(is_mapped(memory + PAGE_SIZE), FALSE);
	EXPECT(is_mapped(memory + 2 * PAGE_SIZE), FALSE);
	EXPECT(is_mapped(memory + 3 * PAGE_SIZE), TRUE);
	got = receive_bytes(port, 2 * PAGE_SIZE);
	if (got != NULL) {
		check(got, 2 * PAGE_SIZE, PAGE_SIZE);
		deallocate((vm_offset_t) got, 2 * PAGE_SIZE);
	}
	deallocate(memory, 4 * PAGE_SIZE);
	port_destroy(port);
}

/* The second item's page went with the first. */
void test_deallocate_twice(void)
{
	mach_port_t port = port_new_with_send(1);
	vm_offset_t memory = allocate(PAGE_SIZE);
	struct message message;

	*(char *) memory = 1;
	message_init(&message, port, MACH_MSG_TYPE_COPY_SEND, MACH_PORT_NULL, 0);
	message_memory(&message, MACH_MSG_TYPE_BYTE, 8, 100, (void *) memory, TYPE_DEALLOCATE);
	message_memory(&message, MACH_MSG_TYPE_BYTE, 8, 100, (void *) (memory + 200),
		TYPE_DEALLOCATE);
	EXPECT(message_send(&message), MACH_SEND_INVALID_MEMORY);
	EXPECT(is_mapped(memory), FALSE);
	EXPECT_TRUE(queue_is_empty(port));
	port_destroy(port);
}

/* Whatever the source was, it arrives readable and writable and is inherited by copying. */
void test_received_region(void)
{
	mach_port_t port = port_new_with_send(1);
	vm_offset_t memory = allocate(PAGE_SIZE), at, offset;
	mach_port_t object = MACH_PORT_NULL;
	vm_prot_t protection, max;
	vm_inherit_t inheritance;
	boolean_t shared;
	vm_size_t size;

	*(char *) memory = 1;
	EXPECT(vm_inherit(mach_task_self(), memory, PAGE_SIZE, VM_INHERIT_NONE), KERN_SUCCESS);
	EXPECT(vm_protect(mach_task_self(), memory, PAGE_SIZE, FALSE, VM_PROT_READ),
		KERN_SUCCESS);
	EXPECT(send_bytes(port, (void *) memory, PAGE_SIZE, 0), MACH_MSG_SUCCESS);
	at = (vm_offset_t) receive_bytes(port, PAGE_SIZE);
	EXPECT(vm_region(mach_task_self(), &at, &size, &protection, &max, &inheritance, &shared,
		&object, &offset), KERN_SUCCESS);
	EXPECT(protection, VM_PROT_READ | VM_PROT_WRITE);
	EXPECT(max, VM_PROT_ALL);
	EXPECT(inheritance, VM_INHERIT_COPY);
	EXPECT(shared, FALSE);
	if (MACH_PORT_VALID(object))
		mach_port_deallocate(mach_task_self(), object);
	deallocate(at, PAGE_SIZE);
	deallocate(memory, PAGE_SIZE);
	port_destroy(port);
}

void test_bad_memory(void)
{
	mach_port_t port = port_new_with_send(1);
	vm_offset_t memory = allocate(3 * PAGE_SIZE);

	EXPECT(vm_protect(mach_task_self(), memory, PAGE_SIZE, FALSE, VM_PROT_NONE),
		KERN_SUCCESS);
	deallocate(memory + 2 * PAGE_SIZE, PAGE_SIZE);
	EXPECT(send_bytes(port, (void *) memory, 10, 0), MACH_SEND_INVALID_MEMORY);
	EXPECT(send_bytes(port, (void *) (memory + PAGE_SIZE), 10, 0), MACH_MSG_SUCCESS);
	EXPECT(send_bytes(port, (void *) (memory + PAGE_SIZE), PAGE_SIZE + 1, 0),
		MACH_SEND_INVALID_MEMORY);
	EXPECT(send_bytes(port, (void *) (memory + 2 * PAGE_SIZE), 10, 0),
		MACH_SEND_INVALID_MEMORY);
	EXPECT(send_bytes(port, (void *) VM_MAX_ADDRESS, 10, 0), MACH_SEND_INVALID_MEMORY);
	EXPECT(send_bytes(port, (void *) 0xfffffff0, 0x100, 0), MACH_SEND_INVALID_MEMORY);
	EXPECT(send_bytes(port, (void *) VM_MAX_ADDRESS, 10, TYPE_DEALLOCATE),
		MACH_SEND_INVALID_MEMORY);
	EXPECT(port_status(port).mps_msgcount, 1);
	port_destroy(port);
	deallocate(memory, 2 * PAGE_SIZE);
}

/* Messages with memory that nobody takes: many times, so that a leak would be noticed. */
void test_destroyed_memory(void)
{
	const vm_size_t size = 4 * 1024 * 1024;
	vm_offset_t memory = allocate(size);

	for (int round = 0; round < 50; round++) {
		mach_port_t port = port_new_with_send(1);

		for (vm_offset_t at = 0; at < size; at += PAGE_SIZE)
			*(int *) (memory + at) = round;
		EXPECT(send_bytes(port, (void *) memory, size, 0), MACH_MSG_SUCCESS);
		port_destroy(port);
	}
	deallocate(memory, size);
}
