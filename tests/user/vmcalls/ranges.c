/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every routine on ranges with addresses and sizes at all boundaries (VM-1).  Whatever the answer,
 * the map is looked at afterwards, so none of them may leave it locked (VM-6).
 */
#include <libmach/string.h>
#include <mach.h>
#include <mach/gnumach.h>
#include <mach/mach_host.h>

#include "../common/messages.h"
#include "../common/pager.h"
#include "../common/ports.h"
#include "../common/race.h"
#include "../common/tap.h"
#include "sweep.h"
#include "tests.h"

/* --- coming and going ------------------------------------------------------------------------ */

static kern_return_t call_allocate(mach_port_t task, vm_offset_t address, vm_size_t size)
{
	vm_offset_t at = address;
	kern_return_t result = vm_allocate(task, &at, size, FALSE);

	if (result != KERN_SUCCESS)
		EXPECT(at, address);
	else
		EXPECT(at, size == 0 ? 0 : address & -PAGE_SIZE);
	return result;
}

static kern_return_t oracle_enter(struct regions *regions, vm_offset_t address, vm_size_t size,
	const struct region *like)
{
	struct region region = *like;

	region.address = address & -PAGE_SIZE;
	region.size = (size + PAGE_SIZE - 1) & -PAGE_SIZE;
	if (region.size == 0)
		return KERN_INVALID_ARGUMENT;
	if (region.address >= TOP || region.size > TOP - region.address)
		return KERN_INVALID_ADDRESS;
	if (any_mapped(regions, region.address, region.address + region.size))
		return KERN_NO_SPACE;
	/* More than the machine has is more than the task may have. */
	if (region.size > 0x40000000)
		return KERN_NO_SPACE;
	regions_insert(regions, &region);
	return KERN_SUCCESS;
}

static kern_return_t oracle_allocate(struct regions *regions, vm_offset_t address, vm_size_t size)
{
	static const struct region like = {
		.protection = VM_PROT_DEFAULT, .max = VM_PROT_ALL, .inheritance = VM_INHERIT_COPY,
	};

	return size == 0 ? KERN_SUCCESS : oracle_enter(regions, address, size, &like);
}

static kern_return_t call_map(mach_port_t task, vm_offset_t address, vm_size_t size)
{
	vm_offset_t at = address;
	kern_return_t result = vm_map(task, &at, size, 0, FALSE, MACH_PORT_NULL, 0x123, TRUE,
		VM_PROT_READ, VM_PROT_DEFAULT, VM_INHERIT_SHARE);

	EXPECT(at, result == KERN_SUCCESS ? address & -PAGE_SIZE : address);
	return result;
}

static kern_return_t oracle_map(struct regions *regions, vm_offset_t address, vm_size_t size)
{
	static const struct region like = {
		.protection = VM_PROT_READ, .max = VM_PROT_DEFAULT,
		.inheritance = VM_INHERIT_SHARE,
	};

	return oracle_enter(regions, address, size, &like);
}

static kern_return_t oracle_deallocate(struct regions *regions, vm_offset_t address,
	vm_size_t size)
{
	vm_offset_t start, end;

	if (!pages_of(address, size, &start, &end))
		return KERN_INVALID_ARGUMENT;
	if (start < end)
		regions_remove(regions, start, end);
	return KERN_SUCCESS;
}

/* --- attributes ------------------------------------------------------------------------------ */

static kern_return_t call_protect(mach_port_t task, vm_offset_t address, vm_size_t size)
{
	return vm_protect(task, address, size, FALSE, VM_PROT_READ | VM_PROT_EXECUTE);
}

static void set_protection(struct region *region)
{
	region->protection = VM_PROT_READ | VM_PROT_EXECUTE;
}

static kern_return_t oracle_protect(struct regions *regions, vm_offset_t address, vm_size_t size)
{
	vm_offset_t start, end;

	if (!pages_of(address, size, &start, &end))
		return KERN_INVALID_ARGUMENT;
	if (!all_allow(regions, start, end, VM_PROT_NONE, VM_PROT_READ | VM_PROT_EXECUTE))
		return KERN_PROTECTION_FAILURE;
	regions_change(regions, start, end, set_protection);
	return KERN_SUCCESS;
}

static kern_return_t call_protect_max(mach_port_t task, vm_offset_t address, vm_size_t size)
{
	return vm_protect(task, address, size, TRUE, VM_PROT_READ);
}

static void set_max(struct region *region)
{
	region->max = VM_PROT_READ;
	region->protection &= VM_PROT_READ;
}

static kern_return_t oracle_protect_max(struct regions *regions, vm_offset_t address,
	vm_size_t size)
{
	vm_offset_t start, end;

	if (!pages_of(address, size, &start, &end))
		return KERN_INVALID_ARGUMENT;
	regions_change(regions, start, end, set_max);
	return KERN_SUCCESS;
}

static kern_return_t call_inherit(mach_port_t task, vm_offset_t address, vm_size_t size)
{
	return vm_inherit(task, address, size, VM_INHERIT_NONE);
}

static void set_inheritance(struct region *region)
{
	region->inheritance = VM_INHERIT_NONE;
}

static kern_return_t oracle_inherit(struct regions *regions, vm_offset_t address, vm_size_t size)
{
	vm_offset_t start, end;

	if (!pages_of(address, size, &start, &end))
		return KERN_INVALID_ARGUMENT;
	regions_change(regions, start, end, set_inheritance);
	return KERN_SUCCESS;
}

/* --- contents -------------------------------------------------------------------------------- */

static kern_return_t call_read(mach_port_t task, vm_offset_t address, vm_size_t size)
{
	vm_offset_t data = 1;
	mach_msg_type_number_t count = 99;
	kern_return_t result = vm_read(task, address, size, &data, &count);

	if (result != KERN_SUCCESS)
		return result;
	EXPECT(count, size);
	if (size == 0)
		EXPECT(data, 0);
	else
		EXPECT(data % PAGE_SIZE, address % PAGE_SIZE);
	EXPECT(vm_deallocate(SELF, data, count), KERN_SUCCESS);
	return result;
}

/* A range of bytes that are to be accessed: what is first found wrong, from below. */
static kern_return_t oracle_access(const struct regions *regions, vm_offset_t address,
	vm_size_t size, vm_prot_t access)
{
	vm_offset_t page, end;

	if (address >= TOP || size > TOP - address)
		return KERN_INVALID_ADDRESS;
	end = address + size;
	for (page = address & -PAGE_SIZE; page < end; page += PAGE_SIZE) {
		if (!all_mapped(regions, page, page + PAGE_SIZE))
			return KERN_INVALID_ADDRESS;
		if (!all_allow(regions, page, page + PAGE_SIZE, access, VM_PROT_NONE))
			return KERN_PROTECTION_FAILURE;
	}
	return KERN_SUCCESS;
}

static kern_return_t oracle_read(struct regions *regions, vm_offset_t address, vm_size_t size)
{
	return size == 0 ? KERN_SUCCESS : oracle_access(regions, address, size, VM_PROT_READ);
}

/* Out of line, by a task's message to us: only this task's own memory can be sent, so by vm_copy. */
static kern_return_t call_copy_from(mach_port_t task, vm_offset_t address, vm_size_t size)
{
	return vm_copy(task, address, size, PLAIN);
}

static kern_return_t oracle_copy_from(struct regions *regions, vm_offset_t address,
	vm_size_t size)
{
	kern_return_t result;

	if (size == 0)
		return KERN_SUCCESS;
	if ((address | size) % PAGE_SIZE != 0)
		return KERN_INVALID_ARGUMENT;
	result = oracle_access(regions, address, size, VM_PROT_READ);
	return result != KERN_SUCCESS ? result
		: oracle_access(regions, PLAIN, size, VM_PROT_DEFAULT);
}

static kern_return_t call_copy_to(mach_port_t task, vm_offset_t address, vm_size_t size)
{
	return vm_copy(task, PLAIN, size, address);
}

static kern_return_t oracle_copy_to(struct regions *regions, vm_offset_t address, vm_size_t size)
{
	kern_return_t result;

	if (size == 0)
		return KERN_SUCCESS;
	if ((address | size) % PAGE_SIZE != 0)
		return KERN_INVALID_ARGUMENT;
	result = oracle_access(regions, PLAIN, size, VM_PROT_READ);
	return result != KERN_SUCCESS ? result
		: oracle_access(regions, address, size, VM_PROT_DEFAULT);
}

/* What we have of the sizes to be written is a few pages. */
#define WRITE_MAX	(4 * PAGE_SIZE)

static char buffer[WRITE_MAX] __attribute__((aligned(PAGE_SIZE)));

static kern_return_t call_write(mach_port_t task, vm_offset_t address, vm_size_t size)
{
	return vm_write(task, address, (vm_offset_t) buffer, size);
}

static kern_return_t oracle_write(struct regions *regions, vm_offset_t address, vm_size_t size)
{
	if (size == 0)
		return KERN_SUCCESS;
	if (size > WRITE_MAX)		/* of the sweep's sizes: not in this program */
		return MACH_SEND_INVALID_MEMORY;
	if ((address | size) % PAGE_SIZE != 0)
		return KERN_INVALID_ARGUMENT;
	return oracle_access(regions, address, size, VM_PROT_DEFAULT);
}

/* --- the rest --------------------------------------------------------------------------------- */

static kern_return_t call_msync(mach_port_t task, vm_offset_t address, vm_size_t size)
{
	return vm_msync(task, address, size, 0);
}

static kern_return_t oracle_msync(struct regions *regions, vm_offset_t address, vm_size_t size)
{
	vm_offset_t start, end;

	if (!pages_of(address, size, &start, &end))
		return KERN_INVALID_ARGUMENT;
	if (size == 0)
		return KERN_SUCCESS;
	if (oracle_access(regions, address, size, VM_PROT_NONE) != KERN_SUCCESS)
		return KERN_INVALID_ADDRESS;
	return KERN_INVALID_ARGUMENT;
}

static kern_return_t call_wire(mach_port_t task, vm_offset_t address, vm_size_t size)
{
	kern_return_t result = vm_wire(tap_host_priv, task, address, size, VM_PROT_READ);

	if (result == KERN_SUCCESS)
		EXPECT(vm_wire(tap_host_priv, task, address, size, VM_PROT_NONE), KERN_SUCCESS);
	return result;
}

static kern_return_t oracle_wire(struct regions *regions, vm_offset_t address, vm_size_t size)
{
	vm_offset_t start, end;

	if (!pages_of(address, size, &start, &end))
		return KERN_INVALID_ARGUMENT;
	if (size == 0)
		return KERN_SUCCESS;
	return oracle_access(regions, address, size, VM_PROT_READ) == KERN_SUCCESS ?
		KERN_SUCCESS : KERN_NO_SPACE;
}

static kern_return_t call_region(mach_port_t task, vm_offset_t address, vm_size_t size)
{
	static struct regions now;
	struct region region;
	kern_return_t result = region_find(task, address, &region);
	unsigned int i = 0;

	(void) size;
	regions_take(task, &now);
	while (i < now.count && now.region[i].address + (now.region[i].size - 1) < address)
		i++;
	EXPECT(result, i < now.count ? KERN_SUCCESS : KERN_NO_SPACE);
	if (result == KERN_SUCCESS && i < now.count)
		EXPECT(memcmp(&region, &now.region[i], sizeof region), 0);
	return KERN_SUCCESS;
}

static kern_return_t oracle_region(struct regions *regions, vm_offset_t address, vm_size_t size)
{
	(void) regions, (void) address, (void) size;
	return KERN_SUCCESS;
}

static kern_return_t call_attribute(mach_port_t task, vm_offset_t address, vm_size_t size)
{
	vm_machine_attribute_val_t value = MATTR_VAL_CACHE_FLUSH;

	return vm_machine_attribute(task, address, size, MATTR_CACHE, &value);
}

static kern_return_t oracle_attribute(struct regions *regions, vm_offset_t address,
	vm_size_t size)
{
	(void) regions, (void) address, (void) size;
	return KERN_INVALID_ADDRESS;
}

static kern_return_t call_pages_phys(mach_port_t task, vm_offset_t address, vm_size_t size)
{
	rpc_phys_addr_t inlined[4], *pages = inlined;
	mach_msg_type_number_t count = COUNT_OF(inlined);
	kern_return_t result;
	vm_offset_t start, end;

	/* Tables of megabytes take time. */
	if (pages_of(address, size, &start, &end) && end - start > tap_rounds(0x100000, TOP))
		return KERN_SUCCESS;
	result = vm_pages_phys(tap_host_priv, task, address, size, &pages, &count);
	if (result == KERN_SUCCESS && pages_of(address, size, &start, &end)) {
		EXPECT(count, (end - start) / PAGE_SIZE);
		if (pages != inlined)
			EXPECT(vm_deallocate(SELF, (vm_offset_t) pages, count * sizeof *pages),
				KERN_SUCCESS);
	}
	return result;
}

static kern_return_t oracle_pages_phys(struct regions *regions, vm_offset_t address,
	vm_size_t size)
{
	vm_offset_t start, end;

	(void) regions;
	return pages_of(address, size, &start, &end) ? KERN_SUCCESS : KERN_INVALID_ARGUMENT;
}

static const struct sweep sweeps[] = {
	{ "vm_allocate", call_allocate, oracle_allocate },
	{ "vm_map", call_map, oracle_map },
	{ "vm_deallocate", vm_deallocate, oracle_deallocate },
	{ "vm_protect", call_protect, oracle_protect },
	{ "vm_protect, maximum", call_protect_max, oracle_protect_max },
	{ "vm_inherit", call_inherit, oracle_inherit },
	{ "vm_read", call_read, oracle_read },
	{ "vm_copy from", call_copy_from, oracle_copy_from },
	{ "vm_copy to", call_copy_to, oracle_copy_to },
	{ "vm_write", call_write, oracle_write },
	{ "vm_msync", call_msync, oracle_msync },
	{ "vm_wire", call_wire, oracle_wire },
	{ "vm_region", call_region, oracle_region },
	{ "vm_machine_attribute", call_attribute, oracle_attribute },
};

void test_sweeps(void)
{
	for (unsigned int i = 0; i < COUNT_OF(sweeps); i++)
		sweep_run(&sweeps[i]);
}

/* A table as long as the range says goes out of line: fewer calls. */
void test_sweep_phys(void)
{
	static const struct sweep sweep = { "vm_pages_phys", call_pages_phys, oracle_pages_phys };

	sweep_run(&sweep);
}

/* --- ranges in messages ----------------------------------------------------------------------- */

/* Is a range of this program's own memory what a message can carry?  Nothing may come of it. */
void test_sweep_messages(void)
{
	static struct regions before;
	static struct message message;
	mach_port_t port = port_new_with_send(1);
	unsigned int i, j, k;

	regions_take(SELF, &before);
	for (i = 0; i < sweep_number_count; i++)
		for (j = 0; j < sweep_number_count; j++)
			for (k = 0; k < 2; k++) {
				vm_offset_t address = sweep_numbers[i];
				vm_size_t size = sweep_numbers[j];
				kern_return_t code = size == 0 ? KERN_SUCCESS
					: oracle_access(&before, address, size, VM_PROT_READ);

				if (code == KERN_SUCCESS)	/* it is there: no error */
					continue;
				tap_about("%x, size %x, deallocate %u", address, size, k);
				message_init(&message, port, MACH_MSG_TYPE_COPY_SEND,
					MACH_PORT_NULL, 0);
				message_memory(&message, MACH_MSG_TYPE_BYTE, 8, size,
					(void *) address, k != 0 ? TYPE_DEALLOCATE : 0);
				EXPECT(message_send(&message), MACH_SEND_INVALID_MEMORY);
			}
	tap_about("%s", "");
	regions_expect(SELF, &before);
	EXPECT_TRUE(queue_is_empty(port));
	port_destroy(port);
}

/* --- ranges that wrap to a page whose protection changes --------------------------------------- */

static mach_port_t wrapped;

static void protect_step(struct racer *self)
{
	EXPECT(vm_protect(wrapped, 0, PAGE_SIZE, FALSE,
		race_random(self, 2) ? VM_PROT_DEFAULT : VM_PROT_NONE), KERN_SUCCESS);
	race_pause(self);
}

static void wrap_step(struct racer *self)
{
	vm_size_t length = 0u - LAST + race_random(self, 2 * PAGE_SIZE) - PAGE_SIZE;
	vm_size_t whole = length & -PAGE_SIZE;
	mach_msg_type_number_t count;
	vm_offset_t data;

	EXPECT(vm_read(wrapped, LAST, length, &data, &count), KERN_INVALID_ADDRESS);
	race_pause(self);
	EXPECT(vm_copy(wrapped, LAST, whole, 0), KERN_INVALID_ADDRESS);
	EXPECT_TRUE(vm_copy(wrapped, 0, whole, LAST) != KERN_SUCCESS);
	race_pause(self);
}

/* The end of each range comes out at, or around, address 0, where a page is. */
void test_wrap_race(void)
{
	static struct regions before;
	struct racer field[2];

	wrapped = sweep_task(&before);
	EXPECT(vm_allocate(wrapped, &(vm_offset_t) { 0 }, PAGE_SIZE, FALSE), KERN_SUCCESS);
	regions_take(wrapped, &before);
	memset(field, 0, sizeof field);
	field[0].step = protect_step;
	field[1].step = wrap_step;
	field[1].steps = tap_rounds(200, 10000);
	race_run(field, COUNT_OF(field));
	EXPECT(vm_protect(wrapped, 0, PAGE_SIZE, FALSE, VM_PROT_DEFAULT), KERN_SUCCESS);
	regions_expect(wrapped, &before);
	sweep_end(wrapped);
}
