/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel thread that buries the dead: a thread cannot give back what it still stands on.
 */
#ifndef KERN_REAPER_H
#define KERN_REAPER_H

struct thread;

void reaper_init(void);
void reaper_start(void);		/* when threads can be made */

/*
 * Hand over the current thread, which then blocks for ever; its own reference is dropped
 * when it is off its stack.
 */
void reaper_add(struct thread *self);

#endif /* KERN_REAPER_H */
