/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The syntax of one line of the boot script.
 *
 * A line is words separated by blanks.  A word is a sequence of pieces: plain text and
 * `${variable}`, or it is one call `$(function)` or `$(variable=function)`.  A word may
 * begin with a quote, ' or ", and then ends at the next one of the same kind; blanks in between are
 * its own, variables are still replaced.  A $ has no other use.  A line whose first character
 * is # is a comment.
 *
 * Parsing needs nothing of the kernel and allocates nothing: pieces point into the line, which
 * has to stay.  What the names mean is for kern/bootscript.c.
 */
#ifndef KERN_BOOTSCRIPT_PARSE_H
#define KERN_BOOTSCRIPT_PARSE_H

#include <stdbool.h>
#include <stddef.h>

#define BOOT_LINE_MAX	4096		/* characters */
#define BOOT_PIECES_MAX	128

/* A part of a string, not terminated. */
struct boot_text {
	const char *start;
	size_t length;
};

enum boot_piece_kind {
	BOOT_PLAIN,		/* text: as it is */
	BOOT_VARIABLE,		/* text: the variable's name */
	BOOT_CALL,		/* text: the function's name */
};

struct boot_piece {
	enum boot_piece_kind kind;
	bool begins_word;
	struct boot_text text;
	struct boot_text result;	/* BOOT_CALL: variable for the result; length 0: none */
};

struct boot_line {
	unsigned count;			/* 0: a comment */
	struct boot_piece piece[BOOT_PIECES_MAX];
};

/*
 * Take a line apart.
 *
 * Returns:  NULL; or what is wrong with it, in words for the user.
 */
const char *boot_line_parse(const char *string, struct boot_line *line);

/* Does the text read exactly so? */
bool boot_text_equal(const struct boot_text *text, const char *string);

/* The line's call of that function, or NULL. */
const struct boot_piece *boot_line_find_call(const struct boot_line *line, const char *function);

/* Is the line nothing but a plain program name? */
bool boot_line_is_bare(const struct boot_line *line);

/* What follows the last slash of a path. */
struct boot_text boot_last_component(struct boot_text path);

/*
 * The next word of a kernel command line, which knows no quotes or variables; blanks separate
 * words.  *cursor moves behind it.  Returns false when there is none.
 */
bool boot_next_word(const char **cursor, struct boot_text *word);

/* Split `name=value`; false when the word has another form. */
bool boot_split_assignment(struct boot_text word, struct boot_text *name, struct boot_text *value);

#endif /* KERN_BOOTSCRIPT_PARSE_H */
