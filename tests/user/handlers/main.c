/* SPDX-License-Identifier: BSD-2-Clause */
/* Handlers of exceptions: good and bad, slow, dying, and gone (spec/ipc.md, section 14). */
#include "../common/tap.h"
#include "handlers.h"

static const struct test tests[] = {
	{ .name = "yes", .run = test_yes },
	{ .name = "EX-3 all other answers", .run = test_bad_answers, .ours = TRUE },
	{ .name = "EX-3 all other answers, straight", .run = test_bad_answers_straight,
		.ours = TRUE },
	{ .name = "straight, and straight back", .run = test_straight },
	{ .name = "straight into all kinds of buffers", .run = test_straight_buffers },
	{ .name = "straight, and aborted", .run = test_straight_abort },
	{ .name = "a second answer", .run = test_two_answers },
	{ .name = "EX-7 references", .run = test_references },
	{ .name = "EX-1 no answer", .run = test_unanswered },
	{ .name = "an abort tries again", .run = test_abort },
	{ .name = "EX-1 late answers", .run = test_late_answers },
	{ .name = "EX-4 the handler ends the thread", .run = test_terminated_by_handler },
	{ .name = "EX-4 the handler ends its own task", .run = test_own_task_ends },
	{ .name = "handlers that die", .run = test_handler_dies },
	{ .name = "a handler that is its own", .run = test_handler_of_itself },
	{ .name = "ports of the kernel", .run = test_kernel_ports, .ours = TRUE },
	{ .name = "full queues", .run = test_full_queue, .ours = TRUE },
	{ .name = "a port that moves", .run = test_moved_port },
	{ .name = "many at once", .run = test_many_at_once },
	{ .name = "inheritance", .run = test_inheritance },
	{ .name = "another handler meanwhile", .run = test_changed_meanwhile },
	{ .name = "EX-6 addresses", .run = test_addresses },
};

int main(int argc, char **argv)
{
	return tap_main(argc, argv, tests, COUNT_OF(tests));
}
