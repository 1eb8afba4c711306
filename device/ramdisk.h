/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Disks in memory: the devices rd0, rd1 and so on, in the order in which they are made.
 *
 * A ramdisk is a contiguous range of physical memory, whole pages in the direct map, that the page
 * allocator does not have any more.  Records are 512 bytes; the last one is filled up with zeros.
 * It stays for ever.
 */
#ifndef DEVICE_RAMDISK_H
#define DEVICE_RAMDISK_H

#include <stdint.h>

#include <vm/page.h>

/*
 * Make a disk of the memory at a page boundary; the rest of its last page is the disk's too, and
 * is zeroed.  At start-up.
 *
 * Returns:  its name, which stays; NULL when there are too many, or for size 0.
 */
const char *ramdisk_create(phys_addr_t start, uint32_t size);

/* The same of memory of its own, all zero; NULL also when there is not so much. */
const char *ramdisk_create_empty(uint32_t size);

#endif /* DEVICE_RAMDISK_H */
