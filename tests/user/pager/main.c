/* SPDX-License-Identifier: BSD-2-Clause */
/* External memory objects: the kernel's messages to a pager, and what it makes of the answers. */
#include "../common/tap.h"
#include "tests.h"

static const struct test tests[] = {
	{ .name = "a fault waits for its page", .run = test_fault },
	{ .name = "supply before ready", .run = test_supply_before_ready },
	{ .name = "data_error", .run = test_data_error },
	{ .name = "a silent pager (MO-7)", .run = test_silent },
	{ .name = "unmapping what is waited for", .run = test_silent_vm_read },
	{ .name = "a pager dies (MO-6)", .run = test_death },
	{ .name = "memory_object_destroy", .run = test_destroy },
	{ .name = "data_unlock", .run = test_unlock },
	{ .name = "found while it ends (MK-16)", .run = test_map_race },
	{ .name = "one completion of each supply (MK-4)", .run = test_supply_completed,
	  .ours = TRUE },
	{ .name = "bad arguments hold nothing (MK-5)", .run = test_argument_errors, .ours = TRUE },
	{ .name = "attributes", .run = test_attributes },
	{ .name = "cached objects", .run = test_caching },
	{ .name = "lock_request", .run = test_lock_request },
	{ .name = "ranges of lock_request (MO-11)", .run = test_lock_ranges, .ours = TRUE },
	{ .name = "codes of proxies", .run = test_proxy_codes },
	{ .name = "windows of proxies (MO-1)", .run = test_proxy_window, .ours = TRUE },
	{ .name = "protection by proxies (MO-2, MO-3)", .run = test_proxy_protection,
	  .ours = TRUE },
	{ .name = "proxies of proxies (MO-4)", .run = test_proxy_chain, .ours = TRUE },
	{ .name = "proxies come and go (PR-8, ND-3)", .run = test_proxy_churn, .ours = TRUE },
	{ .name = "copies by DELAY", .run = test_delayed_copy },
	{ .name = "1,000 generations of copies", .run = test_generations, .ours = TRUE },
	{ .name = "vm_map with copy, strategy NONE", .run = test_map_copy },
	{ .name = "the kernel waits for a page", .run = test_kernel_read, .ours = TRUE },
	{ .name = "a task dies while a call on it waits (MK-17)", .run = test_read_dying_task,
	  .ours = TRUE },
	{ .name = "64 KiB into late pages (CI-19)", .run = test_late_receive },
	{ .name = "answers for other ranges (MO-11)", .run = test_answers_elsewhere,
	  .ours = TRUE },
	{ .name = "data for other ranges (MK-4)", .run = test_supplies_elsewhere, .ours = TRUE },
	{ .name = "answers by another object's port", .run = test_other_control },
	{ .name = "answers by no control port", .run = test_no_control, .ours = TRUE },
	{ .name = "answers given twice, or unasked", .run = test_answers_twice },
	{ .name = "pages that stay locked", .run = test_unlocks_badly, .ours = TRUE },
	{ .name = "a pager dies at any time (MO-6)", .run = test_pager_dies, .ours = TRUE },
	{ .name = "a task that waits is ended (MO-7)", .run = test_victim_dies, .ours = TRUE },
	{ .name = "who waits stops nobody (MO-7)", .run = test_waiter_blocks_nobody,
	  .ours = TRUE },
	{ .name = "all protections of proxies (MO-3)", .run = test_all_protections,
	  .ours = TRUE },
	{ .name = "what a proxy does not allow (MO-3)", .run = test_capped_elsewhere,
	  .ours = TRUE },
	{ .name = "forged notifications (ND-1)", .run = test_forged_notifications },
	{ .name = "nothing of old memory (IL-1, IL-6)", .run = test_clean_messages },
	{ .name = "a user's device does not receive (MK-19)", .run = test_user_device },
	{ .name = "a client that may not send more", .run = test_poor_client, .ours = TRUE },
};

int main(int argc, char **argv)
{
	return tap_main(argc, argv, tests, COUNT_OF(tests));
}
