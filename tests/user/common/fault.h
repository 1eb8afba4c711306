/* SPDX-License-Identifier: BSD-2-Clause */
/* Running code that faults in a second thread, whose exceptions come to us as messages. */
#ifndef _FAULT_H_
#define _FAULT_H_

#include <mach/mach_types.h>

struct fault {
	boolean_t			happened;	/* else the code came to its end */
	int				exception;
	int				code;
	int				subcode;
	struct i386_thread_state	state;		/* at the exception */
};

/* Runs function(argument) until it returns or faults.  The thread ends in both cases. */
void fault_run(void (*function)(void *), void *argument, struct fault *fault);

/*
 * The same, but when it faults it goes on at the address `resume', with the same registers.
 * Returns: whether it came to its end then.
 */
boolean_t fault_run_and_resume(void (*function)(void *), void *argument, struct fault *fault,
	uintptr_t resume);

/* Runs it in a task of its own without a handler.  Returns: whether the task died of it. */
boolean_t fault_kills_task(void (*function)(void *), void *argument);

#endif
