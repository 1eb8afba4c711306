/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Mapping a program: each segment is anonymous memory, filled from the file and then
 * given its protection.  What the file does not fill reads as zero.
 */
#include <kern/elf.h>

#include <mach/vm_inherit.h>
#include <vm/map.h>
#include <vm/page.h>

static kern_return_t map_fixed(struct vm_map *map, vm_offset_t start, vm_size_t size,
			       vm_prot_t protection)
{
	return vm_map_enter_anonymous(map, &start, size, 0, false, protection, VM_PROT_ALL,
				      VM_INHERIT_COPY);
}

static const char *load_segment(struct vm_map *map, const uint8_t *file,
				const struct elf_segment *s)
{
	vm_offset_t start = s->address & ~PAGE_OFFSET_MASK;
	vm_offset_t end = (s->address + s->memory_size + PAGE_OFFSET_MASK) & ~PAGE_OFFSET_MASK;

	if (map_fixed(map, start, end - start, VM_PROT_DEFAULT) != KERN_SUCCESS)
		return "no memory for a segment";
	if (s->file_size > 0 && vm_map_write_bytes(map, s->address, file + s->file_offset,
						   s->file_size) != KERN_SUCCESS)
		return "no memory for a segment";
	if (vm_map_protect(map, start, end - start, false, s->protection) != KERN_SUCCESS)
		return "a segment cannot be protected";
	return NULL;
}

const char *elf_load(struct vm_map *map, const void *file, const struct elf_program *program)
{
	vm_prot_t stack = program->stack_executable ? VM_PROT_ALL : VM_PROT_DEFAULT;
	const char *error = NULL;

	for (unsigned i = 0; error == NULL && i < program->segments; i++)
		error = load_segment(map, file, &program->segment[i]);
	if (error == NULL && map_fixed(map, ELF_STACK_END - ELF_STACK_SIZE, ELF_STACK_SIZE,
				       stack) != KERN_SUCCESS)
		error = "no memory for the stack";
	return error;
}
