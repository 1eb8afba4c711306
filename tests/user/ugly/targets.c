/* SPDX-License-Identifier: BSD-2-Clause */
/* Calls on another task's memory that wait for its pager, when the task dies (MK-17). */
#include <libmach/thread.h>
#include <mach.h>
#include <mach/gnumach.h>
#include <mach/gsync.h>
#include <mach/mach_host.h>

#include "../common/ports.h"
#include "../common/tap.h"
#include "tests.h"

static struct edge edge;
static mach_port_t target;
static volatile unsigned int done;
static unsigned char page[PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));

static void write_it(void)
{
	vm_write(target, edge.at, (vm_offset_t) page, PAGE_SIZE);
}

static void copy_it(void)
{
	vm_copy(target, edge.at, PAGE_SIZE, edge.at - PAGE_SIZE);
}

static void copy_over_it(void)
{
	vm_copy(target, edge.at - PAGE_SIZE, PAGE_SIZE, edge.at);
}

static void wire_it(void)
{
	vm_wire(tap_host_priv, target, edge.at, PAGE_SIZE, VM_PROT_READ);
}

static void wire_all(void)
{
	vm_wire_all(tap_host_priv, target, VM_WIRE_ALL);
}

static void wait_on_it(void)
{
	gsync_wait(target, edge.at, 0, 0, 0, 0);
}

static void wake_it(void)
{
	gsync_wake(target, edge.at - 4, 1, GSYNC_MUTATE | GSYNC_QUAD);
	gsync_wake(target, edge.at, 1, GSYNC_MUTATE);
}

static void fork_it(void)
{
	mach_port_t child;

	if (task_create(target, TRUE, &child) == KERN_SUCCESS) {
		task_terminate(child);
		mach_port_deallocate(SELF, child);
	}
}

static void (*const calls[])(void) = {
	write_it, copy_it, copy_over_it, wire_it, wire_all, wait_on_it, wake_it, fork_it,
};

static void call(void *argument)
{
	calls[(uintptr_t) argument]();
	done = TRUE;
}

/* Whoever waits is let go when the object is: by the task's end, or the pager's. */
void test_target_dies(void)
{
	for (unsigned int i = 0; i < 2 * COUNT_OF(calls); i++) {
		mach_port_t thread;

		tap_about("call %u, pager %u", i / 2, i % 2);
		edge_new(&edge);
		EXPECT(task_create(SELF, TRUE, &target), KERN_SUCCESS);
		done = FALSE;
		EXPECT(mach_thread_start(call, (void *) (uintptr_t) (i / 2), &thread),
			KERN_SUCCESS);
		sleep_for(30);
		EXPECT(task_terminate(target), KERN_SUCCESS);
		port_destroy(target);
		if (i % 2)
			EXPECT(vm_deallocate(SELF, edge.at, PAGE_SIZE), KERN_SUCCESS);
		else
			edge_dies(&edge);
		for (unsigned int k = 0; k < 100 && !done; k++)
			sleep_for(10);
		EXPECT_TRUE(done);
		if (!done)
			thread_abort(thread);
		mach_thread_join(thread);
		edge_end(&edge);
	}
	tap_about("%s", "");
}
