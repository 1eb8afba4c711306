/* SPDX-License-Identifier: BSD-2-Clause */
/* Starting the other programs in order. */
#include "steps.h"

#include <libmach/print.h>
#include <libmach/string.h>
#include <mach.h>

#include "watch.h"

#define SERVER_WORD	"--server="
#define RUN_WORD	"--run="

static mach_port_t service_port;
static char **next_word;

/* The task of the present step; one of them is null. */
static mach_port_t starting_server, running_task;

void steps_init(mach_port_t service, char **words)
{
	service_port = service;
	next_word = words;
}

static const char *text_after(const char *word, const char *beginning)
{
	size_t length = strlen(beginning);

	return strncmp(word, beginning, length) == 0 ? word + length : NULL;
}

static kern_return_t start(mach_port_t task)
{
	kern_return_t result;

	result = task_set_bootstrap_port(task, service_port);
	if (result == KERN_SUCCESS)
		result = watch_death(task);
	if (result == KERN_SUCCESS)
		result = task_resume(task);
	return result;
}

boolean_t steps_next(void)
{
	const char *word, *number;
	kern_return_t result;
	mach_port_t task;

	starting_server = running_task = MACH_PORT_NULL;
	word = *next_word;
	if (word == NULL)
		return FALSE;
	next_word++;
	number = text_after(word, SERVER_WORD);
	if (number != NULL) {
		task = starting_server = atoi(number);
	} else {
		number = text_after(word, RUN_WORD);
		task = running_task = number == NULL ? MACH_PORT_NULL : (mach_port_t) atoi(number);
	}
	result = start(task);
	if (result == KERN_SUCCESS)
		return TRUE;
	printf("[names] cannot start %s: %s\n", word, mach_error_string(result));
	return steps_next();
}

boolean_t steps_checked_in(void)
{
	return starting_server != MACH_PORT_NULL;
}

boolean_t steps_task_died(mach_port_t task)
{
	return task == starting_server || task == running_task;
}
