/* SPDX-License-Identifier: BSD-2-Clause */
#include <kern/pc_sample.h>

#include <kern/machine.h>
#include <kern/mig_support.h>
#include <kern/slab.h>
#include <kern/timer.h>
#include <mach/mach4_server.h>

#define SAMPLES_MAX 512u		/* what a reply has room for; a power of two */
#define FLAVORS (SAMPLED_PC_PERIODIC | SAMPLED_PC_VM_FAULTS | SAMPLED_PC_VM_FAULTS_ANY)

struct pc_samples {
	sampled_pc_flavor_t flavors;	/* that are wanted now */
	uint32_t taken;			/* ever since it was begun */
	sampled_pc_t ring[SAMPLES_MAX];
};

static struct spin_lock samples_lock = SPIN_LOCK_INIT(LOCK_LEAF);	/* guards all of them */

static struct pc_samples *samples_alloc(struct estate *estate)
{
	struct pc_samples *samples;

	if (!estate_charge(estate, sizeof *samples))
		return NULL;
	samples = kalloc(sizeof *samples);
	if (samples == NULL)
		estate_uncharge(estate, sizeof *samples);
	return samples;
}

void pc_samples_free(struct pc_samples *samples, struct estate *estate)
{
	if (samples == NULL)
		return;
	kfree(samples, sizeof *samples);
	estate_uncharge(estate, sizeof *samples);
}

/* --- Taking ------------------------------------------------------------------------------- */

/* A fault is of its own flavour, and one of all. */
static bool is_wanted(const struct pc_samples *samples, sampled_pc_flavor_t flavor)
{
	if (samples == NULL)
		return false;
	if (flavor != SAMPLED_PC_PERIODIC)
		flavor |= SAMPLED_PC_VM_FAULTS_ANY;
	return (samples->flavors & flavor) != 0;
}

static void add(struct pc_samples *samples, const sampled_pc_t *sample)
{
	if (is_wanted(samples, sample->sampletype))
		samples->ring[samples->taken++ % SAMPLES_MAX] = *sample;
}

void pc_sample_take(sampled_pc_flavor_t flavor)
{
	struct thread *self = current_thread();
	sampled_pc_t sample = {
		.id = self->id,		/* never an address of the kernel's */
		.pc = machine_user_pc(self),
		.sampletype = flavor,
	};

	if (self->task == kernel_task)	/* is never in user mode */
		return;
	spin_lock(&samples_lock);
	add(self->samples, &sample);
	add(self->task->samples, &sample);
	spin_unlock(&samples_lock);
}

/* --- Asking; `slot` is the task's or the thread's ------------------------------------------- */

/* Begin, from number 0, or begin again. */
static kern_return_t enable(struct pc_samples **slot, struct estate *estate, int *tick,
			    sampled_pc_flavor_t flavors)
{
	struct pc_samples *fresh;

	if ((flavors & FLAVORS) == 0 || (flavors & ~(sampled_pc_flavor_t)FLAVORS) != 0)
		return KERN_INVALID_ARGUMENT;
	fresh = samples_alloc(estate);
	if (fresh == NULL)
		return KERN_RESOURCE_SHORTAGE;
	spin_lock(&samples_lock);
	if (*slot == NULL) {
		*slot = fresh;
		fresh = NULL;
	}
	(*slot)->flavors = flavors;
	(*slot)->taken = 0;
	spin_unlock(&samples_lock);
	pc_samples_free(fresh, estate);
	*tick = TICK_MS * 1000;
	return KERN_SUCCESS;
}

static kern_return_t disable(struct pc_samples *const *slot, int *count)
{
	kern_return_t kr = KERN_FAILURE;

	spin_lock(&samples_lock);
	if (*slot != NULL) {
		(*slot)->flavors = 0;
		*count = (int)(*slot)->taken;
		kr = KERN_SUCCESS;
	}
	spin_unlock(&samples_lock);
	return kr;
}

/* Those from *number on, as far as they are still there; *number is the next one's then. */
static kern_return_t get(struct pc_samples *const *slot, sampled_pc_seqno_t *number,
			 sampled_pc_array_t out, mach_msg_type_number_t *count)
{
	const struct pc_samples *samples;
	uint32_t new;

	spin_lock(&samples_lock);
	samples = *slot;
	if (samples == NULL || (int32_t)(samples->taken - *number) < 0) {
		spin_unlock(&samples_lock);
		return KERN_FAILURE;
	}
	new = samples->taken - *number;
	if (new > SAMPLES_MAX)
		new = SAMPLES_MAX;
	for (uint32_t i = 0; i < new; i++)
		out[i] = samples->ring[(samples->taken - new + i) % SAMPLES_MAX];
	*number = samples->taken;
	*count = new;
	spin_unlock(&samples_lock);
	return KERN_SUCCESS;
}

/* --- Routines ------------------------------------------------------------------------------- */

kern_return_t task_enable_pc_sampling(struct task *task, int *tick, sampled_pc_flavor_t flavors)
{
	return task == NULL ? KERN_INVALID_ARGUMENT
			    : enable(&task->samples, task->estate, tick, flavors);
}

kern_return_t task_disable_pc_sampling(struct task *task, int *count)
{
	return task == NULL ? KERN_INVALID_ARGUMENT : disable(&task->samples, count);
}

kern_return_t task_get_sampled_pcs(struct task *task, sampled_pc_seqno_t *number,
				   sampled_pc_array_t samples, mach_msg_type_number_t *count)
{
	return task == NULL ? KERN_INVALID_ARGUMENT : get(&task->samples, number, samples, count);
}

kern_return_t thread_enable_pc_sampling(struct thread *thread, int *tick,
					sampled_pc_flavor_t flavors)
{
	return thread == NULL ? KERN_INVALID_ARGUMENT
			      : enable(&thread->samples, thread->task->estate, tick, flavors);
}

kern_return_t thread_disable_pc_sampling(struct thread *thread, int *count)
{
	return thread == NULL ? KERN_INVALID_ARGUMENT : disable(&thread->samples, count);
}

kern_return_t thread_get_sampled_pcs(struct thread *thread, sampled_pc_seqno_t *number,
				     sampled_pc_array_t samples, mach_msg_type_number_t *count)
{
	return thread == NULL ? KERN_INVALID_ARGUMENT
			      : get(&thread->samples, number, samples, count);
}
