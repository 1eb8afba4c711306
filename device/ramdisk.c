/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A ramdisk is read and written where it lies, without a buffer: so a default pager that stores
 * there needs no memory to free memory.
 */
#include <device/ramdisk.h>

#include <device/device.h>
#include <kern/boot_info.h>
#include <kern/printf.h>
#include <kern/string.h>

#define RECORD_SIZE 512u
#define RAMDISKS_MAX (BOOT_MODULES + 1)
#define NAME_SIZE 8

/* Device types come from include/device, where sizes are signed. */
#define SIZE_MAX_BYTES 0x7FFFF000u

struct ramdisk {
	struct device writable, read_only;
	char name[NAME_SIZE];
	phys_addr_t start;
	uint32_t size;			/* bytes: whole records */
};

static struct ramdisk ramdisks[RAMDISKS_MAX];
static uint32_t ramdisk_count;

static const struct ramdisk *ramdisk_of(const struct device *device)
{
	return &ramdisks[device->unit];
}

static io_return_t ramdisk_bytes(struct device *device, recnum_t recnum, uint32_t size,
				 char **bytesp)
{
	const struct ramdisk *disk = ramdisk_of(device);

	if (recnum >= disk->size / RECORD_SIZE)
		return D_INVALID_RECNUM;
	if (size > disk->size - (uint32_t)recnum * RECORD_SIZE)
		return D_INVALID_SIZE;
	*bytesp = phys_to_direct(disk->start + recnum * RECORD_SIZE);
	return D_SUCCESS;
}

static io_return_t ramdisk_map(struct device *device, vm_prot_t prot, vm_offset_t offset,
			       vm_size_t size, phys_addr_t *startp)
{
	const struct ramdisk *disk = ramdisk_of(device);
	uint32_t end = (uint32_t)round_phys(disk->size);

	(void)prot;
	if (offset >= end || size > end - offset)
		return D_INVALID_SIZE;
	*startp = disk->start + offset;
	return D_SUCCESS;
}

static io_return_t ramdisk_get_status(struct device *device, dev_flavor_t flavor, int *status,
				      mach_msg_type_number_t *count)
{
	const struct ramdisk *disk = ramdisk_of(device);

	if (flavor == DEV_FLUSH_CACHE) {	/* it has none */
		*count = 0;
		return D_SUCCESS;
	}
	if (flavor > DEV_GET_RECORDS || *count < DEV_GET_SIZE_COUNT)
		return D_INVALID_OPERATION;
	status[0] = (int)(flavor == DEV_GET_SIZE ? disk->size : disk->size / RECORD_SIZE);
	status[1] = RECORD_SIZE;
	*count = DEV_GET_SIZE_COUNT;
	return D_SUCCESS;
}

static const struct device_ops ramdisk_ops = {
	.bytes = ramdisk_bytes,
	.map = ramdisk_map,
	.get_status = ramdisk_get_status,
};

const char *ramdisk_create(phys_addr_t start, uint32_t size)
{
	uint32_t rest = PAGE_BYTES - (size & PAGE_OFFSET_MASK), unit = ramdisk_count;
	struct ramdisk *disk = &ramdisks[unit];

	assert((start & PAGE_OFFSET_MASK) == 0 && start + size <= DIRECT_MAP_MAX);
	if (unit == RAMDISKS_MAX || size == 0)
		return NULL;
	if (rest < PAGE_BYTES)
		memset(phys_to_direct(start + size), 0, rest);
	ramdisk_count++;
	disk->start = start;
	disk->size = (size + RECORD_SIZE - 1) & ~(RECORD_SIZE - 1);
	snprintf(disk->name, sizeof disk->name, "rd%u", unit);
	disk->writable = (struct device){
		.name = "rd",
		.unit = unit,
		.numbered = true,
		.ops = &ramdisk_ops,
	};
	disk->read_only = disk->writable;
	disk->read_only.read_only = true;
	device_add(&disk->writable);
	device_add(&disk->read_only);
	return disk->name;
}

/* --- Empty ones ------------------------------------------------------------------------------- */

/* Neighbouring blocks, growing as blocks come that touch them; others are put aside. */
struct run {
	phys_addr_t start, end;
	struct queue aside;
};

static void free_range(phys_addr_t start, phys_addr_t end)
{
	for (; start < end; start += PAGE_BYTES)
		vm_page_free(vm_page_from_phys(start), 0);
}

/* The block becomes part of the run, or a new one whose predecessor is given back later. */
static void run_add(struct run *run, struct vm_page *block, uint32_t size)
{
	phys_addr_t start = vm_page_to_phys(block);

	if (start + size == run->start) {
		run->start = start;
		return;
	}
	if (start == run->end) {
		run->end += size;
		return;
	}
	for (; run->start < run->end; run->start += size)
		queue_insert_tail(&run->aside, &vm_page_from_phys(run->start)->link);
	run->start = start;
	run->end = start + size;
}

/*
 * Free blocks come neighbour by neighbour when little has been allocated yet, as at start-up.
 * Returns a run of at least `size` bytes, or one that is shorter when there is none.
 */
static void run_find(struct run *run, uint32_t size, unsigned int order)
{
	struct vm_page *block;
	struct queue_link *link;

	*run = (struct run){ .start = 0 };
	queue_init(&run->aside);
	while (run->end - run->start < size &&
	       (block = vm_page_alloc(VM_ZONE_DIRECT, order)) != NULL)
		run_add(run, block, PAGE_BYTES << order);
	while ((link = queue_take_first(&run->aside)) != NULL)
		vm_page_free(container_of(link, struct vm_page, link), order);
}

const char *ramdisk_create_empty(uint32_t size)
{
	uint32_t pages = (size + PAGE_OFFSET_MASK) / PAGE_BYTES;
	unsigned int order = 0;
	const char *name = NULL;
	struct run run;

	if (size == 0 || size > SIZE_MAX_BYTES || ramdisk_count == RAMDISKS_MAX)
		return NULL;
	while (order < VM_PAGE_ORDER_MAX && 1u << order < pages)
		order++;
	run_find(&run, pages * PAGE_BYTES, order);
	if (run.end - run.start >= pages * PAGE_BYTES) {
		memset(phys_to_direct(run.start), 0, size);
		name = ramdisk_create(run.start, size);
		run.start += pages * PAGE_BYTES;
	}
	free_range(run.start, run.end);
	return name;
}
