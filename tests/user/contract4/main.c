/* SPDX-License-Identifier: BSD-2-Clause */
/* spec/observed.md and spec/abi.md on all but memory and messages, sentence by sentence. */
#include "../common/tap.h"
#include "tests.h"

static const struct test tests[] = {
	{ .name = "what a child has", .run = test_children },
	{ .name = "ports that a child has", .run = test_inherited_ports },
	{ .name = "special ports", .run = test_special_ports },
	{ .name = "priorities of tasks", .run = test_priorities },
	{ .name = "names of threads", .run = test_names },
	{ .name = "short and long information", .run = test_old_forms },
	{ .name = "registers of one that was aborted", .run = test_aborted_state },
	{ .name = "flavours of state", .run = test_state_flavors },
	{ .name = "thread_set_self_state", .run = test_self_state },
	{ .name = "traps on what is no task", .run = test_trap_names },
	{ .name = "traps on another task", .run = test_trap_results },
	{ .name = "traps on what is no device", .run = test_device_traps },
	{ .name = "evc_wait", .run = test_events },
	{ .name = "what the plain host port does", .run = test_plain_host },
	{ .name = "what it does not", .run = test_privileged_host },
	{ .name = "no host port", .run = test_null_host },
	{ .name = "devices", .run = test_devices },
	{ .name = "descriptors", .run = test_descriptors },
	{ .name = "what other kernels die of", .run = test_fatal_elsewhere, .ours = TRUE },
};

int main(int argc, char **argv)
{
	return tap_main(argc, argv, tests, COUNT_OF(tests));
}
