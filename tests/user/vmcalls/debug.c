/* SPDX-License-Identifier: BSD-2-Clause */
/* mach_debug: regions, objects, pages and caches as they are told; and no address of the kernel. */
#include <libmach/string.h>
#include <mach.h>
#include <mach/mach_host.h>
#include <mach/memory_object.h>
#include <mach_debug/mach_debug.h>

#include "../common/pager.h"
#include "../common/ports.h"
#include "../common/tap.h"
#include "tests.h"

#define KERNEL_BASE	0xc0000000u

/* Is a word no address of the kernel, where its memory or its tables are? */
static boolean_t is_harmless(uint32_t word)
{
	return word < KERNEL_BASE || word >= 0xff000000u;
}

void test_region_info(void)
{
	struct object object;
	vm_offset_t base = object_map_new(&object, 4), plain = 0;
	mach_port_t host = mach_host_self(), name;
	vm_region_info_t info;
	uint32_t known;

	object_ready(&object, FALSE, MEMORY_OBJECT_COPY_DELAY);
	EXPECT(vm_protect(SELF, base + PAGE_SIZE, PAGE_SIZE, FALSE, VM_PROT_READ), KERN_SUCCESS);
	EXPECT(vm_inherit(SELF, base + PAGE_SIZE, PAGE_SIZE, VM_INHERIT_NONE), KERN_SUCCESS);
	EXPECT(mach_vm_region_info(SELF, base + PAGE_SIZE + 5, &info, &name), KERN_SUCCESS);
	EXPECT(info.vri_start, base + PAGE_SIZE);
	EXPECT(info.vri_end, base + 2 * PAGE_SIZE);
	EXPECT(info.vri_protection, VM_PROT_READ);
	EXPECT(info.vri_max_protection, VM_PROT_ALL);
	EXPECT(info.vri_inheritance, VM_INHERIT_NONE);
	EXPECT(info.vri_wired_count, 0);
	EXPECT(info.vri_offset, PAGE_SIZE);
	EXPECT_TRUE(info.vri_object != 0 && is_harmless(info.vri_object));
	EXPECT(name, object.name);
	EXPECT(mach_port_deallocate(SELF, name), KERN_SUCCESS);
	known = info.vri_object;
	EXPECT(mach_vm_region_info(SELF, base, &info, &name), KERN_SUCCESS);
	EXPECT(info.vri_object, known);
	EXPECT(mach_port_deallocate(SELF, name), KERN_SUCCESS);
	EXPECT(vm_allocate(SELF, &plain, PAGE_SIZE, TRUE), KERN_SUCCESS);
	EXPECT(vm_wire(host, SELF, plain, PAGE_SIZE, VM_PROT_READ), KERN_SUCCESS);
	EXPECT(mach_vm_region_info(SELF, plain, &info, &name), KERN_SUCCESS);
	EXPECT(info.vri_user_wired_count, 1);
	EXPECT(info.vri_object, 0);
	EXPECT(name, MACH_PORT_NULL);
	EXPECT(mach_vm_region_info(SELF, KERNEL_BASE, &info, &name), KERN_NO_SPACE);
	EXPECT(mach_vm_region_info(SELF, 0xffffffff, &info, &name), KERN_NO_SPACE);
	EXPECT(mach_vm_region_info(host, base, &info, &name), KERN_INVALID_TASK);
	EXPECT(mach_port_deallocate(SELF, host), KERN_SUCCESS);
	EXPECT(vm_deallocate(SELF, plain, PAGE_SIZE), KERN_SUCCESS);
	object_unmap_last(&object, base, 4);
}

void test_object_info(void)
{
	struct object object;
	vm_offset_t base = object_map_new(&object, 4);
	mach_port_t shadow, copy;
	vm_object_info_t info;
	struct toucher toucher;

	EXPECT(mach_vm_object_info(object.name, &info, &shadow, &copy), KERN_SUCCESS);
	EXPECT(info.voi_state & VOI_STATE_PAGER_READY, 0);
	object_ready(&object, TRUE, MEMORY_OBJECT_COPY_DELAY);
	page_in(&object, base, 0, 1);
	touch_start(&toucher, base + PAGE_SIZE, FALSE, 0);
	expect_request(&object, 2203, PAGE_SIZE, VM_PROT_READ);
	memset(&info, 0xa5, sizeof info);
	EXPECT(mach_vm_object_info(object.name, &info, &shadow, &copy), KERN_SUCCESS);
	EXPECT(info.voi_pagesize, PAGE_SIZE);
	EXPECT(info.voi_size, 4 * PAGE_SIZE);
	EXPECT(info.voi_ref_count, 1);
	EXPECT(info.voi_resident_page_count, 1);
	EXPECT(info.voi_absent_count, 1);
	EXPECT(info.voi_copy_strategy, MEMORY_OBJECT_COPY_DELAY);
	EXPECT(info.voi_state, VOI_STATE_PAGER_CREATED | VOI_STATE_PAGER_INITIALIZED |
		VOI_STATE_PAGER_READY | VOI_STATE_ALIVE | VOI_STATE_CAN_PERSIST);
	EXPECT_TRUE(is_harmless(info.voi_object));
	EXPECT(info.voi_copy, 0);
	EXPECT(info.voi_shadow, 0);
	EXPECT(info.voi_last_alloc, 0);
	EXPECT(shadow, MACH_PORT_NULL);
	EXPECT(copy, MACH_PORT_NULL);
	EXPECT(supply(&object, PAGE_SIZE, 1, VM_PROT_NONE, FALSE, MACH_PORT_NULL), KERN_SUCCESS);
	touch_end(&toucher);
	EXPECT(mach_vm_object_info(object.control, &info, &shadow, &copy), KERN_INVALID_ARGUMENT);
	EXPECT(mach_vm_object_info(SELF, &info, &shadow, &copy), KERN_INVALID_ARGUMENT);
	object_ready(&object, FALSE, MEMORY_OBJECT_COPY_DELAY);
	object_unmap_last(&object, base, 4);
}

/* The row of a page, by its offset; fails the test when there is none. */
static const vm_page_info_t *find_row(const vm_page_info_t *rows, unsigned int count,
	vm_offset_t offset)
{
	for (unsigned int i = 0; i < count; i++)
		if (rows[i].vpi_offset == offset)
			return &rows[i];
	tap_fail("no row of offset %x", offset);
	return &rows[0];
}

void test_object_pages(void)
{
	static vm_page_info_t rows[8], *few;
	static vm_page_phys_info_t phys_rows[8], *phys;
	struct object object;
	vm_offset_t base = object_map_new(&object, 4);
	mach_msg_type_number_t count;
	const vm_page_info_t *row;

	object_ready(&object, FALSE, MEMORY_OBJECT_COPY_DELAY);
	few = rows;
	count = COUNT_OF(rows);
	EXPECT(mach_vm_object_pages(object.name, &few, &count), KERN_SUCCESS);
	EXPECT(count, 0);
	page_in(&object, base, 0, 1);
	EXPECT(supply(&object, PAGE_SIZE, 1, VM_PROT_WRITE, TRUE, MACH_PORT_NULL), KERN_SUCCESS);
	page_in(&object, base, 3 * PAGE_SIZE, 1);
	*(volatile char *) (base + 3 * PAGE_SIZE) = 2;
	memset(rows, 0xa5, sizeof rows);
	few = rows;
	count = COUNT_OF(rows);
	EXPECT(mach_vm_object_pages(object.name, &few, &count), KERN_SUCCESS);
	EXPECT(few, rows);
	EXPECT(count, 3);
	row = find_row(rows, count, PAGE_SIZE);
	EXPECT(row->vpi_page_lock, VM_PROT_WRITE);
	EXPECT(row->vpi_state & (VPI_STATE_PRECIOUS | VPI_STATE_DIRTY), VPI_STATE_PRECIOUS);
	EXPECT(row->vpi_phys_addr, 0);
	row = find_row(rows, count, 3 * PAGE_SIZE);
	EXPECT(row->vpi_state & (VPI_STATE_PRECIOUS | VPI_STATE_DIRTY), VPI_STATE_DIRTY);
	EXPECT(row->vpi_wire_count, 0);
	phys = phys_rows;
	count = COUNT_OF(phys_rows);
	EXPECT(mach_vm_object_pages_phys(object.name, &phys, &count), KERN_SUCCESS);
	EXPECT(count, 3);
	for (unsigned int i = 0; i < 3; i++)
		EXPECT_TRUE(phys_rows[i].vpi_phys_addr == 0);
	few = rows;
	count = COUNT_OF(rows);
	EXPECT(mach_vm_object_pages(object.control, &few, &count), KERN_INVALID_ARGUMENT);
	EXPECT(mach_vm_object_pages(SELF, &few, &count), KERN_INVALID_ARGUMENT);
	EXPECT(vm_deallocate(SELF, base, 4 * PAGE_SIZE), KERN_SUCCESS);
	expect_return(&object, PAGE_SIZE, 1, 1, FALSE, FALSE);
	expect_return(&object, 3 * PAGE_SIZE, 1, 2, TRUE, FALSE);
	expect_terminate(&object);
	object_end(&object);
}

/* More rows than a reply has room for come out of line, each page once. */
#define MANY_PAGES	500

void test_many_object_pages(void)
{
	static unsigned char seen[MANY_PAGES];
	static char data[16 * PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));
	struct object object;
	vm_offset_t base = object_map_new(&object, MANY_PAGES + 12);
	vm_page_info_t *rows = NULL;
	mach_msg_type_number_t count = 0;
	unsigned int i, wrong = 0;

	object_ready(&object, FALSE, MEMORY_OBJECT_COPY_DELAY);
	for (i = 0; i < MANY_PAGES; i += 4)
		EXPECT(memory_object_data_supply(object.control, i * PAGE_SIZE,
			(vm_offset_t) data, 4 * PAGE_SIZE, FALSE, VM_PROT_NONE, FALSE,
			MACH_PORT_NULL), KERN_SUCCESS);
	EXPECT(mach_vm_object_pages(object.name, &rows, &count), KERN_SUCCESS);
	EXPECT(count, MANY_PAGES);
	for (i = 0; i < count; i++) {
		unsigned int page = rows[i].vpi_offset / PAGE_SIZE;

		wrong += page >= MANY_PAGES || seen[page]++ != 0;
	}
	EXPECT(wrong, 0);
	EXPECT(vm_deallocate(SELF, (vm_offset_t) rows, count * sizeof *rows), KERN_SUCCESS);
	object_unmap_last(&object, base, MANY_PAGES + 12);
}

/* --- the kernel's tables ------------------------------------------------------------------- */

static const cache_info_t *find_cache(const cache_info_t *rows, unsigned int count,
	const char *name)
{
	for (unsigned int i = 0; i < count; i++)
		if (strcmp(rows[i].name, name) == 0)
			return &rows[i];
	return NULL;
}

void test_slab_info(void)
{
	mach_port_t host = mach_host_self();
	cache_info_t *rows = NULL;
	const cache_info_t *cache;
	mach_msg_type_number_t count = 0;
	unsigned int i;

	EXPECT(host_slab_info(host, &rows, &count), KERN_SUCCESS);
	EXPECT_TRUE(count > 5 && count < 200);
	for (i = 0; i < count; i++) {
		const uint32_t *word = (const uint32_t *) &rows[i];

		cache = &rows[i];
		tap_about("cache %s", cache->name);
		EXPECT_TRUE(strnlen(cache->name, sizeof cache->name) < sizeof cache->name);
		EXPECT_TRUE(cache->obj_size > 0 && cache->obj_size <= cache->buf_size);
		EXPECT_TRUE(cache->nr_objs <= cache->nr_bufs);
		EXPECT(cache->nr_bufs, cache->nr_slabs * cache->bufs_per_slab);
		EXPECT_TRUE(cache->slab_size >= PAGE_SIZE);
		for (unsigned int w = 0; w < 11; w++)
			EXPECT_TRUE(is_harmless(word[w]));
	}
	tap_about("%s", "");
	cache = find_cache(rows, count, "vm_map_entry");
	EXPECT_TRUE(cache != NULL && cache->nr_objs > 0);
	EXPECT(vm_deallocate(SELF, (vm_offset_t) rows, count * sizeof *rows), KERN_SUCCESS);
	rows = NULL;
	count = 0;
	EXPECT(host_slab_info(SELF, &rows, &count), KERN_INVALID_HOST);
	EXPECT(mach_port_deallocate(SELF, host), KERN_SUCCESS);
}

/* Buckets are a power of two, and hold the pages of all objects. */
void test_page_table_info(void)
{
	mach_port_t host = mach_host_self();
	hash_info_bucket_t *rows = NULL;
	mach_msg_type_number_t count = 0;
	unsigned int i, pages = 0;

	EXPECT(host_virtual_physical_table_info(host, &rows, &count), KERN_SUCCESS);
	EXPECT_TRUE(count > 0 && (count & (count - 1)) == 0);
	for (i = 0; i < count; i++)
		pages += rows[i].hib_count;
	EXPECT_TRUE(pages > 20);	/* this program has as many */
	EXPECT_TRUE(pages < 0x100000);
	EXPECT(vm_deallocate(SELF, (vm_offset_t) rows, count * sizeof *rows), KERN_SUCCESS);
	EXPECT(host_virtual_physical_table_info(SELF, &rows, &count), KERN_INVALID_HOST);
	EXPECT(mach_port_deallocate(SELF, host), KERN_SUCCESS);
}
