/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is told of ports and spaces to those who look for leaks and for what is stuck.  Counts are
 * compared exactly: the programs of this boot do nothing else.
 */
#include "../common/tap.h"
#include "tests.h"

#define OURS	.ours = TRUE

static const struct test tests[] = {
	{ .name = "a new port", .run = test_new_port, OURS },
	{ .name = "messages to a waiting receiver", .run = test_handed_over, OURS },
	{ .name = "queued messages", .run = test_queued, OURS },
	{ .name = "senders that wait", .run = test_blocked, OURS },
	{ .name = "sends that time out", .run = test_timed_out, OURS },
	{ .name = "a send that is aborted", .run = test_aborted, OURS },
	{ .name = "MACH_SEND_NOTIFY", .run = test_forced, OURS },
	{ .name = "send-once rights pass the limit", .run = test_past_the_limit, OURS },
	{ .name = "messages that are too large", .run = test_too_large, OURS },
	{ .name = "a port that moves", .run = test_moved, OURS },
	{ .name = "a sequence number that is set", .run = test_set_seqno, OURS },
	{ .name = "a port in a set", .run = test_in_set, OURS },
	{ .name = "calls and replies", .run = test_call_and_reply, OURS },
	{ .name = "a port in transit", .run = test_in_transit, OURS },
	{ .name = "a kernel port", .run = test_kernel_port, OURS },
	{ .name = "a port that dies with its queue", .run = test_dead_port, OURS },
	{ .name = "a stuck port", .run = test_stuck_port, OURS },
	{ .name = "IL-3 many stuck ports", .run = test_many_stuck_ports, OURS },
	{ .name = "a stuck port in a set", .run = test_stuck_in_set, OURS },
	{ .name = "stuck threads", .run = test_stuck_threads, OURS },
	{ .name = "a child's stuck port", .run = test_stuck_child, OURS },
	{ .name = "names by kind", .run = test_counts_of_names, OURS },
	{ .name = "names of a child", .run = test_counts_of_child, OURS },
	{ .name = "many names", .run = test_many_names, OURS },
	{ .name = "numbers and names of tasks", .run = test_identity, OURS },
	{ .name = "origins: traps, routines, messages", .run = test_origins, OURS },
	{ .name = "an origin is kept", .run = test_origin_kept, OURS },
	{ .name = "a leak is found", .run = test_leak_is_found, OURS },
	{ .name = "IL-3 many origins", .run = test_many_origins, OURS },
	{ .name = "codes", .run = test_codes, OURS },
	{ .name = "mach_port_get_srights", .run = test_srights },
	{ .name = "mach_port_dnrequest_info", .run = test_dnrequests },
	{ .name = "host_ipc_marequest_info", .run = test_marequests, OURS },
	{ .name = "mach_port_kernel_object shows no kernel address", .run = test_kernel_objects, OURS },
	{ .name = "NS-6 codes of mach_debug", .run = test_debug_codes },
};

int main(int argc, char **argv)
{
	return tap_main(argc, argv, tests, COUNT_OF(tests));
}
