/* SPDX-License-Identifier: BSD-2-Clause */
/* Tasks and threads. */
#include "../common/tap.h"
#include "tests.h"

static const struct test tests[] = {
	{ .name = "a new task", .run = test_new_task },
	{ .name = "suspending a task", .run = test_task_suspension },
	{ .name = "task_threads", .run = test_task_threads },
	{ .name = "task_info", .run = test_task_info },
	{ .name = "what a task has done", .run = test_task_events, .ours = TRUE },
	{ .name = "special ports of a task", .run = test_task_special_ports },
	{ .name = "registered ports", .run = test_registered_ports },
	{ .name = "a task ends itself", .run = test_terminate_self },
	{ .name = "the wrong kind of port", .run = test_wrong_ports },
	{ .name = "essential only who could stop the machine", .run = test_essential,
	  .ours = TRUE },
	{ .name = "emulation and restartable sequences", .run = test_emulation },
	{ .name = "200 tasks", .run = test_many_tasks },
	{ .name = "a new thread", .run = test_new_thread },
	{ .name = "suspending a thread", .run = test_thread_suspension },
	{ .name = "special ports of a thread", .run = test_thread_special_ports },
	{ .name = "other ports for oneself", .run = test_other_self_ports },
	{ .name = "thread_info", .run = test_thread_info },
	{ .name = "the times of threads", .run = test_thread_times, .ours = TRUE },
	{ .name = "a thread's own times", .run = test_own_times, .ours = TRUE },
	{ .name = "the times of a task", .run = test_task_times, .ours = TRUE },
	{ .name = "usage fades", .run = test_usage, .ours = TRUE },
	{ .name = "thread_abort", .run = test_thread_abort },
	{ .name = "thread_terminate", .run = test_thread_terminate },
	{ .name = "thread_terminate_release", .run = test_terminate_release },
	{ .name = "200 threads", .run = test_many_threads },
	{ .name = "thread_priority", .run = test_priorities },
	{ .name = "thread_get_state", .run = test_get_state },
	{ .name = "thread_set_state", .run = test_set_state },
	{ .name = "a thread's own state", .run = test_state_of_self },
	{ .name = "flags are checked", .run = test_flags_are_checked },
	{ .name = "segments are checked", .run = test_segments_are_checked, .ours = TRUE },
	{ .name = "setting the state of a blocked thread", .run = test_set_state_while_blocked },
	{ .name = "registers survive preemption", .run = test_registers_survive },
};

int main(int argc, char **argv)
{
	return tap_main(argc, argv, tests, COUNT_OF(tests));
}
