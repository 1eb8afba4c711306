/* SPDX-License-Identifier: BSD-2-Clause */
/* Priorities as programs give them. */
#ifndef KERN_PRIORITY_H
#define KERN_PRIORITY_H

#include <stdbool.h>

#include <kern/sched.h>

struct thread;

/* Programs may name the number of levels itself; it means the last. */
static inline bool priority_is_valid(int priority)
{
	return priority >= 0 && priority <= PRIORITY_LEVELS;
}

/* Set a thread's maximum, and lower its priority to that.  Thread locked. */
void thread_set_max_priority(struct thread *thread, int priority);

#endif /* KERN_PRIORITY_H */
