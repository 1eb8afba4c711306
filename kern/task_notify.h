/* SPDX-License-Identifier: BSD-2-Clause */
/* Telling one server of every new task (register_new_task_notification; <mach/task_notify.defs>). */
#ifndef KERN_TASK_NOTIFY_H
#define KERN_TASK_NOTIFY_H

struct task;
struct ipc_check;

/*
 * Tell whoever registered that a task was made, with send rights to it and to its parent; a null
 * right stands for a parent that is the kernel.  Without memory for the message it is not told.
 *
 * Locks: none.  Owns: borrows both.
 */
void task_notify_new(struct task *task, struct task *parent);

/* The right that is held meanwhile, for the checker. */
void task_notify_visit(struct ipc_check *check);

#endif /* KERN_TASK_NOTIFY_H */
