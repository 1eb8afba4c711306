/* SPDX-License-Identifier: BSD-2-Clause */
/* Between the event table and the scheduler; what others use is in kern/sched.h. */
#ifndef KERN_EVENT_H
#define KERN_EVENT_H

#include <stdbool.h>

struct thread;

void event_init(void);

/*
 * Take a claimed thread, whose wait_event is set, out of the table.
 *
 * Locks:    any before LOCK_EVENT may be held.
 */
void event_leave(struct thread *thread);

/* Claim without the rest of thread_claim: result, event, timeout. */
bool thread_claim_wait(struct thread *thread);

#endif /* KERN_EVENT_H */
