/* SPDX-License-Identifier: BSD-2-Clause */
/* Samples of program counters, of mach4: our own at each tick, while we do nothing but wait. */
#include "foreign.h"

#include <mach/pc_sample.h>

#include "mach4.h"

#define TICK	10000		/* microseconds */
#define MOST	512

static sampled_pc_t samples[MOST];

static void work(void)
{
	for (volatile unsigned int i = 0; i < 20000000; i++)
		;
}

/* All are within what ran. */
static boolean_t in_program(mach_msg_type_number_t count)
{
	for (unsigned int i = 0; i < count; i++)
		if (samples[i].pc >= VM_MAX_ADDRESS || samples[i].sampletype != SAMPLED_PC_PERIODIC)
			return FALSE;
	return count > 0;
}

void test_samples(void)
{
	mach_port_t thread = mach_thread_self();
	mach_msg_type_number_t count = MOST;
	sampled_pc_seqno_t number = 0;
	int tick = 0, taken = 0;

	answer("task_enable_pc_sampling",
	       task_enable_pc_sampling(mach_task_self(), &tick, SAMPLED_PC_PERIODIC), KERN_SUCCESS);
	check(tick == TICK, "at each tick");
	answer("thread_enable_pc_sampling",
	       thread_enable_pc_sampling(thread, &tick, SAMPLED_PC_PERIODIC), KERN_SUCCESS);
	work();
	answer("task_get_sampled_pcs",
	       task_get_sampled_pcs(mach_task_self(), &number, samples, &count), KERN_SUCCESS);
	check(number >= count && in_program(count), "samples of the task");
	number = 0;
	count = MOST;
	answer("thread_get_sampled_pcs", thread_get_sampled_pcs(thread, &number, samples, &count),
	       KERN_SUCCESS);
	check(number >= count && in_program(count), "samples of the thread");
	answer("task_disable_pc_sampling", task_disable_pc_sampling(mach_task_self(), &taken),
	       KERN_SUCCESS);
	answer("thread_disable_pc_sampling", thread_disable_pc_sampling(thread, &taken),
	       KERN_SUCCESS);
	check(taken >= (int) number, "as many as were shown, or more");
	drop(thread);
}
