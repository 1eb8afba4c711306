/* SPDX-License-Identifier: BSD-2-Clause */
#include <kern/debugger.h>

#include <ipc/print.h>
#include <kern/assert.h>
#include <kern/command_line.h>
#include <kern/debugger_command.h>
#include <kern/machine.h>
#include <kern/printf.h>
#include <kern/slab.h>
#include <kern/string.h>
#include <kern/trace.h>
#include <vm/page.h>

#define LINE_MAX 80u
#define WORDS_DEFAULT 16u
#define WORDS_MAX 1024u
#define EVENTS_DEFAULT 20u

static bool is_there;
static bool is_inside;		/* what fails in here is not looked at in here */
static bool is_over;		/* the kernel goes on after this command */
static bool is_stopped;		/* nobody wants to read the rest of what it prints */

/* What was typed while a command printed. */
static char ahead[LINE_MAX];
static unsigned int ahead_count, ahead_taken;

void debugger_init(const char *command_line)
{
	is_there = command_line_has(command_line, "debugger");
}

/* --- Arguments ----------------------------------------------------------------------------- */

static bool digit_value(char c, uint32_t base, uint32_t *value)
{
	if (c >= '0' && c <= '9')
		*value = (uint32_t)(c - '0');
	else if (c >= 'a' && c <= 'f')
		*value = (uint32_t)(c - 'a') + 10;
	else if (c >= 'A' && c <= 'F')
		*value = (uint32_t)(c - 'A') + 10;
	else
		return false;
	return *value < base;
}

static bool parse_number(const char *text, uint32_t *number)
{
	bool is_hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
	uint32_t base = is_hex ? 16 : 10, digit;
	uint64_t value = 0;

	text += is_hex ? 2 : 0;
	if (*text == '\0')
		return false;
	for (; *text != '\0'; text++) {
		if (!digit_value(*text, base, &digit))
			return false;
		value = value * base + digit;
		if (value > UINT32_MAX)
			return false;
	}
	*number = (uint32_t)value;
	return true;
}

bool debugger_number(const struct debugger_line *line, unsigned int index, uint32_t *number)
{
	if (index >= line->words) {
		printf("%s: a number is missing\n", line->word[0]);
		return false;
	}
	if (parse_number(line->word[index], number))
		return true;
	printf("%s: %s is not a number\n", line->word[0], line->word[index]);
	return false;
}

/* The same, or a number to be used when there is none. */
static bool number_or(const struct debugger_line *line, unsigned int index, uint32_t other,
		      uint32_t *number)
{
	*number = other;
	return index >= line->words || debugger_number(line, index, number);
}

/* --- Memory ---------------------------------------------------------------------------------- */

void debugger_print_words(uint32_t address, uint32_t count,
			  bool (*read)(void *arg, uint32_t address, uint32_t *word), void *arg)
{
	uint32_t word;

	if (count > WORDS_MAX)
		count = WORDS_MAX;
	for (uint32_t i = 0; i < count; i++, address += sizeof(word)) {
		if (i % 4 == 0)
			printf("%s%08x:", i == 0 ? "" : "\n", address);
		if (read(arg, address, &word))
			printf(" %08x", word);
		else
			printf(" --------");
	}
	printf("\n");
}

static bool read_kernel(void *arg, uint32_t address, uint32_t *word)
{
	(void)arg;
	return machine_peek((const void *)(uintptr_t)address, word);
}

static void command_memory(const struct debugger_line *line)
{
	uint32_t address, count;

	if (debugger_number(line, 1, &address) && number_or(line, 2, WORDS_DEFAULT, &count))
		debugger_print_words(address & ~3u, count, read_kernel, NULL);
}

static void command_pages(const struct debugger_line *line)
{
	struct vm_page_counts counts;

	(void)line;
	vm_page_peek_counts(&counts);
	printf("%u pages: %u free, %u the kernel's, %u of memory objects, %u reserved; %u wired\n",
	       counts.total, counts.free, counts.kernel, counts.object, counts.reserved,
	       counts.wired);
}

static void print_cache(struct slab_cache *cache, void *arg)
{
	(void)arg;
	if (cache->live != 0)
		printf("  %-20s %6u objects of %5u bytes, at most %u, in %u slabs\n", cache->name,
		       cache->live, (unsigned int)cache->size, cache->peak, cache->slabs);
}

static void command_slabs(const struct debugger_line *line)
{
	(void)line;
	slab_for_each_cache(print_cache, NULL);
}

/* --- Ports and messages ------------------------------------------------------------------------ */

static void command_object(const struct debugger_line *line)
{
	uint32_t address;

	if (debugger_number(line, 1, &address))
		ipc_print_object((const void *)(uintptr_t)address);
}

static void command_message(const struct debugger_line *line)
{
	uint32_t address;

	if (debugger_number(line, 1, &address))
		ipc_print_kmsg((const void *)(uintptr_t)address);
}

/* --- The kernel -------------------------------------------------------------------------------- */

static void command_trace(const struct debugger_line *line)
{
	uint32_t count;

	if (number_or(line, 1, EVENTS_DEFAULT, &count))
		trace_print(count);
}

static void command_backtrace(const struct debugger_line *line)
{
	(void)line;
	machine_backtrace();
}

static void command_continue(const struct debugger_line *line)
{
	(void)line;
	is_over = true;
}

static void command_halt(const struct debugger_line *line)
{
	(void)line;
	machine_stop(MACHINE_HALT);
}

static void command_reset(const struct debugger_line *line)
{
	(void)line;
	machine_stop(MACHINE_RESET);
}

static void command_panic(const struct debugger_line *line)
{
	(void)line;
	is_inside = false;
	panic("asked for in the debugger");
}

/* --- Commands ---------------------------------------------------------------------------------- */

static void command_help(const struct debugger_line *line);

static const struct debugger_command commands[] = {
	{ "help", "", "what can be asked", command_help },
	{ "continue", "", "let the kernel go on", command_continue },
	{ "backtrace", "", "who called whom, here", command_backtrace },
	{ "port", "ADDRESS", "a port or a set", command_object },
	{ "message", "ADDRESS", "a message in the kernel", command_message },
	{ "memory", "ADDRESS [WORDS]", "the kernel's memory", command_memory },
	{ "pages", "", "what physical memory is used for", command_pages },
	{ "slabs", "", "the kernel's objects by kind", command_slabs },
	{ "trace", "[COUNT]", "what has happened last, if it was recorded", command_trace },
	{ "panic", "", "end as the kernel does when it cannot go on", command_panic },
	{ "halt", "", "switch the machine off", command_halt },
	{ "reset", "", "start the machine again", command_reset },
	{ .name = NULL },
};

static const struct debugger_command *const all_commands[] = { commands, debugger_task_commands };

#define TABLES (sizeof(all_commands) / sizeof(all_commands[0]))

static void command_help(const struct debugger_line *line)
{
	(void)line;
	for (unsigned int i = 0; i < TABLES; i++)
		for (const struct debugger_command *c = all_commands[i]; c->name != NULL; c++)
			printf("  %-9s %-22s %s\n", c->name, c->arguments, c->help);
	printf("A TASK or a THREAD is its number; a task may be given by its name. The first\n"
	       "letters of a command are enough. What is too long is stopped by q.\n");
}

/* By name, or by the beginning of only one. */
static const struct debugger_command *find_command(const char *word)
{
	const struct debugger_command *found = NULL;
	size_t length = strlen(word);
	unsigned int matches = 0;

	for (unsigned int i = 0; i < TABLES; i++)
		for (const struct debugger_command *c = all_commands[i]; c->name != NULL; c++) {
			if (strncmp(c->name, word, length) != 0)
				continue;
			if (c->name[length] == '\0')
				return c;
			found = c;
			matches++;
		}
	return matches == 1 ? found : NULL;
}

static void run_line(const struct debugger_line *line)
{
	const struct debugger_command *command;

	if (line->words == 0)
		return;
	command = find_command(line->word[0]);
	if (command != NULL)
		command->run(line);
	else
		printf("%s: no command, or the beginning of several; see help\n", line->word[0]);
}

#define KEY_STOP 'q'
#define KEY_CONTROL_C 3

/* At the end of each line: is it enough?  What else is typed is for later. */
static void look_for_key(void)
{
	int c;

	while (!is_stopped && ahead_count < LINE_MAX && (c = console_getc_poll()) >= 0) {
		is_stopped = c == KEY_CONTROL_C || (c == KEY_STOP && ahead_count == 0);
		if (!is_stopped)
			ahead[ahead_count++] = (char)c;
	}
}

/* Of what a command prints: is the character to be seen? */
static bool filter_output(char c)
{
	bool seen = !is_stopped;

	if (seen && c == '\n')
		look_for_key();
	return seen;
}

/* Run a command; what it prints ends when somebody wants it to. */
static void run_line_stoppable(const struct debugger_line *line)
{
	is_stopped = false;
	printf_filter = filter_output;
	run_line(line);
	printf_filter = NULL;
	if (is_stopped)
		printf("Stopped.\n");
}

/* --- Lines ------------------------------------------------------------------------------------- */

static char read_character(void)
{
	int c;

	if (ahead_taken < ahead_count)
		return ahead[ahead_taken++];
	ahead_taken = ahead_count = 0;
	do
		c = console_getc_poll();
	while (c < 0);
	console_forget_break();		/* who types on is here already */
	return (char)c;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static void read_line(char text[LINE_MAX])
{
	unsigned int length = 0;
	char c;

	printf("debugger> ");
	while ((c = read_character()) != '\r' && c != '\n') {
		if ((c == '\b' || c == 0x7f) && length > 0) {
			length--;
			printf("\b \b");
		} else if ((is_blank(c) || (c > ' ' && c < 0x7f)) && length < LINE_MAX - 1) {
			text[length++] = c;
			printf("%c", c);
		}
	}
	text[length] = '\0';
	printf("\n");
}

/* Words end in the text itself; what is too much is left out. */
static void split_line(char *text, struct debugger_line *line)
{
	line->words = 0;
	while (line->words < DEBUGGER_WORDS) {
		while (is_blank(*text))
			text++;
		if (*text == '\0')
			break;
		line->word[line->words++] = text;
		while (*text != '\0' && !is_blank(*text))
			text++;
		if (*text != '\0')
			*text++ = '\0';
	}
}

void debugger_enter(const char *reason)
{
	bool enabled = interrupts_enabled();
	struct debugger_line line;
	char text[LINE_MAX];

	if (!is_there || is_inside)
		return;
	interrupts_disable();
	is_inside = true;
	printf("\nThe debugger, because of %s. `help' lists the commands, `continue' goes on.\n",
	       reason);
	is_over = false;
	while (!is_over) {
		read_line(text);
		split_line(text, &line);
		run_line_stoppable(&line);
	}
	printf("Leaving the debugger.\n");
	is_inside = false;
	if (enabled)
		interrupts_enable();
}
