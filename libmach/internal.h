/* SPDX-License-Identifier: BSD-2-Clause */
/* What the library's files share and programs do not see. */
#ifndef _LIBMACH_INTERNAL_H_
#define _LIBMACH_INTERNAL_H_

#include <mach/message.h>

/* The ways into the kernel (traps.S), and those in use. */
typedef void (*mach_entry_t)(void);
extern mach_entry_t mach_trap_entry, mach_msg_entry;
void mach_trap_lcall(void);
void mach_trap_sysenter(void);
void mach_msg_lcall(void);
void mach_msg_sysenter(void);

/* Called by _start with the address of argc. */
_Noreturn void mach_start(char **stack);

/* For a task that begins: forget what its memory says about another task's threads and blocks. */
void mach_thread_forget(void);
void mach_memory_forget(void);

/* A lock for the few words that threads of the library share. */
struct mach_lock {
	unsigned int	held;
};

void mach_lock(struct mach_lock *lock);
void mach_unlock(struct mach_lock *lock);

#endif
