/* SPDX-License-Identifier: BSD-2-Clause */
#include <kern/boot_program.h>

#include <kern/boot_info.h>
#include <kern/elf.h>
#include <kern/machine.h>
#include <kern/string.h>
#include <kern/task.h>
#include <kern/thread.h>
#include <vm/map.h>
#include <vm/page.h>

#define STACK_ALIGN 16u
#define VECTOR_WORDS (BOOT_ARGUMENTS_COUNT + 3)

/* --- Arguments ---------------------------------------------------------------------------- */

void boot_arguments_add(struct boot_arguments *args, const char *text, size_t length)
{
	if (length > sizeof args->strings - args->used) {
		args->overflow = true;
		return;
	}
	memcpy(args->strings + args->used, text, length);
	args->used += length;
}

void boot_arguments_end(struct boot_arguments *args, bool environment)
{
	boot_arguments_add(args, "", 1);
	if (args->arguments + args->environment == BOOT_ARGUMENTS_COUNT)
		args->overflow = true;
	else if (environment)
		args->environment++;
	else
		args->arguments++;
}

/* --- The stack ---------------------------------------------------------------------------- */

/*
 * From the stack pointer up: argc, pointers to the arguments, 0, pointers to the environment, 0,
 * and at once the strings: the Hurd's programs know by that where the first string is that nothing
 * else was handed to them.
 */
static unsigned fill_vector(const struct boot_arguments *args, uint32_t *vector,
			    uint32_t stack_pointer)
{
	unsigned words = args->arguments + args->environment + 3;
	uint32_t string = stack_pointer + words * sizeof *vector;
	const char *s = args->strings;
	unsigned n = 0;

	vector[n++] = args->arguments;
	for (unsigned i = 0; i < args->arguments + args->environment; i++) {
		if (i == args->arguments)
			vector[n++] = 0;
		vector[n++] = string + (uint32_t)(s - args->strings);
		s += strlen(s) + 1;
	}
	if (args->environment == 0)
		vector[n++] = 0;
	vector[n++] = 0;
	assert(n == words);
	return n;
}

static const char *make_stack(struct vm_map *map, const struct boot_arguments *args,
			      uint32_t *stack_pointer)
{
	uint32_t vector[VECTOR_WORDS];
	uint32_t words = args->arguments + args->environment + 3;
	uint32_t bytes = words * sizeof vector[0];
	uint32_t start = (uint32_t)(ELF_STACK_END - bytes - args->used) & ~(STACK_ALIGN - 1);

	if (args->overflow)
		return "the arguments are too long";
	fill_vector(args, vector, start);
	if (vm_map_write_bytes(map, start, vector, bytes) != KERN_SUCCESS ||
	    vm_map_write_bytes(map, start + bytes, args->strings, args->used) != KERN_SUCCESS)
		return "no memory for the arguments";
	*stack_pointer = start;
	return NULL;
}

/* --- The program -------------------------------------------------------------------------- */

static const char *make_thread(struct task *task, uint32_t entry, uint32_t stack_pointer,
			       struct thread **threadp)
{
	if (thread_create_in(task, threadp) != KERN_SUCCESS)
		return "no memory for a thread";
	machine_set_user_entry(*threadp, entry, stack_pointer);
	return NULL;
}

const char *boot_program_load(struct task *task, const struct boot_module *module,
			      const struct boot_arguments *args, struct thread **threadp)
{
	const void *file = phys_to_direct(module->start);
	struct elf_program program;
	uint32_t stack_pointer;
	const char *error;

	if (module->start + module->size > DIRECT_MAP_MAX)
		return "the module lies too high in memory";
	error = elf_parse(file, module->size, &program);
	if (error == NULL)
		error = elf_load(task->map, file, &program);
	if (error == NULL)
		error = make_stack(task->map, args, &stack_pointer);
	if (error == NULL)
		error = make_thread(task, program.entry, stack_pointer, threadp);
	return error;
}
