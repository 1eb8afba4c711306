/* SPDX-License-Identifier: BSD-2-Clause */
/* Exceptions, the FPU, and preemption. */
#include "../common/tap.h"
#include "exceptions.h"
#include "threads.h"

static const struct test tests[] = {
	{ .name = "exceptions by instruction", .run = test_table },
	{ .name = "exceptions by address", .run = test_addresses },
	{ .name = "a return to nowhere", .run = test_interrupt_return },
	{ .name = "a return to virtual 8086 mode", .run = test_virtual_return },
	{ .name = "an exception of the x87", .run = test_x87 },
	{ .name = "code that does not fault", .run = test_no_fault },
	{ .name = "the handler lets the thread go on", .run = test_resume },
	{ .name = "a fault without handler ends the task", .run = test_no_handler },
	{ .name = "a handler that is dead", .run = test_dead_handler },
	{ .name = "the task's handler", .run = test_task_handler },
	{ .name = "handlers without room", .run = test_narrow_handler },
	{ .name = "a new thread's FPU", .run = test_initial_fpu },
	{ .name = "each thread has its own FPU", .run = test_fpu_per_thread },
	{ .name = "floating-point state of another thread", .run = test_fpu_state },
	{ .name = "preemption", .run = test_preemption },
	{ .name = "a task that spins", .run = test_spinning_task },
	{ .name = "timeouts while a thread spins", .run = test_waiter_wins },
};

int main(int argc, char **argv)
{
	return tap_main(argc, argv, tests, COUNT_OF(tests));
}
