/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Turning a boot module into a program that is ready to run: memory, stack, thread.
 */
#ifndef KERN_BOOT_PROGRAM_H
#define KERN_BOOT_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>

struct boot_module;
struct task;
struct thread;

#define BOOT_ARGUMENTS_BYTES	16384u
#define BOOT_ARGUMENTS_COUNT	140u

/* The strings of a program's start: arguments, then environment, each terminated. */
struct boot_arguments {
	unsigned arguments;
	unsigned environment;
	size_t used;
	bool overflow;			/* something did not fit; loading will say so */
	char strings[BOOT_ARGUMENTS_BYTES];
};

static inline void boot_arguments_init(struct boot_arguments *args)
{
	args->arguments = args->environment = 0;
	args->used = 0;
	args->overflow = false;
}

/* Append to the string that is being made. */
void boot_arguments_add(struct boot_arguments *args, const char *text, size_t length);

/* Terminate the string; it is a further argument, or a further one of the environment. */
void boot_arguments_end(struct boot_arguments *args, bool environment);

/*
 * Load a module into a new task and make a thread that stands at its entry point, suspended once.
 *
 * Blocks:   for memory.
 * Owns:     returns a reference in *threadp on success.
 * Returns:  NULL; or why not, in words for the user.
 */
const char *boot_program_load(struct task *task, const struct boot_module *module,
			      const struct boot_arguments *args, struct thread **threadp);

#endif /* KERN_BOOT_PROGRAM_H */
