/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a Multiboot 1 loader leaves, made into a struct boot_info.
 *
 * Runs before paging, when phys_to_direct() reaches everything below 4 GiB.  The loader's data lies
 * anywhere in usable memory, so what is needed later is copied into the kernel's image.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <i386/boot.h>
#include <kern/boot_info.h>
#include <kern/string.h>
#include <mach/i386/multiboot.h>
#include <vm/page.h>

#define MEMORY_END	0x100000000ull	/* what lies behind is not used */
#define STRINGS_SIZE	8192

extern char _boot_start[], _kernel_end[];

/* The command line and the modules' strings, one after the other. */
static char strings[STRINGS_SIZE];
static size_t strings_used;

static const char *keep_string(uint32_t pa)
{
	const char *from = phys_to_direct(pa);
	size_t left = STRINGS_SIZE - strings_used;
	size_t size = strnlen(from, left) + 1;
	char *copy = strings + strings_used;

	if (size > left)
		boot_fail("the command line and the modules' strings are longer than %u bytes",
			  STRINGS_SIZE);
	memcpy(copy, from, size);
	strings_used += size;
	return copy;
}

const char *multiboot_command_line(uint32_t magic, uint32_t info)
{
	const struct multiboot_raw_info *mb = phys_to_direct(info);

	if (magic != MULTIBOOT_VALID || !(mb->flags & MULTIBOOT_CMDLINE))
		return "";
	return keep_string(mb->cmdline);
}

/* --- Memory ------------------------------------------------------------------ */

static void range_insert(struct boot_info *boot, unsigned int at, phys_addr_t start,
			 phys_addr_t end)
{
	struct boot_range *range = &boot->memory[at];

	if (boot->memory_ranges == BOOT_MEMORY_RANGES)
		boot_fail("the memory map has more than %u ranges", BOOT_MEMORY_RANGES);
	memmove(range + 1, range, (boot->memory_ranges - at) * sizeof(*range));
	boot->memory_ranges++;
	range->start = start;
	range->end = end;
}

static void range_delete(struct boot_info *boot, unsigned int at)
{
	struct boot_range *range = &boot->memory[at];

	boot->memory_ranges--;
	memmove(range, range + 1, (boot->memory_ranges - at) * sizeof(*range));
}

/* Add whole pages to the sorted ranges, joining what overlaps or touches. */
static void memory_add(struct boot_info *boot, phys_addr_t start, phys_addr_t end)
{
	struct boot_range *range = boot->memory;
	unsigned int at = 0;

	while (at < boot->memory_ranges && range[at].end < start)
		at++;
	while (at < boot->memory_ranges && range[at].start <= end) {
		start = start < range[at].start ? start : range[at].start;
		end = end > range[at].end ? end : range[at].end;
		range_delete(boot, at);
	}
	range_insert(boot, at, start, end);
}

static void memory_remove(struct boot_info *boot, phys_addr_t start, phys_addr_t end)
{
	struct boot_range *range = boot->memory;
	unsigned int at = 0;

	while (at < boot->memory_ranges) {
		struct boot_range old = range[at];

		if (old.end <= start || end <= old.start) {
			at++;
			continue;
		}
		range_delete(boot, at);
		if (end < old.end)
			range_insert(boot, at, end, old.end);
		if (old.start < start)
			range_insert(boot, at, old.start, start);
	}
}

static void memory_add_usable(struct boot_info *boot, uint64_t base, uint64_t length)
{
	uint64_t end = base + length < base ? MEMORY_END : base + length;
	phys_addr_t first = (base + PAGE_OFFSET_MASK) & ~(uint64_t)PAGE_OFFSET_MASK;
	phys_addr_t last = (end < MEMORY_END ? end : MEMORY_END) & ~(uint64_t)PAGE_OFFSET_MASK;

	if (base < MEMORY_END && first < last)
		memory_add(boot, first, last);
}

static void memory_remove_reserved(struct boot_info *boot, uint64_t base, uint64_t length)
{
	uint64_t end = base + length < base ? UINT64_MAX : base + length;

	if (length != 0)
		memory_remove(boot, base & ~(uint64_t)PAGE_OFFSET_MASK,
			      end < MEMORY_END ? (end + PAGE_OFFSET_MASK) &
			      ~(uint64_t)PAGE_OFFSET_MASK : MEMORY_END);
}

/* One pass over the memory map: the usable entries, or all others. */
static void memory_map_pass(struct boot_info *boot, const struct multiboot_raw_info *mb,
			    bool usable)
{
	const char *p = phys_to_direct(mb->mmap_addr);
	const char *end = p + mb->mmap_length;

	while ((size_t)(end - p) >= sizeof(struct multiboot_raw_mmap_entry)) {
		const struct multiboot_raw_mmap_entry *e =
			(const struct multiboot_raw_mmap_entry *)p;

		if (usable && e->type == MB_ARD_MEMORY)
			memory_add_usable(boot, e->base_addr, e->length);
		else if (!usable && e->type != MB_ARD_MEMORY)
			memory_remove_reserved(boot, e->base_addr, e->length);
		if (e->size > (size_t)(end - p) - sizeof(e->size))
			break;
		p += e->size + sizeof(e->size);
	}
}

/* Where the firmware's entries overlap, the memory is not usable. */
static void read_memory(struct boot_info *boot, const struct multiboot_raw_info *mb)
{
	if (mb->flags & MULTIBOOT_MEM_MAP) {
		memory_map_pass(boot, mb, true);
		memory_map_pass(boot, mb, false);
	} else if (mb->flags & MULTIBOOT_MEMORY) {
		memory_add_usable(boot, 0, (uint64_t)mb->mem_lower << 10);
		memory_add_usable(boot, 0x100000, (uint64_t)mb->mem_upper << 10);
	} else {
		boot_fail("the boot loader does not say what memory there is");
	}
	/* The real-mode interrupt table; and no page is at physical address 0 then. */
	memory_remove(boot, 0, PAGE_BYTES);
}

/* --- Modules ----------------------------------------------------------------- */

static void read_module(struct boot_module *module, const struct multiboot_raw_module *raw)
{
	module->start = raw->mod_start;
	module->size = raw->mod_end - raw->mod_start;
	module->string = raw->string != 0 ? keep_string(raw->string) : "";
	if (raw->mod_end < raw->mod_start)
		boot_fail("module \"%s\" ends before it begins", module->string);
	if ((raw->mod_start & PAGE_OFFSET_MASK) != 0)
		boot_fail("module \"%s\" is not at a page boundary", module->string);
	if (raw->mod_end > DIRECT_MAP_MAX)
		boot_fail("module \"%s\" is beyond the first %u MiB of memory", module->string,
			  DIRECT_MAP_MAX >> 20);
}

static void read_modules(struct boot_info *boot, const struct multiboot_raw_info *mb)
{
	const struct multiboot_raw_module *raw = phys_to_direct(mb->mods_addr);
	uint32_t count = mb->flags & MULTIBOOT_MODS ? mb->mods_count : 0;

	if (count > BOOT_MODULES)
		boot_fail("there are %u modules, %u are possible", (unsigned int)count,
			  BOOT_MODULES);
	for (boot->modules = 0; boot->modules < count; boot->modules++)
		read_module(&boot->module[boot->modules], &raw[boot->modules]);
}

void multiboot_read(uint32_t info, struct boot_info *boot)
{
	const struct multiboot_raw_info *mb = phys_to_direct(info);

	read_memory(boot, mb);
	read_modules(boot, mb);
	boot->kernel_start = (uintptr_t)_boot_start;
	boot->kernel_end = direct_to_phys(_kernel_end);
}
