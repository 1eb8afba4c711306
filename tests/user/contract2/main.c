/* SPDX-License-Identifier: BSD-2-Clause */
/* The second half of spec/ipc.md: what no other program looks at, named by section. */
#include "../common/tap.h"
#include "tests.h"

static const struct test tests[] = {
	{ .name = "9 bare: every field", .run = test_bare_forms },
	{ .name = "9 bare: a protected payload", .run = test_bare_payload },
	{ .name = "9 pseudo-received after an interruption", .run = test_interrupted },
	{ .name = "9 what came back is sent again", .run = test_sent_again },
	{ .name = "9 bare: no name left", .run = test_bare_without_names, .ours = TRUE },
	{ .name = "9 pseudo-received: no name left", .run = test_back_without_names,
	  .ours = TRUE },
	{ .name = "10 the wrong kind of port for traps", .run = test_wrong_kind_traps },
	{ .name = "10 tasks and threads stay in their set", .run = test_assignment },
	{ .name = "10 counters of calls", .run = test_counters, .ours = TRUE },
	{ .name = "10 replies by each disposition", .run = test_reply_dispositions },
	{ .name = "11 requests: order of checks", .run = test_request_order },
	{ .name = "11 requests: names of every kind", .run = test_request_kinds },
	{ .name = "11 requests: rights that are not send-once", .run = test_notify_dispositions },
	{ .name = "11 requests replaced and cancelled", .run = test_replaced },
	{ .name = "11 every word of every notification", .run = test_layouts },
	{ .name = "11 renamed with requests", .run = test_renamed },
	{ .name = "11 port-deleted: every way", .run = test_deleted },
	{ .name = "11 dead-name: references at their limit", .run = test_request_limits,
	  .ours = TRUE },
	{ .name = "11 no-senders: every sync", .run = test_no_senders_sync },
	{ .name = "11 no-senders: the port moves", .run = test_no_senders_moved },
	{ .name = "11 no-senders: calls to a server that waits", .run = test_no_senders_calls },
	{ .name = "11 requests that lead to the port itself", .run = test_own_requests },
	{ .name = "11 requests on names that have died", .run = test_requests_after_death },
	{ .name = "11 port-destroyed: what stays", .run = test_destroyed_state },
	{ .name = "11 port-destroyed: the owner's send rights", .run = test_destroyed_senders,
	  .ours = TRUE },
	{ .name = "11 port-destroyed: circles", .run = test_destroyed_chains },
	{ .name = "11 port-destroyed: notifications lost", .run = test_destroyed_lost },
	{ .name = "12 the order of a death", .run = test_order_of_death },
	{ .name = "12 a task's death, name by name", .run = test_task_death },
	{ .name = "13 allocate: two faults", .run = test_allocate_codes },
	{ .name = "13 rename: all pairs of kinds", .run = test_rename_codes },
	{ .name = "13 what needs a receive right", .run = test_receive_codes },
	{ .name = "13 move_member: all pairs of kinds", .run = test_member_codes },
	{ .name = "13 insert: order of checks", .run = test_insert_order },
	{ .name = "13 insert: the right is lost", .run = test_insert_lost },
	{ .name = "13 traps: order of checks", .run = test_trap_codes },
	{ .name = "13 insert: every disposition and kind", .run = test_insert_kinds },
	{ .name = "13 extract: every disposition and kind", .run = test_extract_kinds },
	{ .name = "13 extract: references at their limit", .run = test_extract_at_limit,
	  .ours = TRUE },
	{ .name = "13 ports that change hands", .run = test_changing_hands },
	{ .name = "13 a receive right put where it was", .run = test_inserted_in_own },
	{ .name = "15 a trailer behind an error", .run = test_trailer_behind_error, .ours = TRUE },
	{ .name = "15 unknown trailers come first", .run = test_trailer_first, .ours = TRUE },
	{ .name = "15 who may ask: two faults", .run = test_porter_privilege, .ours = TRUE },
	{ .name = "13 insert and extract: tasks that have ended", .run = test_ending_tasks },
};

int main(int argc, char **argv)
{
	return tap_main(argc, argv, tests, COUNT_OF(tests));
}
