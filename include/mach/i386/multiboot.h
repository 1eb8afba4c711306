/* SPDX-License-Identifier: BSD-2-Clause */
/* Multiboot 1: what the kernel tells the loader, and the loader the kernel. */
#ifndef _MACH_I386_MULTIBOOT_H_
#define _MACH_I386_MULTIBOOT_H_

/* The header, within the first MULTIBOOT_SEARCH bytes of the image: magic, flags, checksum. */
#define MULTIBOOT_SEARCH	8192
#define MULTIBOOT_MAGIC		0x1badb002
#define MULTIBOOT_MUSTKNOW	0x0000ffff
#define MULTIBOOT_PAGE_ALIGN	0x00000001
#define MULTIBOOT_MEMORY_INFO	0x00000002
#define MULTIBOOT_AOUT_KLUDGE	0x00010000

/* In eax at the entry; ebx then has the address of the information. */
#define MULTIBOOT_VALID		0x2badb002

/* Which fields of the information are valid. */
#define MULTIBOOT_MEMORY	0x00000001
#define MULTIBOOT_BOOT_DEVICE	0x00000002
#define MULTIBOOT_CMDLINE	0x00000004
#define MULTIBOOT_MODS		0x00000008
#define MULTIBOOT_AOUT_SYMS	0x00000010
#define MULTIBOOT_ELF_SHDR	0x00000020
#define MULTIBOOT_MEM_MAP	0x00000040

/* Type of usable memory in the memory map. */
#define MB_ARD_MEMORY		1

#ifndef __ASSEMBLER__

#include <stdint.h>
#include <mach/machine/vm_types.h>

struct multiboot_module {
	vm_offset_t	mod_start;
	vm_offset_t	mod_end;
	vm_offset_t	string;
	unsigned int	reserved;
};

/* The same structures with the loader's widths, all addresses physical. */
struct multiboot_raw_module {
	uint32_t	mod_start;
	uint32_t	mod_end;
	uint32_t	string;
	uint32_t	reserved;
} __attribute__((packed));

/* `size' does not count itself: the next entry is size + 4 bytes on. */
struct multiboot_raw_mmap_entry {
	uint32_t	size;
	uint64_t	base_addr;
	uint64_t	length;
	uint32_t	type;
} __attribute__((packed));

struct multiboot_raw_info {
	uint32_t	flags;
	uint32_t	mem_lower;	/* KiB below 1 MiB */
	uint32_t	mem_upper;	/* KiB above 1 MiB, up to the first hole */
	uint32_t	unused0;
	uint32_t	cmdline;
	uint32_t	mods_count;
	uint32_t	mods_addr;
	uint32_t	shdr_num;
	uint32_t	shdr_size;
	uint32_t	shdr_addr;
	uint32_t	shdr_strndx;
	uint32_t	mmap_length;
	uint32_t	mmap_addr;
	uint32_t	unused1[9];
} __attribute__((packed));

#endif

#endif
