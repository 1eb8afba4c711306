/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Samples of where threads are: at each clock tick, and at page faults, as far as somebody asked for
 * them, of a task or of a single thread (interface mach4).
 *
 * Of each task and thread so many samples are kept as fit; they are numbered from 0, so that who
 * fetches them sees which are lost.  Sampling that has ended leaves its samples until it begins
 * again, or the task or thread is freed.
 */
#ifndef KERN_PC_SAMPLE_H
#define KERN_PC_SAMPLE_H

#include <kern/estate.h>
#include <kern/task.h>
#include <kern/thread.h>
#include <mach/pc_sample.h>

struct pc_samples;

/* Note where the current thread is in user mode; for those that asked for this flavour. */
void pc_sample_take(sampled_pc_flavor_t flavor);

/* The same, quick where nobody asked for anything.  Locks: any before LOCK_LEAF may be held. */
static inline void pc_sample(sampled_pc_flavor_t flavor)
{
	const struct thread *self = current_thread();

	if (__builtin_expect(self->samples != NULL || self->task->samples != NULL, 0))
		pc_sample_take(flavor);
}

/* With a task or thread, of that estate, which has paid for them; takes NULL. */
void pc_samples_free(struct pc_samples *samples, struct estate *estate);

#endif /* KERN_PC_SAMPLE_H */
