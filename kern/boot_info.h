/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the boot loader left, in a form free of its formats.
 *
 * The machine's boot code fills one of these and hands it to kernel_main().  All strings have been
 * copied into the kernel's own memory; the contents of the modules still lie where the loader put
 * them, and nobody may allocate those pages until kernel_main() has excluded them.
 */
#ifndef KERN_BOOT_INFO_H
#define KERN_BOOT_INFO_H

#include <stdint.h>

#include <mach/mach_types.h>
#include <vm/page.h>

#define BOOT_MEMORY_RANGES	32
#define BOOT_MODULES		32

struct boot_range {
	phys_addr_t start;
	phys_addr_t end;
};

struct boot_module {
	phys_addr_t start;	/* page aligned */
	uint32_t size;		/* bytes, as the loader counted them */
	const char *string;	/* path and arguments, or a line of the boot script */
};

struct boot_info {
	const char *command_line;	/* of the kernel; never null */

	/* Usable memory: page aligned, sorted, disjoint.  Nothing has been cut out of it. */
	unsigned memory_ranges;
	struct boot_range memory[BOOT_MEMORY_RANGES];

	/* The kernel's image, with its boot sections and its zeroed data. */
	phys_addr_t kernel_start;
	phys_addr_t kernel_end;

	unsigned modules;
	struct boot_module module[BOOT_MODULES];
};

/*
 * Starts the kernel.  The machine has its final paging, a console, its features counted and the
 * boot processor's struct percpu set up with the stack this runs on; interrupts are off.
 */
_Noreturn void kernel_main(const struct boot_info *info);

#endif /* KERN_BOOT_INFO_H */
