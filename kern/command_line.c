/* SPDX-License-Identifier: BSD-2-Clause */
#include <kern/command_line.h>

#include <stddef.h>

#include <kern/string.h>

/* A word that begins with `start`: what is behind that in it, or NULL. */
static const char *find_word(const char *command_line, const char *start, char end)
{
	size_t length = strlen(start);
	const char *p = command_line;

	while (*p != '\0') {
		if (strncmp(p, start, length) == 0 &&
		    (p[length] == end || (end == ' ' && p[length] == '\0')))
			return p + length;
		while (*p != ' ' && *p != '\0')
			p++;
		while (*p == ' ')
			p++;
	}
	return NULL;
}

bool command_line_has(const char *command_line, const char *word)
{
	return find_word(command_line, word, ' ') != NULL;
}

const char *command_line_value(const char *command_line, const char *name)
{
	const char *value = find_word(command_line, name, '=');

	return value != NULL ? value + 1 : NULL;
}
