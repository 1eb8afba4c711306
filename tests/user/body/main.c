/* SPDX-License-Identifier: BSD-2-Clause */
/* Bodies of messages: type descriptors, rights, memory. */
#include "../common/tap.h"
#include "memory.h"
#include "rights.h"
#include "sweep.h"
#include "types.h"

static const struct test tests[] = {
	{ .name = "every kind of name, every disposition", .run = test_all_dispositions },
	{ .name = "the same, to a server that waits", .run = test_calls_with_rights },
	{ .name = "null and dead values pass", .run = test_null_and_dead },
	{ .name = "send rights share a name", .run = test_two_kinds_share_a_name },
	{ .name = "a receive right moves", .run = test_receive_right_moves },
	{ .name = "an inline array of rights", .run = test_array_of_rights },
	{ .name = "rights out of line", .run = test_rights_out_of_line },
	{ .name = "CI-8 nothing, out of line", .run = test_empty_out_of_line },
	{ .name = "CI-11 a bad right between good ones", .run = test_bad_right_in_the_middle },
	{ .name = "CI-11 a bad right out of line", .run = test_bad_right_out_of_line },
	{ .name = "a receive right in its own queue", .run = test_circle },
	{ .name = "rights die with their message", .run = test_message_dies_with_rights },
	{ .name = "CI-15 wrong bits in descriptors", .run = test_wrong_bits },
	{ .name = "CI-15 every bit of a descriptor", .run = test_changed_bits, .ours = TRUE },
	{ .name = "other type names are plain data", .run = test_other_type_names },
	{ .name = "CI-15 items that are cut off", .run = test_truncated },
	{ .name = "CI-2 lengths beyond 32 bits", .run = test_lengths_that_wrap, .ours = TRUE },
	{ .name = "padding of inline data", .run = test_padding },
	{ .name = "memory: sizes and offsets", .run = test_sizes_and_offsets },
	{ .name = "memory: a snapshot", .run = test_snapshot },
	{ .name = "memory: a snapshot of shared memory", .run = test_shared_snapshot },
	{ .name = "memory: deallocated pages", .run = test_deallocate },
	{ .name = "memory: one page deallocated twice", .run = test_deallocate_twice },
	{ .name = "memory: what arrives", .run = test_received_region },
	{ .name = "memory: holes and protection", .run = test_bad_memory },
	{ .name = "memory: nobody takes it", .run = test_destroyed_memory },
};

int main(int argc, char **argv)
{
	return tap_main(argc, argv, tests, COUNT_OF(tests));
}
