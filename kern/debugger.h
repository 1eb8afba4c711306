/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel's own debugger: it looks at the structures of a kernel that has panicked, or that
 * is stopped by a break on the serial line, and talks on the console.
 *
 * It is there when the kernel's command line has the word `debugger', since who has the line then
 * sees all memory.  It runs with interrupts off, on the stack that it is entered on, possibly
 * in the middle of anything: it takes no lock, allocates nothing, changes nothing, and tries
 * every pointer before it follows it (kern/peek.h).  The clock catches up when the kernel goes on.
 */
#ifndef KERN_DEBUGGER_H
#define KERN_DEBUGGER_H

void debugger_init(const char *command_line);

/*
 * Read and carry out commands until one says to go on.  Nothing happens when there is no debugger,
 * or when it is what failed.
 *
 * Locks:    any.
 * Blocks:   never, but it waits for characters, with interrupts off.
 */
void debugger_enter(const char *reason);

#endif /* KERN_DEBUGGER_H */
