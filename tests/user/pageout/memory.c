/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory, and more of it. */
#include <libmach/string.h>
#include <mach.h>
#include <mach/gnumach.h>
#include <mach/vm_statistics.h>

#include "../common/fault.h"
#include "../common/messages.h"
#include "../common/race.h"
#include "../common/tap.h"
#include "manager.h"
#include "pattern.h"
#include "tests.h"

static vm_statistics_data_t statistics(void)
{
	vm_statistics_data_t now;

	EXPECT(vm_statistics(SELF, &now), KERN_SUCCESS);
	return now;
}

static vm_offset_t region_new(unsigned int pages)
{
	vm_offset_t address = 0;

	EXPECT(vm_allocate(SELF, &address, pages * PAGE_SIZE, TRUE), KERN_SUCCESS);
	return address;
}

static void region_end(vm_offset_t address, unsigned int pages)
{
	EXPECT(vm_deallocate(SELF, address, pages * PAGE_SIZE), KERN_SUCCESS);
}

static void fill(vm_offset_t address, unsigned int pages, uint32_t seed)
{
	unsigned int i;

	for (i = 0; i < pages; i++)
		pattern_fill(address + i * PAGE_SIZE, seed + i);
}

/* The pages that are not as fill has left them. */
static unsigned int wrong(vm_offset_t address, unsigned int pages, uint32_t seed)
{
	unsigned int i, count = 0;

	for (i = 0; i < pages; i++) {
		vm_offset_t page = address + i * PAGE_SIZE;

		count += *(volatile uint32_t *) page != seed + i || !pattern_holds(page);
	}
	return count;
}

struct range {
	vm_offset_t	address;
	unsigned int	pages, touched;
};

static void touch_all(void *argument)
{
	struct range *range = argument;

	while (range->touched < range->pages) {
		*(volatile char *) (range->address + range->touched * PAGE_SIZE) = 1;
		range->touched++;
	}
}

static void allow_all(void)
{
	EXPECT(vm_set_size_limit(tap_host_priv, SELF, 0x80000000u, 0x80000000u), KERN_SUCCESS);
}

void test_without_manager(void)
{
	struct range range = { .pages = statistics().free_count + 64 };
	struct fault fault;

	allow_all();
	range.address = region_new(range.pages);
	fault_run(touch_all, &range, &fault);
	EXPECT_TRUE(fault.happened);
	EXPECT(fault.code, KERN_RESOURCE_SHORTAGE);
	EXPECT_TRUE(range.touched > range.pages / 2);
	region_end(range.address, range.pages);
}

void test_more_than_there_is(void)
{
	unsigned int pages, round;
	vm_statistics_data_t before, after;
	vm_offset_t address;

	manager_start();
	before = statistics();
	pages = before.free_count * 2;
	address = region_new(pages);
	for (round = 0; round < tap_rounds(2, 20); round++) {
		fill(address, pages, round * 1000000);
		EXPECT(wrong(address, pages, round * 1000000), 0);
	}
	after = statistics();
	EXPECT_TRUE(after.active_count > 0 && after.inactive_count > 0);
	EXPECT_TRUE(after.pageouts - before.pageouts >= (int) pages / 2);
	EXPECT_TRUE(after.pageins - before.pageins >= (int) pages / 2);
	EXPECT_TRUE(manager->returned > 0);
	region_end(address, pages);
	manager_end();
}

/*
 * Memory that is full is given up, and full again at once.  That nothing else could go while it was
 * being given up is no reason to refuse any later.
 */
void test_full_again(void)
{
	unsigned int pages;
	vm_offset_t address;

	manager_start();
	pages = statistics().free_count * 2;
	for (unsigned int round = 0; round < tap_rounds(6, 60); round++) {
		address = region_new(pages);
		fill(address, pages, round);
		region_end(address, pages);
	}
	manager_end();
}

/* TH-7: what threads need is there for those who serve paging, however short memory is. */
void test_breeding_manager(void)
{
	unsigned int pages;
	vm_offset_t address;

	manager_start();
	manager->breeds = TRUE;
	pages = statistics().free_count / 2 * 3;
	address = region_new(pages);
	fill(address, pages, 90000);
	EXPECT(wrong(address, pages, 90000), 0);
	EXPECT_TRUE(manager->initialized > 0 && manager->supplied > 0);
	EXPECT_TRUE(manager->bred > 100);
	region_end(address, pages);
	manager_end();
}

void test_copies(void)
{
	unsigned int pages, i;
	mach_msg_type_number_t count;
	vm_offset_t address, copy = 0;

	manager_start();
	pages = statistics().free_count;
	address = region_new(pages);
	fill(address, pages, 5000);
	EXPECT(vm_read(SELF, address, pages * PAGE_SIZE, &copy, &count), KERN_SUCCESS);
	for (i = 0; i < pages; i += 2)
		pattern_fill(address + i * PAGE_SIZE, 77);
	EXPECT(wrong(copy, pages, 5000), 0);
	for (i = 0; i < pages; i++)
		if (*(volatile uint32_t *) (address + i * PAGE_SIZE) !=
		    (i % 2 == 0 ? 77 : 5000 + i) || !pattern_holds(address + i * PAGE_SIZE))
			break;
	EXPECT(i, pages);
	region_end(address, pages);
	EXPECT(wrong(copy, pages, 5000), 0);
	region_end(copy, pages);
	manager_end();
}
