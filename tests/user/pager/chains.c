/* SPDX-License-Identifier: BSD-2-Clause */
/* Copies of copies of a memory object's memory: chains of objects have a bounded length. */
#include <libmach/string.h>
#include <mach.h>
#include <mach/mach_host.h>
#include <mach_debug/mach_debug.h>

#include "../common/pager.h"
#include "../common/ports.h"
#include "../common/tap.h"
#include "tests.h"

#define GENERATIONS	1000
#define PAGES		4u

/* Objects that the kernel has. */
static unsigned int objects(void)
{
	mach_msg_type_number_t count = 0;
	mach_port_t host = mach_host_self();
	unsigned int found = 0;
	cache_info_t *rows;

	EXPECT(host_slab_info(host, &rows, &count), KERN_SUCCESS);
	for (unsigned int i = 0; i < count; i++)
		if (strcmp(rows[i].name, "vm_object") == 0)
			found = rows[i].nr_objs;
	vm_deallocate(SELF, (vm_address_t) rows, count * sizeof *rows);
	mach_port_deallocate(SELF, host);
	return found;
}

/* Each generation is a copy of the one before, which is given up; one page of it is written. */
void test_generations(void)
{
	struct object object;
	vm_offset_t base = object_map_new(&object, PAGES), last = 0;
	unsigned int before, most = 0;

	object_ready(&object, FALSE, MEMORY_OBJECT_COPY_DELAY);
	for (unsigned int i = 0; i < PAGES; i++)
		page_in(&object, base, i * PAGE_SIZE, i + 1);
	before = objects();
	for (unsigned int i = 0; i < GENERATIONS; i++) {
		vm_offset_t from = i == 0 ? base : last, copy;
		mach_msg_type_number_t size;

		EXPECT(vm_read(SELF, from, PAGES * PAGE_SIZE, &copy, &size), KERN_SUCCESS);
		if (i > 0)
			EXPECT(vm_deallocate(SELF, last, PAGES * PAGE_SIZE), KERN_SUCCESS);
		last = copy;
		if (i % 2 == 0)
			*(volatile unsigned int *) (last + i % (PAGES - 1) * PAGE_SIZE) = i;
		if (objects() > most)
			most = objects();
	}
	EXPECT_TRUE(before > 0 && most <= before + 6);
	EXPECT(*(unsigned char *) (base + PAGE_SIZE), 2);
	EXPECT(*(unsigned char *) (last + (PAGES - 1) * PAGE_SIZE), PAGES);
	EXPECT(vm_deallocate(SELF, last, PAGES * PAGE_SIZE), KERN_SUCCESS);
	expect_quiet(&object);
	object_unmap_last(&object, base, PAGES);
}
