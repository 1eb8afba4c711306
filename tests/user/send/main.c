/* SPDX-License-Identifier: BSD-2-Clause */
/* Sending: header forms, sizes, buffers. */
#include "buffers.h"
#include "headers.h"
#include "../common/tap.h"

static const struct test tests[] = {
	{ .name = "every kind of name as destination", .run = test_destinations },
	{ .name = "every kind of name as reply", .run = test_replies },
	{ .name = "one name in both places", .run = test_same_name },
	{ .name = "moving twice needs two references", .run = test_move_both_needs_two },
	{ .name = "one send-once right in both places", .run = test_same_send_once },
	{ .name = "order of checks", .run = test_order_of_checks },
	{ .name = "sizes", .run = test_sizes },
	{ .name = "CI-7 the size field is not believed", .run = test_size_field },
	{ .name = "CI-4 huge sizes", .run = test_huge_sizes, .ours = TRUE },
	{ .name = "unreadable buffers", .run = test_unreadable, .ours = TRUE },
	{ .name = "data of all small sizes", .run = test_simple_data, .ours = TRUE },
	{ .name = "a megabyte inline", .run = test_large_data },
	{ .name = "a simple body loses the complex bit", .run = test_bits_cleared },
	{ .name = "unknown header bits are cleared", .run = test_other_bits_cleared,
		.ours = TRUE },
	{ .name = "sequence numbers", .run = test_sequence },
	{ .name = "send and receive in one call", .run = test_send_and_receive },
};

int main(int argc, char **argv)
{
	return tap_main(argc, argv, tests, COUNT_OF(tests));
}
