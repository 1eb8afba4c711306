/* SPDX-License-Identifier: BSD-2-Clause */
/* Backtraces of other stacks; that of one's own is in kern/machine.h. */
#ifndef I386_BACKTRACE_H
#define I386_BACKTRACE_H

#include <stdint.h>

/* Of the stack that begins at `stack`, the registers being as they were left there. */
void backtrace_other(const void *stack, uint32_t ebp, uint32_t esp);

#endif /* I386_BACKTRACE_H */
