/* SPDX-License-Identifier: BSD-2-Clause */
/* Known defects of other kernels that need several threads, by their ids. */
#include "../common/tap.h"
#include "tests.h"

static const struct test tests[] = {
	{ .name = "CI-17 protected payloads of ports that change", .run = test_payload_changes },
	{ .name = "CI-18 the reply port dies during the reply", .run = test_reply_port_dies },
	{ .name = "CI-18 the client dies during the reply", .run = test_client_dies },
	{ .name = "PR-4 special ports of a task", .run = test_task_ports },
	{ .name = "PR-4 special ports of a thread", .run = test_thread_ports },
	{ .name = "PR-4 registered ports", .run = test_registered_ports },
	{ .name = "PR-4 the default memory manager", .run = test_default_manager },
};

int main(int argc, char **argv)
{
	return tap_main(argc, argv, tests, COUNT_OF(tests));
}
