/* SPDX-License-Identifier: BSD-2-Clause */
/* What the library keeps for each thread, and how a thread finds its own. */
#ifndef _LIBMACH_THREAD_DATA_H_
#define _LIBMACH_THREAD_DATA_H_

#include <libmach/thread.h>

enum stack_use {
	STACK_FREE,
	STACK_RUNNING,
	STACK_ENDED,		/* its thread is on the last instructions, or gone */
};

struct thread_data {
	struct thread_data	*next;		/* of all stacks */
	enum stack_use		use;
	mach_port_t		port;		/* the thread: one send right is the library's */
	mach_port_t		reply_port;	/* MIG's; null when there is none */
	boolean_t		new_task;	/* it is the first thread of a task */
	void			(*function)(void *);
	void			*argument;
};

/* The first thread's, and where its stack ended when the program began. */
extern struct thread_data mach_first_thread;
extern uintptr_t mach_first_stack;

#define FIRST_STACK_SIZE	(128 * 1024)

static inline struct thread_data *thread_data_at(uintptr_t address)
{
	uintptr_t end = (address & ~(uintptr_t) (THREAD_STACK_SIZE - 1)) + THREAD_STACK_SIZE;

	return (struct thread_data *) end - 1;
}

static inline struct thread_data *thread_data_self(void)
{
	uintptr_t here = (uintptr_t) __builtin_frame_address(0);

	if (mach_first_stack - here < FIRST_STACK_SIZE)
		return &mach_first_thread;
	return thread_data_at(here);
}

#endif
