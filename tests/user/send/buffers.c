/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of the buffer and size of a message to be sent. */
#include "buffers.h"

#include <libmach/string.h>
#include <mach.h>
#include <mach/vm_param.h>

#include "../common/messages.h"
#include "../common/ports.h"
#include "../common/snapshot.h"
#include "../common/tap.h"

static void init_to(struct message *message, mach_port_t port)
{
	message_init(message, port, MACH_MSG_TYPE_COPY_SEND, MACH_PORT_NULL, 0);
}

void test_sizes(void)
{
	mach_port_t port = port_new_with_send(1);
	struct message message;

	for (mach_msg_size_t size = 0; size < 40; size++) {
		tap_about("size %u", size);
		init_to(&message, port);
		if (size >= sizeof message.header && size % 4 == 0) {
			EXPECT(message_send_size(&message, size, 0, 0), MACH_MSG_SUCCESS);
			EXPECT(message_receive(&message, port), MACH_MSG_SUCCESS);
			EXPECT(message.header.msgh_size, size);
		} else {
			EXPECT(message_send_size(&message, size, 0, 0), MACH_SEND_MSG_TOO_SMALL);
		}
	}
	port_destroy(port);
}

/* The second of two rights is beyond the size that was said, whatever the header's field says. */
static void try_body_size(mach_port_t port, mach_msg_size_t lie)
{
	struct message message;

	init_to(&message, port);
	message_right(&message, port, MACH_MSG_TYPE_COPY_SEND);
	message_right(&message, port, MACH_MSG_TYPE_COPY_SEND);
	message.header.msgh_size = lie;
	EXPECT(message_send_size(&message, 32, 0, 0), MACH_MSG_SUCCESS);
	message.body[2] = 0xeeeeeeee;
	EXPECT(message_receive(&message, port), MACH_MSG_SUCCESS);
	EXPECT(message.header.msgh_size, 32);
	EXPECT(message.body[1], port);
	EXPECT(message.body[2], 0xeeeeeeee);
	EXPECT(port_refs(port, MACH_PORT_RIGHT_SEND), 2);
	EXPECT(mach_port_deallocate(mach_task_self(), port), KERN_SUCCESS);
	init_to(&message, port);
	message_right(&message, port, MACH_MSG_TYPE_COPY_SEND);
	message.header.msgh_size = lie;
	EXPECT(message_send_size(&message, 28, 0, 0), MACH_SEND_MSG_TOO_SMALL);
}

/* The size that counts is the argument; what is in the header does not matter (CI-7). */
void test_size_field(void)
{
	static const mach_msg_size_t lies[] = { 0, 4, 24, 33, 0x7fffffff, 0xffffffff };
	mach_port_t port = port_new_with_send(1);
	struct message message;

	for (unsigned int i = 0; i < COUNT_OF(lies); i++) {
		init_to(&message, port);
		message.header.msgh_size = lies[i];
		message.body[0] = 11;
		message.body[1] = 22;
		EXPECT(message_send_size(&message, 32, 0, 0), MACH_MSG_SUCCESS);
		memset(&message, 0, sizeof message);
		EXPECT(message_receive(&message, port), MACH_MSG_SUCCESS);
		EXPECT(message.header.msgh_size, 32);
		EXPECT(message.body[0], 11);
		EXPECT(message.body[1], 22);
		try_body_size(port, lies[i]);
	}
	port_destroy(port);
}

/*
 * Sizes that would wrap when something is added to them, and others that nobody can mean (CI-4),
 * with a header that ends at the last mapped byte: NO_BUFFER, before the buffer is looked at.
 * Debug kernels notice a write behind a small buffer by its red zone.
 */
void test_huge_sizes(void)
{
	static const mach_msg_size_t sizes[] = {
		0xfffffffc, 0xfffffff0, 0xffffffe0, 0xffffffc0, 0xfffff000, 0x80000000, 0x7ffffffc,
		0x40000000, 0x1000000,
	};
	enum { READABLE = 64 * 1024 * 1024 };
	static struct snapshot before, after;
	mach_port_t port = port_new_with_send(1);
	vm_offset_t memory = 0;
	mach_msg_header_t *header;

	EXPECT(vm_allocate(mach_task_self(), &memory, READABLE, TRUE), KERN_SUCCESS);
	header = (mach_msg_header_t *) (memory + READABLE) - 1;
	snapshot_take(mach_task_self(), &before);
	for (unsigned int i = 0; i < COUNT_OF(sizes); i++) {
		tap_about("size 0x%x", sizes[i]);
		*header = (mach_msg_header_t) {
			.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, 0),
			.msgh_remote_port = port,
		};
		EXPECT(mach_msg_trap(header, MACH_SEND_MSG, sizes[i], 0, MACH_PORT_NULL, 0,
			MACH_PORT_NULL), MACH_SEND_NO_BUFFER);
		*(mach_msg_header_t *) memory = *header;	/* much of it could be read */
		EXPECT(mach_msg_trap((mach_msg_header_t *) memory, MACH_SEND_MSG, sizes[i], 0,
			MACH_PORT_NULL, 0, MACH_PORT_NULL), MACH_SEND_NO_BUFFER);
	}
	snapshot_take(mach_task_self(), &after);
	EXPECT_TRUE(snapshot_same(&before, &after));
	EXPECT_TRUE(queue_is_empty(port));
	vm_deallocate(mach_task_self(), memory, READABLE);
	port_destroy(port);
}

static mach_msg_return_t send_from(uintptr_t address, mach_msg_size_t size)
{
	return mach_msg_trap((mach_msg_header_t *) address, MACH_SEND_MSG, size, 0,
		MACH_PORT_NULL, 0, MACH_PORT_NULL);
}

void test_unreadable(void)
{
	mach_port_t port = port_new_with_send(1);
	vm_offset_t pages = 0;
	mach_msg_header_t *header;

	EXPECT(vm_allocate(mach_task_self(), &pages, 2 * PAGE_SIZE, TRUE), KERN_SUCCESS);
	EXPECT(vm_protect(mach_task_self(), pages + PAGE_SIZE, PAGE_SIZE, FALSE, VM_PROT_NONE),
		KERN_SUCCESS);
	header = (mach_msg_header_t *) (pages + PAGE_SIZE) - 1;
	*header = (mach_msg_header_t) {
		.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, 0),
		.msgh_remote_port = port,
	};
	EXPECT(send_from((uintptr_t) header, sizeof *header), MACH_MSG_SUCCESS);
	EXPECT(send_from((uintptr_t) header, sizeof *header + 4), MACH_SEND_INVALID_DATA);
	EXPECT(send_from((uintptr_t) header + 4, sizeof *header), MACH_SEND_INVALID_DATA);
	EXPECT(send_from(pages + PAGE_SIZE, sizeof *header), MACH_SEND_INVALID_DATA);
	vm_deallocate(mach_task_self(), pages, 2 * PAGE_SIZE);
	EXPECT(send_from(pages, sizeof *header), MACH_SEND_INVALID_DATA);
	EXPECT(send_from(VM_MAX_ADDRESS, sizeof *header), MACH_SEND_INVALID_DATA);
	EXPECT(send_from(VM_MAX_ADDRESS - 4, sizeof *header), MACH_SEND_INVALID_DATA);
	EXPECT(send_from(VM_MAX_ADDRESS + 0x100000, sizeof *header), MACH_SEND_INVALID_DATA);
	EXPECT(send_from(0xfffffff0, sizeof *header), MACH_SEND_INVALID_DATA);
	port_destroy(port);
}

/* Address 0 is an address like any other: GNU Mach panics here. */
static void try_null_address(void)
{
	EXPECT(send_from(0, sizeof(mach_msg_header_t)), MACH_SEND_INVALID_DATA);
}

void test_simple_data(void)
{
	mach_port_t port = port_new_with_send(1);
	struct message message;

	try_null_address();
	for (mach_msg_size_t size = 24; size <= 24 + 4 * 300; size += 4) {
		unsigned int words = (size - 24) / 4;

		tap_about("size %u", size);
		init_to(&message, port);
		for (unsigned int i = 0; i < words; i++)
			message.body[i] = i * 0x01010101 + size;
		EXPECT(message_send_size(&message, size, 0, 0), MACH_MSG_SUCCESS);
		memset(&message, 0xee, sizeof message);
		EXPECT(message_receive(&message, port), MACH_MSG_SUCCESS);
		for (unsigned int i = 0; i < words; i++)
			if (!EXPECT(message.body[i], i * 0x01010101 + size))
				break;
		EXPECT(message.body[words], 0xeeeeeeee);
	}
	port_destroy(port);
}

/* A megabyte inline, which every kernel of this kind must take. */
void test_large_data(void)
{
	const mach_msg_size_t size = 1024 * 1024;
	mach_port_t port = port_new_with_send(1);
	vm_offset_t memory = 0;
	struct message *message;

	EXPECT(vm_allocate(mach_task_self(), &memory, size, TRUE), KERN_SUCCESS);
	message = (struct message *) memory;
	init_to(message, port);
	message->body[10] = 10;
	((uint32_t *) memory)[size / 4 - 1] = 77;
	EXPECT(message_send_size(message, size, 0, 0), MACH_MSG_SUCCESS);
	memset(message, 0, size);
	EXPECT(mach_msg_trap(&message->header, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, size, port, 0,
		MACH_PORT_NULL), MACH_MSG_SUCCESS);
	EXPECT(message->body[10], 10);
	EXPECT(((uint32_t *) memory)[size / 4 - 1], 77);
	vm_deallocate(mach_task_self(), memory, size);
	port_destroy(port);
}

/* The complex bit of a message without rights and memory does not arrive. */
void test_bits_cleared(void)
{
	mach_port_t port = port_new_with_send(1);
	struct message message;

	init_to(&message, port);
	message.header.msgh_bits |= MACH_MSGH_BITS_COMPLEX;
	message_type(&message, MACH_MSG_TYPE_INTEGER_32, 32, 1, TYPE_INLINE);
	message_word(&message, 5);
	EXPECT(message_send(&message), MACH_MSG_SUCCESS);
	EXPECT(message_receive(&message, port), MACH_MSG_SUCCESS);
	EXPECT(message.header.msgh_bits, MACH_MSGH_BITS(0, MACH_MSG_TYPE_PORT_SEND));
	EXPECT(message.body[1], 5);
	port_destroy(port);
}

void test_other_bits_cleared(void)
{
	mach_port_t port = port_new_with_send(1);
	struct message message;

	init_to(&message, port);
	message.header.msgh_bits |= 0x7fff0000;
	EXPECT(message_send(&message), MACH_MSG_SUCCESS);
	EXPECT(message_receive(&message, port), MACH_MSG_SUCCESS);
	EXPECT(message.header.msgh_bits, MACH_MSGH_BITS(0, MACH_MSG_TYPE_PORT_SEND));
	port_destroy(port);
}

void test_sequence(void)
{
	mach_port_t port = port_new_with_send(1);
	struct message message;

	for (int id = 0; id < 4; id++)
		EXPECT(send_simple(port, id), MACH_MSG_SUCCESS);
	for (int id = 0; id < 4; id++) {
		EXPECT(message_receive(&message, port), MACH_MSG_SUCCESS);
		EXPECT(message.header.msgh_id, id);
		EXPECT(message.header.msgh_seqno, id);
	}
	EXPECT(mach_port_set_seqno(mach_task_self(), port, 100), KERN_SUCCESS);
	EXPECT(send_simple(port, 0), MACH_MSG_SUCCESS);
	EXPECT(message_receive(&message, port), MACH_MSG_SUCCESS);
	EXPECT(message.header.msgh_seqno, 100);
	EXPECT(port_status(port).mps_seqno, 101);
	port_destroy(port);
}

/* Both in one call; when the send fails, the receive is not tried. */
void test_send_and_receive(void)
{
	mach_port_t port = port_new_with_send(1);
	struct message message;

	init_to(&message, port);
	EXPECT(mach_msg_trap(&message.header, MACH_SEND_MSG | MACH_RCV_MSG, 24, sizeof message,
		port, 0, MACH_PORT_NULL), MACH_MSG_SUCCESS);
	EXPECT(message.header.msgh_local_port, port);
	EXPECT(send_simple(port, 9), MACH_MSG_SUCCESS);
	init_to(&message, MACH_PORT_NULL);
	EXPECT(mach_msg_trap(&message.header, MACH_SEND_MSG | MACH_RCV_MSG, 24, sizeof message,
		port, 0, MACH_PORT_NULL), MACH_SEND_INVALID_DEST);
	EXPECT(port_status(port).mps_msgcount, 1);
	init_to(&message, port);
	EXPECT(mach_msg_trap(&message.header, MACH_SEND_MSG | MACH_RCV_MSG, 24, sizeof message,
		MACH_PORT_NULL, 0, MACH_PORT_NULL), MACH_RCV_INVALID_NAME);
	EXPECT(port_status(port).mps_msgcount, 2);
	EXPECT(mach_msg_trap(&message.header, 0, 0, 0, MACH_PORT_NULL, 0, MACH_PORT_NULL),
		MACH_MSG_SUCCESS);
	port_destroy(port);
}
