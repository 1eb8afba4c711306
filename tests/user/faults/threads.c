/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of what each thread has for itself (FPU, SSE), and of sharing the processor. */
#include "threads.h"

#include <libmach/string.h>
#include <libmach/thread.h>
#include <mach.h>

#include "../common/messages.h"
#include "../common/ports.h"
#include "../common/tap.h"
#include "../common/worker.h"

/* --- FPU ------------------------------------------------------------------------------------- */

struct fpu_user {
	unsigned int		seed;
	volatile unsigned int	rounds;
	volatile unsigned int	errors;
	volatile boolean_t	stop;
	volatile unsigned int	control;
	volatile unsigned int	mxcsr;
	mach_port_t		thread;
};

static void read_control(void *argument)
{
	struct fpu_user *self = argument;
	unsigned short control;
	unsigned int mxcsr;

	__asm__ volatile("fnstcw %0\n\tstmxcsr %1" : "=m" (control), "=m" (mxcsr));
	self->control = control;
	self->mxcsr = mxcsr;
}

/* What a new thread begins with, also when others have changed theirs. */
void test_initial_fpu(void)
{
	static struct fpu_user user;
	unsigned short odd_control = 0xf7f, control;
	unsigned int odd_mxcsr = 0x7f80, mxcsr;

	__asm__ volatile("fnstcw %0\n\tstmxcsr %1" : "=m" (control), "=m" (mxcsr));
	EXPECT(control, 0x37f);
	EXPECT(mxcsr, 0x1f80);
	__asm__ volatile("fldcw %0\n\tldmxcsr %1" : : "m" (odd_control), "m" (odd_mxcsr));
	EXPECT(mach_thread_start(read_control, &user, &user.thread), KERN_SUCCESS);
	mach_thread_join(user.thread);
	EXPECT(user.control, 0x37f);
	EXPECT(user.mxcsr, 0x1f80);
	read_control(&user);
	EXPECT(user.control, odd_control);
	EXPECT(user.mxcsr, odd_mxcsr);
	__asm__ volatile("fldcw %0\n\tldmxcsr %1" : : "m" (control), "m" (mxcsr));
}

/* Keeps a number in an x87 and in an SSE register over calls and preemptions. */
static void use_fpu(void *argument)
{
	struct fpu_user *self = argument;
	unsigned int value[4] __attribute__((aligned(16)));
	unsigned int seed = self->seed, back, round;

	while (!self->stop) {
		for (int i = 0; i < 4; i++)
			value[i] = seed + i;
		__asm__ volatile("fildl %0\n\tmovaps %1, %%xmm3" : : "m" (seed), "m" (value));
		if (self->rounds % 2 == 0)
			swtch_pri(0);
		else
			for (round = 0; round < 20000; round++)
				__asm__ volatile("");
		memset(value, 0, sizeof value);
		__asm__ volatile("fistpl %0\n\tmovaps %%xmm3, %1" : "=m" (back), "=m" (value));
		if (back != seed || value[0] != seed || value[3] != seed + 3)
			self->errors++;
		self->rounds++;
	}
}

void test_fpu_per_thread(void)
{
	static struct fpu_user user[4];

	for (unsigned int i = 0; i < COUNT_OF(user); i++) {
		user[i] = (struct fpu_user) { .seed = 1000 * (i + 1) };
		EXPECT(mach_thread_start(use_fpu, &user[i], &user[i].thread), KERN_SUCCESS);
	}
	sleep_for(300);
	for (unsigned int i = 0; i < COUNT_OF(user); i++) {
		user[i].stop = TRUE;
		mach_thread_join(user[i].thread);
		EXPECT(user[i].errors, 0);
		EXPECT_TRUE(user[i].rounds > 2);
	}
}

static void load_fpu_and_spin(void *argument)
{
	struct fpu_user *self = argument;
	unsigned int seed = self->seed;

	__asm__ volatile("fildl %0" : : "m" (seed));
	self->rounds = 1;
	while (!self->stop)
		swtch_pri(0);
	__asm__ volatile("fstp %st(0)");
}

void test_fpu_state(void)
{
	static struct fpu_user user;
	struct i386_float_state state;
	mach_msg_type_number_t count = i386_FLOAT_STATE_COUNT;

	user = (struct fpu_user) { .seed = 5 };
	EXPECT(mach_thread_start(load_fpu_and_spin, &user, &user.thread), KERN_SUCCESS);
	while (user.rounds == 0)
		sleep_for(10);
	EXPECT(thread_suspend(user.thread), KERN_SUCCESS);
	EXPECT(thread_get_state(user.thread, i386_FLOAT_STATE, (thread_state_t) &state, &count),
		KERN_SUCCESS);
	EXPECT(count, i386_FLOAT_STATE_COUNT);
	EXPECT(state.initialized, TRUE);
	EXPECT(*(unsigned short *) state.hw_state, 0x37f);
	EXPECT(thread_set_state(user.thread, i386_FLOAT_STATE, (thread_state_t) &state, count),
		KERN_SUCCESS);
	user.stop = TRUE;
	EXPECT(thread_resume(user.thread), KERN_SUCCESS);
	mach_thread_join(user.thread);
}

/* --- the processor --------------------------------------------------------------------------- */

static volatile unsigned int spins;
static volatile boolean_t stop_spinning;

static void spin(void *unused)
{
	(void) unused;
	while (!stop_spinning)
		spins++;
}

static uint64_t time_stamp(void)
{
	uint64_t ticks;

	__asm__ volatile("rdtsc" : "=A" (ticks));
	return ticks;
}

/* Two threads that never give the processor up: both get it. */
void test_preemption(void)
{
	const uint64_t patience = 20000000000ull;
	unsigned int changes = 0, last;
	uint64_t begin = time_stamp();
	mach_port_t thread;

	spins = 0;
	stop_spinning = FALSE;
	EXPECT(mach_thread_start(spin, NULL, &thread), KERN_SUCCESS);
	last = spins;
	while (changes < 5 && time_stamp() - begin < patience)
		if (spins != last) {
			last = spins;
			changes++;
		}
	EXPECT(changes, 5);
	stop_spinning = TRUE;
	mach_thread_join(thread);
}

static void spin_for_ever(void *unused)
{
	(void) unused;
	for (;;)
		__asm__ volatile("");
}

void test_spinning_task(void)
{
	mach_port_t task;

	EXPECT(mach_task_start(spin_for_ever, NULL, &task), KERN_SUCCESS);
	sleep_for(30);
	for (int i = 0; i < 10; i++)
		swtch_pri(0);
	EXPECT(task_terminate(task), KERN_SUCCESS);
	EXPECT(port_type(task), MACH_PORT_TYPE_DEAD_NAME);
	port_destroy(task);
}

/* Timeouts come to their end although another thread spins. */
void test_waiter_wins(void)
{
	mach_port_t thread;

	stop_spinning = FALSE;
	EXPECT(mach_thread_start(spin, NULL, &thread), KERN_SUCCESS);
	for (int i = 0; i < 5; i++)
		sleep_for(20);
	stop_spinning = TRUE;
	mach_thread_join(thread);
}
