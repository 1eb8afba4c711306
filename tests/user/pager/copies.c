/* SPDX-License-Identifier: BSD-2-Clause */
/* Copies of a memory object's memory, and the kernel's own access to it. */
#include <libmach/string.h>
#include <libmach/thread.h>
#include <mach.h>
#include <mach/memory_object.h>

#include "../common/pager.h"
#include "../common/ports.h"
#include "../common/tap.h"
#include "../common/worker.h"
#include "tests.h"

/* A copy with DELAY asks for nothing until it is touched, and stays what it was. */
void test_delayed_copy(void)
{
	struct object object;
	struct toucher toucher;
	vm_offset_t base = object_map_new(&object, 3), copy;
	mach_msg_type_number_t size;

	object_ready(&object, FALSE, MEMORY_OBJECT_COPY_DELAY);
	page_in(&object, base, 0, 1);
	EXPECT(vm_read(SELF, base, 3 * PAGE_SIZE, &copy, &size), KERN_SUCCESS);
	expect_quiet(&object);
	*(volatile char *) base = 2;
	EXPECT(*(char *) copy, 1);
	/* An absent page is asked for on behalf of either, and seen by both. */
	touch_start(&toucher, copy + PAGE_SIZE, FALSE, 0);
	expect_request(&object, 2203, PAGE_SIZE, VM_PROT_READ);
	EXPECT(supply(&object, PAGE_SIZE, 3, VM_PROT_NONE, FALSE, MACH_PORT_NULL), KERN_SUCCESS);
	EXPECT(touch_end(&toucher), 3);
	*(volatile char *) (base + PAGE_SIZE) = 4;
	EXPECT(*(char *) (copy + PAGE_SIZE), 3);
	/* A write to the copy changes only that. */
	touch_start(&toucher, copy + 2 * PAGE_SIZE, TRUE, 9);
	expect_request(&object, 2203, 2 * PAGE_SIZE, VM_PROT_DEFAULT);
	EXPECT(supply(&object, 2 * PAGE_SIZE, 5, VM_PROT_NONE, FALSE, MACH_PORT_NULL),
		KERN_SUCCESS);
	EXPECT(touch_end(&toucher), 9);
	EXPECT(*(char *) (base + 2 * PAGE_SIZE), 5);
	/* Flushing does not take from the copy what it has seen. */
	EXPECT(memory_object_lock_request(object.control, 0, 3 * PAGE_SIZE,
		MEMORY_OBJECT_RETURN_NONE, TRUE, 8, MACH_PORT_NULL), KERN_SUCCESS);
	EXPECT(*(char *) copy, 1);
	EXPECT(*(char *) (copy + PAGE_SIZE), 3);
	/* The object lives as long as the copy may need it. */
	EXPECT(vm_deallocate(SELF, base, 3 * PAGE_SIZE), KERN_SUCCESS);
	expect_quiet(&object);
	object_unmap_last(&object, copy, 3);
}

/* vm_map with copy waits for ready; with NONE every absent page is asked for. */
struct mapper {
	mach_port_t		port, thread;
	vm_offset_t		address;
	volatile boolean_t	done;
	kern_return_t		result;
};

static void map_copy(void *argument)
{
	struct mapper *mapper = argument;

	mapper->address = 0;
	mapper->result = vm_map(SELF, &mapper->address, 2 * PAGE_SIZE, 0, TRUE, mapper->port, 0,
		TRUE, VM_PROT_DEFAULT, VM_PROT_ALL, VM_INHERIT_COPY);
	mapper->done = TRUE;
}

void test_map_copy(void)
{
	static struct mapper mapper;
	struct object object;
	unsigned int i;

	object_new(&object);
	mapper.port = object.port;
	mapper.done = FALSE;
	EXPECT(mach_thread_prepare(map_copy, &mapper, &mapper.thread), KERN_SUCCESS);
	EXPECT(thread_resume(mapper.thread), KERN_SUCCESS);
	expect_init(&object);
	expect_quiet(&object);
	EXPECT_TRUE(!mapper.done);
	object_ready(&object, FALSE, MEMORY_OBJECT_COPY_NONE);
	for (i = 0; i < 2; i++) {
		expect_request(&object, 2203, i * PAGE_SIZE, VM_PROT_READ);
		EXPECT_TRUE(!mapper.done);
		EXPECT(supply(&object, i * PAGE_SIZE, i + 5, VM_PROT_NONE, FALSE,
			MACH_PORT_NULL), KERN_SUCCESS);
	}
	mach_thread_join(mapper.thread);
	EXPECT(mapper.result, KERN_SUCCESS);
	expect_terminate(&object);	/* nobody needs it any more */
	EXPECT(*(char *) mapper.address, 5);
	EXPECT(*(char *) (mapper.address + PAGE_SIZE), 6);
	EXPECT(vm_deallocate(SELF, mapper.address, 2 * PAGE_SIZE), KERN_SUCCESS);
	object_end(&object);
}

/* A thread that lets the kernel read memory, of whichever task. */
struct reader {
	mach_port_t		task, thread;
	vm_offset_t		address;
	vm_size_t		size;
	volatile boolean_t	done;
	kern_return_t		result;
	int			byte;
};

static void read_memory(void *argument)
{
	struct reader *reader = argument;
	mach_msg_type_number_t size;
	vm_offset_t data;

	reader->result = vm_read(reader->task, reader->address, reader->size, &data, &size);
	if (reader->result == KERN_SUCCESS) {
		reader->byte = *(unsigned char *) data;
		vm_deallocate(SELF, data, size);
	}
	reader->done = TRUE;
}

static void reader_start(struct reader *reader, mach_port_t task, vm_offset_t address,
	vm_size_t size)
{
	reader->task = task;
	reader->address = address;
	reader->size = size;
	reader->done = FALSE;
	EXPECT(mach_thread_prepare(read_memory, reader, &reader->thread), KERN_SUCCESS);
	EXPECT(thread_resume(reader->thread), KERN_SUCCESS);
	sleep_for(20);
}

/* Small pieces are copied at once: the call waits for the page, and can be aborted. */
void test_kernel_read(void)
{
	static struct reader reader;
	struct object object;
	vm_offset_t base = object_map_new(&object, 1);

	object_ready(&object, FALSE, MEMORY_OBJECT_COPY_DELAY);
	reader_start(&reader, SELF, base + 3, 100);
	expect_request(&object, 2203, 0, VM_PROT_READ);
	EXPECT(thread_abort(reader.thread), KERN_SUCCESS);
	sleep_for(20);
	EXPECT_TRUE(reader.done);
	EXPECT(reader.result, KERN_ABORTED);
	mach_thread_join(reader.thread);
	reader_start(&reader, SELF, base + 3, 100);
	EXPECT_TRUE(!reader.done);
	EXPECT(supply(&object, 0, 8, VM_PROT_NONE, FALSE, MACH_PORT_NULL), KERN_SUCCESS);
	mach_thread_join(reader.thread);
	EXPECT(reader.result, KERN_SUCCESS);
	EXPECT(reader.byte, 8);
	object_unmap_last(&object, base, 1);
}

/* MK-17: the task that is read dies while the call waits. */
void test_read_dying_task(void)
{
	static struct reader reader;
	struct object object;
	vm_offset_t base = object_map_new(&object, 1);
	mach_port_t child;

	object_ready(&object, FALSE, MEMORY_OBJECT_COPY_DELAY);
	EXPECT(vm_inherit(SELF, base, PAGE_SIZE, VM_INHERIT_SHARE), KERN_SUCCESS);
	EXPECT(task_create(SELF, TRUE, &child), KERN_SUCCESS);
	reader_start(&reader, child, base, 100);
	expect_request(&object, 2203, 0, VM_PROT_READ);
	EXPECT(task_terminate(child), KERN_SUCCESS);
	EXPECT(supply(&object, 0, 8, VM_PROT_NONE, FALSE, MACH_PORT_NULL), KERN_SUCCESS);
	mach_thread_join(reader.thread);
	EXPECT(reader.result, KERN_INVALID_ADDRESS);
	EXPECT(mach_port_deallocate(SELF, child), KERN_SUCCESS);
	object_unmap_last(&object, base, 1);
}

/* CI-19: 64 KiB inline into pages that come late, at several alignments. */
#define INLINE_BYTES	0x10000u
#define INLINE_PAGES	(INLINE_BYTES / PAGE_SIZE + 2)

static struct { mach_msg_header_t header; unsigned char bytes[INLINE_BYTES]; } long_message;

struct late {
	mach_port_t	port, thread;
	vm_offset_t	at;
	mach_msg_return_t result;
};

static void receive_late(void *argument)
{
	struct late *late = argument;

	late->result = mach_msg((mach_msg_header_t *) late->at, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0,
		sizeof long_message, late->port, PATIENCE, MACH_PORT_NULL);
}

static void serve_pages(struct object *object)
{
	while (message_receive_wait(&object->message, object->port, 100) == MACH_MSG_SUCCESS) {
		EXPECT(object->message.header.msgh_id, 2203);
		EXPECT(mach_port_deallocate(SELF, object->message.body[1]), KERN_SUCCESS);
		sleep_for(10);
		EXPECT(supply(object, object->message.body[3], 0xee, VM_PROT_NONE, FALSE,
			MACH_PORT_NULL), KERN_SUCCESS);
	}
}

static void receive_at(unsigned int alignment)
{
	static struct late late;
	struct object object;
	vm_offset_t base = object_map_new(&object, INLINE_PAGES);
	unsigned char *bytes;
	unsigned int i, wrong = 0;

	object_ready(&object, FALSE, MEMORY_OBJECT_COPY_DELAY);
	late.port = port_new_with_send(1);
	late.at = base + alignment;
	for (i = 0; i < INLINE_BYTES; i++)
		long_message.bytes[i] = (unsigned char) (i * 7 + i / 256);
	long_message.header = (mach_msg_header_t) {
		.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, 0),
		.msgh_remote_port = late.port,
		.msgh_id = 5,
	};
	EXPECT(mach_msg(&long_message.header, MACH_SEND_MSG, sizeof long_message, 0,
		MACH_PORT_NULL, 0, MACH_PORT_NULL), MACH_MSG_SUCCESS);
	EXPECT(mach_thread_prepare(receive_late, &late, &late.thread), KERN_SUCCESS);
	EXPECT(thread_resume(late.thread), KERN_SUCCESS);
	serve_pages(&object);
	mach_thread_join(late.thread);
	EXPECT(late.result, MACH_MSG_SUCCESS);
	bytes = (unsigned char *) (late.at + sizeof(mach_msg_header_t));
	for (i = 0; i < INLINE_BYTES; i++)
		wrong += bytes[i] != long_message.bytes[i];
	EXPECT(wrong, 0);
	/* What lies around is the pager's. */
	if (alignment > 0)
		EXPECT(*(unsigned char *) (late.at - 1), 0xee);
	if ((vm_offset_t) (bytes + INLINE_BYTES) % PAGE_SIZE != 0)
		EXPECT(bytes[INLINE_BYTES], 0xee);
	port_destroy(late.port);
	EXPECT(memory_object_lock_request(object.control, 0, ~0u, MEMORY_OBJECT_RETURN_NONE, TRUE,
		8, MACH_PORT_NULL), KERN_SUCCESS);
	object_unmap_last(&object, base, INLINE_PAGES);
}

void test_late_receive(void)
{
	static const unsigned int alignments[] = { 0, 4, 2048, 4072, 4092 };
	unsigned int i;

	for (i = 0; i < COUNT_OF(alignments); i++)
		receive_at(alignments[i]);
}
