/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A default memory manager: a task of the test's.  Of a page whose words are as those of pattern.h
 * it keeps one word only; so it has room for more than the machine.
 */
#ifndef _MANAGER_H_
#define _MANAGER_H_

#include <mach/mach_types.h>

#define SELF	mach_task_self()

/* What it has done, and what it is to do. */
struct manager_shared {
	volatile boolean_t	is_ready;
	volatile boolean_t	pauses;		/* it receives nothing */
	volatile boolean_t	breeds;		/* it makes a thread for each message */
	volatile unsigned int	bred;
	volatile unsigned int	created, terminated;
	volatile unsigned int	initialized, returned, supplied;	/* pages */
	volatile unsigned int	rewritten;	/* memory_object_data_initialize of what it had */
	volatile unsigned int	full;		/* pages that it had no room for */
	volatile unsigned int	wrong;		/* what it did not understand, or could not do */
};

extern struct manager_shared *manager;

/* Start it; it makes itself the default memory manager. */
void manager_start(void);

/* Expect that all its objects are terminated; it ends. */
void manager_end(void);

/* It dies, and all its ports. */
void manager_die(void);

#endif
