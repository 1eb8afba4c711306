/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Three passes over the modules.  The first parses every line, and creates the tasks, so that lines
 * may use the tasks of later ones; the second loads the programs, which expands
 * variables and gives the programs their rights; the third lets them run.  Lines are parsed again
 * in each pass where they are needed: that is cheaper than keeping them.
 */
#include <kern/bootscript.h>

#include <stdarg.h>

#include <device/device.h>
#include <device/ramdisk.h>
#include <kern/boot_info.h>
#include <kern/boot_program.h>
#include <kern/boot_variable.h>
#include <kern/bootscript_parse.h>
#include <kern/machine.h>
#include <kern/printf.h>
#include <kern/sched.h>
#include <kern/string.h>
#include <kern/task.h>
#include <kern/thread.h>
#include <mach/mach_server.h>
#include <vm/page.h>

#define CONSOLE_POLL_MS 30

/* How a program is started that comes alone and says nothing about itself. */
static const char bootstrap_line[] =
	"bootstrap ${boot-args} ${host-port} ${device-port} ${root-device} "
	"$(task-create) $(task-resume)";

struct job {
	const struct boot_module *module;
	const char *string;		/* the line */
	const char *name;		/* for the user: of the program */
	char name_buffer[TASK_NAME_SIZE];
	bool resume, prompt;
	bool ramdisk;			/* the module is one, and no program */
	struct task *task;		/* a reference; NULL when the line makes no task */
};

static struct job jobs[BOOT_MODULES];
static unsigned job_count;
static const char *bootstrap_command_line;	/* for the environment; NULL with a script */

/* Large, and used by one at a time. */
static struct boot_line line;
static struct boot_arguments arguments;

/* --- Errors ------------------------------------------------------------------------------- */

_Noreturn static void boot_stop(const char *reason)
{
	printf("boot: %s\n", reason);
	machine_stop(MACHINE_FAIL);
}

_Noreturn static void __attribute__((format(printf, 2, 3)))
job_stop(const struct job *job, const char *format, ...)
{
	va_list args;

	printf("module %u (%s): ", (unsigned)(job - jobs) + 1, job->name);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
	machine_stop(MACHINE_FAIL);
}

_Noreturn static void job_stop_at(const struct job *job, const char *what,
				  const struct boot_text *text)
{
	job_stop(job, "%s %.*s", what, (int)text->length, text->start);
}

/* --- First pass: lines and tasks ------------------------------------------------------------ */

/* The last component of the first word, which is there even if the line is wrong. */
static void job_set_name(struct job *job)
{
	const char *cursor = job->string;
	struct boot_text word = { "", 0 };

	if (boot_next_word(&cursor, &word))
		word = boot_last_component(word);
	snprintf(job->name_buffer, sizeof job->name_buffer, "%.*s", (int)word.length, word.start);
	job->name = job->name_buffer;
}

static void job_parse(const struct job *job)
{
	const char *error = boot_line_parse(job->string, &line);

	if (error != NULL)
		job_stop(job, "%s", error);
}

static void job_create_task(struct job *job, const struct boot_text *variable)
{
	struct boot_variable v = { .name = *variable, .kind = BOOT_VALUE_TASK };

	if (job->task != NULL)
		job_stop(job, "a second task-create");
	if (task_create_internal(NULL, false, &job->task) != KERN_SUCCESS)
		job_stop(job, "no memory for a task");
	task_name_set(job->task, job->name);
	task_suspend(job->task);
	if (variable->length == 0)
		return;
	task_reference(job->task);
	v.task = job->task;
	if (!boot_variable_define(&v))
		job_stop_at(job, "too many variables:", variable);
}

static void define_text(const struct job *job, const struct boot_text *variable, const char *value)
{
	struct boot_variable v = {
		.name = *variable,
		.kind = BOOT_VALUE_TEXT,
		.text = { value, strlen(value) },
	};

	if (variable->length > 0 && !boot_variable_define(&v))
		job_stop_at(job, "too many variables:", variable);
}

static void job_create_ramdisk(struct job *job, const struct boot_text *variable)
{
	const char *name;

	if (job->ramdisk)
		job_stop(job, "a second ramdisk-create");
	if (job->module->size == 0)
		job_stop(job, "a ramdisk without contents");
	name = ramdisk_create(job->module->start, job->module->size);
	if (name == NULL)
		job_stop(job, "too many ramdisks");
	job->ramdisk = true;
	define_text(job, variable, name);
}

static bool has_result(const struct boot_piece *call)
{
	return boot_text_equal(&call->text, "task-create") ||
	       boot_text_equal(&call->text, "ramdisk-create");
}

static void job_call(struct job *job, const struct boot_piece *call)
{
	if (boot_text_equal(&call->text, "task-create"))
		job_create_task(job, &call->result);
	else if (boot_text_equal(&call->text, "ramdisk-create"))
		job_create_ramdisk(job, &call->result);
	else if (boot_text_equal(&call->text, "task-resume"))
		job->resume = true;
	else if (boot_text_equal(&call->text, "prompt-task-resume"))
		job->prompt = true;
	else
		job_stop_at(job, "unknown function", &call->text);
	if (call->result.length > 0 && !has_result(call))
		job_stop_at(job, "there is no result for", &call->result);
}

static void job_prepare(struct job *job)
{
	job_parse(job);
	for (unsigned i = 0; i < line.count; i++) {
		if (line.piece[i].kind == BOOT_CALL)
			job_call(job, &line.piece[i]);
	}
	if (job->ramdisk && (job->task != NULL || job->resume || job->prompt))
		job_stop(job, "a ramdisk cannot be a task too");
	if ((job->resume || job->prompt) && job->task == NULL)
		job_stop(job, "task-resume without task-create");
}

/* A number with K, M or G behind it, or none; 0 when it is not one, or too large. */
static uint32_t size_of(const struct boot_text *text)
{
	uint64_t size = 0;
	unsigned shift = 0;
	size_t i = 0;

	for (; i < text->length && text->start[i] >= '0' && text->start[i] <= '9'; i++) {
		size = size * 10 + (uint32_t)(text->start[i] - '0');
		if (size > UINT32_MAX)
			return 0;
	}
	if (i + 1 == text->length)
		shift = text->start[i] == 'K' ? 10 : text->start[i] == 'M' ? 20 :
			text->start[i] == 'G' ? 30 : 0;
	if ((i < text->length && shift == 0) || size << shift > UINT32_MAX)
		return 0;
	return (uint32_t)(size << shift);
}

/* The variable is ramdisk=SIZE of the command line: one more, which is empty. */
static void make_empty_ramdisk(const struct boot_variable *variable)
{
	uint32_t size;

	if (variable == NULL)
		return;
	size = size_of(&variable->text);
	if (size == 0)
		boot_stop("ramdisk= must be followed by a size");
	if (ramdisk_create_empty(size) == NULL)
		boot_stop("there is no memory for the ramdisk");
}

/* --- Second pass: programs ------------------------------------------------------------------ */

static void expand_variable(const struct job *job, const struct boot_text *name)
{
	const struct boot_variable *variable = boot_variable_find(name);

	if (variable == NULL)
		job_stop_at(job, "unknown variable", name);
	if (!boot_variable_expand(variable, job->task, &arguments))
		job_stop_at(job, "no memory for a name for", name);
}

/* Calls are no arguments. */
static void collect_arguments(const struct job *job)
{
	bool open = false;

	boot_arguments_init(&arguments);
	for (unsigned i = 0; i < line.count; i++) {
		const struct boot_piece *piece = &line.piece[i];

		if (piece->begins_word && open)
			boot_arguments_end(&arguments, false);
		open = piece->kind != BOOT_CALL;
		if (piece->kind == BOOT_PLAIN)
			boot_arguments_add(&arguments, piece->text.start, piece->text.length);
		else if (piece->kind == BOOT_VARIABLE)
			expand_variable(job, &piece->text);
	}
	if (open)
		boot_arguments_end(&arguments, false);
}

static void add_environment(const char *name, const char *value)
{
	boot_arguments_add(&arguments, name, strlen(name));
	boot_arguments_add(&arguments, value, strlen(value));
	boot_arguments_end(&arguments, true);
}

static void job_load(const struct job *job)
{
	struct thread *thread;
	const char *error;

	if (job->task == NULL)
		return;
	job_parse(job);
	collect_arguments(job);
	if (bootstrap_command_line != NULL)
		add_environment("MULTIBOOT_CMDLINE=", bootstrap_command_line);
	error = boot_program_load(job->task, job->module, &arguments, &thread);
	if (error != NULL)
		job_stop(job, "%s", error);
	thread_resume(thread);		/* the task is suspended still */
	thread_release(thread);
}

/* --- Third pass: running -------------------------------------------------------------------- */

static void wait_for_return(const struct job *job)
{
	struct thread *self = current_thread();
	int c;

	printf("Press Return to start %s: ", job->name);
	while ((c = device_console_getc()) != '\r' && c != '\n') {
		thread_will_wait(self, false);
		thread_set_timeout(self, CONSOLE_POLL_MS);
		thread_block(NULL);
	}
	printf("\n");
}

static void job_start(struct job *job)
{
	if (job->task == NULL)
		return;
	if (job->prompt)
		wait_for_return(job);
	if (job->prompt || job->resume)
		task_resume(job->task);
	task_release(job->task);
	job->task = NULL;
}

/* --- All of it ------------------------------------------------------------------------------ */

static void make_jobs(const struct boot_info *info)
{
	job_count = info->modules;
	for (unsigned i = 0; i < job_count; i++) {
		jobs[i].module = &info->module[i];
		jobs[i].string = info->module[i].string;
		job_set_name(&jobs[i]);
	}
}

/* One module that is just a name is the bootstrap task. */
static void look_for_bootstrap(const struct boot_info *info)
{
	if (job_count != 1 || boot_line_parse(jobs[0].string, &line) != NULL ||
	    !boot_line_is_bare(&line))
		return;
	jobs[0].string = bootstrap_line;
	bootstrap_command_line = info->command_line;
}

static bool any_task(void)
{
	for (unsigned i = 0; i < job_count; i++) {
		if (jobs[i].task != NULL)
			return true;
	}
	return false;
}

/* The programs are in their tasks' memory now; a ramdisk stays where it is. */
static void free_modules(void)
{
	for (unsigned i = 0; i < job_count; i++) {
		const struct boot_module *module = jobs[i].module;

		if (jobs[i].ramdisk)
			continue;
		vm_page_boot_free(module->start, (module->start + module->size + PAGE_OFFSET_MASK) &
						 ~(phys_addr_t)PAGE_OFFSET_MASK);
	}
}

void bootscript_run(const struct boot_info *info)
{
	static const struct boot_text ramdisk_name = { "ramdisk", 7 };
	const struct boot_variable *empty_ramdisk;

	if (info->modules == 0)
		boot_stop("no modules: nothing to run");
	boot_variables_init(info->command_line);
	empty_ramdisk = boot_variable_find(&ramdisk_name);
	make_jobs(info);
	look_for_bootstrap(info);
	for (unsigned i = 0; i < job_count; i++)
		job_prepare(&jobs[i]);
	make_empty_ramdisk(empty_ramdisk);
	if (!any_task())
		boot_stop("no module creates a task: nothing to run");
	for (unsigned i = 0; i < job_count; i++)
		job_load(&jobs[i]);
	free_modules();
	task_watch_last();
	for (unsigned i = 0; i < job_count; i++)
		job_start(&jobs[i]);
}
