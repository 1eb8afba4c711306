/* SPDX-License-Identifier: BSD-2-Clause */
/* The parent's side: child tasks, their ends, and what they leave behind. */
#ifndef _CHILDREN_H_
#define _CHILDREN_H_

#include <mach/mach_types.h>

#define CHILDREN_MAX	4
#define REPORT_ID	1	/* of a message from a child that has come to its end */

/* Before the first child, and after the last: ports for them; tasks that nobody else ends. */
void children_begin(void);
void children_end(void);

/* A task with a copy of our memory; a privileged one gets all ports of the host. */
void child_start(void (*function)(void *), void *argument, boolean_t privileged);

/*
 * Wait for so many turns of CHILD_TURN milliseconds, at most until all children are dead or, if
 * asked for, until one has reported.  Takes their messages.  Returns: how many reports have come.
 */
#define CHILD_TURN	20
unsigned int children_wait(unsigned int turns, boolean_t for_report);

#endif
