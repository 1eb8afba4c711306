/* SPDX-License-Identifier: BSD-2-Clause */
/* What the library sets up before main, and what a task made by hand has to set up itself. */
#ifndef _MACH_INIT_H_
#define _MACH_INIT_H_

#include <mach/mach_traps.h>
#include <mach/mach_types.h>

/*
 * The task's own port: one reference is taken at start and kept, and the name is read from
 * memory after that.  (mach_task_self)() makes the trap, which gives one more reference.
 */
extern mach_port_t mach_task_self_;
#define mach_task_self()	(mach_task_self_ + 0)

/* The environment, as main gets it. */
extern char **environ;

/*
 * Take the self port and forget the reply port of the calling thread.  The library does it
 * before main; a task created with inherited memory must do it first of all, because the names
 * it inherited in memory mean nothing in its own space.
 */
void mach_init(void);

/* End the task.  The status goes nowhere; returning from main does the same. */
_Noreturn void exit(int status);

/* The instruction that enters the kernel. */
enum mach_entry {
	MACH_ENTRY_LCALL,
	MACH_ENTRY_SYSENTER,
};

/* Ask and choose; all threads use what was chosen last. */
enum mach_entry mach_used_entry(void);
void mach_use_entry(enum mach_entry entry);

#endif
