/* SPDX-License-Identifier: BSD-2-Clause */
/* Programs beside this one: tasks that begin with a copy of our memory, and say when they are done. */
#ifndef _CHILDREN_H_
#define _CHILDREN_H_

#include <mach/mach_types.h>

#define MOST_CHILDREN	8

/* What comes back from each must be 0: a number of errors. */
struct children {
	unsigned int	count;
	mach_port_t	task[MOST_CHILDREN];
	mach_port_t	port;		/* where they say so */
};

void children_begin(struct children *children);

/* One more, which runs function(argument); it reports what that returns. */
void children_start(struct children *children, unsigned int (*function)(void *), void *argument);

/* All have reported; they are dead, or will be soon. */
void children_end(struct children *children);

/* All are alive still: one that an exception ended has failed. */
void children_expect_alive(const struct children *children);

/* All are killed, whatever they do. */
void children_kill(struct children *children);

#endif
