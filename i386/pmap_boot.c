/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel's part of every address space, made at start-up.
 *
 * The direct map is made of 2 MiB pages without execute permission.  Its beginning, up to the end
 * of the kernel's image, has tables of 4 KiB pages instead, so that code, constants and data each
 * get the access they need.  Without NX in the processor all is executable, as it always was.
 */
#include <stdint.h>

#include <i386/boot.h>
#include <i386/cpu.h>
#include <i386/pmap_types.h>
#include <kern/machine.h>
#include <kern/percpu.h>
#include <mach/machine/vm_types.h>
#include <vm/pmap.h>

#define IMAGE_TABLES	4u	/* low memory and the image: 8 MiB at most */

#define VGA_START	0xa0000u
#define VGA_END		0xc0000u

extern char _text_start[], _text_end[], _rodata_start[], _rodata_end[], _kernel_end[];
extern char boot_stack_guard[];

struct pte kernel_directory[TABLE_ENTRIES] __attribute__((aligned(PAGE_BYTES)));
struct pte temp_table[TABLE_ENTRIES] __attribute__((aligned(PAGE_BYTES)));
static struct pte image_table[IMAGE_TABLES][TABLE_ENTRIES] __attribute__((aligned(PAGE_BYTES)));

uint32_t pmap_nx;
uint32_t pmap_global;

static bool within(uint32_t pa, const char *start, const char *end)
{
	return pa >= direct_to_phys(start) && pa < direct_to_phys(end);
}

static void map_image_page(uint32_t pa)
{
	uint32_t low = PTE_VALID | PTE_REFERENCED | pmap_global;
	uint32_t high = pmap_nx;

	if (pa == direct_to_phys(boot_stack_guard))
		return;
	if (within(pa, _text_start, _text_end))
		high = 0;
	else if (!within(pa, _rodata_start, _rodata_end))
		low |= PTE_WRITE | PTE_MODIFIED;
	if (pa >= VGA_START && pa < VGA_END)
		low |= PTE_UNCACHED;
	pte_set(&image_table[pa / LARGE_PAGE][table_index(pa)], pa | low, high);
}

static void map_image(uint32_t tables)
{
	uint32_t pa;

	for (pa = 0; pa < tables * LARGE_PAGE; pa += PAGE_BYTES)
		map_image_page(pa);
	for (pa = 0; pa < tables * LARGE_PAGE; pa += LARGE_PAGE)
		pte_set(&kernel_directory[pa / LARGE_PAGE],
			direct_to_phys(image_table[pa / LARGE_PAGE]) | PTE_VALID | PTE_WRITE, 0);
}

static void map_large_pages(uint32_t pa, uint32_t end)
{
	uint32_t low = PTE_VALID | PTE_WRITE | PTE_LARGE | PTE_REFERENCED | PTE_MODIFIED |
		       pmap_global;

	for (; pa < end; pa += LARGE_PAGE)
		pte_set(&kernel_directory[pa / LARGE_PAGE], pa | low, pmap_nx);
}

static void make_kernel_directory(phys_addr_t end_of_memory)
{
	uint32_t end = end_of_memory < DIRECT_MAP_MAX ? (uint32_t)end_of_memory : DIRECT_MAP_MAX;
	uint32_t tables = (direct_to_phys(_kernel_end) + LARGE_PAGE - 1) / LARGE_PAGE;

	if (tables > IMAGE_TABLES)
		boot_fail("the kernel is larger than its first page tables");
	map_image(tables);
	map_large_pages(tables * LARGE_PAGE, end);
	pte_set(&kernel_directory[directory_index(TEMP_MAP_BASE)],
		direct_to_phys(temp_table) | PTE_VALID | PTE_WRITE, 0);
}

static void configure_bits(void)
{
	if (machine_info.has_nx) {
		wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_NXE);
		pmap_nx = PTE_HIGH_NX;
	}
	if (machine_info.has_pge)
		pmap_global = PTE_GLOBAL;
}

/*
 * The code that switches paging on runs at its physical address, so the kernel's directory
 * stands in for the first one for a moment.  Global entries count only after that.
 */
void pmap_bootstrap(phys_addr_t end_of_memory)
{
	struct pte *top = kernel_pmap.directory;
	uint32_t cr3 = direct_to_phys(top);
	uint32_t directory = direct_to_phys(kernel_directory) | PTE_VALID;

	configure_bits();
	make_kernel_directory(end_of_memory);
	spin_lock_init(&kernel_pmap.lock, LOCK_PMAP);
	pte_set(&top[KERNEL_DIRECTORY], directory, 0);
	pte_set(&top[0], directory, 0);
	boot_enable_paging(cr3, cpu_cr4_features(),
			   (cr0_read() & ~(CR0_CD | CR0_NW | CR0_AM)) | CR0_PG | CR0_WP | CR0_NE);
	pte_clear(&top[0]);
	cr3_write(cr3);
	if (machine_info.has_pge)
		cr4_write(cr4_read() | CR4_PGE);
	current_cpu()->pmap = &kernel_pmap;
}
