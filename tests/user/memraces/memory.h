/* SPDX-License-Identifier: BSD-2-Clause */
/* Words in memory, and memory in messages. */
#ifndef _MEMORY_H_
#define _MEMORY_H_

#include <mach/mach_types.h>
#include <mach/vm_param.h>

#include "../common/messages.h"

#define SELF		mach_task_self()
#define PAGE_WORDS	(PAGE_SIZE / sizeof(uint32_t))
#define HALF_WORDS	(PAGE_WORDS / 2)

vm_offset_t memory_new(unsigned int pages);
void memory_free(vm_offset_t base, unsigned int pages);

/* The lower half of each page, or all of it. */
void fill_halves(vm_offset_t base, unsigned int pages, uint32_t value);
void fill(vm_offset_t base, unsigned int pages, uint32_t value);

/* How many words of the lower halves are something else? */
unsigned int count_others(vm_offset_t base, unsigned int pages, uint32_t value);

/* Has each page the same word everywhere? */
boolean_t is_uniform(vm_offset_t base, unsigned int pages);

uint32_t checksum(vm_offset_t base, unsigned int pages);

/* Send pages out of line, with an id; waits for room. */
void send_pages(mach_port_t port, uint32_t id, vm_offset_t base, unsigned int pages,
	boolean_t deallocate);

/* The pages of a message received. */
vm_offset_t received_pages(const struct message *message, unsigned int pages);

#endif
