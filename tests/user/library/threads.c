/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of threads, tasks and the allocator. */
#include <libmach/memory.h>
#include <libmach/string.h>
#include <libmach/thread.h>
#include <mach.h>
#include <mach/mig_support.h>
#include <mach/vm_param.h>

#include "../common/messages.h"
#include "../common/ports.h"
#include "../common/tap.h"
#include "tests.h"

#define SELF	mach_task_self()
#define THREADS	20

/* --- threads --------------------------------------------------------------------------------- */

struct thread {
	mach_port_t	port;
	uintptr_t	stack;
	mach_port_t	reply;
	mach_port_t	self;
	boolean_t	reply_is_stable;
};

static void look_around(void *argument)
{
	struct thread *thread = argument;
	char large[THREAD_STACK_SIZE / 2];

	large[0] = 1;
	__asm__ volatile("" : : "r" (large) : "memory");
	thread->stack = (uintptr_t) large;
	thread->self = mach_thread_self();
	thread->reply = mig_get_reply_port();
	swtch_pri(0);
	thread->reply_is_stable = mig_get_reply_port() == thread->reply;
	mach_port_deallocate(SELF, thread->self);
}

void test_threads(void)
{
	static struct thread threads[THREADS];

	for (int i = 0; i < THREADS; i++)
		EXPECT(mach_thread_start(look_around, &threads[i], &threads[i].port),
			KERN_SUCCESS);
	for (int i = 0; i < THREADS; i++) {
		mach_port_t name = threads[i].port;

		mach_thread_join(name);
		EXPECT(threads[i].self, name);
		EXPECT(port_type(threads[i].reply), 0);
	}
}

void test_stacks_are_used_again(void)
{
	struct thread thread;
	uintptr_t first = 0;

	for (int i = 0; i < 10; i++) {
		EXPECT(mach_thread_start(look_around, &thread, &thread.port), KERN_SUCCESS);
		mach_thread_join(thread.port);
		if (i == 0)
			first = thread.stack;
		EXPECT(thread.stack, first);
	}
}

void test_reply_port_per_thread(void)
{
	static struct thread threads[3];
	mach_port_t mine = mig_get_reply_port();

	for (unsigned int i = 0; i < COUNT_OF(threads); i++)
		EXPECT(mach_thread_start(look_around, &threads[i], &threads[i].port),
			KERN_SUCCESS);
	for (unsigned int i = 0; i < COUNT_OF(threads); i++) {
		mach_thread_join(threads[i].port);
		EXPECT_TRUE(threads[i].reply_is_stable);
		EXPECT_TRUE(threads[i].reply != mine);
	}
	EXPECT(mig_get_reply_port(), mine);
}

/* --- tasks ----------------------------------------------------------------------------------- */

struct shared {
	volatile boolean_t	done;
	volatile mach_port_t	task;
	volatile kern_return_t	result;
	volatile unsigned int	sum;
};

static unsigned int private_word = 5;

/* In the new task, calls to the kernel and threads work as anywhere. */
static void run_in_child(void *argument)
{
	struct shared *shared = argument;
	struct thread thread = { 0 };

	private_word++;
	shared->task = mach_task_self();
	shared->result = mach_thread_start(look_around, &thread, &thread.port);
	mach_thread_join(thread.port);
	shared->sum = private_word + (thread.reply_is_stable ? 10 : 0);
	shared->done = TRUE;
}

void test_task_start(void)
{
	vm_offset_t page = 0;
	struct shared *shared;
	mach_port_t task;

	EXPECT(vm_allocate(SELF, &page, PAGE_SIZE, TRUE), KERN_SUCCESS);
	EXPECT(vm_inherit(SELF, page, PAGE_SIZE, VM_INHERIT_SHARE), KERN_SUCCESS);
	shared = (struct shared *) page;
	EXPECT(mach_task_start(run_in_child, shared, &task), KERN_SUCCESS);
	for (int i = 0; i < 100 && port_type(task) != MACH_PORT_TYPE_DEAD_NAME; i++)
		sleep_for(10);
	EXPECT(port_type(task), MACH_PORT_TYPE_DEAD_NAME);
	EXPECT(shared->done, TRUE);
	EXPECT(shared->result, KERN_SUCCESS);
	EXPECT(shared->sum, 16);
	EXPECT(private_word, 5);
	port_destroy(task);
	vm_deallocate(SELF, page, PAGE_SIZE);
}

/* --- malloc ---------------------------------------------------------------------------------- */

#define BLOCKS	300

static uint32_t next_random(uint32_t *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 8;
}

/* Blocks of many sizes, each filled with its own byte, freed in a different order. */
static unsigned int use_blocks(uint32_t seed)
{
	unsigned char *block[BLOCKS] = { NULL };
	size_t size[BLOCKS] = { 0 };
	unsigned int errors = 0;

	for (int step = 0; step < 3000; step++) {
		unsigned int i = next_random(&seed) % BLOCKS;

		for (size_t at = 0; at < size[i]; at += 1 + size[i] / 7)
			errors += block[i][at] != (unsigned char) i;
		free(block[i]);
		size[i] = next_random(&seed) % (step % 50 == 0 ? 100000 : 600);
		block[i] = malloc(size[i]);
		errors += block[i] == NULL || (uintptr_t) block[i] % 16 != 0;
		memset(block[i], i, size[i]);
	}
	for (int i = 0; i < BLOCKS; i++)
		free(block[i]);
	return errors;
}

void test_malloc(void)
{
	unsigned char *zeros;

	EXPECT(use_blocks(1), 0);
	free(NULL);
	zeros = calloc(100, 10);
	for (int i = 0; i < 1000; i++)
		EXPECT(zeros[i], 0);
	free(zeros);
	EXPECT((uintptr_t) malloc((size_t) -1), 0);
	EXPECT((uintptr_t) malloc((size_t) -20), 0);
	EXPECT((uintptr_t) calloc(0x10000, 0x10000), 0);
}

static volatile unsigned int thread_errors;

static void use_blocks_in_thread(void *seed)
{
	unsigned int errors = use_blocks((uintptr_t) seed);

	__atomic_add_fetch(&thread_errors, errors, __ATOMIC_SEQ_CST);
}

void test_malloc_in_threads(void)
{
	mach_port_t threads[4];

	thread_errors = 0;
	for (unsigned int i = 0; i < COUNT_OF(threads); i++)
		EXPECT(mach_thread_start(use_blocks_in_thread, (void *) (uintptr_t) (i + 5),
			&threads[i]), KERN_SUCCESS);
	for (unsigned int i = 0; i < COUNT_OF(threads); i++)
		mach_thread_join(threads[i]);
	EXPECT(thread_errors, 0);
}
