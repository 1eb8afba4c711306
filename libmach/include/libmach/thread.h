/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Threads.  Every thread started here has a stack of THREAD_STACK_SIZE bytes, aligned to its
 * size, with a page below it that faults.  What the library keeps for a thread lies at the top
 * of its stack, and is found from the stack pointer; a thread made by hand, with a stack from
 * elsewhere, may make traps but not call MIG stubs.  (The first thread's stack comes from the
 * kernel; its data is in a variable.)
 */
#ifndef _LIBMACH_THREAD_H_
#define _LIBMACH_THREAD_H_

#include <mach/mach_types.h>

#define THREAD_STACK_SIZE	(64 * 1024)

/*
 * Start a thread that runs function(argument) and ends when that returns.
 *
 * Owns:     *thread, if the pointer is not null, is a send right for the caller.
 * Returns:  KERN_SUCCESS, or the code of what failed; nothing is left behind then.
 */
kern_return_t mach_thread_start(void (*function)(void *), void *argument, mach_port_t *thread);

/* The same, not yet running: thread_resume starts it. */
kern_return_t mach_thread_prepare(void (*function)(void *), void *argument, mach_port_t *thread);

/* End the calling thread, which must have been started as above. */
_Noreturn void mach_thread_exit(void);

/*
 * Wait until a thread started as above is dead, in whatever way it dies.
 *
 * Owns:     consumes the caller's send right for the thread.
 */
void mach_thread_join(mach_port_t thread);

/*
 * Run function(argument) in a new task that has a copy of the caller's memory.  The new task
 * begins with mach_init, and ends when the function returns.
 *
 * Owns:     *task is a send right for the caller.
 * Returns:  as mach_thread_start.
 */
kern_return_t mach_task_start(void (*function)(void *), void *argument, mach_port_t *task);

/*
 * The same, not yet running: thread_resume of its first thread starts it.
 *
 * Owns:     *task and *thread are send rights for the caller.
 */
kern_return_t mach_task_prepare(void (*function)(void *), void *argument, mach_port_t *task,
	mach_port_t *thread);

#endif
