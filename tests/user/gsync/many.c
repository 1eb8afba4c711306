/* SPDX-License-Identifier: BSD-2-Clause */
/* All flags; many threads; words that go, and tasks that end, while they are waited on. */
#include <libmach/string.h>
#include <libmach/thread.h>
#include <mach.h>
#include <mach/gnumach.h>
#include <mach/gsync.h>
#include <mach/vm_param.h>

#include "../common/messages.h"
#include "../common/ports.h"
#include "../common/race.h"
#include "../common/snapshot.h"
#include "../common/tap.h"
#include "tests.h"

#define PATIENCE	30
#define ALL_FLAGS	0x20u
#define UNKNOWN_FLAGS	0x7fffffe0

/* --- flags ---------------------------------------------------------------------------------- */

static void try_flags(vm_address_t page, int flags)
{
	tap_about("flags %x", flags);
	*word_at(page) = 5;
	*word_at(page + 4) = 6;
	EXPECT(gsync_wait(SELF, page, 4, 6, 0, flags), KERN_INVALID_ARGUMENT);
	EXPECT(gsync_wait(SELF, page, 5, 6, 1, flags | GSYNC_TIMED), KERN_TIMEDOUT);
	EXPECT(gsync_wait(SELF, page, 5, 7, 1, flags | GSYNC_TIMED),
		flags & GSYNC_QUAD ? KERN_INVALID_ARGUMENT : KERN_TIMEDOUT);
	EXPECT(requeue(SELF, page, page + 8, TRUE, flags), KERN_INVALID_ARGUMENT);
	EXPECT(*word_at(page), 5);
	EXPECT(wake(SELF, page, 77, flags), KERN_INVALID_ARGUMENT);
	EXPECT(*word_at(page), flags & GSYNC_MUTATE ? 77 : 5);
	EXPECT(*word_at(page + 4), 6);
}

/* Flags mean nothing to calls that they are not for, nor do those that nobody knows. */
void test_flags(void)
{
	vm_address_t page = page_new(1);

	for (unsigned int flags = 0; flags < ALL_FLAGS; flags++) {
		try_flags(page, flags);
		try_flags(page, flags | UNKNOWN_FLAGS);
	}
	tap_about("%s", "");
	page_end(page, 1);
}

/* --- many threads ------------------------------------------------------------------------------ */

#define CROWD_MAX	1000u

struct crowd {
	mach_port_t		task;		/* whose word it is */
	vm_address_t		address;
	int			flags;
	volatile unsigned int	came, left, wrong;
	mach_port_t		thread[CROWD_MAX];
};

static void wait_in_crowd(void *argument)
{
	struct crowd *crowd = argument;

	__sync_fetch_and_add(&crowd->came, 1);
	if (gsync_wait(crowd->task, crowd->address, 0, 0, 0, crowd->flags) != KERN_SUCCESS)
		__sync_fetch_and_add(&crowd->wrong, 1);
	__sync_fetch_and_add(&crowd->left, 1);
}

static void crowd_start(struct crowd *crowd, vm_address_t address, int flags, unsigned int count)
{
	memset(crowd, 0, sizeof *crowd);
	crowd->task = SELF;
	crowd->address = address;
	crowd->flags = flags;
	for (unsigned int i = 0; i < count; i++)
		EXPECT(mach_thread_start(wait_in_crowd, crowd, &crowd->thread[i]), KERN_SUCCESS);
	while (crowd->came < count)
		sleep_for(10);
	sleep_for(PATIENCE);
	EXPECT(crowd->left, 0);
}

static void expect_left(const struct crowd *crowd, unsigned int count)
{
	for (int i = 0; i < 200 && crowd->left < count; i++)
		sleep_for(10);
	EXPECT(crowd->left, count);
	EXPECT(crowd->wrong, 0);
}

static void crowd_end(struct crowd *crowd, unsigned int count)
{
	expect_left(crowd, count);
	if (crowd->left == count)
		for (unsigned int i = 0; i < count; i++)
			mach_thread_join(crowd->thread[i]);
}

/* Woken one by one, moved, and woken at once; who waits beside them waits on. */
static void try_crowd(int flags)
{
	static struct crowd crowd, beside;
	unsigned int count = tap_rounds(150, CROWD_MAX);
	vm_address_t page = page_new(1), other = page + 512;

	tap_about("flags %x", flags);
	crowd_start(&beside, page + 4, flags, 20);
	crowd_start(&crowd, page, flags, count);
	for (unsigned int i = 0; i < 10; i++)
		EXPECT(wake(SELF, page, 0, flags), KERN_SUCCESS);
	expect_left(&crowd, 10);
	EXPECT(requeue(SELF, page, other, TRUE, flags | GSYNC_BROADCAST), KERN_SUCCESS);
	expect_left(&crowd, 11);
	EXPECT(wake(SELF, page, 0, flags | GSYNC_BROADCAST), KERN_INVALID_ARGUMENT);
	EXPECT(requeue(SELF, other, page, FALSE, flags | GSYNC_BROADCAST), KERN_SUCCESS);
	EXPECT(wake(SELF, page, 0, flags | GSYNC_BROADCAST), KERN_SUCCESS);
	crowd_end(&crowd, count);
	EXPECT(wake(SELF, page, 0, flags | GSYNC_BROADCAST), KERN_INVALID_ARGUMENT);
	EXPECT(beside.left, 0);
	EXPECT(wake(SELF, page + 4, 0, flags | GSYNC_BROADCAST), KERN_SUCCESS);
	crowd_end(&beside, 20);
	tap_about("%s", "");
	page_end(page, 1);
}

void test_many_waiters(void)
{
	try_crowd(0);
	try_crowd(GSYNC_SHARED);
}

/* --- words that go ------------------------------------------------------------------------------- */

static void wait_shortly(void *argument)
{
	struct crowd *crowd = argument;

	__sync_fetch_and_add(&crowd->came, 1);
	if (gsync_wait(crowd->task, crowd->address, 0, 0, 100, crowd->flags) != KERN_TIMEDOUT)
		__sync_fetch_and_add(&crowd->wrong, 1);
	__sync_fetch_and_add(&crowd->left, 1);
}

/*
 * Who waits on shared memory that has gone waits for nothing: no other memory is ever taken for it,
 * and nobody's wake-up gets lost there.
 */
void test_forgotten_words(void)
{
	vm_address_t page = page_new(1);
	static struct crowd crowd;
	mach_port_t thread;

	crowd = (struct crowd) { .task = SELF, .address = page, .flags = GSYNC_SHARED | GSYNC_TIMED };
	EXPECT(mach_thread_start(wait_shortly, &crowd, &thread), KERN_SUCCESS);
	sleep_for(PATIENCE);
	EXPECT(crowd.came, 1);
	page_end(page, 1);
	for (unsigned int i = 0; i < 100; i++) {
		vm_address_t again = page;

		EXPECT(vm_allocate(SELF, &again, PAGE_SIZE, FALSE), KERN_SUCCESS);
		EXPECT(wake(SELF, again, 0, GSYNC_SHARED | GSYNC_MUTATE), KERN_INVALID_ARGUMENT);
		page_end(again, 1);
	}
	expect_left(&crowd, 1);
	mach_thread_join(thread);
}

/* --- tasks that end ------------------------------------------------------------------------------ */

#define WORDS		4u
#define TASKS		3u
#define THREADS		4u

static vm_address_t words;		/* which all tasks share */

static void churn(void *argument)
{
	struct racer self = { .seed = (uint32_t) (vm_address_t) argument };

	for (;;) {
		vm_address_t one = words + 4 * race_random(&self, WORDS);
		vm_address_t two = words + 4 * race_random(&self, WORDS);
		int flags = race_random(&self, 4) == 0 ? 0 : GSYNC_SHARED;
		unsigned int choice = race_random(&self, 8);

		flags |= race_random(&self, 2) * GSYNC_BROADCAST;
		if (choice < 4)
			gsync_wait(SELF, one, 0, 0, 0, flags);
		else if (choice == 4)
			gsync_wait(SELF, one, 0, 0, race_random(&self, 3), flags | GSYNC_TIMED);
		else if (choice < 7)
			gsync_wake(SELF, one, 0, flags);
		else
			gsync_requeue(SELF, one, two, race_random(&self, 2), flags);
	}
}

static void run_child(void *argument)
{
	uint32_t seed = (uint32_t) (vm_address_t) argument;
	mach_port_t thread;

	for (uint32_t i = 1; i < THREADS; i++)
		mach_thread_start(churn, (void *) (vm_address_t) (seed + i), &thread);
	churn(argument);
}

/* Their waits end with them: afterwards nobody waits any more. */
static void end_tasks(void)
{
	static uint32_t seed = 20261122;
	mach_port_t task[TASKS];

	for (unsigned int i = 0; i < TASKS; i++, seed += 16)
		EXPECT(mach_task_start(run_child, (void *) (vm_address_t) seed, &task[i]),
			KERN_SUCCESS);
	for (unsigned int i = 0; i < TASKS; i++) {
		wake(SELF, words + 4 * i, 0, GSYNC_SHARED | GSYNC_BROADCAST);
		sleep_for(seed / 16 % 2);
		EXPECT(task_terminate(task[i]), KERN_SUCCESS);
		EXPECT(mach_port_deallocate(SELF, task[i]), KERN_SUCCESS);
	}
	for (unsigned int i = 0; i < WORDS; i++)
		EXPECT(wake(SELF, words + 4 * i, 0, GSYNC_SHARED | GSYNC_BROADCAST),
			KERN_INVALID_ARGUMENT);
}

void test_tasks_that_end(void)
{
	words = page_new(1);
	EXPECT(vm_inherit(SELF, words, PAGE_SIZE, VM_INHERIT_SHARE), KERN_SUCCESS);
	for (unsigned int i = tap_rounds(3, 50); i > 0; i--)
		end_tasks();
	if (tap_rounds(FALSE, TRUE))
		snapshot_conserved(end_tasks, 300);
	page_end(words, 1);
}

/* We wait on words of a task that ends: it does not wait for us, nor we for it. */
void test_waits_on_the_dead(void)
{
	vm_address_t page = page_new(1);
	static struct crowd crowd;
	mach_port_t child, thread;

	for (int shared = 0; shared <= GSYNC_SHARED; shared += GSYNC_SHARED) {
		EXPECT(task_create(SELF, TRUE, &child), KERN_SUCCESS);
		crowd = (struct crowd) {
			.task = child, .address = page, .flags = shared | GSYNC_TIMED,
		};
		EXPECT(mach_thread_start(wait_shortly, &crowd, &thread), KERN_SUCCESS);
		sleep_for(PATIENCE);
		EXPECT(task_terminate(child), KERN_SUCCESS);
		EXPECT(gsync_wait(child, page, 0, 0, 0, shared), MACH_SEND_INVALID_DEST);
		EXPECT(mach_port_deallocate(SELF, child), KERN_SUCCESS);
		expect_left(&crowd, 1);
		mach_thread_join(thread);
	}
	page_end(page, 1);
}
