/* SPDX-License-Identifier: BSD-2-Clause */
#include <kern/boot_variable.h>

#include <ipc/port.h>
#include <ipc/space.h>
#include <kern/boot_program.h>
#include <kern/host.h>
#include <kern/mig_support.h>
#include <kern/printf.h>
#include <kern/task.h>

#define VARIABLES_MAX 96
#define FLAGS_MAX 64

static struct boot_variable variables[VARIABLES_MAX];
static unsigned variable_count;

static char flags[FLAGS_MAX];		/* boot-args: a dash and letters */

static struct boot_text text_of(const char *string)
{
	return (struct boot_text) { string, strlen(string) };
}

bool boot_variable_define(const struct boot_variable *variable)
{
	if (variable_count == VARIABLES_MAX)
		return false;
	variables[variable_count++] = *variable;
	return true;
}

static bool same_text(const struct boot_text *a, const struct boot_text *b)
{
	return a->length == b->length && memcmp(a->start, b->start, a->length) == 0;
}

const struct boot_variable *boot_variable_find(const struct boot_text *name)
{
	for (unsigned i = variable_count; i > 0; i--) {
		if (same_text(&variables[i - 1].name, name))
			return &variables[i - 1];
	}
	return NULL;
}

/* --- What there is from the start ----------------------------------------------------------- */

static void define_text(const char *name, struct boot_text value)
{
	boot_variable_define(&(struct boot_variable) {
		.name = text_of(name),
		.kind = BOOT_VALUE_TEXT,
		.text = value,
	});
}

static void define_port(const char *name, struct ipc_port *port)
{
	boot_variable_define(&(struct boot_variable) {
		.name = text_of(name),
		.kind = BOOT_VALUE_PORT,
		.port = port,
	});
}

/* The letters of a word like -as. */
static void add_flags(const struct boot_text *word)
{
	size_t length = strlen(flags);

	for (size_t i = 1; i < word->length && length < FLAGS_MAX - 1; i++)
		flags[length++] = word->start[i];
}

/* Some room is left for what the kernel and the script define. */
static void define_from_command_line(const char *command_line)
{
	struct boot_variable v = { .kind = BOOT_VALUE_TEXT };
	struct boot_text word;

	flags[0] = '-';
	while (boot_next_word(&command_line, &word)) {
		if (word.start[0] == '-')
			add_flags(&word);
		else if (variable_count < VARIABLES_MAX / 2 &&
			 boot_split_assignment(word, &v.name, &v.text))
			boot_variable_define(&v);
	}
}

void boot_variables_init(const char *command_line)
{
	static const struct boot_text root_name = { "root", 4 };
	const struct boot_variable *root;

	define_from_command_line(command_line);
	root = boot_variable_find(&root_name);
	define_text("root-device", root != NULL ? root->text : text_of("UNKNOWN"));
	define_text("boot-args", text_of(flags[1] != '\0' ? flags : "-x"));
	define_text("kernel-command-line", text_of(command_line));
	define_port("host-port", host_self.priv_port);
	define_port("device-port", host_self.device_port);
	task_reference(kernel_task);
	boot_variable_define(&(struct boot_variable) {
		.name = text_of("kernel-task"),
		.kind = BOOT_VALUE_TASK,
		.task = kernel_task,
	});
}

/* --- Values ----------------------------------------------------------------------------------- */

static struct ipc_port *make_right(const struct boot_variable *variable)
{
	if (variable->kind == BOOT_VALUE_PORT)
		return ipc_port_make_send(variable->port);
	task_reference(variable->task);
	return convert_task_to_port(variable->task);
}

bool boot_variable_expand(const struct boot_variable *variable, struct task *task,
			  struct boot_arguments *args)
{
	struct ipc_port *right;
	mach_port_name_t name;
	char digits[16];

	if (variable->kind == BOOT_VALUE_TEXT) {
		boot_arguments_add(args, variable->text.start, variable->text.length);
		return true;
	}
	right = make_right(variable);
	if (ipc_space_insert_send(task->space, right, &name) != KERN_SUCCESS) {
		ipc_port_release_send(right);
		return false;
	}
	boot_arguments_add(args, digits, (size_t)snprintf(digits, sizeof digits, "%u", name));
	return true;
}
