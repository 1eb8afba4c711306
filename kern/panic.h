/* SPDX-License-Identifier: BSD-2-Clause */
/* What the compiler's stack protector wants; panic itself is in kern/assert.h. */
#ifndef KERN_PANIC_H
#define KERN_PANIC_H

#include <stdint.h>

/* May be changed only where no protected function is active: in the boot code. */
extern uintptr_t __stack_chk_guard;

_Noreturn void __stack_chk_fail(void);

#endif /* KERN_PANIC_H */
