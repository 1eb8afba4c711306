/* SPDX-License-Identifier: BSD-2-Clause */
/* The first half of spec/ipc.md: what no other program looks at, named by section. */
#include "../common/tap.h"
#include "tests.h"

static const struct test tests[] = {
	{ .name = "3 two faults in a header", .run = test_refused_header },
	{ .name = "2 sizes and buffers before the header", .run = test_refused_sizes },
	{ .name = "2 and 4 two faults in a body", .run = test_refused_body },
	{ .name = "4 two faults in one item", .run = test_refused_in_one_item },
	{ .name = "3 MACH_SEND_CANCEL", .run = test_cancel },
	{ .name = "4 names that are no rights", .run = test_plain_types },
	{ .name = "4 empty items in every place", .run = test_empty_items },
	{ .name = "4 arrays with nulls, dead names and repetitions", .run = test_arrays },
	{ .name = "4 a right twice in an array", .run = test_bad_element },
	{ .name = "4 two items on one page", .run = test_overlapping_pages },
	{ .name = "8 descriptors keep their form", .run = test_restored_bits },
	{ .name = "5 and 9 what comes back", .run = test_given_back },
	{ .name = "5 a limit of 0 and a waiting receiver", .run = test_zero_limit, .ours = TRUE },
	{ .name = "5 MACH_SEND_NOTIFY: order of checks", .run = test_notify_order },
	{ .name = "5 MACH_SEND_NOTIFY: one for each entry", .run = test_notify_entries },
	{ .name = "5 MACH_SEND_NOTIFY: the wait before", .run = test_notify_waits },
	{ .name = "5 the longest timeouts", .run = test_long_timeouts, .ours = TRUE },
	{ .name = "5 senders in order", .run = test_senders_in_order, .ours = TRUE },
	{ .name = "4 and 5 circles", .run = test_circles },
	{ .name = "5 a circle and a full queue", .run = test_full_circle },
	{ .name = "6 every byte of the buffer", .run = test_written_bytes, .ours = TRUE },
	{ .name = "6 every byte, for who waits", .run = test_waiting_written_bytes, .ours = TRUE },
	{ .name = "6 rcv_name of every kind", .run = test_source_names },
	{ .name = "6 each bit of the option", .run = test_options, .ours = TRUE },
	{ .name = "6 waits that go on", .run = test_waiters_survive },
	{ .name = "6 waits on sets", .run = test_set_waiters },
	{ .name = "6 MACH_RCV_NOTIFY: names of every kind", .run = test_notify_kinds },
	{ .name = "6 MACH_RCV_NOTIFY: replies of every kind", .run = test_notify_replies },
	{ .name = "5 and 6 sequence numbers", .run = test_seqno, .ours = TRUE },
	{ .name = "7 protected payloads", .run = test_payload_forms },
	{ .name = "7 payload 0", .run = test_payload_zero },
	{ .name = "8 what a port loses on its way", .run = test_leaving, .ours = TRUE },
	{ .name = "7 and 8 no room for names", .run = test_names_exhausted, .ours = TRUE },
	{ .name = "1 references at their limit", .run = test_limits_of_references, .ours = TRUE },
	{ .name = "7 to 9 ports that die on the way", .run = test_dead_on_the_way },
	{ .name = "2 and 6 buffers at odd addresses", .run = test_odd_buffers, .ours = TRUE },
	{ .name = "2 and 6 arguments that are not looked at", .run = test_unused_arguments },
	{ .name = "4 one name in two items", .run = test_one_name_twice },
	{ .name = "3 and 4 the header before the body", .run = test_header_then_body },
	{ .name = "5 a circle and port-destroyed", .run = test_rescued_circle, .ours = TRUE },
	{ .name = "5 and 8 messages to a port in transit", .run = test_in_transit },
	{ .name = "5 msg-accepted in every way", .run = test_accepted_ways, .ours = TRUE },
	{ .name = "4 nothing to deallocate", .run = test_empty_deallocate },
	{ .name = "7 the last send right in a message", .run = test_last_send_right },
	{ .name = "2 no memory for a message", .run = test_no_buffer, .ours = TRUE },
	{ .name = "4 no memory for an array", .run = test_no_memory_for_array, .ours = TRUE },
	{ .name = "5 no memory for MACH_SEND_NOTIFY", .run = test_no_notify, .ours = TRUE },
	{ .name = "7 no memory for MACH_RCV_NOTIFY", .run = test_no_request, .ours = TRUE },
	{ .name = "8 two shortages in one message", .run = test_two_shortages, .ours = TRUE },
	{ .name = "9 a sender's buffer that is read only", .run = test_unwritable_sender },
};

int main(int argc, char **argv)
{
	return tap_main(argc, argv, tests, COUNT_OF(tests));
}
