/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who leaks, who is stuck: for each task its names by kind, the ports on which something waits, the
 * threads that wait; and where the names of one task come from.
 *
 *	ipcstat ${host-port} [--after=MILLISECONDS] [--task=NUMBER] [--example]
 *
 * The one task is the one with that number, else the one with the most names.
 */
#include <libmach/print.h>
#include <libmach/string.h>
#include <mach.h>
#include <mach/mach_host.h>
#include <mach/porter.h>

#include "example.h"
#include "report.h"

#define ANY_TASK	0xffffffffu

static unsigned int wanted = ANY_TASK, delay;
static boolean_t with_example;

static void read_arguments(int argc, char **argv)
{
	for (int i = 2; i < argc; i++) {
		if (strncmp(argv[i], "--after=", 8) == 0)
			delay = atoi(argv[i] + 8);
		else if (strncmp(argv[i], "--task=", 7) == 0)
			wanted = atoi(argv[i] + 7);
		else if (strcmp(argv[i], "--example") == 0)
			with_example = TRUE;
		else
			printf("[ipcstat] What is %s?\n", argv[i]);
	}
}

static void wait_a_while(unsigned int milliseconds)
{
	mach_msg_header_t header;
	mach_port_t nothing = mach_reply_port();

	mach_msg(&header, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, sizeof header, nothing, milliseconds,
		MACH_PORT_NULL);
	mach_port_mod_refs(mach_task_self(), nothing, MACH_PORT_RIGHT_RECEIVE, -1);
}

static kern_return_t list_tasks(task_array_t *tasks, mach_msg_type_number_t *count)
{
	mach_port_t set = MACH_PORT_NULL, set_priv = MACH_PORT_NULL;
	kern_return_t result = processor_set_default(host_priv, &set);

	if (result == KERN_SUCCESS)
		result = host_processor_set_priv(host_priv, set, &set_priv);
	if (result == KERN_SUCCESS)
		result = processor_set_tasks(set_priv, tasks, count);
	mach_port_deallocate(mach_task_self(), set_priv);
	mach_port_deallocate(mach_task_self(), set);
	return result;
}

static boolean_t is_wanted(mach_port_t task)
{
	kernel_debug_name_t name;
	natural_t number;

	return wanted != ANY_TASK && task_identity(host_priv, task, &number, name) == KERN_SUCCESS
		&& number == wanted;
}

static kern_return_t report_all(void)
{
	mach_port_t interesting = MACH_PORT_NULL;
	mach_msg_type_number_t count;
	unsigned int most = 0;
	task_array_t tasks;
	kern_return_t result = list_tasks(&tasks, &count);

	if (result != KERN_SUCCESS)
		return result;
	for (unsigned int i = 0; i < count; i++) {
		unsigned int names = report_task(tasks[i]);

		if (wanted == ANY_TASK ? names > most : is_wanted(tasks[i])) {
			most = names;
			interesting = tasks[i];
		}
	}
	if (interesting != MACH_PORT_NULL)
		report_origins(interesting);
	for (unsigned int i = 0; i < count; i++)
		mach_port_deallocate(mach_task_self(), tasks[i]);
	return vm_deallocate(mach_task_self(), (vm_address_t) (uintptr_t) tasks,
		count * sizeof *tasks);
}

int main(int argc, char **argv)
{
	mach_port_t example = MACH_PORT_NULL;
	kern_return_t result = KERN_SUCCESS;

	if (argc < 2) {
		printf("[ipcstat] I need ${host-port}.\n");
		return 1;
	}
	host_priv = atoi(argv[1]);
	read_arguments(argc, argv);
	if (with_example)
		result = example_make(&example);
	if (delay != 0)
		wait_a_while(delay);
	if (result == KERN_SUCCESS)
		result = report_all();
	if (with_example)
		example_end(example);
	if (result != KERN_SUCCESS)
		mach_error("[ipcstat] FAILED", result);
	return result;
}
