/* SPDX-License-Identifier: BSD-2-Clause */
/* The host's routines, and the dispatcher of all kernel routines. */
#include "../common/tap.h"
#include "tests.h"

static const struct test tests[] = {
	{ .name = "host_info", .run = test_info },
	{ .name = "codes of host_info", .run = test_info_codes },
	{ .name = "versions", .run = test_versions },
	{ .name = "host_get_time", .run = test_time },
	{ .name = "time advances", .run = test_time_advances },
	{ .name = "setting the time", .run = test_set_time },
	{ .name = "times that are none", .run = test_bad_times, .ours = TRUE },
	{ .name = "adjusting the time", .run = test_adjust_time },
	{ .name = "the version as a string", .run = test_version_string },
	{ .name = "all flavours of host_info, in all sizes", .run = test_info_sizes },
	{ .name = "MK-6 what needs the privileged port", .run = test_privilege },
	{ .name = "what needs it here", .run = test_privilege_ours, .ours = TRUE },
	{ .name = "what needs no privilege", .run = test_no_privilege },
	{ .name = "the default processor set", .run = test_default_set },
	{ .name = "ids that nobody has", .run = test_unknown_ids },
	{ .name = "ids of the interface", .run = test_listed_ids },
	{ .name = "form of a reply", .run = test_reply_form },
	{ .name = "requests of the wrong form", .run = test_bad_requests },
	{ .name = "requests without a reply right", .run = test_no_reply_right },
	{ .name = "a bad request's rights are released", .run = test_request_rights },
};

int main(int argc, char **argv)
{
	return tap_main(argc, argv, tests, COUNT_OF(tests));
}
