/* SPDX-License-Identifier: BSD-2-Clause */
/* thread_switch with the name of a thread. */
#include <libmach/thread.h>
#include <mach.h>
#include <mach/thread_switch.h>

#include "../common/ports.h"
#include "../common/tap.h"
#include "tests.h"

#define RUNNERS 4
#define ROUNDS 24

static volatile unsigned int order[RUNNERS], started;

static void note_turn(void *argument)
{
	order[started++] = (unsigned int) (uintptr_t) argument;
}

/* All are ready, as good as we are, and have never run. */
static unsigned int first_after_hint(unsigned int hint)
{
	mach_port_t threads[RUNNERS];

	started = 0;
	for (unsigned int i = 0; i < RUNNERS; i++)
		EXPECT(mach_thread_prepare(note_turn, (void *) (uintptr_t) i, &threads[i]),
			KERN_SUCCESS);
	thread_switch(MACH_PORT_NULL, SWITCH_OPTION_WAIT, 1);	/* a fresh slice */
	for (unsigned int i = 0; i < RUNNERS; i++)
		EXPECT(thread_resume(threads[i]), KERN_SUCCESS);
	EXPECT(started, 0);
	EXPECT(thread_switch(threads[hint], SWITCH_OPTION_NONE, 0), KERN_SUCCESS);
	for (unsigned int i = 0; i < RUNNERS; i++)
		mach_thread_join(threads[i]);
	EXPECT(started, RUNNERS);
	return order[0];
}

void test_hint_runs_next(void)
{
	for (unsigned int i = 0; i < ROUNDS; i++)
		EXPECT(first_after_hint(i % RUNNERS), i % RUNNERS);
}

void test_hint_is_only_a_hint(void)
{
	mach_port_t port = port_new();
	mach_port_t names[] = { MACH_PORT_NULL, MACH_PORT_DEAD, port, mach_task_self(),
		mach_host_self(), 0x7ffff123, mach_thread_self() };

	for (unsigned int i = 0; i < COUNT_OF(names); i++)
		for (int option = SWITCH_OPTION_NONE; option <= SWITCH_OPTION_WAIT; option++)
			EXPECT(thread_switch(names[i], option, 1), KERN_SUCCESS);
	mach_port_deallocate(mach_task_self(), names[4]);
	mach_port_deallocate(mach_task_self(), names[6]);
	port_destroy(port);
}
