/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The variables of the boot script: text, or a right that the program gets which uses it.
 */
#ifndef KERN_BOOT_VARIABLE_H
#define KERN_BOOT_VARIABLE_H

#include <stdbool.h>

#include <kern/bootscript_parse.h>

struct boot_arguments;
struct ipc_port;
struct task;

enum boot_variable_kind {
	BOOT_VALUE_TEXT,
	BOOT_VALUE_PORT,	/* a kernel port that lives for ever */
	BOOT_VALUE_TASK,	/* a reference */
};

struct boot_variable {
	struct boot_text name;
	enum boot_variable_kind kind;
	union {
		struct boot_text text;
		struct ipc_port *port;
		struct task *task;
	};
};

/* Define what every script may use, and what the kernel's command line says. */
void boot_variables_init(const char *command_line);

/* Define a variable; the newest of that name counts.  False when there are too many. */
bool boot_variable_define(const struct boot_variable *variable);

const struct boot_variable *boot_variable_find(const struct boot_text *name);

/*
 * Append a variable's value to a program's arguments; for a right, its name in the task's
 * space.  Returns false when it cannot be given a name.
 */
bool boot_variable_expand(const struct boot_variable *variable, struct task *task,
			  struct boot_arguments *args);

#endif /* KERN_BOOT_VARIABLE_H */
