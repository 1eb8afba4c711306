/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The boot script's parser: what it accepts, what it refuses and why, and that random
 * lines never make it read or write out of bounds (sanitizers watch).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kern/bootscript_parse.h>
#include <tests/unit/fakes.h>

/* A parsed line as text: words in [], variables in <>, calls as {function} or {var=function}. */
static const char *show(const char *string)
{
	static struct boot_line line;
	static char out[8192];
	const char *error = boot_line_parse(string, &line);
	size_t n = 0;

	if (error != NULL)
		return error;
	out[0] = '\0';
	for (unsigned i = 0; i < line.count; i++) {
		const struct boot_piece *p = &line.piece[i];
		int length = (int)p->text.length;

		if (p->begins_word)
			n += (size_t)sprintf(out + n, i > 0 ? "][" : "[");
		if (p->kind == BOOT_PLAIN)
			n += (size_t)sprintf(out + n, "%.*s", length, p->text.start);
		else if (p->kind == BOOT_VARIABLE)
			n += (size_t)sprintf(out + n, "<%.*s>", length, p->text.start);
		else
			n += (size_t)sprintf(out + n, "{%.*s%s%.*s}", (int)p->result.length,
					     p->result.start, p->result.length > 0 ? "=" : "",
					     length, p->text.start);
	}
	if (line.count > 0)
		strcpy(out + n, "]");
	return out;
}

static const struct {
	const char *string;
	const char *shown;
} accepted[] = {
	{ "echo", "[echo]" },
	{ "  /boot/echo \t a  b\n", "[/boot/echo][a][b]" },
	{ "# anything ${ at $( all \"", "" },
	{ "   # too", "" },
	{ "p a#b #c", "[p][a#b][#c]" },
	{ "ext2fs --port=${host-port} ${device-port}",
	  "[ext2fs][--port=<host-port>][<device-port>]" },
	{ "p ${a}${b}c${d}", "[p][<a><b>c<d>]" },
	{ "p $(task-create) $(x=task-create)", "[p][{task-create}][{x=task-create}]" },
	{ "p \"a b\" 'c  ${d} \"e'", "[p][a b][c  <d> \"e]" },
	{ "p \"$(task-resume)\"", "[p][{task-resume}]" },
	{ "p \"\" ''", "[p][][]" },
	{ "'my program' x", "[my program][x]" },
	{ "p a\"b\"", "[p][a\"b\"]" },
	{ "p name=value } )", "[p][name=value][}][)]" },
};

static const struct {
	const char *string;
	const char *reason;
} refused[] = {
	{ "", "no program name" },
	{ " \t ", "no program name" },
	{ "${a}", "the line does not begin with a program name" },
	{ "a${a}", "the line does not begin with a program name" },
	{ "$(task-create) p", "the line does not begin with a program name" },
	{ "\"\" p", "the line does not begin with a program name" },
	{ "p ${a", "${ without }" },
	{ "p ${a b}", "${ without }" },
	{ "p ${", "a variable name is missing after ${" },
	{ "p ${}", "a variable name is missing after ${" },
	{ "p $(", "a function name is missing after $(" },
	{ "p $()", "a function name is missing after $(" },
	{ "p $(a=)", "a function name is missing after $(" },
	{ "p $(=f)", "a variable name is missing before =" },
	{ "p $(f", "$( without )" },
	{ "p $(a=b=c)", "$( without )" },
	{ "p $(f x)", "$( without )" },
	{ "p $", "$ without { or (" },
	{ "p a$b", "$ without { or (" },
	{ "p $${a}", "$ without { or (" },
	{ "p \"$\"", "$ without { or (" },
	{ "$", "$ without { or (" },
	{ "p x$(f)", "a function call must be a word of its own" },
	{ "p $(f)x", "a function call must be a word of its own" },
	{ "p $(f)${x}", "a function call must be a word of its own" },
	{ "p \"a b", "a quote is not closed" },
	{ "p '", "a quote is not closed" },
	{ "p \"${a}", "a quote is not closed" },
	{ "p \"a $(f) x", "a quote is not closed" },
	{ "p \"a ${b\"", "${ without }" },
	{ "p 'a'b", "text joined to the end of a quoted word" },
};

START_TEST(test_accepted)
{
	ck_assert_str_eq(show(accepted[_i].string), accepted[_i].shown);
}
END_TEST

START_TEST(test_refused)
{
	ck_assert_str_eq(show(refused[_i].string), refused[_i].reason);
}
END_TEST

START_TEST(test_limits)
{
	static char string[BOOT_LINE_MAX + 2];
	struct boot_line line;

	memset(string, 'x', BOOT_LINE_MAX);
	ck_assert_ptr_null(boot_line_parse(string, &line));
	ck_assert_uint_eq(line.piece[0].text.length, BOOT_LINE_MAX);
	string[BOOT_LINE_MAX] = 'x';
	ck_assert_str_eq(boot_line_parse(string, &line), "the line is too long");

	for (unsigned i = 0; i < BOOT_PIECES_MAX; i++)
		memcpy(string + 2 * i, "w ", 3);
	ck_assert_ptr_null(boot_line_parse(string, &line));
	ck_assert_uint_eq(line.count, BOOT_PIECES_MAX);
	strcat(string, "w");
	ck_assert_str_eq(boot_line_parse(string, &line), "too many words");
}
END_TEST

START_TEST(test_questions)
{
	struct boot_line line;
	const struct boot_piece *call;
	struct boot_text name;

	ck_assert_ptr_null(boot_line_parse("/a/b/prog $(t=task-create) task-resume", &line));
	call = boot_line_find_call(&line, "task-create");
	ck_assert_ptr_nonnull(call);
	ck_assert(boot_text_equal(&call->result, "t"));
	ck_assert(!boot_text_equal(&call->result, "tt"));
	ck_assert(!boot_text_equal(&call->text, "task"));
	ck_assert_ptr_null(boot_line_find_call(&line, "task-resume"));
	ck_assert(!boot_line_is_bare(&line));
	name = boot_last_component(line.piece[0].text);
	ck_assert(boot_text_equal(&name, "prog"));

	ck_assert_ptr_null(boot_line_parse("prog", &line));
	ck_assert(boot_line_is_bare(&line));
	name = boot_last_component(line.piece[0].text);
	ck_assert(boot_text_equal(&name, "prog"));
}
END_TEST

START_TEST(test_command_line)
{
	const char *cursor = " porter  root=device:hd0 -s console= =x a=b=c";
	static const char *const names[] = { NULL, "root", NULL, "console", NULL, "a" };
	static const char *const values[] = { NULL, "device:hd0", NULL, "", NULL, "b=c" };
	struct boot_text word, name, value;

	for (unsigned i = 0; i < 6; i++) {
		ck_assert(boot_next_word(&cursor, &word));
		ck_assert(boot_split_assignment(word, &name, &value) == (names[i] != NULL));
		if (names[i] == NULL)
			continue;
		ck_assert(boot_text_equal(&name, names[i]));
		ck_assert(boot_text_equal(&value, values[i]));
	}
	ck_assert(!boot_next_word(&cursor, &word));
}
END_TEST

/* Every piece lies within the line, the first begins a word, and calls stand alone. */
static void check_pieces(const char *string, size_t length, const struct boot_line *line)
{
	for (unsigned i = 0; i < line->count; i++) {
		const struct boot_piece *p = &line->piece[i];

		ck_assert(p->text.start >= string);
		ck_assert(p->text.start + p->text.length <= string + length);
		ck_assert(p->result.start >= string);
		ck_assert(p->result.start + p->result.length <= string + length);
		ck_assert(i > 0 || p->begins_word);
		if (p->kind == BOOT_CALL && i + 1 < line->count)
			ck_assert(p->begins_word && line->piece[i + 1].begins_word);
	}
}

START_TEST(test_random)
{
	static const char alphabet[] = "ab-= \t$${}()(\"'#/=";
	struct boot_line line;

	srandom(1);
	for (unsigned round = 0; round < 200000; round++) {
		size_t length = (size_t)random() % 40;
		char *string = malloc(length + 1);	/* exact, so that a read beyond is seen */

		for (size_t i = 0; i < length; i++)
			string[i] = alphabet[(size_t)random() % (sizeof alphabet - 1)];
		string[length] = '\0';
		if (boot_line_parse(string, &line) == NULL)
			check_pieces(string, length, &line);
		free(string);
	}
}
END_TEST

void unit_tests(TCase *tcase)
{
	tcase_add_loop_test(tcase, test_accepted, 0, sizeof accepted / sizeof accepted[0]);
	tcase_add_loop_test(tcase, test_refused, 0, sizeof refused / sizeof refused[0]);
	tcase_add_test(tcase, test_limits);
	tcase_add_test(tcase, test_questions);
	tcase_add_test(tcase, test_command_line);
	tcase_add_test(tcase, test_random);
}
