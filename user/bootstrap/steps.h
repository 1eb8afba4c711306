/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The other programs, one after the other.  The arguments name their tasks, which the kernel has
 * created and not started: --server=N is started and the next step follows when it has checked
 * a name in; --run=N is started and the next step follows when the task is dead.
 */
#ifndef _BOOTSTRAP_STEPS_H_
#define _BOOTSTRAP_STEPS_H_

#include <mach/mach_types.h>

/* The port that the tasks get as their bootstrap port, and the words of the steps. */
void steps_init(mach_port_t service, char **words);

/* Start the next task.  Returns: false when there are no more. */
boolean_t steps_next(void);

/* What has happened.  Returns: whether the present step is over. */
boolean_t steps_checked_in(void);
boolean_t steps_task_died(mach_port_t task);

#endif
