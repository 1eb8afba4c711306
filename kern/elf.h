/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Programs: i386 ELF executables, as boot modules.
 *
 * The file comes from outside and is not trusted: elf_parse looks at all of it that matters and
 * says what is to be mapped; elf_load then follows that without further checks.  A program linked
 * for fixed addresses goes there; a position independent one (the Hurd's ld.so) goes to
 * ELF_DYN_BASE and must relocate itself.
 */
#ifndef KERN_ELF_H
#define KERN_ELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mach/machine/vm_types.h>
#include <mach/vm_prot.h>

struct vm_map;

#define ELF_DYN_BASE		0x08000000u
#define ELF_STACK_END		0xC0000000u
#define ELF_STACK_SIZE		0x00020000u
#define ELF_SEGMENTS_MAX	16

/* Memory to be made, and the bytes of the file that go into its beginning. */
struct elf_segment {
	uint32_t address;
	uint32_t memory_size;
	uint32_t file_offset;
	uint32_t file_size;
	vm_prot_t protection;
};

struct elf_program {
	uint32_t entry;
	bool stack_executable;
	unsigned segments;
	struct elf_segment segment[ELF_SEGMENTS_MAX];	/* ascending, no page in two of them */
};

/*
 * Examine an executable of `size` bytes.
 *
 * Returns:  NULL, the program is valid; or why it cannot be run, in words for the user.
 */
const char *elf_parse(const void *file, size_t size, struct elf_program *program);

/*
 * Map a parsed program and its stack into an empty map.
 *
 * Blocks:   for memory.
 * Returns:  NULL; or why not, a part may be mapped then.
 */
const char *elf_load(struct vm_map *map, const void *file, const struct elf_program *program);

#endif /* KERN_ELF_H */
