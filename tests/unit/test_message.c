/* SPDX-License-Identifier: BSD-2-Clause */
/* Random messages and operations on names, against the model (model_storm.h). */
#include <tests/unit/fakes.h>

#include <tests/unit/model_call.h>
#include <tests/unit/model_storm.h>

START_TEST(test_random)
{
	static const mach_msg_return_t wanted[] = {
		MACH_SEND_INVALID_DEST, MACH_SEND_INVALID_REPLY, MACH_SEND_INVALID_NOTIFY,
		MACH_SEND_INVALID_RIGHT, MACH_SEND_INVALID_TYPE, MACH_SEND_MSG_TOO_SMALL,
		MACH_SEND_INVALID_MEMORY, MACH_SEND_TIMED_OUT, MACH_RCV_TIMED_OUT,
		MACH_RCV_TOO_LARGE, MACH_RCV_INVALID_DATA, MACH_RCV_INVALID_NAME,
		MACH_SEND_INTERRUPTED, MACH_SEND_WILL_NOTIFY, MACH_SEND_NOTIFY_IN_PROGRESS,
		MACH_RCV_INTERRUPTED, MACH_RCV_PORT_DIED, MACH_RCV_PORT_CHANGED, MACH_RCV_IN_SET,
		MACH_RCV_INVALID_NOTIFY, MACH_RCV_INVALID_TRAILER,
	};

	model_storm(1, 60000);
	ck_assert_uint_gt(model_call_results(MACH_MSG_SUCCESS), 3000);
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		ck_assert_msg(model_call_results(wanted[i]) > 10, "%x is met too seldom", wanted[i]);
}
END_TEST

void unit_tests(TCase *tcase)
{
	tcase_add_test(tcase, test_random);
}
