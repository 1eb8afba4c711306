/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Deciding whether a file is a program that can be run, and what it wants mapped.
 *
 * All offsets and sizes are numbers that somebody else wrote: they are added up in 64 bits, and
 * nothing is read from the file before the range is known to lie in it.
 */
#include <kern/elf.h>

#include <kern/string.h>

#define PAGE_LOW_BITS 0xFFFu

/* The file's structures (System V ABI, chapter 4 and the i386 supplement). */
struct elf_file_header {
	uint8_t ident[16];
	uint16_t type;
	uint16_t machine;
	uint32_t version;
	uint32_t entry;
	uint32_t phoff;
	uint32_t shoff;
	uint32_t flags;
	uint16_t ehsize;
	uint16_t phentsize;
	uint16_t phnum;
	uint16_t shentsize;
	uint16_t shnum;
	uint16_t shstrndx;
};

struct elf_program_header {
	uint32_t type;
	uint32_t offset;
	uint32_t vaddr;
	uint32_t paddr;
	uint32_t filesz;
	uint32_t memsz;
	uint32_t flags;
	uint32_t align;
};

_Static_assert(sizeof(struct elf_file_header) == 52, "as in the file");
_Static_assert(sizeof(struct elf_program_header) == 32, "as in the file");

enum { CLASS_32 = 1, DATA_LSB = 1, TYPE_EXEC = 2, TYPE_DYN = 3, MACHINE_386 = 3 };
enum { IDENT_CLASS = 4, IDENT_DATA = 5, IDENT_VERSION = 6 };
enum { PT_LOAD = 1, PT_INTERP = 3, PT_GNU_STACK = 0x6474E551 };
enum { PF_X = 1, PF_W = 2, PF_R = 4 };

struct elf_reader {
	const uint8_t *file;
	size_t size;
	struct elf_file_header header;
	uint32_t base;			/* added to all addresses of the file */
	struct elf_program *program;
};

static const char *check_header(struct elf_reader *r)
{
	const struct elf_file_header *h = &r->header;
	uint64_t table_end;

	if (r->size < 4 || memcmp(r->file, "\177ELF", 4) != 0)
		return "not an ELF file";
	if (r->size < sizeof *h)
		return "truncated ELF file";
	memcpy(&r->header, r->file, sizeof *h);
	if (h->ident[IDENT_CLASS] != CLASS_32 || h->ident[IDENT_DATA] != DATA_LSB ||
	    h->machine != MACHINE_386)
		return "not an i386 ELF file";
	if (h->ident[IDENT_VERSION] != 1 || h->version != 1)
		return "an ELF file of an unknown version";
	if (h->type != TYPE_EXEC && h->type != TYPE_DYN)
		return "an ELF file, but not an executable";
	if (h->phnum == 0 || h->phentsize < sizeof(struct elf_program_header))
		return "an ELF file without program headers";
	table_end = h->phoff + (uint64_t)h->phnum * h->phentsize;
	if (table_end > r->size)
		return "truncated ELF file";
	return NULL;
}

static vm_prot_t protection_of(uint32_t flags)
{
	vm_prot_t protection = VM_PROT_NONE;

	if (flags & PF_R)
		protection |= VM_PROT_READ;
	if (flags & PF_W)
		protection |= VM_PROT_WRITE | VM_PROT_READ;
	if (flags & PF_X)
		protection |= VM_PROT_EXECUTE | VM_PROT_READ;
	return protection;
}

/* Programs do not reach into page 0, the stack or the kernel; and no page has two masters. */
static const char *check_place(const struct elf_program *program, uint64_t start, uint64_t end)
{
	const struct elf_segment *last;
	uint64_t last_end;

	if (end > ELF_STACK_END - ELF_STACK_SIZE)
		return "a segment has addresses of the stack or the kernel";
	if (start <= PAGE_LOW_BITS)
		return "a segment lies in page 0";
	if (program->segments == 0)
		return NULL;
	last = &program->segment[program->segments - 1];
	last_end = ((uint64_t)last->address + last->memory_size - 1) | PAGE_LOW_BITS;
	if (start <= last_end)
		return "segments overlap or are not in order";
	return NULL;
}

static const char *add_segment(struct elf_reader *r, const struct elf_program_header *p)
{
	struct elf_program *program = r->program;
	uint64_t start = (uint64_t)r->base + p->vaddr;
	const char *error;

	if (p->memsz == 0)
		return NULL;
	if (p->filesz > p->memsz)
		return "bad ELF segment, larger in the file than in memory";
	if ((uint64_t)p->offset + p->filesz > r->size)
		return "truncated ELF file";
	error = check_place(program, start, start + p->memsz);
	if (error != NULL)
		return error;
	if (program->segments == ELF_SEGMENTS_MAX)
		return "too many ELF segments";
	program->segment[program->segments++] = (struct elf_segment) {
		.address = (uint32_t)start,
		.memory_size = p->memsz,
		.file_offset = p->offset,
		.file_size = p->filesz,
		.protection = protection_of(p->flags),
	};
	return NULL;
}

static const char *read_program_header(struct elf_reader *r, unsigned i)
{
	struct elf_program_header p;

	memcpy(&p, r->file + r->header.phoff + (size_t)i * r->header.phentsize, sizeof p);
	switch (p.type) {
	case PT_LOAD:
		return add_segment(r, &p);
	case PT_INTERP:
		return "a dynamically linked program";
	case PT_GNU_STACK:
		r->program->stack_executable = (p.flags & PF_X) != 0;
		return NULL;
	default:
		return NULL;
	}
}

static const char *check_entry(const struct elf_program *program)
{
	for (unsigned i = 0; i < program->segments; i++) {
		const struct elf_segment *s = &program->segment[i];

		if ((s->protection & VM_PROT_EXECUTE) && program->entry >= s->address &&
		    program->entry - s->address < s->memory_size)
			return NULL;
	}
	return "the entry point is not in the program's text";
}

const char *elf_parse(const void *file, size_t size, struct elf_program *program)
{
	struct elf_reader r = { .file = file, .size = size, .program = program };
	const char *error = check_header(&r);

	program->segments = 0;
	program->stack_executable = true;	/* what old programs, that do not say, expect */
	if (error == NULL && r.header.type == TYPE_DYN)
		r.base = ELF_DYN_BASE;
	program->entry = r.base + r.header.entry;
	for (unsigned i = 0; error == NULL && i < r.header.phnum; i++)
		error = read_program_header(&r, i);
	return error != NULL ? error : check_entry(program);
}
