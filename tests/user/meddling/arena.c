/* SPDX-License-Identifier: BSD-2-Clause */
/* Who keeps the arena: from outside, so that nothing that is done there touches it. */
#include "arena.h"

#include <libmach/print.h>
#include <libmach/string.h>
#include <libmach/thread.h>
#include <mach.h>
#include <mach/notify.h>
#include <mach/porter.h>
#include <mach/vm_param.h>

#include "../common/messages.h"
#include "../common/ports.h"
#include "../common/snapshot.h"
#include "../common/tap.h"

#define SELF		mach_task_self()
#define TURN_MS		2
#define TURNS		40		/* of a batch */
#define PATIENCE_MS	3000
#define SLACK_PAGES	48

static mach_port_t task, threads[FIGHTERS];
static unsigned int lives;

static void make_arena(uint32_t seed)
{
	vm_address_t address = 0;
	vm_size_t size = (sizeof *arena + PAGE_SIZE - 1) & ~(vm_size_t) (PAGE_SIZE - 1);

	EXPECT(vm_allocate(SELF, &address, size, TRUE), KERN_SUCCESS);
	EXPECT(vm_inherit(SELF, address, size, VM_INHERIT_SHARE), KERN_SUCCESS);
	arena = (struct arena *) address;
	for (unsigned int i = 0; i < FIGHTERS; i++)
		arena->fighters[i].random = (seed * FIGHTERS + i + 1) * 0x9e3779b1u | 1;
}

/* One that has ended may still be on its stack: each life has its own. */
static void start_life(unsigned int index)
{
	vm_address_t stack = 0;
	struct i386_thread_state state;

	EXPECT(vm_map(task, &stack, THREAD_STACK_SIZE, THREAD_STACK_SIZE - 1, TRUE,
		MACH_PORT_NULL, 0, FALSE, VM_PROT_READ | VM_PROT_WRITE, VM_PROT_ALL,
		VM_INHERIT_COPY), KERN_SUCCESS);
	arena->fighters[index].stack = stack + THREAD_STACK_SIZE - 64;
	EXPECT(thread_create(task, &threads[index]), KERN_SUCCESS);
	mach_port_destroy(task, NAME_FIGHTER + index);
	EXPECT(mach_port_insert_right(task, NAME_FIGHTER + index, threads[index],
		MACH_MSG_TYPE_COPY_SEND), KERN_SUCCESS);
	fighter_begin(index, &state);
	thread_set_state(threads[index], i386_THREAD_STATE, (thread_state_t) &state,
		i386_THREAD_STATE_COUNT);
	thread_resume(threads[index]);
	lives++;
}

static void keep(struct fighter *dice, unsigned int index)
{
	if (port_type(threads[index]) == MACH_PORT_TYPE_DEAD_NAME) {
		port_destroy(threads[index]);
		start_life(index);
		return;
	}
	if (chance(dice, 3) == 0)
		thread_abort(threads[index]);
	while (thread_resume(threads[index]) == KERN_SUCCESS)
		continue;
}

static void open_arena(void)
{
	EXPECT(mach_task_start(arena_open, NULL, &task), KERN_SUCCESS);
	for (unsigned int i = 0; i < 100 && !arena->open; i++)
		sleep_for(TURN_MS);
	EXPECT_TRUE(arena->open);
	for (unsigned int i = 0; i < FIGHTERS; i++)
		start_life(i);
}

/* Whatever they are doing, they end at once. */
static void close_arena(void)
{
	mach_port_t notify = port_new();
	struct message message;

	EXPECT(port_request(task, MACH_NOTIFY_DEAD_NAME, 1, notify), KERN_SUCCESS);
	EXPECT(task_terminate(task), KERN_SUCCESS);
	EXPECT(message_receive_wait(&message, notify, PATIENCE_MS), MACH_MSG_SUCCESS);
	port_destroy(notify);
	port_destroy(task);
	for (unsigned int i = 0; i < FIGHTERS; i++) {
		EXPECT(port_type(threads[i]), MACH_PORT_TYPE_DEAD_NAME);
		port_destroy(threads[i]);
	}
}

/* By the kernel's checker, in debug builds: what it finds it tells in a panic. */
static void check_rights(void)
{
	kern_return_t result = host_ipc_check(tap_host_priv);

	if (result != KERN_SUCCESS)
		EXPECT(result, KERN_FAILURE);
}

static void fight_batch(uint32_t seed)
{
	struct fighter dice = { .random = seed | 1 };
	unsigned int steps = 0;

	tap_about("seed %u", seed);
	make_arena(seed);
	open_arena();
	for (unsigned int turn = 0; turn < TURNS; turn++) {
		sleep_for(1 + chance(&dice, 2 * TURN_MS));
		while (task_resume(task) == KERN_SUCCESS)
			continue;
		for (unsigned int i = 0; i < FIGHTERS; i++)
			keep(&dice, i);
	}
	close_arena();
	check_rights();
	for (unsigned int i = 0; i < WRONGS; i++)
		if (arena->wrong[i] != 0)
			tap_fail("%u times wrong, of kind %u, last 0x%x", arena->wrong[i], i,
				arena->what[i]);
	for (unsigned int i = 0; i < FIGHTERS; i++)
		steps += arena->fighters[i].steps;
	EXPECT_TRUE(steps > 20 && arena->calls > 0);
	printf("# seed %u: %u steps, %u lives, %u calls, %u given back, %u exceptions\n", seed,
		steps, lives, arena->calls, arena->given_back, arena->breaks);
	lives = 0;
	EXPECT(vm_deallocate(SELF, (vm_address_t) arena, sizeof *arena), KERN_SUCCESS);
}

static void check_pages(unsigned int before)
{
	unsigned int after = 0;

	/* The last threads of the dead are put away when there is time. */
	for (unsigned int i = 0; i < 20; i++) {
		after = snapshot_free_pages();
		if (after + SLACK_PAGES >= before)
			return;
		sleep_for(10);
	}
	tap_fail("%u pages were free before, %u are now", before, after);
}

void test_arena(void)
{
	unsigned int batches = tap_rounds(40, 400), before = 0;
	uint32_t seed = tap_seed != 0 ? tap_seed * 1000 : 1;

	for (unsigned int i = 0; i < batches; i++) {
		fight_batch(seed + i);
		if (i == 0)
			before = snapshot_free_pages();	/* caches are filled */
	}
	check_pages(before);
}
