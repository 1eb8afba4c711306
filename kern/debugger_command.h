/* SPDX-License-Identifier: BSD-2-Clause */
/* Between the debugger's files (kern/debugger.h). */
#ifndef KERN_DEBUGGER_COMMAND_H
#define KERN_DEBUGGER_COMMAND_H

#include <stdbool.h>
#include <stdint.h>

#define DEBUGGER_WORDS 4u

struct debugger_line {
	const char *word[DEBUGGER_WORDS];	/* the command itself first */
	unsigned int words;
};

struct debugger_command {
	const char *name;
	const char *arguments;			/* as the help shows them */
	const char *help;
	void (*run)(const struct debugger_line *line);
};

/* Commands on tasks and what they have; the last has no name. */
extern const struct debugger_command debugger_task_commands[];

/* A number, decimal or with 0x; says so and returns false when it is none or is missing. */
bool debugger_number(const struct debugger_line *line, unsigned int index, uint32_t *number);

/* Print words of memory, four to a line, as `read` finds them. */
void debugger_print_words(uint32_t address, uint32_t count,
			  bool (*read)(void *arg, uint32_t address, uint32_t *word), void *arg);

#endif /* KERN_DEBUGGER_COMMAND_H */
