/* SPDX-License-Identifier: BSD-2-Clause */
/* The kernel's command line: words, some of them NAME=VALUE, with blanks between them. */
#ifndef KERN_COMMAND_LINE_H
#define KERN_COMMAND_LINE_H

#include <stdbool.h>

/* Is the word on the command line? */
bool command_line_has(const char *command_line, const char *word);

/* What is behind `name=`, to the next blank or the end; NULL when it is not there. */
const char *command_line_value(const char *command_line, const char *name);

#endif /* KERN_COMMAND_LINE_H */
