/* SPDX-License-Identifier: BSD-2-Clause */
/* libmach itself: text, MIG's run-time, servers, threads, memory. */
#include "../common/tap.h"
#include "tests.h"

static const struct test tests[] = {
	{ .name = "printf", .run = test_print },
	{ .name = "strings", .run = test_strings },
	{ .name = "bytes", .run = test_bytes },
	{ .name = "numbers in strings", .run = test_numbers },
	{ .name = "reply ports", .run = test_reply_ports },
	{ .name = "mig_strncpy", .run = test_mig_strncpy },
	{ .name = "mach_msg_server_once", .run = test_server_once },
	{ .name = "a server that refuses", .run = test_server_errors },
	{ .name = "mach_msg_server and clients that misbehave", .run = test_server_survives },
	{ .name = "mach_msg_destroy", .run = test_destroy },
	{ .name = "mach_error_string", .run = test_error_texts },
	{ .name = "threads", .run = test_threads },
	{ .name = "stacks are used again", .run = test_stacks_are_used_again },
	{ .name = "each thread has its reply port", .run = test_reply_port_per_thread },
	{ .name = "a task with a copy of our memory", .run = test_task_start },
	{ .name = "malloc", .run = test_malloc },
	{ .name = "malloc in several threads", .run = test_malloc_in_threads },
};

int main(int argc, char **argv)
{
	return tap_main(argc, argv, tests, COUNT_OF(tests));
}
