/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef KERN_ESSENTIAL_H
#define KERN_ESSENTIAL_H

struct task;

/* Stop: a task that has `essential` set ends. */
_Noreturn void task_essential_ends(const struct task *task);

#endif /* KERN_ESSENTIAL_H */
