/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TM-11: page tables.  Ranges begin and end beside the borders of tables (2 MiB) and directories
 * (1 GiB), wired and not; and nothing of the kernel's pages is for programs.
 */
#include <libmach/string.h>
#include <mach.h>
#include <mach/exception.h>
#include <mach/mach_host.h>
#include <mach/vm_param.h>

#include "../common/fault.h"
#include "../common/tap.h"
#include "tests.h"

#define SELF		mach_task_self()
#define AROUND		4u		/* pages on each side of a border */
#define KERNEL_END	0u

static const vm_address_t borders[] = {
	0x40000000, 0x80000000,		/* of directories */
	0x20200000, 0x20400000, 0x7fe00000, 0xa0200000,
};

/* --- single bytes ------------------------------------------------------------------------------ */

static void read_byte(void *place)
{
	(void) *(volatile unsigned char *) place;
}

static void write_byte(void *place)
{
	*(volatile unsigned char *) place = 0xbd;
}

/* Returns: the code of the fault, or 0. */
static int code_of(void (*access)(void *), vm_address_t address)
{
	struct fault fault;

	fault_run(access, (void *) address, &fault);
	if (!fault.happened)
		return 0;
	EXPECT(fault.exception, EXC_BAD_ACCESS);
	EXPECT(fault.subcode, address);
	return fault.code;
}

/* --- ranges ------------------------------------------------------------------------------------ */

static vm_address_t page_at(vm_address_t border, int page)
{
	return border + page * (int) PAGE_SIZE;
}

/* Each page holds its address. */
static void fill(vm_address_t border)
{
	vm_address_t start = page_at(border, -(int) AROUND);

	EXPECT(vm_allocate(SELF, &start, 2 * AROUND * PAGE_SIZE, FALSE), KERN_SUCCESS);
	for (int i = -(int) AROUND; i < (int) AROUND; i++)
		*(volatile vm_address_t *) page_at(border, i) = page_at(border, i);
}

static void expect_kept(vm_address_t border, int first, int end)
{
	for (int i = first; i < end; i++)
		EXPECT(*(volatile vm_address_t *) page_at(border, i), page_at(border, i));
}

/* Pages [first, end) around a border are protected, then go; the others notice nothing. */
static void try_range(vm_address_t border, int first, int end)
{
	vm_address_t start = page_at(border, first);
	vm_size_t size = (end - first) * PAGE_SIZE;

	fill(border);
	EXPECT(vm_protect(SELF, start, size, FALSE, VM_PROT_READ), KERN_SUCCESS);
	EXPECT(code_of(write_byte, start), KERN_PROTECTION_FAILURE);
	EXPECT(code_of(write_byte, start + size - 1), KERN_PROTECTION_FAILURE);
	*(volatile vm_address_t *) page_at(border, first - 1) = start - PAGE_SIZE;
	*(volatile vm_address_t *) page_at(border, end) = start + size;
	EXPECT(vm_protect(SELF, start, size, FALSE, VM_PROT_NONE), KERN_SUCCESS);
	EXPECT(code_of(read_byte, start), KERN_PROTECTION_FAILURE);
	EXPECT(code_of(read_byte, start + size - 1), KERN_PROTECTION_FAILURE);
	EXPECT(vm_protect(SELF, start, size, FALSE, VM_PROT_DEFAULT), KERN_SUCCESS);
	expect_kept(border, -(int) AROUND, AROUND);
	EXPECT(vm_deallocate(SELF, start, size), KERN_SUCCESS);
	EXPECT(code_of(read_byte, start), KERN_INVALID_ADDRESS);
	EXPECT(code_of(read_byte, start + size - 1), KERN_INVALID_ADDRESS);
	expect_kept(border, -(int) AROUND, first);
	expect_kept(border, end, AROUND);
	EXPECT(vm_deallocate(SELF, page_at(border, -(int) AROUND), 2 * AROUND * PAGE_SIZE),
		KERN_SUCCESS);
}

void test_table_borders(void)
{
	static const int ranges[][2] = { { -1, 0 }, { 0, 1 }, { -1, 1 }, { -3, 3 } };

	for (unsigned int i = 0; i < COUNT_OF(borders); i++)
		for (unsigned int j = 0; j < COUNT_OF(ranges); j++) {
			tap_about("%x, pages %d to %d", borders[i], ranges[j][0], ranges[j][1]);
			try_range(borders[i], ranges[j][0], ranges[j][1]);
		}
	tap_about("%s", "");
}

/* --- one range over many tables and directories -------------------------------------------------- */

void test_many_tables(void)
{
	const vm_address_t start = 0x20100000, end = 0xa0300000;
	vm_address_t at = start;

	EXPECT(vm_map(SELF, &at, end - start, 0, FALSE, MACH_PORT_NULL, 0, FALSE, VM_PROT_DEFAULT,
		VM_PROT_NONE, VM_INHERIT_COPY), KERN_SUCCESS);
	EXPECT(vm_deallocate(SELF, start, end - start), KERN_SUCCESS);
	for (unsigned int i = 0; i < COUNT_OF(borders); i++)
		fill(borders[i]);
	EXPECT(vm_protect(SELF, start, end - start, FALSE, VM_PROT_READ), KERN_SUCCESS);
	for (unsigned int i = 0; i < COUNT_OF(borders); i++) {
		tap_about("%x", borders[i]);
		EXPECT(code_of(write_byte, borders[i] - 1), KERN_PROTECTION_FAILURE);
		EXPECT(code_of(write_byte, borders[i]), KERN_PROTECTION_FAILURE);
		expect_kept(borders[i], -(int) AROUND, AROUND);
	}
	EXPECT(vm_deallocate(SELF, start, end - start), KERN_SUCCESS);
	for (unsigned int i = 0; i < COUNT_OF(borders); i++) {
		EXPECT(code_of(read_byte, borders[i] - 1), KERN_INVALID_ADDRESS);
		EXPECT(code_of(read_byte, borders[i]), KERN_INVALID_ADDRESS);
	}
	tap_about("%s", "");
}

/* --- wired pages --------------------------------------------------------------------------------- */

/* What is wired is protected and goes as any other memory. */
static void try_wired(vm_address_t border)
{
	vm_address_t start = page_at(border, -2);
	vm_size_t size = 4 * PAGE_SIZE;

	fill(border);
	EXPECT(vm_wire(tap_host_priv, SELF, start, size, VM_PROT_DEFAULT), KERN_SUCCESS);
	EXPECT(vm_protect(SELF, border - PAGE_SIZE, 2 * PAGE_SIZE, FALSE, VM_PROT_READ),
		KERN_SUCCESS);
	EXPECT(code_of(write_byte, border - 1), KERN_PROTECTION_FAILURE);
	EXPECT(code_of(write_byte, border), KERN_PROTECTION_FAILURE);
	EXPECT(vm_protect(SELF, start, size, FALSE, VM_PROT_NONE), KERN_SUCCESS);
	EXPECT(code_of(read_byte, border - 1), KERN_PROTECTION_FAILURE);
	EXPECT(code_of(read_byte, border), KERN_PROTECTION_FAILURE);
	EXPECT(vm_protect(SELF, start, size, FALSE, VM_PROT_DEFAULT), KERN_SUCCESS);
	expect_kept(border, -(int) AROUND, AROUND);
	EXPECT(code_of(write_byte, border + 8), 0);
	EXPECT(vm_deallocate(SELF, border - PAGE_SIZE, 2 * PAGE_SIZE), KERN_SUCCESS);
	EXPECT(code_of(read_byte, border - 1), KERN_INVALID_ADDRESS);
	EXPECT(code_of(read_byte, border), KERN_INVALID_ADDRESS);
	expect_kept(border, -(int) AROUND, -1);
	expect_kept(border, 1, AROUND);
	EXPECT(vm_deallocate(SELF, page_at(border, -(int) AROUND), 2 * AROUND * PAGE_SIZE),
		KERN_SUCCESS);
}

static int wired_pages(void)
{
	vm_statistics_data_t statistics = { 0 };

	EXPECT(vm_statistics(SELF, &statistics), KERN_SUCCESS);
	return statistics.wire_count;
}

void test_wired_tables(void)
{
	int before = wired_pages();

	for (unsigned int i = 0; i < COUNT_OF(borders); i++) {
		tap_about("%x", borders[i]);
		try_wired(borders[i]);
	}
	tap_about("%s", "");
	EXPECT_TRUE(wired_pages() < before + 12);
}

/* --- the kernel's pages ---------------------------------------------------------------------------- */

/*
 * Every table's first and last page, and some between; all there are in the long form.  (The kernel's
 * own test looks at all entries.)
 */
void test_kernel_pages(void)
{
	const unsigned int step = tap_rounds(0x1ff, 1);
	const vm_address_t begin = VM_MAX_ADDRESS;

	for (unsigned int page = 0; page < (KERNEL_END - begin) / PAGE_SIZE; page += step) {
		vm_address_t address = begin + page * PAGE_SIZE + page % PAGE_SIZE;

		tap_about("%x", address);
		EXPECT(code_of(page % 2 == 0 ? read_byte : write_byte, address), EXC_I386_PGFLT);
	}
	tap_about("%s", "");
}
