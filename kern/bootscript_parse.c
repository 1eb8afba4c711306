/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One pass from left to right over the line; the only state is where we are and which quote,
 * if any, is open.
 */
#include <kern/bootscript_parse.h>

#include <kern/string.h>

struct cursor {
	const char *at;
	char quote;			/* the quote that ends this word, or 0 */
	bool word_open;			/* the next piece goes on with the present word */
	struct boot_line *line;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Names of variables and functions: what is neither blank nor syntax. */
static bool is_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '_' || c == '.';
}

static const char *skip_blanks(const char *s)
{
	while (is_blank(*s))
		s++;
	return s;
}

/* The end of a quoted word is there: parse_word has looked for it. */
static bool at_word_end(const struct cursor *c)
{
	if (c->quote != 0)
		return *c->at == c->quote;
	return *c->at == '\0' || is_blank(*c->at);
}

static struct boot_piece *add_piece(struct cursor *c, enum boot_piece_kind kind)
{
	struct boot_piece *piece;

	if (c->line->count == BOOT_PIECES_MAX)
		return NULL;
	piece = &c->line->piece[c->line->count++];
	piece->kind = kind;
	piece->begins_word = !c->word_open;
	piece->text = (struct boot_text) { c->at, 0 };
	piece->result = (struct boot_text) { c->at, 0 };
	c->word_open = true;
	return piece;
}

static struct boot_text take_name(struct cursor *c)
{
	struct boot_text name = { c->at, 0 };

	while (is_name_char(*c->at))
		c->at++;
	name.length = (size_t)(c->at - name.start);
	return name;
}

static const char *parse_plain(struct cursor *c)
{
	struct boot_piece *piece = add_piece(c, BOOT_PLAIN);

	if (piece == NULL)
		return "too many words";
	while (!at_word_end(c) && *c->at != '$')
		c->at++;
	piece->text.length = (size_t)(c->at - piece->text.start);
	return NULL;
}

static const char *parse_variable(struct cursor *c)
{
	struct boot_piece *piece = add_piece(c, BOOT_VARIABLE);

	if (piece == NULL)
		return "too many words";
	c->at += 2;
	piece->text = take_name(c);
	if (piece->text.length == 0)
		return "a variable name is missing after ${";
	if (*c->at != '}')
		return "${ without }";
	c->at++;
	return NULL;
}

static const char *parse_call(struct cursor *c)
{
	bool joined = c->word_open;
	struct boot_piece *piece = add_piece(c, BOOT_CALL);

	if (piece == NULL)
		return "too many words";
	c->at += 2;
	piece->text = take_name(c);
	if (*c->at == '=') {
		piece->result = piece->text;
		if (piece->result.length == 0)
			return "a variable name is missing before =";
		c->at++;
		piece->text = take_name(c);
	}
	if (piece->text.length == 0)
		return "a function name is missing after $(";
	if (*c->at != ')')
		return "$( without )";
	c->at++;
	if (joined || !at_word_end(c))
		return "a function call must be a word of its own";
	return NULL;
}

static const char *parse_piece(struct cursor *c)
{
	if (c->at[0] == '$' && c->at[1] == '{')
		return parse_variable(c);
	if (c->at[0] == '$' && c->at[1] == '(')
		return parse_call(c);
	if (c->at[0] == '$')
		return "$ without { or (";
	return parse_plain(c);
}

/* A quoted word that is empty has one empty piece, so that it counts as a word. */
static const char *parse_empty_word(struct cursor *c)
{
	return add_piece(c, BOOT_PLAIN) == NULL ? "too many words" : NULL;
}

static const char *close_word(struct cursor *c)
{
	if (c->quote == 0)
		return NULL;
	c->at++;
	c->quote = 0;
	return at_word_end(c) ? NULL : "text joined to the end of a quoted word";
}

static const char *parse_word(struct cursor *c)
{
	const char *error = NULL;

	c->word_open = false;
	c->quote = 0;
	if (*c->at == '"' || *c->at == '\'')
		c->quote = *c->at++;
	if (c->quote != 0 && strchr(c->at, c->quote) == NULL)
		return "a quote is not closed";
	if (at_word_end(c))
		error = parse_empty_word(c);
	while (error == NULL && !at_word_end(c))
		error = parse_piece(c);
	return error != NULL ? error : close_word(c);
}

/* The first word: plain text, known before any variable is. */
static bool begins_with_name(const struct boot_line *line)
{
	const struct boot_piece *first = &line->piece[0];

	if (first->kind != BOOT_PLAIN || first->text.length == 0)
		return false;
	return line->count == 1 || line->piece[1].begins_word;
}

const char *boot_line_parse(const char *string, struct boot_line *line)
{
	struct cursor c = { .at = skip_blanks(string), .line = line };
	const char *error = NULL;

	line->count = 0;
	if (strnlen(string, BOOT_LINE_MAX + 1) > BOOT_LINE_MAX)
		return "the line is too long";
	if (*c.at == '#')
		return NULL;
	if (*c.at == '\0')
		return "no program name";
	while (error == NULL && *c.at != '\0') {
		error = parse_word(&c);
		c.at = skip_blanks(c.at);
	}
	if (error == NULL && !begins_with_name(line))
		error = "the line does not begin with a program name";
	return error;
}

bool boot_text_equal(const struct boot_text *text, const char *string)
{
	return strnlen(string, text->length + 1) == text->length &&
	       memcmp(text->start, string, text->length) == 0;
}

const struct boot_piece *boot_line_find_call(const struct boot_line *line, const char *function)
{
	for (unsigned i = 0; i < line->count; i++) {
		const struct boot_piece *piece = &line->piece[i];

		if (piece->kind == BOOT_CALL && boot_text_equal(&piece->text, function))
			return piece;
	}
	return NULL;
}

bool boot_line_is_bare(const struct boot_line *line)
{
	return line->count == 1 && line->piece[0].kind == BOOT_PLAIN;
}

struct boot_text boot_last_component(struct boot_text path)
{
	for (size_t i = path.length; i > 0; i--) {
		if (path.start[i - 1] == '/')
			return (struct boot_text) { path.start + i, path.length - i };
	}
	return path;
}

bool boot_next_word(const char **cursor, struct boot_text *word)
{
	const char *s = skip_blanks(*cursor);

	word->start = s;
	while (*s != '\0' && !is_blank(*s))
		s++;
	word->length = (size_t)(s - word->start);
	*cursor = s;
	return word->length > 0;
}

bool boot_split_assignment(struct boot_text word, struct boot_text *name, struct boot_text *value)
{
	size_t i = 0;

	while (i < word.length && is_name_char(word.start[i]))
		i++;
	if (i == 0 || i == word.length || word.start[i] != '=')
		return false;
	*name = (struct boot_text) { word.start, i };
	*value = (struct boot_text) { word.start + i + 1, word.length - i - 1 };
	return true;
}
