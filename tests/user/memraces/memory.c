/* SPDX-License-Identifier: BSD-2-Clause */
#include "memory.h"

#include <mach.h>

#include "../common/tap.h"

vm_offset_t memory_new(unsigned int pages)
{
	vm_offset_t base = 0;

	EXPECT(vm_allocate(SELF, &base, pages * PAGE_SIZE, TRUE), KERN_SUCCESS);
	return base;
}

void memory_free(vm_offset_t base, unsigned int pages)
{
	EXPECT(vm_deallocate(SELF, base, pages * PAGE_SIZE), KERN_SUCCESS);
}

static volatile uint32_t *page_at(vm_offset_t base, unsigned int page)
{
	return (volatile uint32_t *) (base + page * PAGE_SIZE);
}

void fill_halves(vm_offset_t base, unsigned int pages, uint32_t value)
{
	for (unsigned int page = 0; page < pages; page++)
		for (unsigned int i = 0; i < HALF_WORDS; i++)
			page_at(base, page)[i] = value;
}

void fill(vm_offset_t base, unsigned int pages, uint32_t value)
{
	for (unsigned int i = 0; i < pages * PAGE_WORDS; i++)
		page_at(base, 0)[i] = value;
}

unsigned int count_others(vm_offset_t base, unsigned int pages, uint32_t value)
{
	unsigned int others = 0;

	for (unsigned int page = 0; page < pages; page++)
		for (unsigned int i = 0; i < HALF_WORDS; i++)
			others += page_at(base, page)[i] != value;
	return others;
}

boolean_t is_uniform(vm_offset_t base, unsigned int pages)
{
	for (unsigned int page = 0; page < pages; page++)
		for (unsigned int i = 1; i < PAGE_WORDS; i++)
			if (page_at(base, page)[i] != page_at(base, page)[0])
				return FALSE;
	return TRUE;
}

uint32_t checksum(vm_offset_t base, unsigned int pages)
{
	uint32_t sum = 0;

	for (unsigned int i = 0; i < pages * PAGE_WORDS; i++)
		sum = sum * 31 + page_at(base, 0)[i];
	return sum;
}

void send_pages(mach_port_t port, uint32_t id, vm_offset_t base, unsigned int pages,
	boolean_t deallocate)
{
	struct message message;

	message_init(&message, port, MACH_MSG_TYPE_COPY_SEND, MACH_PORT_NULL, 0);
	message_memory(&message, MACH_MSG_TYPE_BYTE, 8, pages * PAGE_SIZE, (void *) base,
		deallocate ? TYPE_DEALLOCATE : 0);
	message.header.msgh_id = id;
	EXPECT(message_send_size(&message, message.header.msgh_size, 0, 0), MACH_MSG_SUCCESS);
}

vm_offset_t received_pages(const struct message *message, unsigned int pages)
{
	EXPECT(message->body[2], pages * PAGE_SIZE);
	return message->body[3];
}
