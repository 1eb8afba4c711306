/* SPDX-License-Identifier: BSD-2-Clause */
/* Known defects of other kernels in the copyin and copyout of messages, by their ids. */
#include "../common/tap.h"
#include "tests.h"

static const struct test tests[] = {
	{ .name = "CI-1 reply name that is no receive right",
		.run = test_reply_is_no_receive_right, .ours = TRUE },
	{ .name = "CI-10 header copyin, two names", .run = test_header_two_names },
	{ .name = "CI-10 header copyin, the same name", .run = test_header_same_name },
};

int main(int argc, char **argv)
{
	return tap_main(argc, argv, tests, COUNT_OF(tests));
}
