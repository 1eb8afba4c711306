/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The disk, as slots of one page each, and a bitmap of those that are in use.  All memory for
 * that is allocated at the start.
 */
#ifndef _DEFAULT_PAGER_STORE_H_
#define _DEFAULT_PAGER_STORE_H_

#include <mach/mach_types.h>

typedef uint32_t slot_t;

/* Open the device of that name.  Returns: a device's error, or KERN_RESOURCE_SHORTAGE. */
kern_return_t store_open(mach_port_t master, const char *device);

/* How many slots there are; how many are free. */
uint32_t store_slots(void);
uint32_t store_free_slots(void);

/* Returns: false when all are in use. */
boolean_t store_take(slot_t *slot);
void store_give_back(slot_t slot);

/* Write pages to as many slots in a row. */
kern_return_t store_write(slot_t slot, vm_offset_t data, uint32_t pages);

/*
 * Owns:     *page is memory for the caller.
 */
kern_return_t store_read(slot_t slot, vm_offset_t *page);

#endif
