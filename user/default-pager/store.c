/* SPDX-License-Identifier: BSD-2-Clause */
/* The disk, as slots of one page each. */
#include "store.h"

#include <device/device.h>
#include <libmach/memory.h>
#include <libmach/string.h>
#include <mach.h>
#include <mach/vm_param.h>

#define RECORD_SIZE	512	/* a disk's numbers count these */
#define PAGE_RECORDS	(PAGE_SIZE / RECORD_SIZE)
#define WORD_SLOTS	32u

static mach_port_t disk;
static uint32_t slots, free_slots;
static uint32_t *used;		/* a bit for each slot; those that are not there are in use */
static uint32_t words, next_word;

static kern_return_t open_disk(mach_port_t master, const char *name)
{
	int status[DEV_GET_SIZE_COUNT];
	mach_msg_type_number_t count = DEV_GET_SIZE_COUNT;
	dev_name_t padded = "";
	kern_return_t result;

	strncpy(padded, name, sizeof padded - 1);
	result = device_open(master, D_READ | D_WRITE, padded, &disk);
	if (result == KERN_SUCCESS)
		result = device_get_status(disk, DEV_GET_SIZE, status, &count);
	if (result == KERN_SUCCESS)
		slots = status[DEV_GET_SIZE_DEVICE_SIZE] / PAGE_SIZE;
	return result;
}

kern_return_t store_open(mach_port_t master, const char *name)
{
	kern_return_t result = open_disk(master, name);

	if (result != KERN_SUCCESS)
		return result;
	words = (slots + WORD_SLOTS - 1) / WORD_SLOTS;
	used = calloc(words, sizeof *used);
	if (used == NULL)
		return KERN_RESOURCE_SHORTAGE;
	if (slots % WORD_SLOTS != 0)
		used[words - 1] = ~0u << slots % WORD_SLOTS;
	free_slots = slots;
	return KERN_SUCCESS;
}

uint32_t store_slots(void)
{
	return slots;
}

uint32_t store_free_slots(void)
{
	return free_slots;
}

/* The search goes on where the last one ended: so it is short, and neighbours stay neighbours. */
boolean_t store_take(slot_t *slot)
{
	uint32_t bit;

	if (free_slots == 0)
		return FALSE;
	while (used[next_word] == ~0u)
		next_word = (next_word + 1) % words;
	bit = __builtin_ctz(~used[next_word]);
	used[next_word] |= 1u << bit;
	free_slots--;
	*slot = next_word * WORD_SLOTS + bit;
	return TRUE;
}

void store_give_back(slot_t slot)
{
	used[slot / WORD_SLOTS] &= ~(1u << slot % WORD_SLOTS);
	free_slots++;
}

kern_return_t store_write(slot_t slot, vm_offset_t data, uint32_t pages)
{
	int written;

	return device_write(disk, 0, slot * PAGE_RECORDS, (io_buf_ptr_t) data, pages * PAGE_SIZE,
		&written);
}

kern_return_t store_read(slot_t slot, vm_offset_t *page)
{
	mach_msg_type_number_t size;
	io_buf_ptr_t data;
	kern_return_t result;

	result = device_read(disk, 0, slot * PAGE_RECORDS, PAGE_SIZE, &data, &size);
	if (result == KERN_SUCCESS)
		*page = (vm_offset_t) data;
	return result;
}
