/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Mutexes: locks that may be held while the holder blocks.
 *
 * Taken before any spin lock.  Served first come first served: who unlocks hands it to the first
 * waiter.  A waiter keeps its kernel stack and cannot be interrupted, so what is held must be
 * bounded.
 */
#ifndef KERN_MUTEX_H
#define KERN_MUTEX_H

#include <kern/lock.h>
#include <kern/queue.h>

struct thread;

struct mutex {
	struct spin_lock lock;		/* LOCK_EVENT, guards what follows */
	struct thread *owner;
	struct queue waiters;		/* by thread.run_link */
};

void mutex_init(struct mutex *mutex);

/*
 * Locks:    no spin lock.
 * Blocks:   until it is free.
 */
void mutex_lock(struct mutex *mutex);
bool mutex_try_lock(struct mutex *mutex);
void mutex_unlock(struct mutex *mutex);
bool mutex_held(const struct mutex *mutex);	/* by the current thread */

#endif /* KERN_MUTEX_H */
