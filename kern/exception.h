/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Exceptions of user mode (spec/ipc.md, section 14).
 *
 * The thread itself sends exception_raise to its thread's exception port and waits for the
 * answer on a reply port of its own; if there is no port, or the answer is no, to its
 * task's; if that fails too the task ends.
 */
#ifndef KERN_EXCEPTION_H
#define KERN_EXCEPTION_H

#include <kern/machine.h>

struct thread;

/*
 * Whether a task that ends for want of a handler is reported on the console, one line each and not
 * more than a few in a second: on in debug builds, `debug-faults=0|1` on the kernel's command line.
 */
void exception_init(const char *command_line);

/*
 * Raise an exception for the current thread, whose registers are in its pcb.  Goes back to user
 * mode when a handler said yes; else the task ends.
 *
 * Locks:    none.
 * Blocks:   with a continuation.
 */
_Noreturn void exception(int exc, int code, long subcode);

/* The thread ends: give up its reply port. */
void exception_thread_end(struct thread *thread);

#endif /* KERN_EXCEPTION_H */
