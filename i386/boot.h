/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Between the parts of the start-up code.
 *
 * The loader starts the kernel with paging off, below its link address.  Segments with a base of
 * -KERNEL_BASE make up for the difference: code and data are used at their final addresses,
 * and phys_to_direct() reaches any address below 4 GiB, until paging takes over and the segments
 * become flat.  So everything but a few instructions is ordinary kernel code.
 */
#ifndef I386_BOOT_H
#define I386_BOOT_H

#include <stdint.h>

#include <kern/boot_info.h>

/*
 * Refuse a processor that lacks what the kernel is compiled for or built on.  Uses no instruction
 * that an 80386 does not have.
 */
void boot_check_cpu(uint32_t magic, uint32_t info);

/* The kernel's C code begins here; magic and info as the loader gave them. */
_Noreturn void boot_start(uint32_t magic, uint32_t info);

/* Print a line that says why the kernel cannot start, and stop. */
_Noreturn void boot_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * Take over what a Multiboot 1 loader left; boot_fail() when it is not usable.
 * All strings are copied, and nothing else of the loader's is needed later but the modules.
 */
const char *multiboot_command_line(uint32_t magic, uint32_t info);
void multiboot_read(uint32_t info, struct boot_info *boot);

/* Switch paging on and the segment bases off.  In boot.S. */
void boot_enable_paging(uint32_t cr3, uint32_t cr4, uint32_t cr0);

/* Make the kernel's final page tables and use them. */
void pmap_bootstrap(phys_addr_t end_of_memory);

#endif /* I386_BOOT_H */
