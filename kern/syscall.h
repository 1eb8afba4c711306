/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table that the entry code dispatches system calls by.
 *
 * The functions' prototypes stand with their subject: kern/traps.h, ipc/traps.h, ipc/mach_msg.h.
 * Arguments come on the stack (regparm(0)), copied from the user's; the result goes to the
 * user's eax.  A function is called with interrupts on and no locks held, and either returns or
 * leaves through syscall_return or a continuation.  mach_msg_trap alone, which the entry code
 * knows by its number, is called with interrupts off and may return so.
 */
#ifndef KERN_SYSCALL_H
#define KERN_SYSCALL_H

#include <stdint.h>

#define TRAP_LAST 129			/* the largest number, negated */

struct trap_entry {
	uint32_t (*function)(void);	/* really with `args` arguments */
	uint32_t args;
};

extern const struct trap_entry trap_table[TRAP_LAST + 1];

#endif /* KERN_SYSCALL_H */
