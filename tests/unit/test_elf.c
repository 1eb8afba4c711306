/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which files are programs: one good file, changed in one field at a time, and random damage.
 */
#include <stdlib.h>
#include <string.h>

#include <kern/elf.h>
#include <tests/unit/fakes.h>

enum { CODE = 0x08048000, DATA = 0x0804A000, FILE_SIZE = 0x200 };

/* As in the ELF specification, by name so that cases can say what they change. */
struct image {
	uint8_t ident[16];
	uint16_t type, machine;
	uint32_t version, entry, phoff, shoff, flags;
	uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
	struct {
		uint32_t type, offset, vaddr, paddr, filesz, memsz, flags, align;
	} segment[3];
	uint8_t rest[FILE_SIZE - 52 - 3 * 32];
};

_Static_assert(sizeof(struct image) == FILE_SIZE, "no padding");

static void make_good(struct image *image)
{
	memset(image, 0, sizeof *image);
	memcpy(image->ident, "\177ELF\1\1\1", 7);
	image->type = 2;
	image->machine = 3;
	image->version = 1;
	image->entry = CODE + 0x100;
	image->phoff = 52;
	image->phentsize = 32;
	image->phnum = 3;
	image->segment[0].type = 1;
	image->segment[0].vaddr = CODE;
	image->segment[0].filesz = image->segment[0].memsz = 0x180;
	image->segment[0].flags = 5;
	image->segment[1].type = 1;
	image->segment[1].offset = 0x180;
	image->segment[1].vaddr = DATA;
	image->segment[1].filesz = 0x80;
	image->segment[1].memsz = 0x5000;
	image->segment[1].flags = 6;
	image->segment[2].type = 0x6474E551;
	image->segment[2].flags = 6;
}

/* Parsed from a copy of just that size, so that a read beyond it is seen. */
static const char *parse(const struct image *image, size_t size, struct elf_program *program)
{
	void *copy = malloc(size);
	const char *error;

	memcpy(copy, image, size);
	error = elf_parse(copy, size, program);
	free(copy);
	return error;
}

START_TEST(test_good)
{
	struct elf_program program;
	struct image image;

	make_good(&image);
	ck_assert_ptr_null(parse(&image, sizeof image, &program));
	ck_assert_uint_eq(program.entry, CODE + 0x100);
	ck_assert(!program.stack_executable);
	ck_assert_uint_eq(program.segments, 2);
	ck_assert_uint_eq(program.segment[0].address, CODE);
	ck_assert_int_eq(program.segment[0].protection, VM_PROT_READ | VM_PROT_EXECUTE);
	ck_assert_uint_eq(program.segment[1].address, DATA);
	ck_assert_uint_eq(program.segment[1].file_offset, 0x180);
	ck_assert_uint_eq(program.segment[1].file_size, 0x80);
	ck_assert_uint_eq(program.segment[1].memory_size, 0x5000);
	ck_assert_int_eq(program.segment[1].protection, VM_PROT_READ | VM_PROT_WRITE);
}
END_TEST

START_TEST(test_variants)
{
	struct elf_program program;
	struct image image;

	make_good(&image);
	image.phnum = 2;		/* nothing is said about the stack */
	ck_assert_ptr_null(parse(&image, sizeof image, &program));
	ck_assert(program.stack_executable);

	make_good(&image);
	image.type = 3;
	image.entry = 0x1100;
	image.segment[0].vaddr = 0x1000;
	image.segment[1].vaddr = 0x3000;
	ck_assert_ptr_null(parse(&image, sizeof image, &program));
	ck_assert_uint_eq(program.entry, ELF_DYN_BASE + 0x1100);
	ck_assert_uint_eq(program.segment[1].address, ELF_DYN_BASE + 0x3000);

	make_good(&image);		/* an empty segment may be anywhere */
	image.segment[1].vaddr = 0xFFFFFFFF;
	image.segment[1].memsz = image.segment[1].filesz = 0;
	ck_assert_ptr_null(parse(&image, sizeof image, &program));
	ck_assert_uint_eq(program.segments, 1);

	make_good(&image);		/* up to the stack */
	image.segment[1].memsz = ELF_STACK_END - ELF_STACK_SIZE - DATA;
	ck_assert_ptr_null(parse(&image, sizeof image, &program));
}
END_TEST

#define FIELD(f) offsetof(struct image, f), sizeof(((struct image *)0)->f)

static const struct {
	size_t offset, size;
	uint32_t value;
	const char *reason;		/* a part of it */
} bad[] = {
	{ FIELD(ident[0]), 0, "not an ELF" },
	{ FIELD(ident[3]), 'G', "not an ELF" },
	{ FIELD(ident[4]), 2, "not an i386" },
	{ FIELD(ident[5]), 2, "not an i386" },
	{ FIELD(ident[6]), 2, "unknown version" },
	{ FIELD(version), 0, "unknown version" },
	{ FIELD(machine), 62, "not an i386" },
	{ FIELD(type), 1, "not an executable" },
	{ FIELD(type), 4, "not an executable" },
	{ FIELD(phnum), 0, "without program headers" },
	{ FIELD(phnum), 0xFFFF, "truncated" },
	{ FIELD(phentsize), 31, "without program headers" },
	{ FIELD(phentsize), 0xFFFF, "truncated" },
	{ FIELD(phoff), 0xFFFFFFFF, "truncated" },
	{ FIELD(phoff), FILE_SIZE - 95, "truncated" },
	{ FIELD(entry), 0, "entry point" },
	{ FIELD(entry), CODE - 1, "entry point" },
	{ FIELD(entry), CODE + 0x180, "entry point" },
	{ FIELD(entry), DATA, "entry point" },
	{ FIELD(segment[0].type), 3, "dynamically linked" },
	{ FIELD(segment[0].flags), 4, "entry point" },
	{ FIELD(segment[0].offset), 0x81, "truncated" },
	{ FIELD(segment[0].offset), 0xFFFFFFFF, "truncated" },
	{ FIELD(segment[0].filesz), 0x181, "larger in the file" },
	{ FIELD(segment[0].vaddr), 0, "page 0" },
	{ FIELD(segment[0].vaddr), 0xFFF, "page 0" },
	{ FIELD(segment[0].memsz), 0x2001, "overlap" },
	{ FIELD(segment[0].vaddr), DATA + 0x6000, "overlap" },
	{ FIELD(segment[1].vaddr), CODE + 0xF00, "overlap" },
	{ FIELD(segment[1].memsz), 0xFFFFFFFF, "addresses" },
	{ FIELD(segment[1].vaddr), 0xC0000000, "addresses" },
	{ FIELD(segment[1].vaddr), 0xFFFFF000, "addresses" },
	{ FIELD(segment[1].vaddr), ELF_STACK_END - ELF_STACK_SIZE - 0x4FFF, "addresses" },
	{ FIELD(segment[1].offset), 0x181, "truncated" },
};

START_TEST(test_bad)
{
	struct elf_program program;
	struct image image;
	const char *error;

	make_good(&image);
	memcpy((char *)&image + bad[_i].offset, &bad[_i].value, bad[_i].size);
	error = parse(&image, sizeof image, &program);
	ck_assert_msg(error != NULL && strstr(error, bad[_i].reason) != NULL,
		      "got \"%s\", expected \"%s\"", error, bad[_i].reason);
}
END_TEST

START_TEST(test_too_many)
{
	static uint8_t file[52 + 32 * (ELF_SEGMENTS_MAX + 1)];
	struct elf_program program;
	struct image image;

	make_good(&image);
	image.phnum = ELF_SEGMENTS_MAX + 1;
	memcpy(file, &image, 52);
	for (uint32_t i = 0; i <= ELF_SEGMENTS_MAX; i++) {
		image.segment[0].vaddr = CODE + i * 0x1000;
		memcpy(file + 52 + i * 32, &image.segment[0], 32);
	}
	ck_assert_str_eq(elf_parse(file, sizeof file, &program), "too many ELF segments");
}
END_TEST

/* Every length, as a module that was cut off. */
START_TEST(test_truncated)
{
	struct elf_program program;
	struct image image;

	make_good(&image);
	for (size_t size = 1; size < sizeof image; size++)
		ck_must(parse(&image, size, &program) != NULL);
}
END_TEST

/* What an accepted program may rely on. */
static void check_program(const struct elf_program *program, size_t size)
{
	uint32_t end = 0x1000;

	for (unsigned i = 0; i < program->segments; i++) {
		const struct elf_segment *s = &program->segment[i];

		ck_must((s->address & ~0xFFFu) >= end);
		ck_must(s->memory_size <= ELF_STACK_END - ELF_STACK_SIZE - s->address);
		ck_must(s->file_size <= s->memory_size);
		ck_must(s->file_offset <= size && s->file_size <= size - s->file_offset);
		end = (s->address + s->memory_size + 0xFFF) & ~0xFFFu;
	}
}

START_TEST(test_random)
{
	static const uint32_t odd[] = { 0, 1, 2, 3, 31, 32, 0x7FFFFFFF, 0x80000000, 0xFFFFF000,
					0xFFFFFFFF, 0xC0000000, 0xBFFE0000, 0x200 };
	struct elf_program program;
	struct image image;

	srandom(1);
	for (unsigned round = 0; round < 300000; round++) {
		make_good(&image);
		for (long n = random() % 4; n >= 0; n--) {
			size_t at = (size_t)random() % (52 + 96 - 4);
			uint32_t value = random() % 2 ? odd[(size_t)random() % 13]
						      : (uint32_t)random();

			memcpy((char *)&image + at, &value, random() % 2 ? 4 : 1);
		}
		if (parse(&image, sizeof image, &program) == NULL)
			check_program(&program, sizeof image);
	}
}
END_TEST

void unit_tests(TCase *tcase)
{
	tcase_add_test(tcase, test_good);
	tcase_add_test(tcase, test_variants);
	tcase_add_loop_test(tcase, test_bad, 0, sizeof bad / sizeof bad[0]);
	tcase_add_test(tcase, test_too_many);
	tcase_add_test(tcase, test_truncated);
	tcase_add_test(tcase, test_random);
}
