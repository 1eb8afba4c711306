/* SPDX-License-Identifier: BSD-2-Clause */
/* The debugger's commands on tasks, threads, and what they have. */
#include <kern/debugger_command.h>

#include <ipc/print.h>
#include <ipc/space.h>
#include <kern/debugger.h>
#include <kern/kstack.h>
#include <kern/machine.h>
#include <kern/peek.h>
#include <kern/printf.h>
#include <kern/string.h>
#include <kern/task.h>
#include <kern/thread.h>
#include <vm/map_types.h>
#include <vm/pmap.h>
#include <vm/print.h>

#define USER_WORDS_DEFAULT 16u

/* --- Finding --------------------------------------------------------------------------------- */

struct search {
	const char *word;
	uint32_t id;
	bool by_id;
	const struct task *task;
	const struct thread *thread;
};

static const struct task *task_of_link(const struct queue_link *link)
{
	const struct task *task = container_of(link, struct task, all_link);

	return peek_readable(task, sizeof(*task)) ? task : NULL;
}

static const struct thread *thread_of_link(const struct queue_link *link)
{
	const struct thread *thread = container_of(link, struct thread, task_link);

	return peek_readable(thread, sizeof(*thread)) ? thread : NULL;
}

/* The first of several with the same name. */
static bool look_at_task(const struct queue_link *link, void *arg)
{
	const struct task *task = task_of_link(link);
	struct search *search = arg;

	if (task != NULL && (search->by_id ? task->id == search->id
				: strncmp(task->name, search->word, TASK_NAME_SIZE) == 0))
		search->task = task;
	return search->task == NULL;
}

static bool look_at_thread(const struct queue_link *link, void *arg)
{
	const struct thread *thread = thread_of_link(link);
	struct search *search = arg;

	if (thread != NULL && thread->id == search->id)
		search->thread = thread;
	return search->thread == NULL;
}

static bool look_for_thread_in(const struct queue_link *link, void *arg)
{
	const struct task *task = task_of_link(link);
	struct search *search = arg;

	if (task != NULL)
		peek_each(&task->threads, look_at_thread, search);
	return search->thread == NULL;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static const struct task *find_task(const struct debugger_line *line)
{
	struct search search = { .by_id = false };

	if (line->words < 2) {
		printf("%s: a task is missing\n", line->word[0]);
		return NULL;
	}
	search.word = line->word[1];
	if (is_digit(search.word[0])) {
		search.by_id = true;
		if (!debugger_number(line, 1, &search.id))
			return NULL;
	}
	peek_each(&all_tasks, look_at_task, &search);
	if (search.task == NULL)
		printf("%s: no task is called %s\n", line->word[0], search.word);
	return search.task;
}

static const struct thread *find_thread(const struct debugger_line *line)
{
	struct search search = { .by_id = true };

	if (!debugger_number(line, 1, &search.id))
		return NULL;
	peek_each(&all_tasks, look_for_thread_in, &search);
	if (search.thread == NULL)
		printf("%s: no thread has the number %u\n", line->word[0], search.id);
	return search.thread;
}

/* --- Threads --------------------------------------------------------------------------------- */

static void print_flags(uint32_t flags)
{
	static const struct {
		uint32_t flag;
		const char *name;
	} names[] = {
		{ TH_RUN, "can run" }, { TH_WAIT, "waits" }, { TH_UNINT, "uninterruptibly" },
		{ TH_IDLE, "idle" }, { TH_STOPPED, "stopped" }, { TH_TERMINATED, "terminated" },
		{ TH_HANDOFF, "handed the CPU" }, { TH_ABORTED, "aborted" },
		{ TH_NO_STACK, "without a stack" },
	};
	const char *between = "";

	for (unsigned int i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (flags & names[i].flag) {
			printf("%s%s", between, names[i].name);
			between = ", ";
		}
}

static void print_thread(const struct thread *thread)
{
	printf("  thread %u %.*s at 0x%x, priority %d: ", thread->id, THREAD_NAME_SIZE,
	       thread->name, (unsigned int)(uintptr_t)thread, thread->sched_priority);
	print_flags(thread->flags);
	if (thread == current_thread()) {
		printf(", runs now");
	} else if (!kstack_exists(thread) && thread->continuation != NULL) {
		printf(", goes on at ");
		machine_print_symbol((const void *)(uintptr_t)thread->continuation);
	}
	if (thread->wait_event != NULL) {
		printf(", for ");
		machine_print_symbol(thread->wait_event);
	}
	if (thread->suspend_count != 0)
		printf(", suspended %u", thread->suspend_count);
	printf("\n");
}

static bool print_thread_of_link(const struct queue_link *link, void *arg)
{
	const struct thread *thread = thread_of_link(link);

	(void)arg;
	if (thread != NULL)
		print_thread(thread);
	return true;
}

static void command_thread(const struct debugger_line *line)
{
	const struct thread *thread = find_thread(line);

	if (thread == NULL)
		return;
	print_thread(thread);
	machine_thread_backtrace(thread);
	if (thread->task != kernel_task) {
		printf("in user mode:\n");
		machine_print_user_registers(thread);
	}
}

/* --- Tasks ----------------------------------------------------------------------------------- */

static void print_task(const struct task *task)
{
	printf("task %u %.*s at 0x%x: %u threads, %u references, space 0x%x, map 0x%x%s",
	       task->id, TASK_NAME_SIZE, task->name, (unsigned int)(uintptr_t)task,
	       task->thread_count, task->ref_count, (unsigned int)(uintptr_t)task->space,
	       (unsigned int)(uintptr_t)task->map, task->active ? "" : ", dying");
	if (task->suspend_count != 0)
		printf(", suspended %u", task->suspend_count);
	printf("\n");
}

static bool print_task_of_link(const struct queue_link *link, void *arg)
{
	const struct task *task = task_of_link(link);
	const bool *with_threads = arg;

	if (task == NULL)
		return true;
	print_task(task);
	if (*with_threads && !peek_each(&task->threads, print_thread_of_link, NULL))
		printf("  the list of threads is damaged\n");
	return true;
}

static void print_tasks(bool with_threads)
{
	if (!peek_each(&all_tasks, print_task_of_link, &with_threads))
		printf("the list of tasks is damaged\n");
}

static void command_tasks(const struct debugger_line *line)
{
	(void)line;
	print_tasks(false);
}

static void command_threads(const struct debugger_line *line)
{
	const struct task *task;
	bool with_threads = true;

	if (line->words < 2)
		print_tasks(with_threads);
	else if ((task = find_task(line)) != NULL)
		print_task_of_link(&task->all_link, &with_threads);
}

static void command_space(const struct debugger_line *line)
{
	const struct task *task = find_task(line);

	if (task != NULL)
		ipc_print_space(task->space);
}

static void command_map(const struct debugger_line *line)
{
	const struct task *task = find_task(line);

	if (task != NULL)
		vm_print_map(task->map);
}

static void command_memory_object(const struct debugger_line *line)
{
	uint32_t address;

	if (debugger_number(line, 1, &address))
		vm_print_object((const void *)(uintptr_t)address);
}

/* --- User memory: what is mapped now ------------------------------------------------------------ */

static bool read_user(void *arg, uint32_t address, uint32_t *word)
{
	struct pmap *pmap = arg;
	struct vm_page *page;
	phys_addr_t pa;

	if (address >= KERNEL_BASE || !pmap_peek(pmap, address, &pa))
		return false;
	page = vm_page_from_phys(pa);
	if (page == NULL)
		return false;
	vm_page_read(page, pa & PAGE_OFFSET_MASK, word, sizeof(*word));
	return true;
}

static void command_user(const struct debugger_line *line)
{
	const struct task *task = find_task(line);
	uint32_t address, count = USER_WORDS_DEFAULT;

	if (task == NULL || !debugger_number(line, 2, &address) ||
	    (line->words > 3 && !debugger_number(line, 3, &count)))
		return;
	if (peek_readable(task->map, sizeof(*task->map)))
		debugger_print_words(address & ~3u, count, read_user, task->map->pmap);
}

const struct debugger_command debugger_task_commands[] = {
	{ "tasks", "", "all tasks", command_tasks },
	{ "threads", "[TASK]", "threads, of one task or of all", command_threads },
	{ "thread", "THREAD", "its calls in the kernel, its registers outside", command_thread },
	{ "space", "TASK", "the names of a task", command_space },
	{ "map", "TASK", "the memory of a task", command_map },
	{ "object", "ADDRESS", "a memory object, and those behind it", command_memory_object },
	{ "user", "TASK ADDRESS [WORDS]", "a task's memory, as far as it is mapped", command_user },
	{ .name = NULL },
};
